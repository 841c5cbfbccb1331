// Hot, warm and cold together: a main log and a log of cold vaults as real processes on one real
// chain. What lies too much in hot goes to the cold vault's address, hot is filled from warm, and
// warm from cold by a sitting of real programs. All of it is asked for by `custody watch`, which
// signs nothing; people approve each by their own program.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseDigest } from '../../proto/ids.ts'
import { Outside } from '../../signer-node/ceremony/rehearsal-outside.ts'
import { custody, Programs } from '../../signer-node/ceremony/rehearsal-programs.ts'
import type { RoomPorts } from '../../signer-node/ceremony/rehearsal-room.ts'
import { playSitting } from '../../signer-node/ceremony/rehearsal-sitting.ts'
import { anvilInstalled } from '../kit/anvil.ts'
import { LogHouse, MainHouse } from '../kit/main-house.ts'
import { random } from '../kit/tokens.ts'

const place = mkdtempSync(join(tmpdir(), 'custody-places-'))
const customers = [
  '0x70997970c51812dc3a010c7d01b50e0d17dc79c8',
  '0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc',
]
const one = 1_000_000n

interface Found {
  readonly proposals: readonly {
    readonly id: string
    readonly amount: string
    readonly state: string
  }[]
  readonly doubts: readonly { readonly name: string; readonly because: string }[]
}

let programs: Programs
let ports: RoomPorts
let main: MainHouse
let cold: LogHouse
let outside: Outside
let warmAt = ''
let coldAt = ''

/** The program as an operator starts it; one chain is told of by one endpoint in development. */
async function watch(log: LogHouse): Promise<Found> {
  const words = ['watch', '--once', '--endpoints', log.at('shared/endpoints.json')]
  const said = await programs.ask(custody, [...words, '--as', log.at('services/svc-payouts')])
  return said as unknown as Found
}

/** The one thing it asks for, as base units; asked again it asks for nothing. */
async function asksOnce(log: LogHouse, name: string): Promise<{ id: string; amount: bigint }> {
  const { proposals, doubts } = await watch(log)
  expect(proposals, JSON.stringify(doubts)).toMatchObject([
    { id: `${name}/1`, state: 'AWAITING_APPROVAL' },
  ])
  expect((await watch(log)).proposals).toEqual([])
  const id = await idOf(log, `${name}/1`)
  expect(await log.state(id)).toBe('AWAITING_APPROVAL')
  return { id, amount: BigInt(proposals[0]?.amount ?? '0') }
}

async function idOf(log: LogHouse, callerId: string): Promise<string> {
  return (await log.as('services/svc-payouts', 'status', '--id', callerId)).id
}

async function submits(log: LogHouse, owner: string, ...words: readonly string[]): Promise<string> {
  return (await log.as(owner, 'submit', ...words, '--purpose', 'places')).id
}

describe.runIf(anvilInstalled)('hot, warm and cold in two logs on one chain', () => {
  beforeAll(async () => {
    const logs = join(place, 'logs')
    programs = new Programs(logs)
    ports = { programs, random, wallMs: Date.now, say: () => {}, logs }
    main = await MainHouse.open(join(place, 'main'), programs)
    warmAt = await main.addressOf('warm')
    const book = join(place, 'book-warm.json')
    await main.as('operator', 'vault', 'destination', 'warm', '--book', 'warm', '--out', book)
    const beside = { book, rpc: main.rpc }
    const wish = { stations: 3, maker: 'software', beside } as const
    outside = await Outside.open({ directory: join(place, 'house'), ...wish }, ports)
    cold = new LogHouse(outside.online.directory)
    const card = join(place, 'record', 'genesis')
    await playSitting(outside, { kind: 'genesis', card, way: 'network', scenarios: [] }, ports)
    coldAt = await cold.addressOf('cold')
  }, 1_500_000)
  afterAll(async () => {
    outside?.[Symbol.dispose]()
    await programs?.[Symbol.asyncDispose]()
    rmSync(place, { recursive: true, force: true })
  }, 120_000)

  it('leaves what has nowhere to go where it is, and says why', async () => {
    const { proposals } = await watch(main)
    expect(proposals).toMatchObject([
      { id: 'watch/surplus/hot-usdt/1', state: expect.stringMatching(/^NOT SENT: class cold: /) },
    ])
  }, 120_000)

  it('has a certificate of the cold address, which needs nothing but the trust file', async () => {
    const certificate = join(place, 'cold.json')
    await cold.as('operator', 'address', 'show', 'cold', '--out', certificate)
    const words = ['address', 'verify', certificate, '--trust', cold.at('shared/trust.txt')]
    const said = await programs.ask(custody, words)
    expect(said).toMatchObject({ address: coldAt, vault: 'cold', path: 'm', needed: 2 })
    expect(said['confirmedBy']).toHaveLength(3)
  }, 120_000)

  it('learns the address of the cold vault by the next root', async () => {
    const out = join(place, 'book-cold.json')
    const words = ['vault', 'destination', 'cold', '--book', 'cold', '--out', out]
    await cold.as('operator', ...words, '--to', main.at('shared/book-cold.json'))
    await main.nameBook(out)
  }, 240_000)

  it('sends the surplus of hot to the cold vault, when its people said yes', async () => {
    const hotAt = await main.addressOf('hot')
    const before = await main.usdtAt(hotAt)
    const { id, amount } = await asksOnce(main, 'watch/surplus/hot-usdt')
    expect([before, amount]).toEqual([1_000_000n * one, 850_000n * one])
    expect([await main.usdtAt(hotAt), await main.usdtAt(coldAt)]).toEqual([before, 0n])
    await main.approve(id, 'eli')
    await main.settled(id)
    expect([await main.usdtAt(hotAt), await main.usdtAt(coldAt)]).toEqual([150_000n * one, amount])
    expect((await watch(main)).proposals).toEqual([])
  }, 300_000)

  it('fills hot from warm, when it has paid its customers', async () => {
    const hotAt = await main.addressOf('hot')
    const pay = (amount: string, to = '') =>
      submits(main, 'services/svc-payouts', ...usdtFrom('hot', amount), '--to', to)
    const large = await pay('100000', customers[0])
    await main.approve(large, 'ana', 'eli')
    const small = await pay('1000', customers[1])
    await Promise.all([large, small].map((id) => main.settled(id)))
    const { id, amount } = await asksOnce(main, 'watch/refill/hot-usdt')
    expect(amount).toBe(101_000n * one)
    expect(await main.usdtAt(hotAt)).toBe(49_000n * one)
    await main.approve(id, 'eli', 'fay')
    await main.settled(id)
    const lie = [await main.usdtAt(hotAt), await main.usdtAt(warmAt)]
    expect(lie).toEqual([150_000n * one, 899_000n * one])
  }, 300_000)

  it('brings money back from cold to warm, by a release that the watcher asked for', async () => {
    // Coins for the fee of the release, and more than warm can miss.
    const gas = ['--vault', 'hot', '--asset', 'eth-native', '--amount', '1']
    const sent = [
      await submits(main, 'people/ana', ...gas, '--to', coldAt),
      await submits(main, 'people/ana', ...usdtFrom('warm', '750000'), '--to', coldAt),
    ]
    for (const id of sent) await main.approve(id, 'eli')
    await Promise.all(sent.map((id) => main.settled(id)))
    const held = [await main.usdtAt(warmAt), await main.usdtAt(coldAt)]
    expect(held).toEqual([149_000n * one, 1_600_000n * one])
    const { id, amount } = await asksOnce(cold, 'watch/refill/warm-usdt')
    expect(amount).toBe(851_000n * one)
    const card = join(place, 'record', 'sign')
    mkdirSync(card, { recursive: true, mode: 0o700 })
    const payment = parseDigest(id)
    // The room sees the head of the main log: carried, proved, and read aloud.
    const head = { root: main.at('shared/root.json'), as: main.at('operator') }
    const sitting = { kind: 'sign', card, way: 'network', scenarios: [], payment } as const
    const played = await playSitting(outside, { ...sitting, main: head }, ports)
    expect(played).toMatchObject({ verdict: 'OK', lines: ['sign.completed'] })
    const record = readFileSync(join(played.out, 'record.jsonl'), 'utf8')
    const lines = record
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    const { root, size } = lines.find(({ body }) => body.main !== undefined).body.main
    expect(size).toBeGreaterThan(10)
    expect(lines.filter(({ step }) => step === 'O-9')).toMatchObject([
      { type: 'words.read', body: { what: 'main-log', digest: root } },
    ])
    expect(await cold.state(id)).toBe('SETTLED')
    const lie = [await main.usdtAt(warmAt), await main.usdtAt(coldAt)]
    expect(lie).toEqual([1_000_000n * one, 749_000n * one])
    expect([await watch(main), await watch(cold)]).toMatchObject([
      { proposals: [], doubts: [] },
      { proposals: [], doubts: [] },
    ])
  }, 600_000)

  it('leaves two logs that a stranger finds whole', async () => {
    expect(await main.verified(join(place, 'export-main'))).toMatch(/^0 OK/)
    expect(await cold.verified(join(place, 'export-cold'))).toMatch(/^0 OK/)
  }, 240_000)
})

function usdtFrom(vault: string, amount: string): readonly string[] {
  return ['--vault', vault, '--asset', 'usdt', '--amount', amount]
}

// audit collect and audit reconcile: the payments of a verified log, sent to a real chain as they were
// signed, and then each lie on the chain's side or in the log's once.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../../cli/run.ts'
import { parseEntry } from '../../policy/audit/entry.ts'
import { type Export, writeExport } from '../../policy/audit/export.ts'
import { paidOn } from '../../policy/audit/paid.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import { encodeUnsigned, transferCall } from '../../policy/chain/evm.ts'
import { parseSignature } from '../../policy/chain/signature.ts'
import { parseWarrant } from '../../policy/warrant.ts'
import { fromHex, toHex } from '../../proto/crypto.ts'
import { type Anvil, anvilInstalled, startAnvil } from '../kit/anvil.ts'
import { otherCustomer } from '../kit/audit-documents.ts'
import { signature } from '../kit/audit-log.ts'
import { goodStory, trust } from '../kit/audit-story.ts'
import { testWorld } from '../kit/cluster.ts'
import { lyingProxy } from '../kit/lying-proxy.ts'
import { giveToken, putToken } from '../kit/token-state.ts'

const room = mkdtempSync(join(tmpdir(), 'custody-reconcile-'))
const trustFile = join(room, 'trust.txt')
const endpointsFile = join(room, 'endpoints.json')
const network = 'eip155:31337'
const story = goodStory()
const good = story.export()
const entries = good.lines.map(parseEntry)
const { paid } = paidOn(network, entries, good.blobs)
const [hot = '', token = ''] = [paid[0]?.from, paid[0]?.contract]
const nowMs = story.log.t + 10_000

let anvil: Anvil
beforeAll(async () => {
  writeFileSync(trustFile, trust)
  if (anvilInstalled) anvil = await startAnvil(31337, ['--no-mining'])
  endpoints([anvil?.url ?? 'http://127.0.0.1:1'])
})
afterAll(async () => {
  await anvil?.stop()
  rmSync(room, { recursive: true })
})

function endpoints(rpc: readonly string[]): void {
  const chains = [{ network, rpc, confirmations: 0 }]
  writeFileSync(endpointsFile, JSON.stringify({ format: 'custody-endpoints/v1', chains }))
}

let number = 0
function onDisk(exported: Export): string {
  number += 1
  const directory = join(room, `export-${number}`)
  for (const [path, content] of writeExport(exported)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), content)
  }
  return directory
}

async function custody(...words: readonly string[]) {
  const world = testWorld([], { nowMs: () => nowMs })
  const { exit, stdout } = await run([...words, '--json'], world)
  return { exit, json: JSON.parse(stdout || '{}') }
}

const collecting = (to: number, out: string, from = 3) =>
  custody(
    ...['audit', 'collect', onDisk(good), '--network', network, '--endpoints', endpointsFile],
    ...['--from', `${from}`, '--to', `${to}`, '--out', join(room, out)],
  )
const comparing = (chain: string, exported: Export = good) =>
  custody(
    ...['audit', 'reconcile', onDisk(exported), '--trust', trustFile],
    ...['--chain', join(room, chain)],
  )

/** Raw transactions as the nodes signed them. */
function signedOnes(): readonly string[] {
  const warrants = new Map(
    good.blobs.flatMap(({ kind, digest, content }) =>
      kind === 'warrant' ? [[digest, content]] : [],
    ),
  )
  return entries.flatMap((entry) => {
    if (entry.type !== 'sign.completed') return []
    const { bytes } = parseWarrant(warrants.get(entry.body.warrant)!).warrant
    const { raw } = chainOf(network).attach(bytes, parseSignature(entry.body.signature))
    return [`0x${toHex(raw)}`]
  })
}

/** One that the key signed and no line has. */
function stolen(nonce: bigint): string {
  const bytes = encodeUnsigned({
    ...{ chainId: 31337n, nonce, tip: 1_000_000_000n, price: 20_000_000_000n, gasLimit: 90_000n },
    ...{ to: token, value: 0n, calldata: transferCall(otherCustomer, 7_000_000n) },
  })
  const chain = chainOf(network)
  const written = fromHex(signature('hot-eth', toHex(chain.digest(bytes))))!
  return `0x${toHex(chain.attach(bytes, parseSignature(written)).raw)}`
}

const mine = (count = 1) => anvil.call('anvil_mine', [`0x${count.toString(16)}`])

/** The token's code at its address, and 1,000 of it with the vault, by block 2. */
async function prepared(): Promise<void> {
  await putToken(anvil, token)
  await giveToken(anvil, { token, to: hot, amount: 1_000_000_000n })
  await anvil.call('anvil_setBalance', [hot, '0xde0b6b3a7640000'])
  await mine()
}

describe.skipIf(!anvilInstalled)('audit reconcile', () => {
  it('finds nothing between a log and the chain on which its payments landed', async () => {
    await prepared()
    await mine(4)
    for (const raw of signedOnes()) await anvil.call('eth_sendRawTransaction', [raw])
    await mine()
    const { exit, json } = await collecting(7, 'good.json')
    expect({ exit, transactions: json.transactions }).toEqual({ exit: 0, transactions: 2 })
    const compared = await comparing('good.json')
    expect(compared.json.report.findings).toEqual([])
    expect(compared.exit).toBe(0)
    expect(compared.json).toMatchObject({ payments: 2, transactions: 2, open: [] })
    expect(compared.json.accounts[1]).toMatchObject({
      ...{ address: hot, contract: token, before: '1000000000', out: '450000000', in: '0' },
      ...{ after: '550000000', missing: '0' },
    })
    expect(BigInt(compared.json.accounts[0].fees)).toBeGreaterThan(0n)
  })

  it('holds nothing of a token before the block in which its contract came', async () => {
    expect((await collecting(7, 'early.json', 1)).exit).toBe(0)
    const { accounts } = JSON.parse(readFileSync(join(room, 'early.json'), 'utf8'))
    const held = accounts.flatMap(({ balances }: { balances: object[] }) => balances)
    expect(held).toContainEqual({ contract: token, before: '0', after: '550000000' })
  })

  it('exits 6 for a transaction that the key signed outside the log', async () => {
    await anvil.call('eth_sendRawTransaction', [stolen(2n)])
    await mine()
    await collecting(8, 'stolen.json')
    const { exit, json } = await comparing('stolen.json')
    expect(exit).toBe(6)
    expect(json.report).toMatchObject({
      word: 'INCOMPLETE',
      results: { completeness: 'INCOMPLETE' },
    })
    expect(json.report.findings).toMatchObject([
      { code: 'NONCE', because: expect.stringMatching(/nonce 2, 0 to 0x.*no line has it/) },
    ])
    // Up to the block before nothing is amiss.
    expect((await comparing('good.json')).exit).toBe(0)
  })

  it('exits 6 for a chain file that says something else, and names it in base units', async () => {
    const honest = readFileSync(join(room, 'good.json'), 'utf8')
    for (const [from, into, code] of [
      ['"amount":"50000000"', '"amount":"49000000"', 'BYTES_AMOUNT'],
      ['"height":7,"nonce"', '"height":6,"nonce"', 'HEIGHT'],
      ['"after":"550000000"', '"after":"540000000"', 'BALANCE'],
    ] as const) {
      expect(honest).toContain(from)
      writeFileSync(join(room, 'bent.json'), honest.replace(from, into))
      const { exit, json } = await comparing('bent.json')
      expect(exit).toBe(6)
      expect(json.report.findings.map((one: { code: string }) => one.code)).toContain(code)
    }
  })

  it('collects nothing of which two endpoints say different things', async () => {
    const proxy = await lyingProxy(anvil.url)
    try {
      endpoints([anvil.url, proxy.url])
      expect((await collecting(7, 'two.json')).exit).toBe(0)
      expect((await comparing('two.json')).exit).toBe(0)
      for (const [method, lie] of [
        ['eth_getTransactionCount', () => '0x0'],
        ['eth_getBlockByNumber', (block: unknown) => ({ ...(block as object), transactions: [] })],
        ['eth_getTransactionReceipt', (one: unknown) => ({ ...(one as object), gasUsed: '0x1' })],
        ['eth_getLogs', () => []],
        ['eth_getBalance', () => '0xffff'],
        ['eth_call', () => `0x${'0'.repeat(64)}`],
      ] as const) {
        proxy.lies = { [method]: lie }
        const { exit, json } = await collecting(7, `${method}.json`)
        expect({ method, exit }).toEqual({ method, exit: 3 })
        expect(json.unavailable).toMatch(/expected 2 endpoints that say the same/)
      }
    } finally {
      endpoints([anvil.url])
      await proxy.close()
    }
  })

  it('collects nothing of a chain that was reorganised while it looked', async () => {
    const proxy = await lyingProxy(anvil.url)
    let looks = 0
    try {
      endpoints([proxy.url])
      expect((await collecting(7, 'calm.json')).exit).toBe(0)
      const other = (block: unknown, [height, whole]: readonly unknown[]) => {
        if (height === '0x7' && whole === false) looks += 1
        return looks < 2 ? block : { ...(block as object), hash: `0x${'5'.repeat(64)}` }
      }
      proxy.lies = { eth_getBlockByNumber: other }
      const { exit, json } = await collecting(7, 'other.json')
      expect(exit).toBe(3)
      expect(json.unavailable).toMatch(/block 7 is another one now/)
    } finally {
      endpoints([anvil.url])
      await proxy.close()
    }
  })

  it('says first what is wrong with the Export: lines that nobody checked prove nothing', async () => {
    const bent = good.lines.map((line) => {
      return Buffer.from(Buffer.from(line).toString().replace('"height":"7"', '"height":"8"'))
    })
    const { exit, json } = await comparing('good.json', { ...good, lines: bent })
    expect(exit).toBe(1)
    expect(json.report.word).toBe('TAMPERED')
    const directory = onDisk(good)
    const words = ['audit', 'reconcile', directory, '--chain', join(room, 'good.json')]
    expect((await custody(...words)).exit).toBe(3)
  })

  it('overwrites no file, and reads no block that is not there', async () => {
    expect((await collecting(7, 'good.json')).exit).toBe(2)
    // Of a block that is not there nobody says anything.
    expect((await collecting(99, 'far.json')).exit).toBe(3)
  })
})

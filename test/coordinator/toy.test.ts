// A chain is one file and one line in each of two rooms: the toy of test/kit is added to both lists
// as docs/chains.md says, and to nothing else; then a payment walks on it from submit to settled,
// and the auditor judges it again.
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { kindOf } from '../../coordinator/chain-rpc/reach.ts'
import { networksOnTrust, parseCoordinatorConfig } from '../../coordinator/config.ts'
import { analyse } from '../../policy/analyse.ts'
import { parseEntry } from '../../policy/audit/entry.ts'
import { readExport } from '../../policy/audit/export.ts'
import { verify } from '../../policy/audit/verify.ts'
import {
  addressesOf,
  addressesOfOne,
  chainOf,
  isNobody,
  networkTitle,
  ops,
  parseAddress,
  typedAddress,
} from '../../policy/chain/chains.ts'
import type { Intent } from '../../policy/intent.ts'
import { encodeIntent, parseIntent } from '../../policy/request.ts'
import { parseRulebook } from '../../policy/rulebook.ts'
import { parseHandle } from '../../proto/ids.ts'
import { coordinatorConfig } from '../fuzz/examples.ts'
import { exportedFrom } from '../kit/house-export-files.ts'
import { refusedWith } from '../kit/refused.ts'
import { toyNetwork, toyToken } from '../kit/toy-documents.ts'
import { encodeToy, toyFamily } from '../kit/toy-family.ts'
import { ToyNode, toyNodes } from '../kit/toy-kind.ts'
import { type House, houseOn, story } from './house.ts'
import { pgliteEngine } from './store-kit.ts'
import { payout, policyText, testClock, token, vaultRow } from './world.ts'

// The one line of each list, and nothing else of the product.
vi.mock('../../policy/chain/families.ts', async (original) => {
  const { toyFamily: family } = await import('../kit/toy-family.ts')
  return { ...(await original<object>()), toyFamily: family }
})
vi.mock('../../coordinator/chain-rpc/kinds.ts', async (original) => {
  const { toyKind } = await import('../kit/toy-kind.ts')
  return { ...(await original<object>()), toyKind }
})
vi.mock('../policy/dev-fixture.ts', async (original) => {
  const fixture = await original<typeof import('../policy/dev-fixture.ts')>()
  const { toyDocuments } = await import('../kit/toy-documents.ts')
  return { ...fixture, ...toyDocuments(fixture) }
})

const engine = pgliteEngine()
const urls = ['http://one.example', 'http://two.example', 'http://three.example']
const hot = vaultRow('hot').publicKey

const houses: House[] = []
afterEach(async () => {
  for (const house of houses.splice(0)) await house.stop()
  toyNodes.clear()
})

async function open(): Promise<House> {
  const clock = testClock()
  const watch = { now: clock.now, report: () => {}, timeoutMs: 1_000, stillMs: 60_000 }
  const ledger = kindOf(toyNetwork).ledger({
    ...{ network: toyNetwork, urls, confirmations: 1, ...watch },
  })
  const chains = new Map([[toyNetwork, ledger]])
  const house = await houseOn(await engine.fresh(), { clock, chains })
  houses.push(house)
  return house
}

const pays = (change: Partial<Intent> = {}): Intent =>
  payout({ network: toyNetwork, op: 'toy20.transfer', maxFee: 100n, ...change })
const coins = { op: 'toy.transfer', asset: parseHandle('eth-native'), contract: '' } as const
const nodeOf = (at: number): ToyNode => toyNodes.get(urls[at] ?? '') ?? new ToyNode()

describe('a chain of one file and one line', () => {
  it('is known to the registry: operations, names, addresses as typed, nobody', () => {
    expect(ops).toEqual(expect.arrayContaining(['toy.transfer', 'toy20.transfer', 'evm.transfer']))
    expect(networkTitle(toyNetwork)).toBe('Toy chain (toy:1)')
    expect(networkTitle('toy:2')).toBe('toy:2')
    expect(refusedWith(() => chainOf('toy:01'))).toBe('MALFORMED')
    const address = chainOf(toyNetwork).address(hot)
    expect(addressesOf(hot)['toy']).toBe(address)
    expect(addressesOf(secp256k1.Point.BASE.toBytes())).toEqual(addressesOfOne)
    expect(typedAddress(toyNetwork, ` ${address.toUpperCase()}`)).toBe(address)
    expect(refusedWith(() => parseAddress(toyNetwork, `${address}0`))).toBe('MALFORMED')
    expect(isNobody(toyNetwork, toyFamily.nobody)).toBe(true)
  })

  it('is analysed in a policy: an unknown key, another slot and wrong decimals are found', () => {
    const bent = (from: string, to: string) => {
      expect(policyText).toContain(from)
      return parseRulebook(policyText.replace(from, to))
    }
    expect(
      analyse(parseRulebook(policyText)).filter(({ severity }) => severity === 'error'),
    ).toEqual([])
    expect(() => bent('"slot":"nonce"', '"slot":"nonce","transactions":["legacy"]')).toThrow(
      'unknown key "transactions"',
    )
    expect(() => bent('"kind":"toy20"', '"kind":"erc20"')).toThrow('expected toy20 on toy:1')
    const wrong = analyse(bent('"decimals":6', '"decimals":8')).map(({ because }) => because)
    expect(wrong).toContain('expected 6 decimals of this USDT, got 8')
  })

  it('is decoded strictly: one form, one network', () => {
    const chain = chainOf(toyNetwork)
    const [from, to] = [chain.address(hot), pays().to]
    const sent = { network: toyNetwork, nonce: 1n, fee: 2n, from, to, amount: 3n, contract: '' }
    const bytes = encodeToy(sent)
    expect(chain.decode(bytes)).toMatchObject({ op: 'toy.transfer', to, amount: 3n, slot: '1' })
    for (const bent of [
      encodeToy({ ...sent, network: 'toy:2' }),
      bytes.subarray(1),
      new Uint8Array([...bytes, 32]),
    ]) {
      expect(refusedWith(() => chain.decode(bent))).toMatch('BYTES_SHAPE')
    }
  })

  it('is asked for in an intent by its own operations, and by no other ones', () => {
    const read = (intent: Intent) => refusedWith(() => parseIntent(encodeIntent(intent)))
    expect(read(pays())).toBe('accepted')
    expect(read(pays({ ...coins }))).toBe('accepted')
    expect(read(pays({ op: 'erc20.transfer' }))).toBe('INVALID_INTENT')
    expect(read(pays({ op: 'toy.call' }))).toBe('MALFORMED')
    expect(read(pays({ contract: '' }))).toBe('MALFORMED')
    expect(read(pays({ to: toyFamily.nobody }))).toBe('INVALID_INTENT')
  })

  it('is configured in a coordinator as any other one', () => {
    const chain = { network: toyNetwork, rpc: urls, confirmations: 0 }
    const read = (change: object) =>
      parseCoordinatorConfig(
        JSON.stringify({ ...coordinatorConfig, chains: [{ ...chain, ...change }] }),
        '/srv/c',
      )
    expect(networksOnTrust(read({}).chains)).toEqual([])
    expect(() => read({ finality: 'finalized' })).toThrow('expected a network of eip155, got toy:1')
    expect(() => read({ network: 'toz:1' })).toThrow(/expected a network of .*toy.*, got toz:1/)
  })

  it('pays a token and its coin, from submit to settled, and the auditor finds nothing', async () => {
    expect(token).toBe(toyToken)
    const house = await open()
    const id = await house.submit(pays())
    await house.untilState(id, 'SETTLED')
    expect((await story(house, id)).slice(-4)).toEqual([
      ...['session.started', 'sign.completed', 'tx.broadcast', 'tx.settled'],
    ])
    const coin = await house.submit(pays({ ...coins, amount: 400n }))
    await house.untilState(coin, 'SETTLED')
    expect(nodeOf(0).mined).toHaveLength(2)
    expect(nodeOf(0).used(chainOf(toyNetwork).address(hot))).toBe(2n)
    await house.pass(500)
    const exported = await exportedFrom(house.coordinator.proofs.ports)
    const started = readExport(exported.files).lines.map(parseEntry)
    expect(started.filter(({ type }) => type === 'session.started')).toHaveLength(2)
    const report = verify({ ...exported, nowMs: house.clock.now() })
    expect([report.findings, report.exit]).toEqual([[], 0])
    expect(report.checked).toMatchObject({ attempts: 2, signatures: 2 })
  })

  it('settles by no single endpoint', async () => {
    const house = await open()
    for (const at of [1, 2]) nodeOf(at).forgets = true
    const id = await house.submit(pays())
    await house.untilState(id, 'BROADCAST')
    await house.pass(5_000)
    expect(await house.state(id)).toBe('BROADCAST')
    nodeOf(2).forgets = false
    await house.untilState(id, 'SETTLED')
  })

  it('is bumped as its policy says, and takes the same nonce', async () => {
    const house = await open()
    for (const at of [0, 1, 2]) nodeOf(at).forgets = true
    const id = await house.submit(pays())
    await house.untilState(id, 'BROADCAST')
    await house.jump(180_000)
    await house.until('a bump', async () => {
      return (await story(house, id)).filter((type) => type === 'session.started').length > 1
    })
    for (const at of [0, 1, 2]) nodeOf(at).forgets = false
    await house.untilState(id, 'SETTLED')
  })
})

// One endpoint of three lies about Tron, about each thing that any of them is asked, in each way:
// every payment is paid once and settles, and nothing else happens. The network is a stand-in.

import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openTronRpc } from '../../coordinator/chain-rpc/tron.ts'
import { tronLedger } from '../../coordinator/chain-rpc/tron-kind.ts'
import type { TronRpc } from '../../coordinator/chain-rpc/tron-rpc.ts'
import type { Event } from '../../coordinator/ports.ts'
import { readLinesOf } from '../../coordinator/store/lines.ts'
import { parseEntry } from '../../policy/audit/entry.ts'
import { tronAddress } from '../../policy/chain/tron-address.ts'
import { parseDigest } from '../../proto/ids.ts'
import { anvilInstalled } from '../kit/anvil.ts'
import { daily } from '../kit/every-case.ts'
import { type Lie, type Lies, type LyingProxy, lyingProxy } from '../kit/lying-proxy.ts'
import { startTronChain, type TronChain } from '../kit/tron-chain.ts'
import { type House, houseOn } from './house.ts'
import { pgliteEngine } from './store-kit.ts'
import { origin, payout, type TestClock, testClock, vaultRow } from './world.ts'

vi.mock('../policy/dev-fixture.ts', async (original) => {
  const fixture = await original<typeof import('../policy/dev-fixture.ts')>()
  const { tronDocuments } = await import('../kit/tron-documents.ts')
  return { ...fixture, ...tronDocuments(fixture) }
})

const far = Number.MAX_SAFE_INTEGER
const nowhere = '00'.repeat(32)
const over =
  (changes: object): Lie =>
  (honest) => ({ ...Object(honest), ...changes })

const always: Readonly<Record<string, Lie>> = {
  'writes what is no JSON': { body: '<html>' },
  'writes null': { body: 'null' },
  'writes five megabytes': { body: 'x'.repeat(5_000_000) },
  'writes an error of its proxy': { body: '{}', status: 404 },
  'never answers': 'hang',
  'resets the connection': 'reset',
  'stops in the middle': 'cut',
  'has an error of its own': { error: 'class java.lang.NullPointerException : null' },
  'says nothing': { instead: {} },
  'says something else': { instead: [{}] },
}

const priced = (value: number): Lie => {
  const keys = ['getEnergyFee', 'getTransactionFee', 'getCreateAccountFee']
  const all = [...keys, 'getCreateNewAccountFeeInSystemContract']
  return { instead: { chainParameter: all.map((key) => ({ key, value })) } }
}

const results: Readonly<Record<string, Lie>> = {
  'is there before any block': (honest, [asked]) => ({
    ...{ blockNumber: 1, receipt: { result: 'SUCCESS' } },
    ...Object(honest),
    id: Object(asked).value,
  }),
  'says that it failed': over({ receipt: { result: 'OUT_OF_ENERGY' }, result: 'FAILED' }),
  'is of another transaction': over({ id: nowhere }),
  'is of another height': over({ blockNumber: 1 }),
  'lacks its events': over({ log: [] }),
}

interface Walk {
  readonly chain: TronChain
  readonly clock: TestClock
  readonly house: House
  readonly rpc: TronRpc
  readonly proxies: readonly LyingProxy[]
  /** The first of all blocks. */
  readonly genesis: unknown
}
let walk: Walk

const own: Readonly<Record<string, Readonly<Record<string, Lie>>>> = {
  'wallet/getblockbynum': { 'is of another network': { instead: { blockID: nowhere } } },
  'walletsolidity/getnowblock': {
    'is a block that nobody made': over({ blockID: nowhere }),
    'is the first of all blocks': () => walk.genesis,
  },
  'walletsolidity/getblockbynum': { 'is a block that nobody made': over({ blockID: nowhere }) },
  'wallet/getchainparameters': { 'are nothing': priced(0), 'have no end': priced(far) },
  'wallet/triggerconstantcontract': {
    'would fail': { instead: { result: { result: false, message: '00' } } },
    'needs next to nothing': over({ energy_used: 1 }),
    'has no end': over({ energy_used: far }),
  },
  'wallet/broadcasthex': {
    'is taken and forgotten': { instead: { result: true } },
    'is known and was never seen': { instead: { code: 'DUP_TRANSACTION_ERROR' } },
    'is refused': { instead: { code: 'SIGERROR', message: '00' } },
  },
  'wallet/gettransactioninfobyid': results,
  'walletsolidity/gettransactioninfobyid': results,
  'wallet/gettransactionbyid': { 'is of another transaction': { instead: { txID: nowhere } } },
}

interface Case {
  readonly method: string
  readonly how: string
  readonly lies: Lies
}

const cases: readonly Case[] = Object.entries(own).flatMap(([method, lies]) =>
  Object.entries({ ...lies, ...always }).map(([how, lie]) => ({
    ...{ method, how },
    lies: { [method]: lie },
  })),
)

const engine = pgliteEngine()
let paid = 1_000_000n
beforeAll(async () => {
  if (!anvilInstalled) return
  const clock = testClock()
  const chain = await startTronChain(clock.now)
  await chain.fund(tronAddress(vaultRow('hot').publicKey))
  const [door = ''] = chain.urls
  const proxies: LyingProxy[] = []
  for (let at = 0; at < 3; at += 1) proxies.push(await lyingProxy(door, 'paths'))
  const events: Event[] = []
  const { network } = chain.sim
  const rpc = openTronRpc({
    ...{ network, urls: proxies.map(({ url }) => url), timeoutMs: 1_500, stillMs: 300_000 },
    ...{ now: clock.now, report: (event) => events.push(event) },
  })
  const house = await houseOn(await engine.fresh(), {
    clock,
    chains: new Map([[network, tronLedger(rpc)]]),
  })
  const asked = { method: 'POST', body: '{"num":0}' }
  const genesis = await (await fetch(`${door}/wallet/getblockbynum`, asked)).json()
  walk = { chain, clock, house, rpc, proxies, genesis }
})
afterAll(async () => {
  await walk?.house.stop()
  for (const proxy of walk?.proxies ?? []) await proxy.close()
  await walk?.chain.stop()
})

/** Blocks come while time passes; answers come over a real socket. */
async function settled(id: string): Promise<void> {
  const { house, chain } = walk
  for (let tries = 0; tries < 300; tries += 1) {
    if ((await house.state(id)) === 'SETTLED') return
    await new Promise((resolve) => setTimeout(resolve, 5))
    await chain.sim.mine()
    await house.pass(500)
  }
  const notes = [...house.coordinator.driver.notes.values()].map(({ because }) => because)
  throw new Error(`never settled: ${await house.state(id)} ${notes}`)
}

it('lies about every path that a Tron endpoint is asked', () => {
  const room = new URL('../../coordinator/chain-rpc/', import.meta.url)
  // Looks are asked of other endpoints, and lied to in tests of their own.
  const paying = readdirSync(room).filter((name) => !/^tron-(?:look|outflow)/.test(name))
  const sources = paying.map((name) => readFileSync(new URL(name, room), 'utf8'))
  const form = /(?<=')wallet(?:solidity)?\/\w+(?=')/g
  const asked = sources.flatMap((source) => source.match(form) ?? [])
  expect([...new Set(asked)].sort()).toEqual(Object.keys(own).sort())
})

/** It may rest because of its last lie. */
async function trusted(liar: LyingProxy): Promise<void> {
  liar.lies = {}
  const path = 'wallet/getchainparameters'
  const asked = liar.asked.get(path)
  for (let tries = 0; liar.asked.get(path) === asked; tries += 1) {
    if (tries === 20) throw new Error('the endpoint rests for ever')
    await walk.rpc.prices().catch(() => undefined)
    await walk.house.jump(30_000)
  }
}

/** Of what is asked seldom: a network to prove, bytes whose life is over. */
const seldom: readonly string[] = ['wallet/getblockbynum', 'wallet/gettransactionbyid']

describe.skipIf(!anvilInstalled)('one of three endpoints of Tron', () => {
  it.each(daily(cases, 0, 5))('$method $how', async ({ method, lies }) => {
    const { house, chain, proxies, clock } = walk
    const { sim, held } = chain
    // The first: where any one is asked, it is. Of a block another one is, whose own it was not.
    const liar = proxies[method === 'walletsolidity/getblockbynum' ? 1 : 0]!
    await trusted(liar)
    await sim.mine(3)
    const created = clock.now()
    paid += 1n
    const intent = payout({
      ...{ network: sim.network, op: 'trc20.transfer', maxFee: 100_000_000n, amount: paid },
      ...{ created, notAfter: created + 3_600_000 },
    })
    const [before, sent, said] = [await held(intent.to), sim.sent.length, house.events.length]
    liar.lies = lies
    const asked = liar.asked.get(method) ?? 0
    const id = await house.submit(intent)
    await settled(id)
    liar.lies = {}
    expect((await held(intent.to)) - before).toBe(paid)
    expect(sim.sent.length - sent).toBe(1)
    const lines = (await readLinesOf(house.store, origin, parseDigest(id))).map(parseEntry)
    expect(lines.filter(({ type }) => type === 'session.started')).toHaveLength(1)
    const closing = lines.flatMap((line) => (line.type === 'tx.settled' ? [line.body] : []))
    expect(Number(closing[0]?.height)).toBeGreaterThan(1)
    expect(house.events.slice(said).filter(({ level }) => level === 'alarm')).toEqual([])
    if (!seldom.includes(method)) expect(liar.asked.get(method) ?? 0).toBeGreaterThan(asked)
  })
})

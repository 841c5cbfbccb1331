// One endpoint of three lies, about each thing that any of them is asked, in each way: every payment
// is paid once, settles in the block in which it is, and nothing else happens.
import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { anvilInstalled } from '../kit/anvil.ts'
import { daily, isEvery } from '../kit/every-case.ts'
import type { Lie, Lies, LyingProxy } from '../kit/lying-proxy.ts'
import { type EvmWalk, evmWalk, paidTo } from './evm-walk.ts'
import { pgliteEngine } from './store-kit.ts'
import { payout } from './world.ts'

const far = '0xffffffffffff'
const word = (digit: string) => `0x${digit.repeat(64)}`
const over =
  (changes: object): Lie =>
  (honest) =>
    honest && { ...Object(honest), ...changes }

/** A receipt for whatever is asked: of a transaction that nobody may ever have seen. */
const made: Lie = (honest, [txid]) => ({
  ...{ blockHash: word('b'), blockNumber: '0x1', logs: [], status: '0x1' },
  ...Object(honest),
  transactionHash: txid,
})

/** What no answer to anything is. */
const always: Readonly<Record<string, Lie>> = {
  'writes what is no JSON': { body: '<html>' },
  'writes null': { body: 'null' },
  'writes five megabytes': { body: 'x'.repeat(5_000_000) },
  'writes an error of its proxy': { body: '{}', status: 502 },
  'answers another question': 'other id',
  'never answers': 'hang',
  'resets the connection': 'reset',
  'stops in the middle': 'cut',
  'has no such method': { error: 'the method does not exist' },
  'says nothing': { instead: null },
  'says something else': { instead: [{}] },
  'says a number that is none': { instead: '0x00' },
}

const own: Readonly<Record<string, Readonly<Record<string, Lie>>>> = {
  eth_chainId: { 'is of another network': { instead: '0x1' } },
  eth_getBlockByNumber: {
    'has a base fee of nothing': over({ baseFeePerGas: '0x0' }),
    'has a base fee without end': over({ baseFeePerGas: far }),
    'has no base fee': (honest) => ({ ...Object(honest), baseFeePerGas: undefined }),
    'is at the end of days': over({ number: far }),
  },
  eth_gasPrice: { 'is nothing': { instead: '0x0' }, 'has no end': { instead: far } },
  eth_maxPriorityFeePerGas: { 'is nothing': { instead: '0x0' }, 'has no end': { instead: far } },
  eth_estimateGas: {
    'is too little': { instead: '0x5208' },
    'has no end': { instead: far },
    'would fail': { error: 'execution reverted' },
  },
  eth_sendRawTransaction: {
    'is taken and forgotten': { instead: word('7') },
    'is known and was never seen': { error: 'already known' },
    'has a nonce too low': { error: 'nonce too low' },
  },
  eth_getTransactionReceipt: {
    'is there before any block': made,
    'says that it failed': over({ status: '0x0' }),
    'is of another transaction': over({ transactionHash: word('9') }),
    'is of another block': over({ blockHash: word('9') }),
    'is of another height': over({ blockNumber: '0x1' }),
    'lacks its events': over({ logs: [] }),
    'has no events': (honest) => honest && { ...Object(honest), logs: undefined },
    'has no status': (honest) => honest && { ...Object(honest), status: undefined },
  },
  eth_blockNumber: {
    'is at the end of days': { instead: far },
    'is at the beginning': { instead: '0x0' },
  },
  eth_getTransactionCount: { 'has no end': { instead: far }, 'is nothing': { instead: '0x0' } },
}

interface Case {
  readonly method: string
  readonly how: string
  readonly lies: Lies
}

/** The one gas price is asked for only where there is no base fee. */
const withoutBase: Lies = { eth_getBlockByNumber: own['eth_getBlockByNumber']!['has no base fee']! }

const cases: readonly Case[] = Object.entries(own).flatMap(([method, lies]) =>
  Object.entries({ ...lies, ...always }).map(([how, lie]) => {
    const before = method === 'eth_gasPrice' ? withoutBase : {}
    return { method, how, lies: { ...before, [method]: lie } }
  }),
)

const engine = pgliteEngine()
let walk: EvmWalk
let paid = 1_000_000n

beforeAll(async () => {
  if (anvilInstalled) walk = await evmWalk(await engine.fresh(), { endpoints: 3, timeoutMs: 1_500 })
})
afterAll(() => walk?.close())

it('lies about every method that an EVM endpoint is asked', () => {
  const room = new URL('../../coordinator/chain-rpc/', import.meta.url)
  // What watchers and auditors ask is lied about in `look`, `cli/reconcile` and `cli/reconcile-deposits`.
  const auditors = new Set(['look.ts', 'outflows.ts', 'deposit-outflows.ts', 'evm-flows.ts'])
  const paying = readdirSync(room).filter((name) => !auditors.has(name))
  const sources = paying.map((name) => readFileSync(new URL(name, room), 'utf8'))
  const asked = sources.flatMap((source) => source.match(/(?<=')eth_\w+(?=')/g) ?? [])
  expect([...new Set(asked)].sort()).toEqual(Object.keys(own).sort())
})

/** It may rest because of its last lie. */
async function trusted(liar: LyingProxy): Promise<void> {
  liar.lies = {}
  const asked = liar.asked.get('eth_getBlockByNumber')
  for (let tries = 0; liar.asked.get('eth_getBlockByNumber') === asked; tries += 1) {
    if (tries === 20) throw new Error('the endpoint rests for ever')
    await walk.rpc.prices().catch(() => undefined)
    await walk.house.jump(30_000)
  }
}

async function paysOnce({ method, how, lies }: Case): Promise<void> {
  const { house, proxies } = walk
  const liar = proxies[2]!
  await trusted(liar)
  const [before, landed, said] = [await walk.held(paidTo), await walk.landed(), house.events.length]
  liar.lies = lies
  const asked = liar.asked.get(method) ?? 0
  const created = walk.clock.now()
  // Each another amount: two of the same look like one asked for twice.
  paid += 1n
  const id = await house.submit(payout({ amount: paid, created, notAfter: created + 3_600_000 }))
  await walk.untilState(id, 'BROADCAST')
  await walk.pass(3_000)
  expect(await house.state(id)).toBe('BROADCAST')
  await walk.mine()
  const height = Number(await walk.anvil.call('eth_blockNumber'))
  await walk.untilState(id, 'SETTLED', 'mining')
  liar.lies = {}
  expect((await walk.held(paidTo)) - before).toBe(paid)
  expect((await walk.landed()) - landed).toBe(1)
  expect(await walk.lines(id, 'tx.settled')).toMatchObject([{ height: String(height) }])
  // The clock here runs on while an answer is waited for, and what waits long is replaced.
  const attemptsMax = how === 'never answers' ? 2 : 1
  expect((await walk.lines(id, 'session.started')).length).toBeLessThanOrEqual(attemptsMax)
  const alarms = house.events.slice(said).filter(({ level }) => level === 'alarm')
  const known = ['endpoint.apart', 'endpoint.dead', 'endpoint.foreign', 'endpoint.stale']
  expect(alarms.filter(({ name }) => !known.includes(name))).toEqual([])
  // Of a count it is asked only about what lapsed; of a chain id only when it has to prove itself.
  if (method !== 'eth_getTransactionCount' && method !== 'eth_chainId') {
    expect(liar.asked.get(method) ?? 0).toBeGreaterThan(asked)
  }
}

describe.skipIf(!anvilInstalled)('one of three endpoints', () => {
  it.each(daily(cases, 0, 5))('$method $how', paysOnce)
  it.runIf(isEvery)('is believed again afterwards', () =>
    paysOnce({ method: 'eth_blockNumber', how: '', lies: {} }),
  )
})

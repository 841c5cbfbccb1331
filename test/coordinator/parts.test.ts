// The small parts alone: exchanges, the choice of nodes, the cache of rows, the tree.
import { describe, expect, it } from 'vitest'
import { chooseNodes } from '../../coordinator/choose.ts'
import type { CosignedHeads } from '../../coordinator/cosigned.ts'
import { Exchange } from '../../coordinator/exchange.ts'
import { Link } from '../../coordinator/link.ts'
import { Pages } from '../../coordinator/pages.ts'
import { RowCache } from '../../coordinator/store/row-cache.ts'
import type { Store } from '../../coordinator/store/store.ts'
import { Tree } from '../../coordinator/tree.ts'
import type { Entry } from '../../policy/audit/entry.ts'
import { MemoryTree } from '../../policy/audit/merkle.ts'
import { type AsyncRows, MemoryRows, type Query } from '../../policy/audit/rows.ts'
import { fromUtf8, sha256, toUtf8 } from '../../proto/crypto.ts'
import { limits } from '../../proto/limits.ts'
import { isRefusal } from '../../proto/refusal.ts'
import type { Signed } from '../../proto/signed.ts'
import { nodes, origin, testClock, vaultRow } from './world.ts'

const page = { origin, from: 0, lines: [], documents: [], checkpoint: new Uint8Array(0), heads: [] }

interface Ready {
  readonly name: string
  readonly state?: string
  readonly paired?: readonly string[]
  readonly banned?: readonly string[]
  readonly epoch?: number
}

function linkOf({ name, state = 'ready', paired = nodes, banned = [], epoch = 0 }: Ready): Link {
  const pages = { from: async () => page, empty: () => page }
  const link = new Link(name, () => {}, { pages, now: () => 0 })
  const pairings = paired
    .filter((peer) => peer !== name)
    .map((peer) => {
      const pairing = sha256(toUtf8([name, peer].sort().join()))
      return { peer, pairing, banned: banned.includes(peer), fresh: [] }
    })
  const keys = [{ vault: 'hot', key: 'k-hot', epoch }]
  const said = { state, origin, size: 5, root: new Uint8Array(32), keys, pairings }
  link.greet({ node: name, incarnation: new Uint8Array(16), versions: [], state: said })
  return link
}

const choose = (links: readonly Link[], avoid: readonly string[] = []) =>
  chooseNodes({ vault: vaultRow('hot'), links, size: 5, avoid })

describe('the choice of nodes', () => {
  it('takes the fastest that are paired with each other, in the order of the vault', () => {
    const links = nodes.map((name) => linkOf({ name }))
    expect(choose([...links].reverse())).toEqual(['signer-b', 'signer-c'])
    expect(choose(links)).toEqual(['signer-a', 'signer-b'])
    links[0]!.putLast(1)
    expect(choose(links)).toEqual(['signer-b', 'signer-c'])
    links[0]!.putBack()
    expect(choose(links)).toEqual(['signer-a', 'signer-b'])
  })

  it('finds the honest two of three, whoever the third is, in three attempts that name nobody', () => {
    for (const evil of nodes) {
      const links = nodes.map((name) => linkOf({ name }))
      let last: readonly string[] = []
      let attempts = 0
      for (let isDone = false; !isDone; attempts += 1) {
        const set = choose(links, last)
        if (isRefusal(set)) throw new Error(set.because)
        last = set
        isDone = !last.includes(evil)
        if (!isDone) for (const link of links) if (last.includes(link.node)) link.putLast(1)
      }
      expect(attempts).toBeLessThanOrEqual(3)
    }
  })

  it('leaves out the set that failed last, unless there is no other', () => {
    const links = nodes.map((name) => linkOf({ name }))
    expect(choose(links, ['signer-b', 'signer-a'])).toEqual(['signer-a', 'signer-c'])
    expect(choose(links.slice(0, 2), ['signer-a', 'signer-b'])).toEqual(['signer-a', 'signer-b'])
  })

  it('asks nobody who is not ready, has another key, or shares no pairing', () => {
    const other = linkOf({ name: 'signer-b' })
    const cases: Ready[] = [
      { name: 'signer-a', state: 'catching-up' },
      { name: 'signer-a', epoch: 1 },
      { name: 'signer-a', paired: [] },
      { name: 'signer-a', banned: ['signer-b'] },
      { name: 'signer-x' },
    ]
    for (const ready of cases) {
      const chosen = choose([linkOf(ready), other])
      expect(isRefusal(chosen) && chosen.code).toBe('NOT_ENOUGH_SIGNERS')
    }
    expect(choose([linkOf({ name: 'signer-a' }), other])).toEqual(['signer-a', 'signer-b'])
  })
})

describe('an exchange', () => {
  const acceptance = { credential: 'a', document: new Uint8Array(0), signature: new Uint8Array(64) }
  const refusal: Signed = {
    credential: 'a' as never,
    document: '{}',
    signature: new Uint8Array(64),
  }

  function open() {
    const clock = testClock()
    const started: string[] = []
    const exchange = new Exchange<string>(new Uint8Array(16), ['a', 'b'], {
      start: (node) => started.push(node),
      patience: (phase, stop) => clock.sleep(phase === 'accept' ? 10 : 20, stop),
    })
    return { exchange, started, clock }
  }

  it('starts when all have accepted, and is done when all have answered', async () => {
    const { exchange, started } = open()
    exchange.accept('a', acceptance)
    exchange.accept('a', acceptance)
    exchange.accept('x', acceptance)
    expect(started).toEqual([])
    exchange.accept('b', acceptance)
    expect(started).toEqual(['a', 'b'])
    exchange.result('b', 'two')
    exchange.result('b', 'three')
    exchange.result('x', 'four')
    exchange.result('a', 'one')
    expect(await exchange.ended).toEqual({ kind: 'done', results: ['one', 'two'] })
  })

  it('fails with whom it waited for, in either phase', async () => {
    const first = open()
    first.exchange.accept('a', acceptance)
    first.clock.advance(11)
    expect(await first.exchange.ended).toMatchObject({ reason: 'SESSION_TIMEOUT', slow: ['b'] })
    const second = open()
    for (const node of ['a', 'b']) second.exchange.accept(node, acceptance)
    second.exchange.result('b', 'two')
    second.clock.advance(21)
    expect(await second.exchange.ended).toMatchObject({ slow: ['a'], results: ['two'] })
  })

  it('fails once, with the first refusal or stop of one of its nodes', async () => {
    const { exchange } = open()
    exchange.refuse('x', refusal)
    exchange.stop('x', 'VIEW')
    exchange.refuse('a', refusal)
    exchange.stop('b', 'VIEW')
    expect(await exchange.ended).toMatchObject({
      reason: 'REFUSED',
      refusals: [refusal],
      slow: ['a'],
    })
    const stopped = open()
    stopped.exchange.stop('b', 'SESSION_TIMEOUT')
    // Whoever says so may be the one that cheated: both are asked later.
    expect(await stopped.exchange.ended).toMatchObject({
      reason: 'SESSION_TIMEOUT',
      slow: ['a', 'b'],
    })
    const own = open()
    own.exchange.stop('b', 'bad words')
    expect(await own.exchange.ended).toMatchObject({ reason: 'INTERNAL', slow: [] })
  })
})

describe('the cache of rows', () => {
  function below() {
    const rows = new MemoryRows()
    const asked: Query[] = []
    const source: AsyncRows = {
      answer: async (query) => {
        asked.push(query)
        return rows.answer(query)
      },
    }
    return { rows, asked, source }
  }
  const put = (table: string, key: string, value: string) =>
    ({ kind: 'put', table, key, value }) as const
  const get = (table: string, key: string) => ({ kind: 'get', table, key }) as const
  const scan = (table: string, from: string, to: string) =>
    ({ kind: 'scan', table, from, to }) as const

  it('asks once, and knows what was written since', async () => {
    const { rows, asked, source } = below()
    rows.apply([put('t', 'hot|1', 'a'), put('t', 'hot|3', 'c'), put('t', 'warm|1', 'w')])
    const cache = new RowCache()
    const one = cache.over(source, 'head-1')
    expect(await one.answer(get('t', 'hot|1'))).toEqual([{ key: 'hot|1', value: 'a' }])
    expect(await one.answer(get('t', 'none'))).toEqual([])
    expect(await one.answer(scan('t', 'hot|', 'hot}'))).toHaveLength(2)
    expect(await one.answer(scan('t', '', '}'))).toHaveLength(3)
    const writes = [put('t', 'hot|2', 'b'), { kind: 'delete', table: 't', key: 'hot|1' } as const]
    rows.apply(writes)
    cache.apply(writes, 'head-2')
    const two = cache.over(source, 'head-2')
    const before = asked.length
    expect(await two.answer(get('t', 'hot|1'))).toEqual([])
    expect(await two.answer(get('t', 'hot|2'))).toEqual([{ key: 'hot|2', value: 'b' }])
    expect((await two.answer(scan('t', 'hot|2', 'hot}'))).map(({ value }) => value)).toEqual([
      'b',
      'c',
    ])
    expect((await two.answer(scan('t', '', '}'))).map(({ value }) => value)).toEqual([
      'b',
      'c',
      'w',
    ])
    expect(asked.length).toBe(before)
  })

  it('asks again for a range that it does not hold as a whole', async () => {
    const { rows, asked, source } = below()
    rows.apply([put('t', 'hot|1', 'a'), put('t', 'hot|5', 'e')])
    const cache = new RowCache()
    const over = cache.over(source, 'h')
    expect(await over.answer(scan('t', 'hot|3', 'hot}'))).toHaveLength(1)
    expect(await over.answer(scan('t', 'hot|0', 'hot}'))).toHaveLength(2)
    expect(asked).toHaveLength(2)
    expect(await over.answer(scan('t', 'hot|4', 'hot}'))).toHaveLength(1)
    expect(asked).toHaveLength(2)
  })

  it('forgets everything when somebody else wrote, and when it grows too large', async () => {
    const { rows, asked, source } = below()
    const cache = new RowCache({ rowsMax: 2, rangesMax: 1 })
    await cache.over(source, 'head-1').answer(get('t', 'k'))
    rows.apply([put('t', 'k', 'new')])
    expect(await cache.over(source, 'head-2').answer(get('t', 'k'))).toHaveLength(1)
    for (const key of ['a', 'b', 'c']) await cache.over(source, 'head-2').answer(get('t', key))
    const before = asked.length
    await cache.over(source, 'head-2').answer(get('t', 'k'))
    expect(asked.length).toBe(before + 1)
    for (const part of ['a', 'b', 'c']) {
      await cache.over(source, 'head-2').answer(scan('t', `${part}|`, `${part}}`))
    }
    await cache.over(source, 'head-2').answer(scan('t', 'a|', 'a}'))
    expect(asked.filter((query) => query.kind === 'scan')).toHaveLength(4)
  })
})

describe('the tree', () => {
  it('is the one of the lines, beyond a full tile', () => {
    const [packed, plain] = [new Tree(), new MemoryTree()]
    for (let at = 0; at < 600; at += 1) {
      const leaf = sha256(toUtf8(`leaf ${at}`))
      packed.append(leaf)
      plain.append(leaf)
    }
    expect(packed.size).toBe(600)
    expect(packed.hash(1, 1)).toEqual(plain.hash(1, 1))
    expect(packed.hash(0, 599)).toEqual(plain.hash(0, 599))
    expect(() => packed.hash(1, 2)).toThrow(/no stored hash/)
    expect(() => packed.hash(2, 0)).toThrow(/no stored hash/)
  })
})

describe('a page of the log', () => {
  const entries = [1, 2, 3].map((seq) => ({
    seq,
    type: 'log.heartbeat',
    bytes: toUtf8('line'),
    body: {},
  }))
  const pagesWith = (sizes: readonly number[]): Pages => {
    const rows = sizes.map((size) => ({ size, witness: 'w', note: `head ${size}` }))
    const store = { query: async () => rows } as unknown as Store
    const heads = { largest: 99, checkpoint: () => 'checkpoint' } as unknown as CosignedHeads
    const pages = new Pages({ store, origin, heads })
    pages.remember(entries as unknown as readonly Entry[])
    return pages
  }

  it('brings the newest heads, as many as a node reads', async () => {
    const many = Array.from({ length: limits.witnessesMax + 8 }, (_, at) => at + 2)
    const heads = (await pagesWith(many).from(1, 4)).heads.map(fromUtf8)
    expect([heads.length, heads.at(-1)]).toEqual([limits.witnessesMax, `head ${many.at(-1)}`])
    expect((await pagesWith([1, 2, 3]).from(1, 4)).heads.map(fromUtf8)).toEqual([
      'head 2',
      'head 3',
    ])
  })
})

// The sequencer on both engines: order, void answers, several at once, crashes between, and that what
// stands in the tables is what the lines say.

import { describe, expect, it } from 'vitest'
import { CosignedHeads } from '../../coordinator/cosigned.ts'
import { Roots } from '../../coordinator/roots.ts'
import { putInbox } from '../../coordinator/store/inbox.ts'
import { readHead, readLines } from '../../coordinator/store/lines.ts'
import { listRequests } from '../../coordinator/store/requests.ts'
import type { Store } from '../../coordinator/store/store.ts'
import { emptyHead, extend } from '../../policy/audit/chain.ts'
import { parseNoteText, signedByLog } from '../../policy/audit/checkpoint.ts'
import { readEnclosures } from '../../policy/audit/enclosures.ts'
import { type Entry, parseEntry } from '../../policy/audit/entry.ts'
import { createFold } from '../../policy/audit/fold.ts'
import { rootOf } from '../../policy/audit/merkle.ts'
import { MemoryRows, readSync } from '../../policy/audit/rows.ts'
import { get, tables } from '../../policy/audit/tables.ts'
import { equalBytes } from '../../proto/crypto.ts'
import { limits } from '../../proto/limits.ts'
import { Unavailable } from '../../proto/unavailable.ts'
import { type Engine, pgliteEngine, postgresEngine, programs } from './store-kit.ts'
import {
  blobOf,
  bootstrap,
  governed,
  logSigner,
  makeKey,
  origin,
  payout,
  root,
  signIntent,
  submit,
  testClock,
  type World,
  worldOn,
} from './world.ts'

async function linesOf(store: Store): Promise<Entry[]> {
  const lines = await readLines(store, origin, { from: 0, linesMax: 2_000, bytesMax: 1e8 })
  return lines.map(parseEntry)
}

const typesOf = async (store: Store) => (await linesOf(store)).map((entry) => entry.type)

async function begun(engine: Engine): Promise<World> {
  const world = worldOn(await engine.fresh())
  await bootstrap(world)
  await makeKey(world, 'hot')
  return world
}

const asked = (world: World, intent = payout()) => submit(world, intent)

/** History as the lines alone make it. */
function replay(entries: readonly Entry[]): MemoryRows {
  const fold = createFold({ rootDigest: root.digest, origin })
  const { root: rootText, policy, directory, books } = governed
  const documents = readEnclosures([rootText, policy, directory, ...books.values()])
  const rows = new MemoryRows()
  for (const entry of entries) {
    const folded = readSync(fold(entry, documents), rows)
    if (folded.kind !== 'folded') throw new Error(`line ${entry.seq} is ${folded.kind}`)
    rows.apply(folded.writes)
  }
  return rows
}

async function stored(store: Store) {
  const rows = await store.query(
    'select tbl as table, key, value from history where origin = $1 order by tbl, key',
    [origin],
  )
  return rows.map((row) => ({ ...row }))
}

function cases(engine: Engine): void {
  it('begins a log with the pinned documents, once', async () => {
    const world = worldOn(await engine.fresh())
    expect(await bootstrap(world)).toMatchObject({ kind: 'recorded', seqs: [0, 1, 2, 3, 4] })
    expect(await bootstrap(world)).toEqual({ kind: 'recorded', seqs: [] })
    expect(await typesOf(world.store)).toEqual([
      'log.genesis',
      'root.activated',
      'policy.activated',
      'directory.activated',
      'book.activated',
    ])
  })

  it('appends a chain whose tree is the one it signs', async () => {
    const world = await begun(engine)
    await asked(world)
    const lines = await readLines(world.store, origin, { from: 0, linesMax: 99, bytesMax: 1e6 })
    const { head } = extend(emptyHead, lines)
    expect(await readHead(world.store, origin)).toMatchObject({ size: head.size, prev: head.prev })
    expect(equalBytes(world.tree.root(head.size), rootOf(head.frontier))).toBe(true)
    const { store, tree } = world
    const heads = new CosignedHeads({ store, tree, log: logSigner, roots: new Roots(root) })
    for (const size of [head.size, 3]) {
      const note = parseNoteText(heads.checkpoint(size))
      expect(note.checkpoint.size).toBe(size)
      expect(signedByLog(note, logSigner.vkey)).toBe(true)
    }
  })

  it('takes what waits in the order of arrival, in one run', async () => {
    const world = await begun(engine)
    const before = (await readHead(world.store, origin)).size
    const runs: number[] = []
    world.sequencer.onLines((entries) => runs.push(entries.length))
    const intents = Array.from({ length: 5 }, () => payout())
    const all = await Promise.all(intents.map((intent) => asked(world, intent)))
    const created = (await linesOf(world.store))
      .slice(before)
      .filter((entry) => entry.type === 'intent.created')
    expect(created.map((entry) => 'intent' in entry.body && entry.body.intent)).toEqual(
      all.map(({ id }) => id),
    )
    expect(runs.length).toBeLessThan(5)
  })

  it('answers what would be void with its reason, and writes no line for it', async () => {
    const world = await begun(engine)
    const intent = payout()
    expect((await asked(world, intent)).answer).toMatchObject({ kind: 'recorded' })
    const { size } = await readHead(world.store, origin)
    const again = await asked(world, intent)
    expect(again.answer).toMatchObject({ kind: 'refused', code: 'IDEMPOTENCY_CONFLICT' })
    const other = await asked(world, { ...intent, amount: 1n })
    expect(other.answer).toMatchObject({ kind: 'refused', code: 'IDEMPOTENCY_CONFLICT' })
    expect(await world.propose('nonsense', {})).toMatchObject({ code: 'NOT_SUPPORTED' })
    expect(await world.propose('judge', { intent: 7 })).toMatchObject({ code: 'MALFORMED' })
    const wild = { actor: 'coordinator', type: 'spend.released', body: { intent: again.id } }
    const lines = { receipts: [], documents: [], lines: [wild] }
    expect(await world.propose('lines', lines)).toMatchObject({ code: 'NOT_SUPPORTED' })
    expect((await readHead(world.store, origin)).size).toBe(size)
  })

  it('keeps the other proposals of a run when one of them meets a bug', async () => {
    const world = await begun(engine)
    const broken = { ...blobOf('intent', signIntent(payout())), content: Uint8Array.of(0xff) }
    const bad = world.propose('submit', { intent: broken.digest }, [broken])
    const good = asked(world)
    expect(await bad).toMatchObject({ kind: 'refused' })
    expect((await good).answer).toMatchObject({ kind: 'recorded' })
  })

  it('takes a proposal of a process that died, and answers whoever asks for it', async () => {
    const world = await begun(engine)
    const blob = blobOf('intent', signIntent(payout()))
    const content = JSON.stringify({ intent: blob.digest })
    await putInbox(world.store, { id: 'left-behind', kind: 'submit', content }, [blob])
    const other = worldOn(world.store)
    await other.sequencer.kick()
    expect(await world.copy.read(get(tables.intent, blob.digest))).toBeDefined()
    const [row] = await world.store.query('select answer from outcome where id = $1', [
      'left-behind',
    ])
    expect(String(row?.['answer'])).toContain('recorded')
  })

  it('answers a durable proposal, whichever coordinator took it', async () => {
    const one = await begun(engine)
    const two = worldOn(one.store)
    const blobs = Array.from({ length: 6 }, () => blobOf('intent', signIntent(payout())))
    const answers = blobs.map(async (blob, at) => {
      const { sequencer } = at % 2 === 0 ? one : two
      const content = { intent: blob.digest }
      const { answer } = await sequencer.submit({ kind: 'submit', content, blobs: [blob] })
      return answer
    })
    for (const answer of await Promise.all(answers)) expect(answer.kind).toBe('recorded')
  })

  it('never forks and never overshoots with several sequencers at once', async () => {
    const first = await begun(engine)
    const worlds = [first, worldOn(first.store), worldOn(first.store)]
    // Each address may get 100,000 a day: a tenth of that, 32 times, at three coordinators.
    const big = () => payout({ amount: 500_000_000n, notAfter: first.clock.now() + 500_000 })
    const small = await Promise.all(
      Array.from({ length: 32 }, (_, at) => asked(worlds[at % 3] ?? first, { ...big() })),
    )
    expect(small.every(({ answer }) => answer.kind === 'recorded')).toBe(true)
    const entries = await linesOf(first.store)
    expect(() =>
      extend(
        emptyHead,
        entries.map((entry) => entry.bytes),
      ),
    ).not.toThrow()
    const slots = entries.flatMap((entry) =>
      entry.type === 'spend.reserved' ? [entry.body.slot] : [],
    )
    expect(new Set(slots).size).toBe(slots.length)
    await Promise.all(worlds.map(({ sequencer }) => sequencer.refresh()))
    const roots = worlds.map(({ tree }) => Buffer.from(tree.root(entries.length)).toString('hex'))
    expect(new Set(roots).size).toBe(1)
  })

  it('keeps in its tables exactly what the lines say', async () => {
    const world = await begun(engine)
    const { id } = await asked(world)
    await asked(world, payout({ amount: 2_000_000_000n }))
    await world.propose('release', { intent: id })
    const entries = await linesOf(world.store)
    expect(await stored(world.store)).toEqual(
      replay(entries)
        .dump()
        .map((row) => ({ ...row })),
    )
    const listed = await listRequests(world.store, origin, { state: '', before: 999, countMax: 9 })
    const rows = replay(entries)
    for (const { intent, state } of listed) {
      expect(readSync(get(tables.intent, intent), rows)?.state).toBe(state)
    }
  })

  it('says that a quiet log is alive, once in its time', async () => {
    const world = await begun(engine)
    await world.sequencer.tick()
    expect((await typesOf(world.store)).at(-1)).toBe('key.generated')
    world.clock.advance(limits.logHeartbeatMs)
    await world.sequencer.tick()
    await world.sequencer.tick()
    expect((await typesOf(world.store)).slice(-2)).toEqual(['key.generated', 'log.heartbeat'])
    expect(await world.propose('heartbeat', {})).toEqual({ kind: 'recorded', seqs: [] })
  })

  it('never lets the time of lines run backwards', async () => {
    const world = await begun(engine)
    const late = worldOn(world.store, { clock: testClock(world.clock.now() - 60_000) })
    await asked(late)
    const times = (await linesOf(world.store)).map((entry) => entry.t)
    expect(times).toEqual([...times].sort((a, b) => a - b))
  })

  it('appends nothing while it is held, and goes on afterwards', async () => {
    const world = await begun(engine)
    world.sequencer.hold('a witness holds 99 lines, the database 6')
    await expect(asked(world)).rejects.toBeInstanceOf(Unavailable)
    const blob = blobOf('intent', signIntent(payout()))
    const content = { intent: blob.digest }
    const { answer } = await world.sequencer.submit({ kind: 'submit', content, blobs: [blob] })
    await world.sequencer.kick()
    expect((await typesOf(world.store)).at(-1)).toBe('key.generated')
    expect(world.sequencer.held).toContain('99')
    world.sequencer.resume()
    expect(await answer).toMatchObject({ kind: 'recorded' })
  })

  it('tells of lines after their commit, also of those of another coordinator', async () => {
    const world = await begun(engine)
    const other = worldOn(world.store)
    await other.sequencer.refresh()
    const seen: number[] = []
    other.sequencer.onLines((entries) => seen.push(entries.length, other.tree.size))
    await asked(world)
    await other.sequencer.tick()
    expect(seen).toEqual([0, world.tree.size])
  })
}

describe('a sequencer over the embedded store', () => cases(pgliteEngine()))

describe.skipIf(programs === undefined)('a sequencer over PostgreSQL', () => {
  const engine = postgresEngine()
  cases(engine)

  it('keeps 32 reservations that come at once within a limit', async () => {
    const first = await begun(engine)
    const worlds = [first, worldOn(engine.again()), worldOn(engine.again())]
    // 100,000 USDT a day to one address; 33 times 3,000 would still fit, 34 times not.
    const amounts = Array.from({ length: 32 }, (_, at) => 900_000_000n + BigInt(at))
    const more = Array.from({ length: 96 }, (_, at) => 950_000_000n + BigInt(at))
    await Promise.all(
      [...amounts, ...more].map((amount, at) =>
        asked(worlds[at % 3] ?? first, payout({ amount, notAfter: first.clock.now() + 500_000 })),
      ),
    )
    const reserved = (await linesOf(first.store)).flatMap((entry) =>
      entry.type === 'spend.reserved' ? [entry.body.amount] : [],
    )
    const sum = reserved.reduce((total, amount) => total + amount, 0n)
    expect(sum).toBeLessThanOrEqual(100_000_000_000n)
    expect(sum).toBeGreaterThan(98_000_000_000n)
    const waiting = await listRequests(first.store, origin, {
      state: 'WAITING',
      before: 9_999,
      countMax: 200,
    })
    expect(reserved.length + waiting.length).toBe(128)
  })

  it('is unavailable while the server is gone, and loses nothing that was durable', async () => {
    const world = await begun(engine)
    const { size } = await readHead(world.store, origin)
    await engine.stop()
    await expect(asked(world)).rejects.toBeInstanceOf(Unavailable)
    expect(world.tree.size).toBe(size)
    expect(world.events.some(({ name }) => name === 'sequencer.failed')).toBe(true)
  })
})

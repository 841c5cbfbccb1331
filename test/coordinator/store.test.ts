// One list of cases for both engines: what the sequencer relies on must hold on each.
import { describe, expect, it } from 'vitest'
import { putBlobs, readBlob, readBlobs } from '../../coordinator/store/blobs.ts'
import { putHead, readHeads, readNewestHeads } from '../../coordinator/store/heads.ts'
import { SessionRows, writeHistory } from '../../coordinator/store/history.ts'
import { putInbox, putOutcomes, readOutcome, takeInbox } from '../../coordinator/store/inbox.ts'
import { dropLease, renewLeases, takeLease } from '../../coordinator/store/jobs.ts'
import {
  appendLines,
  lockHead,
  readHead,
  readLeaves,
  readLines,
} from '../../coordinator/store/lines.ts'
import { migrate, readMigrations } from '../../coordinator/store/migrate.ts'
import {
  countOpen,
  findRequest,
  listRequests,
  putRequest,
  requestsIn,
  requestsSince,
} from '../../coordinator/store/requests.ts'
import {
  bytesOf,
  numberOf,
  type Session,
  type Store,
  textOf,
} from '../../coordinator/store/store.ts'
import { append, emptyHead } from '../../policy/audit/chain.ts'
import { type Entry, parseEntry } from '../../policy/audit/entry.ts'
import type { IntentRow } from '../../policy/view.ts'
import { plainDigest, toUtf8 } from '../../proto/crypto.ts'
import { parseHandle, parsePersonId, parseVaultId } from '../../proto/ids.ts'
import { limits } from '../../proto/limits.ts'
import { Unavailable } from '../../proto/unavailable.ts'
import { type Engine, pgliteEngine, postgresEngine, programs } from './store-kit.ts'

const origin = 'log.test/custody'
const digest = (name: string) => plainDigest(toUtf8(name))

const genesis = {
  created: '2026-12-01T00:00:00Z',
  format: 'custody-log/v1',
  hash: 'sha256',
  leaf: 'rfc6962',
  origin,
  vkey: 'log.acme.example/custody-prod+fd9f12d5+AR45pmqK2KjrhaBqgZ2iW5laIzmat7srU/YqzO5qK/A6',
}

function lines(count: number): Entry[] {
  let head = emptyHead
  return Array.from({ length: count }, (_, seq) => {
    const first = seq === 0
    const type = first ? ('log.genesis' as const) : ('log.heartbeat' as const)
    const draft = { actor: 'coordinator', type, body: first ? genesis : {}, t: 1000 + seq }
    const next = append(head, draft)
    head = next.head
    return next.entry
  })
}

async function appended(store: Store, count: number): Promise<Entry[]> {
  const entries = lines(count)
  await store.transaction(async (session) => {
    await lockHead(session, origin)
    await appendLines(session, origin, entries)
  })
  return entries
}

function row(name: string, state: IntentRow['state'], seq: number): IntentRow {
  return {
    intent: digest(name),
    id: parseHandle(name),
    initiator: parsePersonId('svc'),
    credential: parseHandle('svc-1'),
    op: 'evm.transfer',
    vault: parseVaultId('hot'),
    notAfter: 9_000,
    state,
    rule: '',
    attempts: 0,
    seq,
    t: 1_000,
  }
}

function cases(engine: Engine): void {
  it('gives bigint as text and bytea as Uint8Array', async () => {
    const store = await engine.fresh()
    const [found] = await store.query(
      "select 9007199254740993::bigint as big, decode('00ff', 'hex') as bytes, 7::bigint as seven",
      [],
    )
    const [counted] = await store.query('select count(*) as rows from entry where origin = $1', [
      origin,
    ])
    expect(textOf(found!, 'big')).toBe('9007199254740993')
    expect(Buffer.isBuffer(bytesOf(found!, 'bytes'))).toBe(false)
    expect(bytesOf(found!, 'bytes')).toEqual(Uint8Array.of(0, 255))
    expect(numberOf(found!, 'seven')).toBe(7)
    expect(() => numberOf(found!, 'big')).toThrow(/safe integer/)
    expect(() => bytesOf(found!, 'big')).toThrow(/expected bytes/)
    expect(() => textOf(found!, 'absent')).toThrow(/expected text/)
    expect(textOf(counted!, 'rows')).toBe('0')
  })

  it('applies a migration once and refuses one that changed or is unknown', async () => {
    const store = await engine.fresh()
    expect(await migrate(store)).toEqual([])
    const known = readMigrations()
    const changed = known.map((one, at) => (at === 0 ? { ...one, sql: `${one.sql}\n` } : one))
    await expect(migrate(store, changed)).rejects.toThrow(/was changed/)
    await expect(migrate(store, known.slice(0, -1))).rejects.toThrow(/database is newer/)
    const more = [...known, { name: '9999-broken.sql', sql: 'create table half (a int); fail' }]
    await expect(migrate(store, more)).rejects.toThrow()
    expect(await store.query("select to_regclass('half') as found")).toEqual([{ found: null }])
  })

  it('keeps lines in order, with their head', async () => {
    const store = await engine.fresh()
    expect(await readHead(store, origin)).toEqual({ size: 0, prev: '', t: 0 })
    const entries = await appended(store, 5)
    const all = await readLines(store, origin, { from: 0, linesMax: 10, bytesMax: 1e6 })
    expect(all.map((line) => parseEntry(line).seq)).toEqual([0, 1, 2, 3, 4])
    expect(all[4]).toEqual(entries[4]!.bytes)
    const leaves = await readLeaves(store, origin, { from: 1, to: 3 })
    expect(leaves).toEqual([entries[1]!.leaf, entries[2]!.leaf])
    const head = await readHead(store, origin)
    expect([head.size, head.t]).toEqual([5, 1004])
  })

  it('bounds a page by lines and by bytes, but gives at least one line', async () => {
    const store = await engine.fresh()
    const entries = await appended(store, 5)
    const page = (from: number, linesMax: number, bytesMax: number) =>
      readLines(store, origin, { from, linesMax, bytesMax })
    expect(await page(1, 2, 1e6)).toHaveLength(2)
    expect(await page(1, 10, entries[1]!.bytes.length * 2)).toHaveLength(2)
    expect(await page(1, 10, 1)).toHaveLength(1)
    expect(await page(5, 10, 1e6)).toHaveLength(0)
  })

  it('refuses to change, remove or empty lines', async () => {
    const store = await engine.fresh()
    await appended(store, 2)
    for (const change of [
      "update entry set intent = 'x'",
      'delete from entry',
      'truncate entry',
      'truncate entry, log_head',
    ]) {
      await expect(store.query(change)).rejects.toThrow(/never changed/)
    }
    expect((await readHead(store, origin)).size).toBe(2)
  })

  it('refuses a second line with the same seq, predecessor or leaf as 23505', async () => {
    const store = await engine.fresh()
    const [, second] = await appended(store, 2)
    for (const seq of [second!.seq, 7]) {
      const again = store.transaction((session) =>
        appendLines(session, origin, [{ ...second!, seq }]),
      )
      await expect(again).rejects.toMatchObject({ code: '23505' })
    }
    const leaf = { ...second!, seq: 7, prev: digest('other') }
    const again = store.transaction((session) => appendLines(session, origin, [leaf]))
    await expect(again).rejects.toMatchObject({ code: '23505' })
  })

  it('forgets everything of a run that fails before its commit', async () => {
    const store = await engine.fresh()
    await putInbox(store, { id: 'a', kind: 'x', content: '{}' })
    const crash = store.transaction(async (session) => {
      await lockHead(session, origin)
      await takeInbox(session)
      await appendLines(session, origin, lines(2))
      const put = { kind: 'put', table: 'meta', key: 'k', value: '1' } as const
      await writeHistory(session, origin, [put])
      throw new Error('crash')
    })
    await expect(crash).rejects.toThrow('crash')
    expect((await readHead(store, origin)).size).toBe(0)
    const rows = new SessionRows(store, origin)
    expect(await rows.answer({ kind: 'get', table: 'meta', key: 'k' })).toEqual([])
    expect(await store.transaction(takeInbox)).toEqual([{ id: 'a', kind: 'x', content: '{}' }])
  })

  it('takes inbox rows once, in order of arrival, and the same id once', async () => {
    const store = await engine.fresh()
    for (const id of ['b', 'a', 'b', 'c']) {
      await putInbox(store, { id, kind: 'x', content: '{}' })
    }
    const taken = await store.transaction(takeInbox)
    expect(taken.map((one) => one.id)).toEqual(['b', 'a', 'c'])
    expect(await store.transaction(takeInbox)).toEqual([])
  })

  it('takes at most a bounded number of rows a run', async () => {
    const store = await engine.fresh()
    await store.query(
      `insert into inbox (id, kind, content)
       select n::text, 'x', '{}' from generate_series(1, $1::int) as n`,
      [limits.inboxRowsPerRunMax + 1],
    )
    expect(await store.transaction(takeInbox)).toHaveLength(limits.inboxRowsPerRunMax)
    expect(await store.transaction(takeInbox)).toHaveLength(1)
  })

  it('keeps the first answer, and drops one that the log left far behind', async () => {
    const store = await engine.fresh()
    await putOutcomes(store, [{ id: 'a', answer: '1' }], 5)
    await putOutcomes(store, [{ id: 'a', answer: '2' }], 6)
    expect(await readOutcome(store, 'a')).toBe('1')
    await putOutcomes(store, [{ id: 'b', answer: '3' }], 200_000)
    expect(await readOutcome(store, 'a')).toBeUndefined()
    expect(await readOutcome(store, 'b')).toBe('3')
  })

  it('orders history bytewise, and applies the last of several writes to a key', async () => {
    const store = await engine.fresh()
    const put = (key: string, value: string) => ({ kind: 'put', table: 't', key, value }) as const
    await writeHistory(
      store,
      origin,
      ['a', 'B', '_', 'é', 'aa'].map((key) => put(key, '1')),
    )
    await writeHistory(store, origin, [put('a', '2'), { kind: 'delete', table: 't', key: 'aa' }])
    await writeHistory(store, origin, [
      { kind: 'delete', table: 't', key: 'B' },
      put('B', '3'),
      put('new', '1'),
      { kind: 'delete', table: 't', key: 'new' },
    ])
    const rows = new SessionRows(store, origin)
    const scan = (from: string, to: string) => rows.answer({ kind: 'scan', table: 't', from, to })
    expect(await scan('', 'zz')).toEqual([
      { key: 'B', value: '3' },
      { key: '_', value: '1' },
      { key: 'a', value: '2' },
    ])
    expect(await scan('_', 'a')).toEqual([{ key: '_', value: '1' }])
    expect(
      await new SessionRows(store, 'other').answer({ kind: 'get', table: 't', key: 'a' }),
    ).toEqual([])
  })

  it('keeps the first blob of a digest', async () => {
    const store = await engine.fresh()
    const blob = { digest: digest('a'), kind: 'intent', content: toUtf8('one') }
    await putBlobs(store, [blob])
    await putBlobs(store, [{ ...blob, content: toUtf8('two') }])
    expect(await readBlob(store, blob.digest)).toEqual(blob)
    expect(await readBlob(store, digest('b'))).toBeUndefined()
    expect([...(await readBlobs(store, [blob.digest, digest('b')])).keys()]).toEqual([blob.digest])
    expect((await readBlobs(store, [])).size).toBe(0)
  })

  it('gives a lease to one owner until it ends or is given back', async () => {
    const store = await engine.fresh()
    const intent = digest('a')
    const take = (owner: string, now: number) => takeLease(store, intent, { owner, now })
    expect(await take('one', 0)).toBe(true)
    expect(await take('two', limits.jobLeaseMs)).toBe(false)
    expect(await take('one', 10)).toBe(true)
    expect(await take('two', 11 + limits.jobLeaseMs)).toBe(true)
    await dropLease(store, intent, 'one')
    expect(await take('one', 12 + limits.jobLeaseMs)).toBe(false)
    await dropLease(store, intent, 'two')
    expect(await take('one', 12)).toBe(true)
    expect(await renewLeases(store, { owner: 'one', now: 50 })).toEqual(new Set([intent]))
    expect(await renewLeases(store, { owner: 'two', now: 50 })).toEqual(new Set())
  })

  it('keeps cosigned heads by size and witness', async () => {
    const store = await engine.fresh()
    for (const [size, witness] of [
      [3, 'a'],
      [3, 'b'],
      [5, 'a'],
      [3, 'a'],
    ] as const) {
      await putHead(store, origin, { size, witness, note: `${size}${witness}` })
    }
    const between = await readHeads(store, origin, { from: 2, to: 3, countMax: 10 })
    expect(between.map((head) => head.note)).toEqual(['3a', '3b'])
    expect((await readNewestHeads(store, origin)).map((head) => head.note)).toEqual(['5a', '3b'])
  })

  it('lists requests newest first, by state and by newest line', async () => {
    const store = await engine.fresh()
    await putRequest(store, origin, row('a', 'WAITING', 1), 1)
    await putRequest(store, origin, row('b', 'SIGNING', 2), 2)
    await putRequest(store, origin, row('c', 'WAITING', 3), 3)
    await putRequest(store, origin, row('a', 'SETTLED', 1), 4)
    const names = (rows: readonly { callerId: string }[]) => rows.map((one) => one.callerId)
    const page = (state: string, before: number) =>
      listRequests(store, origin, { state, before, countMax: 2 })
    expect(names(await page('', 99))).toEqual(['c', 'b'])
    expect(names(await page('', 2))).toEqual(['a'])
    expect(names(await page('WAITING', 99))).toEqual(['c'])
    expect(names(await requestsIn(store, origin, ['SETTLED', 'SIGNING'], 9))).toEqual(['a', 'b'])
    expect(names(await requestsSince(store, origin, 3, 9))).toEqual(['c', 'a'])
    expect(await countOpen(store, origin, 'svc')).toBe(2)
    const found = await findRequest(store, origin, { initiator: 'svc', callerId: 'a' })
    expect(found).toMatchObject({ state: 'SETTLED', createdSeq: 1, seq: 4 })
    const twin = { ...row('a', 'WAITING', 9), intent: digest('twin') }
    await expect(putRequest(store, origin, twin, 9)).rejects.toMatchObject({ code: '23505' })
  })

  it('orders concurrent writers by the head lock: no fork, no gap', async () => {
    const store = await engine.fresh()
    const entries = lines(33)
    await store.transaction(async (session) => {
      await lockHead(session, origin)
      await appendLines(session, origin, entries.slice(0, 1))
    })
    const next = async (session: Session) => {
      const { size } = await lockHead(session, origin)
      await appendLines(session, origin, entries.slice(size, size + 1))
    }
    await Promise.all(Array.from({ length: 32 }, () => store.transaction(next)))
    const all = await readLines(store, origin, { from: 0, linesMax: 99, bytesMax: 1e6 })
    expect(all.map((line) => parseEntry(line).seq)).toEqual(entries.map((entry) => entry.seq))
  })
}

describe('the embedded store', () => {
  cases(pgliteEngine())
})

describe.skipIf(programs === undefined)('PostgreSQL', () => {
  const engine = postgresEngine()
  cases(engine)

  it('applies migrations once when two programs start together', async () => {
    const store = await engine.fresh()
    await store.query('drop schema public cascade; create schema public')
    const other = engine.open()
    const applied = await Promise.all([migrate(store), migrate(other)])
    expect(applied.flat().sort()).toEqual(readMigrations().map((one) => one.name))
  })

  it('ends a wait for the head instead of waiting for ever', async () => {
    const store = await engine.fresh()
    const hasty = engine.open({ lockTimeoutMs: 100 })
    await store.transaction(async (session) => {
      await lockHead(session, origin)
      const waiting = hasty.transaction((inner) => lockHead(inner, origin))
      await expect(waiting).rejects.toBeInstanceOf(Unavailable)
    })
  })

  it('ends a statement that runs for too long', async () => {
    await engine.fresh()
    const hasty = engine.open({ statementTimeoutMs: 100 })
    await expect(hasty.query('select pg_sleep(5)')).rejects.toBeInstanceOf(Unavailable)
  })

  it('keeps nothing of a transaction whose server dies, and says that it cannot be asked', async () => {
    const store = await engine.fresh()
    await appended(store, 1)
    const run = store.transaction(async (session) => {
      await lockHead(session, origin)
      await appendLines(session, origin, lines(2).slice(1))
      const other = engine.open()
      await other.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()',
      )
    })
    await expect(run).rejects.toBeInstanceOf(Unavailable)
    expect((await readHead(store, origin)).size).toBe(1)
  })

  it('says unavailable when no server listens', async () => {
    const store = openAt('postgres://custody@127.0.0.1:1/none')
    await expect(store.query('select 1')).rejects.toBeInstanceOf(Unavailable)
  })

  const openAt = (url: string) => engine.open({ url })
})

// The log's table: its head, its lines, their leaves. Whoever appends holds the head's row lock
// until its transaction ends, which is the one lock that orders all decisions.
// INVARIANT: lines are inserted and the head is moved in the same transaction.

import type { Entry } from '../../policy/audit/entry.ts'
import { fromHex, toHex } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'
import { parseDigest } from '../../proto/ids.ts'
import { bytesOf, numberOf, type Row, type Session, textOf } from './store.ts'

/** Size, leaf of the last line and its time: what the next line continues. */
export interface LogHead {
  readonly size: number
  readonly prev: Digest | ''
  readonly t: number
}

export interface Page {
  readonly from: number
  readonly linesMax: number
  readonly bytesMax: number
}

/** Waits for every other run to end. The row is made at the first use of an origin. */
export async function lockHead(session: Session, origin: string): Promise<LogHead> {
  await session.query(
    "insert into log_head (origin, size, leaf, t) values ($1, 0, '', 0) on conflict do nothing",
    [origin],
  )
  const rows = await session.query(
    'select size, leaf, t from log_head where origin = $1 for update',
    [origin],
  )
  return parseHead(rows[0])
}

export async function readHead(session: Session, origin: string): Promise<LogHead> {
  const rows = await session.query('select size, leaf, t from log_head where origin = $1', [origin])
  return parseHead(rows[0])
}

/** The lines, in order, and the head after the last of them. */
export async function appendLines(
  session: Session,
  origin: string,
  entries: readonly Entry[],
): Promise<void> {
  const last = entries.at(-1)
  if (last === undefined) return
  await session.query(
    `insert into entry (origin, seq, prev, leaf, type, intent, bytes)
     select $1, seq, prev, leaf, type, intent, decode(line, 'hex')
     from unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
       as added (seq, prev, leaf, type, intent, line)`,
    [
      origin,
      entries.map((entry) => String(entry.seq)),
      entries.map((entry) => entry.prev),
      entries.map((entry) => toHex(entry.leaf)),
      entries.map((entry) => entry.type),
      entries.map(intentOf),
      entries.map((entry) => toHex(entry.bytes)),
    ],
  )
  await session.query('update log_head set size = $2, leaf = $3, t = $4 where origin = $1', [
    origin,
    last.seq + 1,
    toHex(last.leaf),
    last.t,
  ])
}

/** The request a line is about; empty for the others. */
export function intentOf(entry: Entry): Digest | '' {
  if ('intent' in entry.body) return entry.body.intent
  // A line that carries out a change is about its request too.
  return 'order' in entry.body ? entry.body.change : ''
}

/** Whole lines from `from` on, at least one where there is one. */
export async function readLines(
  session: Session,
  origin: string,
  { from, linesMax, bytesMax }: Page,
): Promise<readonly Uint8Array[]> {
  const rows = await session.query(
    `select bytes from (
       select seq, bytes, sum(length(bytes)) over (order by seq) as total
       from entry where origin = $1 and seq >= $2 and seq < $3
     ) as page where total <= $4 or seq = $2 order by seq`,
    [origin, from, from + linesMax, bytesMax],
  )
  return rows.map((row) => bytesOf(row, 'bytes'))
}

export async function readLeaves(
  session: Session,
  origin: string,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<readonly Uint8Array[]> {
  const rows = await session.query(
    'select leaf from entry where origin = $1 and seq >= $2 and seq < $3 order by seq',
    [origin, from, to],
  )
  return rows.map((row) => fromHex(textOf(row, 'leaf')) ?? new Uint8Array(0))
}

/** All lines about one request, in order. */
export async function readLinesOf(
  session: Session,
  origin: string,
  intent: Digest,
): Promise<readonly Uint8Array[]> {
  const rows = await session.query(
    "select bytes from entry where origin = $1 and intent = $2 and intent <> '' order by seq",
    [origin, intent],
  )
  return rows.map((row) => bytesOf(row, 'bytes'))
}

/** The lines that say that a transaction was sent, or is final on its chain, in order. */
export async function readSentLines(
  session: Session,
  origin: string,
): Promise<readonly Uint8Array[]> {
  const rows = await session.query(
    `select bytes from entry
     where origin = $1 and type in ('tx.broadcast', 'tx.settled') order by seq`,
    [origin],
  )
  return rows.map((row) => bytesOf(row, 'bytes'))
}

/** The lines that made, moved or ended keys, in order. */
export async function readKeyLines(
  session: Session,
  origin: string,
): Promise<readonly Uint8Array[]> {
  const rows = await session.query(
    "select bytes from entry where origin = $1 and type like 'key.%' order by seq",
    [origin],
  )
  return rows.map((row) => bytesOf(row, 'bytes'))
}

function parseHead(row: Row | undefined): LogHead {
  if (row === undefined) return { size: 0, prev: '', t: 0 }
  const leaf = textOf(row, 'leaf')
  return {
    size: numberOf(row, 'size'),
    prev: leaf === '' ? '' : parseDigest(leaf, 'head'),
    t: numberOf(row, 't'),
  }
}

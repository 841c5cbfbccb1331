// The inbox: proposals that wait for the sequencer, and its answers. A proposal and the blobs that
// it names are stored in one transaction; rows are taken by deletion under the head's lock, so that
// of several sequencers exactly one takes each. Answers are kept for a while, because the run that
// took a row may have been another coordinator's.
import { limits } from '../../proto/limits.ts'
import { type Blob, putBlobs } from './blobs.ts'
import { type Session, type Store, textOf } from './store.ts'

export interface InboxRow {
  /** Chosen by the proposer; names the answer. */
  readonly id: string
  readonly kind: string
  /** Canonical JSON. */
  readonly content: string
}

export interface Outcome {
  readonly id: string
  /** Canonical JSON. */
  readonly answer: string
}

/** How far the log may grow before an answer that nobody fetched is dropped. */
const outcomeKeepLines = 100_000

/** Durable when it returns. The same id again changes nothing. */
export async function putInbox(
  store: Store,
  row: InboxRow,
  blobs: readonly Blob[] = [],
): Promise<void> {
  await store.transaction(async (session) => {
    await putBlobs(session, blobs)
    await session.query(
      'insert into inbox (id, kind, content) values ($1, $2, $3) on conflict (id) do nothing',
      [row.id, row.kind, row.content],
    )
  })
}

/** In order of arrival. Only under the head's lock. */
export async function takeInbox(session: Session): Promise<readonly InboxRow[]> {
  const rows = await session.query(
    `with taken as (
       delete from inbox where place in (select place from inbox order by place limit $1)
       returning place, id, kind, content
     ) select id, kind, content from taken order by place`,
    [limits.inboxRowsPerRunMax],
  )
  return rows.map((row) => ({
    id: textOf(row, 'id'),
    kind: textOf(row, 'kind'),
    content: textOf(row, 'content'),
  }))
}

export async function putOutcomes(
  session: Session,
  outcomes: readonly Outcome[],
  size: number,
): Promise<void> {
  if (outcomes.length === 0) return
  await session.query(
    `insert into outcome (id, answer, size)
     select id, answer, $3 from unnest($1::text[], $2::text[]) as added (id, answer)
     on conflict (id) do nothing`,
    [outcomes.map((one) => one.id), outcomes.map((one) => one.answer), size],
  )
  await session.query('delete from outcome where size < $1', [size - outcomeKeepLines])
}

export async function readOutcome(session: Session, id: string): Promise<string | undefined> {
  const [row] = await session.query('select answer from outcome where id = $1', [id])
  return row && textOf(row, 'answer')
}

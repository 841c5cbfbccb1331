// One run of the sequencer, one transaction: lock the head, take what waits, let each proposal
// write on a sheet of its own, append all lines with their projections, commit.
// INVARIANT: everything of a run is committed together or not at all, and the tree in memory grows
// after the commit only.
// A handler that breaks (a bug) loses its proposal, not the run; a database that breaks loses the
// run.
import type { Head } from '../policy/audit/chain.ts'
import type { Entry } from '../policy/audit/entry.ts'
import type { Fold } from '../policy/audit/fold.ts'
import { frontierAt } from '../policy/audit/merkle.ts'
import type { Write } from '../policy/audit/rows.ts'
import { get, tables } from '../policy/audit/tables.ts'
import type { Digest } from '../proto/ids.ts'
import { parseText } from '../proto/jcs.ts'
import { Refused, refusal } from '../proto/refusal.ts'
import { Page } from './page.ts'
import type { Clock, Report } from './ports.ts'
import { type Answer, type Handler, writeAnswer } from './proposal.ts'
import { type Blob, putBlobs } from './store/blobs.ts'
import { SessionRows, writeHistory } from './store/history.ts'
import { type InboxRow, putOutcomes, takeInbox } from './store/inbox.ts'
import { appendLines, intentOf, type LogHead, lockHead } from './store/lines.ts'
import { putRequest } from './store/requests.ts'
import type { RowCache } from './store/row-cache.ts'
import type { Session, Store } from './store/store.ts'
import type { Tree } from './tree.ts'

export interface RunPorts {
  readonly store: Store
  readonly origin: string
  readonly clock: Clock
  readonly report: Report
  readonly tree: Tree
  readonly cache: RowCache
  readonly fold: Fold
  readonly handlers: ReadonlyMap<string, Handler>
}

/** A proposal that waits in this process only, with the documents that it names. */
export interface Waiting extends InboxRow {
  readonly blobs: readonly Blob[]
}

export interface Ran {
  readonly entries: readonly Entry[]
  readonly writes: readonly Write[]
  /** Leaf of the last line. */
  readonly head: string
  readonly answers: ReadonlyMap<string, Answer>
}

/** Rows of the inbox come first. */
export async function run(ports: RunPorts, local: readonly Waiting[]): Promise<Ran> {
  const ran = await ports.store.transaction((session) => write(ports, session, local))
  for (const entry of ran.entries) ports.tree.append(entry.leaf)
  ports.cache.apply(ran.writes, ran.head)
  return ran
}

async function write(ports: RunPorts, session: Session, local: readonly Waiting[]): Promise<Ran> {
  const { origin, tree } = ports
  const stored = await lockHead(session, origin)
  await tree.fill(session, origin, stored.size)
  const head = chainHead(stored, tree)
  const watched = watch(session)
  const at = { session: watched, head, t: Math.max(ports.clock.now(), head.t) }
  const rows = ports.cache.over(new SessionRows(watched, origin), head.prev)
  const page = new Page(rows, at, ports.fold)
  await putBlobs(
    session,
    local.flatMap(({ blobs }) => blobs),
  )

  const inbox = await takeInbox(session)
  const answers = new Map<string, Answer>()
  for (const waiting of [...inbox, ...local]) {
    const answer = await decide(ports, page, waiting)
    if (watched.failure !== undefined) throw watched.failure
    answers.set(waiting.id, answer)
  }
  await appendLines(session, origin, page.entries)
  await writeHistory(session, origin, page.writes)
  await putBlobs(session, page.blobs)
  await putIndex(session, origin, page)
  const outcomes = inbox.map(({ id }) => ({ id, answer: writeAnswer(answers.get(id) ?? lost) }))
  await putOutcomes(session, outcomes, page.head.size)
  const { entries, writes } = page
  return { entries, writes, head: page.head.prev, answers }
}

const lost = refusal('INTERNAL', 'internal error in the sequencer')

async function decide(ports: RunPorts, page: Page, waiting: InboxRow): Promise<Answer> {
  const handler = ports.handlers.get(waiting.kind)
  if (handler === undefined) return refusal('NOT_SUPPORTED', `proposal ${waiting.kind}`)
  const sheet = page.sheet()
  try {
    const answer = await handler(sheet, parseText(waiting.content))
    if (answer.kind === 'recorded') page.adopt(sheet)
    return answer
  } catch (error) {
    if (error instanceof Refused) return error.refusal
    const because = error instanceof Error ? error.message : 'unknown'
    ports.report({ level: 'alarm', name: 'sequencer.bug', because: `${waiting.kind}: ${because}` })
    return lost
  }
}

async function putIndex(session: Session, origin: string, page: Page): Promise<void> {
  const newest = new Map<Digest, number>()
  for (const entry of page.entries) {
    const intent = intentOf(entry)
    if (intent !== '') newest.set(intent, entry.seq)
  }
  for (const [intent, seq] of newest) {
    const row = await page.read(get(tables.intent, intent))
    if (row !== undefined) await putRequest(session, origin, row, seq)
  }
}

function chainHead({ size, prev, t }: LogHead, tree: Tree): Head {
  if (tree.size !== size) {
    throw new Error(`the log has ${size} lines, this process saw ${tree.size}`)
  }
  return { size, prev, t, frontier: frontierAt(tree, size) }
}

/** Remembers that the database failed, whoever swallowed the error: the transaction is lost. */
function watch(session: Session): Session & { readonly failure: unknown } {
  let failure: unknown
  return {
    get failure() {
      return failure
    },
    query: async (statement, values) => {
      try {
        return await session.query(statement, values)
      } catch (error) {
        failure = error
        throw error
      }
    },
  }
}

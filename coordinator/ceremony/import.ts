// A Bundle that came out of a room: judged whole (I1 to I8) before a line is written, its
// exceptions confirmed one by one (I10); then its results become lines, and the ceremony ends. What
// nobody may lose is kept beside the log first, for auditors: manifest, Record, results,
// Statements, script.
// INVARIANT: the same Bundle again changes nothing and gives the same answer; another Bundle of a
// ceremony that has ended is refused.
import { type BundleFiles, manifestName } from '../../policy/ceremony/bundle.ts'
import type { ToldException } from '../../policy/ceremony/judgement.ts'
import type { CeremonyRow } from '../../policy/view.ts'
import { digestOf, plainDigest } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'
import { isRefusal, type Refusal, refusal } from '../../proto/refusal.ts'
import { tags } from '../../proto/tags.ts'
import { writeLines } from '../driver.ts'
import { type Blob, putBlobs } from '../store/blobs.ts'
import type { Store } from '../store/store.ts'
import { type GoodOut, type JudgingPorts, judgeOut } from './judging.ts'
import { closeAttempts } from './payments.ts'
import { type ResultsPorts, type Taken, takeResults } from './results.ts'

export interface ImportPorts extends ResultsPorts, JudgingPorts {
  readonly store: Store
}

export interface ImportOrder {
  readonly row: CeremonyRow
  /** Every file as it was put, the manifest too. */
  readonly files: BundleFiles
  /** Digests of the lines of exceptions that whoever imports has confirmed. */
  readonly confirmed: readonly Digest[]
}

export async function importBundle(
  ports: ImportPorts,
  { row, files, confirmed }: ImportOrder,
): Promise<readonly Taken[] | Refusal> {
  const judged = await judgeOut(ports, files)
  if (isRefusal(judged)) return judged
  const unread = unconfirmed(judged.exceptions, confirmed)
  if (unread !== undefined) return unread
  await putBlobs(ports.store, blobsOf(files))
  const taken = await takeResults(ports, judged.brought)
  const hasEnded = row.state === 'concluded' || row.state === 'aborted'
  if (isRefusal(taken) || hasEnded) return taken
  const open = await closeAttempts(ports, row)
  if (open !== undefined) return open
  const answer = await writeLines(ports, { lines: [endOf(row.plan, judged)] })
  return isRefusal(answer) ? answer : taken
}

/** I10: whoever imports has seen every exception, and none that there is not. */
function unconfirmed(
  told: readonly ToldException[],
  confirmed: readonly Digest[],
): Refusal | undefined {
  const unread = told.find(({ line }) => !confirmed.includes(line))
  if (unread !== undefined) {
    const because = `exception ${unread.number} was not confirmed: ${unread.line}`
    return refusal('RECORD', because, 'I10')
  }
  const stray = confirmed.find((line) => !told.some((one) => one.line === line))
  return stray && refusal('RECORD', `the Record has no exception ${stray}`, 'I10')
}

/** Unsigned files go by the digest that the manifest names. */
function blobsOf(files: BundleFiles): readonly Blob[] {
  return [...files].map(([name, content]) => {
    if (name !== manifestName) return { digest: plainDigest(content), kind: 'bytes', content }
    return { digest: digestOf(tags.bundle, content), kind: 'bundle', content }
  })
}

function endOf(plan: Digest, { brought, record, exceptions, statements }: GoodOut) {
  const { outcome, reason, digest: results } = brought
  const { root, size } = record
  if (outcome === 'aborted') {
    return { type: 'ceremony.aborted', body: { plan, reason, record: { root, size } } }
  }
  const named = { record: { root, size }, results, statements: statements ?? '' }
  return { type: 'ceremony.concluded', body: { plan, exceptions: exceptions.length, ...named } }
}

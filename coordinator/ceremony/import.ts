// A Bundle that came out of a room: judged whole (I1 to I8) before a line is written, its exceptions
// confirmed one by one (I10); then its results become lines, and the ceremony ends. What nobody may
// lose is kept beside the log first, for auditors: manifest, Record, results, Statements, script.
// INVARIANT: the same Bundle again changes nothing and gives the same answer; another Bundle of a
// ceremony that has ended is refused.
import { type Bundle, manifestName } from '../../policy/ceremony/bundle.ts'
import { readBundleOut } from '../../policy/ceremony/bundle-out.ts'
import type { ToldException } from '../../policy/ceremony/judgement.ts'
import type { ReadPlan } from '../../policy/ceremony/plan.ts'
import { readRecord, recordHead } from '../../policy/ceremony/record-chain.ts'
import { seatsOf } from '../../policy/ceremony/record-seats.ts'
import { parseResults, type ReadResults } from '../../policy/ceremony/results.ts'
import type { CeremonyRow } from '../../policy/view.ts'
import { digestOf, plainDigest } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { isRefusal, type Refusal, refusal } from '../../proto/refusal.ts'
import { tags } from '../../proto/tags.ts'
import { writeLines } from '../driver.ts'
import { type Blob, putBlobs } from '../store/blobs.ts'
import type { Store } from '../store/store.ts'
import { judgeOut } from './judging.ts'
import { type ResultsPorts, type Taken, takeResults } from './results.ts'

export interface ImportPorts extends ResultsPorts {
  readonly store: Store
}

export interface ImportOrder {
  readonly row: CeremonyRow
  readonly plan: ReadPlan & { readonly bytes: Uint8Array }
  readonly bundle: Bundle
  /** Every file as it was put, the manifest too. */
  readonly files: ReadonlyMap<string, Uint8Array>
  /** Digests of the lines of exceptions that whoever imports has confirmed. */
  readonly confirmed: readonly Digest[]
}

export async function importBundle(
  ports: ImportPorts,
  order: ImportOrder,
): Promise<readonly Taken[] | Refusal> {
  const { row, bundle, plan } = order
  const out = readBundleOut(bundle)
  const results = parseResults(out.results)
  const { state } = readRecord(seatsOf(plan, row.bundle), out.record)
  const head = recordHead(state)
  const hasEnded = row.state === 'concluded' || row.state === 'aborted'
  const isSame = row.record.root === head.root && row.record.size === head.size
  if (hasEnded && !isSame) {
    return refusal('REPLAY_DETECTED', `the ceremony is ${row.state}, with another Record`)
  }
  const judged = await judgeOut(ports, order)
  if (isRefusal(judged)) return judged
  const unread = requireConfirmed(judged.exceptions, order.confirmed)
  if (unread !== undefined) return unread

  await putBlobs(ports.store, keptBlobs(order))
  const taken = await takeResults(ports, results)
  if (isRefusal(taken) || hasEnded) return taken
  const { length: exceptions } = judged.exceptions
  const line = endOf(results, { plan: plan.digest, head, exceptions, files: order.files })
  const answer = await writeLines(ports, { lines: [line] })
  return isRefusal(answer) ? answer : taken
}

/** I10: whoever imports has seen every exception, and none that there is not. */
function requireConfirmed(
  told: readonly ToldException[],
  confirmed: readonly Digest[],
): Refusal | undefined {
  const unread = told.find(({ line }) => !confirmed.includes(line))
  if (unread !== undefined) {
    const because = `exception ${unread.number} was not confirmed: ${unread.line}`
    return refusal('RECORD', because, 'I10')
  }
  const stray = confirmed.find((line) => !told.some((one) => one.line === line))
  return stray && refusal('RECORD', `no exception ${stray}`, 'I10')
}

/** Unsigned files go by the digest that the manifest names. */
function keptBlobs({ files }: ImportOrder): readonly Blob[] {
  return [...files].map(([name, content]) => {
    if (name === manifestName) return { digest: digestOf(tags.bundle, content), kind: 'bundle', content }
    return { digest: plainDigest(content), kind: 'bytes', content }
  })
}

interface Ending {
  readonly plan: Digest
  readonly head: { readonly root: Digest; readonly size: number }
  readonly exceptions: number
  readonly files: ReadonlyMap<string, Uint8Array>
}

function endOf({ outcome, reason, digest }: ReadResults, ending: Ending) {
  const { plan, head: record, exceptions, files } = ending
  if (outcome === 'aborted') {
    return { type: 'ceremony.aborted', body: { plan, reason, record } satisfies JsonObject }
  }
  const statements = plainDigest(files.get('statements.json') ?? new Uint8Array(0))
  const body = { exceptions, plan, record, results: digest, statements } satisfies JsonObject
  return { type: 'ceremony.concluded', body }
}

// A Bundle that came out of a room: judged whole (I1 to I8) before a line is written, its exceptions
// confirmed one by one (I10); then its results become lines, and the ceremony ends. What nobody may
// lose is kept beside the log first, for auditors: the manifest, the Record, the Statements.
// INVARIANT: the same Bundle again changes nothing and gives the same answer; another Bundle of a
// ceremony that has ended is refused.
import { type Bundle, manifestOf } from '../../policy/ceremony/bundle.ts'
import type { ReadPlan } from '../../policy/ceremony/plan.ts'
import type { CeremonyRow } from '../../policy/view.ts'
import { digestOf, plainDigest } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'
import { isRefusal, type Refusal, refusal } from '../../proto/refusal.ts'
import { tags } from '../../proto/tags.ts'
import { writeLines } from '../driver.ts'
import { type Blob, putBlobs } from '../store/blobs.ts'
import type { Store } from '../store/store.ts'
import { type ResultsPorts, type Taken, takeResults } from './results.ts'

export interface ImportPorts extends ResultsPorts {
  readonly store: Store
}

export interface ImportOrder {
  readonly row: CeremonyRow
  readonly plan: ReadPlan & { readonly bytes: Uint8Array }
  readonly bundle: Bundle
  /** Digests of the lines of exceptions that whoever imports has confirmed. */
  readonly confirmed: readonly Digest[]
}

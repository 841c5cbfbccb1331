// The fold: History and one line give the rows to write, or void with the reason. The same function
// runs in the sequencer, which appends no void line; in every node; and in the verifier, for which
// a void line is a violation. A void line stays in the tree, grants nothing and counts nowhere.
// INVARIANT: the answer depends on the earlier lines, this line, and the documents that came with
// it; never on a clock, a cache or who asks.
import type { Digest } from '../../proto/ids.ts'
import type { ReasonCode } from '../../proto/reasons.ts'
import { Refused, refuse } from '../../proto/refusal.ts'
import { type Context, Desk, Library, Missing } from './desk.ts'
import type { Documents } from './enclosures.ts'
import type { Entry } from './entry.ts'
import { addressesOpened } from './fold-addresses.ts'
import { backupTested } from './fold-backups.ts'
import * as ceremonies from './fold-ceremonies.ts'
import * as changes from './fold-changes.ts'
import { frozen } from './fold-freeze.ts'
import * as governance from './fold-governance.ts'
import { banned, generated } from './fold-keys.ts'
import { proved } from './fold-proofs.ts'
import * as requests from './fold-requests.ts'
import { rootActivated } from './fold-root.ts'
import * as sessions from './fold-sessions.ts'
import { completed, followed } from './fold-signatures.ts'
import { released, reserved } from './fold-spends.ts'
import type { Reading, Write } from './rows.ts'

export type Folded =
  | { readonly kind: 'folded'; readonly writes: readonly Write[] }
  | { readonly kind: 'void'; readonly code: ReasonCode; readonly because: string }
  /** A document did not come, or unsigned: whoever holds the line must not fold past it. */
  | { readonly kind: 'missing'; readonly digest: Digest }

export type Fold = (entry: Entry, documents: Documents) => Reading<Folded>

export function createFold(context: Context): Fold {
  const library = new Library()
  return function* fold(entry, documents) {
    try {
      const writes = yield* meaning(entry, new Desk(context, documents, library))
      return { kind: 'folded', writes }
    } catch (error) {
      if (error instanceof Missing) return { kind: 'missing', digest: error.digest }
      if (!(error instanceof Refused)) throw error
      const { code, because } = error.refusal
      return { kind: 'void', code, because }
    }
  }
}

function* meaning(entry: Entry, desk: Desk): Reading<readonly Write[]> {
  switch (entry.type) {
    case 'log.genesis':
      return governance.begun(entry, desk)
    case 'log.heartbeat':
      return []
    case 'root.activated':
      return yield* rootActivated(entry, desk)
    case 'policy.activated':
      return yield* governance.policyActivated(entry, desk)
    case 'directory.activated':
      return yield* governance.directoryActivated(entry, desk)
    case 'book.activated':
      return yield* governance.bookActivated(entry, desk)
    case 'freeze.set':
      return yield* frozen(entry, desk)
    case 'policy.proposed':
    case 'directory.proposed':
    case 'list.published':
    case 'freeze.cleared':
      return refuse('NOT_SUPPORTED', `${entry.type} is not supported yet`)
    case 'intent.created':
      return yield* requests.created(entry)
    case 'intent.evaluated':
      return yield* requests.evaluated(entry)
    case 'approval.recorded':
    case 'approval.rejected':
      return yield* requests.decided(entry)
    case 'intent.cancelled':
    case 'intent.expired':
      return yield* requests.ended(entry)
    case 'spend.reserved':
      return yield* reserved(entry, desk)
    case 'spend.released':
      return yield* released(entry)
    case 'session.started':
      return yield* sessions.started(entry, desk)
    case 'session.aborted':
      return yield* sessions.aborted(entry)
    case 'share.receipt':
      return yield* sessions.receiptGiven(entry, desk)
    case 'sign.completed':
      return yield* completed(entry, desk)
    case 'tx.broadcast':
    case 'tx.settled':
    case 'tx.dropped':
      return yield* followed(entry)
    case 'key.generated':
      return yield* generated(entry, desk)
    case 'key.created':
    case 'key.imported':
    case 'key.refreshed':
    case 'key.reshared':
      return yield* changes.dealtAnew(entry, desk)
    case 'key.exported':
    case 'key.disabled':
      return yield* changes.retired(entry, desk)
    case 'key.proved':
      return yield* proved(entry, desk)
    case 'peer.readmitted':
      return yield* changes.readmitted(entry, desk)
    case 'key.backup-tested':
      return yield* backupTested(entry, desk)
    case 'addresses.opened':
      return yield* addressesOpened(entry, desk)
    case 'peer.banned':
      return yield* banned(entry, desk)
    case 'ceremony.planned':
      return yield* ceremonies.planned(entry, desk)
    case 'ceremony.exported':
      return yield* ceremonies.exported(entry)
    case 'ceremony.concluded':
    case 'ceremony.aborted':
      return yield* ceremonies.ended(entry)
    case 'cold.anchored':
      return yield* ceremonies.anchored(entry, desk)
  }
}

// A Prepare for a control proof: which approved change it is about and which nodes shall sign, from
// the prove-run document; the judgement of its order by `admitProof` on the own copy, and the same
// judgement once more before a share leaves. There is no attempt line: a proof spends nothing, and
// two signatures of one sentence say no more than one. INVARIANT: of the coordinator's document
// only the choice of signers and a number are believed; the number is bounded.

import { type AdmittedProof, admitProof, admittingProof } from '../policy/admit-proof.ts'
import type { Own } from '../policy/check-lines.ts'
import { digestOf, fromUtf8 } from '../proto/crypto.ts'
import type { InTurns } from '../proto/in-turns.ts'
import { parse } from '../proto/jcs.ts'
import { limits } from '../proto/limits.ts'
import { kinds, type ProveRun } from '../proto/node-documents.ts'
import { isRefusal, type Refusal, refuse } from '../proto/refusal.ts'
import { tags } from '../proto/tags.ts'
import type { Named, Prepare } from './admission.ts'
import { ownView } from './own-view.ts'
import type { Parts } from './parts.ts'
import type { Checked } from './refusals.ts'

type Asked = Pick<Prepare, 'keygen' | 'order'>

/** Whether the document beside the order is one of a proof; nothing else of it is looked at. */
export function asksProof({ keygen, order }: Asked): boolean {
  return order.length > 0 && (fromUtf8(keygen) ?? '').includes('"format":"custody-prove-run/v1"')
}

export function proofNamed({ keygen, order }: Asked): Named {
  const { change, attempt, order: warrant } = readRun(keygen)
  if (digestOf(tags.order, order) !== warrant) {
    refuse('WARRANT', 'the document names another order', 'N1')
  }
  const most = limits.proofAttemptsMax
  if (attempt > most) refuse('STALE_ATTEMPT', `expected at most ${most} attempts`, 'N1')
  return { intent: change, attempt, warrant }
}

export function* judgeProof({ keygen, order }: Asked, own: Own): InTurns<AdmittedProof | Checked> {
  const { attempt, participants } = readRun(keygen)
  return yield* admittingProof({ order, attempt, participants, own })
}

/** R2 to R4 of a proof: whether the very same sentence would be admitted now. */
export function proofFault(parts: Parts, admitted: AdmittedProof): Refusal | undefined {
  const { order, attempt, participants, intentDigest } = admitted
  const again = admitProof({ order, attempt, participants, own: ownView(parts, intentDigest) })
  return isRefusal(again) ? again : undefined
}

function readRun(keygen: Uint8Array): ProveRun {
  return kinds.proveRun.shape(parse(keygen), 'prove run')
}

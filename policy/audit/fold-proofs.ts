// The fold of control proofs. The line names the approved change and the order that proves it, as
// every change does, and the signature; the fold makes the sentence anew from the change and the
// key in force and verifies the signature over it, so a line can claim no other sentence.
// From it on the request is ACTIVE: a second proof, with other signers, is another change.
import { toHex } from '../../proto/crypto.ts'
import { refuse } from '../../proto/refusal.ts'
import { parseSignature } from '../chain/signature.ts'
import { controlProof } from '../control-proof.ts'
import { networkOf } from '../rulebook.ts'
import type { Desk } from './desk.ts'
import type { EntryOf } from './entry.ts'
import { active, carriedOut } from './fold-changes.ts'
import type { Reading, Write } from './rows.ts'

export function* proved(line: EntryOf<'key.proved'>, desk: Desk): Reading<readonly Write[]> {
  const the = yield* carriedOut(line, desk)
  const { vault, epoch, keyState, digest, signature } = line.body
  const { row } = the
  const { change } = the.approved
  const network = networkOf(yield* desk.rulebook(), change.vault)
  if (change.op !== 'key.prove' || row?.vault !== vault || network === undefined) {
    return refuse('LINE_VOID', `expected a proof of vault ${change.vault}`)
  }
  if (epoch !== row.epoch || keyState !== row.keyState) {
    refuse('EPOCH', `expected epoch ${row.epoch} and its key state, got ${epoch}`)
  }
  const proof = controlProof(change, row, network.caip2)
  if (toHex(digest) !== toHex(proof.digest)) {
    refuse('BYTES_DIGEST', 'the digest is not that of the sentence that people approved')
  }
  if (!desk.verifies(parseSignature(signature), proof.digest, proof.publicKey)) {
    refuse('BYTES_DIGEST', 'the signature does not verify under the key of the sentence')
  }
  return [active(the)]
}

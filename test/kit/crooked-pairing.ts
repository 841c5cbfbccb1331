// A node that cheats in its set-ups: its trees do not fit the digest that it gives of them. Nothing
// else of its sessions is changed.
// INVARIANT: what it sends has the right form, so that only the check of the trees can find it.
import type { Outgoing } from '../../signer-node/dkls23/protocol.ts'
import type { SessionPlan } from '../../signer-node/session.ts'
import { Sessions } from '../../signer-node/sessions.ts'
import { bent } from './bent.ts'

/** Changes the digest of its trees, just before the part of the seed and the salt, 32 bytes each. */
export class CrookedSessions extends Sessions {
  override start<R>(sid: Uint8Array, coordinator: string, plan: SessionPlan<R>): void {
    super.start(sid, coordinator, { ...plan, stepper: bent(plan.stepper, crooked) })
  }
}

function crooked(said: Outgoing): readonly Outgoing[] {
  const { round, bytes } = said
  if (round === 2) bytes[bytes.length - 65] = (bytes[bytes.length - 65] ?? 0) ^ 1
  return [said]
}

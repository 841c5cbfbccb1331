/**
 * A stepper whose party computes honestly and says something else: what it sends is changed before
 * it is sealed and signed as its own.
 */

import type { Outgoing } from '../../signer-node/dkls23/protocol.ts'
import type { Stepper } from '../../signer-node/stepper.ts'

export type Twist = (said: Outgoing) => readonly Outgoing[]

export function bent<R>(stepper: Stepper<R>, twist: Twist): Stepper<R> {
  return {
    next: (inbox, answer) =>
      stepper.next(inbox, (turn) => {
        if (turn.kind !== 'sent') answer(turn)
        else answer({ kind: 'sent', outgoing: turn.outgoing.flatMap(twist) })
      }),
    end: () => stepper.end(),
  }
}

/**
 * A stepper that answers at once, as a generator: what drives, bends and ends protocols in tests does
 * the same to what a node composes of several.
 */

import type { FreshJob } from '../../signer-node/dkls23/fresh-sign.ts'
import type { Inbox, Protocol, Run } from '../../signer-node/dkls23/protocol.ts'
import type { SignatureShare } from '../../signer-node/dkls23/sign.ts'
import { freshSigning } from '../../signer-node/fresh-signing.ts'
import { here } from '../../signer-node/here.ts'
import type { Stepper, Turn } from '../../signer-node/stepper.ts'

export function* protocolOf<R>(stepper: Stepper<R>): Protocol<R> {
  let isOver = false
  const step = (inbox: Inbox): Turn<R> => {
    const turns: Turn<R>[] = []
    stepper.next(inbox, (turn) => turns.push(turn))
    const [turn, ...others] = turns
    if (turn === undefined || others.length > 0) throw new Error('expected one answer, at once')
    return turn
  }
  try {
    let turn = step([])
    for (;;) {
      if (turn.kind === 'paused') {
        turn = step([])
        continue
      }
      isOver = turn.kind !== 'sent'
      if (turn.kind === 'done') return turn.result
      if (turn.kind === 'aborted') throw turn.abort
      turn = step(yield turn.outgoing)
    }
  } finally {
    if (!isOver) stepper.end()
  }
}

/** freshOt as a node composes it, all in this thread. */
export function* freshSign(run: Run, job: FreshJob): Protocol<SignatureShare> {
  return yield* protocolOf(freshSigning(run, job, here))
}

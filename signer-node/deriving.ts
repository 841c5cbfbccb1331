// Drives work that asks for scrypt keys (sealing a Keyshare, opening one): each is derived wherever
// the node derives them, and the work goes on when it is there, perhaps in a later turn; where it
// asks for none the loop turns.
// INVARIANT: told once, unless it was ended before; after that nothing is told and nothing more is
// written, and what it held is wiped, a key that comes too late as well.
import { attempt, isRefusal, type Refusal } from '../proto/refusal.ts'
import { type Deriving, giveUp, scryptOf } from '../proto/seal.ts'
import type { Runner } from './stepper.ts'

export interface Derivation {
  /** Whether it was told, or ended. */
  readonly isOver: boolean
  end(): void
}

export interface DerivingPorts {
  readonly runner: Pick<Runner, 'scrypt'>
  readonly pause: (work: () => void) => void
}

/** Here, in this turn. */
export const atOncePorts: DerivingPorts = {
  runner: { scrypt: (job, answer) => answer(scryptOf(job)) },
  pause: (work) => work(),
}

export function derive<R>(
  work: Deriving<R>,
  { runner, pause }: DerivingPorts,
  over: (ended: R | Refusal) => void,
): Derivation {
  let isOver = false
  const go = (key?: Uint8Array): void => {
    const step = attempt(() => (key === undefined ? work.next() : work.next(key)))
    if (!isRefusal(step) && step.done !== true) {
      if (step.value === undefined) {
        pause(() => {
          if (!isOver) go()
        })
        return
      }
      runner.scrypt(step.value, (made) => {
        if (isOver) made.fill(0)
        else go(made)
      })
      return
    }
    isOver = true
    over(isRefusal(step) ? step : step.value)
  }
  go()
  return {
    get isOver() {
      return isOver
    },
    end() {
      if (!isOver) giveUp(work)
      isOver = true
    },
  }
}

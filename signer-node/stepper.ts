// How a session moves its protocol on: it hands over what arrived and is told, at once or in a
// later turn, what to send, the result, or the Abort. So a protocol may run in another thread.
// INVARIANT: every `next` is answered once, unless `end` comes first; after `end` nothing is
// answered, and the protocol has wiped what it held. Knows no envelope and no deadline.
import type { ScryptJob } from '../proto/seal.ts'
import { Abort } from './dkls23/abort.ts'
import type { Scalar } from './dkls23/curve.ts'
import type { ImportDealing, ImportTerms } from './dkls23/importing.ts'
import type { PendingKey } from './dkls23/keygen.ts'
import type { Keyshare, KeyTerms } from './dkls23/keyshare.ts'
import type { PairingSecrets } from './dkls23/pairing.ts'
import {
  type Inbox,
  type Outgoing,
  PAUSE,
  type Protocol,
  type Run,
  type Sliced,
} from './dkls23/protocol.ts'
import type { ReshareTerms } from './dkls23/reshare.ts'
import type { Secret } from './dkls23/secret.ts'

export type Whole<R> =
  | { readonly kind: 'sent'; readonly outgoing: readonly Outgoing[] }
  | { readonly kind: 'done'; readonly result: R }
  | Aborted

interface Aborted {
  readonly kind: 'aborted'
  readonly abort: Abort
}

/** Paused: it has more to compute, and is to be moved on, with nothing, in a later turn. */
export type Turn<R> = Whole<R> | { readonly kind: 'paused' }

export interface Stepper<R, T = Turn<R>> {
  next(inbox: Inbox, answer: (turn: T) => void): void
  end(): void
}

/** One that makes no pauses: what may run in another thread. */
export type WholeStepper<R> = Stepper<R, Whole<R>>

/** What makes a pending Keyshare; the owner of `old` and `own` wipes them when the run is over. */
export type KeyJob =
  | { readonly purpose: 'dkg'; readonly terms: KeyTerms }
  | { readonly purpose: 'refresh'; readonly old: Keyshare; readonly epoch: number }
  | { readonly purpose: 'reshare'; readonly terms: ReshareTerms; readonly own?: Keyshare }
  | ImportJob

/** Has no rounds, so it never leaves the thread that holds the share. */
export interface ImportJob {
  readonly purpose: 'import'
  readonly terms: ImportTerms
  readonly dealing: ImportDealing
  readonly share: Secret<Scalar>
}

/** Where the runs take place that hold no Pairing: in this thread (`here`) or in others. */
export interface Runner {
  /** Whoever takes the secrets wipes them. */
  pair(run: Run): WholeStepper<PairingSecrets>
  /** The rounds before the confirmation, which stays with the caller, and so does its nonce. */
  key(run: Run, job: KeyJob): WholeStepper<PendingKey | undefined>
  /** For sealing and opening; whoever takes the key wipes it. */
  scrypt(job: ScryptJob, answer: (key: Uint8Array) => void): void
}

/** In this thread: answers before `next` returns. */
export function stepperOf<R>(protocol: Protocol<R>): WholeStepper<R> {
  return {
    next: (inbox, answer) => answer(turnOf(protocol, inbox)),
    end: () => endProtocol(protocol),
  }
}

/** The same, with its pauses. */
export function slicedStepper<R>(protocol: Sliced<R>): Stepper<R> {
  return {
    next: (inbox, answer) => answer(slicedTurnOf(protocol, inbox)),
    end: () => endProtocol(protocol),
  }
}

export function turnOf<R>(protocol: Protocol<R>, inbox: Inbox): Whole<R> {
  return turned(() => {
    const { done, value } = protocol.next(inbox)
    return done === true ? { kind: 'done', result: value } : { kind: 'sent', outgoing: value }
  })
}

function slicedTurnOf<R>(protocol: Sliced<R>, inbox: Inbox): Turn<R> {
  return turned(() => {
    const { done, value } = protocol.next(inbox)
    if (done === true) return { kind: 'done', result: value }
    return value === PAUSE ? { kind: 'paused' } : { kind: 'sent', outgoing: value }
  })
}

function turned<T>(step: () => T): T | Aborted {
  try {
    return step()
  } catch (error) {
    if (!(error instanceof Abort)) throw error
    return { kind: 'aborted', abort: error }
  }
}

/** Throwing into a protocol lets its own declarations wipe what it holds. */
export function endProtocol(protocol: Sliced<unknown>): void {
  const over = new Abort('missing-message', 'the session is over')
  try {
    protocol.throw(over)
  } catch (error) {
    if (error !== over) throw error
  }
}

/** The same run, of which something else is made in the end. */
export function resultOf<A, B>(stepper: Stepper<A>, make: (made: A) => B): Stepper<B> {
  return {
    next: (inbox, answer) =>
      stepper.next(inbox, (turn) =>
        answer(turn.kind === 'done' ? { kind: 'done', result: make(turn.result) } : turn),
      ),
    end: () => stepper.end(),
  }
}

/** One after the other in one session: the second is made of what the first gave. */
export function andThen<A, B>(first: Stepper<A>, second: (made: A) => Stepper<B>): Stepper<B> {
  let rest: Stepper<B> | undefined
  return {
    next(inbox, answer) {
      if (rest !== undefined) {
        rest.next(inbox, answer)
        return
      }
      first.next(inbox, (turn) => {
        if (turn.kind !== 'done') {
          answer(turn)
          return
        }
        rest = second(turn.result)
        rest.next([], answer)
      })
    },
    end: () => (rest ?? first).end(),
  }
}

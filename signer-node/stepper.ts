// How a session moves its protocol on: it hands over what arrived and is told, at once or in a
// later turn, what to send, the result, or the Abort. So a protocol may run in another thread.
// INVARIANT: every `next` is answered once, unless `end` comes first; after `end` nothing is
// answered, and the protocol has wiped what it held. Knows no envelope and no deadline.
import { Abort } from './dkls23/abort.ts'
import type { Scalar } from './dkls23/curve.ts'
import type { ImportDealing, ImportTerms } from './dkls23/importing.ts'
import type { PendingKey } from './dkls23/keygen.ts'
import type { Keyshare, KeyTerms } from './dkls23/keyshare.ts'
import type { PairingSecrets } from './dkls23/pairing.ts'
import { type Inbox, type Outgoing, PAUSE, type Protocol, type Run } from './dkls23/protocol.ts'
import type { ReshareTerms } from './dkls23/reshare.ts'
import type { Secret } from './dkls23/secret.ts'

export type Turn<R> =
  | { readonly kind: 'sent'; readonly outgoing: readonly Outgoing[] }
  /** It has more to compute, and is to be moved on, with nothing, in a later turn. */
  | { readonly kind: 'paused' }
  | { readonly kind: 'done'; readonly result: R }
  | { readonly kind: 'aborted'; readonly abort: Abort }

export interface Stepper<R> {
  next(inbox: Inbox, answer: (turn: Turn<R>) => void): void
  end(): void
}

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
  pair(run: Run): Stepper<PairingSecrets>
  /** The rounds before the confirmation, which stays with the caller, and so does its nonce. */
  key(run: Run, job: KeyJob): Stepper<PendingKey | undefined>
}

/** In this thread: answers before `next` returns. */
export function stepperOf<R>(protocol: Protocol<R>): Stepper<R> {
  return {
    next: (inbox, answer) => answer(turnOf(protocol, inbox)),
    end: () => endProtocol(protocol),
  }
}

export function turnOf<R>(protocol: Protocol<R>, inbox: Inbox): Turn<R> {
  try {
    const { done, value } = protocol.next(inbox)
    if (done === true) return { kind: 'done', result: value }
    return value === PAUSE ? { kind: 'paused' } : { kind: 'sent', outgoing: value }
  } catch (error) {
    if (!(error instanceof Abort)) throw error
    return { kind: 'aborted', abort: error }
  }
}

/** Throwing into a protocol lets its own declarations wipe what it holds. */
export function endProtocol(protocol: Protocol<unknown>): void {
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

/** One after the other in one session: the second begins, in this thread, with what was made. */
export function andThen<A, B>(first: Stepper<A>, second: (made: A) => Protocol<B>): Stepper<B> {
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
        rest = stepperOf(second(turn.result))
        rest.next([], answer)
      })
    },
    end: () => (rest ?? first).end(),
  }
}

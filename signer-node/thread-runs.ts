// The runs of one worker thread: the protocols that hold no Pairing, each begun, moved on step by
// step, and ended, by the words of the node (`thread-words.ts`).
// INVARIANT: whatever secret came in or was made is wiped here when its run ends, however it ends.
// Knows no thread: what it is told is not sent by it, and what it says is sent by `thread.ts`.
import type { Curve } from './dkls23/curve.ts'
import type { PendingKey } from './dkls23/keygen.ts'
import { Keyshare } from './dkls23/keyshare.ts'
import { agreePairing } from './dkls23/pair-setup.ts'
import type { PairingSecrets } from './dkls23/pairing.ts'
import type { Inbox, Protocol, Run } from './dkls23/protocol.ts'
import { SessionRandomness } from './dkls23/randomness.ts'
import { Secret, SecretScope } from './dkls23/secret.ts'
import { keyProtocol } from './here.ts'
import { endProtocol, type ImportJob, type KeyJob, turnOf, type Whole } from './stepper.ts'
import {
  abortWords,
  type FromThread,
  movable,
  pairingParts,
  type ToThread,
  type Work,
  wipe,
} from './thread-words.ts'

type Begin = Extract<ToThread, { readonly ask: 'begin' }>
type Next = Extract<ToThread, { readonly ask: 'next' }>
type KeyWork = Exclude<Work, { readonly purpose: 'pair' }>
type Job = Exclude<KeyJob, ImportJob>

export class ThreadRuns {
  readonly #curve: Curve
  readonly #running = new Map<number, Running>()

  constructor(curve: Curve) {
    this.#curve = curve
  }

  get count(): number {
    return this.#running.size
  }

  hear(said: ToThread): FromThread | undefined {
    switch (said.ask) {
      case 'begin':
        this.#running.set(said.id, begin(this.#curve, said))
        return undefined
      case 'next':
        return this.#next(said)
      case 'end':
        this.#close(said.id)
        return undefined
    }
  }

  #next({ id, inbox, moved }: Next): FromThread {
    const run = this.#running.get(id)
    if (run === undefined) throw new Error('a run is begun before its first step')
    const messages = inbox.map((head, at) => {
      return { ...head, bytes: run.received.keep(moved[at] ?? new Uint8Array()) }
    })
    const answer = run.next(messages)
    if (answer.turn !== 'sent') this.#close(id)
    return answer
  }

  #close(id: number): void {
    this.#running.get(id)?.[Symbol.dispose]()
    this.#running.delete(id)
  }
}

/** One run, and the words of each of its turns. */
interface Running extends Disposable {
  next(inbox: Inbox): FromThread
  /** Wiped when it is over: a protocol may look at what it received until its end. */
  readonly received: SecretScope
}

function begin(curve: Curve, { id, place, work, moved }: Begin): Running {
  const [key = new Uint8Array(), old] = moved
  const randomness = new SessionRandomness(new Secret(key), curve)
  const run: Run = { ...place, curve, randomness }
  if (work.purpose === 'pair') {
    return runningOf(id, { protocol: agreePairing(run), done: pairDone, secrets: [randomness] })
  }
  const job = jobOf(curve, work, old)
  wipe(moved)
  const secrets = [randomness, ...shareOf(job)]
  return runningOf(id, { protocol: keyProtocol(run, job), done: keyDone, secrets })
}

interface Plan<R> {
  readonly protocol: Protocol<R>
  readonly done: (id: number, result: R) => FromThread
  readonly secrets: readonly Disposable[]
}

function runningOf<R>(id: number, { protocol, done, secrets }: Plan<R>): Running {
  const received = new SecretScope()
  return {
    received,
    next: (inbox) => wordsOf(id, turnOf(protocol, inbox), done),
    [Symbol.dispose]: () => {
      endProtocol(protocol)
      for (const secret of [received, ...secrets]) secret[Symbol.dispose]()
    },
  }
}

function wordsOf<R>(id: number, turn: Whole<R>, done: Plan<R>['done']): FromThread {
  switch (turn.kind) {
    case 'sent': {
      const { outgoing } = turn
      const moved = outgoing.map(({ bytes }) => movable(bytes))
      return { turn: 'sent', id, outgoing: outgoing.map(({ round, to }) => ({ round, to })), moved }
    }
    case 'done':
      return done(id, turn.result)
    case 'aborted':
      return abortWords(turn.abort, id)
  }
}

function pairDone(id: number, made: PairingSecrets): FromThread {
  const moved = pairingParts(made).map(movable)
  wipe(pairingParts(made))
  return { turn: 'done', id, moved }
}

/** Nothing is moved when this party dealt and received nothing. */
function keyDone(id: number, pending: PendingKey | undefined): FromThread {
  if (pending === undefined) return { turn: 'done', id, moved: [] }
  using keyshare = pending.keyshare
  using encoded = keyshare.encode()
  const moved = [movable(encoded.bytes), movable(pending.confirmation)]
  return { turn: 'done', id, moved, round: pending.round }
}

/** A share that is missing is malformed. */
function jobOf(curve: Curve, work: KeyWork, old: Uint8Array = new Uint8Array()): Job {
  switch (work.purpose) {
    case 'dkg':
      return work
    case 'refresh':
      return { ...work, old: Keyshare.parse(curve, old) }
    case 'reshare':
      return old.length === 0 ? work : { ...work, own: Keyshare.parse(curve, old) }
  }
}

function shareOf(job: Job): readonly Keyshare[] {
  if (job.purpose === 'dkg') return []
  const share = job.purpose === 'refresh' ? job.old : job.own
  return share === undefined ? [] : [share]
}

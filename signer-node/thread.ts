// A worker thread of a node: runs the protocols that hold no Pairing, on a curve and an instance of
// the compiled core of its own (`threads.ts` is the other end).
// INVARIANT: whatever secret came in or was made is wiped here when its run ends, however it ends.
// A bug is not caught: it ends this thread, and with it every run that it had.
import { parentPort, workerData } from 'node:worker_threads'
import type { PendingKey } from './dkls23/keygen.ts'
import { Keyshare } from './dkls23/keyshare.ts'
import { agreePairing } from './dkls23/pair-setup.ts'
import type { PairingSecrets } from './dkls23/pairing.ts'
import type { Inbox, Protocol, Run } from './dkls23/protocol.ts'
import { SessionRandomness } from './dkls23/randomness.ts'
import { Secret, SecretScope } from './dkls23/secret.ts'
import { keyProtocol } from './here.ts'
import { endProtocol, type ImportJob, type KeyJob, type Turn, turnOf } from './stepper.ts'
import {
  abortWords,
  buffersOf,
  type FromThread,
  movable,
  pairingParts,
  parseBirth,
  parseToThread,
  type ToThread,
  type Work,
  wipe,
} from './thread-words.ts'
import { chooseCurve } from './twin.ts'

const birth = parseBirth(workerData)
const { curve } = chooseCurve(birth.curve)
curve.points.blind(birth.blinding)
birth.blinding.fill(0)
const running = new Map<number, Running>()

parentPort?.on('message', (words: unknown) => {
  const said = parseToThread(words)
  switch (said.ask) {
    case 'begin':
      running.set(said.id, begin(said))
      return
    case 'next':
      next(said)
      return
    case 'end':
      close(said.id)
      return
  }
})

/** One run, and the words of each of its turns. */
interface Running extends Disposable {
  next(inbox: Inbox): FromThread
  /** Wiped when it is over: a protocol may look at what it received until its end. */
  readonly received: SecretScope
}

function next({ id, inbox, moved }: Extract<ToThread, { readonly ask: 'next' }>): void {
  const run = running.get(id)
  if (run === undefined) throw new Error('a run is begun before its first step')
  const messages = inbox.map((head, at) => {
    return { ...head, bytes: run.received.keep(moved[at] ?? new Uint8Array()) }
  })
  const answer = run.next(messages)
  if (answer.turn !== 'sent') close(id)
  parentPort?.postMessage(answer, buffersOf(answer.moved))
}

function close(id: number): void {
  running.get(id)?.[Symbol.dispose]()
  running.delete(id)
}

function begin({ id, place, work, moved }: Extract<ToThread, { readonly ask: 'begin' }>): Running {
  const [key = new Uint8Array(), old] = moved
  const randomness = new SessionRandomness(new Secret(key), curve)
  const run: Run = { ...place, curve, randomness }
  if (work.purpose === 'pair') {
    return runningOf(id, { protocol: agreePairing(run), done: pairDone, secrets: [randomness] })
  }
  const own = old === undefined ? undefined : Keyshare.parse(curve, old)
  wipe(moved)
  const protocol = keyProtocol(run, jobOf(work, own))
  const secrets = own === undefined ? [randomness] : [randomness, own]
  return runningOf(id, { protocol, done: keyDone, secrets })
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

function wordsOf<R>(id: number, turn: Turn<R>, done: Plan<R>['done']): FromThread {
  switch (turn.kind) {
    case 'sent': {
      const { outgoing } = turn
      const moved = outgoing.map(({ bytes }) => movable(bytes))
      return { turn: 'sent', id, outgoing: outgoing.map(({ round, to }) => ({ round, to })), moved }
    }
    case 'paused':
      throw new Error('what runs in a thread makes no pauses')
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

function jobOf(
  work: Exclude<Work, { readonly purpose: 'pair' }>,
  own?: Keyshare,
): Exclude<KeyJob, ImportJob> {
  switch (work.purpose) {
    case 'dkg':
      return work
    case 'refresh':
      if (own === undefined) throw new Error('a refresh has an old share')
      return { ...work, old: own }
    case 'reshare':
      return own === undefined ? work : { ...work, own }
  }
}

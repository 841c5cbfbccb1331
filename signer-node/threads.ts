// The worker threads of a node: pair set-ups and the dealing of keys run there, so that no slice of
// them stands on the loop that serves (`thread.ts` is the other end).
// INVARIANT: K and an old Keyshare go there as copies that are moved; what comes back is moved too,
// and wiped here when nobody waits for it any more. A thread that dies fails its runs, blames
// nobody, and is replaced when the next run begins. It confirms no key and holds no Pairing.
import { Worker } from 'node:worker_threads'
import { scryptLater } from '../proto/crypto.ts'
import { limits } from '../proto/limits.ts'
import type { ScryptJob } from '../proto/seal.ts'
import { Abort } from './dkls23/abort.ts'
import type { Curve } from './dkls23/curve.ts'
import type { PendingKey } from './dkls23/keygen.ts'
import { Keyshare } from './dkls23/keyshare.ts'
import type { PairingSecrets } from './dkls23/pairing.ts'
import type { Inbox, Run } from './dkls23/protocol.ts'
import { here } from './here.ts'
import type { Clock, Event, Random } from './ports.ts'
import type { ImportJob, KeyJob, Runner, Whole, WholeStepper } from './stepper.ts'
import {
  abortOf,
  type Birth,
  buffersOf,
  cutPlace,
  cutWork,
  type FromThread,
  movable,
  pairingOfParts,
  parseFromThread,
  type ToThread,
  type Work,
  wipe,
} from './thread-words.ts'

export interface ThreadsNeeds {
  /** How many at most; each is started when it is first needed. */
  readonly count: number
  readonly curve: Birth['curve']
  readonly random: Random
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly report: (event: Event) => void
}

const blindingBytes = 32

export class Threads implements Runner {
  readonly #needs: ThreadsNeeds
  readonly #threads: (Thread | undefined)[]
  #next = 0
  #derived: Promise<void> = Promise.resolve()

  constructor(needs: ThreadsNeeds) {
    this.#needs = needs
    this.#threads = Array.from({ length: needs.count }, () => undefined)
  }

  pair(run: Run): WholeStepper<PairingSecrets> {
    const read = ({ moved }: Done): PairingSecrets => pairingOfParts(moved)
    return this.#begin({ run, work: { purpose: 'pair' }, read })
  }

  key(run: Run, job: KeyJob): WholeStepper<PendingKey | undefined> {
    if (job.purpose === 'import') return here.key(run, job)
    const [work, old] = workOf(job)
    const read = (done: Done): PendingKey | undefined => pendingOf(run.curve, done)
    return this.#begin({ run, work, old, read })
  }

  /** In the runtime's own threads, one after the other: each takes 128 MiB. */
  scrypt({ passphrase, salt, cost }: ScryptJob, answer: (key: Uint8Array) => void): void {
    const made = this.#derived.then(() => scryptLater(passphrase, salt, cost))
    // What it cannot do, or what the answer throws, is a bug: the process stops.
    this.#derived = made.then(answer)
  }

  /** To be called now and then: ends a thread that hangs, and one that has long had no work. */
  tick(): void {
    for (const [at, thread] of this.#threads.entries()) {
      thread?.tick()
      if (thread?.isIdle !== true) continue
      this.#threads[at] = undefined
      void thread.stop()
    }
  }

  /** Every run is failed, and nothing is left running. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread?.stop()))
  }

  #begin<R>({ run, work, old, read }: Beginning<R>): WholeStepper<R> {
    using key = run.randomness.lend()
    using encoded = old?.encode()
    const moved = [key, ...(encoded === undefined ? [] : [encoded])].map(({ bytes }) =>
      movable(bytes),
    )
    const id = this.#next
    this.#next += 1
    const thread = this.#leastBusy()
    thread.say({ ask: 'begin', id, place: cutPlace(run), work: cutWork(work), moved })
    return new FarStepper(thread, id, read)
  }

  #leastBusy(): Thread {
    const places = this.#threads.map((thread, at) => ({ at, thread, load: thread?.load ?? 0 }))
    const [first] = places.sort((a, b) => a.load - b.load)
    if (first === undefined) throw new RangeError('there is at least one thread')
    if (first.thread !== undefined) return first.thread
    const born = new Thread(this.#needs, (because) => {
      this.#threads[first.at] = undefined
      this.#needs.report({ level: 'alarm', name: 'thread-died', because })
    })
    this.#threads[first.at] = born
    return born
  }
}

interface Beginning<R> {
  readonly run: Run
  readonly work: Work
  readonly old?: Keyshare | undefined
  readonly read: (done: Done) => R
}

type Done = Extract<FromThread, { readonly turn: 'done' }>

/** One thread, and who waits for its words. */
class Thread {
  readonly #worker: Worker
  readonly #clock: ThreadsNeeds['clock']
  readonly #died: (because: string) => void
  readonly #waiting = new Map<number, (words: FromThread | undefined) => void>()
  /** Steps that it was asked for and has not answered, whoever still waits for them. */
  #owed = 0
  #lastWordMs: number
  #isDead = false

  constructor({ curve, random, clock }: ThreadsNeeds, died: (because: string) => void) {
    const blinding = movable(random(blindingBytes))
    this.#clock = clock
    this.#lastWordMs = clock.monotonicMs()
    this.#died = died
    this.#worker = new Worker(new URL('./thread.ts', import.meta.url), {
      workerData: { curve, blinding } satisfies Birth,
      transferList: [blinding.buffer],
    })
    // A node that stops does not wait for its threads.
    this.#worker.unref()
    this.#worker.on('message', (words: unknown) => this.#heard(parseFromThread(words)))
    this.#worker.on('error', (error: unknown) => {
      this.#die(error instanceof Error ? error.message : 'an unknown error')
    })
    this.#worker.on('exit', () => this.#die('it ended by itself'))
  }

  /** Runs that it has. */
  load = 0

  say(words: ToThread): void {
    if (this.#isDead) {
      wipe(words.moved)
      return
    }
    if (words.ask === 'next') {
      if (this.#owed === 0) this.#lastWordMs = this.#clock.monotonicMs()
      this.#owed += 1
    }
    this.#worker.postMessage(words, [...buffersOf(words.moved)])
  }

  /** The next words about this run; nothing when the thread is dead. */
  hear(id: number, hearer: (words: FromThread | undefined) => void): void {
    if (this.#isDead) hearer(undefined)
    else this.#waiting.set(id, hearer)
  }

  forget(id: number): void {
    this.#waiting.delete(id)
  }

  /** Every session of its runs is over by then; the next ones would wait for it as well. */
  tick(): void {
    const silentMs = this.#clock.monotonicMs() - this.#lastWordMs
    if (this.#owed === 0 || silentMs < limits.threadSilenceMs) return
    this.#die(`it said nothing for ${limits.threadSilenceMs} ms`)
    void this.#worker.terminate()
  }

  /** Without work for so long that it costs more than another. */
  get isIdle(): boolean {
    const silentMs = this.#clock.monotonicMs() - this.#lastWordMs
    return this.load === 0 && this.#owed === 0 && silentMs >= limits.threadIdleMs
  }

  async stop(): Promise<void> {
    this.#fall()
    await this.#worker.terminate()
  }

  #heard(words: FromThread): void {
    this.#owed -= 1
    this.#lastWordMs = this.#clock.monotonicMs()
    const hearer = this.#waiting.get(words.id)
    this.#waiting.delete(words.id)
    // Nobody asked, or nobody waits any more.
    if (this.#isDead || hearer === undefined) wipe(words.moved)
    else hearer(words)
  }

  #die(because: string): void {
    if (this.#isDead) return
    // First: whoever hears that its run failed may begin the next one at once.
    this.#died(because)
    this.#fall()
  }

  #fall(): void {
    this.#isDead = true
    const hearers = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const hearer of hearers) hearer(undefined)
  }
}

class FarStepper<R> implements WholeStepper<R> {
  readonly #thread: Thread
  readonly #id: number
  readonly #read: (done: Done) => R
  /** What the session sends now; wiped when it goes on, as a protocol here would do. */
  #sent: readonly Uint8Array[] = []
  #isOver = false

  constructor(thread: Thread, id: number, read: (done: Done) => R) {
    this.#thread = thread
    this.#id = id
    this.#read = read
    thread.load += 1
  }

  next(inbox: Inbox, answer: (turn: Whole<R>) => void): void {
    wipe(this.#sent)
    const [thread, id] = [this.#thread, this.#id]
    thread.hear(id, (words) => answer(this.#turn(words)))
    const heads = inbox.map(({ round, from }) => ({ round, from }))
    const moved = inbox.map(({ bytes }) => movable(bytes))
    thread.say({ ask: 'next', id, inbox: heads, moved })
  }

  end(): void {
    wipe(this.#sent)
    this.#thread.forget(this.#id)
    this.#thread.say({ ask: 'end', id: this.#id, moved: [] })
    this.#finish()
  }

  #turn(words: FromThread | undefined): Whole<R> {
    if (words?.turn === 'sent') {
      const outgoing = words.outgoing.map((head, at) => {
        return { ...head, bytes: words.moved[at] ?? new Uint8Array() }
      })
      this.#sent = words.moved
      return { kind: 'sent', outgoing }
    }
    this.#finish()
    if (words?.turn === 'done') return { kind: 'done', result: this.#read(words) }
    const died = 'the thread that computed it died'
    return { kind: 'aborted', abort: words ? abortOf(words) : new Abort('missing-message', died) }
  }

  #finish(): void {
    if (!this.#isOver) this.#thread.load -= 1
    this.#isOver = true
  }
}

function workOf(job: Exclude<KeyJob, ImportJob>): readonly [Work, Keyshare | undefined] {
  switch (job.purpose) {
    case 'dkg':
      return [job, undefined]
    case 'refresh':
      return [{ purpose: 'refresh', epoch: job.epoch }, job.old]
    case 'reshare':
      return [{ purpose: 'reshare', terms: job.terms }, job.own]
  }
}

/** Checked again as a whole, like a Keyshare from a disk. */
function pendingOf(curve: Curve, { moved, round }: Done): PendingKey | undefined {
  const [encoded, confirmation] = moved
  if (encoded === undefined || confirmation === undefined || round === undefined) return undefined
  const keyshare = Keyshare.parse(curve, encoded)
  encoded.fill(0)
  return { keyshare, confirmation, round }
}

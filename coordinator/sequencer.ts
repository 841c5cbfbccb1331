// The sequencer: proposals to lines. A run starts at once when something waits and takes everything
// that is there, so it batches by itself under load. Any coordinator may run it at any time; what
// is right rests on the head's lock and on the fold (the walk, 4), never on who runs.
// INVARIANT: listeners hear of lines after their commit; nothing is appended while a witness is
// ahead of the database, because then the database lost commits.
import type { Entry } from '../policy/audit/entry.ts'
import { toHex } from '../proto/crypto.ts'
import { text } from '../proto/jcs.ts'
import { limits } from '../proto/limits.ts'
import { Unavailable } from '../proto/unavailable.ts'
import type { Random } from './ports.ts'
import { type Answer, type Proposal, readAnswer } from './proposal.ts'
import { type RunPorts, run, type Waiting } from './run.ts'
import { putInbox, readOutcome } from './store/inbox.ts'
import { type LogHead, readHead } from './store/lines.ts'

export interface SequencerPorts extends RunPorts {
  readonly random: Random
}

export type Listener = (entries: readonly Entry[]) => void

interface Waiter {
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

export class Sequencer {
  readonly #ports: SequencerPorts
  readonly #listeners: Listener[] = []
  readonly #waiters = new Map<string, Waiter>()
  #local: Waiting[] = []
  #running: Promise<void> | undefined
  #again = false
  #held = ''

  constructor(ports: SequencerPorts) {
    this.#ports = ports
  }

  /** Why nothing is appended; empty while all is well. */
  get held(): string {
    return this.#held
  }

  /** Called after every commit with this run's lines; others' lines are in the tree before them. */
  onLines(listener: Listener): void {
    this.#listeners.push(listener)
  }

  /** Stops appending until `resume`; what is durable waits, the rest is turned away. */
  hold(because: string): void {
    this.#held = because
    this.#ports.report({ level: 'alarm', name: 'sequencer.held', because })
  }

  resume(): void {
    this.#held = ''
    this.kick()
  }

  /** For steps that can be found again from the lines: not durable before its lines are. */
  propose(proposal: Proposal): Promise<Answer> {
    const id = this.#newId()
    const { kind, content, blobs = [] } = proposal
    const answer = this.#answerTo(id)
    this.#local.push({ id, kind, content: text(content), blobs })
    this.kick()
    return answer
  }

  /** For what others sent: durable when `stored` resolves; the answer comes when a run took it. */
  async submit(proposal: Proposal): Promise<{ readonly answer: Promise<Answer> }> {
    const id = this.#newId()
    const { kind, content, blobs = [] } = proposal
    // A run may take the row before the insert has returned here.
    const answer = this.#answerTo(id)
    try {
      await putInbox(this.#ports.store, { id, kind, content: text(content) }, blobs)
    } catch (error) {
      this.#waiters.delete(id)
      throw error
    }
    this.kick()
    return { answer }
  }

  /** Starts a run, or another one after the present one. Never rejects. */
  kick(): Promise<void> {
    this.#again = true
    this.#running ??= this.#runAll().finally(() => {
      this.#running = undefined
      if (this.#again) this.kick()
    })
    return this.#running
  }

  /** Takes notice of lines that another coordinator wrote, or that were there at start. */
  async refresh(): Promise<LogHead> {
    const { store, origin, tree } = this.#ports
    const head = await readHead(store, origin)
    // A run fills the tree itself, under the lock; two at once would fill it twice.
    if (this.#running !== undefined) await this.#running
    else if (head.size > tree.size) {
      this.#running = this.#fill(head.size).finally(() => {
        this.#running = undefined
        if (this.#again) this.kick()
      })
      await this.#running
    }
    return head
  }

  /** Time passed: a quiet log gets a heartbeat. */
  async tick(): Promise<void> {
    const head = await this.refresh()
    const quietMs = this.#ports.clock.now() - head.t
    if (head.size > 0 && this.#held === '' && quietMs >= limits.logHeartbeatMs) {
      await this.propose({ kind: 'heartbeat', content: {} })
    }
    await this.kick()
  }

  async #fill(size: number): Promise<void> {
    const { store, origin, tree } = this.#ports
    await tree.fill(store, origin, size)
    this.#tell([])
  }

  async #runAll(): Promise<void> {
    while (this.#again) {
      this.#again = false
      const local = this.#local
      this.#local = []
      try {
        await this.#runOnce(local)
      } catch (error) {
        this.#fail(local, error)
        return
      }
    }
    await this.#fetchAnswers()
  }

  async #runOnce(local: readonly Waiting[]): Promise<void> {
    if (this.#held !== '') throw new Unavailable(this.#held, 'AUDIT_UNAVAILABLE')
    const { tree } = this.#ports
    const before = tree.size
    const { entries, answers } = await run(this.#ports, local)
    for (const [id, answer] of answers) this.#settle(id, answer)
    if (tree.size > before) this.#tell(entries)
  }

  #fail(local: readonly Waiting[], error: unknown): void {
    const because = error instanceof Error ? error.message : 'unknown'
    this.#ports.report({ level: 'warn', name: 'sequencer.failed', because })
    for (const { id } of local) {
      this.#waiters.get(id)?.reject(error)
      this.#waiters.delete(id)
    }
  }

  /** A row of ours may have been taken by another coordinator: then its answer is in the table. */
  async #fetchAnswers(): Promise<void> {
    for (const id of [...this.#waiters.keys()]) {
      const written = await readOutcome(this.#ports.store, id).catch(() => undefined)
      if (written !== undefined) this.#settle(id, readAnswer(written))
    }
  }

  #settle(id: string, answer: Answer): void {
    this.#waiters.get(id)?.resolve(answer)
    this.#waiters.delete(id)
  }

  #tell(entries: readonly Entry[]): void {
    for (const listener of this.#listeners) listener(entries)
  }

  #answerTo(id: string): Promise<Answer> {
    return new Promise((resolve, reject) => this.#waiters.set(id, { resolve, reject }))
  }

  #newId(): string {
    return toHex(this.#ports.random(16))
  }
}

// Changes that are approved and ripe: the order is issued, judged here exactly as every node will,
// and handed to whoever drives the nodes. What the nodes confirm becomes the line, which carries
// the order with it. The driver is a port: it knows sessions and frames, this file knows none.
// INVARIANT: one drive of a request at a time in this process, and by leases mostly one among all
// coordinators: two hinder each other at the nodes, each of which begins the one's run or the
// other's. They are harmless, because the first line ends the request.
import type { EntryType } from '../policy/audit/bodies.ts'
import { requestView } from '../policy/audit/history.ts'
import type { Reigns } from '../policy/audit/reigns.ts'
import { witnessedIn } from '../policy/audit/witnessed.ts'
import type { Own } from '../policy/check-lines.ts'
import { tableClock } from '../policy/cold.ts'
import { type Admission, admitWork, isCovered, refreshNamed } from '../policy/covered-refresh.ts'
import type { Rulebook } from '../policy/rulebook.ts'
import type { RequestView } from '../policy/view.ts'
import { fromUtf8 } from '../proto/crypto.ts'
import type { Digest } from '../proto/ids.ts'
import type { JsonObject } from '../proto/jcs.ts'
import { isRefusal, type Refusal, refusal } from '../proto/refusal.ts'
import { ceremonyNote } from './ceremony/cold.ts'
import { orderOf } from './desk/change-case.ts'
import { gatherChange } from './desk/request.ts'
import type { RulesMemory } from './desk/rules.ts'
import type { Notes, Written } from './driver.ts'
import { ownMoment } from './own-moment.ts'
import type { Copy } from './page.ts'
import type { Clock, Random, Report } from './ports.ts'
import type { Answer } from './proposal.ts'
import type { Sequencer } from './sequencer.ts'
import { dropLease, takeLease } from './store/jobs.ts'
import type { Store } from './store/store.ts'
import type { Tree } from './tree.ts'

export interface ChangesPorts {
  readonly copy: Copy
  readonly memory: RulesMemory
  readonly tree: Tree
  readonly clock: Clock
  readonly random: Random
  readonly report: Report
  readonly sequencer: Sequencer
  readonly notes: Notes
  readonly store: Store
  /** Name of this process among all coordinators; whoever has it renews its leases. */
  readonly owner: string
}

/** An approved change in the hands of its driver. */
export interface RipeChange {
  readonly admitted: Admission
  /** What the nodes confirm it under. */
  readonly named: Digest
  /** Canonical bytes, as they go to the nodes. */
  readonly order: Uint8Array
  readonly rulebook: Rulebook
  /** Appends the line that the nodes confirmed; `change` and `order` are filled in. */
  readonly carryOut: (type: EntryType, body: JsonObject, beside?: Beside) => Promise<Answer>
}

/** Receipts that come before the line, what lies beside the log with it, and what it encloses. */
export type Beside = Pick<Written, 'receipts' | 'blobs'> & {
  readonly documents?: readonly string[]
}

/** An order that everybody would accept now, with what it was judged to be. */
export type Issued = Pick<RipeChange, 'admitted' | 'order' | 'rulebook'>

/** Lets the nodes do it. A Refusal is why it did not come to a line; it is tried again. */
export type ChangeDriver = (ripe: RipeChange) => Promise<Refusal | undefined>

/** When, and at which table, it is judged. */
type Standpoint = (view: RequestView, now: number) => Pick<Own, 'clockMs' | 'ceremony'>

/** Doubled with each drive without a line: nodes that cannot are not asked again at once. */
const restMs = 1_000
const restMsMax = 30_000

export class Changes {
  readonly #ports: ChangesPorts
  readonly #rests = new Map<Digest, { readonly ms: number; readonly until: number }>()
  readonly #running = new Map<Digest, Promise<void>>()
  #driver: ChangeDriver

  constructor(ports: ChangesPorts, driver: ChangeDriver) {
    this.#ports = ports
    this.#driver = driver
  }

  /** From the next drive on. */
  drivenBy(driver: ChangeDriver): void {
    this.#driver = driver
  }

  /**
   * A change that waits for nothing but its driver; resolves when this drive has ended, or at once
   * while another coordinator drives it.
   */
  async drive(id: Digest): Promise<void> {
    if (this.#ports.clock.now() < (this.#rests.get(id)?.until ?? 0)) return
    const running = this.#running.get(id) ?? this.#drive(id).finally(() => this.#running.delete(id))
    this.#running.set(id, running)
    await running
  }

  isRunning(id: Digest): boolean {
    return this.#running.has(id)
  }

  /** Ends when running drives have. */
  async stop(): Promise<void> {
    await Promise.allSettled(this.#running.values())
  }

  async #drive(id: Digest): Promise<void> {
    const { notes, report, clock } = this.#ports
    const driven = await this.#alone(id).catch((error: unknown) => {
      const because = error instanceof Error ? error.message : 'unknown'
      report({ level: 'alarm', name: 'change.failed', because, intent: id })
      return refusal('INTERNAL', 'the drive of the change broke')
    })
    if (driven === 'elsewhere') return
    if (driven === undefined) this.#forget(id)
    else {
      const ms = Math.min(restMsMax, 2 * (this.#rests.get(id)?.ms ?? restMs))
      this.#rests.set(id, { ms, until: clock.now() + ms })
      notes.set(id, driven)
    }
  }

  /** The lease is given back after every drive: others may have the nodes that are missing here. */
  async #alone(id: Digest): Promise<Refusal | undefined | 'elsewhere'> {
    const { store, clock, random, owner } = this.#ports
    if (!(await takeLease(store, id, { owner, now: clock.now() }))) return 'elsewhere'
    try {
      // Whatever hindered the last drive may have begun at the same moment, and would again.
      if (this.#rests.has(id)) await clock.sleep(ownMoment(random, restMs))
      return await this.#attempt(id)
    } finally {
      await dropLease(store, id, owner)
    }
  }

  #forget(id: Digest): void {
    this.#ports.notes.delete(id)
    this.#rests.delete(id)
  }

  /** For a room where it is carried out: judged as the stations will, when it opens. */
  issue(id: Digest): Promise<Issued | Refusal> {
    return this.#issue(id, (view, now) => {
      const { ceremony } = view
      const table = ceremony && { ceremony: { plan: ceremony.plan, signers: [] } }
      return { clockMs: tableClock(view, now), ...table }
    })
  }

  async #issue(id: Digest, at: Standpoint): Promise<Issued | Refusal> {
    const { copy, memory, clock } = this.#ports
    const the = await gatherChange(copy, memory, id)
    const order = orderOf(the, clock.now())
    const admitted = await this.#admit(id, { order, reigns: the.reigns, at })
    if (!isRefusal(admitted)) return { admitted, order, rulebook: the.inForce.rulebook }
    return refusal(admitted.code, admitted.because, admitted.rule)
  }

  async #attempt(id: Digest): Promise<Refusal | undefined> {
    const issued = await this.#issue(id, (_view, clockMs) => ({ clockMs }))
    // Whether one is planned or not, nothing is driven from here.
    if (isRefusal(issued)) return issued.code === 'CEREMONY' ? ceremonyNote : issued
    const { admitted, order } = issued
    const carryOut: RipeChange['carryOut'] = (type, body, beside = {}) =>
      this.#write(type, { ...body, change: id, order: admitted.order }, { order, ...beside })
    const named = isCovered(admitted) ? refreshNamed(id) : id
    return this.#driver({ ...issued, named, carryOut })
  }

  async #admit(
    id: Digest,
    { order, reigns, at }: { order: Uint8Array; reigns: Reigns; at: Standpoint },
  ) {
    const { copy, clock, tree } = this.#ports
    const rootAt = (size: number) => (size <= tree.size ? tree.root(size) : undefined)
    const view = await copy.read(requestView(id))
    return admitWork({
      order,
      own: {
        view,
        ...at(view, clock.now()),
        frozenLocally: false,
        witnessedAt: (seq, heads) => witnessedIn({ reigns, rootAt }, seq, heads),
      },
    })
  }

  /** The order travels with its line, and is kept beside the log for auditors. */
  #write(
    type: EntryType,
    body: JsonObject & { order: Digest },
    { order, receipts = [], blobs = [], documents = [] }: Beside & { readonly order: Uint8Array },
  ) {
    const text = fromUtf8(order) ?? ''
    return this.#ports.sequencer.propose({
      kind: 'lines',
      content: {
        receipts: [...receipts],
        lines: [{ actor: 'coordinator', type, body }],
        documents: [text, ...documents],
      },
      blobs: [{ digest: body.order, kind: 'order', content: order }, ...blobs],
    })
  }
}

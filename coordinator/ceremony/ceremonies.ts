// Ceremonies of a cold log, from the approved plan to what came of it: the line that plans one, the
// Bundle that goes in, the Bundle that comes out, the end. The rooms are nowhere near: nothing here
// reaches a station, and everything that a station must see is in the log first.
// INVARIANT: what the lines say is all that is remembered; whatever is killed half-way, the same
// call goes on where the lines stand, and gives the same answer once it is done.
import { below, get, tables } from '../../policy/audit/tables.ts'
import { type BundleFiles, manifestName, readBundle } from '../../policy/ceremony/bundle.ts'
import type { BundleIn } from '../../policy/ceremony/bundle-in.ts'
import { mainFault, readMainHead } from '../../policy/ceremony/main-head.ts'
import { type Plan, parsePlan, type ReadPlan } from '../../policy/ceremony/plan.ts'
import type { TermsOf } from '../../policy/change.ts'
import type { CeremonyRow } from '../../policy/view.ts'
import { fromUtf8 } from '../../proto/crypto.ts'
import type { Digest, Handle } from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { isReasonCode } from '../../proto/reasons.ts'
import { attempt, isRefusal, type Refusal, refusal, refuse } from '../../proto/refusal.ts'
import { writeTime } from '../../proto/shape.ts'
import type { Changes, RipeChange } from '../changes.ts'
import { type DriverPorts, writeLines } from '../driver.ts'
import { readBlob } from '../store/blobs.ts'
import {
  type BundlePart,
  dropBundle,
  readBundle as keptBundle,
  putBundle,
  putBundlePart,
} from '../store/bundle-parts.ts'
import type { Store } from '../store/store.ts'
import { type BundleInPorts, makeBundleIn } from './bundle-in.ts'
import { importBundle } from './import.ts'
import type { JudgingPorts } from './judging.ts'
import { makeWarrants } from './orders.ts'
import { closeAttempts } from './payments.ts'
import type { Taken } from './results.ts'

export interface CeremoniesPorts extends DriverPorts, BundleInPorts, JudgingPorts {
  readonly store: Store
  readonly origin: string
  readonly changes: Changes
}

export interface Imported {
  readonly results: readonly Taken[]
  readonly ceremony: CeremonyShown
}

export interface CeremonyShown extends Omit<CeremonyRow, 'state'> {
  readonly state: CeremonyRow['state'] | 'overdue'
}

export interface BundleName {
  readonly plan: Digest
  readonly bundle: Digest
  /** The operator who puts it and imports it. */
  readonly by: Handle
}

export class Ceremonies {
  readonly #ports: CeremoniesPorts
  /** One preparation or import of a plan at a time in this process. */
  readonly #busy = new Set<Digest>()
  readonly #alarmed = new Set<Digest>()
  #counts = { open: 0, overdue: 0 }

  constructor(ports: CeremoniesPorts) {
    this.#ports = ports
  }

  /** The newest first. */
  async list(): Promise<readonly CeremonyShown[]> {
    const rows = await this.#ports.copy.read(below(tables.ceremony))
    return rows.map((row) => this.#shown(row)).sort((a, b) => b.seq - a.seq)
  }

  /** `main`: a head of the main log, where the plan names that; what is prepared has its own. */
  async prepare(
    plan: Digest,
    main: Uint8Array = new Uint8Array(0),
  ): Promise<CeremonyShown | Refusal> {
    return this.#alone(plan, async () => {
      const row = await this.#known(plan)
      if (row.bundle === '') {
        const refused = await this.#export(row, main)
        if (refused !== undefined) return refused
      }
      return this.#shown(await this.#known(plan))
    })
  }

  /** The files as they went in; refused before they did. */
  async bundleIn(plan: Digest): Promise<BundleFiles> {
    const { store, origin } = this.#ports
    const { bundle } = await this.#known(plan)
    if (bundle === '') return refuse('CEREMONY', 'nothing was prepared for this plan')
    const files = await keptBundle(store, { origin, bundle, by: '' })
    // What is handed out is what the line names, or nothing.
    if (readBundle(files, 'in').digest !== bundle)
      refuse('BUNDLE', 'expected the Bundle that was exported')
    return files
  }

  /** How many bytes of the file are kept then. */
  async put(of: BundleName, part: BundlePart): Promise<number> {
    const { store, origin } = this.#ports
    const row = await this.#known(of.plan, 'X-20')
    if (of.bundle === row.bundle)
      refuse('BUNDLE', 'expected a Bundle out, got the one that went in')
    return putBundlePart(store, { origin, ...of }, part)
  }

  async import(of: BundleName, confirmed: readonly Digest[]): Promise<Imported | Refusal> {
    const { store, origin } = this.#ports
    return this.#alone(of.plan, async () => {
      const row = await this.#known(of.plan, 'X-20')
      const files = await keptBundle(store, { origin, ...of })
      if (!files.has(manifestName)) return refusal('BUNDLE', 'the manifest was not put', 'X-7')
      const wrong = notNamed(of, files)
      if (wrong !== undefined) {
        // Files that are not what their name says would stand in the way of those that are.
        await dropBundle(store, { origin, ...of })
        return wrong
      }
      const results = await importBundle(this.#ports, { row, files, confirmed })
      if (isRefusal(results)) return results
      return { results, ceremony: this.#shown(await this.#known(of.plan)) }
    })
  }

  /** Stations that have signed a Record sit in no other room before the log names it. */
  async abort(
    plan: Digest,
    reason: string,
    record: CeremonyRow['record'] = noRecord,
  ): Promise<CeremonyShown | Refusal> {
    return this.#alone(plan, async () => {
      const row = await this.#known(plan)
      const isTold = record.size === 0 || row.record.root === record.root
      if (row.state === 'aborted' && isTold) return this.#shown(row)
      if (!isReasonCode(reason)) return refusal('MALFORMED', 'reason: expected a reason code')
      if (row.state === 'concluded') return refusal('CEREMONY', 'the ceremony is concluded')
      // Of one that was aborted before, attempts were closed then; later ones are of another room.
      const open = row.state === 'aborted' ? undefined : await closeAttempts(this.#ports, row)
      if (open !== undefined) return open
      const body = { plan, reason, record: { ...record } }
      const lines = [{ type: 'ceremony.aborted', body }]
      const answer = await writeLines(this.#ports, { lines })
      return isRefusal(answer) ? answer : this.#shown(await this.#known(plan))
    })
  }

  /** An approved plan becomes its line; its text travels with it. */
  async drive({ admitted, carryOut }: RipeChange): Promise<Refusal | undefined> {
    const { change } = admitted
    if (change.op !== 'ceremony.plan') return refusal('CEREMONY', 'waits for its ceremony')
    const { terms } = change
    const { bytes } = await this.#plan(terms.plan)
    const body = plannedBody(terms)
    const answer = await carryOut('ceremony.planned', body, {
      documents: [fromUtf8(bytes) ?? ''],
    })
    return isRefusal(answer) ? answer : undefined
  }

  /** As the last tick found them. */
  get open(): number {
    return this.#counts.open
  }

  get overdue(): number {
    return this.#counts.overdue
  }

  /** One alarm for each that should have ended. */
  async tick(): Promise<void> {
    const open = (await this.list()).filter(({ state }) => !hasEnded(state))
    const overdue = open.filter(({ state }) => state === 'overdue')
    this.#counts = { open: open.length, overdue: overdue.length }
    for (const { plan, kind } of overdue) {
      if (this.#alarmed.has(plan)) continue
      this.#alarmed.add(plan)
      const because = `${kind} ${plan}: neither concluded nor aborted, its vaults are frozen`
      this.#ports.report({ level: 'alarm', name: 'ceremony.overdue', because })
    }
  }

  async #export(row: CeremonyRow, written: Uint8Array): Promise<Refusal | undefined> {
    const { store, origin, clock } = this.#ports
    if (row.state !== 'planned') return refusal('CEREMONY', `the ceremony is ${row.state}`)
    if (clock.now() >= row.until) return refusal('PLAN', 'its time is over', 'X-9')
    const plan = await this.#plan(row.plan)
    // Before an attempt is begun that only a room can end.
    const main = await this.#main(plan.plan, written)
    if (isRefusal(main)) return main
    const made = await makeWarrants(this.#ports, { plan: plan.plan, seq: row.seq })
    if (isRefusal(made)) return made
    const files = await makeBundleIn(this.#ports, { plan, ...made, main })
    const { digest: bundle } = readBundle(files, 'in')
    await putBundle(store, { origin, plan: row.plan, bundle, by: '' }, files)
    const head = main === undefined ? {} : { main: { root: main.root, size: main.size } }
    const body = { bundle, plan: row.plan, ...head }
    const answer = await writeLines(this.#ports, { lines: [{ type: 'ceremony.exported', body }] })
    return isRefusal(answer) ? answer : undefined
  }

  /** Proved, and grown from every head that went into a room before: stations remember those. */
  async #main(plan: Plan, bytes: Uint8Array): Promise<BundleIn['main'] | Refusal> {
    if (plan.mainRoot === undefined) {
      return bytes.length === 0 ? undefined : refusal('PLAN', 'the plan names no main log', 'X-8')
    }
    if (bytes.length === 0) {
      return refusal('PLAN', 'the plan names the main log: expected a head of it', 'X-8')
    }
    const main = attempt(() => readMainHead(bytes, plan))
    if (isRefusal(main)) return main
    const rows = await this.#ports.copy.read(below(tables.ceremony))
    const heads = [...rows].sort((a, b) => b.seq - a.seq).flatMap(({ main: seen }) => seen ?? [])
    for (const seen of heads.slice(0, limits.mainStepsMax)) {
      const fault = mainFault(main, seen)
      if (fault !== undefined) return refusal('LOG_FORK', fault, 'X-8')
    }
    return { ...main, bytes }
  }

  async #plan(digest: Digest): Promise<ReadPlan & { readonly bytes: Uint8Array }> {
    const blob = await readBlob(this.#ports.copy.session, digest)
    if (blob?.kind !== 'plan') return refuse('PLAN', `no plan ${digest} is kept`)
    return { ...parsePlan(blob.content), bytes: blob.content }
  }

  async #known(plan: Digest, rule?: string): Promise<CeremonyRow> {
    const row = await this.#ports.copy.read(get(tables.ceremony, plan))
    return row ?? refuse('CEREMONY', 'no ceremony of this plan was approved', rule)
  }

  async #alone<T>(plan: Digest, work: () => Promise<T | Refusal>): Promise<T | Refusal> {
    if (this.#busy.has(plan)) return refusal('BUSY', 'this ceremony is being worked on')
    this.#busy.add(plan)
    try {
      return await work()
    } finally {
      this.#busy.delete(plan)
    }
  }

  #shown(row: CeremonyRow): CeremonyShown {
    const isOver = !hasEnded(row.state) && this.#ports.clock.now() > row.until
    return { ...row, state: isOver ? 'overdue' : row.state }
  }
}

function plannedBody({ from, until, ...terms }: TermsOf['ceremony.plan']): JsonObject {
  return { ...terms, from: writeTime(from), until: writeTime(until) }
}

/** Whole, and what its name says. */
function notNamed(of: BundleName, files: BundleFiles): Refusal | undefined {
  const bundle = attempt(() => readBundle(files, 'out'))
  if (isRefusal(bundle)) return bundle
  if (bundle.digest !== of.bundle) return refusal('BUNDLE', 'another manifest', 'X-7')
  if (bundle.manifest.plan !== of.plan) return refusal('BUNDLE', 'of another plan', 'X-7')
  return undefined
}

const noRecord: CeremonyRow['record'] = { root: '', size: 0 }

function hasEnded(state: CeremonyShown['state']): boolean {
  return state === 'concluded' || state === 'aborted'
}

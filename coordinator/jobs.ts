// Who drives what: one driver a request at a time in this process, and by leases mostly one among
// all coordinators. Work is found in the index of requests, so nothing is remembered across a
// restart and nothing can be forgotten. Leases only save work: two drivers are harmless (the walk,
// 4).
import { requestView } from '../policy/audit/history.ts'
import { isFinal, isSignedMessage } from '../policy/audit/standing.ts'
import { isMessage } from '../policy/intent.ts'
import type { RequestState } from '../policy/view.ts'
import type { Digest } from '../proto/ids.ts'
import { limits } from '../proto/limits.ts'
import { Refused } from '../proto/refusal.ts'
import { Unavailable } from '../proto/unavailable.ts'
import { continueSigning, hasLapsed, startFirst } from './attempts.ts'
import { follow, followLapsed, followReplaced, send } from './broadcast.ts'
import type { Changes } from './changes.ts'
import { type DriverPorts, done, type Next, takeUp, wait } from './driver.ts'
import { driveMessage } from './messages.ts'
import { dropLease, renewLeases, takeLease } from './store/jobs.ts'
import { requestsIn } from './store/requests.ts'
import type { Store } from './store/store.ts'
import { Waiting } from './waiting.ts'

export interface JobsPorts extends DriverPorts {
  readonly changes: Changes
  readonly store: Store
  readonly origin: string
  /** Name of this process among all coordinators. */
  readonly owner: string
}

const active: readonly RequestState[] = ['RESERVED', 'SIGNING', 'SIGNED', 'BROADCAST']
const driven: ReadonlySet<RequestState> = new Set<RequestState>([...active, 'LAPSING'])
const drivesMax = 512
/** Lapsed requests may never end, so they are looked at seldom and hold no place. */
const lapsedMax = 1_000
const lapsedLookMs = 30_000
const failedMs = 2_000

export class Jobs {
  readonly #ports: JobsPorts
  readonly #waiting: Waiting
  /** Drives that run here, each with the way to end its waiting. */
  readonly #drives = new Map<Digest, AbortController>()
  readonly #running = new Set<Promise<void>>()
  /** What this process does not try again before a line comes. */
  readonly #parked = new Set<Digest>()
  readonly #stopping = new AbortController()
  #renewedAt = 0
  #lapsedAt = 0

  constructor(ports: JobsPorts) {
    this.#ports = ports
    this.#waiting = new Waiting(ports)
  }

  get active(): number {
    return this.#drives.size
  }

  /** A line about it was written: whoever waits looks again; new work starts at once. */
  wake(intent: Digest): void {
    this.#parked.delete(intent)
    const drive = this.#drives.get(intent)
    if (drive !== undefined) drive.abort()
    else this.#begin(intent)
  }

  /** Finds work of a crashed or restarted coordinator, and looks after what waits for time. */
  async tick(): Promise<void> {
    if (this.#stopped) return
    const { store, origin, clock, owner } = this.#ports
    if (clock.now() - this.#renewedAt >= limits.jobRenewMs) {
      this.#renewedAt = clock.now()
      await renewLeases(store, { owner, now: clock.now() })
    }
    for (const { intent } of await requestsIn(store, origin, active, drivesMax)) {
      if (!this.#parked.has(intent)) this.#begin(intent)
    }
    if (clock.now() - this.#lapsedAt >= lapsedLookMs) {
      this.#lapsedAt = clock.now()
      const lapsed = await requestsIn(store, origin, ['LAPSING'], lapsedMax)
      for (const { intent } of lapsed) this.#begin(intent)
    }
    await this.#waiting.look()
  }

  /** Lets running attempts end; nothing new begins. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    for (const drive of this.#drives.values()) drive.abort()
    await Promise.allSettled(this.#running)
  }

  get #stopped(): boolean {
    return this.#stopping.signal.aborted
  }

  #begin(intent: Digest): void {
    if (this.#stopped || this.#drives.has(intent) || this.#drives.size >= drivesMax) return
    const drive = this.#drive(intent).finally(() => {
      this.#drives.delete(intent)
      this.#running.delete(drive)
    })
    this.#running.add(drive)
  }

  async #drive(intent: Digest): Promise<void> {
    const { store, clock, owner, changes } = this.#ports
    try {
      while (!this.#stopped) {
        // Set before the step, so that a line that comes during it ends the sleep after it.
        const woken = new AbortController()
        this.#drives.set(intent, woken)
        if (!(await takeLease(store, intent, { owner, now: clock.now() }))) return
        const next = await this.#step(intent)
        if (next.kind === 'parked') this.#parked.add(intent)
        if (next.kind === 'parked' || next.kind === 'done') break
        if (next.kind === 'wait') await clock.sleep(next.ms, woken.signal)
        if (next.kind === 'pause') await clock.sleep(next.ms, this.#stopping.signal)
      }
      // The lease is one for all of this process, and the drive of a change holds it.
      if (!changes.isRunning(intent)) await dropLease(store, intent, owner)
    } catch (error) {
      // The lease runs out by itself, and a tick finds the request again.
      const because = error instanceof Error ? error.message : 'unknown'
      this.#ports.report({ level: 'alarm', name: 'driver.failed', because, intent })
    }
  }

  async #step(intent: Digest): Promise<Next> {
    try {
      const view = await this.#ports.copy.read(requestView(intent))
      const { intent: row } = view
      if (row === undefined || !driven.has(row.state) || isSignedMessage(row)) {
        if (row !== undefined && (isFinal(row.state) || isSignedMessage(row))) this.#forget(intent)
        return done
      }
      const taken = await takeUp(this.#ports, intent, view)
      if (isMessage(row.op)) return await driveMessage(this.#ports, taken)
      switch (row.state) {
        case 'RESERVED':
          return await startFirst(this.#ports, taken)
        case 'SIGNING':
          return (await hasLapsed(this.#ports, taken))
            ? await followLapsed(this.#ports, taken)
            : ((await followReplaced(this.#ports, taken)) ??
                (await continueSigning(this.#ports, taken)))
        case 'SIGNED':
          return await send(this.#ports, taken)
        case 'BROADCAST':
        case 'LAPSING':
          return await follow(this.#ports, taken)
        default:
          return done
      }
    } catch (error) {
      return this.#failed(intent, error)
    }
  }

  #forget(intent: Digest): void {
    this.#ports.notes.delete(intent)
    this.#ports.sentAt.delete(intent)
    this.#ports.nonces.forget(intent)
    this.#parked.delete(intent)
  }

  #failed(intent: Digest, error: unknown): Next {
    if (error instanceof Unavailable) {
      this.#ports.notes.set(intent, { code: error.code ?? 'INTERNAL', because: error.message })
      return wait(failedMs)
    }
    if (!(error instanceof Refused)) throw error
    const { code, because } = error.refusal
    this.#ports.notes.set(intent, { code, because })
    this.#ports.report({ level: 'warn', name: 'driver.refused', because, intent })
    return wait(failedMs)
  }
}

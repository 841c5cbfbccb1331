// How far each endpoint of one network is, from what it says of its newest block. One whose head
// stands still, or lies far behind where two others are, is stale: what it does not have is no sign
// that it is not there. Which of two is right when they are apart nobody knows; that is an alarm
// and decides nothing. Nothing here makes anything final.
import type { Watch } from './breaker.ts'

export interface HeadsOptions extends Watch {
  /** Of the endpoints, in the order of the configuration; shown in messages. */
  readonly names: readonly string[]
  /** A head that has not moved for longer stands still. */
  readonly stillMs: number
}

/** Endpoints are asked one after another, and blocks of some chains come three a second. */
const blocksApartMax = 64n
/** What was seen longer ago is not compared. */
const seenMs = 60_000

interface Head {
  readonly height: bigint
  readonly movedAt: number
  readonly seenAt: number
}

type Fault = 'still' | 'behind' | 'ahead'

export class Heads {
  readonly #options: HeadsOptions
  readonly #heads = new Map<number, Head>()
  readonly #faults = new Map<number, Fault>()

  constructor(options: HeadsOptions) {
    this.#options = options
  }

  /** `at` is the place of the endpoint. */
  saw(at: number, height: bigint): void {
    const now = this.#options.now()
    const before = this.#heads.get(at)
    const movedAt = before?.height === height ? before.movedAt : now
    this.#heads.set(at, { height, movedAt, seenAt: now })
    for (const [place, head] of this.#heads) this.#judge(place, head, now)
  }

  /** Its absence of anything, and its count of nonces, is no evidence. */
  isStale(at: number): boolean {
    const fault = this.#faults.get(at)
    return fault === 'still' || fault === 'behind'
  }

  #judge(at: number, head: Head, now: number): void {
    const fault = this.#faultOf(at, head, now)
    const before = this.#faults.get(at)
    if (fault === before) return
    const { names, report, stillMs } = this.#options
    if (fault === undefined) {
      this.#faults.delete(at)
      report({ level: 'info', name: 'endpoint.level', because: `${names[at]}` })
      return
    }
    this.#faults.set(at, fault)
    const said = {
      still: `its newest block stood still for more than ${stillMs / 1_000} s`,
      behind: `its newest block is more than ${blocksApartMax} behind those of two others`,
      ahead: `its newest block is more than ${blocksApartMax} ahead of every other's`,
    }
    const name = fault === 'ahead' ? 'endpoint.apart' : 'endpoint.stale'
    report({ level: 'alarm', name, because: `${names[at]}, at ${head.height}: ${said[fault]}` })
  }

  #faultOf(at: number, { height, movedAt, seenAt }: Head, now: number): Fault | undefined {
    // As it was when it was looked at: nobody looks while nothing is under way.
    if (seenAt - movedAt > this.#options.stillMs) return 'still'
    const others = [...this.#heads]
      .filter(([place, { seenAt }]) => place !== at && now - seenAt < seenMs)
      .map(([, other]) => other.height)
      .sort((a, b) => (a > b ? -1 : a < b ? 1 : 0))
    const [highest, second] = others
    if (second !== undefined && second - height > blocksApartMax) return 'behind'
    if (highest !== undefined && height - highest > blocksApartMax) return 'ahead'
    return undefined
  }
}

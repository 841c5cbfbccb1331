// Adds up, per party, the CPU time of this thread for each call made on its behalf, and the bytes it
// sends. The kernel may update thread CPU time only once a tick (4 ms), so a sample is the sum over
// a batch of runs; all parties run one after the other in one thread and nothing overlaps.

const cell = new Int32Array(new SharedArrayBuffer(4))

/**
 * CPU time of this thread, exact also over a millisecond. The kernel charges a thread that runs on
 * only at its ticks, so two readings around 1.5 ms of work said anything from 0 to 4 ms; one that
 * has just waited for a moment is charged to the last. Costs 0.1 ms by the clock.
 */
export function exactCpuMs(): number {
  Atomics.wait(cell, 0, 0, 0.01)
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

export class Meter {
  rounds = 0
  readonly #cpuUs: number[]
  readonly #bytes: number[]

  constructor(parties: number) {
    this.#cpuUs = new Array<number>(parties).fill(0)
    this.#bytes = new Array<number>(parties).fill(0)
  }

  time<T>(party: number, work: () => T): T {
    const before = process.threadCpuUsage()
    const result = work()
    const { user, system } = process.threadCpuUsage(before)
    this.#cpuUs[party] = (this.#cpuUs[party] ?? 0) + user + system
    return result
  }

  sent(party: number, bytes: number): void {
    this.#bytes[party] = (this.#bytes[party] ?? 0) + bytes
  }

  /** Mean over the parties. */
  cpuMsPerParty(): number {
    return this.#cpuUs.reduce((sum, us) => sum + us, 0) / this.#cpuUs.length / 1000
  }

  bytesPerParty(): number {
    return this.#bytes.reduce((sum, count) => sum + count, 0) / this.#bytes.length
  }
}

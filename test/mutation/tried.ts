// Tries mistakes in a process of their own, one after another. A mistake that makes a loop endless is
// told by the time of the processor that it uses, never by the clock: however loaded the machine
// is, nothing counts as found because it was slow.
import { type ChildProcess, type ForkOptions, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Outcome, Trial } from './trial.ts'

/** Of the time that all tests take without a mistake, and as much more in any case. */
const timesAsLong = 4
const allowanceMs = 1_500
/** Every trial leaves its modules in memory. */
const trialsMax = 100
const tickMs = 10
const pollMs = 250

export type Fate = Outcome['fate'] | 'endless'

export class Trials {
  #child: ChildProcess | undefined
  #trials = 0
  #limitMs = 300_000

  /** Without a mistake all must pass; how long that takes sets the limit. */
  async begin(trial: Omit<Trial, 'source'>): Promise<void> {
    const child = this.#fresh()
    const before = usedMs(child)
    const { fate, by } = await this.run(trial)
    if (fate !== 'survived') throw new Error(`without a mistake: ${fate}, ${by}`)
    this.#limitMs = timesAsLong * (usedMs(child) - before) + allowanceMs
  }

  async run(trial: Trial): Promise<{ readonly fate: Fate; readonly by?: string }> {
    if (this.#trials >= trialsMax) this.end()
    const child = this.#child ?? this.#fresh()
    this.#trials += 1
    const due = usedMs(child) + this.#limitMs
    const stop = new AbortController()
    const answered = once(child, 'message', stop)
    const died = once(child, 'exit', stop).then(() => 'died' as const)
    child.send(trial)
    const late = this.#whenLate(child, due, stop.signal)
    const first = await Promise.race([answered, late, died]).finally(() => stop.abort())
    for (const other of [answered, late, died]) other.catch(() => {})
    if (Array.isArray(first)) return first[0]
    this.end()
    return first === 'died' ? { fate: 'at set-up', by: 'the process died' } : { fate: 'endless' }
  }

  end(): void {
    this.#child?.kill('SIGKILL')
    this.#child = undefined
    this.#trials = 0
  }

  #fresh(): ChildProcess {
    this.end()
    const options: ForkOptions = { serialization: 'advanced', execArgv: ['--no-warnings'] }
    this.#child = fork(join(import.meta.dirname, 'trial.ts'), [], options)
    return this.#child
  }

  async #whenLate(child: ChildProcess, due: number, signal: AbortSignal): Promise<'late'> {
    while (usedMs(child) < due) await pause(pollMs, undefined, { signal })
    return 'late'
  }
}

/** The time of the processor that a process has used (Linux). */
function usedMs({ pid, exitCode }: ChildProcess): number {
  if (exitCode !== null) return 0
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * tickMs
}

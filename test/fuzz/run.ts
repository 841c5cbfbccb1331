/**
 * Runs one target so many times. An input follows from seed, target and number alone, so whatever is
 * found is found again by its number.
 */

import { Chance, seedOf } from './random.ts'
import type { Target } from './target.ts'

export interface Found {
  readonly target: string
  readonly at: number
  readonly what: string
  readonly input: Uint8Array
}

export interface Ran {
  readonly target: string
  readonly executions: number
  /** How many inputs were taken: a fuzzer whose inputs are all refused at the door tests the door. */
  readonly taken: number
  readonly found: readonly Found[]
  readonly slowestMs: number
  readonly ms: number
}

const foundMax = 10

export function inputOf({ name, seeds, mutate }: Target, seed: number, at: number): Uint8Array {
  const chance = new Chance(seed, seedOf(name), at)
  const [one, other] = [chance.below(seeds.length), chance.below(seeds.length)]
  return mutate(seeds[one] ?? seeds[0], chance, seeds[other] ?? seeds[0])
}

export interface Stretch {
  readonly seed: number
  readonly from: number
  readonly executions: number
  /** Told now and then, so that whoever watches sees that it goes on. */
  readonly beat?: (at: number) => void
}

export function run(target: Target, { seed, from, executions, beat }: Stretch): Ran {
  const found: Found[] = []
  const begun = performance.now()
  let [taken, slowestMs, last] = [0, 0, begun]
  for (let at = from; at < from + executions && found.length < foundMax; at++) {
    beat?.(at)
    const input = inputOf(target, seed, at)
    const what = attemptOn(target, input)
    const now = performance.now()
    slowestMs = Math.max(slowestMs, now - last)
    const isSlow = now - last > target.msMax && isSlowAgain(target, input)
    last = performance.now()
    if (what === 'taken') taken += 1
    else if (what !== 'refused') found.push({ target: target.name, at, what, input })
    if (isSlow) found.push({ target: target.name, at, what: 'slow', input })
  }
  target.end?.()
  const ms = performance.now() - begun
  return { target: target.name, executions, taken, found, slowestMs, ms }
}

/** `taken`, `refused`, or what came out that must not. */
export function attemptOn({ run, refusals }: Target, input: Uint8Array): string {
  try {
    run(input)
    return 'taken'
  } catch (thrown) {
    if (refusals.some((kind) => thrown instanceof kind)) return 'refused'
    return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)
  }
}

/** Once may be the machine's other work; what counts is the time of the processor. */
function isSlowAgain(target: Target, input: Uint8Array): boolean {
  return [1, 2, 3].every(() => {
    const begun = process.cpuUsage()
    attemptOn(target, input)
    const { user, system } = process.cpuUsage(begun)
    return (user + system) / 1_000 > target.msMax
  })
}

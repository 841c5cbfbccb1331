// What every bench returns and how it is printed: a short table for people, one JSON object as the
// last line for programs. Medians, never means; ratios are of medians taken in the same run.
import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'

export interface Figure {
  readonly name: string
  readonly unit: string
  readonly median: number
  readonly min: number
  readonly max: number
  readonly n: number
}

export interface Ratio {
  readonly name: string
  readonly ours: number
  readonly peer: number
  readonly ratio: number
}

export interface Bench {
  readonly figures: readonly Figure[]
  readonly ratios: readonly Ratio[]
  readonly notes: readonly string[]
  /** The measurement itself came out wrong: the program then exits with 1. */
  readonly hasFailed?: boolean
}

export function figure(name: string, unit: string, samples: readonly number[]): Figure {
  if (samples.length === 0) throw new RangeError(`${name} has no samples`)
  const sorted = [...samples].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? 0
  const lower = sorted[sorted.length % 2 === 1 ? middle : middle - 1] ?? upper
  const median = (upper + lower) / 2
  return { name, unit, median, min: sorted[0] ?? 0, max: sorted.at(-1) ?? 0, n: sorted.length }
}

export function ratio(name: string, ours: Figure, peer: Figure): Ratio {
  return { name, ours: ours.median, peer: peer.median, ratio: ours.median / peer.median }
}

/** Said and not enforced: the machine is part of every figure. */
export function barsOf(figures: readonly Figure[], bars: Readonly<Record<string, number>>): string {
  const said = figures.flatMap(({ name, median }) => {
    const bar = bars[name]
    return bar === undefined ? [] : [`${name} ${median < bar ? 'holds' : 'does NOT hold'} (${bar})`]
  })
  return said.join(', ')
}

export function print(name: string, bench: Bench, json: boolean): void {
  const commit = git('rev-parse', '--short', 'HEAD')
  const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, node ${process.version}`
  console.log(`bench ${name} at ${commit} on ${machine}`)
  for (const { name: what, unit, median, min, max, n } of bench.figures) {
    const spread = `${short(min)} to ${short(max)}, n ${n}`
    console.log(`  ${what.padEnd(44)} ${short(median).padStart(9)} ${unit.padEnd(6)} (${spread})`)
  }
  for (const { name: what, ours, peer, ratio: value } of bench.ratios) {
    const sides = `${short(ours)} against ${short(peer)}`
    console.log(`  ${what.padEnd(44)} ${value.toFixed(3).padStart(9)}        (${sides})`)
  }
  for (const note of bench.notes) console.log(`  ${note}`)
  const { figures, ratios } = bench
  if (bench.hasFailed === true) process.exitCode = 1
  if (json) console.log(JSON.stringify({ bench: name, commit, machine, figures, ratios }))
}

function short(value: number): string {
  return value >= 1000 || Number.isInteger(value) ? value.toFixed(0) : value.toPrecision(3)
}

function git(...words: readonly string[]): string {
  try {
    return execFileSync('git', words, { stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .trim()
  } catch {
    return 'unknown'
  }
}

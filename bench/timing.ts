// Fixed against random (Reparaz, Balasch, Verbauwhede 2017, "dudect"): does a call take another time
// for one fixed secret than for random ones? Both kinds come in random order and are copied into one
// and the same buffer first, because where a buffer lies shows in the time too. The slowest tenth of
// all samples is dropped; Welch's t compares the means. A large |t| shows a leak; a small one shows
// none, which is not the same as having none.

export interface Subject {
  readonly name: string
  /** Prepares one input: the fixed secret, or a random one. Not timed. */
  readonly make: (isFixed: boolean) => Uint8Array
  readonly run: (secret: Uint8Array) => unknown
  readonly samples: number
  /** Calls to a sample, for what is faster than the clock can tell. */
  readonly repeat: number
}

export interface Timing {
  readonly t: number
  /** Nanoseconds a call: the mean over random secrets, and what the fixed one takes more. */
  readonly meanNs: number
  readonly differenceNs: number
}

const POOL = 128
const WARM = 300
const KEPT = 0.9

let kept: unknown

export function compare(subject: Subject, coins: (count: number) => Uint8Array): Timing {
  const { make, run, samples, repeat } = subject
  // In turn, so that neither kind lies together in memory.
  const pairs = Array.from({ length: POOL }, () => [make(true), make(false)] as const)
  const secret = make(true)
  const order = coins(samples + WARM)
  const taken: [number[], number[]] = [[], []]
  order.forEach((coin, i) => {
    const kind = coin & 1
    secret.set(pairs[i % POOL]?.[kind] ?? [])
    const before = process.hrtime.bigint()
    for (let k = 0; k < repeat; k += 1) kept = run(secret)
    const took = Number(process.hrtime.bigint() - before)
    if (i >= WARM) taken[kind]?.push(took / repeat)
  })
  const limit = [...taken[0], ...taken[1]].sort((a, b) => a - b)[Math.floor(samples * KEPT)] ?? 0
  const [fixed, random] = taken.map((all) => all.filter((ns) => ns <= limit))
  if (fixed === undefined || random === undefined || kept === WARM) throw new Error('no samples')
  const { t, mean, difference } = welch(fixed, random)
  return { t, meanNs: mean, differenceNs: difference }
}

/** Of some against others; `mean` is that of the others. */
export function welch(some: readonly number[], others: readonly number[]) {
  const [one, other] = [summary(some), summary(others)]
  const difference = one.mean - other.mean
  const spread = one.variance / one.count + other.variance / other.count
  return { t: difference / Math.sqrt(spread), mean: other.mean, difference }
}

/**
 * Its own slowest tenth counts as no slower than the rest: one kind may be slow as a whole, and what
 * is merely dropped makes the rest look more alike than it is.
 */
export function capped(values: readonly number[]): readonly number[] {
  const sorted = [...values].sort((a, b) => a - b)
  const limit = sorted[Math.ceil(sorted.length * KEPT) - 1] ?? 0
  return values.map((value) => Math.min(value, limit))
}

function summary(values: readonly number[]) {
  const count = values.length
  const mean = values.reduce((sum, value) => sum + value, 0) / count
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { count, mean, variance: squares / (count - 1) }
}

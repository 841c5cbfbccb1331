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
  const [fixed, random] = taken.map((all) => summary(all.filter((ns) => ns <= limit)))
  if (fixed === undefined || random === undefined || kept === WARM) throw new Error('no samples')
  const differenceNs = fixed.mean - random.mean
  const spread = fixed.variance / fixed.count + random.variance / random.count
  return { t: differenceNs / Math.sqrt(spread), meanNs: random.mean, differenceNs }
}

function summary(values: readonly number[]) {
  const count = values.length
  const mean = values.reduce((sum, value) => sum + value, 0) / count
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { count, mean, variance: squares / (count - 1) }
}

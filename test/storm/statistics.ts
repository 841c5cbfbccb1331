// What numbers that should be uniform may look like: chi-square over bins, the bias that a nonce
// attack of Bleichenbacher's kind feeds on, and the balance of a coin. Each gives the probability
// that chance alone looks as bad; small means: not chance.

export interface Statistic {
  readonly what: string
  readonly value: number
  /** The chance of a value as bad or worse. */
  readonly p: number
}

/** Counts of the bins of a value that should be uniform. */
export class Bins {
  readonly #counts: Uint32Array
  #total = 0

  constructor(bins: number) {
    this.#counts = new Uint32Array(bins)
  }

  add(bin: number): void {
    if (!Number.isInteger(bin) || bin < 0 || bin >= this.#counts.length) {
      throw new RangeError(`there is no bin ${bin}`)
    }
    this.#counts[bin]! += 1
    this.#total += 1
  }

  /** Pearson's chi-square; with this many bins it is close to normal, also at few in each. */
  statistic(what: string): Statistic {
    const expected = this.#total / this.#counts.length
    const value = this.#counts.reduce((sum, count) => sum + (count - expected) ** 2, 0) / expected
    const freedom = this.#counts.length - 1
    return { what, value, p: chiSquareTail(value, freedom) }
  }
}

/**
 * |sum of exp(2 pi i k / q)|: of uniform k its square over the count is exponential. A nonce whose
 * top bits are not uniform makes it grow with the count, far below what bins can see.
 */
export class Bias {
  #real = 0
  #imaginary = 0
  #count = 0

  /** `share` of the whole circle, from 0 to 1. */
  add(share: number): void {
    this.#real += Math.cos(2 * Math.PI * share)
    this.#imaginary += Math.sin(2 * Math.PI * share)
    this.#count += 1
  }

  statistic(what: string): Statistic {
    const value = (this.#real ** 2 + this.#imaginary ** 2) / this.#count
    return { what, value, p: Math.exp(-value) }
  }
}

/** Two outcomes that should come equally often; two-sided. */
export function coin(what: string, heads: number, tails: number): Statistic {
  const value = (heads - tails) / Math.sqrt(heads + tails)
  return { what, value, p: 2 * normalTail(Math.abs(value)) }
}

/** By Wilson and Hilferty: the cube root is nearly normal. */
export function chiSquareTail(value: number, freedom: number): number {
  const spread = 2 / (9 * freedom)
  return normalTail((Math.cbrt(value / freedom) - (1 - spread)) / Math.sqrt(spread))
}

/** P(Z > z), by the continued fraction beyond 3 and a series before. */
export function normalTail(z: number): number {
  if (z < 0) return 1 - normalTail(-z)
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)
  if (z > 3) {
    let fraction = z
    for (let k = 60; k > 0; k -= 1) fraction = z + k / fraction
    return density / fraction
  }
  let [term, sum] = [z, z]
  for (let k = 1; k < 80; k += 1) {
    term *= (z * z) / (2 * k + 1)
    sum += term
  }
  return 0.5 - density * sum
}

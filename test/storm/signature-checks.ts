// What is asked of many signatures together: no repeated r, nonces and results without a bias that
// can be seen, recovery ids in balance. Fed with one sample for each signature.
import { GROUP_ORDER } from '../kit/slow-curve.ts'
import { Bias, Bins, coin, type Statistic } from './statistics.ts'

/** Of one signature. The nonces are known only because the test made them. */
export interface Sample {
  readonly r: string
  readonly s: bigint
  readonly recovery: number
  /** k, and the part of each signer. */
  readonly nonce: bigint
  readonly nonceParts: readonly bigint[]
}

/** Chance alone fails one run in a thousand. */
const falseAlarms = 0.001

/** Shifts at which the bias of the nonce is asked for: its top bits, and those further down. */
const shifts = [0n, 8n, 16n, 64n, 128n, 248n]

export class SignatureChecks {
  readonly #seen = new Set<string>()
  readonly #bins = {
    'r, top 16 bits': new Bins(65_536),
    'r, low 8 bits': new Bins(256),
    's, top 16 bits': new Bins(65_536),
    'nonce, top 16 bits': new Bins(65_536),
    'nonce, low 8 bits': new Bins(256),
    'nonce parts, top 16 bits': new Bins(65_536),
  }
  readonly #biases = shifts.map((shift) => ({ shift, bias: new Bias() }))
  readonly #recoveries = [0, 0, 0, 0]
  #repeated = 0

  add({ r, s, recovery, nonce, nonceParts }: Sample): void {
    if (this.#seen.has(r)) this.#repeated += 1
    this.#seen.add(r)
    this.#bins['r, top 16 bits'].add(Number.parseInt(r.slice(0, 4), 16))
    this.#bins['r, low 8 bits'].add(Number.parseInt(r.slice(-2), 16))
    // Low s has 255 bits.
    this.#bins['s, top 16 bits'].add(Number(s >> 239n))
    this.#bins['nonce, top 16 bits'].add(Number(nonce >> 240n))
    this.#bins['nonce, low 8 bits'].add(Number(nonce & 0xffn))
    for (const part of nonceParts) this.#bins['nonce parts, top 16 bits'].add(Number(part >> 240n))
    for (const { shift, bias } of this.#biases) {
      bias.add(Number(((nonce << shift) % GROUP_ORDER) >> 203n) / 2 ** 53)
    }
    this.#recoveries[recovery]! += 1
  }

  get repeated(): number {
    return this.#repeated
  }

  get recoveries(): readonly number[] {
    return this.#recoveries
  }

  statistics(): readonly Statistic[] {
    const [even = 0, odd = 0] = this.#recoveries
    return [
      ...Object.entries(this.#bins).map(([what, bins]) => bins.statistic(what)),
      ...this.#biases.map(({ shift, bias }) =>
        bias.statistic(`bias of the nonce times 2^${shift}`),
      ),
      coin('recovery id 0 or 1', even, odd),
    ]
  }

  /** In sentences; empty when nothing is wrong. */
  broken(): readonly string[] {
    const statistics = this.statistics()
    const bar = falseAlarms / statistics.length
    const [, , two = 0, three = 0] = this.#recoveries
    return [
      ...(this.#repeated > 0 ? [`${this.#repeated} signatures repeat an r`] : []),
      ...(two + three > 0 ? ['an x above the order, once in 2^127'] : []),
      ...statistics
        .filter(({ p }) => !(p >= bar))
        .map(
          ({ what, value, p }) => `${what}: ${value.toFixed(1)}, by chance ${p.toExponential(1)}`,
        ),
    ]
  }
}

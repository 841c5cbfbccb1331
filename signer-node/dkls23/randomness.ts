/**
 * The secret randomness of one session (specification 1.4): a function of one 32-byte key K, so
 * that no draw depends on the order of calls and a repeated state of the random number generator
 * still gives other secrets under another session id. Bytes of the kernel come in from outside.
 * INVARIANT: a label with its indices is drawn once; a second draw is a bug and throws.
 */

import { Abort } from './abort.ts'
import { u16, u64 } from './bytes.ts'
import type { Curve, Scalar } from './curve.ts'
import { Secret } from './secret.ts'
import { expand, hash } from './transcript.ts'

export type BytesLabel =
  | 'delta'
  | 'zero-s'
  | 'zero-salt'
  | 'cc'
  | 'deal-salt'
  | 'r-salt'
  | 'beta'
  | 'tail'
  | 'omega'
  | 'omega-salt'

export type ScalarLabel =
  | 'ot-ta'
  | 'ot-rand'
  | 'ot-tb'
  | 'coef'
  | 'fis'
  | 'pok'
  | 'r'
  | 'phi'
  | 'ahat'

const KEY_BYTES = 32
const WIDE_BYTES = 64
const INDICES = 3

export interface RandomnessRoots {
  /** Straight from the kernel, not from a library's generator. */
  readonly kernelBytes: Secret
  /** From the sealed store. */
  readonly nodeSecret: Secret
  readonly incarnation: Uint8Array
  readonly counter: bigint
  readonly purpose: string
  readonly sid: Uint8Array
}

/** K of one session. */
export function sessionKey(roots: RandomnessRoots): Secret {
  const { kernelBytes, nodeSecret, incarnation, counter, purpose, sid } = roots
  if (kernelBytes.bytes.length !== KEY_BYTES || nodeSecret.bytes.length !== KEY_BYTES) {
    throw new RangeError(`kernel bytes and node secret have ${KEY_BYTES} bytes each`)
  }
  return new Secret(
    hash('rng-root', kernelBytes.bytes, nodeSecret.bytes, incarnation, u64(counter), purpose, sid),
  )
}

export class SessionRandomness {
  readonly #key: Secret
  readonly #curve: Curve
  readonly #drawn = new Set<string>()
  #isLent = false

  /** Takes ownership of K and wipes it when the session ends. */
  constructor(key: Secret, curve: Curve) {
    if (key.bytes.length !== KEY_BYTES) throw new RangeError(`K has ${KEY_BYTES} bytes`)
    this.#key = key
    this.#curve = curve
  }

  bytes(label: BytesLabel, length: number, ...indices: readonly number[]): Uint8Array {
    return this.#draw(label, length, indices)
  }

  /** Uniform mod q and never zero. */
  scalar(label: ScalarLabel, ...indices: readonly number[]): Scalar {
    const wide = this.#draw(label, WIDE_BYTES, indices)
    const scalar = this.#curve.scalars.fromWide(wide)
    wide.fill(0)
    if (this.#curve.scalars.isZero(scalar)) throw new Abort('degenerate', `drew zero for ${label}`)
    return scalar
  }

  /**
   * A copy of K, for the part of the run that another thread computes. What is drawn there cannot
   * be seen here, so from now on only the nonce of the confirmation is drawn here.
   */
  lend(): Secret {
    if (this.#isLent || this.#drawn.size > 0) throw new Error('lent once, and before any draw')
    this.#isLent = true
    return new Secret(Uint8Array.from(this.#key.bytes))
  }

  [Symbol.dispose](): void {
    this.#key[Symbol.dispose]()
  }

  #draw(label: string, length: number, indices: readonly number[]): Uint8Array {
    if (indices.length > INDICES) throw new RangeError(`a draw has at most ${INDICES} indices`)
    if (this.#isLent && label !== 'pok') throw new Error(`${label} is drawn where K was lent to`)
    const [a = 0, b = 0, c = 0] = indices
    const name = [label, a, b, c].join()
    if (this.#drawn.has(name)) throw new Error(`the secret ${name} was drawn twice`)
    this.#drawn.add(name)
    return expand('rng', length, this.#key.bytes, label, u16(a), u16(b), u16(c))
  }
}

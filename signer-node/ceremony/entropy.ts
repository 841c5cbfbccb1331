// Randomness of a Station's keygen, mixed from the kernel, the Token and, if its custodian throws
// them, dice: good as long as one of them is. Each draw later mixes fresh bytes of the kernel in
// again, so what is drawn is never less than what the kernel gives. Source: RFC 5869 with SHA-512;
// the ceremony's design, 4.5. INVARIANT: only the kinds of sources are told, never a value; a
// source that fails its health tests, or says the same twice, is a stop.
import { concat, fromHex, hkdfSha512, toUtf8 } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'
import { tags } from '../../proto/tags.ts'
import { Secret, SecretScope } from '../dkls23/secret.ts'
import type { Random } from '../ports.ts'
import { requireDice, requireFresh, requireHealthy, sampleBytes } from './randomness-tests.ts'

export interface EntropySources {
  /** The kernel. */
  readonly os: Random
  readonly token: (length: number) => Promise<Secret>
  /** ASCII, the caller's to wipe. */
  readonly dice?: Secret
}

/** In a Record: `step.done`, noted. */
export type EntropyKind = 'os' | 'token' | 'dice'

export interface MixedRandom extends Disposable {
  readonly random: Random
  readonly kinds: readonly EntropyKind[]
  /** Thrown later: mixed into all that is drawn from then on; the caller wipes the rolls. */
  readonly throwDice: (rolls: Secret) => void
}

const readBytes = 64
const blockBytes = 255 * 64

export async function mixRandom(
  { os, token, dice }: EntropySources,
  about: { readonly plan: Digest; readonly party: number },
): Promise<MixedRandom> {
  using scope = new DisposableStack()
  for (const [name, draw] of [
    ['os', async (n: number) => new Secret(os(n))] as const,
    ['token', token] as const,
  ]) {
    const draws = [await draw(sampleBytes), await draw(readBytes), await draw(readBytes)]
    const [sample, first, second] = draws.map((one) => scope.use(one))
    if (sample === undefined || first === undefined || second === undefined) continue
    requireHealthy(name, sample.bytes)
    requireFresh(name, first.bytes, second.bytes)
  }
  if (dice !== undefined) requireDice(dice.bytes)
  const ofOs = scope.use(new Secret(os(readBytes)))
  const ofToken = scope.use(await token(readBytes))
  requireFresh('os and token', ofOs.bytes, ofToken.bytes)
  const parts = [ofOs.bytes, ofToken.bytes, ...(dice === undefined ? [] : [dice.bytes])]
  using mixed = new Secret(concat(...parts.flatMap((part) => [u16(part.length), part])))
  const info = concat(fromHex(about.plan) ?? new Uint8Array(0), u16(about.party))
  const salt = toUtf8(tags.entropy)
  const seed = new Secret(hkdfSha512(mixed.bytes, salt, info, readBytes))
  return new Mixed(seed, { os, info, isThrown: dice !== undefined })
}

class Mixed implements MixedRandom {
  readonly random: Random
  readonly #info: Uint8Array
  #seed: Secret
  #isThrown: boolean

  constructor(
    seed: Secret,
    { os, info, isThrown }: { os: Random; info: Uint8Array; isThrown: boolean },
  ) {
    this.#seed = seed
    this.#info = info
    this.#isThrown = isThrown
    this.random = drawsOf(() => this.#seed, os)
  }

  get kinds(): readonly EntropyKind[] {
    return ['os', 'token', ...(this.#isThrown ? ['dice' as const] : [])]
  }

  throwDice(rolls: Secret): void {
    requireDice(rolls.bytes)
    const parts = [this.#seed.bytes, rolls.bytes]
    using mixed = new Secret(concat(...parts.flatMap((part) => [u16(part.length), part])))
    const salt = toUtf8(tags.entropy)
    const next = new Secret(hkdfSha512(mixed.bytes, salt, this.#info, readBytes))
    this.#seed[Symbol.dispose]()
    this.#seed = next
    this.#isThrown = true
  }

  [Symbol.dispose](): void {
    this.#seed[Symbol.dispose]()
  }
}

/** Each draw is of a number of its own, and of bytes of the kernel that nobody saw before. */
function drawsOf(seed: () => Secret, os: Random): Random {
  let count = 0
  return (length) => {
    using scope = new SecretScope()
    const drawn = new Uint8Array(new ArrayBuffer(length))
    for (let at = 0; at < length; at += blockBytes) {
      count += 1
      const fresh = scope.keep(os(readBytes))
      const key = scope.keep(concat(seed().bytes, fresh))
      const info = toUtf8(`draw ${count}`)
      const size = Math.min(blockBytes, length - at)
      drawn.set(scope.keep(hkdfSha512(key, toUtf8(tags.entropy), info, size)), at)
    }
    return drawn
  }
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff)
}

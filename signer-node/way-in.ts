// How a node's own files are sealed and opened while it runs: by its passphrase, or by tokens. A
// token is asked once, at the start: what it gave then, the key (DEK) of each file, is kept hidden,
// and new files are sealed to the public halves. So nothing that happens later can ask a token
// anything, and a share that was just sealed opens without one.
// INVARIANT: passphrase and DEKs stand hidden in memory, and open for one file at a time; a file
// whose DEK is not known here does not open, and nobody tells why.
import { type ScryptCost, toHex } from '../proto/crypto.ts'
import { attempt, isRefusal, refuse } from '../proto/refusal.ts'
import { atOnce, closed, type Deriving, opening, sealing } from '../proto/seal.ts'
import { parseSeal, type SealedThing } from '../proto/seal-file.ts'
import {
  isSealedTo,
  openWithDek,
  sealToTokens,
  type TokenRandomness,
  type TokenSealKey,
} from '../proto/seal-token.ts'
import { Secret, SecretScope } from './dkls23/secret.ts'
import type { Random } from './ports.ts'
import { type Hidden, Shield } from './shield.ts'

export interface Opener {
  /** The caller disposes of it; refused unless the file is exactly this. */
  open(bytes: Uint8Array, expected: SealedThing): Secret
}

export interface WayIn extends Opener, Disposable {
  /** Hides whatever its owner keeps for long. */
  readonly shield: Shield
  seal(thing: SealedThing, plaintext: Secret): Uint8Array
  /** `open` and `seal`, wherever their keys are derived. */
  opening(bytes: Uint8Array, expected: SealedThing): Deriving<Secret>
  sealing(thing: SealedThing, plaintext: Secret): Deriving<Uint8Array>
  /** The file is no more, or never was: its key is wiped. */
  forget(bytes: Uint8Array): void
  /** A file went, whatever stood in it by then: no key but of these is kept. */
  forgetOthers(files: () => readonly Uint8Array[]): void
}

const keyBytes = 32

export class PassphraseWay implements WayIn {
  readonly shield: Shield
  readonly #passphrase: Hidden
  readonly #cost: ScryptCost
  readonly #random: Random

  /** The passphrase is the caller's to wipe, as soon as this returns. */
  constructor(passphrase: Secret, cost: ScryptCost, random: Random) {
    this.shield = new Shield(random)
    this.#passphrase = this.shield.hide(passphrase)
    this.#cost = cost
    this.#random = random
  }

  open(bytes: Uint8Array, expected: SealedThing): Secret {
    return atOnce(this.opening(bytes, expected))
  }

  seal(thing: SealedThing, plaintext: Secret): Uint8Array {
    return atOnce(this.sealing(thing, plaintext))
  }

  *opening(bytes: Uint8Array, expected: SealedThing): Deriving<Secret> {
    using passphrase = this.shield.open(this.#passphrase)
    return new Secret(yield* opening(bytes, expected, passphrase.bytes))
  }

  *sealing(thing: SealedThing, plaintext: Secret): Deriving<Uint8Array> {
    using passphrase = this.shield.open(this.#passphrase)
    using dek = new Secret(this.#random(keyBytes))
    return yield* sealing(
      thing,
      plaintext.bytes,
      { passphrase: passphrase.bytes, cost: this.#cost },
      { dek: dek.bytes, salt: this.#random(16) },
    )
  }

  forget(): void {
    // A passphrase opens every file; there is nothing of one file to forget.
  }

  forgetOthers(): void {
    // As above.
  }

  [Symbol.dispose](): void {
    this.shield[Symbol.dispose]()
  }
}

export class TokenWay implements WayIn {
  readonly shield: Shield
  readonly #keys: readonly TokenSealKey[]
  readonly #random: Random
  /** By the mac of its file, which no two files share. */
  readonly #deks = new Map<string, Hidden>()

  constructor(keys: readonly TokenSealKey[], random: Random) {
    if (keys.length === 0) throw new Error('a file is sealed to one token at least')
    this.shield = new Shield(random)
    this.#keys = keys
    this.#random = random
  }

  /** What a token gave for this file; the DEK stays the caller's to wipe. */
  learn(bytes: Uint8Array, dek: Secret): void {
    const name = nameOf(bytes)
    this.#forget(name)
    this.#deks.set(name, this.shield.hide(dek))
  }

  open(bytes: Uint8Array, expected: SealedThing): Secret {
    const seal = attempt(() => parseSeal(bytes))
    if (isRefusal(seal)) return closed()
    if (seal.stanzas.some(({ how }) => how === 'scrypt')) {
      return refuse('NOT_SUPPORTED', 'this file is sealed to a passphrase: no token opens it')
    }
    const hidden = this.#deks.get(toHex(seal.mac))
    if (hidden === undefined) return closed()
    using dek = this.shield.open(hidden)
    return new Secret(openWithDek(bytes, expected, dek.bytes))
  }

  seal(thing: SealedThing, plaintext: Secret): Uint8Array {
    using scope = new SecretScope()
    const fresh: TokenRandomness = {
      dek: scope.keep(this.#random(keyBytes)),
      perToken: this.#keys.map(() => scope.keep(this.#random(keyBytes))),
    }
    const bytes = sealToTokens(thing, plaintext.bytes, this.#keys, fresh)
    if (!isSealedTo(parseSeal(bytes), this.#keys, fresh)) refuse('SEAL', 'test opening failed')
    using dek = new Secret(fresh.dek.slice())
    this.learn(bytes, dek)
    return bytes
  }

  // biome-ignore lint/correctness/useYield: a token was asked at the start, and nothing takes long
  *opening(bytes: Uint8Array, expected: SealedThing): Deriving<Secret> {
    return this.open(bytes, expected)
  }

  // biome-ignore lint/correctness/useYield: as above
  *sealing(thing: SealedThing, plaintext: Secret): Deriving<Uint8Array> {
    return this.seal(thing, plaintext)
  }

  forget(bytes: Uint8Array): void {
    this.#forget(nameOf(bytes))
  }

  forgetOthers(files: () => readonly Uint8Array[]): void {
    const names = new Set(files().map(nameOf))
    for (const name of [...this.#deks.keys()]) if (!names.has(name)) this.#forget(name)
  }

  [Symbol.dispose](): void {
    this.shield[Symbol.dispose]()
    this.#deks.clear()
  }

  #forget(name: string): void {
    const hidden = this.#deks.get(name)
    if (hidden !== undefined) this.shield.forget(hidden)
    this.#deks.delete(name)
  }
}

/** Empty for what is no sealed file. */
function nameOf(bytes: Uint8Array): string {
  const seal = attempt(() => parseSeal(bytes))
  return isRefusal(seal) ? '' : toHex(seal.mac)
}

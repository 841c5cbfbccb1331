// Shield: what a node must keep for as long as it runs (shares, the passphrase) it keeps hidden,
// and opens for the length of a session or a file. As OpenSSH shields its keys: AES-256-GCM under
// the hash of 16 KiB that only this process knows.
// INVARIANT: a hidden secret stands nowhere in memory as itself, whole or in part.
// A string scan, a page of swap or part of an image shows nothing; whoever has the whole image of
// the process has both halves. docs/security.md says what that is worth.
import { aesGcmOpen, aesGcmSeal, sha256 } from '../proto/crypto.ts'
import { Secret } from './dkls23/secret.ts'
import type { Random } from './ports.ts'

/** All of it is needed, bit for bit, for any key. */
const prekeyBytes = 16 * 1024
const saltBytes = 16
/** Each key seals one secret. */
const nonce = new Uint8Array(12)

export interface Hidden {
  readonly salt: Uint8Array
  readonly sealed: Uint8Array
}

export class Shield {
  readonly #prekey: Secret
  readonly #random: Random

  constructor(random: Random) {
    this.#prekey = new Secret(random(prekeyBytes))
    this.#random = random
  }

  /** Of a secret that stays its owner's to wipe. */
  hide(secret: Secret): Hidden {
    const salt = this.#random(saltBytes)
    using key = this.#key(salt)
    return { salt, sealed: aesGcmSeal(key.bytes, nonce, secret.bytes) }
  }

  /** The caller disposes of it. Throws when memory has changed by itself. */
  open({ salt, sealed }: Hidden): Secret {
    using key = this.#key(salt)
    const opened = aesGcmOpen(key.bytes, nonce, sealed)
    if (opened === undefined) throw new Error('a hidden secret does not open: memory has changed')
    return new Secret(opened)
  }

  /** Whatever was hidden stays hidden for ever. */
  [Symbol.dispose](): void {
    this.#prekey[Symbol.dispose]()
  }

  #key(salt: Uint8Array): Secret {
    return new Secret(sha256(this.#prekey.bytes, salt))
  }
}

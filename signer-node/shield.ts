// Shield: what a node must keep for as long as it runs (shares, the passphrase) it keeps hidden,
// and opens for the length of a session or a file. As OpenSSH shields its keys, under the hash of
// 16 KiB that only this process knows; with a pad of HKDF and a tag of HMAC, because a cipher of
// the runtime leaves what it opened behind in freed memory.
// INVARIANT: a hidden secret stands nowhere in memory as itself, whole or in part.
// A string scan, a page of swap or part of an image shows nothing; whoever has the whole image of
// the process has both halves. docs/security.md says what that is worth.
import { equalBytes, hkdfSha256, hmacSha256, sha256, toUtf8 } from '../proto/crypto.ts'
import { Secret } from './dkls23/secret.ts'
import type { Random } from './ports.ts'

/** All of it is needed, bit for bit, for any key. */
const prekeyBytes = 16 * 1024
const saltBytes = 16
const noSalt = new Uint8Array(0)

export interface Hidden {
  readonly salt: Uint8Array
  readonly sealed: Uint8Array
  readonly tag: Uint8Array
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
    const sealed = padded(key, secret.bytes)
    return { salt, sealed, tag: hmacSha256(key.bytes, sealed) }
  }

  /** The caller disposes of it. Throws when memory has changed by itself. */
  open({ salt, sealed, tag }: Hidden): Secret {
    using key = this.#key(salt)
    if (!equalBytes(tag, hmacSha256(key.bytes, sealed))) {
      throw new Error('a hidden secret does not open: memory has changed')
    }
    return new Secret(padded(key, sealed))
  }

  /** It opens never again, whoever gets the whole image of the process later. */
  forget({ salt, sealed }: Hidden): void {
    salt.fill(0)
    sealed.fill(0)
  }

  /** Whatever was hidden stays hidden for ever. */
  [Symbol.dispose](): void {
    this.#prekey[Symbol.dispose]()
  }

  #key(salt: Uint8Array): Secret {
    return new Secret(sha256(this.#prekey.bytes, salt))
  }
}

/** Each key pads one secret, so the same pad hides it and brings it back. */
function padded(key: Secret, bytes: Uint8Array): Uint8Array {
  const pad = hkdfSha256(key.bytes, noSalt, toUtf8('pad'), bytes.length)
  const padded = new Uint8Array(new ArrayBuffer(bytes.length))
  for (let i = 0; i < padded.length; i += 1) padded[i] = (bytes[i] ?? 0) ^ (pad[i] ?? 0)
  pad.fill(0)
  return padded
}

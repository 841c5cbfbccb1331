// The twin in software: a token in a directory, for tests and for trying things out. Real keys,
// real answers, a PIN that is counted on disk and locks; its file may say that it is a lesser token
// (without ECDH, with gaps). INVARIANT: never more than a stand-in: it names itself in every fact
// that it states, and a node in production refuses it. Its PIN is behind scrypt of low cost: a
// passphrase stanza protects better.
import { constants, createPrivateKey, generateKeyPairSync, privateDecrypt } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { p256 } from '@noble/curves/nist.js'
import {
  aesGcmOpen,
  aesGcmSeal,
  concat,
  equalBytes,
  plainDigest,
  scrypt,
  sha256,
  toHex,
  toUtf8,
} from '../../proto/crypto.ts'
import { encode, parse } from '../../proto/jcs.ts'
import {
  hex,
  integer,
  list,
  literal,
  object,
  objectWith,
  type Shaped,
  text,
} from '../../proto/shape.ts'
import { softwareMaker, type TokenProfile, tokenProfiles } from '../../proto/token-card.ts'
import {
  fail,
  type InitPins,
  type Kept,
  type KeyKind,
  type Token,
  type TokenFacts,
  type TokenKey,
} from './token.ts'

const triesMax = 10
const sealedMax = 4_096
const keptBytesMax = 1_024
const roomDefault = 64

const keyShape = object({
  kind: literal('identity', 'ecdh', 'rsa'),
  id: hex(16),
  publicKey: hex(384, true),
  sealed: hex(sealedMax, true),
})
const fileFields = {
  format: literal('custody-software-token/v1'),
  serial: text(32),
  label: text(32),
  tries: integer(0, triesMax),
  salt: hex(16),
  /** Under the PIN. */
  master: hex(60),
  /** Under the PIN of the security officer. */
  officer: hex(60),
  can: list(literal(...tokenProfiles)),
  /** What its keys lack, as `lacking` says it. */
  lacks: list(text(64)),
  keys: list(keyShape),
}
/** Small documents under the master key, and how many there is room for. */
const fileShape = objectWith(fileFields, {
  kept: list(hex(keptBytesMax, true)),
  room: integer(0, 64),
})
type TokenFile = Shaped<typeof fileShape>
type KeyFile = TokenFile['keys'][number]

type Random = (length: number) => Uint8Array

export function openSoftware(directory: string, random: Random): Token {
  return new SoftwareToken(directory, random)
}

/** A new token; an old one in this directory is wiped, by its officer only. */
export function initSoftware(
  directory: string,
  pins: InitPins,
  label: string,
  random: Random,
): TokenFacts {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const old = readIfThere(directory)
  if (old !== undefined) opened(old.officer, pins.so, old.salt)
  const [salt, master] = [random(16), random(32)]
  const file: TokenFile = {
    format: 'custody-software-token/v1',
    serial: old?.serial ?? toHex(random(8)),
    ...{ label, tries: 0, salt, keys: [] },
    master: sealedUnder(pinKey(pins.user, salt), master, random(12)),
    officer: sealedUnder(pinKey(pins.so, salt), master, random(12)),
    ...{ can: tokenProfiles, lacks: [] },
  }
  write(directory, file)
  return factsOf(file)
}

class SoftwareToken implements Token {
  readonly #directory: string
  readonly #random: Random
  /** None yet while it is looked at first. */
  #serial = ''
  #master: Uint8Array | undefined
  /** Made for a trial, and gone with the process. */
  readonly #passing = new Set<KeyFile>()

  constructor(directory: string, random: Random) {
    this.#directory = directory
    this.#random = random
    this.#serial = this.#file().serial
  }

  facts(): TokenFacts {
    return factsOf(this.#file())
  }

  login(pin: string): void {
    const file = this.#file()
    if (file.tries >= triesMax) fail('pin-locked', 'too many wrong PINs')
    // Counted before it is looked at: a process that is killed here has used up a try.
    write(this.#directory, { ...file, tries: file.tries + 1 })
    this.#master = opened(file.master, pin, file.salt)
    write(this.#directory, { ...file, tries: 0 })
  }

  make(kind: KeyKind, id: Uint8Array, isLasting: boolean): TokenKey {
    const file = this.#file()
    if (kind !== 'identity' && !file.can.some((profile) => kindOf(profile) === kind)) {
      fail('broken', `${kind}: no such mechanism`)
    }
    const { publicKey, secret } = kind === 'rsa' ? newRsa() : newPoint(this.#random)
    const sealed = sealedUnder(this.#key(), secret, this.#random(12))
    const key = { kind, id, publicKey, sealed }
    secret.fill(0)
    if (isLasting) write(this.#directory, { ...file, keys: [...file.keys, key] })
    else this.#passing.add(key)
    return this.#use(key)
  }

  find(kind: KeyKind, id: Uint8Array, publicKey: Uint8Array): TokenKey {
    this.#key()
    const found = this.#file().keys.filter((key) => key.kind === kind && equalBytes(key.id, id))
    const [key, another] = found
    if (key === undefined) return fail('wrong-token', 'no private key of this id')
    if (another !== undefined) return fail('wrong-token', 'two of one private key and id')
    if (!equalBytes(key.publicKey, publicKey)) fail('wrong-token', `${kind}: another public key`)
    return this.#use(key)
  }

  random(length: number): Uint8Array {
    this.#file()
    return this.#random(length)
  }

  kept(): readonly Kept[] {
    return (this.#file().kept ?? []).map((sealed) => {
      const bytes = aesGcmOpen(this.#key(), sealed.subarray(0, 12), sealed.subarray(12))
      return {
        bytes: bytes ?? fail('broken', 'kept'),
        drop: () => this.#keepOnly((one) => !equalBytes(one, sealed)),
      }
    })
  }

  keep(bytes: Uint8Array): void {
    const file = this.#file()
    const kept = file.kept ?? []
    if (kept.length >= (file.room ?? roomDefault)) fail('log-full', 'no room for a document')
    const sealed = sealedUnder(this.#key(), bytes, this.#random(12))
    write(this.#directory, { ...file, kept: [...kept, sealed] })
  }

  check(): void {
    this.#file()
  }

  close(): void {
    this.#master?.fill(0)
    this.#master = undefined
  }

  #file(): TokenFile {
    const file = readIfThere(this.#directory) ?? fail('not-present', 'no token in this directory')
    const isOther = this.#serial !== '' && file.serial !== this.#serial
    return isOther ? fail('gone', `another token in its place: ${file.serial}`) : file
  }

  #key(): Uint8Array {
    return this.#master ?? fail('not-permitted', 'nobody is logged in')
  }

  #use(key: KeyFile): TokenKey {
    const { kind, id, publicKey } = key
    return {
      ...{ kind, id, publicKey },
      sign: (digest) => {
        if (digest.length !== 32) fail('not-permitted', 'a digest has 32 bytes')
        const secret = this.#secretOf(key, 'identity')
        return p256.sign(digest, secret, { prehash: false, lowS: false })
      },
      agree: (kdf, point) => {
        const profile = kdf === 'null' ? 'ecdh' : 'ecdh-x963'
        if (!this.#file().can.includes(profile)) fail('will-not-open', 'no such mechanism')
        return agreed(this.#secretOf(key, 'ecdh'), kdf, point)
      },
      decrypt: (bytes) => decrypted(this.#secretOf(key, 'rsa'), bytes),
      lacking: () => this.#file().lacks,
      drop: () => this.#drop(key),
    }
  }

  #secretOf(key: KeyFile, wanted: KeyKind): Uint8Array {
    if (key.kind !== wanted) fail('not-permitted', `a key of ${key.kind} does not do this`)
    this.check()
    return (
      aesGcmOpen(this.#key(), key.sealed.subarray(0, 12), key.sealed.subarray(12)) ??
      fail('broken', 'key')
    )
  }

  #keepOnly(stays: (sealed: Uint8Array) => boolean): void {
    const file = this.#file()
    write(this.#directory, { ...file, kept: (file.kept ?? []).filter(stays) })
  }

  #drop(key: KeyFile): void {
    if (this.#passing.delete(key)) return
    const file = this.#file()
    write(this.#directory, { ...file, keys: file.keys.filter(({ id }) => !equalBytes(id, key.id)) })
  }
}

function kindOf(profile: TokenProfile): KeyKind {
  return profile === 'rsa-oaep' ? 'rsa' : 'ecdh'
}

function newPoint(random: Random) {
  const secret = p256.utils.randomSecretKey(random(48))
  return { publicKey: p256.getPublicKey(secret, false), secret }
}

function newRsa() {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 3_072 })
  const n = publicKey.export({ format: 'jwk' }).n ?? ''
  const secret = new Uint8Array(privateKey.export({ format: 'der', type: 'pkcs8' }))
  return { publicKey: new Uint8Array(Buffer.from(n, 'base64url')), secret }
}

function agreed(secret: Uint8Array, kdf: 'null' | 'x963-sha256', point: Uint8Array): Uint8Array {
  try {
    const x = p256.getSharedSecret(secret, point).slice(1)
    return kdf === 'null' ? x : sha256(x, Uint8Array.of(0, 0, 0, 1))
  } catch {
    return fail('will-not-open', 'not a point of the curve')
  }
}

function decrypted(secret: Uint8Array, bytes: Uint8Array): Uint8Array {
  try {
    const key = createPrivateKey({ key: Buffer.from(secret), format: 'der', type: 'pkcs8' })
    const padding = constants.RSA_PKCS1_OAEP_PADDING
    return new Uint8Array(privateDecrypt({ key, padding, oaepHash: 'sha256' }, bytes))
  } catch {
    return fail('will-not-open', 'not of this key')
  }
}

function pinKey(pin: string, salt: Uint8Array): Uint8Array {
  return scrypt(toUtf8(pin), salt, { n: 2 ** 12, r: 8, p: 1 })
}

function sealedUnder(key: Uint8Array, plaintext: Uint8Array, nonce: Uint8Array): Uint8Array {
  return concat(nonce, aesGcmSeal(key, nonce, plaintext))
}

function opened(sealed: Uint8Array, pin: string, salt: Uint8Array): Uint8Array {
  const nonce = sealed.subarray(0, 12)
  const found = aesGcmOpen(pinKey(pin, salt), nonce, sealed.subarray(12))
  return found ?? fail('wrong-pin', 'this is not the PIN')
}

function factsOf({ serial, label, tries }: TokenFile): TokenFacts {
  return {
    manufacturer: softwareMaker,
    model: 'software',
    ...{ serial, label, firmware: '1.0' },
    module: plainDigest(toUtf8(softwareMaker)),
    pin: {
      isSet: true,
      isLow: tries > 0,
      isFinalTry: tries === triesMax - 1,
      isLocked: tries >= triesMax,
    },
  }
}

const name = 'token.json'

function readIfThere(directory: string): TokenFile | undefined {
  let bytes: Uint8Array
  try {
    bytes = readFileSync(join(directory, name))
  } catch {
    return undefined
  }
  return fileShape(parse(bytes), 'token')
}

function write(directory: string, file: TokenFile): void {
  const path = join(directory, name)
  const keys = file.keys.map((key) => written(key))
  const kept = (file.kept ?? []).map(toHex)
  writeFileSync(`${path}.new`, encode({ ...written(file), keys, kept }), { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

function written(fields: object) {
  const entries = Object.entries(fields).map(([key, value]) => {
    return [key, value instanceof Uint8Array ? toHex(value) : value]
  })
  return Object.fromEntries(entries)
}

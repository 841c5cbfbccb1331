/**
 * libsecp256k1 as WebAssembly, from the package `@solar-republic/wasm-secp256k1`: its bare C calls,
 * with operands laid into its memory and wiped out of it. The package's own wrapper is not used; it
 * draws randomness by itself and leaves its stack as it is.
 * INVARIANT: only the module with this digest is loaded: its exports have names of one letter, and
 * its stack is where STACK_TOP says. After each call stack and operands are zero.
 */

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { POINT_BYTES, SCALAR_BYTES } from './curve.ts'
import { instantiate } from './engine.ts'
import { equalBytes } from './secret.ts'
import { sha256 } from './transcript.ts'

const PACKAGE = '@solar-republic/wasm-secp256k1'
const DIGEST = 'N4Jwkz5zZgs97A43eARcnzqZpVHJ98lZE9qzjyK+SAg='
const STACK_TOP = 157872
const STACK_BYTES = 65536

/** What libsecp256k1 calls its flags. */
const SIGN_AND_VERIFY = 769
const COMPRESSED = 258
const UNCOMPRESSED = 2
const FULL_POINT_BYTES = 65
const SIGNATURE_BYTES = 64
const PUBKEY_BYTES = 64

/** The exports in use, by the letters of this build; the comment is the name in C. */
interface Exports {
  readonly f: { readonly buffer: ArrayBuffer }
  /** The constructors of the module. */
  readonly g: () => void
  /** malloc */
  readonly h: (bytes: number) => number
  /** context_create */
  readonly j: (flags: number) => number
  /** context_randomize */
  readonly u: (context: number, seed: number) => number
  /** ec_pubkey_parse */
  readonly k: (context: number, pubkey: number, bytes: number, length: number) => number
  /** ec_pubkey_serialize */
  readonly l: (context: number, ...to: readonly [number, number, number, number]) => number
  /** ec_pubkey_create */
  readonly p: (context: number, pubkey: number, key: number) => number
  /** ec_pubkey_tweak_mul */
  readonly t: (context: number, pubkey: number, tweak: number) => number
  /** ecdsa_signature_parse_compact */
  readonly m: (context: number, signature: number, bytes: number) => number
  /** ecdsa_verify */
  readonly n: (context: number, ...of: readonly [number, number, number]) => number
  /** ecdh, with the standard hash */
  readonly v: (context: number, ...of: readonly [number, number, number, number, number]) => number
}

export class WasmLibrary {
  readonly memory: Uint8Array
  readonly #exports: Exports
  readonly #context: number
  /** One after the other: a key or digest, bytes in and out, two inner forms, a length. */
  readonly #key: number
  readonly #bytes: number
  readonly #pubkey: number
  readonly #signature: number
  readonly #length: number
  readonly #end: number

  constructor(module = moduleBytes()) {
    if (!equalBytes(sha256(module), Buffer.from(DIGEST, 'base64'))) {
      throw new Error(`the WebAssembly module of ${PACKAGE} is not the one that is known here`)
    }
    this.#exports = parseExports(instantiate(module, { a: host }))
    this.#exports.g()
    this.memory = new Uint8Array(this.#exports.f.buffer)
    this.#context = this.#exports.j(SIGN_AND_VERIFY)
    this.#key = this.#exports.h(512)
    this.#bytes = this.#key + SCALAR_BYTES
    this.#pubkey = this.#bytes + 2 * PUBKEY_BYTES
    this.#signature = this.#pubkey + PUBKEY_BYTES
    this.#length = this.#signature + PUBKEY_BYTES
    this.#end = this.#length + 4
  }

  /** Blinds the multiplications of the generator. */
  randomize(seed: Uint8Array): void {
    this.#run(() => {
      this.memory.set(seed, this.#key)
      this.#require(this.#exports.u(this.#context, this.#key))
    })
  }

  /** k*G in constant time; k is from 1 to q-1. */
  create(k: Uint8Array): Uint8Array {
    return this.#run(() => {
      this.memory.set(k, this.#key)
      this.#require(this.#exports.p(this.#context, this.#pubkey, this.#key))
      return this.#serialize(COMPRESSED, POINT_BYTES)
    })
  }

  /** SHA-256 of k*P, compressed, in constant time; k is from 1 to q-1. */
  ecdh(point: Uint8Array, k: Uint8Array): Uint8Array {
    return this.#run(() => {
      this.#require(this.#parse(point))
      this.memory.set(k, this.#key)
      this.#require(this.#exports.v(this.#context, this.#bytes, this.#pubkey, this.#key, 0, 0))
      return this.#copy(this.#bytes, SCALAR_BYTES)
    })
  }

  /** k*P in variable time; k is from 1 to q-1. */
  multiplyPublic(point: Uint8Array, k: Uint8Array): Uint8Array {
    return this.#run(() => {
      this.#require(this.#parse(point))
      this.memory.set(k, this.#key)
      this.#require(this.#exports.t(this.#context, this.#pubkey, this.#key))
      return this.#serialize(COMPRESSED, POINT_BYTES)
    })
  }

  isPoint(bytes: Uint8Array): boolean {
    return this.#run(() => this.#parse(bytes) === 1)
  }

  /** Both coordinates behind the byte 04. */
  uncompress(point: Uint8Array): Uint8Array {
    return this.#run(() => {
      this.#require(this.#parse(point))
      return this.#serialize(UNCOMPRESSED, FULL_POINT_BYTES)
    })
  }

  verify(point: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean {
    return this.#run(() => {
      this.memory.set(signature.subarray(0, SIGNATURE_BYTES), this.#bytes)
      const isRead = this.#exports.m(this.#context, this.#signature, this.#bytes) === 1
      this.#require(this.#parse(point))
      this.memory.set(digest, this.#key)
      const { n: verify } = this.#exports
      return isRead && verify(this.#context, this.#signature, this.#key, this.#pubkey) === 1
    })
  }

  #parse(point: Uint8Array): number {
    this.memory.set(point, this.#bytes)
    return this.#exports.k(this.#context, this.#pubkey, this.#bytes, point.length)
  }

  #serialize(form: number, length: number): Uint8Array {
    this.memory[this.#length] = length
    this.#exports.l(this.#context, this.#bytes, this.#length, this.#pubkey, form)
    return this.#copy(this.#bytes, length)
  }

  #copy(from: number, length: number): Uint8Array {
    const copy = new Uint8Array(new ArrayBuffer(length))
    copy.set(this.memory.subarray(from, from + length))
    return copy
  }

  #require(isDone: number): void {
    if (isDone !== 1) throw new Error('libsecp256k1 refused a key or a point')
  }

  #run<T>(code: () => T): T {
    try {
      return code()
    } finally {
      this.memory.fill(0, this.#key, this.#end)
      this.memory.fill(0, STACK_TOP - STACK_BYTES, STACK_TOP)
    }
  }
}

let shared: WasmLibrary | undefined

/** The one instance of this thread, made when it is first asked for. */
export function threadLibrary(): WasmLibrary {
  shared ??= new WasmLibrary()
  return shared
}

/** What the module may call: it never writes, and it aborts when its own checks fail. */
export const host = {
  a: () => 0,
  b: refuse,
  c: () => 0,
  d: () => 0,
  e: refuse,
}

function refuse(): never {
  throw new Error('libsecp256k1 stopped at an illegal argument')
}

export function moduleBytes(): Uint8Array {
  const main = createRequire(import.meta.url).resolve(PACKAGE)
  return readFileSync(join(main, '..', 'secp256k1.wasm'))
}

function parseExports(exports: unknown): Exports {
  return exports as Exports
}

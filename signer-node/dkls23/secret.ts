/**
 * Secret: bytes that are wiped at the end of a scope and are never printed, logged or serialized
 * by accident. SecretScope does the same for many byte strings of one function at once.
 * INVARIANT: a Secret owns its bytes; after disposal it refuses to give them out. They lie outside
 * the engine's heap, where the collector would move them and leave the old copy behind.
 * What it cannot do: copies that the runtime or a BigInt made are beyond its reach.
 */

const HIDDEN = '[secret]'
const INSPECT = Symbol.for('nodejs.util.inspect.custom')

export class Secret<Bytes extends Uint8Array = Uint8Array> {
  readonly #bytes: Bytes
  #isWiped = false

  /** Takes the bytes away: what was given is wiped. */
  constructor(bytes: Bytes) {
    this.#bytes = outsideHeap(bytes)
    bytes.fill(0)
  }

  get bytes(): Bytes {
    if (this.#isWiped) throw new Error('a secret was used after it was wiped')
    return this.#bytes
  }

  equals(other: Secret): boolean {
    return equalBytes(this.bytes, other.bytes)
  }

  [Symbol.dispose](): void {
    this.#bytes.fill(0)
    this.#isWiped = true
  }

  toString(): string {
    return HIDDEN
  }

  toJSON(): string {
    return HIDDEN
  }

  [INSPECT](): string {
    return HIDDEN
  }
}

/** The engine keeps up to 64 bytes inside its heap, unless they are a view of a buffer. */
function outsideHeap<Bytes extends Uint8Array>(bytes: Bytes): Bytes {
  const copy = new Uint8Array(new ArrayBuffer(bytes.length))
  copy.set(bytes)
  return copy as Uint8Array as Bytes
}

/** `using secrets = new SecretScope()`: everything it keeps is wiped when the scope ends. */
export class SecretScope {
  readonly #kept: (Uint8Array | Uint32Array)[] = []

  keep<Bytes extends Uint8Array | Uint32Array>(bytes: Bytes): Bytes {
    this.#kept.push(bytes)
    return bytes
  }

  [Symbol.dispose](): void {
    for (const bytes of this.#kept) bytes.fill(0)
    this.#kept.length = 0
  }
}

/** Compares without a branch on the content; only the lengths may show in the timing. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0)
  return difference === 0
}

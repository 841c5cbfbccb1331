/**
 * Fixed-width big-endian integers, joining, and a strict reader of fixed layouts (1.3).
 * INVARIANT: a Reader gives out exactly the bytes it was made from; too few or one too many is
 * Malformed, which the exchange primitive turns into the fault of the sender.
 */

/** Bytes that are not the one canonical form of a value. */
export class Malformed extends Error {
  override readonly name: string = 'Malformed'
}

export const u8 = (value: number): Uint8Array => unsigned(value, 1)
export const u16 = (value: number): Uint8Array => unsigned(value, 2)
export const u32 = (value: number): Uint8Array => unsigned(value, 4)

export function u64(value: bigint): Uint8Array {
  if (value < 0n || value > 0xffff_ffff_ffff_ffffn) throw new RangeError('u64 out of range')
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, value)
  return bytes
}

export function ascii(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0x7f) throw new RangeError('only ASCII text has a defined byte form here')
    bytes[i] = code
  }
  return bytes
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}

/** Splits into pieces of equal size, as views of the same memory. */
export function chunks(bytes: Uint8Array, size: number): readonly Uint8Array[] {
  if (bytes.length % size !== 0) throw new Malformed(`expected a multiple of ${size} bytes`)
  return Array.from({ length: bytes.length / size }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  )
}

export class Reader {
  readonly #bytes: Uint8Array
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** A copy of the next `length` bytes. */
  take(length: number): Uint8Array {
    const end = this.#offset + length
    if (end > this.#bytes.length) {
      throw new Malformed(`expected ${end} bytes or more, got ${this.#bytes.length}`)
    }
    const taken = new Uint8Array(length)
    taken.set(this.#bytes.subarray(this.#offset, end))
    this.#offset = end
    return taken
  }

  u8(): number {
    return this.take(1)[0] ?? 0
  }

  u16(): number {
    return new DataView(this.take(2).buffer).getUint16(0)
  }

  u32(): number {
    return new DataView(this.take(4).buffer).getUint32(0)
  }

  end(): void {
    if (this.#offset !== this.#bytes.length) {
      throw new Malformed(`expected ${this.#offset} bytes, got ${this.#bytes.length}`)
    }
  }
}

function unsigned(value: number, width: 1 | 2 | 4): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * width)) {
    throw new RangeError(`expected an unsigned integer of ${width} bytes`)
  }
  const bytes = new Uint8Array(width)
  for (let i = 0; i < width; i++) bytes[i] = Math.floor(value / 2 ** (8 * (width - 1 - i))) % 256
  return bytes
}

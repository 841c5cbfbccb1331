// DER as a certificate needs it: the writing of a few types. Reads nothing.
// Source: X.690. Lengths below 65536 only; object identifiers are given as their bytes.
import { concat, toUtf8 } from '../../proto/crypto.ts'

export const sequence = (...parts: readonly Uint8Array[]) => element(0x30, ...parts)
export const set = (...parts: readonly Uint8Array[]) => element(0x31, ...parts)
export const octets = (bytes: Uint8Array) => element(0x04, bytes)
export const identifier = (bytes: Uint8Array) => element(0x06, bytes)
export const text = (said: string) => element(0x0c, toUtf8(said))
export const yes = Uint8Array.of(0x01, 0x01, 0xff)
/** All bits of whole bytes. */
export const bits = (bytes: Uint8Array, unused = 0) => element(0x03, Uint8Array.of(unused), bytes)
/** A part with a number in place of its type, around what it holds or instead of its type. */
export const around = (number: number, ...parts: readonly Uint8Array[]) =>
  element(0xa0 + number, ...parts)
export const instead = (number: number, bytes: Uint8Array) => element(0x80 + number, bytes)

/** Of a natural number, most significant byte first. */
export function natural(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => byte !== 0)
  const plain = start < 0 ? Uint8Array.of(0) : bytes.subarray(start)
  return element(0x02, (plain[0] ?? 0) > 0x7f ? concat(Uint8Array.of(0), plain) : plain)
}

/** Before 2050 by the short form, later by the long one: a reader demands the right one. */
export function instant(atMs: number): Uint8Array {
  const digits = new Date(atMs).toISOString().replaceAll(/[-:T]|\.\d+/g, '')
  const isShort = new Date(atMs).getUTCFullYear() < 2_050
  return isShort ? element(0x17, toUtf8(digits.slice(2))) : element(0x18, toUtf8(digits))
}

export function element(type: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = concat(...parts)
  return concat(Uint8Array.of(type), lengthOf(content.length), content)
}

function lengthOf(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length)
  if (length < 0x100) return Uint8Array.of(0x81, length)
  return Uint8Array.of(0x82, length >> 8, length & 0xff)
}

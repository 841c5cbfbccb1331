// Strict RLP (Ethereum yellow paper, appendix B): one value has one form, and every other form is
// refused: a long length where a short one fits, a leading zero in a length, a wrapped single byte,
// bytes after the end. INVARIANT: encode(decode(b)) = b for every accepted b.
// Knows nothing of transactions.
import { concat } from '../../proto/crypto.ts'
import { refuse } from '../../proto/refusal.ts'

export type Rlp = Uint8Array | readonly Rlp[]

/** Our transactions nest twice; the bound keeps hostile bytes off the stack. */
const depthMax = 8

export function encodeRlp(item: Rlp): Uint8Array {
  if (item instanceof Uint8Array) {
    const byte = item[0]
    return item.length === 1 && byte !== undefined && byte < 0x80
      ? item
      : concat(head(0x80, item.length), item)
  }
  const body = concat(...item.map(encodeRlp))
  return concat(head(0xc0, body.length), body)
}

export function decodeRlp(bytes: Uint8Array): Rlp {
  const { item, end } = read(bytes, 0, 0)
  if (end !== bytes.length) bad(`${bytes.length - end} bytes after the end`)
  return item
}

/** An unsigned integer in its shortest form; zero is the empty string. */
export function encodeInteger(value: bigint): Uint8Array {
  let rest = value
  const bytes: number[] = []
  while (rest > 0n) {
    bytes.unshift(Number(rest & 0xffn))
    rest >>= 8n
  }
  return Uint8Array.from(bytes)
}

/** At most `bytesMax` bytes. Leading zeros are for the caller to refuse, by encoding again. */
export function decodeInteger(item: Rlp | undefined, bytesMax: number, what: string): bigint {
  if (!(item instanceof Uint8Array)) return bad(`${what}: expected an integer`)
  if (item.length > bytesMax) bad(`${what}: expected at most ${bytesMax} bytes`)
  return item.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n)
}

interface Read {
  readonly item: Rlp
  readonly end: number
}

function read(bytes: Uint8Array, at: number, depth: number): Read {
  if (depth > depthMax) bad(`lists nested deeper than ${depthMax}`)
  const first = byteAt(bytes, at)
  if (first < 0x80) return { item: bytes.slice(at, at + 1), end: at + 1 }
  const list = first >= 0xc0
  const { start, end } = bounds(bytes, at, first - (list ? 0xc0 : 0x80))
  if (list) return readList(bytes, { start, end }, depth)
  if (end - start === 1 && byteAt(bytes, start) < 0x80) bad('a single byte in a wrapper')
  return { item: bytes.slice(start, end), end }
}

function readList(bytes: Uint8Array, span: { start: number; end: number }, depth: number): Read {
  const inside = bytes.subarray(0, span.end)
  const items: Rlp[] = []
  let at = span.start
  while (at < span.end) {
    const next = read(inside, at, depth + 1)
    items.push(next.item)
    at = next.end
  }
  return { item: items, end: span.end }
}

/** Where the content of an item stands; `size` is its first byte without the kind. */
function bounds(bytes: Uint8Array, at: number, size: number): { start: number; end: number } {
  const lengthBytes = size > 55 ? size - 55 : 0
  const start = at + 1 + lengthBytes
  const length = lengthBytes === 0 ? size : longLength(bytes, at + 1, lengthBytes)
  if (start + length > bytes.length) bad('an item longer than its bytes')
  return { start, end: start + length }
}

function longLength(bytes: Uint8Array, at: number, count: number): number {
  // Four bytes count 4 GiB, far above any bound on input.
  if (count > 4) bad('a length of more than four bytes')
  if (byteAt(bytes, at) === 0) bad('a leading zero in a length')
  let length = 0
  for (let i = 0; i < count; i += 1) length = length * 256 + byteAt(bytes, at + i)
  if (length < 56) bad('a long length where a short one fits')
  return length
}

function head(kind: 0x80 | 0xc0, length: number): Uint8Array {
  if (length < 56) return Uint8Array.of(kind + length)
  const bytes = encodeInteger(BigInt(length))
  return concat(Uint8Array.of(kind + 55 + bytes.length), bytes)
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? bad('bytes end too early')
}

function bad(because: string): never {
  return refuse('BYTES_SHAPE', `rlp: ${because}`, 'rlp')
}

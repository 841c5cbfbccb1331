// The values of a contract call (Solidity ABI, version 2), each with one text and one form of
// bytes: addresses, integers, truth values, bytes, printable text, and lists of the fixed ones. A
// value is its text wherever it is not bytes, so what people read is what is encoded. INVARIANT:
// encode(decode(b)) = b for every accepted b, and each value has exactly one text. Tuples, nested
// lists and text that does not print are refused. Knows no functions.
import { concat, equalBytes, fromHex, fromUtf8, toHex, toUtf8 } from '../../proto/crypto.ts'
import { refuse } from '../../proto/refusal.ts'
import { encodeInteger } from './rlp.ts'

/** `uint256`, `address`, `bytes`, `int64[]`: the name that stands in a signature. */
export type AbiType = string

const itemsMax = 32
const bytesMax = 1_024

interface Kind {
  /** At its place, for `RegExp` with the flag y. */
  readonly form: string
  /** Of a fixed value: its word. */
  readonly word?: (text: string) => Uint8Array
  /** Of a fixed value: its text, whatever unused bits say; encoding again finds those. */
  readonly text?: (word: Uint8Array) => string
}

/** Whether values of this type can be read at all. */
export function isAbiType(type: AbiType): boolean {
  return type.endsWith('[]')
    ? kindOf(type.slice(0, -2))?.word !== undefined
    : kindOf(type) !== undefined
}

/** The value that begins at `at`, and where it ends. */
export function readValue(type: AbiType, text: string, at: number): string {
  if (type.endsWith('[]')) return readList(type.slice(0, -2), text, at)
  const form = new RegExp(known(type).form, 'y')
  form.lastIndex = at
  const found = form.exec(text)?.[0]
  if (found === undefined) return bad(`${type}: expected a value in its one form`)
  requireRange(type, found)
  return found
}

/** The whole of a text is one value. */
export function parseValue(type: AbiType, text: string): string {
  if (readValue(type, text, 0) !== text) bad(`${type}: expected one value and nothing after it`)
  return text
}

/** The one word of a fixed value; nothing for one of any length. */
export function wordOf(type: AbiType, text: string): Uint8Array | undefined {
  return known(type).word?.(text)
}

/** What a value of any length holds, without its length and padding. */
export function contentOf(type: AbiType, text: string): Uint8Array {
  return type === 'string' ? toUtf8(unquoted(text)) : hexBytes(text)
}

/** The text of a `string` value, and back. */
export function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, (mark) => `\\${mark}`)}"`
}

export function unquoted(value: string): string {
  return value.slice(1, -1).replace(/\\(["\\])/g, '$1')
}

/** Heads and tails, as the ABI lays them out. */
export function encodeValues(types: readonly AbiType[], values: readonly string[]): Uint8Array {
  const heads: Uint8Array[] = []
  const tails: Uint8Array[] = []
  let offset = 32 * types.length
  for (const [index, type] of types.entries()) {
    const value = values[index] ?? bad('expected a value for each type')
    const { word } = type.endsWith('[]') ? { word: undefined } : known(type)
    if (word !== undefined) {
      heads.push(word(value))
      continue
    }
    const tail = tailOf(type, value)
    heads.push(unsigned(BigInt(offset)))
    tails.push(tail)
    offset += tail.length
  }
  return concat(...heads, ...tails)
}

/** Strict: what encodes to other bytes is refused, so nothing hides between or behind values. */
export function decodeValues(types: readonly AbiType[], bytes: Uint8Array): readonly string[] {
  const values = types.map((type, index) => {
    const head = wordAt(bytes, 32 * index)
    if (type.endsWith('[]')) return listAt(type.slice(0, -2), bytes, small(head, bytes.length))
    const { text } = known(type)
    if (text !== undefined) return text(head)
    const at = small(head, bytes.length)
    const length = small(wordAt(bytes, at), bytesMax)
    return textOfBytes(type, sliceAt(bytes, at + 32, length))
  })
  for (const [index, type] of types.entries()) parseValue(type, values[index] ?? '')
  if (!equalBytes(encodeValues(types, values), bytes)) bad('values in another form')
  return values
}

function readList(of: AbiType, text: string, at: number): string {
  const items: string[] = []
  if (!text.startsWith('[', at)) return bad(`${of}[]: expected a list`)
  let next = at + 1
  while (!text.startsWith(']', next)) {
    if (items.length === itemsMax) bad(`${of}[]: expected at most ${itemsMax} items`)
    if (items.length > 0) {
      if (!text.startsWith(', ', next)) return bad(`${of}[]: expected a comma and a space`)
      next += 2
    }
    const item = readValue(of, text, next)
    items.push(item)
    next += item.length
  }
  return text.slice(at, next + 1)
}

function tailOf(type: AbiType, value: string): Uint8Array {
  if (type.endsWith('[]')) {
    const items = value === '[]' ? [] : value.slice(1, -1).split(', ')
    const { word } = known(type.slice(0, -2))
    const words = items.map((item) => word?.(item) ?? bad('a list of what is not fixed'))
    return concat(unsigned(BigInt(items.length)), ...words)
  }
  const bytes = contentOf(type, value)
  const padding = new Uint8Array((32 - (bytes.length % 32)) % 32)
  return concat(unsigned(BigInt(bytes.length)), bytes, padding)
}

function listAt(of: AbiType, bytes: Uint8Array, at: number): string {
  const { text } = known(of)
  const count = small(wordAt(bytes, at), itemsMax)
  const items = Array.from({ length: count }, (_, index) =>
    text?.(wordAt(bytes, at + 32 + 32 * index)),
  )
  return `[${items.join(', ')}]`
}

function textOfBytes(type: AbiType, bytes: Uint8Array): string {
  if (type === 'bytes') return `0x${toHex(bytes)}`
  return quoted(fromUtf8(bytes) ?? bad('text that is not UTF-8'))
}

const integerForm = /^(u?)int([1-9][0-9]{0,2})$/
const fixedForm = /^bytes([1-9][0-9]?)$/

const plain: ReadonlyMap<AbiType, Kind> = new Map<AbiType, Kind>([
  [
    'address',
    {
      form: '0x[0-9a-f]{40}(?![0-9a-fA-F])',
      word: (text) => unsigned(BigInt(text)),
      text: (word) => `0x${toHex(word.subarray(12))}`,
    },
  ],
  [
    'bool',
    {
      form: '(?:true|false)',
      word: (text) => unsigned(text === 'true' ? 1n : 0n),
      text: (word) => `${integerOf(word) !== 0n}`,
    },
  ],
  ['bytes', { form: `0x(?:[0-9a-f]{2}){0,${bytesMax}}(?![0-9a-fA-F])` }],
  // Never two blanks in a row: nobody may push what people read aside with them.
  ['string', { form: `"(?:(?!  )[ !#-\\[\\]-~]|\\\\["\\\\]){0,${bytesMax}}"` }],
])

function kindOf(type: AbiType): Kind | undefined {
  const found = plain.get(type)
  if (found !== undefined) return found
  const [, sign, bits] = integerForm.exec(type) ?? []
  if (bits !== undefined && Number(bits) <= 256 && Number(bits) % 8 === 0) {
    return sign === 'u' ? unsignedKind : signedKind
  }
  const size = Number(fixedForm.exec(type)?.[1] ?? 33)
  return size > 32 ? undefined : fixedKind(size)
}

function known(type: AbiType): Kind {
  return kindOf(type) ?? bad(`no values of the type ${JSON.stringify(type.slice(0, 32))}`)
}

const unsignedKind: Kind = {
  form: '(?:0|[1-9][0-9]{0,77})(?![0-9])',
  word: (text) => unsigned(BigInt(text)),
  text: (word) => `${integerOf(word)}`,
}

/** Two's complement in 256 bits. */
const signedKind: Kind = {
  form: '(?:0|-?[1-9][0-9]{0,77})(?![0-9])',
  word: (text) => unsigned(BigInt.asUintN(256, BigInt(text))),
  text: (word) => `${BigInt.asIntN(256, integerOf(word))}`,
}

function fixedKind(size: number): Kind {
  return {
    form: `0x[0-9a-f]{${2 * size}}(?![0-9a-fA-F])`,
    word: (text) => concat(hexBytes(text), new Uint8Array(32 - size)),
    text: (word) => `0x${toHex(word.subarray(0, size))}`,
  }
}

function requireRange(type: AbiType, text: string): void {
  const [, sign, written] = integerForm.exec(type) ?? []
  if (written === undefined) return
  const bits = BigInt(written)
  const lowest = sign === 'u' ? 0n : -(1n << (bits - 1n))
  const highest = (1n << (sign === 'u' ? bits : bits - 1n)) - 1n
  const value = BigInt(text)
  if (value < lowest || value > highest) bad(`${type}: ${text} is out of its range`)
}

function unsigned(value: bigint): Uint8Array {
  const bytes = encodeInteger(value)
  return concat(new Uint8Array(32 - bytes.length), bytes)
}

function integerOf(word: Uint8Array): bigint {
  return BigInt(`0x${toHex(word)}`)
}

/** An offset or a length; what is larger than there could be is refused before it is used. */
function small(word: Uint8Array, most: number): number {
  const value = integerOf(word)
  return value <= BigInt(most) ? Number(value) : bad(`expected at most ${most}, got ${value}`)
}

function wordAt(bytes: Uint8Array, at: number): Uint8Array {
  return sliceAt(bytes, at, 32)
}

function sliceAt(bytes: Uint8Array, at: number, length: number): Uint8Array {
  const part = bytes.subarray(at, at + length)
  return part.length === length ? part : bad('bytes end too early')
}

function hexBytes(text: string): Uint8Array {
  return fromHex(text.slice(2)) ?? bad('expected 0x and hex')
}

function bad(because: string): never {
  return refuse('BYTES_SHAPE', `values: ${because}`, 'abi')
}

// Protobuf in its one form: the wire format with everything refused that would give a message a
// second one. Varints are minimal, fields ascend and stand once, and a value that is the default
// of proto3 is absent, as every encoder leaves it out. Wire types 0 and 2 only; no field numbers
// are known here.
// INVARIANT: writeFields(readFields(b)) = b.
import { concat } from '../../proto/crypto.ts'
import { refuse } from '../../proto/refusal.ts'

/** Of wire type 0 or 2. */
export type Value = bigint | Uint8Array

export type Fields = ReadonlyMap<number, Value>

/** `what` names the message in a refusal; a known number that stands twice has its own name. */
export function readFields(bytes: Uint8Array, what: string, twice?: Names): Fields {
  const fields = new Map<number, Value>()
  const input = { bytes, at: 0, what }
  let last = 0
  while (input.at < bytes.length) {
    const tag = readVarint(input)
    const number = Number(tag >> 3n)
    if (number === 0 || number > numberMax) bad('field-number', `${what} with field ${number}`)
    if (number === last)
      bad(twice?.get(number) ?? 'duplicate', `${what} with field ${number} twice`)
    if (number < last) bad('order', `${what} with field ${number} after field ${last}`)
    fields.set(number, readValue(input, Number(tag & 7n), number))
    last = number
  }
  return fields
}

/** Whatever is zero or empty is left out. */
export function writeFields(fields: readonly (readonly [number: number, value: Value])[]) {
  return concat(
    ...fields
      .filter(([, value]) => (typeof value === 'bigint' ? value > 0n : value.length > 0))
      .flatMap(([number, value]) =>
        typeof value === 'bigint'
          ? [writeVarint(BigInt(number) << 3n), writeVarint(value)]
          : [writeVarint((BigInt(number) << 3n) | 2n), writeVarint(BigInt(value.length)), value],
      ),
  )
}

/** By field number. */
export type Names = ReadonlyMap<number, string>

const numberMax = 2 ** 29 - 1

interface Input {
  readonly bytes: Uint8Array
  at: number
  readonly what: string
}

function readValue(input: Input, wire: number, number: number): Value {
  const { bytes, what } = input
  if (wire !== 0 && wire !== 2) {
    return bad('wire-type', `${what} with wire type ${wire} in field ${number}`)
  }
  const value = readVarint(input)
  if (value === 0n) return bad('default', `${what} with the default written in field ${number}`)
  if (wire === 0) return value
  const end = input.at + Number(value)
  if (value > BigInt(bytes.length) || end > bytes.length) {
    return bad('length', `${what} that ends inside field ${number}`)
  }
  const content = bytes.slice(input.at, end)
  input.at = end
  return content
}

const varintBytesMax = 10
const uint64Max = 2n ** 64n - 1n

function readVarint(input: Input): bigint {
  const { bytes, what } = input
  let value = 0n
  for (let i = 0; i < varintBytesMax; i += 1) {
    const byte = bytes[input.at]
    if (byte === undefined) return bad('length', `${what} that ends inside a number`)
    input.at += 1
    value |= BigInt(byte & 0x7f) << BigInt(7 * i)
    if (byte >= 0x80) continue
    if (byte === 0 && i > 0) return bad('varint', `${what} with a number in a longer form`)
    return value <= uint64Max ? value : bad('varint', `${what} with a number above 2^64-1`)
  }
  return bad('varint', `${what} with a number of more than ${varintBytesMax} bytes`)
}

function writeVarint(value: bigint): Uint8Array {
  if (value < 0n || value > uint64Max) return refuse('MALFORMED', 'number: above 2^64-1')
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  return Uint8Array.from([...bytes, Number(rest)])
}

function bad(rule: string, got: string): never {
  return refuse('BYTES_SHAPE', `expected protobuf in its one form, got ${got}`, rule)
}

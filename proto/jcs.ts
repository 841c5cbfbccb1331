// Strict JCS (RFC 8785 on a subset): objects, arrays, strings, safe integers and booleans.
// No null, no fractions, no exponents: one meaning has one form. `parse` reads JSON, writes it
// again and accepts only identical bytes, so duplicate keys, other orders, spaces and escapes that
// we would not write are all refused by one rule.
import { fromUtf8, toUtf8 } from './crypto.ts'
import { limits } from './limits.ts'
import { refuse } from './refusal.ts'

export type Json = string | number | boolean | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

export function encode(value: Json): Uint8Array {
  return toUtf8(text(value))
}

/** Canonical text; throws `Refused` for what the subset does not hold. */
export function text(value: Json): string {
  return textOf(value, limits.jsonItemsMax)
}

/** The same, of at most `itemsMax` values: for what is larger than a document. */
export function textOf(value: Json, itemsMax: number): string {
  return write(value, 0, { items: itemsMax, itemsMax })
}

/** Bytes to value; only what `encode` would have written. */
export function parse(
  bytes: Uint8Array,
  bytesMax: number = limits.documentBytesMax,
  itemsMax: number = limits.jsonItemsMax,
): Json {
  if (bytes.length > bytesMax) {
    refuse('TOO_LARGE', `expected at most ${bytesMax} bytes, got ${bytes.length}`)
  }
  const source = fromUtf8(bytes)
  if (source === undefined) return refuse('MALFORMED', 'expected well-formed utf-8')
  return read(source, itemsMax)
}

export function parseText(source: string): Json {
  return read(source, limits.jsonItemsMax)
}

function read(source: string, itemsMax: number): Json {
  let value: unknown
  try {
    value = JSON.parse(source)
  } catch {
    return refuse('MALFORMED', 'expected json')
  }
  if (textOf(value as Json, itemsMax) !== source) refuse('MALFORMED', 'expected canonical json')
  return value as Json
}

interface Budget {
  items: number
  readonly itemsMax: number
}

function write(value: Json, depth: number, budget: Budget): string {
  if (depth > limits.jsonDepthMax) refuse('MALFORMED', `json deeper than ${limits.jsonDepthMax}`)
  budget.items -= 1
  if (budget.items < 0) refuse('MALFORMED', `json with more than ${budget.itemsMax} items`)
  if (typeof value === 'string') return writeString(value)
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  if (typeof value === 'number') return writeInteger(value)
  if (Array.isArray(value)) {
    return `[${value.map((item: Json) => write(item, depth + 1, budget)).join(',')}]`
  }
  if (typeof value !== 'object' || value === null) {
    return refuse('MALFORMED', 'expected string, integer, boolean, list or object')
  }
  const entries = Object.entries(value as JsonObject).sort(([a], [b]) => (a < b ? -1 : 1))
  const members = entries.map(([k, v]) => `${writeString(k)}:${write(v, depth + 1, budget)}`)
  return `{${members.join(',')}}`
}

function writeString(value: string): string {
  if (!value.isWellFormed()) refuse('MALFORMED', 'expected a well-formed string')
  return JSON.stringify(value)
}

function writeInteger(value: number): string {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
    refuse('MALFORMED', 'expected a safe integer; amounts are strings')
  }
  return String(value)
}

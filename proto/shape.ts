// Strict readers from JSON values to typed values: exact keys, exact forms, a path in every
// refusal. A document's shape is written once with these and its type is inferred from it, so the
// parser and the type cannot drift apart. Knows no document.
import { fromHex } from './crypto.ts'
import { type Digest, type Handle, parseDigest, parseHandle } from './ids.ts'
import type { Json, JsonObject } from './jcs.ts'
import { refuse } from './refusal.ts'

export type Reader<T> = (value: Json | undefined, path: string) => T
export type Shaped<R> = R extends Reader<infer T> ? T : never

type Fields = { readonly [key: string]: Reader<unknown> }
export type ObjectOf<F extends Fields> = { readonly [K in keyof F]: Shaped<F[K]> }

/** Exactly these keys: a missing or unknown one is refused. */
export function object<F extends Fields>(fields: F): Reader<ObjectOf<F>> {
  return (value, path) => {
    const source = asObject(value, path)
    for (const key of Object.keys(source)) {
      if (!Object.hasOwn(fields, key)) refuse('MALFORMED', `${path}: unknown key ${show(key)}`)
    }
    const result: Record<string, unknown> = {}
    for (const [key, read] of Object.entries(fields)) {
      result[key] = read(Object.hasOwn(source, key) ? source[key] : undefined, join(path, key))
    }
    return result as ObjectOf<F>
  }
}

/** As `object`, with keys that may be absent: then the result lacks them too. */
export function objectWith<F extends Fields, O extends Fields>(
  fields: F,
  optional: O,
): Reader<ObjectOf<F> & Partial<ObjectOf<O>>> {
  return (value, path) => {
    const source = asObject(value, path)
    const present = Object.fromEntries(
      Object.entries(optional).filter(([key]) => Object.hasOwn(source, key)),
    )
    return object({ ...fields, ...present })(value, path) as ObjectOf<F> & Partial<ObjectOf<O>>
  }
}

/** Any keys that are handles, all values of one shape. */
export function mapOf<T>(read: Reader<T>): Reader<ReadonlyMap<Handle, T>> {
  return (value, path) => {
    const source = asObject(value, path)
    const result = new Map<Handle, T>()
    for (const [key, item] of Object.entries(source)) {
      result.set(parseHandle(key, `${path} key`), read(item, join(path, key)))
    }
    return result
  }
}

export function list<T>(read: Reader<T>, min = 0, max = 1024): Reader<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) return refuse('MALFORMED', `${path}: expected a list`)
    if (value.length < min || value.length > max) {
      refuse('MALFORMED', `${path}: expected ${min} to ${max} items, got ${value.length}`)
    }
    return value.map((item: Json, index) => read(item, `${path}[${index}]`))
  }
}

export function text(max = 256, form?: RegExp): Reader<string> {
  return (value, path) => {
    if (typeof value !== 'string') return refuse('MALFORMED', `${path}: expected text`)
    if (value.length > max) refuse('MALFORMED', `${path}: longer than ${max}`)
    if (form && !form.test(value)) refuse('MALFORMED', `${path}: expected the form ${form.source}`)
    return value
  }
}

export function literal<const T extends string | number | boolean>(...values: readonly T[]) {
  return (value: Json | undefined, path: string): T => {
    const found = values.find((item) => item === value)
    if (found === undefined) {
      return refuse('MALFORMED', `${path}: expected ${values.join(' or ')}, got ${show(value)}`)
    }
    return found
  }
}

export function integer(min: number, max: number): Reader<number> {
  return (value, path) => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
      return refuse('MALFORMED', `${path}: expected an integer`)
    }
    if (value < min || value > max) {
      refuse('MALFORMED', `${path}: expected ${min} to ${max}, got ${value}`)
    }
    return value
  }
}

export const bool: Reader<boolean> = (value, path) =>
  typeof value === 'boolean' ? value : refuse('MALFORMED', `${path}: expected true or false`)

export const digest: Reader<Digest> = (value, path) =>
  typeof value === 'string' ? parseDigest(value, path) : refuse('MALFORMED', `${path}: no digest`)

/** A digest, or the empty string where there is none. */
export const digestOrNone: Reader<Digest | ''> = (value, path) =>
  value === '' ? '' : digest(value, path)

export const handle: Reader<Handle> = (value, path) =>
  typeof value === 'string' ? parseHandle(value, path) : refuse('MALFORMED', `${path}: no handle`)

const amountForm = /^(?:0|[1-9][0-9]{0,77})$/
const amountMax = (1n << 256n) - 1n

/** Base units: a decimal string of an unsigned 256-bit integer, no leading zero. */
export const amount: Reader<bigint> = (value, path) => {
  if (typeof value !== 'string' || !amountForm.test(value)) {
    return refuse('MALFORMED', `${path}: expected a decimal string in base units`)
  }
  const parsed = BigInt(value)
  return parsed <= amountMax ? parsed : refuse('MALFORMED', `${path}: above 2^256-1`)
}

/** Exactly `length` bytes of lower-case hex (any length up to `length` when `upTo`). */
export function hex(length: number, upTo = false): Reader<Uint8Array> {
  return (value, path) => {
    const bytes = typeof value === 'string' ? fromHex(value) : undefined
    if (bytes === undefined) return refuse('MALFORMED', `${path}: expected lower-case hex`)
    if (upTo ? bytes.length > length : bytes.length !== length) {
      refuse('MALFORMED', `${path}: expected ${length} bytes, got ${bytes.length}`)
    }
    return bytes
  }
}

const secondsForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/
const millisForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

/** UTC with seconds; the value is the instant in milliseconds since 1970. */
export const time: Reader<number> = (value, path) =>
  readTime(value, path, secondsForm, 'expected YYYY-MM-DDThh:mm:ssZ')

/** UTC with milliseconds. */
export const timeMillis: Reader<number> = (value, path) =>
  readTime(value, path, millisForm, 'expected YYYY-MM-DDThh:mm:ss.mmmZ')

function readTime(value: Json | undefined, path: string, form: RegExp, want: string): number {
  if (typeof value !== 'string' || !form.test(value)) return refuse('MALFORMED', `${path}: ${want}`)
  const at = Date.parse(value)
  // Date.parse rolls 30 February over; the way back shows it.
  if (Number.isNaN(at) || !new Date(at).toISOString().startsWith(value.slice(0, 19))) {
    refuse('MALFORMED', `${path}: no such instant`)
  }
  return at
}

/** The forms above, written. */
export function writeTime(atMs: number): string {
  return `${new Date(Math.floor(atMs / 1000) * 1000).toISOString().slice(0, 19)}Z`
}

export function writeTimeMillis(atMs: number): string {
  return new Date(atMs).toISOString()
}

function asObject(value: Json | undefined, path: string): JsonObject {
  if (typeof value !== 'object' || Array.isArray(value)) {
    return refuse('MALFORMED', `${path || 'document'}: expected an object`)
  }
  return value as JsonObject
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}

function show(value: Json | undefined): string {
  const shown = value === undefined ? 'nothing' : JSON.stringify(value)
  return shown.length > 64 ? `${shown.slice(0, 61)}...` : shown
}

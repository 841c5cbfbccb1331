/**
 * Layout: a message as the list of its fields, in order, each of a fixed size (1.3). From one
 * description follow its size, its reader and its writer; and the tests make their mutations from
 * the same fields, so that a new field cannot be forgotten by any of them.
 * INVARIANT: reading is strict: what a layout accepts, it writes again byte for byte.
 */

import { concat, Malformed, Reader, u16 } from './bytes.ts'
import { type Curve, POINT_BYTES, type Point, SCALAR_BYTES, type Scalar } from './curve.ts'
import type { SecretScope } from './secret.ts'

/** What a field is; a group is made of other fields. */
export type Kind = 'bytes' | 'digest' | 'salt' | 'number' | 'scalar' | 'point' | 'group'

interface Shape {
  readonly kind: Kind
  /** Of one; `count` of them stand in a row. */
  readonly bytes: number
  readonly count: number
  /** What a group is made of, else nothing. */
  readonly parts: readonly Field[]
}

export interface Field extends Shape {
  readonly name: string
}

/** The shape of a field, and how its value is read and written. */
export interface Layout<T> extends Shape {
  read(reader: Reader): T
  write(value: T): readonly Uint8Array[]
}

export function sizeOf(shapes: readonly Shape[]): number {
  return shapes.reduce((sum, { bytes, count }) => sum + bytes * count, 0)
}

/** All of the bytes, and no byte more. */
export function decodeAs<T>(layout: Layout<T>, bytes: Uint8Array): T {
  const reader = new Reader(bytes)
  const value = layout.read(reader)
  reader.end()
  return value
}

export function encodeAs<T>(layout: Layout<T>, value: T): Uint8Array {
  return concat(...layout.write(value))
}

/** Bytes that nothing reads yet; several in a row are one value. */
export function raw(kind: Kind, bytes: number, count = 1): Layout<Uint8Array> {
  return rawOf({ kind, bytes, count, parts: [] })
}

/** A hash that somebody compares or opens. */
export const digest: Layout<Uint8Array> = raw('digest', 32)

/** What hides a committed value until it is opened. */
export const salt: Layout<Uint8Array> = raw('salt', 32)

/** Two bytes, below the limit. */
export function below(limit: number): Layout<number> {
  return {
    ...raw('number', 2),
    read(reader) {
      const value = reader.u16()
      if (value >= limit) throw new Malformed(`expected a number below ${limit}`)
      return value
    },
    write: (value) => [u16(value)],
  }
}

export function point({ points }: Curve): Layout<Point> {
  const read = (reader: Reader): Point => points.decodePoint(reader.take(POINT_BYTES))
  return { ...raw('point', POINT_BYTES), read }
}

export function scalar({ scalars }: Curve): Layout<Scalar> {
  const read = (reader: Reader): Scalar => scalars.decodeScalar(reader.take(SCALAR_BYTES))
  return { ...raw('scalar', SCALAR_BYTES), read }
}

/** A scalar that is kept as it is read, so that it is wiped whatever else is wrong. */
export function secretScalar({ scalars }: Curve, scraps: SecretScope): Layout<Scalar> {
  const read = (reader: Reader): Scalar =>
    scraps.keep(scalars.decodeScalar(scraps.keep(reader.take(SCALAR_BYTES))))
  return { ...raw('scalar', SCALAR_BYTES), read }
}

/** So many of the same in a row. */
export function list<T>(count: number, one: Layout<T>): Layout<readonly T[]> {
  return {
    ...rowOf(count, one),
    read: (reader) => Array.from({ length: count }, () => one.read(reader)),
    write: (values) => values.flatMap((value) => one.write(value)),
  }
}

export function pair<T>(one: Layout<T>): Layout<readonly [T, T]> {
  return {
    ...rowOf(2, one),
    read: (reader) => [one.read(reader), one.read(reader)],
    write: ([first, second]) => [...one.write(first), ...one.write(second)],
  }
}

/** Named fields, in the order in which they are written down. */
export function group<T extends object>(
  parts: {
    readonly [Name in keyof T]: Layout<T[Name]>
  },
): Layout<T> {
  const names = Object.keys(parts) as (keyof T & string)[]
  return {
    ...groupOf(names.map((name) => named(name, parts[name]))),
    read: (reader) =>
      Object.fromEntries(names.map((name) => [name, parts[name].read(reader)])) as T,
    write: (value) => names.flatMap((name) => parts[name].write(value[name])),
  }
}

/** A group of one field, whose value is that of the field. */
export function alone<T>(name: string, part: Layout<T>): Layout<T> {
  return { ...part, ...groupOf([named(name, part)]) }
}

/** The same bytes for another value. */
export function mapped<A, B>(part: Layout<A>, to: (a: A) => B, from: (b: B) => A): Layout<B> {
  return {
    ...part,
    read: (reader) => to(part.read(reader)),
    write: (value) => part.write(from(value)),
  }
}

/** The bytes of a part that is read later, by whoever checks it. */
export function unread({ kind, bytes, count, parts }: Shape): Layout<Uint8Array> {
  return rawOf({ kind, bytes, count, parts })
}

function rawOf(shape: Shape): Layout<Uint8Array> {
  const size = sizeOf([shape])
  return { ...shape, read: (reader) => reader.take(size), write: (value) => [value] }
}

function rowOf(count: number, one: Shape): Shape {
  if (one.count !== 1) return { ...groupOf([named('row', one)]), count }
  const { kind, bytes, parts } = one
  return { kind, bytes, count, parts }
}

function groupOf(parts: readonly Field[]): Shape {
  return { kind: 'group', bytes: sizeOf(parts), count: 1, parts }
}

function named(name: string, { kind, bytes, count, parts }: Shape): Field {
  return { name, kind, bytes, count, parts }
}

/**
 * What a malicious sender can put in place of one field: the twelve of MAL-F for every field, and
 * more for points (MAL-P), scalars (MAL-S), numbers, and rows of fields (MAL-L). Where a mutation
 * has nothing to take from (no sibling of that size), the field's own halves change places.
 * Says nothing of what must happen; that follows from the bytes, in `verdict.ts`.
 */

import { limits } from '../../proto/limits.ts'
import { concat } from '../../signer-node/dkls23/bytes.ts'
import { type Curve, ORDER, type Point, type Scalar } from '../../signer-node/dkls23/curve.ts'
import { expand } from '../../signer-node/dkls23/transcript.ts'
import type { Leaf } from '../kit/rounds.ts'
import { bigEndian, FIELD } from './canonical.ts'

/** One field of one message on its way. */
export interface Spot {
  readonly curve: Curve
  readonly message: Uint8Array
  readonly leaves: readonly Leaf[]
  readonly leaf: Leaf
  /** Which of a row. */
  readonly index: number
  /** Messages of the same place: of another party, of another session, of another epoch. */
  readonly foreign: Readonly<Record<'party' | 'session' | 'epoch', Uint8Array>>
  /** Fixes everything that is random here. */
  readonly seed: string
}

export interface Mutation {
  readonly name: string
  readonly family: 'F' | 'L' | 'P' | 'S' | 'N'
  readonly change: (spot: Spot) => Uint8Array
}

const at = ({ leaf, index }: Spot): number => leaf.offsets[index] ?? 0
const own = (spot: Spot): Uint8Array => spot.message.slice(at(spot), at(spot) + spot.leaf.bytes)

/** The message with this in place of the field, whatever its length. */
function put(spot: Spot, bytes: Uint8Array): Uint8Array {
  const { message, leaf } = spot
  return concat(message.slice(0, at(spot)), bytes, message.slice(at(spot) + leaf.bytes))
}

const replaced =
  (make: (spot: Spot) => Uint8Array): Mutation['change'] =>
  (spot) =>
    put(spot, make(spot))

const random = (spot: Spot, length: number): Uint8Array => expand('rng', length, spot.seed)

const foreign = (whose: keyof Spot['foreign']): Mutation['change'] =>
  replaced((spot) => spot.foreign[whose].slice(at(spot), at(spot) + spot.leaf.bytes))

/** The next field of the same size, in the row or elsewhere, changes places with this one. */
function swapped(spot: Spot): Uint8Array {
  const { message, leaves, leaf, index } = spot
  const next = leaf.offsets[index + 1] ?? leaf.offsets[index - 1]
  const other = next ?? leaves.find((one) => one !== leaf && one.bytes === leaf.bytes)?.offsets[0]
  if (other === undefined) return put(spot, turned(own(spot)))
  const changed = put(spot, message.slice(other, other + leaf.bytes))
  changed.set(own(spot), other)
  return changed
}

function turned(bytes: Uint8Array): Uint8Array {
  const half = bytes.length >> 1
  return concat(bytes.slice(half), bytes.slice(0, half))
}

function flipped(spot: Spot): Uint8Array {
  const [where = 0, bit = 0] = random(spot, 2)
  const bytes = own(spot)
  const byte = where % bytes.length
  bytes[byte] = (bytes[byte] ?? 0) ^ (1 << (bit & 7))
  return bytes
}

const fields: readonly Mutation[] = [
  { name: 'zero bytes', change: replaced(({ leaf }) => new Uint8Array(leaf.bytes)) },
  { name: 'all 0xff', change: replaced(({ leaf }) => new Uint8Array(leaf.bytes).fill(0xff)) },
  { name: 'one bit flipped', change: replaced(flipped) },
  { name: 'one byte less', change: replaced((spot) => own(spot).slice(0, -1)) },
  { name: 'one byte more', change: replaced((spot) => concat(own(spot), Uint8Array.of(0))) },
  { name: 'empty', change: replaced(() => new Uint8Array()) },
  { name: 'swapped with a sibling', change: swapped },
  { name: 'of another party', change: foreign('party') },
  { name: 'of another session', change: foreign('session') },
  { name: 'of another epoch', change: foreign('epoch') },
  { name: 'random', change: replaced((spot) => random(spot, spot.leaf.bytes)) },
  {
    name: 'as long as a frame may be',
    change: replaced(
      ({ message, leaf }) => new Uint8Array(limits.frameBytesMax - message.length + leaf.bytes),
    ),
  },
].map((one) => ({ ...one, family: 'F' }))

const rows: readonly Mutation[] = [
  {
    name: 'a row of none',
    change: ({ message, leaf }: Spot) => cut(message, leaf, leaf.offsets.length),
  },
  { name: 'a row with one less', change: ({ message, leaf }: Spot) => cut(message, leaf, 1) },
  { name: 'a row with one more', change: replaced((spot) => concat(own(spot), own(spot))) },
].map((one) => ({ ...one, family: 'L' }))

/** Without the last so many of a row. */
function cut(message: Uint8Array, { bytes, offsets }: Leaf, count: number): Uint8Array {
  const gone = offsets.slice(offsets.length - count)
  const kept: Uint8Array[] = []
  let from = 0
  for (const offset of gone) {
    kept.push(message.slice(from, offset))
    from = offset + bytes
  }
  return concat(...kept, message.slice(from))
}

const points: readonly Mutation[] = [
  { name: 'x not on the curve', change: replaced(() => concat(Uint8Array.of(2), bigEndian(5n))) },
  {
    name: 'x not below p',
    change: replaced(() => concat(Uint8Array.of(2), bigEndian(FIELD + 1n))),
  },
  { name: 'the prefix of an uncompressed point', change: replaced((spot) => prefixed(spot, 4)) },
  { name: 'the prefix of a hybrid point', change: replaced((spot) => prefixed(spot, 6)) },
  { name: 'the prefix of the identity', change: replaced((spot) => prefixed(spot, 0)) },
  { name: 'twice the own point', change: algebra((points, mine) => points.add(mine, mine)) },
  { name: 'the own point negated', change: algebra((points, mine) => points.negate(mine)) },
  {
    name: 'an honest point negated',
    change: algebra((points, _, honest) => points.negate(honest)),
  },
  {
    name: 'what cancels an honest point',
    change: algebra((points, mine, honest) => points.add(mine, points.negate(honest))),
  },
  { name: 'the generator', change: algebra((points) => points.generator) },
].map((one) => ({ ...one, family: 'P' }))

function prefixed(spot: Spot, prefix: number): Uint8Array {
  const bytes = own(spot)
  bytes[0] = prefix
  return bytes
}

type Combine = (points: Curve['points'], mine: Point, honest: Point) => Point | undefined

function algebra(combine: Combine): Mutation['change'] {
  return replaced((spot) => {
    const { points } = spot.curve
    const honest = spot.foreign.party.slice(at(spot), at(spot) + spot.leaf.bytes)
    const mine = points.decodePoint(own(spot))
    return combine(points, mine, points.decodePoint(honest)) ?? mine
  })
}

const scalars: readonly Mutation[] = [
  { name: 'the order', change: replaced(() => bigEndian(ORDER)) },
  { name: 'the order and one', change: replaced(() => bigEndian(ORDER + 1n)) },
  { name: 'the largest scalar', change: replaced(() => bigEndian(ORDER - 1n)) },
  { name: 'one', change: replaced(() => bigEndian(1n)) },
  { name: 'its negative', change: arithmetic(({ negate }, mine) => negate(mine)) },
  { name: 'one more', change: arithmetic(({ add, one }, mine) => add(mine, one)) },
].map((one) => ({ ...one, family: 'S' }))

function arithmetic(
  change: (scalars: Curve['scalars'], mine: Scalar) => Scalar,
): Mutation['change'] {
  return replaced((spot) => {
    const { scalars } = spot.curve
    return change(scalars, scalars.decodeScalar(own(spot)))
  })
}

const numbers: readonly Mutation[] = [
  { name: 'one too large', change: replaced(() => Uint8Array.of(2, 0)) },
  { name: 'the largest', change: replaced(() => Uint8Array.of(1, 0xff)) },
].map((one) => ({ ...one, family: 'N' }))

/** All that can be done to a field. */
export function mutationsOf({ kind, offsets }: Leaf): readonly Mutation[] {
  const special = { point: points, scalar: scalars, number: numbers }
  const more = kind === 'point' || kind === 'scalar' || kind === 'number' ? special[kind] : []
  return [...fields, ...more, ...(offsets.length > 1 ? rows : [])]
}

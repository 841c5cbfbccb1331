/**
 * Base oblivious transfer: endemic OT in two messages (1.6; Masny and Rindal 2019, CDH form).
 * The chooser gets one key of each pair, the offerer both. In `choose` the slot that is not
 * chosen holds a random point, the other one is bent by the group oracle so that its owner knows
 * one discrete logarithm and cannot know two.
 * INVARIANT: the oracle decodes points from a hash and never multiplies the generator: a point
 * with a known logarithm there gives the chooser both keys (attack A1).
 *
 * psid, idx, slot: as in 1.6 | r_0, r_1 = pair | m_0, m_1 = answer | tA, tB = exponents
 */

import { Abort } from './abort.ts'
import { maskOf, swapMasked } from './bits.ts'
import { concat, u8, u16 } from './bytes.ts'
import { type Curve, POINT_BYTES, type Point, requirePoint, type Scalar } from './curve.ts'
import { type Layout, list, pair, point } from './layout.ts'
import { BASE_OTS } from './params.ts'
import type { Party } from './party.ts'
import { choiceBit } from './pprf.ts'
import type { SessionRandomness } from './randomness.ts'
import { SecretScope } from './secret.ts'
import { expand, hash } from './transcript.ts'

const COUNTERS = 0x10000

export interface BaseOtRun {
  readonly curve: Curve
  readonly psid: Uint8Array
  readonly peer: Party
  readonly randomness: SessionRandomness
}

/** The two points of one transfer, in one direction: (r_0, r_1) or (m_0, m_1). */
export type PointPair = readonly [Point, Point]

export interface Choice {
  readonly pairs: readonly PointPair[]
  /** Secret: for each transfer the logarithm that the chooser knows. */
  readonly exponents: readonly Scalar[]
}

export interface Offer {
  readonly pairs: readonly PointPair[]
  /** Secret: both keys of every transfer, in order. */
  readonly keys: Uint8Array
}

interface ChosenTransfer {
  readonly pair: PointPair
  readonly exponent: Scalar
}

/** What an oracle point and a key are bound to, besides the psid. */
interface Slot {
  readonly idx: number
  readonly slot: number
}

/** Chooser, message 1; the choice bits follow from Delta. */
export function choose(run: BaseOtRun, delta: Uint8Array): Choice {
  const chosen = Array.from({ length: BASE_OTS }, (_, idx) =>
    chooseOne(run, { idx, slot: choiceBit(delta, idx) }),
  )
  return {
    pairs: chosen.map(({ pair }) => pair),
    exponents: chosen.map(({ exponent }) => exponent),
  }
}

/** Offerer, message 2. */
export function offer(run: BaseOtRun, choices: readonly PointPair[]): Offer {
  using scraps = new SecretScope()
  const offers = choices.map((pair, idx) => {
    const { answer, keys } = offerPair(run, idx, pair)
    return { answer, keys: keys.map((key) => scraps.keep(key)) }
  })
  const keys = concat(...offers.flatMap((one) => one.keys))
  return { pairs: offers.map(({ answer }) => answer), keys }
}

/** Chooser, after message 2: the chosen key of every transfer. */
export function collect(
  run: BaseOtRun,
  delta: Uint8Array,
  { pairs, exponents }: Choice,
  answers: readonly PointPair[],
): Uint8Array {
  using scraps = new SecretScope()
  const keys = answers.map((answer, idx) => {
    const [pair, exponent] = [pairs[idx], exponents[idx]]
    if (pair === undefined || exponent === undefined) throw new RangeError('too many answers')
    const place = { idx, slot: choiceBit(delta, idx) }
    return scraps.keep(collectOne(run, place, { pair, exponent }, answer))
  })
  return concat(...keys)
}

/** Either message. */
export function pairsLayout(curve: Curve): Layout<readonly PointPair[]> {
  return list(BASE_OTS, pair(point(curve)))
}

/** HG: try-and-increment; every input is public in the end, so its time tells nothing. */
export function groupOracle(curve: Curve, psid: Uint8Array, place: Slot, other: Uint8Array): Point {
  const prefix = [psid, u16(place.idx), u8(place.slot), other] as const
  for (let counter = 0; counter < COUNTERS; counter++) {
    const candidate = expand('ot-group', POINT_BYTES, ...prefix, u16(counter))
    candidate[0] = 2 + ((candidate[0] ?? 0) & 1)
    const point = curve.points.tryPoint(candidate)
    if (point !== undefined) return point
  }
  throw new Abort('degenerate', `no point in ${COUNTERS} tries of the group oracle`)
}

function chooseOne(
  { curve, psid, peer, randomness }: BaseOtRun,
  { idx, slot }: Slot,
): ChosenTransfer {
  using scraps = new SecretScope()
  const { points } = curve
  const exponent = randomness.scalar('ot-ta', peer, idx)
  const blank = scraps.keep(randomness.scalar('ot-rand', peer, idx))
  const other = requirePoint(points.multiplyBase(blank))
  // Anybody can compute these two points for both slots; that they were needed for one tells which.
  const known = scraps.keep(requirePoint(points.multiplyBase(exponent)))
  const oracle = groupOracle(curve, psid, { idx, slot }, other)
  const bend = scraps.keep(requirePoint(points.negate(oracle)))
  const bent = requirePoint(points.add(known, bend))
  // Also the oracle of the other slot, so that the count of its tries does not show the choice.
  groupOracle(curve, psid, { idx, slot: 1 ^ slot }, bent)
  return { pair: turned(curve, [bent, other], slot), exponent }
}

function offerPair(run: BaseOtRun, idx: number, pair: PointPair) {
  const [first, second] = pair
  const zero = offerOne(
    run,
    { idx, slot: 0 },
    pair,
    sharedPoint(run, { idx, slot: 0 }, first, second),
  )
  const one = offerOne(
    run,
    { idx, slot: 1 },
    pair,
    sharedPoint(run, { idx, slot: 1 }, second, first),
  )
  return { answer: [zero.answer, one.answer] as const, keys: [zero.key, one.key] }
}

/** M_s; the identity would give a key that anybody can compute. */
function sharedPoint(
  { curve, psid, peer }: BaseOtRun,
  place: Slot,
  own: Point,
  other: Point,
): Point {
  const shared = curve.points.add(own, groupOracle(curve, psid, place, other))
  if (shared !== undefined) return shared
  const because = `a slot of base transfer ${place.idx} has the identity`
  throw new Abort('identity-point', because, { culprit: peer })
}

function offerOne(
  { curve, psid, peer, randomness }: BaseOtRun,
  place: Slot,
  pair: PointPair,
  shared: Point,
): { readonly answer: Point; readonly key: Uint8Array } {
  using scraps = new SecretScope()
  const exponent = scraps.keep(randomness.scalar('ot-tb', peer, place.idx, place.slot))
  const answer = requirePoint(curve.points.multiplyBase(exponent))
  const x = scraps.keep(curve.points.sharedX(shared, exponent))
  return { answer, key: keyOf(psid, place, [...pair, answer], x) }
}

function collectOne(
  { curve, psid }: BaseOtRun,
  place: Slot,
  { pair, exponent }: ChosenTransfer,
  answer: PointPair,
): Uint8Array {
  using scraps = new SecretScope()
  const [chosen, other] = turned(curve, answer, place.slot)
  for (const point of [chosen, other]) scraps.keep(point)
  const x = scraps.keep(curve.points.sharedX(chosen, exponent))
  return keyOf(psid, place, [...pair, chosen], x)
}

/** The pair, or for slot 1 the pair turned round, by masks: the slot is a bit of Delta. */
function turned(curve: Curve, pair: PointPair, slot: number): PointPair {
  using scraps = new SecretScope()
  const [first, second] = [scraps.keep(pair[0].slice()), scraps.keep(pair[1].slice())]
  swapMasked(first, second, maskOf(slot))
  return [curve.points.decodePoint(first), curve.points.decodePoint(second)]
}

/** Names the transfer and the slot, so that equal points never give equal keys. */
function keyOf(
  psid: Uint8Array,
  { idx, slot }: Slot,
  points: readonly Point[],
  sharedX: Uint8Array,
): Uint8Array {
  return hash('ot-key', psid, u16(idx), u8(slot), ...points, sharedX)
}

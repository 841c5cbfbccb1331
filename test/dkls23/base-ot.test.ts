import { beforeAll, describe, expect, it } from 'vitest'
import { Abort } from '../../signer-node/dkls23/abort.ts'
import {
  type BaseOtRun,
  type Choice,
  choose,
  collect,
  groupOracle,
  type Offer,
  offer,
  type PointPair,
  pairsLayout,
} from '../../signer-node/dkls23/base-ot.ts'
import { ascii, chunks, Malformed, u8, u16 } from '../../signer-node/dkls23/bytes.ts'
import type { Curve, Scalar } from '../../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { decodeAs, encodeAs } from '../../signer-node/dkls23/layout.ts'
import { BASE_OTS, DELTA_BYTES, KEY_BYTES } from '../../signer-node/dkls23/params.ts'
import { parseParty } from '../../signer-node/dkls23/party.ts'
import { choiceBit } from '../../signer-node/dkls23/pprf.ts'
import { expand, hash, hashToScalar, sha256 } from '../../signer-node/dkls23/transcript.ts'
import { vectorRandomness } from '../kit/protocol.ts'
import { twins } from '../kit/twins.ts'
import { hex, vector } from '../kit/vectors.ts'

const curve = nativeCurve()
const { generator } = curve.points
const psid = sha256(ascii('mpc1 vector psid'))
const delta = expand('rng', DELTA_BYTES, 'delta')
const runOf = (name: string, twin: Curve = curve): BaseOtRun => ({
  curve: twin,
  psid,
  peer: parseParty(7),
  randomness: vectorRandomness(name, 1, twin),
})

/** The curve with every call of the named operation noted or replaced. */
function withPoints(changes: Partial<Curve['points']>): Curve {
  return { ...curve, points: { ...curve.points, ...changes } }
}

describe('base oblivious transfer', () => {
  let choice: Choice
  let offered: Offer
  let keys: Uint8Array
  beforeAll(() => {
    choice = choose(runOf('chooser'), delta)
    offered = offer(runOf('offerer'), choice.pairs)
    keys = collect(runOf('chooser again'), delta, choice, offered.pairs)
  })
  const offeredKey = (idx: number, slot: number): Uint8Array =>
    offered.keys.slice((2 * idx + slot) * KEY_BYTES, (2 * idx + slot + 1) * KEY_BYTES)

  it('gives the chooser the chosen key of every pair and never the other one', () => {
    chunks(keys, KEY_BYTES).forEach((key, idx) => {
      const slot = choiceBit(delta, idx)
      expect(hex(key)).toBe(hex(offeredKey(idx, slot)))
      expect(hex(key)).not.toBe(hex(offeredKey(idx, 1 ^ slot)))
    })
    expect(new Set(chunks(offered.keys, KEY_BYTES).map(hex)).size).toBe(2 * BASE_OTS)
  })

  it('makes different keys from equal points in every transfer and slot (A6)', () => {
    const [pair] = choice.pairs
    const same: readonly PointPair[] = Array.from({ length: BASE_OTS }, () => [pair![0], pair![0]])
    const again = offer(runOf('equal points'), same)
    expect(new Set(chunks(again.keys, KEY_BYTES).map(hex)).size).toBe(2 * BASE_OTS)
  })

  it('binds a key to session, transfer, slot and points, if all else is equal (A5, A6)', () => {
    // The exponent and the shared point are constants, so only the hash itself can tell places.
    const fixed = withPoints({ sharedX: () => new Uint8Array(32).fill(5) })
    const keysAt = (id: Uint8Array, idx: number, pair: PointPair, exponent = 11) => {
      const randomness = vectorRandomness('constant', 1, curve)
      randomness.scalar = () => curve.scalars.fromNumber(exponent)
      const run = { ...runOf('constant', fixed), psid: id, randomness }
      const choices = Array.from({ length: idx + 1 }, () => pair)
      return chunks(offer(run, choices).keys, KEY_BYTES).slice(-2).map(hex)
    }
    const [[r0, r1], [other]] = choice.pairs as [PointPair, PointPair]
    const places = [
      keysAt(psid, 0, [r0, r1]),
      keysAt(sha256(psid), 0, [r0, r1]),
      keysAt(psid, 1, [r0, r1]),
      keysAt(psid, 0, [r0, other]),
      keysAt(psid, 0, [other, r1]),
      keysAt(psid, 0, [r0, r0]),
      keysAt(psid, 0, [r0, r1], 12),
    ]
    expect(new Set(places.flat()).size).toBe(2 * places.length)
    expect(keysAt(psid, 0, [r0, r1])).toEqual(places[0])
  })

  it('asks the oracle as often for one choice as for the other', () => {
    const asked: number[] = []
    const counting = withPoints({
      tryPoint: (bytes) => {
        asked[asked.length - 1]! += 1
        return curve.points.tryPoint(bytes)
      },
    })
    const run = runOf('chooser', counting)
    const draw = run.randomness.scalar.bind(run.randomness)
    run.randomness.scalar = (label, ...indices) => {
      if (label === 'ot-ta') asked.push(0)
      return draw(label, ...indices)
    }
    const { pairs } = choose(run, delta)
    const triesOf = (idx: number, slot: number, point: Uint8Array): number => {
      asked.push(0)
      groupOracle(counting, psid, { idx, slot }, point)
      return asked.pop()!
    }
    const bySlots = pairs.map(([r0, r1], idx) => triesOf(idx, 0, r1) + triesOf(idx, 1, r0))
    expect(asked).toEqual(bySlots)
    expect(new Set(pairs.map((_, idx) => choiceBit(delta, idx))).size).toBe(2)
  })

  it.each([0, 1])('blames a chooser whose slot %i leads to the identity (A7)', (slot) => {
    const idx = 3
    const other = choice.pairs[0]![0]
    const own = curve.points.negate(groupOracle(curve, psid, { idx, slot }, other))!
    const pair: PointPair = slot === 0 ? [own, other] : [other, own]
    const pairs = choice.pairs.map((honest, i) => (i === idx ? pair : honest))
    expect(() => offer(runOf('identity'), pairs)).toThrow(
      expect.objectContaining({ reason: 'identity-point', remedy: 'fault', culprit: 7 }),
    )
  })

  it('encodes and decodes points pair by pair, and refuses one that is not on the curve', () => {
    const bytes = encodeAs(pairsLayout(curve), choice.pairs)
    expect(decodeAs(pairsLayout(curve), bytes)).toEqual(choice.pairs)
    const off = Uint8Array.from(bytes)
    off.fill(0xff, 34, 66)
    expect(() => decodeAs(pairsLayout(curve), off)).toThrow(Malformed)
    expect(() => decodeAs(pairsLayout(curve), bytes.subarray(1))).toThrow(Malformed)
  })

  it('refuses more answers than it made choices', () => {
    const answers = [...offered.pairs, ...offered.pairs.slice(0, 1)]
    expect(() => collect(runOf('chooser'), delta, choice, answers)).toThrow(RangeError)
  })

  it('aborts when a point comes out as the identity', () => {
    const broken = withPoints({ add: () => undefined })
    expect(() => choose(runOf('identity', broken), delta)).toThrow(
      expect.objectContaining({ reason: 'degenerate' }),
    )
  })
})

describe.each(twins)('the group oracle on the $name twin', (twin) => {
  it.each([
    [0, 0],
    [255, 1],
  ])('gives the point of the vector for transfer %i, slot %i', (idx, slot) => {
    const point = groupOracle(twin, psid, { idx, slot }, generator)
    expect(hex(point)).toBe(vector(`HG idx ${idx} slot ${slot}`))
  })
})

describe('the group oracle (A1, Devious Transfer)', () => {
  it('decodes points and multiplies none', () => {
    const multiplied: string[] = []
    const note = (name: string) => () => {
      multiplied.push(name)
      return undefined
    }
    const watched: Curve = {
      ...withPoints({
        multiplyBase: note('multiplyBase'),
        multiplyPublic: note('multiplyPublic'),
      }),
      scalars: {
        ...curve.scalars,
        fromWide: () => {
          throw new Error('the oracle has no use for a scalar')
        },
      },
    }
    const place = { idx: 0, slot: 0 }
    expect(hex(groupOracle(watched, psid, place, generator))).toBe(vector('HG idx 0 slot 0'))
    expect(multiplied).toEqual([])
  })

  it('gives points whose logarithm is no scalar that its inputs determine', () => {
    for (const place of [0, 1, 2, 3].map((idx) => ({ idx, slot: idx & 1 }))) {
      const point = groupOracle(curve, psid, place, generator)
      for (const scalar of oracleScalars(place)) {
        const known = curve.points.multiplyBase(scalar)
        expect(curve.points.equal(point, known)).toBe(false)
        expect(curve.points.equal(curve.points.negate(point), known)).toBe(false)
      }
    }
  })

  it('leaves the chooser without the other key, whatever scalars of the oracle it tries', () => {
    const choice = choose(runOf('devious'), delta)
    const { pairs, keys } = offer(runOf('offerer'), choice.pairs)
    for (const idx of [0, 1, 2, 3]) {
      const slot = choiceBit(delta, idx)
      const other = 1 ^ slot
      const exponent = choice.exponents[idx]!
      const answer = pairs[idx]![other]!
      const target = hex(
        keys.slice((2 * idx + other) * KEY_BYTES, (2 * idx + other + 1) * KEY_BYTES),
      )
      const blank = vectorRandomness('devious', 1, curve).scalar('ot-rand', 7, idx)
      const known = [exponent, blank, curve.scalars.one]
      const oracle = oracleScalars({ idx, slot: other }, choice.pairs[idx]![slot]!)
      for (const a of known) {
        for (const b of oracle) {
          const { add, subtract } = curve.scalars
          for (const guess of [a, b, add(a, b), subtract(a, b), subtract(b, a)]) {
            const x = curve.points.sharedX(answer, guess)
            const [first, second] = choice.pairs[idx]!
            const key = hash('ot-key', psid, u16(idx), u8(other), first, second, answer, x)
            expect(hex(key)).not.toBe(target)
          }
        }
      }
    }
  })

  it('gives up, blaming nobody, when no hash decodes to a point', () => {
    const pointless = withPoints({ tryPoint: () => undefined })
    expect(() => groupOracle(pointless, psid, { idx: 0, slot: 0 }, generator)).toThrow(Abort)
  })

  it('gives another point for another session, transfer, slot or other point', () => {
    const other = curve.points.add(generator, generator)!
    const points = [
      groupOracle(curve, psid, { idx: 0, slot: 0 }, generator),
      groupOracle(curve, sha256(psid), { idx: 0, slot: 0 }, generator),
      groupOracle(curve, psid, { idx: 1, slot: 0 }, generator),
      groupOracle(curve, psid, { idx: 0, slot: 1 }, generator),
      groupOracle(curve, psid, { idx: 0, slot: 0 }, other),
    ]
    expect(new Set(points.map(hex)).size).toBe(points.length)
  })
})

/** Every scalar that the oracle's inputs determine in its own hashes, for the first counters. */
function oracleScalars(
  { idx, slot }: { readonly idx: number; readonly slot: number },
  other: Uint8Array = generator,
): readonly Scalar[] {
  return [0, 1, 2, 3].flatMap((counter) => {
    const parts = [psid, u16(idx), u8(slot), other, u16(counter)] as const
    const output = expand('ot-group', 33, ...parts)
    return [
      curve.scalars.reduce(output.slice(0, 32)),
      curve.scalars.reduce(output.slice(1)),
      hashToScalar(curve, 'ot-group', ...parts),
    ]
  })
}

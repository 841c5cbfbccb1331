import { describe, expect, it } from 'vitest'
import { Malformed } from '../../signer-node/dkls23/bytes.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { type Leaf, leavesOf } from '../kit/rounds.ts'
import { bigEndian, FIELD, isCanonical } from './canonical.ts'
import { type Case, casesOf } from './cases.ts'
import { meanings } from './meaning.ts'
import { mutationsOf } from './mutations.ts'
import { Theatre } from './play.ts'
import { allCases, stages } from './suite.ts'

const curve = nativeCurve()
const all = stages()
const rounds = all.flatMap(({ rounds }) => [...rounds.values()])

/** Of every field a case in the small protocols, and some of each large one. */
function slice(): readonly Case[] {
  // A signature over a fresh pairing is the set-up and the signature, which are both here.
  const short = all.filter(({ name }) => !name.includes('fresh'))
  return short.flatMap((stage) => {
    const cases = casesOf(stage)
    const isLarge = stage.parties.length > 3 || stage.name === 'signing by 3 of 5'
    if (isLarge) return cases.filter((_, at) => at % 800 === 7)
    const byField = Map.groupBy(cases, ({ round, leaf }) => `${round} ${leaf.path}`)
    return [...byField.values()].flatMap((ofField, at) =>
      // Which one differs from field to field, so that every way is played somewhere.
      ofField.slice((at * 7) % ofField.length).slice(0, 1),
    )
  })
}

describe('the generated cases', () => {
  it('are at least 3,000, each with a name of its own', () => {
    const names = allCases().map(({ name }) => name)
    expect(names.length).toBeGreaterThanOrEqual(3_000)
    expect(new Set(names).size).toBe(names.length)
  })

  it('know what binds every field of every round, and no field that is not there', () => {
    const said = Object.entries(meanings).map(([name, fields]) => [name, Object.keys(fields)])
    const there = rounds.map(({ name, fields }) => {
      return [name, leavesOf(fields).map(({ path }) => path)] as const
    })
    expect(Object.fromEntries(said)).toEqual(Object.fromEntries(there))
  })

  it('change every field in twelve ways, and points, scalars, numbers and rows in more', () => {
    const cases = allCases()
    for (const { name, fields } of rounds) {
      for (const leaf of leavesOf(fields)) {
        const own = cases.filter((one) => one.name.includes(`, ${name}, ${leaf.path}`))
        const ways = new Set(own.map(({ mutation }) => mutation.name))
        expect([...ways].length).toBe(mutationsOf(leaf).length)
        const more = { point: 10, scalar: 6, number: 2 }
        const special = Object.entries(more).find(([kind]) => kind === leaf.kind)?.[1] ?? 0
        expect(ways.size).toBe(12 + special + (leaf.offsets.length > 1 ? 3 : 0))
      }
    }
  })

  it('have one corrupt party, or t - 1 at once, and always an honest one', () => {
    for (const { stage, corrupt } of allCases()) {
      expect(corrupt.length).toBeLessThanOrEqual(stage.corruptMax)
      expect(stage.parties.some((party) => !corrupt.includes(party))).toBe(true)
    }
    expect(allCases().some(({ corrupt }) => corrupt.length === 2)).toBe(true)
  })
})

describe('in the slice of every day', () => {
  const theatre = new Theatre()
  it.each(slice().map((one) => [one.name, one] as const))('%s', (_, one) => {
    expect(theatre.play(one).broken).toEqual([])
  })
})

describe('what is canonical by integers alone', () => {
  const leaf = (kind: Leaf['kind'], bytes: number, path = ''): Leaf => {
    return { path, kind, bytes, offsets: [0] }
  }

  it('agrees with the decoders about points and scalars', () => {
    const decodes = (decode: () => unknown): boolean => {
      try {
        decode()
        return true
      } catch (error) {
        expect(error).toBeInstanceOf(Malformed)
        return false
      }
    }
    for (let x = 0n; x < 64n; x++) {
      for (const prefix of [0, 2, 3, 4]) {
        for (const value of [x, FIELD - x - 1n, FIELD + x]) {
          const point = Uint8Array.from([prefix, ...bigEndian(value)])
          const isPoint = decodes(() => curve.points.decodePoint(point))
          expect(isCanonical(leaf('point', 33), point)).toBe(isPoint)
        }
      }
      const scalar = bigEndian(2n ** 256n - 1n - (x << 123n))
      const isScalar = decodes(() => curve.scalars.decodeScalar(scalar))
      expect(isCanonical(leaf('scalar', 32), scalar)).toBe(isScalar)
    }
  })

  it('takes a challenge below its limit only', () => {
    const challenge = leaf('number', 2, 'opening.value.proofs.row.challenge')
    expect(isCanonical(challenge, Uint8Array.of(1, 0xff))).toBe(true)
    expect(isCanonical(challenge, Uint8Array.of(2, 0))).toBe(false)
  })
})

import { describe, expect, it } from 'vitest'
import { concat, Malformed } from '../../signer-node/dkls23/bytes.ts'
import type { Point } from '../../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { nobleCurve } from '../../signer-node/dkls23/curve-noble.ts'
import { exportPart, openExport, requireHonestPart } from '../../signer-node/dkls23/exporting.ts'
import type { KeyFacts } from '../../signer-node/dkls23/keyshare.ts'
import { InvalidParticipants, type Party, parseParty } from '../../signer-node/dkls23/party.ts'
import { lagrangeAtZero } from '../../signer-node/dkls23/polynomial.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { sign } from '../../signer-node/dkls23/sign.ts'
import { makeKey } from '../kit/keys.ts'
import { anyOf, exportParts, exportRuns, importKey, refreshKey } from '../kit/lifecycle.ts'
import { dealPairings } from '../kit/pairings.ts'
import { nodes } from '../kit/protocol.ts'
import { secretOf } from '../kit/shares.ts'
import { hex } from '../kit/vectors.ts'

const curve = nativeCurve()
const { scalars, points } = curve
const [one, two, three] = [1, 2, 3].map(parseParty) as [Party, Party, Party]
const key = makeKey(curve, 2, [1, 2, 3])
const wide = makeKey(curve, 3, [1, 2, 3, 4, 5])
const pairings = dealPairings([1, 2, 3, 4, 5])
const state = { facts: anyOf(wide).facts, keyState: anyOf(wide).keyState }
const group = [1, 3, 4]
const parts = () => exportParts(curve, wide, group, pairings)
const changed = (x: Party, change: (bytes: Uint8Array) => Uint8Array) => {
  const all = parts()
  return new Map([...all, [x, new Secret(change(all.get(x)!.bytes))]])
}
const patched = (offset: number, patch: Uint8Array) => (bytes: Uint8Array) => {
  const copy = bytes.slice()
  copy.set(patch, offset)
  return copy
}
const doubled = (point: Uint8Array): Point => {
  const decoded = points.decodePoint(point)
  return points.add(decoded, decoded)!
}

describe('an export', () => {
  it.each([
    ['2 of 3', key, [1, 2]],
    ['2 of 3 by others', key, [2, 3]],
    ['3 of 5', wide, [1, 3, 4]],
    ['3 of 5 by the last ones', wide, [3, 4, 5]],
  ])('of %s gives its recipient the key', (_, from, exporters) => {
    using opened = openExport(curve, anyOf(from), exportParts(curve, from, exporters, pairings))
    expect(hex(opened.bytes)).toBe(hex(secretOf(curve, from.values())))
    expect(hex(points.multiplyBase(opened.bytes)!)).toBe(hex(anyOf(from).facts.publicKey))
  })

  it('is the same with the reference twin', () => {
    const runs = exportRuns(nobleCurve(), wide, group)
    const again = new Map(
      [...runs].map(([x, run]) => {
        const job = { keyshare: wide.get(x)!, pairings: pairings.get(x)! }
        return [x, exportPart(run, job)]
      }),
    )
    for (const [x, { bytes }] of parts()) expect(hex(again.get(x)!.bytes)).toBe(hex(bytes))
    expect(openExport(nobleCurve(), state, again).bytes).toHaveLength(32)
  })

  it('shows its recipient no weighed share of anybody', () => {
    const xs = group.map(parseParty)
    for (const [x, { bytes }] of parts()) {
      const weight = lagrangeAtZero(curve, xs, x)
      const weighed = scalars.multiply(weight, wide.get(x)!.secretShare.bytes)
      expect(hex(bytes.slice(0, 32))).not.toBe(hex(weighed))
      expect(bytes).toHaveLength(32 + 2 * 33)
    }
  })

  it('has other parts in every session', () => {
    const run = exportRuns(curve, key, [1, 2], 'another export').get(one)!
    const job = { keyshare: key.get(one)!, pairings: pairings.get(one)! }
    const first = exportParts(curve, key, [1, 2], pairings).get(one)!
    expect(exportPart(run, job).equals(first)).toBe(false)
  })

  it('leaves the share as it was', () => {
    const before = hex(key.get(one)!.secretShare.bytes)
    exportParts(curve, key, [1, 2], pairings)
    expect(hex(key.get(one)!.secretShare.bytes)).toBe(before)
  })
})

describe('who exports', () => {
  const run = exportRuns(curve, key, [1, 2]).get(one)!
  const start = (
    change: Partial<typeof run>,
    job: Partial<Parameters<typeof exportPart>[1]> = {},
  ) =>
    exportPart(
      { ...run, ...change },
      { keyshare: key.get(one)!, pairings: pairings.get(one)!, ...job },
    )

  it('is exactly t holders, each with its own share', () => {
    expect(start({}).bytes).toHaveLength(65)
    expect(() => start({ participants: nodes(1, 2, 3) })).toThrow(InvalidParticipants)
    expect(() => start({ participants: nodes(1) })).toThrow(InvalidParticipants)
    expect(() => start({ participants: nodes(1, 4) })).toThrow(InvalidParticipants)
    expect(() => start({}, { keyshare: key.get(two)! })).toThrow(InvalidParticipants)
  })

  it('has a pairing with every other exporter', () => {
    const attempt = () => start({}, { pairings: pairings.get(three)! })
    expect(attempt).toThrow(expect.objectContaining({ reason: 'pairing-mismatch' }))
    const dead = dealPairings([1, 2])
    dead.get(one)!.get(two)![Symbol.dispose]()
    const late = () => start({}, { pairings: dead.get(one)! })
    expect(late).toThrow(expect.objectContaining({ reason: 'pairing-dead' }))
  })

  it('is nobody for an imported key before its refresh', () => {
    const secret = scalars.fromNumber(123_456)
    const source = { threshold: 2, participants: nodes(1, 2, 3), chainCode: new Uint8Array(32) }
    const imported = importKey(curve, { ...source, secret })
    expect(() => exportParts(curve, imported, [1, 2], pairings)).toThrow('before it was refreshed')
    const refreshed = refreshKey(curve, imported)
    using opened = openExport(
      curve,
      anyOf(refreshed),
      exportParts(curve, refreshed, [1, 2], pairings),
    )
    expect(hex(opened.bytes)).toBe(hex(secret))
  })
})

describe('a share that says that its key was exported', () => {
  it('signs nothing more, and gives its part again', () => {
    using marked = key.get(one)!.markExported(curve)
    const run = { ...exportRuns(curve, key, [1, 2]).get(one)! }
    const job = { keyshare: marked, pairings: pairings.get(one)! }
    const signing = { ...job, path: [], digest: new Uint8Array(32).fill(7) }
    expect(() => sign(run, signing).next()).toThrow('an exported key signs nothing any more')
    expect(() => sign(run, { ...signing, keyshare: key.get(one)! }).next()).not.toThrow()
    expect(exportPart(run, job).equals(exportParts(curve, key, [1, 2], pairings).get(one)!)).toBe(
      true,
    )
  })
})

describe('the recipient of an export', () => {
  const open = (given: ReadonlyMap<Party, Secret>) => () => openExport(curve, state, given)
  const blames = (reason: string, culprit: Party | undefined) =>
    expect.objectContaining({ reason, culprit })

  it('opens honest parts', () => {
    expect(open(parts())().bytes).toHaveLength(32)
  })

  it.each<[string, (bytes: Uint8Array) => Uint8Array]>([
    ['another part', (bytes) => patched(0, scalars.fromNumber(9))(bytes)],
    [
      'a part and a fragment changed',
      (bytes) => patched(0, concat(scalars.fromNumber(9), points.generator))(bytes),
    ],
    [
      'the share of another session',
      () => exportParts(curve, wide, [1, 3, 5], pairings).get(three)!.bytes,
    ],
  ])('names who sent %s', (_, change) => {
    expect(open(changed(three, change))).toThrow(blames('share', three))
  })

  it('names nobody when two exporters tell different fragments, and part and fragment agree', () => {
    // Party 3 takes another fragment towards party 1, in its part and in the exponent.
    const lie = (bytes: Uint8Array): Uint8Array => {
      const part = scalars.add(scalars.decodeScalar(bytes.slice(0, 32)), scalars.one)
      const fragment = points.add(points.decodePoint(bytes.slice(32, 65)), points.generator)!
      return concat(part, fragment, bytes.slice(65))
    }
    expect(open(changed(three, lie))).toThrow(blames('view-mismatch', undefined))
    expect(open(changed(three, lie))).toThrow('parties 1 and 3 state different fragments')
    const last = (bytes: Uint8Array): Uint8Array => {
      const part = scalars.subtract(scalars.decodeScalar(bytes.slice(0, 32)), scalars.one)
      const fragment = points.add(points.decodePoint(bytes.slice(65)), points.generator)!
      return concat(part, bytes.slice(32, 65), fragment)
    }
    expect(open(changed(three, last))).toThrow('parties 3 and 4 state different fragments')
  })

  it('does not mind a wrong fragment while the parts give the key', () => {
    const lie = (bytes: Uint8Array): Uint8Array => patched(32, doubled(bytes.slice(32, 65)))(bytes)
    expect(hex(open(changed(three, lie))().bytes)).toBe(hex(secretOf(curve, wide.values())))
  })

  it.each<[string, (bytes: Uint8Array) => Uint8Array]>([
    ['that is out of range', (bytes) => patched(0, new Uint8Array(32).fill(0xff))(bytes)],
    ['with a fragment off the curve', (bytes) => patched(32, new Uint8Array(33))(bytes)],
    ['of one byte more', (bytes) => concat(bytes, Uint8Array.of(0))],
    ['of one byte less', (bytes) => bytes.slice(1)],
    ['of no bytes', () => new Uint8Array()],
  ])('names who sent a part %s', (_, change) => {
    expect(open(changed(three, change))).toThrow(blames('malformed', three))
  })

  it('asks for exactly t parts of holders, in ascending order', () => {
    const [first, second, third] = [...parts()]
    expect(open(new Map([first!, second!]))).toThrow(InvalidParticipants)
    expect(open(new Map([first!, third!, second!]))).toThrow(InvalidParticipants)
    expect(open(new Map([first!, second!, [parseParty(9), third![1]]]))).toThrow(
      InvalidParticipants,
    )
    expect(open(new Map([...parts(), [parseParty(5), third![1]]]))).toThrow(InvalidParticipants)
  })

  it('believes no facts but those of the key state that it knows', () => {
    const lie = (facts: Partial<KeyFacts>) => () =>
      openExport(curve, { ...state, facts: { ...state.facts, ...facts } }, parts())
    expect(lie({ epoch: 7 })).toThrow(Malformed)
    expect(lie({ publicKey: doubled(state.facts.publicKey) })).toThrow(Malformed)
  })
})

describe('who is shown one part and no other', () => {
  const xs = group.map(parseParty)
  const judge = (x: Party, part: Secret, change: Partial<typeof state> = {}, exporters = xs) => {
    return () => requireHonestPart(curve, { ...state, ...change }, exporters, { x, part })
  }

  it('finds the part of every honest exporter to be what its own fragments say', () => {
    for (const [x, part] of parts()) expect(judge(x, part)).not.toThrow()
  })

  it.each<[string, (bytes: Uint8Array) => Uint8Array, string]>([
    ['another part', patched(0, scalars.fromNumber(9)), 'share'],
    ['another fragment', (bytes) => patched(65, doubled(bytes.slice(65)))(bytes), 'share'],
    ['one byte too many', (bytes) => concat(bytes, Uint8Array.of(0)), 'malformed'],
  ])('convicts whoever sent %s', (_, change, reason) => {
    const part = changed(three, change).get(three)!
    expect(judge(three, part)).toThrow(expect.objectContaining({ reason, culprit: three }))
  })

  it('convicts nobody for the part of a run of others, or of facts that are not of the key', () => {
    const part = parts().get(three)!
    expect(judge(three, part, {}, xs.slice(1))).toThrow(InvalidParticipants)
    expect(judge(three, part, {}, xs.toReversed())).toThrow(InvalidParticipants)
    expect(judge(three, part, { keyState: new Uint8Array(32) })).toThrow(Malformed)
  })
})

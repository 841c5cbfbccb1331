import { describe, expect, it } from 'vitest'
import { u32 } from '../../signer-node/dkls23/bytes.ts'
import { type DealtPlace, isWrongShare } from '../../signer-node/dkls23/complaint.ts'
import type { Point, Scalar } from '../../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import type { DealingForm } from '../../signer-node/dkls23/dealing.ts'
import { type Party, parseParty } from '../../signer-node/dkls23/party.ts'
import type { Protocol, Run } from '../../signer-node/dkls23/protocol.ts'
import { prepareRefresh } from '../../signer-node/dkls23/refresh.ts'
import { hashToScalar } from '../../signer-node/dkls23/transcript.ts'
import { aborts, EVIL, evilIn, fault, put, retry } from '../kit/crooked-dealer.ts'
import { crookedPart, type Twist } from '../kit/crooked-life.ts'
import { makeKey } from '../kit/keys.ts'
import { confirmAll, type Key, refreshing, refreshKey, refreshRuns } from '../kit/lifecycle.ts'
import { abortOf, drive, driveAll, flip, type Tamper, vectorRandomness } from '../kit/protocol.ts'
import { secretOf } from '../kit/shares.ts'
import { hex } from '../kit/vectors.ts'

const curve = nativeCurve()
const { points, scalars } = curve
const key = makeKey(curve, 2, [1, 2, 3])
const [one, evil] = [1, EVIL].map(parseParty) as [Party, Party]
/** Round 2: one coefficient, one proof | salt | echo | share. */
const AT = { proof: 33, salt: 33 + 2144, echo: 2209, share: 2241, end: 2273 } as const
const some = (i: number): Scalar => hashToScalar(curve, 'gadget', u32(i))

function runTampered(tamper: Tamper) {
  const runs = refreshRuns(curve, key, 2)
  const parties = [...runs].map(([x, run]) => [x, refreshing(run, key.get(x)!, 2)] as const)
  return drive(new Map(parties), tamper)
}

/** Honest parties 1 and 3 beside any generator in the place of party 2. */
function runAgainst(crooked: (run: Run) => Protocol<unknown>) {
  const parties = [...refreshRuns(curve, key, 2)].map(
    ([x, run]): readonly [Party, Protocol<unknown>] => [
      x,
      x === EVIL ? crooked(run) : refreshing(run, key.get(x)!, 2),
    ],
  )
  return drive(new Map(parties))
}

function deals(coefficients: readonly Scalar[], twist: Twist = {}) {
  return runAgainst((run) => {
    const { participants } = run
    const plan = { dealers: participants, receivers: participants, coefficients, first: 1 } as const
    return crookedPart(run, plan, twist)
  })
}
const honest = [scalars.zero, some(0)]

/** Of party 2, to a receiver. */
function placeOf(form: DealingForm, receiver: Party): DealtPlace {
  const { sid, self: dealer } = refreshRuns(curve, key, 2).get(evil)!
  return { sid, form, dealer, receiver }
}

describe('a commitment to a refresh', () => {
  it('shown to one party in another form is a view mismatch that blames nobody (A20)', () => {
    const outcomes = runTampered(evilIn(1, (bytes, to) => (to === 3 ? flip(bytes, 0) : bytes)))
    for (const x of [1, 2, 3]) expect(abortOf(outcomes, x)).toMatchObject(retry('view-mismatch'))
  })

  it('made for another epoch is a view mismatch that blames nobody (A36)', () => {
    const outcomes = runAgainst(() => {
      const elsewhere = refreshRuns(curve, key, 3).get(evil)!
      return refreshing(elsewhere, key.get(evil)!, 3)
    })
    for (const abort of aborts(outcomes)) expect(abort).toMatchObject(retry('view-mismatch'))
  })

  it('that never comes is a reason to try again', () => {
    const silent: Tamper = (round, from, _to, bytes) => (round === 1 && from === EVIL ? [] : bytes)
    expect(abortOf(runTampered(silent), 1)).toMatchObject(retry('missing-message'))
  })
})

describe('a dealing of zero', () => {
  it('of an honest dealer passes', () => {
    for (const abort of aborts(deals(honest))) {
      expect(abort).toMatchObject(retry('missing-message'))
    }
  })

  it('that is not of zero convicts its dealer, with the message as evidence (A36)', () => {
    for (const abort of aborts(deals([scalars.one, some(0)]))) {
      expect(abort).toMatchObject(fault('share'))
      expect(abort.evidence).toHaveLength(AT.end)
    }
  })

  it.each([
    ['another coefficient', put(0, points.generator)],
    ['another salt', put(AT.salt, Uint8Array.of(1, 2, 3))],
  ])('with %s than it was committed to is a fault', (_, change) => {
    for (const abort of aborts(runTampered(evilIn(2, change)))) {
      expect(abort).toMatchObject(fault('commitment'))
    }
  })

  it('with another echo is a view mismatch, before anything in it is judged', () => {
    const change = (bytes: Uint8Array) =>
      put(AT.echo, new Uint8Array(32))(put(AT.salt, new Uint8Array(32))(bytes))
    for (const abort of aborts(runTampered(evilIn(2, change)))) {
      expect(abort).toMatchObject(retry('view-mismatch'))
    }
  })

  it.each([
    ['an identity in place of the coefficient (A33)', put(0, new Uint8Array(33))],
    ['a challenge out of range (A43)', put(AT.proof + 33, Uint8Array.of(2, 0))],
    ['a share that is not canonical', put(AT.share, new Uint8Array(32).fill(0xff))],
  ])('with %s is malformed', (_, change) => {
    for (const abort of aborts(runTampered(evilIn(2, change)))) {
      expect(abort).toMatchObject(fault('malformed'))
    }
  })

  it.each([
    ['no coefficient', -(33 + 2144)],
    ['no proof', -2144],
    ['a constant that it may not send', 33 + 2144],
    ['a chain-code part', 32],
    ['one byte too few', -1],
    ['one byte too many', 1],
  ])('with %s is a fault (A30)', (_, difference) => {
    const outcomes = runTampered(evilIn(2, () => new Uint8Array(AT.end + difference)))
    for (const abort of aborts(outcomes)) expect(abort).toMatchObject(fault('wrong-size'))
  })

  it('of a longer polynomial dealt honestly is a fault (A30)', () => {
    for (const abort of aborts(deals([...honest, some(1)]))) {
      expect(abort).toMatchObject(fault('wrong-size'))
    }
  })

  const rogue = points.add(points.generator, points.generator) as Point
  it.each<[string, Twist]>([
    ['a coefficient it does not know (A31)', { value: put(0, rogue) }],
    ['a proof under the index of the constant', { index: () => 0 }],
    ['a changed response', { value: (value) => flip(value, AT.proof + 66) }],
  ])('with %s is a fault', (_, twist) => {
    for (const abort of aborts(deals(honest, twist))) expect(abort).toMatchObject(fault('proof'))
  })

  it('of another party, repeated, is a fault (A32)', () => {
    let stolen = new Uint8Array()
    runTampered((round, from, _to, bytes) => {
      if (round === 2 && from === 1) stolen = bytes.slice(0, AT.salt)
      return bytes
    })
    for (const abort of aborts(deals(honest, { value: () => stolen }))) {
      expect(abort).toMatchObject(fault('proof'))
    }
  })

  it('with a share that is not on it convicts its dealer, with the message as evidence', () => {
    const share = (given: Scalar) => scalars.add(given, scalars.one)
    const outcomes = deals(honest, { share })
    const form = { threshold: 2, of: 'zero' } as const
    for (const x of [1, 3].map(parseParty)) {
      const abort = abortOf(outcomes, x)
      expect(abort).toMatchObject(fault('share'))
      const place = placeOf(form, x)
      expect(isWrongShare(curve, place, abort.evidence!)).toBe(true)
      // Not as a dealing of another form, session or dealer.
      const share = { ...form, of: 'share' } as const
      const { sid, self: dealer } = refreshRuns(curve, key, 3).get(x)!
      expect(isWrongShare(curve, placeOf(share, x), abort.evidence!)).toBe(false)
      expect(isWrongShare(curve, { ...place, dealer }, abort.evidence!)).toBe(false)
      expect(isWrongShare(curve, { ...place, sid }, abort.evidence!)).toBe(false)
    }
  })

  it('that takes a public share to the identity aborts without a culprit (A33)', () => {
    // Only somebody who knows the whole key and everything dealt can do this.
    const slopes = [1, 3].map((x) => vectorRandomness('refresh', x, curve).scalar('coef', 1))
    const third = scalars.invertPublic(scalars.fromNumber(3))
    const needed = scalars.multiply(third, key.get(parseParty(3))!.secretShare.bytes)
    const slope = scalars.negate(slopes.reduce(scalars.add, needed))
    for (const abort of aborts(deals([scalars.zero, slope]))) {
      expect(abort).toMatchObject({ reason: 'degenerate', remedy: 'abort', culprit: undefined })
    }
  })
})

describe('a complaint about a dealing of zero', () => {
  it('does not hold against an honest dealer at its place', () => {
    const form = { threshold: 2, of: 'zero' } as const
    const seen = new Map<Party, Uint8Array>()
    runTampered(
      evilIn(2, (bytes, to) => {
        seen.set(to, bytes)
        return bytes
      }),
    )
    expect([...seen].map(([x, bytes]) => isWrongShare(curve, placeOf(form, x), bytes))).toEqual([
      false,
      false,
    ])
  })
})

describe('the confirmation of a refresh', () => {
  it('of another old state ends without a culprit, and nobody has a new key (A36)', () => {
    // Party 2 mixes its share of epoch 1 into a refresh from epoch 2, under the same session id.
    const now = refreshKey(curve, key)
    const runs = refreshRuns(curve, now, 3, 'mixed')
    const parties = [...runs].map(([x, run]) => {
      const old = x === EVIL ? key.get(x)! : now.get(x)!
      return [x, refreshing(run, old, 3)] as const
    })
    const outcomes = drive(new Map(parties))
    for (const x of [1, 2, 3]) expect(abortOf(outcomes, x)).toMatchObject(retry('view-mismatch'))
  })

  it('that is missing or of something else leaves nobody with a new key', () => {
    const other = runTampered(evilIn(3, (bytes) => flip(bytes, 0)))
    for (const abort of aborts(other)) expect(abort).toMatchObject(retry('view-mismatch'))
    const silent: Tamper = (round, from, _to, bytes) => (round === 3 && from === EVIL ? [] : bytes)
    for (const abort of aborts(runTampered(silent))) {
      expect(abort).toMatchObject(retry('missing-message'))
    }
  })

  it('by a party that does not know its new share is a fault', () => {
    for (const abort of aborts(runTampered(evilIn(3, (bytes) => flip(bytes, 96))))) {
      expect(abort).toMatchObject(fault('proof'))
    }
  })
})

describe('a refresh that is interrupted a hundred times', () => {
  it('leaves the old shares, repeats nothing it dealt, and still works (A36)', () => {
    const before = [...key.values()].map(({ secretShare }) => hex(secretShare.bytes))
    const dealt = new Set<string>()
    let revealed = 0
    for (let attempt = 0; attempt < 100; attempt++) {
      const runs = refreshRuns(curve, key, 2 + attempt, `interrupted ${attempt}`)
      const parties = [...runs].map(
        ([x, run]) => [x, prepareRefresh(run, key.get(x)!, 2 + attempt)] as const,
      )
      // Every third attempt breaks before anything is revealed, the others just after it.
      const last = attempt % 3 === 0 ? 1 : 2
      const outcomes = drive(new Map(parties), (round, _from, _to, bytes) => {
        if (round === 2) dealt.add(hex(bytes.slice(AT.share)))
        if (round === 2) revealed += 1
        return round === last ? [] : bytes
      })
      expect(abortOf(outcomes, 1)).toMatchObject(retry('missing-message'))
    }
    expect(revealed).toBe(66 * 6)
    expect(dealt.size).toBe(revealed)
    expect([...key.values()].map(({ secretShare }) => hex(secretShare.bytes))).toEqual(before)
    const runs = refreshRuns(curve, key, 102, 'after all')
    const parties = [...runs].map(([x, run]) => [x, prepareRefresh(run, key.get(x)!, 102)] as const)
    const refreshed: Key = confirmAll(runs, driveAll(new Map(parties)))
    const { publicKey } = key.get(one)!.facts
    for (const group of [
      [1, 2],
      [2, 3],
      [1, 3],
    ]) {
      const shares = group.map((x) => refreshed.get(parseParty(x))!)
      expect(hex(points.multiplyBase(secretOf(curve, shares))!)).toBe(hex(publicKey))
    }
  })
})

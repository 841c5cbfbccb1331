import { describe, expect, it } from 'vitest'
import { u32 } from '../../signer-node/dkls23/bytes.ts'
import { type DealtPlace, isWrongShare } from '../../signer-node/dkls23/complaint.ts'
import type { Point, Scalar } from '../../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import type { DealingForm } from '../../signer-node/dkls23/dealing.ts'
import { confirmKey } from '../../signer-node/dkls23/keygen.ts'
import { type Party, parseParty } from '../../signer-node/dkls23/party.ts'
import { lagrangeAtZero } from '../../signer-node/dkls23/polynomial.ts'
import type { Protocol, Run } from '../../signer-node/dkls23/protocol.ts'
import { prepareReshare } from '../../signer-node/dkls23/reshare.ts'
import { hashToScalar } from '../../signer-node/dkls23/transcript.ts'
import { evilIn, fault, put, retry } from '../kit/crooked-dealer.ts'
import { crookedPart, type Twist } from '../kit/crooked-life.ts'
import { makeKey } from '../kit/keys.ts'
import { refreshKey, reshareRuns, reshareTerms, resharing } from '../kit/lifecycle.ts'
import {
  abortOf,
  drive,
  driveAll,
  flip,
  nodes,
  type Outcome,
  type Tamper,
} from '../kit/protocol.ts'

const curve = nativeCurve()
const { points, scalars } = curve
const before = makeKey(curve, 2, [1, 2, 3])
const key = refreshKey(curve, before)
/** Party 2 is malicious: it deals and receives. 1 deals and receives, 3 only deals, 4 only receives. */
const EVIL = parseParty(2)
const setup = { dealers: [1, 2, 3], receivers: nodes(1, 2, 4), threshold: 2 }
const terms = reshareTerms(key, setup)
const HEARERS = [1, 4]
/** Round 2: two coefficients, two proofs | salt | echo | share. */
const AT = { proofs: 66, salt: 66 + 2 * 2144, echo: 4386, share: 4418, end: 4450 } as const
const some = (i: number): Scalar => hashToScalar(curve, 'gadget', u32(i))
const weighed = (share: Scalar, dealers = terms.dealers): Scalar =>
  scalars.multiply(lagrangeAtZero(curve, dealers, EVIL), share)
const ownShare = key.get(EVIL)!.secretShare.bytes

function run(evil?: (run: Run) => Protocol<unknown>, tamper?: Tamper) {
  const parties = [...reshareRuns(curve, key, terms)].map(
    ([x, run]): readonly [Party, Protocol<unknown>] => {
      if (x === EVIL && evil !== undefined) return [x, evil(run)]
      return [x, resharing(run, terms, terms.dealers.includes(x) ? key.get(x) : undefined)]
    },
  )
  return drive(new Map(parties), tamper)
}
const tampered = (tamper: Tamper) => run(undefined, tamper)
const deals = (coefficients: readonly Scalar[], twist: Twist = {}) =>
  run((own) => {
    const dealers = nodes(1, 2, 3)
    const plan = { dealers, receivers: setup.receivers, coefficients, first: 0 } as const
    return crookedPart(own, plan, twist)
  })
const honest = [weighed(ownShare), some(0)]

/** Of party 2, to a receiver. */
function placeOf(form: DealingForm, receiver: Party): DealtPlace {
  const { sid, self: dealer } = reshareRuns(curve, key, terms).get(EVIL)!
  return { sid, form, dealer, receiver }
}

/** Every receiver but the liar itself blames alike. */
function expectAll(
  outcomes: ReadonlyMap<Party, Outcome<unknown>>,
  blame: ReturnType<typeof fault> | ReturnType<typeof retry>,
): void {
  for (const x of HEARERS) expect(abortOf(outcomes, x)).toMatchObject(blame)
}

describe('a dealer of a reshare', () => {
  it('that deals its weighed share passes', () => {
    expectAll(deals(honest), retry('missing-message'))
  })

  it.each<[string, Scalar]>([
    ['another constant', some(1)],
    ['its share without its weight', ownShare],
    ['its share with the weight among other dealers', weighed(ownShare, terms.dealers.slice(0, 2))],
    ['its share of the epoch before', weighed(before.get(EVIL)!.secretShare.bytes)],
    ['the share of somebody else', weighed(key.get(parseParty(1))!.secretShare.bytes)],
    ['its share negated', scalars.negate(weighed(ownShare))],
  ])('that deals %s is named before its share counts (A44)', (_, constant) => {
    // Its share does not fit either, and still the constant is what it is blamed for.
    const share = (given: Scalar) => scalars.add(given, scalars.one)
    for (const twist of [{}, { share }]) {
      expectAll(deals([constant, some(0)], twist), fault('constant'))
    }
  })

  it('that deals a longer or a shorter polynomial is at fault (A30)', () => {
    expectAll(deals([...honest, some(1)]), fault('wrong-size'))
    expectAll(deals(honest.slice(0, 1)), fault('wrong-size'))
  })

  const rogue = points.add(points.generator, points.generator) as Point
  it.each<[string, Twist]>([
    ['a slope that it does not know (A31)', { value: put(33, rogue) }],
    ['a changed response', { value: (value) => flip(value, AT.proofs + 66) }],
    ['its proofs under other indices', { index: (index) => index + 1 }],
  ])('that shows %s is at fault', (_, twist) => {
    expectAll(deals(honest, twist), fault('proof'))
  })

  it('that shows the constant of another, with its proof, is at fault (A32)', () => {
    let stolen = new Uint8Array()
    tampered((round, from, _to, bytes) => {
      if (round === 2 && from === 1) stolen = bytes.slice(0, AT.salt)
      return bytes
    })
    expectAll(deals(honest, { value: () => stolen }), fault('proof'))
  })

  it('that gives a wrong share is convicted by its own message', () => {
    const outcomes = deals(honest, { share: (share) => scalars.add(share, scalars.one) })
    expectAll(outcomes, fault('share'))
    for (const x of HEARERS.map(parseParty)) {
      const { evidence } = abortOf(outcomes, x)
      expect(evidence).toHaveLength(AT.end)
      expect(isWrongShare(curve, placeOf({ threshold: 2, of: 'share' }, x), evidence!)).toBe(true)
    }
  })

  it('and is honest cannot be convicted as a dealer of zero, which has the same size', () => {
    tampered((round, from, to, bytes) => {
      if (round !== 2 || from !== EVIL) return bytes
      const [share, zero] = (['share', 'zero'] as const).map((of, more) =>
        isWrongShare(curve, placeOf({ threshold: 2 + more, of }, parseParty(to)), bytes),
      )
      expect([bytes.length, share, zero]).toEqual([AT.end, false, false])
      return bytes
    })
    expect.hasAssertions()
  })

  it('that gives one receiver the share of another is convicted by both', () => {
    const swapped = tampered((round, from, to, bytes) => {
      if (round !== 2 || from !== EVIL) return bytes
      return flip(bytes, AT.end - 1 - (to % 2))
    })
    expectAll(swapped, fault('share'))
  })

  it('that says nothing is a reason to try again, at every round', () => {
    for (const silent of [1, 2, 3]) {
      const outcomes = tampered((round, from, _to, bytes) =>
        round === silent && from === EVIL ? [] : bytes,
      )
      expectAll(outcomes, retry('missing-message'))
    }
  })

  it.each([
    ['an opening that is not the committed one', put(AT.salt, Uint8Array.of(1, 2)), 'commitment'],
    ['an identity in place of its constant (A33)', put(0, new Uint8Array(33)), 'malformed'],
    ['a share that is not canonical', put(AT.share, new Uint8Array(32).fill(0xff)), 'malformed'],
    ['one byte too many', () => new Uint8Array(AT.end + 1), 'wrong-size'],
    ['a chain-code part', () => new Uint8Array(AT.end + 32), 'wrong-size'],
  ])('that sends %s is at fault', (_, change, reason) => {
    expectAll(tampered(evilIn(2, change)), fault(reason))
  })
})

describe('a commitment to a reshare', () => {
  it('shown to a receiver in another form is a view mismatch that blames nobody (A20)', () => {
    const outcomes = tampered(evilIn(1, (bytes, to) => (to === 4 ? flip(bytes, 0) : bytes)))
    expect(abortOf(outcomes, 4)).toMatchObject(retry('view-mismatch'))
    // The others see nothing wrong; they wait for a confirmation that never comes.
    expect(abortOf(outcomes, 1)).toMatchObject(retry('missing-message'))
  })

  it('shown to a dealer in another form is one to all who hear that dealer', () => {
    const outcomes = tampered(evilIn(1, (bytes, to) => (to === 3 ? flip(bytes, 0) : bytes)))
    expectAll(outcomes, retry('view-mismatch'))
  })

  it('with another echo in the opening is one before anything in it is judged', () => {
    const change = (bytes: Uint8Array) =>
      put(AT.echo, new Uint8Array(32))(put(AT.salt, new Uint8Array(32))(bytes))
    expectAll(tampered(evilIn(2, change)), retry('view-mismatch'))
  })

  it('of another size is a fault at every participant, also at a dealer that receives nothing', () => {
    const outcomes = tampered(evilIn(1, () => new Uint8Array(31)))
    for (const x of [1, 3, 4]) expect(abortOf(outcomes, x)).toMatchObject(fault('wrong-size'))
  })

  it('is not taken from somebody who deals nothing', () => {
    const parties = [...reshareRuns(curve, key, terms)].map(([x, own]) => {
      const share = terms.dealers.includes(x) ? key.get(x) : undefined
      return [x, resharing(own, terms, share)] as const
    })
    const [[, first]] = parties as [(typeof parties)[number]]
    first.next([])
    const inbox = [2, 3, 4].map((x) => ({
      round: 1,
      from: parseParty(x),
      bytes: new Uint8Array(32),
    }))
    const attempt = () => first.next(inbox)
    expect(attempt).toThrow(expect.objectContaining({ reason: 'unknown-sender', culprit: 4 }))
  })
})

describe('the confirmation of a reshare', () => {
  it('of something else is a view mismatch, and nobody has a new key (A35)', () => {
    expectAll(tampered(evilIn(3, (bytes) => flip(bytes, 0))), retry('view-mismatch'))
  })

  it('shown to one receiver only leaves the others without a new key', () => {
    const outcomes = tampered((round, from, to, bytes) =>
      round === 3 && from === EVIL && to === 4 ? [] : bytes,
    )
    expect(abortOf(outcomes, 4)).toMatchObject(retry('missing-message'))
  })

  it('by a receiver that does not know its share is a fault', () => {
    expectAll(tampered(evilIn(3, (bytes) => flip(bytes, 96))), fault('proof'))
  })

  it('is not taken from a dealer that receives nothing', () => {
    const runs = reshareRuns(curve, key, terms)
    const prepared = driveAll(
      new Map(
        [...runs].map(([x, own]) => {
          const share = terms.dealers.includes(x) ? key.get(x) : undefined
          return [x, prepareReshare(own, terms, share)] as const
        }),
      ),
    )
    const [one, three] = [1, 3].map(parseParty) as [Party, Party]
    const confirming = confirmKey(runs.get(one)!, prepared.get(one)!)
    expect(confirming.next([]).value).toMatchObject([{ to: 2 }, { to: 4 }])
    const attempt = () => confirming.next([{ round: 3, from: three, bytes: new Uint8Array(97) }])
    expect(attempt).toThrow(expect.objectContaining({ reason: 'unknown-sender', culprit: 3 }))
  })
})

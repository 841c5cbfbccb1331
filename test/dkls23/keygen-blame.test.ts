import { describe, expect, it } from 'vitest'
import { ascii, concat, u32 } from '../../signer-node/dkls23/bytes.ts'
import type { Point, Scalar } from '../../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { proveCoefficient } from '../../signer-node/dkls23/dlog-proof.ts'
import { prepareKey } from '../../signer-node/dkls23/keygen.ts'
import { type Party, parseParty } from '../../signer-node/dkls23/party.ts'
import { type Protocol, peersOf, type Run } from '../../signer-node/dkls23/protocol.ts'
import { hash, hashToScalar } from '../../signer-node/dkls23/transcript.ts'
import {
  AT,
  aborts,
  deals,
  EVIL,
  evilIn,
  fault,
  put,
  retry,
  runAgainst,
  runTampered,
} from '../kit/crooked-dealer.ts'
import { keygenRuns, keyTerms } from '../kit/keys.ts'
import { abortOf, flip, nodes, vectorRandomness } from '../kit/protocol.ts'
import { hex } from '../kit/vectors.ts'

const native = nativeCurve()
const { points, scalars } = native

describe('a commitment in round 1', () => {
  it('shown to one party in another form is a view mismatch that blames nobody (A20)', () => {
    const outcomes = runTampered(evilIn(1, (bytes, to) => (to === 3 ? flip(bytes, 0) : bytes)))
    for (const x of [1, 2, 3]) {
      expect(abortOf(outcomes, x)).toMatchObject(retry('view-mismatch'))
    }
  })

  it('copied from somebody else does not open (A28)', () => {
    let copied = new Uint8Array()
    const outcomes = runTampered((round, from, _to, bytes) => {
      if (round === 1 && from === 1) copied = bytes.slice()
      return round === 1 && from === EVIL ? copied : bytes
    })
    expect(abortOf(outcomes, 3)).toMatchObject({ reason: 'view-mismatch' })
    const evil = function* (run: Run): Protocol<void> {
      const peers = peersOf(run)
      const inbox = yield peers.map(({ x }) => ({ round: 1, to: x, bytes: copied }))
      const third = inbox.find(({ from }) => from === 3)?.bytes ?? copied
      const echo = hash('echo', run.sid, [copied, copied, third])
      const runs = keygenRuns(native, 2, nodes(1, 2, 3))
      const first = prepareKey(runs.get(parseParty(1))!, keyTerms(2))
      first.next([])
      const opening = first.next(
        [2, 3].map((x) => ({ round: 1, from: parseParty(x), bytes: x === 2 ? copied : third })),
      )
      const bytes = opening.done === true ? copied : opening.value[0]!.bytes
      yield peers.map(({ x }) => ({ round: 2, to: x, bytes: put(AT.echo, echo)(bytes) }))
    }
    expect(abortOf(runAgainst(evil), 3)).toMatchObject(fault('commitment'))
  })

  it.each([31, 33])('of %i bytes is a fault of its sender', (size) => {
    const outcomes = runTampered(evilIn(1, () => new Uint8Array(size)))
    for (const abort of aborts(outcomes)) expect(abort).toMatchObject(fault('wrong-size'))
  })

  it('that never comes is a reason to try again', () => {
    const outcomes = runTampered((round, from, _to, bytes) =>
      round === 1 && from === EVIL ? [] : bytes,
    )
    expect(abortOf(outcomes, 1)).toMatchObject(retry('missing-message'))
  })
})

describe('an opening in round 2', () => {
  it('of an honest dealer passes', () => {
    for (const abort of aborts(deals({}))) {
      expect(abort).toMatchObject({ reason: 'missing-message', remedy: 'retry' })
    }
  })

  it.each([
    ['another coefficient', put(0, points.generator)],
    ['another chain-code part (A34)', put(AT.chainCode, Uint8Array.of(1, 2, 3))],
    ['another salt', put(AT.salt, Uint8Array.of(1, 2, 3))],
  ])('with %s than it was committed to is a fault', (_name, change) => {
    const outcomes = runTampered(evilIn(2, change))
    for (const abort of aborts(outcomes)) expect(abort).toMatchObject(fault('commitment'))
  })

  it('with another echo is a view mismatch, before anything in it is judged', () => {
    const change = (bytes: Uint8Array): Uint8Array =>
      put(AT.echo, new Uint8Array(32))(put(AT.salt, new Uint8Array(32))(bytes))
    const outcomes = runTampered(evilIn(2, change))
    for (const abort of aborts(outcomes)) expect(abort).toMatchObject(retry('view-mismatch'))
  })

  it.each([
    ['an identity in place of a coefficient (A33)', put(33, new Uint8Array(33))],
    ['a coefficient in the 65-byte form', put(0, Uint8Array.of(4))],
    ['a challenge out of range (A43)', put(AT.proofs + 33, Uint8Array.of(2, 0))],
    ['a response that is not canonical', put(AT.proofs + 35, new Uint8Array(32).fill(0xff))],
    ['a share that is not canonical', put(AT.share, new Uint8Array(32).fill(0xff))],
  ])('with %s is malformed', (_name, change) => {
    const outcomes = runTampered(evilIn(2, change))
    for (const abort of aborts(outcomes)) expect(abort).toMatchObject(fault('malformed'))
  })

  it.each([
    ['no coefficient', -(2 * (33 + 2144))],
    ['one coefficient and proof too few', -(33 + 2144)],
    ['one proof too few', -2144],
    ['one byte too few', -1],
    ['one byte too many', 1],
    ['one proof too many', 2144],
    ['one coefficient and proof too many', 33 + 2144],
  ])('with %s is a fault: nobody changes the threshold (A30)', (_name, difference) => {
    const outcomes = runTampered(evilIn(2, () => new Uint8Array(AT.end + difference)))
    for (const abort of aborts(outcomes)) expect(abort).toMatchObject(fault('wrong-size'))
  })

  it('of a longer polynomial dealt honestly is a fault (A30)', () => {
    const coefficients = [0, 1, 2].map((i) => hashToScalar(native, 'gadget', u32(i)))
    for (const abort of aborts(deals({ coefficients }))) {
      expect(abort).toMatchObject(fault('wrong-size'))
    }
  })
})

describe('the proofs of a dealing', () => {
  const rogue = points.add(points.generator, points.decodePoint(points.generator)) as Point

  it.each<[string, (value: Uint8Array) => Uint8Array]>([
    ['a first coefficient it does not know (rogue key, A31)', put(0, rogue)],
    ['a second coefficient it does not know', put(33, rogue)],
    ['a changed first message', put(AT.proofs, rogue)],
    ['a changed challenge', (value) => flip(value, AT.proofs + 34)],
    ['a changed response', (value) => flip(value, AT.proofs + 2144 + 66)],
    [
      'the proofs of its two coefficients changed for each other',
      (value) =>
        put(
          AT.proofs,
          concat(
            value.slice(AT.proofs + 2144, AT.chainCode),
            value.slice(AT.proofs, AT.proofs + 2144),
          ),
        )(value),
    ],
  ])('convict a dealer that committed to %s', (_name, value) => {
    for (const abort of aborts(deals({ value }))) expect(abort).toMatchObject(fault('proof'))
  })

  it('convict a dealer that repeats the coefficients and proofs of another party (A32)', () => {
    const stolen = new Map<number, Uint8Array>()
    runTampered((round, from, _to, bytes) => {
      if (round === 2) stolen.set(from, bytes.slice(0, AT.chainCode))
      return bytes
    })
    const value = (own: Uint8Array): Uint8Array => put(0, stolen.get(1)!)(own)
    for (const abort of aborts(deals({ value }))) expect(abort).toMatchObject(fault('proof'))
  })

  it('convict a dealer that repeats its own proofs of another session (A32)', () => {
    const value = (own: Uint8Array, run: Run): Uint8Array => {
      const elsewhere = { ...run, sid: new Uint8Array(32), prover: run.self }
      const randomness = vectorRandomness('dkg', EVIL, native)
      const proofs = [0, 1].map((index) => {
        const witness = randomness.scalar('coef', index)
        const claim = { index, statement: points.multiplyBase(witness)! }
        return proveCoefficient(elsewhere, claim, witness, (i, r) =>
          randomness.scalar('fis', index, i, r),
        )
      })
      return put(AT.proofs, concat(...proofs))(own)
    }
    for (const abort of aborts(deals({ value }))) expect(abort).toMatchObject(fault('proof'))
  })
})

describe('a dealt share', () => {
  it('that is not on the polynomial convicts the dealer, with the message as evidence', () => {
    const outcomes = deals({ share: (share) => scalars.add(share, scalars.one) })
    for (const abort of aborts(outcomes)) {
      expect(abort).toMatchObject(fault('share'))
      expect(abort.evidence).toHaveLength(AT.end)
    }
    const [first, third] = aborts(outcomes).map(({ evidence }) => evidence!)
    expect(hex(first!.slice(0, AT.share))).toBe(hex(third!.slice(0, AT.share)))
    expect(hex(first!.slice(AT.share))).not.toBe(hex(third!.slice(AT.share)))
  })

  it('meant for somebody else convicts the dealer', () => {
    const shares = new Map<Party, Uint8Array>()
    runTampered(
      evilIn(2, (bytes, to) => {
        shares.set(to, bytes.slice(AT.share))
        return bytes
      }),
    )
    const swapped = (bytes: Uint8Array, to: Party): Uint8Array =>
      put(AT.share, shares.get(parseParty(4 - to))!)(bytes)
    for (const abort of aborts(runTampered(evilIn(2, swapped)))) {
      expect(abort).toMatchObject(fault('share'))
    }
  })

  it('may be zero (A33)', () => {
    const slope = hashToScalar(native, 'gadget', u32(0))
    const root = scalars.negate(scalars.multiply(slope, scalars.fromNumber(3)))
    const outcomes = deals({ coefficients: [root, slope] })
    for (const abort of aborts(outcomes)) expect(abort).toMatchObject({ reason: 'missing-message' })
  })
})

describe('dealings that cancel one another', () => {
  /** What the honest parties deal, by the formula of the vectors. */
  const honestSum = (m: number): Scalar =>
    [1, 3]
      .map((x) => vectorRandomness('dkg', x, native).scalar('coef', m))
      .reduce(scalars.add, scalars.zero)

  it('to the identity for the key abort without a culprit', () => {
    const coefficients = [scalars.negate(honestSum(0)), hashToScalar(native, 'gadget', u32(1))]
    for (const abort of aborts(deals({ coefficients }))) {
      expect(abort).toMatchObject({ reason: 'degenerate', remedy: 'abort', culprit: undefined })
    }
  })

  it('to the identity for one share abort without a culprit', () => {
    const slope = hashToScalar(native, 'gadget', u32(1))
    const total = scalars.add(slope, honestSum(1))
    const root = scalars.negate(scalars.multiply(total, scalars.fromNumber(3)))
    const coefficients = [scalars.subtract(root, honestSum(0)), slope]
    for (const abort of aborts(deals({ coefficients }))) {
      expect(abort).toMatchObject({ reason: 'degenerate', remedy: 'abort', culprit: undefined })
    }
  })
})

describe('a confirmation in round 3', () => {
  it('of another key state or transcript is a view mismatch that blames nobody', () => {
    const outcomes = runTampered(evilIn(3, (bytes) => flip(bytes, 0)))
    for (const abort of aborts(outcomes)) expect(abort).toMatchObject(retry('view-mismatch'))
  })

  it.each([
    ['another first message', put(32, points.generator), 'proof'],
    ['another response', (bytes: Uint8Array) => flip(bytes, 96), 'proof'],
    ['a first message off the curve', put(32, new Uint8Array(33)), 'malformed'],
    ['a response that is not canonical', put(65, new Uint8Array(32).fill(0xff)), 'malformed'],
    ['one byte more', (bytes: Uint8Array) => concat(bytes, ascii('x')), 'wrong-size'],
    ['one byte less', (bytes: Uint8Array) => bytes.slice(1), 'wrong-size'],
  ])('with %s is a fault', (_name, change, reason) => {
    const outcomes = runTampered(evilIn(3, change))
    for (const abort of aborts(outcomes)) expect(abort).toMatchObject(fault(reason))
  })

  it('with the proof of another party is a fault (A32)', () => {
    const sent = new Map<number, Uint8Array>()
    runTampered((round, from, _to, bytes) => {
      if (round === 3) sent.set(from, bytes.slice())
      return bytes
    })
    const outcomes = runTampered(evilIn(3, () => sent.get(1)!))
    for (const abort of aborts(outcomes)) expect(abort).toMatchObject(fault('proof'))
  })
})

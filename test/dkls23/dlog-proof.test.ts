import { describe, expect, it } from 'vitest'
import { ascii, concat, Malformed, u8, u16, u32 } from '../../signer-node/dkls23/bytes.ts'
import type { Curve, Point, Scalar } from '../../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { nobleCurve } from '../../signer-node/dkls23/curve-noble.ts'
import {
  COEFFICIENT_PROOF_BYTES,
  type CoefficientClaim,
  decodeCoefficientProof,
  decodeSchnorrProof,
  type ProofScope,
  proveCoefficient,
  proveSchnorr,
  REPETITIONS,
  SCHNORR_PROOF_BYTES,
  type SchnorrClaim,
  verifyCoefficient,
  verifySchnorr,
  ZERO_BITS,
} from '../../signer-node/dkls23/dlog-proof.ts'
import { hash, hashToScalar } from '../../signer-node/dkls23/transcript.ts'
import { flip, nodes } from '../kit/protocol.ts'
import { hex, unhex, vector } from '../kit/vectors.ts'

const curve = nativeCurve()
const { scalars, points } = curve
const [one, two] = nodes(1, 2)
const secret = (i: number): Scalar => hashToScalar(curve, 'gadget', u32(i))
const times = (k: Scalar): Point => points.multiplyBase(k)!

const WITNESS = secret(0)
const SCOPE: ProofScope = { curve, sid: new Uint8Array(32).fill(1), prover: one! }
const ORDER_BYTES = unhex('fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141')

/** Every part of the statement and of its scope, changed one at a time (A32, A42). */
const SCOPES: readonly (readonly [string, Partial<ProofScope>])[] = [
  ['another session', { sid: new Uint8Array(32).fill(2) }],
  ['another prover', { prover: two! }],
  ['another index of the prover', { prover: { ...one!, x: two!.x } }],
  ['another node id of the prover', { prover: { ...one!, nodeId: two!.nodeId } }],
]

describe('a Schnorr proof', () => {
  const claim: SchnorrClaim = { label: 'share', extra: ascii('extra'), statement: times(WITNESS) }
  const bytes = proveSchnorr(SCOPE, claim, WITNESS, secret(1))
  const proof = decodeSchnorrProof(curve, bytes)

  it('holds for its claim, also in the eyes of the other twin', () => {
    expect(bytes).toHaveLength(SCHNORR_PROOF_BYTES)
    expect(verifySchnorr(SCOPE, claim, proof)).toBe(true)
    expect(verifySchnorr({ ...SCOPE, curve: nobleCurve() }, claim, proof)).toBe(true)
  })

  it.each(SCOPES)('does not hold for %s', (_name, change) => {
    expect(verifySchnorr({ ...SCOPE, ...change }, claim, proof)).toBe(false)
  })

  it.each<[string, Partial<SchnorrClaim>]>([
    ['extra bytes', { extra: ascii('extrb') }],
    ['statement', { statement: times(secret(2)) }],
  ])('does not hold for another %s', (_name, change) => {
    expect(verifySchnorr(SCOPE, { ...claim, ...change }, proof)).toBe(false)
  })

  it('does not hold with another first message or response', () => {
    const other = { ...proof, firstMessage: times(secret(3)) }
    expect(verifySchnorr(SCOPE, claim, other)).toBe(false)
    const response = scalars.add(proof.response, scalars.one)
    expect(verifySchnorr(SCOPE, claim, { ...proof, response })).toBe(false)
  })

  it('does not hold for who does not know the logarithm', () => {
    const forged = proveSchnorr(SCOPE, claim, secret(4), secret(1))
    expect(verifySchnorr(SCOPE, claim, decodeSchnorrProof(curve, forged))).toBe(false)
  })

  it.each([
    ['one byte too few', bytes.slice(1)],
    ['one byte too many', concat(bytes, Uint8Array.of(0))],
    ['a first message off the curve', concat(new Uint8Array(33), bytes.slice(33))],
    ['a response that is not canonical', concat(bytes.slice(0, 33), ORDER_BYTES)],
  ])('is malformed with %s', (_name, wrong) => {
    expect(() => decodeSchnorrProof(curve, wrong)).toThrow(Malformed)
  })

  it('needs a nonce other than zero', () => {
    expect(() => proveSchnorr(SCOPE, claim, WITNESS, scalars.zero)).toThrow(
      expect.objectContaining({ reason: 'degenerate' }),
    )
  })
})

/** The curve, noting every scalar that a hash gave: in these proofs the challenges alone. */
function noting(challenges: Scalar[]): Curve {
  const fromWide = (bytes: Uint8Array): Scalar => {
    const challenge = scalars.fromWide(bytes)
    challenges.push(challenge)
    return challenge
  }
  return { ...curve, scalars: { ...scalars, fromWide } }
}

describe('the challenge of a Schnorr proof', () => {
  const claim: SchnorrClaim = { label: 'share', extra: ascii('extra'), statement: times(WITNESS) }
  const proof = { firstMessage: times(secret(1)), response: secret(6) }
  const challengeOf = (
    scope: Partial<ProofScope> = {},
    change: Partial<SchnorrClaim> = {},
    firstMessage = proof.firstMessage,
  ): string => {
    const challenges: Scalar[] = []
    const watched = { ...SCOPE, ...scope, curve: noting(challenges) }
    verifySchnorr(watched, { ...claim, ...change }, { ...proof, firstMessage })
    expect(challenges).toHaveLength(1)
    return hex(challenges[0]!)
  }

  it('is the hash of the specification', () => {
    const { sid, prover } = SCOPE
    const { label, extra, statement } = claim
    const place = [sid, prover.nodeId, u16(prover.x), label, extra, statement] as const
    const expected = hashToScalar(curve, 'schnorr', ...place, proof.firstMessage)
    expect(challengeOf()).toBe(hex(expected))
  })

  it.each<[string, () => string]>([
    ...SCOPES.map(([name, change]) => [name, () => challengeOf(change)] as [string, () => string]),
    ['another label', () => challengeOf({}, { label: 'other' as 'share' })],
    ['other extra bytes', () => challengeOf({}, { extra: ascii('extrb') })],
    ['another statement', () => challengeOf({}, { statement: times(secret(2)) })],
    ['another first message', () => challengeOf({}, {}, times(secret(3)))],
  ])('is another one for %s (A32, A42)', (_, changed) => {
    expect(changed()).not.toBe(challengeOf())
  })
})

describe('the hash that a Fischlin proof commits to its first messages with', () => {
  const claim: CoefficientClaim = { index: 1, statement: times(WITNESS) }
  const nonces = Array.from({ length: REPETITIONS }, (_, i) => secret(100 + i))
  /** The challenges that the walks end at: every one of them follows from com and the nonces. */
  const walked = (
    scope: Partial<ProofScope> = {},
    change: Partial<CoefficientClaim> = {},
  ): string => {
    const bytes = proveCoefficient(
      { ...SCOPE, ...scope },
      { ...claim, ...change },
      WITNESS,
      (i) => nonces[i]!.slice() as Scalar,
    )
    return decodeCoefficientProof(curve, bytes)
      .map(({ challenge }) => challenge)
      .join()
  }
  /** The same challenges from the text of the specification, over any list of first messages. */
  const expected = (firstMessages: readonly Point[]): string => {
    const { sid, prover } = SCOPE
    const place = [sid, prover.nodeId, u16(prover.x), u16(claim.index), claim.statement] as const
    const com = hash('fischlin-com', ...place, firstMessages)
    const firstHit = (nonce: Scalar, i: number): number => {
      for (let e = 0, z = nonce; e < 512; e++, z = scalars.add(z, WITNESS)) {
        if ((hash('fischlin-try', com, u8(i), u16(e), z)[0]! & 15) === 0) return e
      }
      return expect.unreachable()
    }
    return nonces.map(firstHit).join()
  }

  it('is the hash of the specification, over every first message', () => {
    const all = nonces.map(times)
    expect(walked()).toBe(expected(all))
    for (const i of [0, 1, 17, REPETITIONS - 1]) {
      const other = all.map((point, j) => (i === j ? times(secret(99)) : point))
      expect(walked()).not.toBe(expected(other))
    }
    expect(walked()).not.toBe(expected(all.slice(0, -1)))
    expect(walked()).not.toBe(expected(all.toReversed()))
  })

  it.each<[string, () => string]>([
    ...SCOPES.map(([name, change]) => [name, () => walked(change)] as [string, () => string]),
    ['another index', () => walked({}, { index: 2 })],
    ['another statement', () => walked({}, { statement: times(secret(2)) })],
  ])('is another one for %s (A32, A42)', (_, changed) => {
    expect(changed()).not.toBe(walked())
  })
})

describe('a proof of a coefficient', () => {
  const claim: CoefficientClaim = { index: 1, statement: times(WITNESS) }
  const draw = (repetition: number, restart: number): Scalar =>
    hashToScalar(curve, 'gadget', u16(repetition), u16(restart))
  const bytes = proveCoefficient(SCOPE, claim, WITNESS, draw)
  const proof = decodeCoefficientProof(curve, bytes)
  const entryBytes = COEFFICIENT_PROOF_BYTES / REPETITIONS
  /** The proof with some bytes of one repetition replaced. */
  const patched = (i: number, offset: number, patch: Uint8Array): Uint8Array => {
    const changed = bytes.slice()
    changed.set(patch, i * entryBytes + offset)
    return changed
  }
  const holds = (encoded: Uint8Array): boolean =>
    verifyCoefficient(SCOPE, claim, decodeCoefficientProof(curve, encoded))

  it('has 128 bits of soundness by its constants (A39)', () => {
    expect(REPETITIONS * ZERO_BITS).toBeGreaterThanOrEqual(128)
    expect(COEFFICIENT_PROOF_BYTES).toBe(2144)
  })

  it('holds for its claim', () => {
    expect(bytes).toHaveLength(COEFFICIENT_PROOF_BYTES)
    expect(verifyCoefficient(SCOPE, claim, proof)).toBe(true)
  })

  it('is the same at the other twin, which accepts it as well', () => {
    const scope = { ...SCOPE, curve: nobleCurve() }
    expect(hex(proveCoefficient(scope, claim, WITNESS, draw))).toBe(hex(bytes))
    expect(verifyCoefficient(scope, claim, proof)).toBe(true)
  })

  it.each(SCOPES)('does not hold for %s', (_name, change) => {
    expect(verifyCoefficient({ ...SCOPE, ...change }, claim, proof)).toBe(false)
  })

  it.each<[string, Partial<CoefficientClaim>]>([
    ['index', { index: 0 }],
    ['statement', { statement: times(secret(2)) }],
  ])('does not hold for another %s', (_name, change) => {
    expect(verifyCoefficient(SCOPE, { ...claim, ...change }, proof)).toBe(false)
  })

  it.each([0, 15, 31])('does not hold with another value in repetition %i', (i) => {
    const other = proof[i]!
    const firstMessage = points.add(other.firstMessage, points.generator)!
    const response = scalars.add(other.response, scalars.one)
    expect(holds(patched(i, 0, firstMessage)), 'first message').toBe(false)
    expect(holds(patched(i, 33, u16(other.challenge ^ 1))), 'challenge').toBe(false)
    expect(holds(patched(i, 35, response)), 'response').toBe(false)
  })

  it('needs the equation as well as the hash bits, in the last repetition too', () => {
    // Shifting K and z together keeps the equation and breaks com, hence the hash bits.
    const last = proof[REPETITIONS - 1]!
    const firstMessage = points.add(last.firstMessage, points.generator)!
    const response = scalars.add(last.response, scalars.one)
    const shifted = [...proof.slice(0, -1), { ...last, firstMessage, response }]
    expect(verifyCoefficient(SCOPE, claim, shifted)).toBe(false)
    // A prover who is right about all hash bits but does not know the logarithm.
    const ignorant = proveCoefficient(SCOPE, claim, secret(5), draw)
    expect(holds(ignorant)).toBe(false)
  })

  it('has exactly 32 repetitions (A30, A43)', () => {
    const { length } = proof
    expect(verifyCoefficient(SCOPE, claim, proof.slice(1))).toBe(false)
    expect(verifyCoefficient(SCOPE, claim, [...proof, proof[length - 1]!])).toBe(false)
    expect(verifyCoefficient(SCOPE, claim, [])).toBe(false)
    for (const size of [0, 1, entryBytes, COEFFICIENT_PROOF_BYTES - 1]) {
      expect(() => decodeCoefficientProof(curve, bytes.slice(0, size))).toThrow(Malformed)
    }
    expect(() => decodeCoefficientProof(curve, concat(bytes, bytes.slice(0, 67)))).toThrow(
      Malformed,
    )
  })

  it.each([
    ['a challenge of 2^9', 33, u16(512)],
    ['a challenge of 2^16 - 1', 33, u16(0xffff)],
    ['a response that is not canonical', 35, ORDER_BYTES],
    ['a first message off the curve', 0, new Uint8Array(33)],
    ['an uncompressed first message', 0, Uint8Array.of(4)],
  ])('is malformed with %s', (_name, offset, patch) => {
    expect(() => decodeCoefficientProof(curve, patched(7, offset, patch))).toThrow(Malformed)
  })

  it('never breaks the verifier, whatever byte is flipped', () => {
    for (let position = 0; position < COEFFICIENT_PROOF_BYTES; position += 61) {
      const attempt = (): boolean => holds(flip(bytes, position, 0x80))
      try {
        expect(attempt()).toBe(false)
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(Malformed)
      }
    }
  })

  it('may use a challenge of zero', () => {
    const seeds = Array.from({ length: 16 }, (_, seed) => seed)
    const proofs = seeds.map((seed) =>
      proveCoefficient(SCOPE, claim, WITNESS, (i) =>
        hashToScalar(curve, 'gadget', u16(seed), u16(i)),
      ),
    )
    const withZero = proofs.find((encoded) =>
      decodeCoefficientProof(curve, encoded).some(({ challenge }) => challenge === 0),
    )
    expect(holds(withZero!)).toBe(true)
  })

  it('starts again with fresh nonces when a walk finds nothing', () => {
    const restarts = new Set<number>()
    const watched = (repetition: number, restart: number): Scalar => {
      restarts.add(restart)
      return draw(repetition, restart)
    }
    // 32 challenges instead of 512 fail with probability 1/8 in each of the 32 walks.
    const encoded = proveCoefficient(SCOPE, claim, WITNESS, watched, 32)
    expect(restarts.size).toBeGreaterThan(1)
    expect(holds(encoded)).toBe(true)
  })

  it('is not one for another point of the vectors', () => {
    const statement = points.decodePoint(unhex(vector('R_1')))
    expect(verifyCoefficient(SCOPE, { ...claim, statement }, proof)).toBe(false)
  })
})

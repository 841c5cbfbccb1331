import { describe, expect, it } from 'vitest'
import { combine } from '../../signer-node/dkls23/combine.ts'
import type { Point, Scalar } from '../../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { InvalidParticipants, parseParty } from '../../signer-node/dkls23/party.ts'
import { type SignatureShare, sign } from '../../signer-node/dkls23/sign.ts'
import { dealPairings } from '../kit/pairings.ts'
import { driveAll, flip, nodes } from '../kit/protocol.ts'
import {
  dkgKey,
  keysharesOf,
  prepareSigning,
  type SigningSetup,
  signingProtocols,
  vectorDigest,
} from '../kit/signing.ts'

const curve = nativeCurve()
const { scalars, points } = curve
const [one, two, three] = [parseParty(1), parseParty(2), parseParty(3)]
const keyshares = keysharesOf(curve, dkgKey)

function pairOfSigners(): SigningSetup {
  const pairings = dealPairings([1, 2])
  return { curve, name: 'life', signers: [1, 2], keyshares, pairings }
}

const plusG = (point: Point): Point => points.add(point, points.generator)!
const plusOne = (scalar: Scalar): Scalar => scalars.add(scalar, scalars.one)

describe('signing is only started', () => {
  const prepared = prepareSigning(pairOfSigners()).get(one)!
  const start = (run: Partial<typeof prepared.run>, job: Partial<typeof prepared.job> = {}) =>
    sign({ ...prepared.run, ...run }, { ...prepared.job, ...job }).next()

  it.each([[[1]], [[1, 2, 3]]])('by exactly t signers, not by %j (A18)', (signers) => {
    expect(() => start({ participants: nodes(...signers) })).toThrow(InvalidParticipants)
  })

  it('by holders of the key, under their own node ids', () => {
    const [self] = nodes(1)
    const stranger = { x: two, nodeId: nodes(3)[0]!.nodeId }
    expect(() => start({ participants: [self!, stranger] })).toThrow(InvalidParticipants)
    expect(() => start({ participants: nodes(1, 9) })).toThrow(InvalidParticipants)
    const other = keyshares.get(three)!
    expect(() => start({}, { keyshare: other })).toThrow(InvalidParticipants)
  })

  it('with a pairing with every other signer, and the right one', () => {
    const mismatch = expect.objectContaining({ reason: 'pairing-mismatch', remedy: 'retry' })
    const wrong = dealPairings([1, 3]).get(one)!.get(three)!
    expect(() => start({}, { pairings: new Map() })).toThrow(mismatch)
    expect(() => start({}, { pairings: new Map([[two, wrong]]) })).toThrow(mismatch)
    const theirs = dealPairings([1, 2]).get(two)!.get(one)!
    expect(() => start({}, { pairings: new Map([[two, theirs]]) })).toThrow(mismatch)
  })

  it('with a digest of 32 bytes', () => {
    expect(() => start({}, { digest: vectorDigest.subarray(1) })).toThrow(RangeError)
  })
})

describe('signing keeps its secrets to itself', () => {
  /** The bytes that a run draws, to see what becomes of them. */
  function watchedSigner() {
    const prepared = prepareSigning(pairOfSigners()).get(one)!
    const { randomness } = prepared.run
    const kept = new Map<string, Uint8Array>()
    const [bytes, scalar] = [randomness.bytes.bind(randomness), randomness.scalar.bind(randomness)]
    randomness.bytes = (label, ...rest) => keep(label, bytes(label, ...rest))
    randomness.scalar = (label, ...rest) => keep(label, scalar(label, ...rest))
    const keep = <Bytes extends Uint8Array>(label: string, drawn: Bytes): Bytes => {
      kept.set(label, drawn)
      return drawn
    }
    return { protocol: sign(prepared.run, prepared.job), kept }
  }
  const secretLabels = ['r', 'phi', 'beta', 'tail']
  const isWiped = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0)

  it('until it ends, and wipes them then', () => {
    const { protocol, kept } = watchedSigner()
    const theirs = signingProtocols(pairOfSigners()).get(two)!
    const shares = driveAll(new Map([[one, protocol] as const, [two, theirs] as const]))
    for (const label of [...secretLabels, 'ahat']) expect(isWiped(kept.get(label)!)).toBe(true)
    expect(isWiped(shares.get(one)!.u) || isWiped(shares.get(one)!.w)).toBe(false)
  })

  it('also when it is ended early', () => {
    const { protocol, kept } = watchedSigner()
    protocol.next([])
    expect(['r', 'phi', 'beta'].some((label) => isWiped(kept.get(label)!))).toBe(false)
    protocol.return(undefined as never)
    for (const label of secretLabels) expect(isWiped(kept.get(label)!)).toBe(true)
  })
})

describe('combining the last messages', () => {
  const shares = [...driveAll(signingProtocols(pairOfSigners())).values()]
  const changed = (change: Partial<SignatureShare>) => [{ ...shares[0]!, ...change }, shares[1]!]

  it('gives no signature of another digest, of a wrong share, or of too few (A24)', () => {
    const invalid = expect.objectContaining({
      reason: 'signature-invalid',
      remedy: 'abort',
      culprit: undefined,
      evidence: undefined,
    })
    expect(() => combine(curve, flip(vectorDigest, 0), shares)).toThrow(invalid)
    for (const wrong of [
      changed({ u: plusOne(shares[0]!.u) }),
      changed({ w: plusOne(shares[0]!.w) }),
      changed({ nonce: plusG(shares[0]!.nonce) }),
      changed({ publicKey: plusG(shares[0]!.publicKey) }),
      shares.slice(0, 1),
    ]) {
      expect(() => combine(curve, vectorDigest, wrong)).toThrow(invalid)
    }
    expect(() => combine(curve, vectorDigest, [])).toThrow(RangeError)
  })

  it.each(['u', 'w'] as const)('aborts when all %s sum to zero (A26)', (name) => {
    const cancelled = changed({ [name]: scalars.negate(shares[1]![name]) })
    expect(() => combine(curve, vectorDigest, cancelled)).toThrow(
      expect.objectContaining({ reason: 'degenerate' }),
    )
  })
})

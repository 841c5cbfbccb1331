import { describe, expect, it } from 'vitest'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { InvalidParticipants, parseParty } from '../../signer-node/dkls23/party.ts'
import { sign } from '../../signer-node/dkls23/sign.ts'
import { dealPairings } from '../kit/pairings.ts'
import { nodes } from '../kit/protocol.ts'
import {
  dkgKey,
  keysharesOf,
  prepareSigning,
  type SigningSetup,
  vectorDigest,
} from '../kit/signing.ts'

const curve = nativeCurve()
const [one, two, three] = [parseParty(1), parseParty(2), parseParty(3)]
const keyshares = keysharesOf(curve, dkgKey)

function pairOfSigners(): SigningSetup {
  const pairings = dealPairings([1, 2])
  return { curve, name: 'life', signers: [1, 2], keyshares, pairings }
}

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
    const ofAnother = dealPairings([2, 3]).get(three)!.get(two)!
    expect(() => start({}, { pairings: new Map([[two, ofAnother]]) })).toThrow(mismatch)
  })

  it('with a digest of 32 bytes', () => {
    expect(() => start({}, { digest: vectorDigest.subarray(1) })).toThrow(RangeError)
  })
})

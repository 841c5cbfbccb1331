// What is asked of a key before it is used, one rule at a time; the protocols ask it in their place.
import { describe, expect, it } from 'vitest'
import { Malformed } from '../../signer-node/dkls23/bytes.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import {
  requireKeyState,
  requireLaterEpoch,
  requireTerms,
  requireUnexported,
} from '../../signer-node/dkls23/keyshare.ts'
import { parseParty } from '../../signer-node/dkls23/party.ts'
import { makeKey } from '../kit/keys.ts'
import { flip, nodes } from '../kit/protocol.ts'

const curve = nativeCurve()
const { facts, keyState } = makeKey(curve, 2, [1, 2, 3]).get(parseParty(1))!

describe('a key that is told', () => {
  it('is the one of its key state, and consistent', () => {
    const wrong = { ...facts, publicKey: curve.points.generator }
    expect(() => requireKeyState(curve, facts, keyState)).not.toThrow()
    expect(() => requireKeyState(curve, facts, flip(keyState, 31))).toThrow('does not name')
    expect(() => requireKeyState(curve, wrong, keyState)).toThrow('interpolate')
  })

  it('is not used once somebody holds it whole', () => {
    expect(() => requireUnexported(facts)).not.toThrow()
    const past = { ...facts.past, isExported: true }
    expect(() => requireUnexported({ ...facts, past })).toThrow(Malformed)
  })

  it('goes on to a later epoch only', () => {
    expect(() => requireLaterEpoch(facts, facts.epoch + 1)).not.toThrow()
    for (const epoch of [facts.epoch, facts.epoch - 1]) {
      expect(() => requireLaterEpoch(facts, epoch)).toThrow(Malformed)
    }
  })

  it('may be called by one byte, not by none', () => {
    const called = (bytes: number) => () =>
      requireTerms({ ...facts, keyId: new Uint8Array(bytes) }, nodes(1, 2, 3))
    expect(called(1)).not.toThrow()
    expect(called(0)).toThrow(Malformed)
  })
})

import { secp256k1 } from '@noble/curves/secp256k1.js'
import { computeAddress, Signature as EthersSignature, hexlify, recoverAddress } from 'ethers'
import { beforeAll, describe, expect, it } from 'vitest'
import { combine } from '../../signer-node/dkls23/combine.ts'
import type { Point } from '../../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { deriveChild, type Path } from '../../signer-node/dkls23/derivation.ts'
import type { Signature } from '../../signer-node/dkls23/ecdsa.ts'
import { extendAsReceiver } from '../../signer-node/dkls23/ot-extension.ts'
import type { Pairing } from '../../signer-node/dkls23/pairing.ts'
import { BETA_BYTES, TAIL_BYTES } from '../../signer-node/dkls23/params.ts'
import { type Party, parseParty } from '../../signer-node/dkls23/party.ts'
import type { Protocol } from '../../signer-node/dkls23/protocol.ts'
import { type SignatureShare, sign } from '../../signer-node/dkls23/sign.ts'
import { secondRound } from '../../signer-node/dkls23/sign-messages.ts'
import { sha256 } from '../../signer-node/dkls23/transcript.ts'
import { zeroShare } from '../../signer-node/dkls23/zero-share.ts'
import { makeKey } from '../kit/keys.ts'
import { refreshKey, reshareKey } from '../kit/lifecycle.ts'
import { dealPairings, makePairings } from '../kit/pairings.ts'
import { driveAll, nodes, type Tamper, vectorRandomness } from '../kit/protocol.ts'
import {
  dkgKey,
  keysharesOf,
  prepareSigning,
  type SigningSetup,
  signingProtocols,
  vectorDigest,
} from '../kit/signing.ts'
import { native, noble, wasm } from '../kit/twins.ts'
import { hex, vector } from '../kit/vectors.ts'

const curve = nativeCurve()
const [one, two] = [parseParty(1), parseParty(2)]
type Pairings = ReadonlyMap<Party, ReadonlyMap<Party, Pairing>>

/** The key of the vectors through its life, by the generators that lead it. */
const made = makeKey(curve, 2, [1, 2, 3])
const refreshed = refreshKey(curve, made)
const reshared = reshareKey(curve, refreshed, {
  dealers: [1, 3],
  receivers: nodes(1, 2, 4, 5, 6),
  threshold: 3,
})

function signWith(setup: SigningSetup, tamper?: Tamper) {
  const shares = driveAll(signingProtocols(setup), tamper)
  const [keyshare] = setup.keyshares.values()
  const { publicKey } = deriveChild(curve, keyshare!.facts, setup.path ?? [])
  return { shares, signature: combine(curve, publicKey, vectorDigest, [...shares.values()]) }
}

function expectSignature(name: string, { r, s, recovery }: Signature): void {
  expect(hex(r)).toBe(vector(`${name} r`))
  expect(hex(s)).toBe(vector(`${name} s`))
  expect(String(recovery)).toBe(vector(`${name} v`))
}

/** Two implementations that share nothing with this project. */
function expectAcceptedElsewhere({ r, s, recovery }: Signature, publicKey: Point): void {
  const compact = Uint8Array.from([...r, ...s])
  expect(secp256k1.verify(compact, vectorDigest, publicKey, { prehash: false })).toBe(true)
  const signature = EthersSignature.from({
    r: hexlify(r),
    s: hexlify(s),
    yParity: recovery as 0 | 1,
  })
  const address = recoverAddress(hexlify(vectorDigest), signature)
  expect(address).toBe(computeAddress(hexlify(publicKey)))
}

describe('signing, as in the vectors', () => {
  let pairings: Pairings
  beforeAll(() => {
    pairings = makePairings(curve, [1, 2, 3])
  })
  const keyshares = keysharesOf(curve, dkgKey)
  const childKey = (path: Path): Point =>
    deriveChild(curve, keyshares.get(one)!.facts, path).publicKey

  describe('run sign', () => {
    const sent = new Map<string, Uint8Array>()
    let shares: ReadonlyMap<Party, SignatureShare>
    let signature: Signature
    const setup = (): SigningSetup => ({
      curve,
      name: 'sign',
      signers: [1, 2],
      keyshares,
      pairings,
    })
    beforeAll(() => {
      const done = signWith(setup(), (round, from, _to, bytes) => {
        sent.set(`${round} ${from}`, bytes)
        return bytes
      })
      shares = done.shares
      signature = done.signature
    })

    it('starts from the key state and the session id of the vectors', () => {
      expect(hex(keyshares.get(one)!.keyState)).toBe(vector('key-state'))
      expect(hex(prepareSigning(setup()).get(one)!.run.sid)).toBe(vector('sign sid'))
      expect(hex(vectorDigest)).toBe(vector('m'))
    })

    it('sends the messages of the vectors and returns their last ones', () => {
      for (const [round, from, to] of [
        [1, 1, 2],
        [1, 2, 1],
        [2, 1, 2],
        [2, 2, 1],
      ]) {
        const name = `round ${round} ${from} to ${to}`
        expect(hex(sha256(sent.get(`${round} ${from}`)!))).toBe(vector(name))
      }
      for (const [x, { u, w }] of shares) expect(hex(u) + hex(w)).toBe(vector(`round 3 ${x}`))
    })

    it('extends, multiplies and shares zero as in the vectors', () => {
      const { sid } = prepareSigning(setup()).get(two)!.run
      const randomness = vectorRandomness('sign', 2, curve)
      const beta = randomness.bytes('beta', BETA_BYTES, 1)
      const tail = randomness.bytes('tail', TAIL_BYTES, 1)
      const pairing = pairings.get(two)!.get(one)!
      const psid = pairing.psid(sid, 'receiver', 'ote')
      const extended = extendAsReceiver({ curve, psid }, pairing.secrets.receiverLeaves, beta, tail)
      expect(hex(psid)).toBe(vector('psid ote A=1 B=2'))
      expect(hex(sha256(beta))).toBe(vector('beta A=1 B=2'))
      expect(hex(extended.binding)).toBe(vector('e A=1 B=2'))
      expect(hex(sha256(extended.pads))).toBe(vector('pads of B, A=1 B=2'))
    })

    it('shows the view, points and gammas of the vectors in the second message', () => {
      const [first, second] = [1, 2].map((x) => secondRound(curve).decode(sent.get(`2 ${x}`)!))
      expect([first, second].map((message) => hex(message!.noncePoint))).toEqual([
        vector('R_1'),
        vector('R_2'),
      ])
      expect(hex(first!.view)).toBe(vector('D'))
      expect(first!.gammas.map(hex)).toEqual(
        ['c_u A=1', 'c_v A=1'].map((name) => hex(pointOf(vector(name))!)),
      )
      // psi + b = phi, the mask that node 2 drew.
      const mask = vectorRandomness('sign', 2, curve).scalar('phi')
      const factor = curve.scalars.subtract(mask, second!.offset)
      expect(hex(factor)).toBe(vector('chi_2,1 = b, A=1 B=2'))
      const { sid } = prepareSigning(setup()).get(one)!.run
      const seeds = new Map([[two, pairings.get(one)!.get(two)!.secrets.zeroSeed]])
      const share = zeroShare(curve, one, seeds, { sid, digest: first!.view })
      expect(hex(share)).toBe(vector('zeta_1'))
    })

    it('ends in the signature of the vectors, which others accept', () => {
      expect([...shares.values()].map(({ nonce }) => hex(nonce))).toEqual([
        vector('R'),
        vector('R'),
      ])
      expectSignature('sign', signature)
      expectAcceptedElsewhere(signature, childKey([]))
    })
  })

  it('signs for a child key: run sign-path', () => {
    const setup = { curve, name: 'sign-path', signers: [1, 3], keyshares, pairings, path: [0, 7] }
    const { signature } = signWith(setup)
    expect(hex(deriveChild(curve, keyshares.get(one)!.facts, [0, 7]).tweak)).toBe(
      vector('sign-path tau'),
    )
    expect(hex(childKey([0, 7]))).toBe(vector("sign-path pk'"))
    expectSignature('sign-path', signature)
    expectAcceptedElsewhere(signature, childKey([0, 7]))
  })

  it('signs with refreshed shares: run sign-refreshed', () => {
    expect(hex(refreshed.get(one)!.keyState)).toBe(vector('refresh key-state'))
    const setup = { curve, name: 'sign-refreshed', signers: [2, 3], keyshares: refreshed, pairings }
    const { signature } = signWith(setup)
    expectSignature('sign-refreshed', signature)
    expectAcceptedElsewhere(signature, childKey([]))
  })

  it('signs with three of five: run sign-3of5', () => {
    expect(hex(reshared.get(one)!.keyState)).toBe(vector('reshare key-state'))
    const setup: SigningSetup = {
      curve,
      name: 'sign-3of5',
      signers: [2, 4, 6],
      keyshares: reshared,
      pairings: makePairings(curve, [2, 4, 6]),
      path: [1, 2],
    }
    const views = new Set<string>()
    const { signature } = signWith(setup, (round, _from, _to, bytes) => {
      if (round === 2) views.add(hex(secondRound(curve).decode(bytes).view))
      return bytes
    })
    expect([...views]).toEqual([vector('sign-3of5 D')])
    expectSignature('sign-3of5', signature)
    expectAcceptedElsewhere(signature, childKey([1, 2]))
  })

  it('signs with two of two', () => {
    const both = { ...dkgKey, shares: { 1: vector('s_1'), 2: vector('s_2') } }
    const setup = {
      curve,
      name: '2of2',
      signers: [1, 2],
      keyshares: keysharesOf(curve, both),
      pairings,
    }
    expectAcceptedElsewhere(signWith(setup).signature, childKey([]))
  })

  it.each([
    [native, noble],
    [wasm, native],
    [noble, wasm],
  ])('gives the same shares on the $name twin against another', (mine, theirs) => {
    const setup = { name: 'twins', signers: [1, 2], keyshares, pairings: dealPairings([1, 2]) }
    const first = prepareSigning({ ...setup, curve: mine }).get(one)!
    const second = prepareSigning({ ...setup, curve: theirs }).get(two)!
    const mixed = new Map<Party, Protocol<SignatureShare>>([
      [one, sign(first.run, first.job)],
      [two, sign(second.run, second.job)],
    ])
    const shares = driveAll(mixed)
    expect(shares).toEqual(driveAll(signingProtocols({ ...setup, curve })))
    const signature = combine(theirs, childKey([]), vectorDigest, [...shares.values()])
    expectAcceptedElsewhere(signature, childKey([]))
  })
})

function pointOf(secret: string) {
  return curve.points.multiplyBase(curve.scalars.decodeScalar(Buffer.from(secret, 'hex')))
}

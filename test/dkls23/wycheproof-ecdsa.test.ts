// All Wycheproof files about ECDSA over secp256k1, eleven of them, through all twins of the curve
// and through the path of the coordinator and the auditor (`policy/chain/signature.ts`, ethers).
// The product accepts low s only, so a signature is brought into normal form first, as `combine`
// does; without that step the high ones are refused.
import { describe, expect, it } from 'vitest'
import { verifiesTwice } from '../../coordinator/verify-twice.ts'
import { normalise, verifies } from '../../policy/chain/signature.ts'
import { attempt, isRefusal } from '../../proto/refusal.ts'
import type { Curve, Point, Sum } from '../../signer-node/dkls23/curve.ts'
import { isValidSignature, normalize, recoversTo } from '../../signer-node/dkls23/ecdsa.ts'
import { native, noble, wasm } from '../kit/twins.ts'
import { unhex } from '../kit/vectors.ts'
import {
  digestOf,
  named,
  type Pair,
  pairOfDer,
  pairOfP1363,
  pointOfUncompressed,
  type SignatureGroup,
  type SignatureTest,
  wycheproof,
} from '../kit/wycheproof.ts'

const files = [
  'sha256_bitcoin',
  'sha256',
  'sha256_p1363',
  'sha512',
  'sha512_p1363',
  'sha3_256',
  'sha3_512',
  'shake128',
  'shake128_p1363',
  'shake256',
  'shake256_p1363',
]

/** The one file that calls a high s invalid, as Bitcoin does and as we do: taken as it stands. */
const strictFile = 'sha256_bitcoin'

interface Read {
  readonly test: SignatureTest
  readonly publicKey: Point
  readonly digest: Uint8Array
  readonly pair: Pair | undefined
}

function read(file: string): readonly Read[] {
  const pairOf = file.endsWith('p1363') ? pairOfP1363 : pairOfDer
  const cases = wycheproof<SignatureGroup, SignatureTest>(`ecdsa_secp256k1_${file}`)
  return cases.map(({ group, test }) => ({
    test,
    publicKey: pointOfUncompressed(native, unhex(group.publicKey.uncompressed))!,
    digest: digestOf(group.sha, test.msg),
    pair: pairOf(native, test.sig),
  }))
}

function isAccepted(curve: Curve, { publicKey, digest, pair }: Read): boolean {
  return pair !== undefined && isValidSignature(curve, publicKey, digest, pair)
}

function inNormalForm(curve: Curve, one: Read): Read {
  if (one.pair === undefined || curve.scalars.isZero(one.pair.s)) return one
  return { ...one, pair: normalize(curve, { ...one.pair, recovery: 0 }) }
}

/** (m/s)*G + (r/s)*pk: what `combine` would have held in its hands. */
function nonceOf({ publicKey, digest, pair }: Read): Sum {
  if (pair === undefined || native.scalars.isZero(pair.s)) return undefined
  const { scalars, points } = native
  const inverse = scalars.invertPublic(pair.s)
  return points.add(
    points.multiplyBase(scalars.multiply(scalars.reduce(digest), inverse)),
    points.multiplyPublic(publicKey, scalars.multiply(pair.r, inverse)),
  )
}

const isHigh = ({ pair }: Read): boolean => pair !== undefined && native.scalars.isHigh(pair.s)

describe.each(files)('Wycheproof, ECDSA over secp256k1, %s', (file) => {
  const cases = read(file)
  const isStrict = file === strictFile

  it('has a public key in every case, and cases of both kinds', () => {
    expect(cases.filter(({ publicKey }) => publicKey === undefined)).toEqual([])
    expect(new Set(cases.map(({ test }) => test.result))).toEqual(new Set(['valid', 'invalid']))
  })

  // The reference twin is slow; it sees all of the strict file and a sixth of the others.
  it.each([
    ['native', native, 1],
    ['wasm', wasm, 1],
    ['noble', noble, isStrict ? 1 : 6],
  ] as const)(
    '%s accepts what is valid, in normal form, and refuses the rest',
    (_, curve, step) => {
      const wrong = cases
        .filter((_, i) => i % step === 0)
        .filter((one) => {
          const normal = isStrict ? one : inNormalForm(curve, one)
          return isAccepted(curve, normal) !== (one.test.result === 'valid')
        })
      expect(wrong.map(named)).toEqual([])
    },
  )

  it('refuses a high s, and accepts many of them once turned', () => {
    const high = cases.filter(isHigh)
    expect(high.filter((one) => isAccepted(native, one)).map(named)).toEqual([])
    expect(high.some((one) => isAccepted(native, inNormalForm(native, one)))).toBe(true)
  })

  it('gives the recovery id of every valid one, and no other', () => {
    const valid = cases.filter(({ test }) => test.result === 'valid')
    for (const one of valid) {
      const nonce = nonceOf(one)!
      const { isReduced } = native.points.xScalar(nonce)
      const recovery = Number(native.points.isOdd(nonce)) + 2 * Number(isReduced)
      const signature = normalize(native, { ...one.pair!, recovery })
      const fits = [0, 1, 2, 3].filter((id) =>
        recoversTo(native, one.publicKey, one.digest, { ...signature, recovery: id }),
      )
      expect([one.test.tcId, ...fits]).toEqual([one.test.tcId, signature.recovery])
    }
  })
})

// Both libraries of this path are slow, and the arithmetic is theirs: every eighth case of a file.
describe.each(files)('the coordinator and the auditor, %s', (file) => {
  const cases = read(file).filter((_, i) => i % 8 === 0)

  it('make a valid one into a signature, by its nonce point, that both libraries believe', () => {
    const valid = cases.filter(({ test }) => test.result === 'valid')
    expect(valid).not.toEqual([])
    for (const one of valid) {
      const nonce = nonceOf(one)!
      const made = attempt(() => normalise({ nonce, s: one.pair!.s }, one.digest, one.publicKey))
      // Recovery id 2 or 3 cannot be said on an EVM chain: refused, though valid.
      const { isReduced } = native.points.xScalar(nonce)
      expect([one.test.tcId, isRefusal(made)]).toEqual([one.test.tcId, isReduced])
      if (!isRefusal(made)) expect(verifiesTwice(made, one.digest, one.publicKey)).toBe(true)
    }
  })

  it('refuse an invalid one, with either parity', () => {
    const invalid = cases
      .filter((one) => one.test.result === 'invalid')
      .flatMap((one) => (one.pair === undefined ? [] : [{ one, pair: one.pair }]))
    const believed = invalid.filter(({ one, pair }) =>
      ([0, 1] as const).some((v) => verifies({ ...pair, v }, one.digest, one.publicKey)),
    )
    expect(believed.map(({ one }) => named(one))).toEqual([])
  })
})

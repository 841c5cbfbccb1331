// Known answers, computed before the door opens: what every witness computes with
// (`self-check-basic.ts`), and the curve that this process was given, by well-known points and
// signatures. Throws at the first wrong answer, with its name: a node that cannot compute must not
// start.
import { addressesOf, addressesOfOne } from '../policy/chain/chains.ts'
import { sha256, toHex, toUtf8 } from '../proto/crypto.ts'
import type { Curve } from './dkls23/curve.ts'
import { gadgetOf } from './dkls23/multiplication.ts'
import type { Clock, Random } from './ports.ts'
import { type Answer, answered, basicCheck, bytes, nothing } from './self-check-basic.ts'

/** SHA-256 of g, the fixed numbers of a multiplication (1.2), as every twin derives them. */
const gadgetDigest = '740695bddb4f04cb91b5ff9a18feb997f039c6738d4a6e3acd479001550c6c4b'

/** How many answers were asked for. */
export function selfCheck(curve: Curve, clock: Clock, random: Random): number {
  return answered(pointsOf(curve)) + basicCheck(clock, random)
}

/** Twice the generator, its address, and the signature of private key 1 over "Satoshi Nakamoto". */
function pointsOf(curve: Curve): readonly Answer[] {
  const { scalars, points, tables } = curve
  const digest = sha256(toUtf8('Satoshi Nakamoto'))
  const r = bytes('934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8')
  const s = bytes('2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5')
  const verify = (over: Uint8Array): string =>
    String(points.verify(points.generator, over, scalars.decodeScalar(r), scalars.decodeScalar(s)))
  const two = scalars.fromNumber(2)
  const sum = points.add(points.generator, points.generator)
  const double = points.multiplyBase(two)
  return [
    [
      'secp256k1 base',
      () => toHex(double ?? nothing),
      '02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5',
    ],
    ['secp256k1 sum', () => String(points.equal(sum, double)), 'true'],
    [
      'secp256k1 product',
      () => toHex(points.sharedDigest(points.generator, two)),
      'b1c9938f01121e159887ac2c8d393a22e4476ff8212de13fe1939de2a236f0a7',
    ],
    ...Object.entries(addressesOfOne).map(([word, address]): Answer => {
      return [`${word} address`, () => addressesOf(points.generator)[word] ?? '', address]
    }),
    // The first signature would wait for it otherwise: it is computed once.
    ['gadget', () => toHex(sha256(tables.encodeTable(gadgetOf(curve)))), gadgetDigest],
    ['ecdsa signature', () => verify(digest), 'true'],
    ['ecdsa refusal', () => verify(sha256(digest)), 'false'],
  ]
}

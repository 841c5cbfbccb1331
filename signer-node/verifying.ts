// A finished signature, verified by the node's own curve: the same answer as the reference in
// `policy/chain/signature.ts`, in a tenth of its time, because the fold asks it for every
// payment. SEC 1, 4.1.4 and 4.1.6.
// INVARIANT: two nodes that fold one line must agree, so this is exactly the reference: a valid
// signature of this digest under this key, low in s, that recovers to the key by `v`. Never throws.
import type { Verifies } from '../policy/chain/signature.ts'
import { Malformed } from './dkls23/bytes.ts'
import type { Curve } from './dkls23/curve.ts'
import { isValidSignature, recoversTo } from './dkls23/ecdsa.ts'

export function verifierOf(curve: Curve): Verifies {
  return (signature, digest, publicKey) => {
    try {
      const key = curve.points.decodePoint(publicKey)
      const r = curve.scalars.decodeScalar(signature.r)
      const s = curve.scalars.decodeScalar(signature.s)
      if (!isValidSignature(curve, key, digest, { r, s })) return false
      return recoversTo(curve, key, digest, { r, s, recovery: signature.v })
    } catch (error) {
      if (error instanceof Malformed) return false
      throw error
    }
  }
}

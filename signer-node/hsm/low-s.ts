// A signature of P-256 in its one canonical form: of the two values of s that verify, tokens give
// either; the lower one counts. Public values only.
// Source: SEC 2 (the order of P-256).
import { concat, fromHex, toHex } from '../../proto/crypto.ts'

const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/** Of r and s, 32 bytes each; anything else comes back as it is and verifies nowhere. */
export function lowS(signature: Uint8Array): Uint8Array {
  if (signature.length !== 64) return signature
  const s = BigInt(`0x${toHex(signature.subarray(32))}`)
  if (s <= order / 2n || s >= order) return signature
  const low = fromHex((order - s).toString(16).padStart(64, '0')) ?? new Uint8Array(0)
  return concat(signature.subarray(0, 32), low)
}

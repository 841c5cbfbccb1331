// A signature is believed after two independent implementations recovered the key from it: the
// curve library behind `policy/chain/signature.ts`, and ethers. Before that it is not logged, not
// returned and not sent.
import { Signature as EthersSignature, SigningKey } from 'ethers'
import type { Signature } from '../policy/chain/chain.ts'
import { verifies } from '../policy/chain/signature.ts'
import { toHex } from '../proto/crypto.ts'

export function verifiesTwice(
  signature: Signature,
  digest: Uint8Array,
  publicKey: Uint8Array,
): boolean {
  return verifies(signature, digest, publicKey) && recovered(signature, digest) === hex(publicKey)
}

/** Compressed key, or empty. */
function recovered({ r, s, v }: Signature, digest: Uint8Array): string {
  try {
    const signature = EthersSignature.from({ r: hex(r), s: hex(s), yParity: v })
    return SigningKey.computePublicKey(SigningKey.recoverPublicKey(hex(digest), signature), true)
  } catch {
    return ''
  }
}

const hex = (bytes: Uint8Array): string => `0x${toHex(bytes)}`

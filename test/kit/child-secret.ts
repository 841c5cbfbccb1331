// The private key of a test vault at a path: BIP-32, CKDpriv of non-hardened steps, as whoever had
// the whole key would do it. No node can.
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { concat, hmacSha512 } from '../../proto/crypto.ts'
import { vaultRow, vaultSecret } from './audit-log.ts'

const { Fn } = secp256k1.Point

export function childSecret(vault: string, path: string): Uint8Array {
  return childOf(vaultSecret(vault), vaultRow(vault).chainCode, path)
}

export function childOf(parent: Uint8Array, code: Uint8Array, path: string): Uint8Array {
  let [secret, chainCode] = [parent, code]
  for (const step of path.split('/').slice(1)) {
    const index = new Uint8Array(4)
    new DataView(index.buffer).setUint32(0, Number(step))
    const mac = hmacSha512(chainCode, concat(secp256k1.getPublicKey(secret, true), index))
    const sum = Fn.fromBytes(mac.slice(0, 32)) + Fn.fromBytes(secret)
    ;[secret, chainCode] = [Fn.toBytes(Fn.create(sum)), mac.slice(32)]
  }
  return secret
}

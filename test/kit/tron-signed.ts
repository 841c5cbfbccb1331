/** A payment on the stand-in for Tron, built as a coordinator builds it and signed with one key. */
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { buildTronTransfer } from '../../coordinator/chain-rpc/tron-build.ts'
import type { TronRpc } from '../../coordinator/chain-rpc/tron-rpc.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import { parseSignature } from '../../policy/chain/signature.ts'
import { tronAddress } from '../../policy/chain/tron-address.ts'
import type { Intent } from '../../policy/intent.ts'
import { concat } from '../../proto/crypto.ts'

export async function signedOnTron(rpc: TronRpc, intent: Intent, secret: Uint8Array) {
  const from = tronAddress(secp256k1.getPublicKey(secret, true))
  const order = { intent, from, now: Date.now(), lifetimeMs: 600_000 }
  const built = await buildTronTransfer(rpc, order)
  if (built.kind !== 'built') throw new Error(built.because)
  const options = { prehash: false, format: 'recovered' } as const
  const made = secp256k1.sign(built.effect.digest, secret, options)
  const signature = parseSignature(concat(made.slice(1), made.slice(0, 1)))
  return { ...built, ...chainOf(intent.network).attach(built.bytes, signature) }
}

// The example of the policy document: one payout of 42,000 USDT, its destination record and keys.
// Keys are SHA-256 of `test-seed/<name>`, so that every test and vector can make them again.
import { parseDestination } from '../../policy/destination.ts'
import type { Intent } from '../../policy/intent.ts'
import { encodeIntent } from '../../policy/request.ts'
import { ed25519PublicKey, ed25519Signer, sha256, toUtf8 } from '../../proto/crypto.ts'
import {
  type Handle,
  parseDigest,
  parseHandle,
  parsePersonId,
  parseVaultId,
} from '../../proto/ids.ts'
import type { Sign } from '../../proto/signed.ts'

export interface TestKey {
  readonly seed: Uint8Array
  readonly publicKey: Uint8Array
  readonly sign: Sign
}

export function testKey(name: string): TestKey {
  const seed = sha256(toUtf8(`test-seed/${name}`))
  return { seed, publicKey: ed25519PublicKey(seed), sign: ed25519Signer(seed) }
}

export const handleOf = (text: string): Handle => parseHandle(text)

export const token = '0xdac17f958d2ee523a2206206994597c13d831ec7'
export const customer = '0x7a16ff8270133f063aab6c9977183d9e72835428'

export const recordText =
  '{"activeFrom":"2026-11-20T09:00:00Z","address":"0x7a16ff8270133f063aab6c9977183d9e72835428",' +
  '"book":"customer","env":"prod","format":"custody-dest/v1","label":"cust-88213/2",' +
  '"network":"eip155:1","org":"acme-treasury","status":"active","version":3}'
export const record = parseDestination(toUtf8(recordText))

export const policyDigest = parseDigest(
  '2d01f82d4698f0ba26d68d941ba4748e50e162e39b487b04f3a7e7d050999b7c',
)

export const payout: Intent = {
  org: handleOf('acme-treasury'),
  env: 'prod',
  id: handleOf('0193a6b2-7d1e-7c3a-9f10-5b2c8e4d1a77'),
  created: Date.parse('2026-12-07T10:15:00Z'),
  notAfter: Date.parse('2026-12-07T18:15:00Z'),
  vault: parseVaultId('hot-eth'),
  path: 'm',
  network: 'eip155:1',
  op: 'erc20.transfer',
  asset: handleOf('usdt-eth'),
  contract: token,
  to: customer,
  dest: record.digest,
  amount: 42_000_000_000n,
  maxFee: 50_000_000_000_000_000n,
  purpose: 'withdrawal/88213-551',
  initiator: parsePersonId('svc-payouts'),
}
export const payoutBytes = encodeIntent(payout)

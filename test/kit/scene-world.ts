// The organisation of the scenes: vaults with their keys, people with their credentials, the policy
// without what this release does not judge, and one customer. Keys are SHA-256 of a seed's name.
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { chainOf } from '../../policy/chain/chains.ts'
import { derive } from '../../policy/chain/derive.ts'
import type { Destination } from '../../policy/destination.ts'
import { madeHere } from '../../policy/key-standing.ts'
import type { VaultRow } from '../../policy/view.ts'
import { sha256, toUtf8 } from '../../proto/crypto.ts'
import { parseDigest, parseHandle, parseNodeId, parseVaultId } from '../../proto/ids.ts'
import { type Json, type JsonObject, text } from '../../proto/jcs.ts'
import full from '../vectors/documents/policy-full.json' with { type: 'json' }
import { customer, payout, testKey } from './examples.ts'

export const instant = (written: string): number => Date.parse(written)

export const supported: JsonObject = {
  ...(full as unknown as JsonObject),
  guards: full.guards.filter(({ id }) => id !== 'g-lists' && id !== 'g-poison') as unknown as Json,
  rules: full.rules.map((rule) => {
    return { ...rule, match: { ...rule.match, when: 'always' } }
  }) as unknown as Json,
  calendars: {},
  separation: { ...full.separation, minFactor: {} },
}

export const customerRecord: Destination = {
  org: payout.org,
  env: 'prod',
  book: parseHandle('customer'),
  network: 'eip155:1',
  address: customer,
  label: 'cust-88213/2',
  status: 'active',
  activeFrom: instant('2026-11-20T09:00:00Z'),
  version: 3,
}

const members = ['signer-a', 'signer-b', 'signer-c'].map((name, index) => {
  return { node: parseNodeId(name), x: index + 1 }
})

export const vaults: readonly VaultRow[] = ['cold-eth', 'hot-eth', 'warm-eth', 'hot-tron'].map(
  (name) => ({
    vault: parseVaultId(name),
    key: parseHandle(`k-${name}`),
    epoch: 1,
    t: 2,
    participants: members,
    publicKey: secp256k1.getPublicKey(secretOf(name)),
    chainCode: sha256(toUtf8(`test-seed/chain/${name}`)),
    keyState: parseDigest('cc'.repeat(32)),
    ...madeHere,
  }),
)

export function secretOf(vault: string): Uint8Array {
  return sha256(toUtf8(`test-seed/vault/${vault}`))
}

export function addressOf(vault: string, path = 'm'): string {
  const row = vaults.find((item) => item.vault === vault)!
  return chainOf('eip155:1').address(derive(row, path).publicKey)
}

const humans = ['ana', 'bo', 'eli', 'fay', 'gus', 'oli', 'jun', 'kat']

export const directoryText = text({
  format: 'custody-directory/v1',
  org: payout.org,
  env: 'prod',
  version: 12,
  previous: 'dd'.repeat(32),
  persons: [
    ...humans.map((name) => ({ handle: name, kind: 'human', credentials: [credential(name)] })),
    {
      handle: 'svc-payouts',
      kind: 'service',
      owner: 'gus',
      credentials: [credential('svc-payouts')],
    },
  ],
})

function credential(name: string): JsonObject {
  return {
    id: `${name}-1`,
    scheme: 'ed25519',
    publicKey: Buffer.from(testKey(name).publicKey).toString('hex'),
    from: '2026-11-01T00:00:00Z',
    to: '2027-11-01T00:00:00Z',
    factor: 'none',
  }
}

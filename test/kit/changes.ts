// One change of each operation, ready to be signed, and the patches that tests make on them. They
// belong to the organisation of `examples.ts`; the keys named are those of `scene-world.ts`.
import type { Change, ChangeOf, ChangeOp } from '../../policy/change.ts'
import {
  parseDigest,
  parseHandle,
  parseNodeId,
  parsePersonId,
  parseVaultId,
} from '../../proto/ids.ts'
import { payout, testKey } from './examples.ts'
import { vaults } from './scene-world.ts'

const hot = vaults.find(({ vault }) => vault === 'hot-eth')!

const asked = {
  org: payout.org,
  env: payout.env,
  created: Date.parse('2026-12-07T10:15:00Z'),
  notAfter: Date.parse('2026-12-09T10:15:00Z'),
  initiator: parsePersonId('oli'),
  vault: hot.vault,
  purpose: 'quarterly key care',
}
const inForce = { epoch: hot.epoch, keyState: hot.keyState }

export const changes: { readonly [K in ChangeOp]: ChangeOf<K> } = {
  'key.create': { ...asked, id: parseHandle('c-1'), op: 'key.create', terms: {} },
  'key.refresh': { ...asked, id: parseHandle('c-2'), op: 'key.refresh', terms: inForce },
  'key.reshare': {
    ...asked,
    id: parseHandle('c-3'),
    op: 'key.reshare',
    terms: {
      from: hot.epoch,
      keyState: hot.keyState,
      dealers: hot.participants.slice(0, 2).map(({ node }) => node),
      participants: hot.participants,
      t: hot.t,
    },
  },
  'key.import': {
    ...asked,
    id: parseHandle('c-4'),
    op: 'key.import',
    terms: {
      publicKey: hot.publicKey,
      chainCode: hot.chainCode,
      commitments: parseDigest('ab'.repeat(32)),
    },
  },
  'key.export': {
    ...asked,
    id: parseHandle('c-5'),
    op: 'key.export',
    terms: { recipient: testKey('recipient').publicKey, keyState: hot.keyState },
  },
  'key.destroy': { ...asked, id: parseHandle('c-6'), op: 'key.destroy', terms: inForce },
  'key.prove': {
    ...asked,
    id: parseHandle('c-8'),
    op: 'key.prove',
    terms: { ...inForce, path: 'm', audience: 'auditor', challenge: new Uint8Array(32).fill(7) },
  },
  'peer.readmit': {
    ...asked,
    id: parseHandle('c-7'),
    op: 'peer.readmit',
    vault: parseVaultId('all'),
    terms: { node: parseNodeId('signer-a'), peer: parseNodeId('signer-b') },
  },
  'ceremony.plan': {
    ...asked,
    id: parseHandle('c-8'),
    op: 'ceremony.plan',
    vault: parseVaultId('all'),
    terms: {
      plan: parseDigest('cd'.repeat(32)),
      kind: 'sign',
      vaults: [parseVaultId('cold-eth')],
      requests: [parseDigest('ef'.repeat(32))],
      from: Date.parse('2026-12-08T09:00:00Z'),
      until: Date.parse('2026-12-08T17:00:00Z'),
    },
  },
}

export const allChanges: readonly Change[] = Object.values(changes)

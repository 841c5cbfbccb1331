// The card of a Station as an enrolment would make it, with keys that a test knows.
import { vkeyOf } from '../../policy/audit/checkpoint.ts'
import {
  stationCardDocument,
  type UnsignedStationCard,
} from '../../policy/ceremony/station-card.ts'
import { ed25519PublicKey, ed25519Signer } from '../../proto/crypto.ts'
import { parseDigest, parseHandle } from '../../proto/ids.ts'
import { secretOf, testCard } from './token-card.ts'

export function stationFacts(node: string, x: number): UnsignedStationCard {
  return {
    ...{ org: parseHandle('acme'), env: 'test', node: parseHandle(node), x, color: 'red' },
    ...{ custodian: parseHandle('ana'), site: parseHandle('bern') },
    identity: ed25519PublicKey(secretOf(`${node} identity`)),
    witness: vkeyOf(`acme/${node}`, 'witness', ed25519PublicKey(secretOf(`${node} witness`))),
    transport: parseDigest('7a'.repeat(32)),
    certificate: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
    daily: testCard(`${node} daily`, { node, id: 'daily' }),
    spare: testCard(`${node} spare`, { node, id: 'spare' }),
  }
}

export function testStation(node: string, x = 1): Uint8Array {
  return stationCardDocument(stationFacts(node, x), ed25519Signer(secretOf(`${node} identity`)))
}

// A token's card as a device would make it, with keys that a test knows.
import { p256 } from '@noble/curves/nist.js'
import { sha256, toHex, toUtf8 } from '../../proto/crypto.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { cardMessage, tokenCardDocument } from '../../proto/token-card.ts'

export const secretOf = (name: string): Uint8Array => sha256(toUtf8(`test token ${name}`))

export function cardFields(name: string, change: JsonObject = {}): JsonObject {
  return {
    format: 'custody-token/v1',
    ...{ org: 'acme', env: 'test', node: 'node-1', id: 'token-1', profile: 'ecdh' },
    ...{ manufacturer: 'Test', model: 'T', serial: name, firmware: '1.0' },
    module: '00'.repeat(32),
    identity: toHex(p256.getPublicKey(secretOf(`${name} identity`), false)),
    seal: toHex(p256.getPublicKey(secretOf(`${name} seal`), false)),
    ...{ identityId: '01'.repeat(16), sealId: '02'.repeat(16), gaps: [] },
    ...change,
  }
}

export function testCard(name: string, change: JsonObject = {}): Uint8Array {
  const fields = cardFields(name, change)
  return tokenCardDocument(fields, p256.sign(cardMessage(fields), secretOf(`${name} identity`)))
}

// A token's card as a device would make it, with keys that a test knows.
import { p256 } from '@noble/curves/nist.js'
import { sha256, toHex, toUtf8 } from '../../proto/crypto.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { parseSeal } from '../../proto/seal-file.ts'
import { tokenTask, unwrapByToken } from '../../proto/seal-token.ts'
import {
  cardMessage,
  parseTokenCard,
  sealKeyOf,
  tokenCardDocument,
} from '../../proto/token-card.ts'

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

/** The DEK of a file, as the token of this name would let it out. */
export function dekBy(name: string, bytes: Uint8Array): Uint8Array {
  const key = sealKeyOf(parseTokenCard(testCard(name)))
  const task = tokenTask(parseSeal(bytes), key)
  if (task?.do !== 'agree') throw new Error('expected a stanza of profile A')
  const x = p256.getSharedSecret(secretOf(`${name} seal`), task.point).slice(1)
  return unwrapByToken(parseSeal(bytes), key, x) ?? new Uint8Array(32)
}

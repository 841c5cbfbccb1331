// What people say at the end of a ceremony on paper: their Statements, the directory with their
// credentials, and signatures by token or credential.
import { p256 } from '@noble/curves/nist.js'
import { keyName } from '../../policy/ceremony/record.ts'
import {
  type SignedStatement,
  type Statement,
  statementMessage,
  statementText,
} from '../../policy/ceremony/statement.ts'
import { toHex } from '../../proto/crypto.ts'
import { parseHandle } from '../../proto/ids.ts'
import { text } from '../../proto/jcs.ts'
import { testKey } from './examples.ts'
import { actor, began, digestOfName } from './record.ts'
import { secretOf } from './token-card.ts'

export function statementOf(named: string, change: Partial<Statement> = {}): Statement {
  return {
    actor: actor(named),
    because: '',
    bundle: digestOfName('bundle out'),
    org: parseHandle('acme'),
    env: 'test',
    exceptions: 0,
    from: began,
    plan: digestOfName('plan'),
    record: { root: digestOfName('record'), size: 12 },
    until: began + 3_600_000,
    verdict: 'agree',
    ...change,
  }
}

export function signStatement(
  said: Statement,
  by: { readonly token: string } | { readonly credential: string },
): SignedStatement {
  const document = statementText(said)
  const message = statementMessage(document)
  if ('credential' in by) {
    const signature = testKey(by.credential).sign(message)
    return { by: 'credential', name: `${by.credential}-1`, document, signature }
  }
  const name = keyName(p256.getPublicKey(secretOf(by.token), false))
  return { by: 'token', name, document, signature: p256.sign(message, secretOf(by.token)) }
}

/** One credential each, of the test key of this name. */
export function directoryOf(names: readonly string[]): string {
  return text({
    format: 'custody-directory/v1',
    ...{ org: 'acme', env: 'test', version: 1, previous: '' },
    persons: names.map((handle) => ({
      handle,
      kind: 'human',
      credentials: [
        {
          id: `${handle}-1`,
          scheme: 'ed25519',
          publicKey: toHex(testKey(handle).publicKey),
          ...{ from: '2026-01-01T00:00:00Z', to: '2030-01-01T00:00:00Z', factor: 'none' },
        },
      ],
    })),
  })
}

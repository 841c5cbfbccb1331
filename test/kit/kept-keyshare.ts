/** One node's keyshares as they were kept once and for all in test/vectors/keyshares/sealed. */

import { join } from 'node:path'
import { parseDigest, parseHandle, parseVaultId } from '../../proto/ids.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { Keystore } from '../../signer-node/keystore.ts'
import { namedRandom } from '../signer-node/world.ts'
import { testBackups } from './recovery.ts'

export const vault = parseVaultId('hot-eth')
export const keptAs = parseDigest('ab'.repeat(32))
export const owner = {
  org: parseHandle('acme'),
  env: 'test',
  node: parseHandle('node-1'),
  x: 1,
} as const

/** Its backups lie in `backups` below it. */
export function nodeOneStore(directory: string): Keystore {
  const random = namedRandom('kept keyshares')
  return new Keystore(directory, owner, {
    passphrase: new Secret(Buffer.from('correct horse battery staple')),
    random,
    cost: { n: 2 ** 15, r: 8, p: 1 },
    curve: nativeCurve(),
    backups: testBackups(join(directory, 'backups'), owner, random),
  })
}

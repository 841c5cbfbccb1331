// Recovery keys for tests: they follow from the node's name, so a test that restores holds the same
// key that the node was given. Backups as a node keeps them, in a directory of the test.
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ed25519PublicKey, sha256, toHex, toUtf8, x25519PublicKey } from '../../proto/crypto.ts'
import {
  parseRecoveryKey,
  type RecoveryKey,
  recoveryKeyDocument,
} from '../../proto/recovery-key.ts'
import type { Signed } from '../../proto/signed.ts'
import { Backups } from '../../signer-node/backups.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import type { Random } from '../../signer-node/ports.ts'
import { proveBackup, Recovery } from '../../signer-node/recovery-open.ts'

export interface Owner {
  readonly org: string
  readonly env: string
  readonly node: string
}

const seed = (name: string): Uint8Array => sha256(toUtf8(`test-recovery/${name}`))
const seeds = ({ node }: Owner, id: string) =>
  [seed(`${node}/${id}/seal`), seed(`${node}/${id}/sign`)] as const

export function recoveryDocument(owner: Owner, id = 'r-1'): Uint8Array {
  const [seal, sign] = seeds(owner, id)
  const { org, env, node } = owner
  const keys = { seal: toHex(x25519PublicKey(seal)), sign: toHex(ed25519PublicKey(sign)) }
  return recoveryKeyDocument({ org, env, node, id, ...keys })
}

export function recoveryKey(owner: Owner, id = 'r-1'): RecoveryKey {
  return parseRecoveryKey(recoveryDocument(owner, id))
}

/** With its private half. */
export function recovery(owner: Owner, id = 'r-1'): Recovery {
  return new Recovery(recoveryKey(owner, id), new Secret(Buffer.concat(seeds(owner, id))))
}

export function testBackups(directory: string, owner: Owner, random: Random): Backups {
  mkdirSync(directory, { recursive: true })
  return new Backups(directory, [recoveryKey(owner), recoveryKey(owner, 'r-2')], random)
}

export function backupBytes(directory: string, name: string): Uint8Array {
  return new Uint8Array(readFileSync(join(directory, `${name}.backup`)))
}

/** What the recovery machine signs after it has opened this file. */
export function proofOf(bytes: Uint8Array, owner: Owner, id = 'r-1'): Signed {
  using by = recovery(owner, id)
  const fresh = { nonce: seed('nonce').slice(0, 16), nowMs: Date.parse('2026-12-07T11:00:00Z') }
  return proveBackup(nativeCurve(), bytes, by, fresh).proof
}

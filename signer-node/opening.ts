// Opens what a node's configuration names: directories, passphrases, the store, the Keyshares and
// the backups beside them. Shared by the running node and by the commands that need a stopped one.
// INVARIANT: what is made here is for its owner only; a passphrase that others can read is refused.
import { mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { refuse } from '../proto/refusal.ts'
import { scryptDefault } from '../proto/seal.ts'
import { Backups } from './backups.ts'
import type { SignerConfig } from './config.ts'
import type { Curve } from './dkls23/curve.ts'
import { Secret } from './dkls23/secret.ts'
import { Keystore } from './keystore.ts'
import type { Random } from './ports.ts'
import { pinnedRecoveryKeys } from './recovery-keys.ts'
import { Store } from './store.ts'

export interface OpeningPorts {
  readonly passphrase: Secret
  readonly curve: Curve
  readonly random: Random
}

export function openKeystore(config: SignerConfig, ports: OpeningPorts): Keystore {
  const directory = made(join(config.dataDir, 'keyshares'))
  // Development clusters hold play money and start often.
  const cost = config.env === 'dev' ? { ...scryptDefault, n: 2 ** 15 } : scryptDefault
  return new Keystore(directory, config, { ...ports, cost, backups: openBackups(config, ports) })
}

function openBackups(config: SignerConfig, { random }: OpeningPorts): Backups {
  const { directory, recovery } = config.backups
  const pinned = recovery.map(({ file, digest }) => ({ bytes: readFileSync(file), digest }))
  return new Backups(made(directory), pinnedRecoveryKeys(config, pinned), random)
}

export function openStore({ dataDir }: SignerConfig): Store {
  return new Store(join(made(dataDir), 'node.db'), { busyTimeoutMs: 1_000 })
}

export function made(directory: string): string {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  return directory
}

/** From a file of the owner alone or a descriptor; others can read environment and command line. */
export function readPassphrase(source: string | number, what = 'passphrase'): Secret {
  if (typeof source === 'string' && (statSync(source).mode & 0o077) !== 0) {
    refuse('CONFIG', 'credential: expected a file that only its owner can read')
  }
  const bytes = readFileSync(source)
  const end = bytes.at(-1) === newline ? bytes.length - 1 : bytes.length
  const passphrase = new Secret(Uint8Array.from(bytes.subarray(0, end)))
  bytes.fill(0)
  if (passphrase.bytes.length === 0) refuse('CONFIG', `${what}: expected one, got nothing`)
  return passphrase
}

const newline = 0x0a

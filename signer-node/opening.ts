// Opens the Keyshares of a node and the backups beside them, as its configuration names them.
// Shared by the running node and by the commands that need a stopped one. Not for a light witness,
// which has none.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { scryptDefault } from '../proto/seal.ts'
import { Backups } from './backups.ts'
import type { SignerConfig } from './config.ts'
import type { Curve } from './dkls23/curve.ts'
import type { Secret } from './dkls23/secret.ts'
import { Keystore } from './keystore.ts'
import { made } from './places.ts'
import type { Random } from './ports.ts'
import { pinnedRecoveryKeys } from './recovery-keys.ts'

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

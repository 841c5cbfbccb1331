// Configuration of a light witness, read once at start; unknown keys are refused. As that of a
// signer node, without everything that belongs to shares: no place, no node secret, no backups.
// Opens no file.
import {
  address,
  coordinatorPeer,
  distinct,
  pathFrom,
  readConfig,
  tlsFiles,
} from '../proto/config.ts'
import { refuse } from '../proto/refusal.ts'
import { digest, handle, literal, object, type Shaped, text } from '../proto/shape.ts'

export type LightConfig = Shaped<ReturnType<typeof shapeIn>>

/** `directory` is where the file stands: relative paths start there. */
export function parseLightConfig(source: string, directory: string): LightConfig {
  const config = readConfig(source, shapeIn(directory))
  if (config.coordinators.length === 0) refuse('CONFIG', 'coordinators: expected at least one')
  // Who copies or restores the data directory must not get the passphrase or the floor with it.
  for (const outside of ['credential', 'floorDir'] as const) {
    if (`${config[outside]}/`.startsWith(`${config.dataDir}/`)) {
      refuse('CONFIG', `${outside}: expected a place outside dataDir`)
    }
  }
  return config
}

function shapeIn(directory: string) {
  const path = pathFrom(directory)
  return object({
    format: literal('custody-witness/v1'),
    org: handle,
    env: literal('prod', 'test', 'dev'),
    node: handle,
    root: digest,
    origin: text(128),
    coordinators: distinct(coordinatorPeer, (peer) => peer.name),
    tls: tlsFiles(directory),
    /** Sealed files: Ed25519 identity and Ed25519 witness key. */
    keys: object({ identity: path, witness: path }),
    /** File with the passphrase that opens them. */
    credential: path,
    /** The store. */
    dataDir: path,
    /** Second place of the floor: another volume. */
    floorDir: path,
    /** Unix socket of the operator, in a directory of mode 0700. */
    adminSocket: path,
    healthListen: address,
  })
}

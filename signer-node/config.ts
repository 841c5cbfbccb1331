// Configuration of a signer node, read once at start; unknown keys are refused. Everything that a
// node believes hangs on the pinned digest of the root document; the coordinators named here are
// only reached, never trusted.
// Source: first-walk, bootstrap; README D1, D16. Opens no file.
import {
  address,
  coordinatorPeer,
  distinct,
  pathFrom,
  readConfig,
  tlsFiles,
} from '../proto/config.ts'
import { refuse } from '../proto/refusal.ts'
import {
  digest,
  handle,
  integer,
  list,
  literal,
  object,
  objectWith,
  type Shaped,
  text,
} from '../proto/shape.ts'
import { type KeystoreConfig, keystoreIn } from './config-keystore.ts'
import { recoveryKeysMax } from './recovery-keys.ts'

type Written = Shaped<ReturnType<typeof shapeIn>>
export type SignerConfig = Written & { readonly keystore: KeystoreConfig }
export type CoordinatorPeer = SignerConfig['coordinators'][number]

/** `directory` is where the file stands: relative paths start there. */
export function parseSignerConfig(source: string, directory: string): SignerConfig {
  const config = readConfig(source, shapeIn(directory))
  if (config.coordinators.length === 0) refuse('CONFIG', 'coordinators: expected at least one')
  // Who copies or restores the data directory must not get the passphrase, the floor or the backups
  // with it.
  const places = { ...config, backups: config.backups.directory }
  for (const outside of ['credential', 'floorDir', 'backups'] as const) {
    if (`${places[outside]}/`.startsWith(`${config.dataDir}/`)) {
      refuse('CONFIG', `${outside}: expected a place outside dataDir`)
    }
  }
  // In production nobody falls into the weaker of the two by forgetting a line.
  if (config.keystore === undefined && config.env === 'prod') {
    refuse('CONFIG', 'keystore: expected the stanza, passphrase or token, in production')
  }
  return { ...config, keystore: config.keystore ?? { stanza: 'passphrase' } }
}

function shapeIn(directory: string) {
  const path = pathFrom(directory)
  const fields = {
    format: literal('custody-signer/v1'),
    org: handle,
    env: literal('prod', 'test', 'dev'),
    node: handle,
    /** Place of this node's shares on the polynomial, as in the root document. */
    x: integer(1, 65_535),
    root: digest,
    origin: text(128),
    /** Dialled one by one. */
    coordinators: distinct(coordinatorPeer, (peer) => peer.name),
    tls: tlsFiles(directory),
    /** Sealed files: Ed25519 identity, Ed25519 witness key, 32-byte node secret. */
    keys: object({ identity: path, witness: path, secret: path }),
    /** File with the passphrase that opens them, or with the PIN of the token. */
    credential: path,
    /** The store and the Keyshares. */
    dataDir: path,
    /** Second place of the floor: another volume. */
    floorDir: path,
    /** Files sealed to the recovery keys, best on another volume; each public key by its digest. */
    backups: object({
      directory: path,
      recovery: list(object({ file: path, digest }), 1, recoveryKeysMax),
    }),
    /** Unix socket of the operator, in a directory of mode 0700. */
    adminSocket: path,
    healthListen: address,
    /** `native` falls back to `wasm`, said loudly; `noble` is the reference twin (twin.ts). */
    curve: literal('native', 'wasm', 'noble'),
  }
  return objectWith(fields, { keystore: keystoreIn(directory) })
}

// A light witness as its owner has it on disk: two sealed keys, a certificate and a configuration.
// It has no share, so it has no place in keys, no node secret, no recovery key and no backups.
// Writes nothing.
import { type Vkey, vkeyOf } from '../policy/audit/checkpoint.ts'
import type { Env } from '../policy/intent.ts'
import type { Digest } from '../proto/ids.ts'
import type { JsonObject } from '../proto/jcs.ts'
import { nodeKeyThing } from '../proto/node-keys.ts'
import { type Makers, makeOwner, type Owner, seal } from './init-owners.ts'

export interface LightOwner extends Owner {
  readonly identity: Uint8Array
  readonly witness: Vkey
}

export async function makeLight(
  id: string,
  makers: Makers,
  directory = `witnesses/${id}`,
): Promise<LightOwner> {
  const bare = await makeOwner(id, directory, ['node'], makers)
  const owner = { org: makers.org, env: makers.env ?? ('dev' as const), owner: bare.id }
  const identity = seal(bare, 'keys/identity.seal', nodeKeyThing(owner, 'identity'), makers)
  const witness = seal(bare, 'keys/witness.seal', nodeKeyThing(owner, 'witness'), makers)
  return {
    ...bare,
    files: [...bare.files, identity.file, witness.file],
    identity: identity.publicKey,
    witness: vkeyOf(`${makers.org}/${id}`, 'witness', witness.publicKey),
  }
}

export interface LightSettings {
  readonly org: string
  readonly env: Env
  readonly node: string
  readonly root: Digest
  readonly origin: string
  readonly coordinators: readonly JsonObject[]
  readonly tls: JsonObject
  /** `dataDir`, `floorDir`, `adminSocket`. */
  readonly places: JsonObject
  readonly healthListen: string
}

export function lightConfiguration({ places, ...settings }: LightSettings): string {
  const config = {
    format: 'custody-witness/v1',
    ...settings,
    keys: { identity: 'keys/identity.seal', witness: 'keys/witness.seal' },
    credential: 'credential',
    ...places,
  }
  return `${JSON.stringify(config, null, 2)}\n`
}

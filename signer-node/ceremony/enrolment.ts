// A Station's own keys, made at the enrolment sitting: Ed25519 identity, witness key, node secret
// and TLS key, each sealed to both Tokens of its custodian with none of them needed for it, and the
// public card that says so. Then the media A and B, equal but for their labels.
// INVARIANT: a private key leaves here only inside a Seal; media hold everything or nothing, each
// Seal opened by a Token before the first medium counts.
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { vkeyOf } from '../../policy/audit/checkpoint.ts'
import type { Plan, PlannedStation } from '../../policy/ceremony/plan.ts'
import { stationCardDocument } from '../../policy/ceremony/station-card.ts'
import { ed25519PublicKey, ed25519Signer } from '../../proto/crypto.ts'
import { parseDigest } from '../../proto/ids.ts'
import { nodeKeyThing } from '../../proto/node-keys.ts'
import { refuse } from '../../proto/refusal.ts'
import { parseTokenCard } from '../../proto/token-card.ts'
import { Secret } from '../dkls23/secret.ts'
import { syncDirectory } from '../floor-file.ts'
import type { Random } from '../ports.ts'
import { sealKeysOf } from '../unseal.ts'
import { TokenWay } from '../way-in.ts'
import { type Label, writeLabel } from './label.ts'
import { keyNames, type Medium, mediumPaths, openMedium } from './medium.ts'
import { selfSigned, transportKey } from './self-signed.ts'

export interface StationWish {
  readonly plan: Pick<Plan, 'org' | 'env' | 'origin'>
  readonly station: Pick<PlannedStation, 'node' | 'x' | 'site' | 'custodian' | 'color'>
  /** The documents of `custody-token/v1`. */
  readonly daily: Uint8Array
  readonly spare: Uint8Array
}

export interface MadeStation {
  readonly label: Omit<Label, 'medium'>
  /** The document of `custody-station-card/v1`. */
  readonly card: Uint8Array
  readonly seals: Readonly<Record<(typeof keyNames)[number], Uint8Array>>
}

const keyBytes = 32

export function makeStation(
  { plan: { org, env, origin }, station, daily, spare }: StationWish,
  { random, nowMs }: { readonly random: Random; readonly nowMs: number },
): MadeStation {
  const { node, x, color } = station
  using scope = new DisposableStack()
  const tokens = [parseTokenCard(daily), parseTokenCard(spare)]
  const way = scope.use(new TokenWay(sealKeysOf(tokens), random))
  const fresh = (): Secret => scope.use(new Secret(random(keyBytes)))
  const keys = { identity: fresh(), witness: fresh(), secret: fresh(), transport: fresh() }
  const tls = scope.use(transportKey(keys.transport.bytes))
  const { certificate, pin } = selfSigned(tls, random, { org, node, nowMs })
  const identity = ed25519PublicKey(keys.identity.bytes)
  const witness = vkeyOf(`${org}/${node}`, 'witness', ed25519PublicKey(keys.witness.bytes))
  const card = stationCardDocument(
    {
      ...{ org, env, ...station, identity, witness, certificate, daily, spare },
      transport: parseDigest(pin),
    },
    ed25519Signer(keys.identity.bytes),
  )
  const seal = (name: (typeof keyNames)[number]): Uint8Array =>
    way.seal(nodeKeyThing({ org, env, owner: node }, name), keys[name])
  const seals = {
    ...{ identity: seal('identity'), witness: seal('witness') },
    ...{ secret: seal('secret'), transport: seal('transport') },
  }
  return { label: { org, env, origin, node, x, color }, card, seals }
}

/** On a directory that holds nothing yet. `test` opens every Seal of it, or nothing stays. */
export async function writeMedium(
  directory: string,
  made: MadeStation,
  medium: Label['medium'],
  test: (medium: Medium) => Promise<void>,
): Promise<Medium> {
  if (existsSync(directory) && readdirSync(directory).length > 0) {
    refuse('CONFIG', `${directory}: expected an empty directory`)
  }
  const paths = mediumPaths(directory)
  try {
    for (const below of [dirname(paths.keys.identity), paths.keyshares]) {
      mkdirSync(below, { recursive: true, mode: 0o700 })
    }
    const write = (path: string, bytes: Uint8Array, mode: number): void =>
      writeFileSync(path, bytes, { flag: 'wx', mode, flush: true })
    write(paths.label, writeLabel({ ...made.label, medium }), 0o444)
    write(paths.station, made.card, 0o644)
    for (const name of keyNames) write(paths.keys[name], made.seals[name], 0o600)
    for (const path of [dirname(paths.keys.identity), directory]) syncDirectory(path)
    const written = openMedium(directory, { ...made.label, medium })
    await test(written)
    return written
  } catch (error) {
    for (const name of existsSync(directory) ? readdirSync(directory) : []) {
      rmSync(join(directory, name), { recursive: true })
    }
    throw error
  }
}

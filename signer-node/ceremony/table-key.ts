// The TLS key of a table's Record station: made before the plan that pins it, and kept until the
// sitting sealed to the Record token, which opens it when its owner has logged in.
// INVARIANT: no private key lies on the card but inside a Seal; a file is of this token's house.
// Source: the ceremony's design, 4.6. Knows no plan: which key the table must have, the pin says.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromUtf8 } from '../../proto/crypto.ts'
import { parseHandle } from '../../proto/ids.ts'
import { nodeKeyThing } from '../../proto/node-keys.ts'
import { refuse } from '../../proto/refusal.ts'
import type { TokenCard } from '../../proto/token-card.ts'
import { Secret } from '../dkls23/secret.ts'
import type { Hsm } from '../hsm/hsm.ts'
import { onCard, readOwnFile } from '../own-file.ts'
import { openNodeKey } from '../own-keys.ts'
import { made } from '../places.ts'
import type { Random } from '../ports.ts'
import { dekOf, sealKeysOf } from '../unseal.ts'
import { TokenWay } from '../way-in.ts'
import { keyPem, selfSigned, transportKey } from './self-signed.ts'
import { tableName } from './table.ts'

export const tableFiles = { key: 'table.key.seal', certificate: 'table.pem' } as const

export interface LaidKey {
  /** As a plan pins it. */
  readonly transport: string
  /** File of the certificate, for the cards of the stations. */
  readonly certificate: string
}

/** On a card that has none yet; the token is not asked. */
export function layTableKey(
  directory: string,
  token: TokenCard,
  { random, nowMs }: { readonly random: Random; readonly nowMs: number },
): LaidKey {
  const { org, env, node } = token
  using drawn = new Secret(random(32))
  using key = transportKey(drawn.bytes)
  const wish = { org: parseHandle(org), node: tableName, nowMs, role: 'coordinator' } as const
  const { certificate, pin } = selfSigned(key, random, wish)
  using way = new TokenWay(sealKeysOf([token]), random)
  const seal = way.seal(nodeKeyThing({ org, env, owner: node }, 'transport'), drawn)
  const card = made(directory)
  const write = (name: string, what: Uint8Array | string, mode: number): void =>
    writeFileSync(join(card, name), what, { mode, flag: 'wx', flush: true })
  write(tableFiles.key, seal, 0o600)
  write(tableFiles.certificate, certificate, 0o444)
  return { transport: pin, certificate: join(card, tableFiles.certificate) }
}

/** A certificate that was carried here; which key it must have, the plan says. */
export function pemAt(path: string): string {
  return fromUtf8(readOwnFile(onCard(path))) ?? refuse('CONFIG', `${path}: expected a certificate`)
}

/** PEM, the caller's to wipe; the token is logged in. */
export async function openTableKey(
  directory: string,
  { hsm, card, random }: { readonly hsm: Hsm; readonly card: TokenCard; readonly random: Random },
): Promise<Secret> {
  const path = join(directory, tableFiles.key)
  const bytes = readOwnFile(onCard(path))
  using dek = await dekOf(hsm, card, { name: tableFiles.key, bytes, isNeeded: true })
  if (dek === undefined) {
    return refuse('SEAL', `${tableFiles.key}: does not open with ${card.id}`, 'X-11')
  }
  using way = new TokenWay(sealKeysOf([card]), random)
  way.learn(bytes, dek)
  using drawn = openNodeKey(path, 'transport', card, way)
  using key = transportKey(drawn.bytes)
  return keyPem(key)
}

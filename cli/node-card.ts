// The card of a node: the public facts by which a root names it, written where the node's keys are
// made and carried to whoever drafts the next root. It proves nothing by itself: directors compare
// it with the people who run the node before they sign.
import { formatVkey, parseVkey, type Vkey } from '../policy/audit/checkpoint.ts'
import { parseStationCard } from '../policy/ceremony/station-card.ts'
import type { Root } from '../policy/documents.ts'
import { toHex, toUtf8 } from '../proto/crypto.ts'
import { parseNodeId } from '../proto/ids.ts'
import type { JsonObject } from '../proto/jcs.ts'
import { parseText, text } from '../proto/jcs.ts'
import { limits } from '../proto/limits.ts'
import { refuse } from '../proto/refusal.ts'
import { digest, handle, hex, integer, literal, object, text as words } from '../proto/shape.ts'

export interface Card {
  readonly node: string
  /** None for a light witness. */
  readonly x: number | undefined
  readonly identity: Uint8Array
  readonly transport: string
  readonly witness: Vkey
}

export function cardText(card: Card): string {
  const format = card.x === undefined ? 'custody-witness-card/v1' : 'custody-node-card/v1'
  return text({ ...cardJson(card), format })
}

/** As it stands in the root. */
export function cardJson({ node, x, identity, transport, witness }: Card): JsonObject {
  const member = { node, identity: toHex(identity), transport, witness: formatVkey(witness) }
  return x === undefined ? member : { ...member, x }
}

export function parseCard(written: string): Card {
  const value = parseText(written)
  const isNode = typeof value === 'object' && 'x' in value
  const { format: _, ...card } = isNode
    ? nodeShape(value, 'card')
    : { ...lightShape(value, 'card'), x: undefined }
  return { ...card, node: parseNodeId(card.node), witness: parseVkey(card.witness) }
}

/** Of a node, a light witness, or a station, whose card is signed by its keys and tokens. */
export function cardOf(written: string, root: Pick<Root, 'org' | 'env'>): Card {
  const value = parseText(written)
  const isStation = typeof value === 'object' && 'daily' in value
  if (!isStation) return parseCard(written)
  const { org, env, node, x, identity, transport, witness } = parseStationCard(toUtf8(written))
  if (org !== root.org || env !== root.env) {
    refuse('CONFIG', `station card: expected one of ${root.org} ${root.env}, got ${org} ${env}`)
  }
  return { node: parseNodeId(node), x, identity, transport, witness }
}

const member = { node: handle, identity: hex(32), transport: digest, witness: words(320) }
const lightShape = object({ format: literal('custody-witness-card/v1'), ...member })
const nodeShape = object({
  format: literal('custody-node-card/v1'),
  ...member,
  x: integer(1, limits.nodesMax),
})

// The card of a node: the public facts by which a root names it, written where the node's keys are
// made and carried to whoever drafts the next root. It proves nothing by itself: directors compare
// it with the people who run the node before they sign.
import { formatVkey, parseVkey, type Vkey } from '../policy/audit/checkpoint.ts'
import { toHex } from '../proto/crypto.ts'
import { parseNodeId } from '../proto/ids.ts'
import type { JsonObject } from '../proto/jcs.ts'
import { parseText, text } from '../proto/jcs.ts'
import { limits } from '../proto/limits.ts'
import { digest, handle, hex, integer, literal, object, text as words } from '../proto/shape.ts'

export interface Card {
  readonly node: string
  readonly x: number
  readonly identity: Uint8Array
  readonly transport: string
  readonly witness: Vkey
}

export function cardText(card: Card): string {
  return text({ ...cardJson(card), format: 'custody-node-card/v1' })
}

/** As it stands in the root. */
export function cardJson({ node, x, identity, transport, witness }: Card): JsonObject {
  return { node, x, identity: toHex(identity), transport, witness: formatVkey(witness) }
}

export function parseCard(written: string): Card {
  const { format: _, ...card } = shape(parseText(written), 'card')
  return { ...card, node: parseNodeId(card.node), witness: parseVkey(card.witness) }
}

const shape = object({
  format: literal('custody-node-card/v1'),
  node: handle,
  x: integer(1, limits.nodesMax),
  identity: hex(32),
  transport: digest,
  witness: words(320),
})

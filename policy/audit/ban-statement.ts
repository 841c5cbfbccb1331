// A node's statement that it banned a peer: its identity key signs exactly what the log line says,
// so nobody else can say it, not even whoever holds the key of the log. Bans of one peer by one
// node are numbered, so an old statement says nothing new after a re-admission.
// Says not why: which check failed is nobody's business outside the node (protocol, 1.13).
import { ed25519Verify, tagged } from '../../proto/crypto.ts'
import { type NodeId, parseNodeId } from '../../proto/ids.ts'
import { encode } from '../../proto/jcs.ts'
import { refuse } from '../../proto/refusal.ts'
import { handle, integer, literal, object, type Reader, text } from '../../proto/shape.ts'
import { open, type Signed } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'

const nodeId: Reader<NodeId> = (value, path) => parseNodeId(handle(value, path))
const statement = object({
  format: literal('custody-ban/v1'),
  org: handle,
  env: literal('prod', 'test', 'dev'),
  node: nodeId,
  peer: nodeId,
  number: integer(1, Number.MAX_SAFE_INTEGER),
  reason: text(64, /^[A-Z][A-Z0-9_]*$/),
})

export interface BanStatement {
  readonly node: string
  readonly peer: string
  /** 1, 2, 3, ... of this node against this peer. */
  readonly number: number
  readonly reason: string
}

export interface Owner {
  readonly org: string
  readonly env: string
}

/** Canonical bytes; the node signs them under the tag `ban`. */
export function banDocument({ org, env }: Owner, statement: BanStatement): Uint8Array {
  const { node, peer, number, reason } = statement
  return encode({ format: 'custody-ban/v1', org, env, node, peer, number, reason })
}

export function banSigned(
  owner: Owner,
  statement: BanStatement,
  given: { readonly identity: Uint8Array; readonly signature: Uint8Array },
): boolean {
  const message = tagged(tags.ban, banDocument(owner, statement))
  return ed25519Verify(given.identity, message, given.signature)
}

/** As a node hands it to a coordinator. */
export function openBan({ org, env }: Owner, signed: Signed, identity: Uint8Array) {
  const { value } = open(tags.ban, signed, identity, { shape: statement, refuseWith: 'VIEW' })
  if (value.org !== org || value.env !== env || value.node !== signed.credential) {
    refuse('VIEW', `expected a ban by ${signed.credential} in ${org} ${env}`)
  }
  return value
}

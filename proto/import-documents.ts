// The documents of an import: the invitation, with which a node gives out a one-time key for the
// import of one vault, and the dealing, which carries the commitments and one sealed share for each
// node. The dealing is signed by nobody: people approve its commitments, each share opens for one
// invitation alone, and a share that is not on the dealt polynomial is refused by its node.
// INVARIANT: strict JCS with exactly these keys. Nothing in a dealing is secret without a key of an
// invitation. Says nothing about when one is right: that is the dealer's and the nodes' to judge.
import { toHex } from './crypto.ts'
import { type NodeId, parseNodeId, parseVaultId, type VaultId } from './ids.ts'
import { encode, type JsonObject, parse } from './jcs.ts'
import { limits } from './limits.ts'
import { type Kind, openBy } from './node-documents.ts'
import { refuse } from './refusal.ts'
import {
  digest,
  handle,
  hex,
  integer,
  list,
  literal,
  object,
  type Reader,
  type Shaped,
} from './shape.ts'
import { type Opened, type Signed, signedJson, signedShape } from './signed.ts'
import { tags } from './tags.ts'

const nodeId: Reader<NodeId> = (value, path) => parseNodeId(handle(value, path))
const vaultId: Reader<VaultId> = (value, path) => parseVaultId(handle(value, path))
const place = integer(1, 65_535)
/** For which key of which vault. */
const subject = {
  org: handle,
  env: literal('prod', 'test', 'dev'),
  vault: vaultId,
  /** Name of the key, as in the policy. */
  key: handle,
}

const invitation = object({
  format: literal('custody-import-invitation/v1'),
  ...subject,
  node: nodeId,
  x: place,
  /** X25519; its private half is this node's, and gone after the import. */
  to: hex(32),
})

export type Invitation = Shaped<typeof invitation>

export const invitationKind = {
  tag: tags.invitation,
  shape: invitation,
} as const satisfies Kind<unknown>

const sealedShare = object({
  node: nodeId,
  x: place,
  /** Digest of the invitation that it is sealed to. */
  invitation: digest,
  eph: hex(32),
  sealed: hex(48),
})

export type SealedShare = Shaped<typeof sealedShare>

const dealingShape = object({
  format: literal('custody-import-dealing/v1'),
  ...subject,
  t: integer(1, limits.nodesMax),
  /** A_0 .. A_{t-1}; the first is the public key. */
  coefficients: list(hex(33), 1, limits.nodesMax),
  chainCode: hex(32),
  /** Names all of this to people: digest of key, holders, t, coefficients and chain code. */
  commitments: digest,
  /** Of all nodes of the root, in ascending x. */
  shares: list(sealedShare, 1, limits.nodesMax),
})

export type Dealing = Omit<Shaped<typeof dealingShape>, 'format'>

/** Canonical bytes; refused when they would not be read back. */
export function dealingDocument(dealing: Dealing): Uint8Array {
  const { coefficients, chainCode, shares, ...rest } = dealing
  const bytes = encode({
    ...rest,
    format: 'custody-import-dealing/v1',
    coefficients: coefficients.map(toHex),
    chainCode: toHex(chainCode),
    shares: shares.map(shareJson),
  })
  parseDealing(bytes)
  return bytes
}

export function parseDealing(bytes: Uint8Array): Dealing {
  const { format: _, ...dealing } = dealingShape(parse(bytes, limits.dealingBytesMax), '')
  const ascending = dealing.shares.every(({ x }, at) => x > (dealing.shares[at - 1]?.x ?? 0))
  if (!ascending) refuse('MALFORMED', 'shares: expected ascending x')
  if (dealing.coefficients.length !== dealing.t) {
    refuse('MALFORMED', `coefficients: expected ${dealing.t}, got ${dealing.coefficients.length}`)
  }
  return dealing
}

/** The public key that is dealt. */
export function dealtKey({ coefficients: [publicKey] }: Dealing): Uint8Array {
  return publicKey ?? refuse('MALFORMED', 'coefficients: expected one at least')
}

const collected = object({
  format: literal('custody-import-invitations/v1'),
  invitations: list(signedShape, 1, limits.nodesMax),
})

/** The invitations of all nodes as one file, for the dealer. */
export function invitationsDocument(invitations: readonly Signed[]): Uint8Array {
  const format = 'custody-import-invitations/v1'
  return encode({ format, invitations: invitations.map(signedJson) })
}

export function parseInvitations(bytes: Uint8Array): readonly Signed[] {
  return collected(parse(bytes, limits.dealingBytesMax), '').invitations
}

/** What a dealer or a caller believes of a node: signed by the identity that the root names. */
export interface Inviter {
  readonly node: NodeId
  readonly x: number
  readonly identity: Uint8Array
}

/** The root in force, as far as invitations need it. */
export interface Inviting {
  readonly org: string
  readonly env: string
  readonly nodes: readonly Inviter[]
}

/**
 * One invitation of each of these nodes, in ascending x, all for one vault and key. Whatever is
 * missing, doubled, strange or signed by another is refused by name.
 */
export function openInvitations(
  given: readonly Signed[],
  { org, env, nodes }: Inviting,
): readonly Opened<Invitation>[] {
  const ascending = [...nodes].sort((a, b) => a.x - b.x)
  const stranger = given.find(({ credential }) => !nodes.some(({ node }) => node === credential))
  if (stranger !== undefined)
    refuse('PARTICIPANTS', `${stranger.credential} is no node of the root`)
  const opened = ascending.map(({ node, x, identity }) => {
    const [own, ...more] = given.filter(({ credential }) => credential === node)
    if (own === undefined) return refuse('PARTICIPANTS', `no invitation of ${node}`)
    if (more.length > 0) refuse('PARTICIPANTS', `${more.length + 1} invitations of ${node}`)
    const read = openBy(invitationKind, own, identity)
    const { value } = read
    if (value.org !== org || value.env !== env || value.x !== x) {
      refuse('PARTICIPANTS', `${node}: expected an invitation of ${org} ${env} at ${x}`)
    }
    return read
  })
  const [first] = opened
  const other = opened.find(
    ({ value }) => value.vault !== first?.value.vault || value.key !== first.value.key,
  )
  if (other !== undefined) refuse('PARTICIPANTS', `${other.value.node} invites for another key`)
  return opened
}

function shareJson({ node, x, invitation: to, eph, sealed }: SealedShare): JsonObject {
  return { node, x, invitation: to, eph: toHex(eph), sealed: toHex(sealed) }
}

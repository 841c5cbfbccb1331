// Documents about a key that leaves the house: the statement that a node signs about its sealed
// part, the key of the recipient, the parcel in which everything comes to it, and what it shows of
// a part that was spoiled. The statement says which part of which export it is, over
// which pairings it was made, and the digest of the sealed file, so that whoever spoils a part has
// signed it.
// Says nothing about when a part may be made: that is the node's (`export-duty.ts`).
import { digestOf, toHex } from './crypto.ts'
import {
  type Digest,
  type Handle,
  type NodeId,
  parseHandle,
  parseNodeId,
  parseVaultId,
  type VaultId,
} from './ids.ts'
import { encode, type JsonObject, parse } from './jcs.ts'
import { limits } from './limits.ts'
import type { Kind } from './node-documents.ts'
import type { SealedThing } from './seal-file.ts'
import {
  digest,
  handle,
  hex,
  integer,
  list,
  literal,
  mapOf,
  object,
  type Reader,
  type Shaped,
  text,
} from './shape.ts'
import { type Signed, signedJson, signedShape } from './signed.ts'
import { tags } from './tags.ts'

const nodeId: Reader<NodeId> = (value, path) => parseNodeId(handle(value, path))
const vaultId: Reader<VaultId> = (value, path) => parseVaultId(handle(value, path))
const owner = { org: handle, env: literal('prod', 'test', 'dev') }

const part = object({
  format: literal('custody-export-part/v1'),
  ...owner,
  node: nodeId,
  x: integer(1, limits.nodesMax),
  vault: vaultId,
  key: handle,
  epoch: integer(0, 0xffff_ffff),
  keyState: digest,
  /** The approved change, and its line. */
  change: digest,
  seq: integer(0, Number.MAX_SAFE_INTEGER),
  /** X25519, as people approved it. */
  recipient: hex(32),
  /** Exactly those whose parts add up, in the order of their x. */
  exporters: list(nodeId, 1, limits.nodesMax),
  /** Over which it was made, by exporter: both ends of each must name the same. */
  pairings: mapOf(digest),
  /** The public facts of the key, hex; they are what the key state names, or worth nothing. */
  facts: text(16_384, /^[0-9a-f]*$/),
  /** SHA-256 of the sealed file. */
  sealed: digest,
})

export type ExportPart = Shaped<typeof part>

export const exportPartKind = {
  tag: tags.exportPart,
  shape: part,
} as const satisfies Kind<ExportPart>

const recipientShape = object({
  format: literal('custody-recipient-key/v1'),
  ...owner,
  /** What its holder calls it. */
  id: handle,
  /** X25519. */
  seal: hex(32),
})

export interface RecipientKey extends Omit<Shaped<typeof recipientShape>, 'format'> {
  readonly digest: Digest
}

export const recipientSecretBytes = 32

export function parseRecipientKey(bytes: Uint8Array): RecipientKey {
  const { format: _, ...key } = recipientShape(parse(bytes), 'recipient key')
  return { ...key, digest: digestOf(tags.recipientKey, bytes) }
}

export function recipientKeyDocument(fields: JsonObject): Uint8Array {
  const bytes = encode({ ...fields, format: 'custody-recipient-key/v1' })
  parseRecipientKey(bytes)
  return bytes
}

/** What the sealed private half is. */
export function recipientThing({ org, env, id }: RecipientOwner): SealedThing {
  return {
    kind: 'identity',
    context: { org, env, owner: id, credential: parseHandle('recipient') },
  }
}

export interface RecipientOwner {
  readonly org: Handle
  readonly env: 'prod' | 'test' | 'dev'
  readonly id: Handle
}

/** What the sealed part of this statement is. */
export function partThing(
  { org, env, vault, keyState, epoch, node, x, change }: Omit<ExportPart, 'sealed' | 'format'>,
  publicKey: string,
): SealedThing {
  const whose = { org, env, vault: parseHandle(vault), node: parseHandle(node), party: x }
  return { kind: 'export', context: { ...whose, key: publicKey, keyState, epoch, change } }
}

/** The line of the export, and how it lies in the log of this root. */
const proved = {
  /** Text of the root whose nodes signed. */
  root: text(limits.documentBytesMax),
  /** Text of the line. */
  line: text(limits.bodySizeMax),
  /** A cosigned head, and the way from the line to its tree. */
  checkpoint: text(16_384),
  proof: list(hex(32), 0, 64),
}

const sealedPart = object({ statement: signedShape, sealed: text(limits.sealedPartBytesMax) })
const parcel = object({
  format: literal('custody-export-parcel/v1'),
  ...proved,
  parts: list(sealedPart, 1, limits.nodesMax),
})
const spoiled = object({
  format: literal('custody-spoiled-part/v1'),
  ...proved,
  part: sealedPart,
  /** Opens this one sealed file and no other; none where it does not open at all. */
  dek: hex(32, true),
})

export type Parcel = Shaped<typeof parcel>
export type SpoiledPart = Shaped<typeof spoiled>
export type ProvedExport = Pick<Parcel, 'root' | 'line' | 'checkpoint' | 'proof'>

/** Names and bounds only: what it proves is `policy/export-parts.ts`. */
export function parseParcel(bytes: Uint8Array): Parcel {
  return parcel(parse(bytes, limits.parcelBytesMax), 'parcel')
}

export function parseSpoiled(bytes: Uint8Array): SpoiledPart {
  return spoiled(parse(bytes, limits.parcelBytesMax), 'spoiled part')
}

export function parcelDocument({ parts, ...rest }: Omit<Parcel, 'format'>): Uint8Array {
  const format = 'custody-export-parcel/v1'
  return encode({ ...provedJson(rest), format, parts: parts.map(partJson) })
}

export function spoiledDocument({ part, dek, ...rest }: Omit<SpoiledPart, 'format'>): Uint8Array {
  const format = 'custody-spoiled-part/v1'
  return encode({ ...provedJson(rest), dek: toHex(dek), format, part: partJson(part) })
}

function provedJson({ root, line, checkpoint, proof }: ProvedExport) {
  return { root, line, checkpoint, proof: proof.map(toHex) }
}

function partJson({ statement, sealed }: { readonly statement: Signed; readonly sealed: string }) {
  return { statement: signedJson(statement), sealed }
}

// What a node signs of an address that it derived itself, and the file in which a payer gets the
// words of several nodes: together they say whose address it is. INVARIANT: strict JCS with exactly
// these keys; the author is the node that the document names.
// Says nothing about when it is right: that is `policy/address-certificate.ts`.
import { type NodeId, parseNodeId, parseVaultId, type VaultId } from './ids.ts'
import { limits } from './limits.ts'
import type { Kind } from './node-documents.ts'
import {
  bool,
  digest,
  handle,
  hex,
  integer,
  list,
  literal,
  object,
  type Reader,
  type Shaped,
  text,
  time,
} from './shape.ts'
import { signedShape } from './signed.ts'
import { tags } from './tags.ts'

const nodeId: Reader<NodeId> = (value, path) => parseNodeId(handle(value, path))
const vaultId: Reader<VaultId> = (value, path) => parseVaultId(handle(value, path))
const count = integer(0, Number.MAX_SAFE_INTEGER)

/** Of the address; all nodes say the same of it. */
const subject = {
  org: handle,
  env: literal('prod', 'test', 'dev'),
  vault: vaultId,
  /** CAIP-2: on no other network is this an address of the vault. */
  network: text(48),
  path: text(96),
  address: text(64),
  /** Name of the key, as in the policy. */
  key: handle,
  /** Of the vault, at `m`; compressed. */
  publicKey: hex(33),
  chainCode: hex(32),
  epoch: count,
  keyState: digest,
  /** Whoever it came from, or was given to, may hold the key as well, for ever. */
  imported: bool,
  exported: bool,
  /** How many of the holders sign together. */
  threshold: integer(1, limits.nodesMax),
  holders: list(nodeId, 1, limits.nodesMax),
  /** The one in force, whose nodes these are. */
  root: digest,
}

const certificate = object({
  format: literal('custody-address-certificate/v1'),
  ...subject,
  node: nodeId,
  /** By the node's own clock. */
  issued: time,
  /** Lines of the log that it had. */
  size: count,
})

export type AddressCertificate = Shaped<typeof certificate>

export const addressKind = {
  tag: tags.address,
  shape: certificate,
} as const satisfies Kind<unknown>

export const addressFileFormat = 'custody-address/v1'

export const addressFileShape = object({
  format: literal(addressFileFormat),
  /** From one that the reader pins to the one in force, each later one with its signatures. */
  roots: list(
    object({ root: text(limits.documentBytesMax), signatures: text(limits.documentBytesMax) }),
    1,
    limits.rootsMax,
  ),
  certificates: list(signedShape, 1, limits.nodesMax),
})

// What a node signs of an address that it derived itself, and the file in which a payer gets the
// words of several nodes: together they say whose address it is. Of a cold vault its witnesses say
// so instead, under a tag of their own, and the file carries what every station confirmed as well.
// INVARIANT: strict JCS with exactly these keys; the author is the node that the document names; a
// word of one kind never reads as one of the other.
// Says nothing about when it is right: that is `policy/address-certificate.ts`.
import { type NodeId, parseNodeId, parseVaultId, type VaultId } from './ids.ts'
import { keyCertificateShape } from './key-documents.ts'
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

/** Who says so, when, and from how much. */
const author = {
  node: nodeId,
  /** By the node's own clock. */
  issued: time,
  /** Lines of the log that it had. */
  size: count,
}

const certificate = object({
  format: literal('custody-address-certificate/v1'),
  ...subject,
  ...author,
})

/** Of a cold vault, in the words of a witness: it has one address. */
const coldWord = object({
  format: literal('custody-cold-address-word/v1'),
  ...subject,
  path: literal('m'),
  ...author,
})

export type AddressCertificate = Shaped<typeof certificate>

export const addressKind = {
  tag: tags.address,
  shape: certificate,
} as const satisfies Kind<unknown>

export type ColdAddressWord = Shaped<typeof coldWord>

export const coldAddressKind = {
  tag: tags.coldAddress,
  shape: coldWord,
} as const satisfies Kind<unknown>

/** From one that the reader pins to the one in force, each later one with its signatures. */
const roots = list(
  object({ root: text(limits.documentBytesMax), signatures: text(limits.documentBytesMax) }),
  1,
  limits.rootsMax,
)

export const addressFileFormat = 'custody-address/v1'

export const addressFileShape = object({
  format: literal(addressFileFormat),
  roots,
  certificates: list(signedShape, 1, limits.nodesMax),
})

export const coldAddressFileFormat = 'custody-cold-address/v1'

export const coldAddressFileShape = object({
  format: literal(coldAddressFileFormat),
  roots,
  /** What every station confirmed, in the epoch in force. */
  key: keyCertificateShape,
  /** Of witnesses. */
  words: list(signedShape, 1, limits.witnessesMax),
})

/** Which of the two a file says that it is. */
export const isColdFile = (file: unknown): boolean =>
  typeof file === 'object' &&
  file !== null &&
  'format' in file &&
  file.format === coldAddressFileFormat

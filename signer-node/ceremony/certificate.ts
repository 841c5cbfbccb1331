// The certificate of a key: the confirmations of all who hold it, each by the identity that the
// root pins, over exactly the words of the log's line. It is what the line will be made of, and
// what a Station waits for before it believes that a key exists.
// INVARIANT: a `Certificate` was verified against a root; one confirmation of another key, a
// missing or a foreign one makes none. Does not say that the log has the key: that is the line.
// Source: the ceremony's design, 4.6; protocol document, 2.2.
import { type Confirms, confirmMessage, requireSignatures } from '../../policy/audit/key-confirm.ts'
import type { Root } from '../../policy/documents.ts'
import type { KeyFacts } from '../../policy/view.ts'
import { toHex } from '../../proto/crypto.ts'
import type { Digest, NodeId } from '../../proto/ids.ts'
import { encode, type JsonObject, parse, parseText } from '../../proto/jcs.ts'
import {
  confirmShape,
  keyCertificateFormat,
  keyCertificateShape,
} from '../../proto/key-documents.ts'
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import { open, type Signed } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'

export interface Certificate {
  readonly key: KeyFacts
  /** The approved change that asked for it. */
  readonly change: Digest
  readonly confirms: Confirms
  /** Of the log's line, but for what carries the change out. */
  readonly body: JsonObject
}

/** One holder's word about a key. */
export interface Confirmed {
  readonly node: NodeId
  readonly signature: Uint8Array
  /** The same text for all who confirm one and the same key. */
  readonly terms: JsonObject
}

/** Of the node whose stream it came from, by the identity that the root pins. */
export function readConfirm(root: Root, from: string, signed: Signed): Confirmed {
  const identity = root.nodes.find((one) => one.node === from)?.identity
  if (identity === undefined) return refuse('VIEW', `${from} is no node of the root`)
  const read = { shape: confirmShape, refuseWith: 'VIEW' } as const
  const { value } = open(tags.confirm, signed, identity, read)
  if (value.node !== from) refuse('VIEW', `${from} confirms in the name of ${value.node}`)
  const { node: _, ...rest } = parseText(signed.document) as JsonObject
  return { node: value.node, signature: signed.signature, terms: rest }
}

/** Canonical bytes, as they go to the Stations; refused when they certify nothing. */
export function writeCertificate(root: Root, confirmed: readonly Confirmed[]): Uint8Array {
  const [first] = confirmed
  const confirms = confirmed.map(({ node: name, signature }) => {
    return { node: name, signature: toHex(signature) }
  })
  const bytes = encode({ ...first?.terms, confirms, format: keyCertificateFormat })
  readCertificate(root, bytes)
  return bytes
}

export function readCertificate(root: Root, bytes: Uint8Array): Certificate {
  const written = parse(bytes, limits.paperBytesMax)
  const { format: _, confirms, change, ...key } = keyCertificateShape(written, 'certificate')
  const holders = key.participants.map((member) => member.node)
  const message = (name: string) => confirmMessage(key, name, change)
  requireSignatures(confirms, holders, { root, message })
  const { format: __, ...body } = written as JsonObject
  return { key, change, confirms, body }
}

// Enclosures: the documents that travel with the lines that name them, because the fold needs their
// text: root, policy, directory, books, freezes, orders, plans. A line names a document by digest,
// so whatever an enclosure claims to be, it is found only under the digest of its own bytes.
// A freeze travels with its signature, which its digest does not cover: several enclosures may have
// one digest, and all of them are kept, so that a bad one cannot hide a good one.
// The others are vouched for by digests in force.
import { digestOf, ed25519Verify, tagged, toUtf8 } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'
import { type Json, type JsonObject, parseText, text } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import { type Signed, signedJson, signedShape } from '../../proto/signed.ts'
import { type Tag, tags } from '../../proto/tags.ts'

/** All enclosures of a digest; of a document without a signature they are the same. */
export type Documents = ReadonlyMap<Digest, readonly string[]>

const plain: ReadonlyMap<Json | undefined, Tag> = new Map<Json | undefined, Tag>([
  ['custody-root/v1', tags.root],
  ['custody-root-signatures/v1', tags.rootSignatures],
  ['custody-policy/v1', tags.policy],
  ['custody-directory/v1', tags.directory],
  ['custody-book/v1', tags.book],
  ['custody-order/v1', tags.order],
  ['custody-plan/v1', tags.plan],
])

export function readEnclosures(texts: readonly string[]): Documents {
  const byDigest = new Map<Digest, string[]>()
  for (const written of texts) {
    const digest = enclosureDigest(written)
    byDigest.set(digest, [...(byDigest.get(digest) ?? []), written])
  }
  return byDigest
}

/** The digest by which a line names this enclosure. */
export function enclosureDigest(written: string): Digest {
  if (written.length > 2 * limits.documentBytesMax) refuse('TOO_LARGE', 'enclosure: too long')
  const value = objectOf(parseText(written))
  const tag = plain.get(value['format'])
  if (tag !== undefined) return digestOf(tag, toUtf8(written))
  return digestOf(tags.freeze, toUtf8(signedShape(value, 'enclosure').document))
}

export function signedEnclosure(signed: Signed): string {
  return text(signedJson(signed))
}

export function readSignedEnclosure(written: string): Signed {
  return signedShape(parseText(written), 'enclosure')
}

export function freezeVerifies({ document, signature }: Signed, publicKey: Uint8Array): boolean {
  return ed25519Verify(publicKey, tagged(tags.freeze, toUtf8(document)), signature)
}

function objectOf(value: Json): JsonObject {
  return typeof value === 'object' && !Array.isArray(value)
    ? (value as JsonObject)
    : refuse('MALFORMED', 'enclosure: expected an object')
}

// Enclosures: the documents that travel with the lines that name them, because the fold needs their
// text: root, policy, directory, books and freezes. A line names a document by digest, so whatever
// an enclosure claims to be, it is found only under the digest of its own bytes.
// A freeze travels with its signature; the others are vouched for by digests in force.
import { digestOf, ed25519Verify, tagged, toUtf8 } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'
import { type Json, type JsonObject, parseText, text } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import { type Signed, signedJson, signedShape } from '../../proto/signed.ts'
import { type Tag, tags } from '../../proto/tags.ts'

export type Documents = ReadonlyMap<Digest, string>

const plain: ReadonlyMap<Json | undefined, Tag> = new Map<Json | undefined, Tag>([
  ['custody-root/v1', tags.root],
  ['custody-policy/v1', tags.policy],
  ['custody-directory/v1', tags.directory],
  ['custody-book/v1', tags.book],
])

export function readEnclosures(texts: readonly string[]): Documents {
  return new Map(texts.map((written) => [enclosureDigest(written), written]))
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

// Blobs: the documents that lines name by digest and that lie beside the log. A blob is named by
// its kind, which is the name of its tag, and by its digest. Signed kinds are kept with their
// signature, as the canonical {credential, document, signature}, under the digest of the document.
import { digestOf, fromUtf8, plainDigest, toUtf8 } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'
import { parse } from '../../proto/jcs.ts'
import { refuse } from '../../proto/refusal.ts'
import { signedShape } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'

/** `bytes` is an unsigned transaction, which has no tag. */
export type BlobKind = keyof typeof tags | 'bytes'

const signedKinds: ReadonlySet<BlobKind> = new Set<BlobKind>([
  'intent',
  'approval',
  'rejection',
  'dest',
  'freeze',
  'acceptance',
  'refusal',
  'shareReceipt',
])

/** What the fold reads: they travel with their lines. */
export const enclosedKinds: readonly BlobKind[] = [
  'root',
  'rootSignatures',
  'policy',
  'directory',
  'book',
  'freeze',
  'order',
  'plan',
]

export function parseBlobKind(written: string): BlobKind {
  if (written === 'bytes' || isTagName(written)) return written
  return refuse('MALFORMED', `blob: unknown kind ${written}`)
}

/** The digest that these bytes have as a blob of this kind. */
export function blobDigest(kind: BlobKind, content: Uint8Array): Digest {
  if (kind === 'bytes') return plainDigest(content)
  if (!signedKinds.has(kind)) return digestOf(tags[kind], content)
  return digestOf(tags[kind], toUtf8(signedShape(parse(content), kind).document))
}

export function blobText(content: Uint8Array): string {
  return fromUtf8(content) ?? refuse('MALFORMED', 'blob: expected well-formed utf-8')
}

function isTagName(written: string): written is keyof typeof tags {
  return Object.hasOwn(tags, written)
}

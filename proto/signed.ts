// A signed document: exact canonical bytes, the credential that signed, an Ed25519 signature over
// tag || 0x0A || bytes. `open` verifies first and decodes after; nothing is ever re-encoded to
// check a signature. Who may hold a credential is decided by the roster, not here.
import { digestOf, ed25519Verify, fromUtf8, tagged, toHex, toUtf8 } from './crypto.ts'
import type { Digest, Handle } from './ids.ts'
import { parse } from './jcs.ts'
import type { ReasonCode } from './reasons.ts'
import { refuse } from './refusal.ts'
import { handle, hex, object, type Reader, text } from './shape.ts'
import type { Tag } from './tags.ts'

export interface Signed {
  readonly credential: Handle
  /** Canonical text of the document, exactly as signed. */
  readonly document: string
  /** 64 bytes. */
  readonly signature: Uint8Array
}

export interface Opened<T> {
  readonly digest: Digest
  readonly value: T
  readonly signed: Signed
}

/** How a `Signed` stands inside another document. */
export const signedShape: Reader<Signed> = object({
  credential: handle,
  document: text(262_144),
  signature: hex(64),
})

export function signedJson(signed: Signed) {
  const { credential, document, signature } = signed
  return { credential, document, signature: toHex(signature) }
}

export type Sign = (message: Uint8Array) => Uint8Array

export function sign(tag: Tag, document: Uint8Array, credential: Handle, key: Sign): Signed {
  const written = fromUtf8(document)
  if (written === undefined) return refuse('MALFORMED', 'expected well-formed utf-8')
  return { credential, document: written, signature: key(tagged(tag, document)) }
}

/** Verifies under `publicKey`, then parses strictly with `shape`. */
export function open<T>(
  tag: Tag,
  signed: Signed,
  publicKey: Uint8Array,
  read: { readonly shape: Reader<T>; readonly refuseWith: ReasonCode },
): Opened<T> {
  const bytes = toUtf8(signed.document)
  if (!ed25519Verify(publicKey, tagged(tag, bytes), signed.signature)) {
    refuse(read.refuseWith, `signature of ${signed.credential} does not verify under ${tag}`)
  }
  return { digest: digestOf(tag, bytes), value: read.shape(parse(bytes), ''), signed }
}

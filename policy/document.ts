// What all governed documents share: exact canonical text, a tag, a digest, and the fields that
// say whose they are and which version. Knows no single document.
import { digestOf, toUtf8 } from '../proto/crypto.ts'
import { type Digest, type PersonId, parsePersonId } from '../proto/ids.ts'
import { parse } from '../proto/jcs.ts'
import { refuse } from '../proto/refusal.ts'
import { digestOrNone, handle, integer, literal, type Reader } from '../proto/shape.ts'
import type { Tag } from '../proto/tags.ts'
import { envs } from './intent.ts'

export interface Document<T> {
  readonly digest: Digest
  readonly value: T
}

/** Reads the exact canonical text of a document and nothing else. */
export function readDocument<T>(tag: Tag, text: string, shape: Reader<T>): Document<T> {
  if (!text.isWellFormed()) return refuse('MALFORMED', 'expected well-formed text')
  const bytes = toUtf8(text)
  return { digest: digestOf(tag, bytes), value: shape(parse(bytes), '') }
}

/** Digest of a text that was canonical when it was written. */
export function digestOfText(tag: Tag, text: string): Digest {
  return digestOf(tag, toUtf8(text))
}

export const ownership = { org: handle, env: literal(...envs) }

export const versioned = {
  ...ownership,
  version: integer(1, Number.MAX_SAFE_INTEGER),
  /** Empty for the first version. */
  previous: digestOrNone,
}

export const personId: Reader<PersonId> = (value, path) => parsePersonId(handle(value, path))

/** As `read`, which yields a list, and no item stands twice. */
export function distinct<T>(read: Reader<readonly T[]>): Reader<readonly T[]> {
  return (value, path) => {
    const items = read(value, path)
    if (new Set(items).size !== items.length) refuse('MALFORMED', `${path}: an item stands twice`)
    return items
  }
}

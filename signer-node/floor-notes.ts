// What stands in a floor answer, written and read: a head with the line of one key alone, and a
// query as it was signed. INVARIANT: a head counts only when the right key signed it, over the log
// of the pinned origin. Decides nothing.
import { formatNote, parseNoteText, type Vkey } from '../policy/audit/checkpoint.ts'
import type { Root } from '../policy/documents.ts'
import { toHex } from '../proto/crypto.ts'
import { attempt, isRefusal } from '../proto/refusal.ts'
import type { Signed } from '../proto/signed.ts'

export interface Known {
  readonly size: number
  readonly root: Uint8Array
}

export function wordsOf({ document, signature }: Signed) {
  return { document, signature: toHex(signature) }
}

/** With the line of this key alone: a coordinator may have added lines until no answer holds it. */
export function cut(written: string | undefined, { name, keyId }: Vkey): string {
  if (written === undefined) return ''
  const { body, signatures } = parseNoteText(written)
  const at = signatures.findIndex((line) => line.name === name && line.keyId === keyId)
  return formatNote(
    body,
    written
      .slice(body.length + 1, -1)
      .split('\n')
      .slice(at, at + 1),
  )
}

/** The head of a note when `isProved` says that the right key signed it. */
export function readHead(
  written: string,
  root: Root,
  isProved: (note: ReturnType<typeof parseNoteText>) => boolean,
): Known | undefined {
  const read = attempt(() => {
    const note = parseNoteText(written)
    return note.checkpoint.origin === root.log.origin && isProved(note) ? note : undefined
  })
  return read === undefined || isRefusal(read) ? undefined : read.checkpoint
}

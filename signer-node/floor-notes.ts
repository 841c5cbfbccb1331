// The heads that one witness tells another about the floor, as signed notes: what is sent of a kept
// one, and what is read of one that came.
// INVARIANT: of a note that came nothing is believed but a head that the right key has signed.
import { formatNote, parseNoteText, type Vkey } from '../policy/audit/checkpoint.ts'
import type { Root } from '../policy/documents.ts'
import { attempt, isRefusal } from '../proto/refusal.ts'

export interface Known {
  readonly size: number
  readonly root: Uint8Array
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

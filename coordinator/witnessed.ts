// Witnessed times: when enough witnesses had seen a line. The notes that prove it are kept for ever
// and travel in warrants, so that every node computes the same time from the same notes.
// Definition: the walk, section 2: on the smallest head that covers the line with q cosignatures
// and agrees with the log, the (f+1)-th smallest time.
import {
  cosignatures,
  formatNote,
  type Note,
  parseNoteText,
  witnessedTime,
} from '../policy/audit/checkpoint.ts'
import { type Reigns, reignOver, reignOverHead } from '../policy/audit/reigns.ts'
import { witnessesOf } from '../policy/documents.ts'
import { concat, fromHex, toBase64 } from '../proto/crypto.ts'
import { readHeads } from './store/heads.ts'
import type { Session } from './store/store.ts'

export interface Witnessed {
  /** Milliseconds. */
  readonly at: number
  /** One note with all cosignatures of that head. */
  readonly note: string
}

const headsPerLook = 256

/** Undefined while no head with q cosignatures covers the line. */
export async function witnessedAt(
  session: Session,
  reigns: Reigns,
  seq: number,
): Promise<Witnessed | undefined> {
  const { origin } = reignOver(reigns, seq).root.log
  const range = { from: seq, to: Number.MAX_SAFE_INTEGER, countMax: headsPerLook }
  const bySize = new Map<number, string[]>()
  for (const { size, note } of await readHeads(session, origin, range)) {
    bySize.set(size, [...(bySize.get(size) ?? []), note])
  }
  for (const [size, notes] of bySize) {
    const { root } = reignOverHead(reigns, size)
    const note = joinNotes(notes)
    const at = witnessedTime(cosignatures(parseNoteText(note), witnessesOf(root)), root.witness)
    if (at !== undefined) return { at, note }
  }
  return undefined
}

/** Notes over one head as one note with all their signature lines, each once. */
export function joinNotes(notes: readonly string[]): string {
  const read = notes.map(parseNoteText)
  const [first] = read
  if (first === undefined) return ''
  return formatNote(first.body, [...new Set(read.flatMap(signatureLines))])
}

function signatureLines({ signatures }: Note): readonly string[] {
  return signatures.map(({ name, keyId, signature }) => {
    const bytes = concat(fromHex(keyId) ?? new Uint8Array(0), signature)
    return `\u2014 ${name} ${toBase64(bytes)}`
  })
}

// Witnessed time and coverage of a line, from cosigned heads: what a node, a coordinator and an
// auditor each compute from the same notes and their own copy of the tree. One head may come as
// several notes with a cosignature each.
// Each head is judged by the witnesses of its own root (`reigns.ts`).
// A note that is malformed, of another log, of another root or badly signed proves nothing here;
// whether it also accuses somebody is asked elsewhere.
import { equalBytes } from '../../proto/crypto.ts'
import { attempt, isRefusal } from '../../proto/refusal.ts'
import { witnessesOf } from '../documents.ts'
import {
  type Cosignature,
  cosignatures,
  type Note,
  parseNoteText,
  type Vkey,
  witnessedTime,
} from './checkpoint.ts'
import { type Reigns, reignOver, reignOverHead } from './reigns.ts'

export interface OwnTree {
  readonly reigns: Reigns
  /** Root of the own copy at this size; undefined beyond it. */
  readonly rootAt: (size: number) => Uint8Array | undefined
}

/** A size of the tree that q witnesses cosigned, and their (f+1)-th smallest time. */
export interface WitnessedHead {
  readonly size: number
  /** Milliseconds. */
  readonly at: number
}

/** On the smallest head that covers the line with q cosignatures, the (f+1)-th smallest time. */
export function witnessedIn(
  own: OwnTree,
  seq: number,
  heads: readonly string[],
): number | undefined {
  for (const { at } of witnessedHeads(own, seq, heads)) return at
  return undefined
}

/** Those that cover the line, the smallest first; a `seq` of -1 asks for all. */
export function* witnessedHeads(
  own: OwnTree,
  seq: number,
  heads: readonly string[],
): Generator<WitnessedHead> {
  const bySize = new Map<number, Note[]>()
  for (const note of agreeing(own, seq, heads)) {
    const { size } = note.checkpoint
    bySize.set(size, [...(bySize.get(size) ?? []), note])
  }
  for (const [size, notes] of [...bySize].sort(([a], [b]) => a - b)) {
    const { root } = reignOverHead(own.reigns, size)
    const at = witnessedTime(joined(notes, witnessesOf(root)), root.witness)
    if (at !== undefined) yield { size, at }
  }
}

/** Every witness of the line's root that cosigned a head with it; heads may differ in size. */
export function coveredBy(
  own: OwnTree,
  seq: number,
  heads: readonly string[],
): readonly Cosignature[] {
  return joined(agreeing(own, seq, heads), witnessesOf(reignOver(own.reigns, seq).root))
}

function agreeing({ reigns, rootAt }: OwnTree, seq: number, heads: readonly string[]): Note[] {
  return heads.flatMap((head) => {
    const note = attempt(() => parseNoteText(head))
    if (isRefusal(note)) return []
    const { origin, size, root: offered } = note.checkpoint
    if (origin !== reigns[0]?.root.log.origin || size <= seq) return []
    const own = rootAt(size)
    return own !== undefined && equalBytes(own, offered) ? [note] : []
  })
}

/** One for each witness over all notes, its earliest. */
function joined(notes: readonly Note[], witnesses: readonly Vkey[]): readonly Cosignature[] {
  const byName = new Map<string, Cosignature>()
  for (const note of notes) {
    const given = attempt(() => cosignatures(note, witnesses))
    for (const one of isRefusal(given) ? [] : given) {
      const known = byName.get(one.witness.name)
      if (known === undefined || one.at < known.at) byName.set(one.witness.name, one)
    }
  }
  return [...byName.values()]
}

// The hash chain: whether lines continue a log, link by link (rules H-4 to H-6 and H-11).
// A `Head` is all that judging the next line needs: size, leaf and time of the last line, and the
// Merkle frontier, so that a run of lines gives the new root as well.
// Knows nothing of meaning: a void line continues the chain like any other.
import type { Digest } from '../../proto/ids.ts'
import { refuse } from '../../proto/refusal.ts'
import { bodies } from './bodies.ts'
import {
  type Draft,
  type Entry,
  genesisDigest,
  leafDigest,
  parseEntry,
  writeEntry,
} from './entry.ts'
import { emptyFrontier, type Frontier, push } from './merkle.ts'

export interface Head {
  /** Lines so far: the `seq` of the next one. */
  readonly size: number
  /** Leaf of the last line; empty before the first. */
  readonly prev: Digest | ''
  /** Time of the last line, milliseconds. */
  readonly t: number
  readonly frontier: Frontier
}

export interface Extended {
  readonly entries: readonly Entry[]
  readonly head: Head
}

export const emptyHead: Head = { size: 0, prev: '', t: 0, frontier: emptyFrontier }

/** Lines as they came; refused at the first one that is malformed or does not continue `head`. */
export function extend(head: Head, lines: readonly Uint8Array[]): Extended {
  const entries: Entry[] = []
  let end = head
  for (const line of lines) {
    const entry = parseEntry(line)
    end = link(end, entry)
    entries.push(entry)
  }
  return { entries, head: end }
}

/** Writes the next line. */
export function append(head: Head, draft: Draft): { readonly entry: Entry; readonly head: Head } {
  const prev = head.prev || genesisDigest(bodies['log.genesis'](draft.body, 'body'))
  const entry = writeEntry(draft, { seq: head.size, prev })
  return { entry, head: link(head, entry) }
}

export function link(head: Head, entry: Entry): Head {
  const at = `line ${head.size}`
  if (entry.seq !== head.size) refuse('LOG_MALFORMED', `${at}: got seq ${entry.seq}`)
  if ((entry.type === 'log.genesis') !== (head.size === 0)) {
    refuse('LOG_MALFORMED', `${at}: log.genesis is line 0 and no other, got ${entry.type}`)
  }
  const prev = entry.type === 'log.genesis' ? genesisDigest(entry.body) : head.prev
  if (entry.prev !== prev) {
    refuse('LOG_MALFORMED', `${at}: expected prev ${prev}, got ${entry.prev}`)
  }
  if (entry.t < head.t) refuse('LOG_MALFORMED', `${at}: time runs backwards`)
  return {
    size: head.size + 1,
    prev: leafDigest(entry),
    t: entry.t,
    frontier: push(head.frontier, entry.leaf),
  }
}

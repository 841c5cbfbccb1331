// What the Record station and the Stations say to each other about the script, as papers of the
// table: whose turn it is, what a Station has done and wants written, where the next line of
// the Record stands, and the line once it is signed. Strict JCS like every paper.
// INVARIANT: none of them carries a secret, and none makes a Station sign: a line is signed
// where it was drafted, over the Station's own copy of the Record.
// Source: the ceremony's design, 4.9, 4.11.

import { sentence } from '../../policy/ceremony/record-bodies.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { encode, parse } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import {
  bool,
  digest,
  digestOrNone,
  handle,
  integer,
  list,
  literal,
  object,
  type Reader,
  type Shaped,
  text,
} from '../../proto/shape.ts'
import type { Paper } from './said-papers.ts'

const written: Reader<JsonObject> = (value, path) => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as JsonObject
  }
  return refuse('MALFORMED', `${path}: expected an object`)
}
const count = integer(0, 1_000_000)
export const draft = object({ type: text(32), body: written })
const manifestBytes = text(limits.paperBytesMax / 2)

const shapes = {
  /** Down: play this turn of the script, the `round`th time. */
  turn: object({
    format: literal('custody-table-turn/v1'),
    turn: count,
    round: count,
    /** Who was drawn; empty before. */
    signers: list(handle, 0, limits.nodesMax),
    /** Of what is carried out, once that is known; empty before. */
    manifest: manifestBytes,
    /** Its session has ended well: what that left is asked for, and none begins. */
    ended: bool,
  }),
  /** Up: done, and these lines are to be written. */
  done: object({
    format: literal('custody-table-done/v1'),
    turn: count,
    round: count,
    drafts: list(draft, 0, 512),
    /** Lines of results and signed Statements that came of it. */
    brought: list(written, 0, 64),
  }),
  /** Up: this Station could not, and why. */
  failed: object({
    format: literal('custody-table-failed/v1'),
    turn: count,
    round: count,
    code: text(64, /^[A-Z][A-Z0-9_]*$/),
    because: text(1_024),
  }),
  /** Down: the `at`th draft of that turn comes next, here. */
  place: object({
    format: literal('custody-table-place/v1'),
    turn: count,
    round: count,
    at: count,
    seq: count,
    prev: digest,
    t: integer(0, Number.MAX_SAFE_INTEGER),
  }),
  /** Up: signed. */
  signed: object({
    format: literal('custody-table-signed/v1'),
    seq: count,
    line: text(limits.recordLineBytesMax),
  }),
  /** Down: what everybody keeps. */
  line: object({
    format: literal('custody-table-line/v1'),
    seq: count,
    line: text(limits.recordLineBytesMax),
  }),
  /** Up, whenever a Station sits down: how far its copy of the Record goes. */
  have: object({
    format: literal('custody-table-have/v1'),
    size: count,
    prev: digestOrNone,
  }),
  /** Up: something was not as the script says; again and again until it is a line. */
  note: object({
    format: literal('custody-table-note/v1'),
    /** Of this Station: one id is one note. */
    id: text(64, /^[0-9a-z.-]+$/),
    expected: sentence,
    happened: sentence,
    decided: sentence,
  }),
  /** Up: somebody wants to stop. Down: all stop. */
  stop: object({
    format: literal('custody-table-stop/v1'),
    because: sentence,
  }),
  /** Down: what is carried out is written, and no Station is needed any more. */
  over: object({ format: literal('custody-table-over/v1') }),
} as const

export type TurnKind = keyof typeof shapes
export type TurnPaper<K extends TurnKind> = Omit<Shaped<(typeof shapes)[K]>, 'format'>
export type Draft = Shaped<typeof draft>

export function turnPaper<K extends TurnKind>(kind: K, said: TurnPaper<K>): Paper {
  const document = { ...said, format: `custody-table-${kind}/v1` } as unknown as JsonObject
  const paper = { kind, content: encode(document) }
  readTurnPaper(kind, paper)
  return paper
}

export function isTurnKind(kind: string): kind is TurnKind {
  return Object.hasOwn(shapes, kind)
}

export function readTurnPaper<K extends TurnKind>(
  kind: K,
  { kind: given, content }: Paper,
): Shaped<(typeof shapes)[K]> {
  if (given !== kind) refuse('MALFORMED', `paper: expected ${kind}, got ${given}`)
  const value = parse(content, limits.paperBytesMax)
  return shapes[kind](value, kind) as Shaped<(typeof shapes)[K]>
}

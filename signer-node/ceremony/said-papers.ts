// What Hub and Stations say to each other beside the frames of every node: papers of a kind, each
// strict JCS. A failed session names its remedy, a signature and a certificate come down to be
// checked, and whoever checked one says so.
// INVARIANT: a paper decides nothing by itself: a certificate is believed for its signatures, a
// signature is verified, and who is said to be at fault is one Station's word, told as such.
import { toHex } from '../../proto/crypto.ts'
import type { CoordinatorPart } from '../../proto/frames.ts'
import { type NodeId, parseNodeId } from '../../proto/ids.ts'
import { encode, type JsonObject, parse } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import {
  bool,
  digest,
  handle,
  hex,
  integer,
  literal,
  object,
  type Reader,
  type Shaped,
  text,
} from '../../proto/shape.ts'

export type Paper = CoordinatorPart<'paper'>

const nodeOrNone: Reader<NodeId | ''> = (value, path) =>
  value === '' ? '' : parseNodeId(handle(value, path))

const shapes = {
  /** Up: a session failed here. */
  failure: object({
    format: literal('custody-table-failure/v1'),
    ticket: hex(16),
    reason: text(64, /^[a-z-]+$/),
    remedy: literal('retry', 'fault', 'ban', 'abort'),
    /** Whom this Station holds for the one at fault; empty for nobody. */
    culprit: nodeOrNone,
  }),
  /** Down: assembled and verified by the Hub. */
  signature: object({
    format: literal('custody-table-signature/v1'),
    request: digest,
    attempt: integer(0, Number.MAX_SAFE_INTEGER),
    signature: hex(65),
  }),
  /** Up: this Station looked at what came down. */
  checked: object({
    format: literal('custody-table-checked/v1'),
    /** SHA-256 of the paper's content. */
    paper: digest,
    holds: bool,
  }),
} as const

export type Failure = Shaped<typeof shapes.failure>
export type SignaturePaper = Shaped<typeof shapes.signature>
export type Checked = Shaped<typeof shapes.checked>

export function failurePaper(failure: Omit<Failure, 'format'>): Paper {
  const ticket = toHex(failure.ticket)
  return written('failure', { ...failure, ticket, format: 'custody-table-failure/v1' })
}

export function signaturePaper({ signature, ...of }: Omit<SignaturePaper, 'format'>): Paper {
  const named = { ...of, signature: toHex(signature) }
  return written('signature', { ...named, format: 'custody-table-signature/v1' })
}

export function checkedPaper(checked: Omit<Checked, 'format'>): Paper {
  return written('checked', { ...checked, format: 'custody-table-checked/v1' })
}

export function readPaper<K extends keyof typeof shapes>(
  kind: K,
  { kind: given, content }: Paper,
): ReturnType<(typeof shapes)[K]> {
  if (given !== kind) refuse('MALFORMED', `paper: expected ${kind}, got ${given}`)
  const value = parse(content, limits.paperBytesMax)
  return shapes[kind](value, kind) as ReturnType<(typeof shapes)[K]>
}

function written(kind: string, document: JsonObject): Paper {
  return { kind, content: encode(document) }
}

// The chain of a Record: whether a line continues it, as the recorder who orders the lines, every
// station that keeps a copy of its own, and the verifier ask. A pure step: a state and one
// line give the next state, or a refusal and nothing.
// INVARIANT: nothing is said before `record.genesis` or after `record.closed`; nobody who is not
// present acts; exceptions are numbered without a gap. Whether the script was followed, and whether
// what is said is true, is `judge.ts`.
import { fromUtf8, toHex } from '../../proto/crypto.ts'
import { type Digest, type PersonId, parseDigest } from '../../proto/ids.ts'
import { limits } from '../../proto/limits.ts'
import { attempt, isRefusal, refuse } from '../../proto/refusal.ts'
import { emptyFrontier, type Frontier, push, rootOf } from '../audit/merkle.ts'
import {
  actorText,
  parseRecordLine,
  type RecordDraft,
  type RecordLine,
  type RecordLineOf,
  recordLeaf,
  type UnsignedLine,
  unsignedLine,
} from './record.ts'
import type { RecordBody } from './record-bodies.ts'
import { isSeated, requireAuthor, requireSeats, type Seats } from './record-seats.ts'

export interface RecordState {
  /** With the keys that an enrolment has brought so far. */
  readonly seats: Seats
  readonly size: number
  /** Leaf of the last line; the Plan's digest before the first. */
  readonly prev: Digest
  readonly t: number
  readonly frontier: Frontier
  readonly opening: RecordBody<'record.genesis'> | undefined
  /** Written as actors are. */
  readonly present: ReadonlySet<string>
  /** Everybody who ever was: each owes a Statement. */
  readonly met: ReadonlySet<string>
  readonly exceptions: number
  readonly closed: RecordBody<'record.closed'> | undefined
}

export interface Followed {
  readonly line: RecordLine
  readonly state: RecordState
}

export function beginRecord(seats: Seats): RecordState {
  requireSeats(seats)
  return {
    ...{ seats, size: 0, prev: seats.plan, t: 0, frontier: emptyFrontier },
    ...{ opening: undefined, present: new Set(), met: new Set(), exceptions: 0 },
    closed: undefined,
  }
}

/** The next line for a token of the actor to sign. */
export function draftLine(
  state: RecordState,
  draft: RecordDraft,
  identity: Uint8Array,
): UnsignedLine {
  return unsignedLine(draft, { seq: state.size, prev: state.prev }, identity)
}

/** The state after this line; refused when it is none that follows. */
export function follow(state: RecordState, bytes: Uint8Array): Followed {
  const line = by('I2', () => linkedLine(state, bytes))
  by('I3', () => requireAuthor(line, state.seats))
  const next = by('I4', () => said(state, line))
  return { line, state: { ...next, ...linked(state, line) } }
}

/** Size and root, as Statements and the log name a Record. */
export function recordHead({ size, frontier }: Pick<RecordState, 'size' | 'frontier'>): {
  readonly size: number
  readonly root: Digest
} {
  return { size, root: parseDigest(toHex(rootOf(frontier)), 'root') }
}

/** Of the first `size` lines. */
export function headAt(lines: readonly RecordLine[], size: number) {
  const frontier = lines.slice(0, size).reduce((sum, { leaf }) => push(sum, leaf), emptyFrontier)
  return recordHead({ size: frontier.size, frontier })
}

/** Lines as a file holds them: each ends in a newline, and nothing else stands between. */
export function splitRecord(file: Uint8Array): readonly Uint8Array[] {
  if (file.length > limits.recordBytesMax) refuse('TOO_LARGE', 'record: too many bytes')
  if (fromUtf8(file) === undefined) refuse('RECORD', 'expected well-formed utf-8')
  const lines: Uint8Array[] = []
  for (let from = 0; from < file.length; ) {
    const end = file.indexOf(0x0a, from)
    if (end < 0) refuse('RECORD', `line ${lines.length}: expected a newline at its end`)
    lines.push(file.subarray(from, end))
    from = end + 1
  }
  if (lines.length > limits.recordLinesMax) refuse('TOO_LARGE', 'record: too many lines')
  return lines
}

export interface ReadRecord {
  readonly lines: readonly RecordLine[]
  readonly state: RecordState
}

/** Every line under the rules of `follow`; the first that breaks one is named. */
export function readRecord(seats: Seats, file: Uint8Array): ReadRecord {
  const lines: RecordLine[] = []
  let state = beginRecord(seats)
  for (const bytes of splitRecord(file)) {
    const next = attempt(() => follow(state, bytes))
    if (isRefusal(next)) {
      return refuse(next.code, `line ${lines.length}: ${next.because}`, next.rule)
    }
    lines.push(next.line)
    state = next.state
  }
  return { lines, state }
}

/** Says which check of the import a refusal belongs to. */
function by<T>(check: 'I2' | 'I3' | 'I4', work: () => T): T {
  const done = attempt(work)
  return isRefusal(done) ? refuse(done.code, done.because, check) : done
}

function linkedLine(state: RecordState, bytes: Uint8Array): RecordLine {
  const line = parseRecordLine(bytes)
  requireLink(state, line)
  return line
}

function requireLink(state: RecordState, line: RecordLine): void {
  const { type, seq, prev, t } = line
  if (state.closed !== undefined) refuse('RECORD', 'the record is closed')
  if (seq !== state.size) refuse('RECORD', `expected seq ${state.size}, got ${seq}`)
  if (prev !== state.prev) refuse('RECORD', `expected prev ${state.prev}, got ${prev}`)
  if (t < state.t) refuse('RECORD', 'time runs backwards')
  if ((type === 'record.genesis') !== (seq === 0)) {
    refuse('RECORD', `record.genesis is line 0 and no other, got ${type}`)
  }
  if (state.size === limits.recordLinesMax - 1 && type !== 'record.closed') {
    refuse('TOO_LARGE', 'the last line that there is room for closes the record')
  }
}

function linked(state: RecordState, line: RecordLine) {
  const frontier = push(state.frontier, line.leaf)
  return { size: state.size + 1, prev: recordLeaf(line), t: line.t, frontier }
}

function said(state: RecordState, line: RecordLine): RecordState {
  const acts = line.type !== 'record.genesis' && line.type !== 'person.present'
  if (acts && !state.present.has(actorText(line.actor))) {
    refuse('RECORD', `${actorText(line.actor)} acts and is not present`)
  }
  switch (line.type) {
    case 'record.genesis':
      return opened(state, line)
    case 'person.present':
      return came(state, line)
    case 'person.left':
      return left(state, line)
    case 'token.enrolled':
      return { ...state, seats: enrolled(state, line) }
    case 'words.read':
      if (line.body.confirmed.includes(line.body.by)) {
        refuse('RECORD', 'words.read: who compares with oneself compares nothing')
      }
      return seenBy(state, [line.body.by, ...line.body.confirmed])
    case 'step.done':
      return seenBy(state, line.body.confirmed)
    case 'exception':
      if (line.body.number !== state.exceptions + 1) {
        refuse('RECORD', `expected exception ${state.exceptions + 1}, got ${line.body.number}`)
      }
      return { ...seenBy(state, [line.body.by]), exceptions: line.body.number }
    case 'record.closed':
      if (line.body.exceptions !== state.exceptions) {
        refuse('RECORD', `expected ${state.exceptions} exceptions, got ${line.body.exceptions}`)
      }
      return { ...state, closed: line.body }
    default:
      return state
  }
}

function opened(state: RecordState, { body }: RecordLineOf<'record.genesis'>): RecordState {
  for (const field of ['plan', 'kind', 'env', 'bundle'] as const) {
    const expected = state.seats[field]
    if (body[field] !== expected) {
      refuse('RECORD', `${field}: expected ${expected || 'none'}, got ${body[field] || 'none'}`)
    }
  }
  const isBare = body.bundle === '' && body.checkpoint.size === 0 && body.checkpoint.root === ''
  const isWhole = body.bundle !== '' && body.checkpoint.size > 0 && body.checkpoint.root !== ''
  if (body.kind === 'enrolment' ? !isBare : !isWhole) {
    refuse('RECORD', 'expected a bundle and a head of the log, and neither at an enrolment')
  }
  return { ...state, opening: body }
}

function came(state: RecordState, { body }: RecordLineOf<'person.present'>): RecordState {
  const { role, person } = body
  if (!isSeated(state.seats.persons, { role, person })) {
    refuse('RECORD', `${role}/${person} has no part in this ceremony`)
  }
  const named = actorText({ role, person })
  if (state.present.has(named)) refuse('RECORD', `${named} is present already`)
  const met = new Set([...state.met, named])
  return { ...state, present: new Set([...state.present, named]), met }
}

function left(state: RecordState, { body }: RecordLineOf<'person.left'>): RecordState {
  const named = actorText(body)
  if (!state.present.has(named)) refuse('RECORD', `${named} is not present`)
  const present = new Set([...state.present].filter((one) => one !== named))
  return { ...state, present }
}

/** Whoever is named as having read, heard or decided is in the room. */
function seenBy(state: RecordState, persons: readonly PersonId[]): RecordState {
  const here = new Set([...state.present].map((named) => named.slice(named.indexOf('/') + 1)))
  const absent = persons.find((person) => !here.has(person))
  if (absent !== undefined) refuse('RECORD', `${absent} is named and is not present`)
  return state
}

/** Daily first, then spare; both anew where an exception since says why: E-y. */
function enrolled(
  { seats, exceptions }: RecordState,
  { body }: RecordLineOf<'token.enrolled'>,
): Seats {
  const { node, identity, place } = body
  if (seats.kind !== 'enrolment') refuse('RECORD', 'a token is enrolled at an enrolment only')
  const station = seats.stations.find((one) => one.node === node)
  if (station === undefined) return refuse('RECORD', `${node} has no part in this ceremony`)
  const { keys, gone = [], told = exceptions } = station
  const isAnew = place === 'daily' && keys.length > 0 && exceptions > told
  if (!isAnew && keys.length !== (place === 'daily' ? 0 : 1)) {
    refuse('RECORD', `${node}: expected a daily token first and one spare after it`)
  }
  const own = isAnew
    ? { keys: [identity], gone: [...gone, ...keys] }
    : { keys: [...keys, identity], gone }
  const stations = seats.stations.map((one) =>
    one.node === node ? { ...one, ...own, told: exceptions } : one,
  )
  const next = { ...seats, stations }
  requireSeats(next)
  return next
}

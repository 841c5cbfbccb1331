// Statement: what a person who was present says of a ceremony at its end, over the closed Record
// and over the Words of what is carried out. A custodian signs with the own token, the recorder by
// the token of the record station; everybody else with the own roster credential (Ed25519), which
// is not in the room's hands, so that nobody there can speak for a witness or an auditor.
// INVARIANT: a Statement names plan, record and bundle; it can be said of no other ceremony.
// Who owes one, and what a `do-not-agree` means, is `judge-statements.ts`.
import { ed25519Verify, p256Verify, tagged, toHex, toUtf8 } from '../../proto/crypto.ts'
import { encode, type JsonObject, parse, text as write } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { attempt, isRefusal, refuse } from '../../proto/refusal.ts'
import {
  digest,
  hex,
  integer,
  list,
  literal,
  object,
  type Reader,
  type Shaped,
  text,
  time,
  writeTime,
} from '../../proto/shape.ts'
import { tags } from '../../proto/tags.ts'
import { ownership } from '../document.ts'
import { credentialAt, type Roster } from '../roster.ts'
import { type Actor, actorText, hasLowS, keyName, readActor } from './record.ts'
import { sentence } from './record-bodies.ts'
import type { Seats } from './record-seats.ts'

const sentenceOrNone: Reader<string> = (value, path) => (value === '' ? '' : sentence(value, path))

const shape = object({
  actor: readActor,
  /** Why not; empty for whoever agrees and has nothing to add. */
  because: sentenceOrNone,
  /** Digest of the manifest that is carried out: the Words that this person saw. */
  bundle: digest,
  ...ownership,
  /** How many exceptions the Record names, all of them known to this person. */
  exceptions: integer(0, limits.recordLinesMax),
  format: literal('custody-statement/v1'),
  /** Present from, until; by the room clock. */
  from: time,
  plan: digest,
  record: object({ root: digest, size: integer(1, limits.recordLinesMax) }),
  until: time,
  verdict: literal('agree', 'do-not-agree'),
})

export type Statement = Omit<Shaped<typeof shape>, 'format'>

export interface SignedStatement {
  readonly by: 'token' | 'credential'
  /** Of the identity key, as lines name it; or the id of the credential. */
  readonly name: string
  /** Exact canonical text. */
  readonly document: string
  readonly signature: Uint8Array
}

export function statementText({ actor, from, until, ...rest }: Statement): string {
  const document = write({
    ...rest,
    actor: actorText(actor),
    format: 'custody-statement/v1',
    from: writeTime(from),
    until: writeTime(until),
  })
  parseStatement(document)
  return document
}

/** What a token or a credential signs. */
export function statementMessage(document: string): Uint8Array {
  return tagged(tags.statement, toUtf8(document))
}

export function parseStatement(document: string): Statement {
  const { format: _, ...statement } = shape(parse(toUtf8(document)), 'statement')
  if (statement.until < statement.from) refuse('MALFORMED', 'statement: expected from before until')
  if (statement.verdict === 'do-not-agree' && statement.because === '') {
    refuse('MALFORMED', 'statement: expected a sentence that says why not')
  }
  return statement
}

export interface Speakers {
  /** As the Record left them. */
  readonly seats: Seats
  /** The directory in force; undefined where nobody gave one. */
  readonly roster: Roster | undefined
}

/** Verifies under a key of its author, then reads. */
export function openStatement(signed: SignedStatement, speakers: Speakers): Statement {
  const statement = parseStatement(signed.document)
  const named = actorText(statement.actor)
  const message = statementMessage(signed.document)
  const isSigned =
    signed.by === 'token'
      ? byToken(signed, message, ownKeys(statement.actor, speakers.seats))
      : byCredential(signed, message, statement, speakers)
  if (!isSigned) refuse('RECORD', `the statement of ${named} is not signed by a key of theirs`)
  return statement
}

/** As they are carried out: `statements.json`. */
export function parseStatements(bytes: Uint8Array): readonly SignedStatement[] {
  const read = attempt(() => statementsShape(parse(bytes, limits.statementsBytesMax), 'statements'))
  return isRefusal(read) ? refuse('RECORD', read.because) : read.statements
}

export function encodeStatements(statements: readonly SignedStatement[]): Uint8Array {
  const written: readonly JsonObject[] = statements.map(({ signature, ...rest }) => ({
    ...rest,
    signature: toHex(signature),
  }))
  const bytes = encode({ format: 'custody-statements/v1', statements: written })
  parseStatements(bytes)
  return bytes
}

const statementsShape = object({
  format: literal('custody-statements/v1'),
  statements: list(
    object({
      by: literal('token', 'credential'),
      name: text(128),
      document: text(4_096),
      signature: hex(64),
    }),
    0,
    limits.statementsMax,
  ),
})

/** The record station's token is the recorder's own here: it answers for nobody else. */
function ownKeys(actor: Actor, seats: Seats): readonly Uint8Array[] {
  if (actor.role === 'recorder') return seats.recorderKeys
  // Who these tokens belong to is what an enrolment says: no token says it of itself.
  if (seats.kind === 'enrolment') return []
  const station = seats.stations.find(({ custodian }) => custodian === actor.person)
  return actor.role === 'custodian' ? (station?.keys ?? []) : []
}

function byToken(
  { name, signature }: SignedStatement,
  message: Uint8Array,
  keys: readonly Uint8Array[],
): boolean {
  const key = keys.find((one) => keyName(one) === name)
  return key !== undefined && hasLowS(signature) && p256Verify(key, message, signature)
}

/** A custodian who has a token speaks by it; one who gets it here by what the directory knows. */
function byCredential(
  { name, signature }: SignedStatement,
  message: Uint8Array,
  { actor, until }: Statement,
  { seats, roster }: Speakers,
): boolean {
  if (roster === undefined) return false
  if (actor.role === 'custodian' && ownKeys(actor, seats).length > 0) return false
  const credential = [...roster.credentials.values()].find(({ id }) => id === name)
  if (credential === undefined || credential.person !== actor.person) return false
  const isValid = credentialAt(roster, credential.id, until) !== undefined
  return isValid && ed25519Verify(credential.publicKey, message, signature)
}

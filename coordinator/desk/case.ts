// A case: one request with everything that judging it needs, gathered from the log's rows and the
// documents beside it: the signed intent, whom the money would go to, who said yes or no so far.
// The same gathering serves a page of the sequencer and what is committed.
// Decides nothing; what cannot be resolved stays in the case as a refusal.
import { below, get, tables } from '../../policy/audit/tables.ts'
import { destinationJson } from '../../policy/destination.ts'
import type { DestinationFacts } from '../../policy/facts.ts'
import type { Intent } from '../../policy/intent.ts'
import { type Evidence, type Recipient, recipientOf } from '../../policy/recipient.ts'
import { parseIntent } from '../../policy/request.ts'
import type { DecisionRow, IntentRow } from '../../policy/view.ts'
import { digestOf, toUtf8 } from '../../proto/crypto.ts'
import { type Digest, parseHandle } from '../../proto/ids.ts'
import { parse, text } from '../../proto/jcs.ts'
import { attempt, isRefusal, type Refusal, refuse } from '../../proto/refusal.ts'
import { type Signed, signedShape } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'
import type { Copy } from '../page.ts'
import { type Blob, readBlob, readBlobs } from '../store/blobs.ts'
import { type Witnessed, witnessedAt } from '../witnessed.ts'
import type { Rules, RulesMemory } from './rules.ts'

export interface Decided extends DecisionRow {
  readonly signed: Signed
}

export interface Case extends Rules {
  readonly row: IntentRow
  readonly intent: Intent
  readonly signed: Signed
  readonly evidence: Evidence
  readonly recipient: Recipient | Refusal
  readonly decisions: readonly Decided[]
  /** Of the lines whose witnessed time may matter. */
  readonly witnessed: ReadonlyMap<number, Witnessed>
}

/** Refused when there is no such request. */
export async function gather(copy: Copy, memory: RulesMemory, id: Digest): Promise<Case> {
  return resolve(copy, await memory.at(copy), await partsOf(copy, id))
}

/** The row, the signed document and the decisions, of a payment or a change. */
export async function partsOf(
  copy: Copy,
  id: Digest,
): Promise<Pick<Case, 'row' | 'signed' | 'decisions'>> {
  const row = await copy.read(get(tables.intent, id))
  if (row === undefined) return refuse('REQUEST_NOT_FOUND', `no request ${id}`)
  const signed = readSigned(await readBlob(copy.session, id), 'intent')
  return { row, signed, decisions: await decisionsOf(copy, id) }
}

/** For a request that is no line yet: `row` is what the line would make, with its own records. */
export async function resolve(
  copy: Copy,
  rules: Rules,
  about: Pick<Case, 'row' | 'signed' | 'decisions'>,
  records: readonly Signed[] = [],
): Promise<Case> {
  const { row, signed, decisions } = about
  const { intent } = parseIntent(toUtf8(signed.document))
  const { inForce, reigns } = rules
  const evidence = await evidenceOf(copy, rules, intent, records)
  const witnessed = new Map<number, Witnessed>()
  for (const seq of seqsOfInterest(rules, evidence, decisions)) {
    const found = await witnessedAt(copy.session, reigns, seq)
    if (found !== undefined) witnessed.set(seq, found)
  }
  const known = {
    inForce,
    vaults: await copy.read(below(tables.vault)),
    shown: (await copy.read(below(tables.shown))).map(({ vault }) => vault),
    createdAt: row.t,
    witnessedAt: (seq: number) => witnessed.get(seq)?.at,
  }
  const recipient = attempt(() => recipientOf(intent, evidence, known))
  return { ...rules, row, intent, signed, evidence, recipient, decisions, witnessed }
}

/** A class that no rule knows, for an address that nothing vouches for. */
const nobody: DestinationFacts = {
  kind: 'record',
  class: parseHandle('unknown'),
  status: 'removed',
  activeFrom: 0,
  activatedAt: undefined,
}

export function destinationFacts({ recipient }: Case): DestinationFacts {
  return isRefusal(recipient) ? nobody : recipient.facts
}

/** The document inside a blob of a signed kind. */
export function readSigned(blob: Blob | undefined, kind: string): Signed {
  if (blob?.kind !== kind) return refuse('LINE_MISSING', `no ${kind} is kept under this digest`)
  return signedShape(parse(blob.content), kind)
}

async function decisionsOf(copy: Copy, id: Digest): Promise<readonly Decided[]> {
  const rows = await copy.read(below(tables.decision, id))
  const blobs = await readBlobs(
    copy.session,
    rows.map((row) => row.approval),
  )
  return rows.map((row) => {
    const kind = row.decision === 'approve' ? 'approval' : 'rejection'
    return { ...row, signed: readSigned(blobs.get(row.approval), kind) }
  })
}

/** A record of a book in force needs no other proof; else the one that came with the intent. */
async function evidenceOf(
  copy: Copy,
  { inForce }: Rules,
  intent: Intent,
  records: readonly Signed[],
): Promise<Evidence> {
  if (intent.dest === '') return { kind: 'vault' }
  for (const { book } of inForce.books) {
    const record = book.records.get(intent.dest)
    if (record !== undefined) return { kind: 'book', record: text(destinationJson(record)) }
  }
  const brought = records.find(
    ({ document }) => digestOf(tags.dest, toUtf8(document)) === intent.dest,
  )
  if (brought !== undefined) return { kind: 'attested', record: brought }
  const blob = await readBlob(copy.session, intent.dest)
  if (blob === undefined) return { kind: 'book', record: '' }
  return { kind: 'attested', record: readSigned(blob, 'dest') }
}

/** Lines from whose witnessed time a hold or a cool-down counts. */
function seqsOfInterest(
  { inForce }: Rules,
  evidence: Evidence,
  decisions: readonly Decided[],
): readonly number[] {
  const { rulebook, books } = inForce
  const holds = rulebook.rules.some((rule) => rule.holdMs > 0)
  const cools = [...rulebook.destinations.values()].some(
    (item) => item.kind === 'book' && item.cooldownMs > 0,
  )
  return [
    ...(holds ? decisions.map((decision) => decision.seq) : []),
    ...(cools && evidence.kind === 'book' ? books.map((book) => book.seq) : []),
  ]
}

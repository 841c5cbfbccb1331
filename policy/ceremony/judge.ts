// The judge of a ceremony: one function over what was carried out, the log and the directory. Used
// by whoever imports, by the coordinator again, and by an auditor years later; each gets the same
// answer from the same files. Checks I1 to I8; I9 and I10 are the importer's.
// INVARIANT: OK is said only when all eight were looked at and nothing was found. What is absent,
// open or unpinned is UNCONFIRMED; nothing is believed because a Record says it of itself.
import { plainDigest } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'
import { attempt, isRefusal } from '../../proto/refusal.ts'
import { involvedIn, requireSitters } from '../audit/plan-people.ts'
import { readSync } from '../audit/rows.ts'
import type { Roster } from '../roster.ts'
import { type Bundle, type BundleFiles, readBundle } from './bundle.ts'
import { type BundleOut, readBundleOut } from './bundle-out.ts'
import { judgeCards } from './judge-cards.ts'
import { takeLines } from './judge-lines.ts'
import { judgeLog } from './judge-log.ts'
import { carriedBy, judgeMade, judgeTyped } from './judge-made.ts'
import { involvementOf, judgePresence, judgeStatements } from './judge-people.ts'
import { judgeReadings } from './judge-readings.ts'
import { judgeResults } from './judge-results.ts'
import { judgeScript } from './judge-script.ts'
import {
  type CeremonyFinding,
  type Check,
  checkNames,
  foundBy,
  type Judgement,
  judgement,
  said,
  type ToldException,
} from './judgement.ts'
import { type HistoryAt, historyAt, type LogView, treeAt } from './log-view.ts'
import type { Plan } from './plan.ts'
import { requireKnown } from './plan-fit.ts'
import { compareScripts } from './printed.ts'
import { type RecordLine, recordLeaf } from './record.ts'
import { type RecordState, recordHead } from './record-chain.ts'
import { parseResults, type ReadResults } from './results.ts'
import { type SigningToken, signingTokens } from './signing-tokens.ts'

export interface CarriedOut {
  /** Of the directory, by name. */
  readonly files: BundleFiles
  /** Of the cold origin; undefined at an enrolment, and where nobody has one. */
  readonly log: LogView | undefined
  /** Where no log knows the Plan: the digest whose words were read. */
  readonly plan?: Digest
  /** Where no log has a directory: that of the organisation. */
  readonly roster?: Roster
}

export interface Judged extends Judgement {
  /** What was read on the way; absent where it could not be. */
  readonly bundle?: Digest
  readonly out?: BundleOut
  readonly record?: RecordName
  readonly brought?: ReadResults
  /** As `ceremony.concluded` names them; empty where there are none. */
  readonly statements?: Digest | ''
  /** By which token each station spoke. */
  readonly tokens?: readonly SigningToken[]
}

interface RecordName {
  readonly size: number
  readonly root: Digest
}

export function judgeCeremony(given: CarriedOut): Judged {
  const read = attempt(() => {
    const bundle = readBundle(given.files, 'out')
    return { bundle, out: readBundleOut(bundle) }
  })
  if (isRefusal(read)) {
    const found = { check: 'I1', word: 'TAMPERED', because: said(read) } as const
    return judgement([found], new Set(['I1']), { notices: [], exceptions: [] })
  }
  const { bundle, out } = read
  const { lines, state, findings } = takeLines(out)
  const exceptions = lines.flatMap(toldOf)
  const statements: Digest | '' =
    bundle.statements === undefined ? '' : plainDigest(bundle.statements)
  const tokens = signingTokens(out.plan.plan, lines)
  const known = { bundle: bundle.digest, out, statements, tokens }
  const brought = attempt(() => parseResults(out.results))
  if (isRefusal(brought) || state === undefined || findings.length > 0) {
    const because = isRefusal(brought) ? [unread(said(brought))] : []
    const done = new Set<Check>(['I1', 'I2', 'I3'])
    const judged = judgement([...findings, ...because], done, { notices: [], exceptions })
    return { ...judged, ...known }
  }
  const record = recordHead(state)
  const the = { given, bundle, out, lines, state, record, brought, statements }
  const { found, done, notices } = examine(the)
  return { ...judgement(found, done, { notices, exceptions }), ...known, record, brought }
}

/** A Record that was read to its closing line. */
interface Examined {
  readonly given: CarriedOut
  readonly bundle: Bundle
  readonly out: BundleOut
  readonly lines: readonly RecordLine[]
  readonly state: RecordState
  readonly record: RecordName
  readonly brought: ReadResults
  readonly statements: Digest | ''
}

interface Examination {
  readonly found: readonly CeremonyFinding[]
  readonly done: ReadonlySet<Check>
  readonly notices: readonly string[]
}

function examine(the: Examined): Examination {
  const { given, out, lines, state, brought } = the
  const { plan } = out.plan
  const isAborted = brought.outcome === 'aborted'
  const by = ofLog(the)
  const spoken = { ...the, plan: out.plan, bundle: the.bundle.digest }
  const found = [
    ...closed(the),
    ...judgeScript({ plan, lines, carried: carriedBy(brought), isAborted }),
    ...judgeReadings({ plan: out.plan, state, lines, results: brought }),
    ...judgeStatements({
      ...spoken,
      statements: the.bundle.statements,
      roster: by.roster ?? given.roster,
    }),
    ...judgePresence({ ...spoken, statements: undefined, roster: undefined }),
    ...judgeMade({ plan, lines, results: brought }),
    ...by.found,
  ]
  return { found, done: by.done, notices: [...by.notices, ...scriptNotices(out)] }
}

/** The paper has the signatures: what is carried out helps to read it, and proves nothing. */
function scriptNotices({ plan, scripts }: BundleOut): readonly string[] {
  const { other } = compareScripts(plan, scripts)
  return other.map((name) => `${name} is not what this program prints of the plan`)
}

interface OfLog extends Examination {
  readonly roster: Roster | undefined
}

/** Everything that needs the log: I5, and what the results are worth. */
function ofLog(the: Examined): OfLog {
  const { given, out, lines, state, brought, record, statements } = the
  const { log } = given
  if (log === undefined) return withoutLog(the)
  const { size, root } = state.opening?.checkpoint ?? { size: 0, root: '' }
  const isOn = size > 0 && size <= log.entries.length && treeAt(log, size) === root
  const history = attempt(() => (isOn ? historyAt(log, size) : undefined))
  if (history === undefined || isRefusal(history)) {
    const because = isRefusal(history)
      ? said(history)
      : `the record begins at ${size} lines of another log`
    const found = { check: 'I5', word: 'VIOLATION', because } as const
    return { found: [found], done: without('I8'), notices: [], roster: undefined }
  }
  const on = { plan: out.plan, state, record, results: brought.digest, statements }
  const t = state.t
  const found = [
    ...judgeLog(log, history, on),
    ...judgeTyped(history, { lines }),
    ...guarded(() => judgeResults(log, { plan: out.plan, results: brought, size, t })),
  ]
  const { people, roster, notices } = peopleOf(out.plan.plan, history)
  return { found: [...found, ...people], done: new Set(checkNames), notices, roster }
}

/** I7: whether those of the Plan might sit, by what was in force and said when the room began. */
function peopleOf(plan: Plan, { rows, desk }: HistoryAt) {
  const law = attempt(() => ({
    roster: readSync(desk.roster(), rows),
    rulebook: readSync(desk.rulebook(), rows),
  }))
  if (isRefusal(law)) {
    const people = [{ check: 'I7', word: 'VIOLATION', because: said(law) }] as const
    return { people, roster: undefined, notices: [] }
  }
  const people = foundBy('I7', 'VIOLATION', () => readSync(requireSitters(plan, law), rows))
  const involved = readSync(involvedIn(plan, law.roster), rows)
  return { people, roster: law.roster, notices: involvementOf(plan.people, involved) }
}

/** An enrolment has none: there the Plan is pinned by its words. */
function withoutLog({ given, out, brought, state, lines }: Examined): OfLog {
  const { plan, digest } = out.plan
  const isEnrolment = plan.kind === 'enrolment'
  const done = isEnrolment ? new Set(checkNames) : without('I8')
  const found: CeremonyFinding[] = []
  if (!isEnrolment || given.plan === undefined) {
    const because = 'neither a log nor the words of the plan say that people approved it'
    found.push({ check: 'I5', word: 'UNCONFIRMED', because })
  }
  if (given.plan !== undefined && given.plan !== digest) {
    const because = `expected the plan ${given.plan}, got ${digest}`
    found.push({ check: 'I5', word: 'VIOLATION', because })
  }
  if (isEnrolment && brought.lines.length + brought.addresses.length > 0) {
    const because = 'an enrolment brings no line of a log, and no address'
    found.push({ check: 'I8', word: 'VIOLATION', because })
  }
  const { roster: people } = given
  if (people !== undefined) {
    found.push(...foundBy('I7', 'VIOLATION', () => requireKnown(plan, people)))
  }
  if (isEnrolment) found.push(...judgeCards({ plan, seats: state.seats, lines, results: brought }))
  return { found, done, notices: [], roster: undefined }
}

function closed({ brought, out, state }: Examined): readonly CeremonyFinding[] {
  const found: CeremonyFinding[] = []
  if (brought.plan !== out.plan.digest) found.push(unread('the results are of another plan'))
  if (state.closed?.results !== brought.digest) {
    found.push(unread('the record was closed over other results'))
  }
  return found
}

/** What cannot be folded for want of a document is not judged. */
function guarded(work: () => readonly CeremonyFinding[]): readonly CeremonyFinding[] {
  const done = attempt(work)
  if (!isRefusal(done)) return done
  const word = done.code === 'LINE_MISSING' ? 'UNCONFIRMED' : 'VIOLATION'
  return [{ check: 'I8', word, because: said(done) }]
}

function toldOf(line: RecordLine): readonly ToldException[] {
  if (line.type !== 'exception') return []
  const { number, expected, happened, decided, by } = line.body
  return [{ number, line: recordLeaf(line), step: line.step, expected, happened, decided, by }]
}

function without(check: Check): ReadonlySet<Check> {
  return new Set(checkNames.filter((one) => one !== check))
}

function unread(because: string): CeremonyFinding {
  return { check: 'I8', word: 'TAMPERED', because }
}

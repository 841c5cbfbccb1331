// I6 and I7: whether everybody who was present has made a Statement over this very Record and these
// very files, and agrees; and whether those who came are the people that a ceremony needs, in one
// role each, at stations that were ready.
// A `do-not-agree` is a true Statement of a true Record: it stops the import until governance has
// decided, and nothing else.
import type { Digest, PersonId } from '../../proto/ids.ts'
import { attempt, isRefusal } from '../../proto/refusal.ts'
import { writeTime } from '../../proto/shape.ts'
import type { Involved } from '../audit/plan-people.ts'
import type { Roster } from '../roster.ts'
import type { CeremonyFinding } from './judgement.ts'
import { foundBy, said } from './judgement.ts'
import { type Attendee, requirePeople, requireWatched } from './people.ts'
import type { Plan, ReadPlan } from './plan.ts'
import { actorText, type RecordLine } from './record.ts'
import type { RecordType } from './record-bodies.ts'
import type { RecordState } from './record-chain.ts'
import { openStatement, parseStatements, type Statement } from './statement.ts'

export interface Spoken {
  readonly plan: ReadPlan
  readonly state: RecordState
  readonly lines: readonly RecordLine[]
  readonly record: { readonly size: number; readonly root: Digest }
  /** Digest of the manifest that was carried out. */
  readonly bundle: Digest
  /** The file beside the manifest. */
  readonly statements: Uint8Array | undefined
  readonly roster: Roster | undefined
}

/** I6. */
export function judgeStatements(the: Spoken): readonly CeremonyFinding[] {
  const read = attempt(() => (the.statements === undefined ? [] : parseStatements(the.statements)))
  if (isRefusal(read)) return [{ check: 'I6', word: 'TAMPERED', because: said(read) }]
  const findings: CeremonyFinding[] = []
  const spoken = new Set<string>()
  for (const signed of read) {
    const statement = attempt(() =>
      openStatement(signed, { seats: the.state.seats, roster: the.roster }),
    )
    if (isRefusal(statement)) {
      const word =
        the.roster === undefined && signed.by === 'credential' ? 'UNCONFIRMED' : 'TAMPERED'
      findings.push({ check: 'I6', word, because: said(statement) })
      continue
    }
    const named = actorText(statement.actor)
    if (spoken.has(named)) findings.push(bad(`${named} has two statements`))
    spoken.add(named)
    findings.push(...judgeOne(statement, named, the))
  }
  const silent = [...the.state.met].filter((named) => !spoken.has(named))
  return [
    ...findings,
    ...silent.map((named): CeremonyFinding => {
      return {
        check: 'I6',
        word: 'UNCONFIRMED',
        because: `no statement of ${named}, who was present (X-19)`,
      }
    }),
  ]
}

/** I7. */
export function judgePresence({
  plan: { plan },
  state,
  lines,
}: Spoken): readonly CeremonyFinding[] {
  const present = plan.people.filter((one) => state.met.has(actorText(one)))
  const ready = readyCustodians(lines)
  return [
    ...foundBy('I7', 'VIOLATION', () =>
      requirePeople({
        people: [...present, ...plan.people.filter(({ role }) => role === 'courier')],
        // One whose station stayed dark was there as well.
        custodians: custodiansOf(present),
        isMaking: plan.kind === 'genesis',
      }),
    ),
    ...readyFindings(plan, ready),
    ...unwatched(plan, lines),
  ]
}

/** Who left was not there when keys acted, until they came back. */
function unwatched(plan: Plan, lines: readonly RecordLine[]): readonly CeremonyFinding[] {
  const present = new Set<string>()
  return lines.flatMap((line) => {
    if (line.type === 'person.present') present.add(actorText(line.body))
    if (line.type === 'person.left') present.delete(actorText(line.body))
    if (!acting.includes(line.type)) return []
    const here = plan.people.filter((one) => present.has(actorText(one)))
    return foundBy('I7', 'VIOLATION', () => requireWatched(here, plan.kind === 'genesis')).map(
      (found) => ({ ...found, line: line.seq }),
    )
  })
}

const acting: readonly RecordType[] = [
  ...(['session.done', 'share.sealed', 'signature.made', 'token.enrolled'] as const),
]

/** Who asked for or approved a request has a part in the room: told, and for people to weigh. */
export function involvementOf(
  people: readonly Attendee[],
  involved: readonly Involved[],
): readonly string[] {
  return people
    .filter(({ role }) => ['administrator', 'recorder', 'custodian'].includes(role))
    .flatMap(({ person, role }) =>
      involved
        .filter((one) => one.person === person)
        .map(({ did, request }) => `${role}/${person} ${did} ${request}`),
    )
}

function judgeOne(spoke: Statement, named: string, the: Spoken): readonly CeremonyFinding[] {
  const { plan, digest } = the.plan
  const compared = [
    ['organisation', spoke.org, plan.org],
    ['environment', spoke.env, plan.env],
    ['plan', spoke.plan, digest],
    ['size of the record', spoke.record.size, the.record.size],
    ['root of the record', spoke.record.root, the.record.root],
    ['bundle', spoke.bundle, the.bundle],
    ['exceptions', spoke.exceptions, the.state.exceptions],
  ] as const
  const different = compared.filter(([, own, other]) => own !== other)
  const findings = different.map(([what, own, other]) => {
    return bad(`the statement of ${named} is over another ${what}: ${own}, expected ${other}`)
  })
  if (!the.state.met.has(named))
    findings.push(bad(`${named} makes a statement and was not present`))
  const [from, until] = presence(the.lines, named)
  if (spoke.from > from || spoke.until < until) {
    const span = `${writeTime(from)} to ${writeTime(until)}`
    findings.push(bad(`${named} answers for less than the time they were there, ${span}`))
  }
  if (spoke.verdict === 'do-not-agree')
    findings.push(bad(`${named} does not agree (X-20): ${spoke.because}`))
  return findings
}

/** From when they came, to when they left or the last line was written. */
function presence(lines: readonly RecordLine[], named: string): readonly [number, number] {
  const came = lines.filter((one) => one.type === 'person.present' && actorText(one.body) === named)
  const left = lines.filter((one) => one.type === 'person.left' && actorText(one.body) === named)
  const last = left.length < came.length ? lines.at(-1) : left.at(-1)
  return [came[0]?.t ?? Number.POSITIVE_INFINITY, last?.t ?? 0]
}

/** Whose station was ready. */
function readyCustodians(lines: readonly RecordLine[]): readonly PersonId[] {
  const ready = lines.filter(({ type }) => type === 'station.ready')
  return [...new Set(ready.map(({ actor }) => actor.person))]
}

function custodiansOf(people: readonly Attendee[]): readonly PersonId[] {
  return people.filter(({ role }) => role === 'custodian').map(({ person }) => person)
}

/** Fewer than t make nothing; before one was ready, nothing was begun. */
function readyFindings(plan: Plan, ready: readonly PersonId[]): readonly CeremonyFinding[] {
  const here = plan.stations.filter(({ custodian }) => ready.includes(custodian))
  const isEnough = plan.kind === 'enrolment' || here.length >= plan.t
  return isEnough || ready.length === 0
    ? []
    : [bad7(`${here.length} stations were ready, expected at least ${plan.t}`)]
}

function bad(because: string): CeremonyFinding {
  return { check: 'I6', word: 'VIOLATION', because }
}

function bad7(because: string): CeremonyFinding {
  return { check: 'I7', word: 'VIOLATION', because }
}

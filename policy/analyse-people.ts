// The analyser on people: whether every quorum can be met whoever asks, whether it survives the
// loss of one person, whether one person alone can send value out, and whether the directory knows
// everybody. Enumeration over people, so the answers are exact.
import type { PersonId } from '../proto/ids.ts'
import { type Crowd, crowdOf } from './crowd.ts'
import { error, type Finding, warning } from './finding.ts'
import { peopleOf } from './quorum.ts'
import { interested, type Roster } from './roster.ts'
import { governed, type Rulebook } from './rulebook.ts'
import type { Rule } from './rules/rule.ts'

/** Without a roster the owners of services are unknown: only the policy's own words are judged. */
export function peopleFindings(rulebook: Rulebook, roster?: Roster): readonly Finding[] {
  const crowd = crowdOf(rulebook.roles)
  const about = { rulebook, crowd, roster }
  return [
    ...rulebook.rules.flatMap((rule) => quorum(rule, about)),
    ...rulebook.rules.flatMap((rule) => onePerson(rule, about)),
    ...governed(rulebook.governance).flatMap(({ path, require }) =>
      crowd.meets(require, nobody)
        ? []
        : [error('quorum', path, 'asks for more people than the roles have')],
    ),
    ...(roster === undefined ? [] : unknownPeople(rulebook, roster)),
  ]
}

interface About {
  readonly rulebook: Rulebook
  readonly crowd: Crowd
  readonly roster: Roster | undefined
}

function quorum({ id, box, require }: Rule, { rulebook, crowd, roster }: About): Finding[] {
  const where = `rules.${id}`
  const stuck: string[] = []
  const needed = new Set<PersonId>()
  for (const initiator of box.initiators) {
    const away = barred(rulebook, initiator, roster)
    if (!crowd.meets(require, away)) stuck.push(initiator)
    for (const person of crowd.needs(require, away)) needed.add(person)
  }
  if (stuck.length > 0) {
    return [error('quorum', where, `cannot be met when ${stuck.join(', ')} asks`)]
  }
  if (needed.size === 0) return []
  const names = [...needed].sort().join(', ')
  return [warning('fragile quorum', where, `cannot be met without each of ${names}`)]
}

/** Asking and completing by one person, for value that leaves the house or against separation. */
function onePerson({ id, box, require }: Rule, { rulebook, crowd, roster }: About): Finding[] {
  const where = `rules.${id}`
  const leaves = [...box.to].some((name) => rulebook.destinations.get(name)?.kind === 'book')
  if (require.length === 0) {
    const humans = new Set(crowd.voters.map(({ person }) => person))
    const alone = [...box.initiators].filter((one) => humans.has(one))
    if (!leaves || alone.length === 0) return []
    return [error('one person', where, `${alone.sort().join(', ')} can pay out alone`)]
  }
  const [only] = require
  if (!rulebook.initiatorMayApprove || only === undefined || peopleOf(require) > 1) return []
  const asking = new Set(
    [...box.initiators].flatMap((initiator) => [
      ...(roster === undefined ? [initiator] : interested(roster, initiator)),
    ]),
  )
  const alone = crowd.voters.filter(
    ({ person, roles }) => asking.has(person) && roles.has(only.role),
  )
  if (alone.length === 0) return []
  const names = alone.map((voter) => voter.person).join(', ')
  return [error('one person', where, `${names} can ask and complete alone`)]
}

function unknownPeople({ org, env, roles, destinations }: Rulebook, roster: Roster): Finding[] {
  const findings: Finding[] = []
  if (org !== roster.org || env !== roster.env) {
    findings.push(error('directory', 'org, env', 'expected those of the directory'))
  }
  for (const { id, kind, members } of roles.values()) {
    for (const person of members) {
      if (roster.persons.get(person)?.kind === kind) continue
      findings.push(error('directory', `roles.${id}`, `no ${kind} ${person} in the directory`))
    }
  }
  for (const item of destinations.values()) {
    const attester = item.kind === 'book' ? item.attestedBy : ''
    if (attester === '' || roster.persons.get(attester)?.kind === 'service') continue
    const where = `destinations.${item.id}.attestedBy`
    findings.push(error('directory', where, `no service ${attester} in the directory`))
  }
  return findings
}

/** Who may not approve what `initiator` asks for. */
function barred(rulebook: Rulebook, initiator: PersonId, roster?: Roster): ReadonlySet<PersonId> {
  if (rulebook.initiatorMayApprove) return nobody
  return roster === undefined ? new Set([initiator]) : interested(roster, initiator)
}

const nobody: ReadonlySet<PersonId> = new Set()

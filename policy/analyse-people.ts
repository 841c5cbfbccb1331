// The analyser on people: whether every quorum can be met whoever asks, whether it survives the
// loss of one person, whether one person alone can send value out, and whether the directory knows
// everybody. Enumeration over people, so the answers are exact.
import type { PersonId } from '../proto/ids.ts'
import { error, type Finding, warning } from './finding.ts'
import { type Requirement, seat, type Voter } from './quorum.ts'
import type { Roles } from './roles.ts'
import { interested, type Roster } from './roster.ts'
import { governed, type Rulebook } from './rulebook.ts'
import type { Rule } from './rules/rule.ts'

/** Without a roster the owners of services are unknown: only the policy's own words are judged. */
export function peopleFindings(rulebook: Rulebook, roster?: Roster): readonly Finding[] {
  return [
    ...rulebook.rules.flatMap((rule) => quorum(rule, rulebook, roster)),
    ...rulebook.rules.flatMap((rule) => onePerson(rule, rulebook, roster)),
    ...governed(rulebook.governance).flatMap(({ path, require }) =>
      met(require, votersOf(rulebook.roles))
        ? []
        : [error('quorum', path, 'asks for more people than the roles have')],
    ),
    ...(roster === undefined ? [] : unknownPeople(rulebook, roster)),
  ]
}

function quorum({ id, box, require }: Rule, rulebook: Rulebook, roster?: Roster): Finding[] {
  const where = `rules.${id}`
  const stuck: string[] = []
  const needed = new Set<PersonId>()
  for (const initiator of box.initiators) {
    const voters = others(rulebook, initiator, roster)
    if (!met(require, voters)) stuck.push(initiator)
    for (const { person } of voters) {
      const rest = voters.filter((voter) => voter.person !== person)
      if (!met(require, rest)) needed.add(person)
    }
  }
  if (stuck.length > 0) {
    return [error('quorum', where, `cannot be met when ${stuck.join(', ')} asks`)]
  }
  if (needed.size === 0) return []
  const names = [...needed].sort().join(', ')
  return [warning('fragile quorum', where, `cannot be met without each of ${names}`)]
}

/** Asking and completing by one person, for value that leaves the house or against separation. */
function onePerson({ id, box, require }: Rule, rulebook: Rulebook, roster?: Roster): Finding[] {
  const where = `rules.${id}`
  const leaves = [...box.to].some((name) => rulebook.destinations.get(name)?.kind === 'book')
  const humans = votersOf(rulebook.roles)
  const asking = [...box.initiators].flatMap((initiator) => [
    ...(roster === undefined ? [initiator] : interested(roster, initiator)),
  ])
  if (require.length === 0) {
    const alone = [...box.initiators].filter((one) => humans.some((voter) => voter.person === one))
    if (!leaves || alone.length === 0) return []
    return [error('one person', where, `${alone.sort().join(', ')} can pay out alone`)]
  }
  if (!rulebook.initiatorMayApprove) return []
  const alone = humans.filter((voter) => asking.includes(voter.person) && met(require, [voter]))
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

/** Everybody who may approve what `initiator` asks for. */
function others(rulebook: Rulebook, initiator: PersonId, roster?: Roster): readonly Voter[] {
  const voters = votersOf(rulebook.roles)
  if (rulebook.initiatorMayApprove) return voters
  const barred = roster === undefined ? new Set([initiator]) : interested(roster, initiator)
  return voters.filter((voter) => !barred.has(voter.person))
}

function votersOf(roles: Roles): readonly Voter[] {
  const humans = [...roles.values()].filter((role) => role.kind === 'human')
  const people = new Set(humans.flatMap((role) => [...role.members]))
  return [...people].sort().map((person) => ({
    person,
    roles: new Set(humans.filter((role) => role.members.has(person)).map((role) => role.id)),
  }))
}

function met(require: readonly Requirement[], voters: readonly Voter[]): boolean {
  return seat(require, voters).met
}

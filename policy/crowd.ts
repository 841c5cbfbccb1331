// Crowd: everybody who may approve, for the analyser's questions about people who are away. People
// of the same roles are alike to every quorum, so each question is asked once for all of them, and
// hundreds of people cost a few matchings.
// Who is barred from what is for whoever asks.
import type { PersonId } from '../proto/ids.ts'
import { type Requirement, seat, type Voter } from './quorum.ts'
import type { Roles } from './roles.ts'

export interface Crowd {
  readonly voters: readonly Voter[]
  /** Whether the others can meet it while these people are away. */
  readonly meets: (require: readonly Requirement[], away: ReadonlySet<PersonId>) => boolean
  /** Those of the others without whom it could not be met; nobody when it cannot be met anyway. */
  readonly needs: (
    require: readonly Requirement[],
    away: ReadonlySet<PersonId>,
  ) => readonly PersonId[]
}

export function crowdOf(roles: Roles): Crowd {
  const voters = votersOf(roles)
  const kinds = new Map(voters.map((voter) => [voter.person, kindOf(voter)]))
  const answers = new Map<string, Answer>()

  function answer(require: readonly Requirement[], away: ReadonlySet<PersonId>): Answer {
    const gone = [...away].flatMap((person) => kinds.get(person) ?? []).sort()
    const question = JSON.stringify([require, gone])
    const known = answers.get(question)
    if (known !== undefined) return known
    const present = voters.filter(({ person }) => !away.has(person))
    const found = answerOf(require, present)
    answers.set(question, found)
    return found
  }

  return {
    voters,
    meets: (require, away) => answer(require, away).met,
    needs: (require, away) => {
      const { scarce } = answer(require, away)
      if (scarce.size === 0) return []
      const missed = voters.filter((voter) => scarce.has(kindOf(voter)) && !away.has(voter.person))
      return missed.map(({ person }) => person)
    },
  }
}

interface Answer {
  readonly met: boolean
  /** Kinds of people of whom not one may be missing. */
  readonly scarce: ReadonlySet<string>
}

function answerOf(require: readonly Requirement[], present: readonly Voter[]): Answer {
  const { met, seated } = seat(require, present)
  // Who has no seat can go, and with that person everybody of the same kind.
  const sitting = new Map(
    present.filter(({ person }) => seated.has(person)).map((voter) => [kindOf(voter), voter]),
  )
  const scarce = [...sitting].filter(
    ([, one]) =>
      met &&
      !seat(
        require,
        present.filter((voter) => voter !== one),
      ).met,
  )
  return { met, scarce: new Set(scarce.map(([kind]) => kind)) }
}

function votersOf(roles: Roles): readonly Voter[] {
  const humans = [...roles.values()].filter((role) => role.kind === 'human')
  const people = new Set(humans.flatMap((role) => [...role.members]))
  return [...people].sort().map((person) => ({
    person,
    roles: new Set(humans.filter((role) => role.members.has(person)).map((role) => role.id)),
  }))
}

function kindOf({ roles }: Voter): string {
  return [...roles].sort().join(' ')
}

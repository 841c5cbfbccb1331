/**
 * The cases: every field of every message of every protocol, first, middle and last of a row, times
 * every mutation, from one corrupt sender to one honest receiver or to all, and from t - 1 corrupt
 * senders at once. Made from the fields that the rounds describe; nothing is listed by hand.
 */

import type { Party } from '../../signer-node/dkls23/party.ts'
import { type Leaf, leavesOf } from '../kit/rounds.ts'
import { type Mutation, mutationsOf } from './mutations.ts'
import type { Stage } from './stage.ts'

export type Reach = 'one' | 'all'

export interface Case {
  readonly stage: Stage
  readonly name: string
  readonly corrupt: readonly Party[]
  /** Whether one honest party is lied to, or all of them. */
  readonly reach: Reach
  readonly round: number
  readonly leaf: Leaf
  readonly index: number
  readonly mutation: Mutation
}

interface Cast {
  readonly corrupt: readonly Party[]
  readonly reach: Reach
}

export function casesOf(stage: Stage): readonly Case[] {
  return castsOf(stage).flatMap((cast) =>
    [...stage.rounds.values()].flatMap((round) => {
      const leaves = leavesOf(round.fields)
      return leaves.flatMap((leaf) =>
        placesIn(leaf).flatMap((index) =>
          mutationsOf(leaf).map((mutation): Case => {
            const place = leaf.offsets.length > 1 ? `${leaf.path}[${index}]` : leaf.path
            const who = `${cast.corrupt.join('+')} to ${cast.reach}`
            const name = `${stage.name}, ${round.name}, ${place}: ${mutation.name}, from ${who}`
            return { stage, name, ...cast, round: round.number, leaf, index, mutation }
          }),
        ),
      )
    }),
  )
}

/** One corrupt party, and as many as there may be. */
function castsOf({ parties, corruptMax }: Stage): readonly Cast[] {
  const [first, second] = parties
  if (first === undefined || second === undefined) return []
  const alone: Cast[] = [{ corrupt: [second], reach: 'one' }]
  if (parties.length === 2) return [...alone, { corrupt: [first], reach: 'one' }]
  const both: Cast[] = [...alone, { corrupt: [second], reach: 'all' }]
  return corruptMax < 2 ? both : [...both, { corrupt: [first, second], reach: 'one' }]
}

function placesIn({ offsets }: Leaf): readonly number[] {
  const last = offsets.length - 1
  return [...new Set([0, last >> 1, last])]
}

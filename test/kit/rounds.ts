/**
 * Every round of every protocol, by the file and the name under which it is exported, and by its
 * use where it has several. The tests
 * that are made from the fields of messages begin here; `test/dkls23/layout.test.ts` finds rounds
 * in the sources that are missing.
 */

import type { Curve } from '../../signer-node/dkls23/curve.ts'
import * as dealing from '../../signer-node/dkls23/dealing-rounds.ts'
import * as keygen from '../../signer-node/dkls23/keygen.ts'
import type { Field } from '../../signer-node/dkls23/layout.ts'
import * as pairSetup from '../../signer-node/dkls23/pair-setup.ts'
import type { Round } from '../../signer-node/dkls23/protocol.ts'
import { SecretScope } from '../../signer-node/dkls23/secret.ts'
import * as signMessages from '../../signer-node/dkls23/sign-messages.ts'

export type Rounds = ReadonlyMap<string, Round<unknown>>

export function allRounds(curve: Curve, threshold: number): Rounds {
  const scraps = new SecretScope()
  const dealings = [
    { name: 'dkg', form: { threshold, of: 'key' } },
    { name: 'refresh', form: { threshold, of: 'zero' } },
    { name: 'reshare', form: { threshold, of: 'share' } },
  ] as const
  return new Map<string, Round<unknown>>([
    ['pair-setup.ts choicesRound', pairSetup.choicesRound(curve)],
    ['pair-setup.ts answersRound', pairSetup.answersRound(curve)],
    ['pair-setup.ts confirmRound', pairSetup.confirmRound],
    ['keygen.ts confirmRound', keygen.confirmRound(curve)],
    ...dealings.flatMap(({ name, form }): readonly [string, Round<unknown>][] => [
      [`dealing-rounds.ts commitRound (${name})`, dealing.commitRound({ name })],
      [
        `dealing-rounds.ts revealRound (${name})`,
        dealing.revealRound(curve, { name, form }, scraps),
      ],
    ]),
    ['sign-messages.ts firstRound', signMessages.firstRound],
    ['sign-messages.ts secondRound', signMessages.secondRound(curve)],
  ])
}

/** A field that is no group, with the place of its first and of all its repetitions. */
export interface Leaf {
  /** Names from the outside in, joined by points. */
  readonly path: string
  readonly kind: Field['kind']
  readonly bytes: number
  /** Where each of them begins in the message, in order. */
  readonly offsets: readonly number[]
}

/** The leaves of a message, in order; those of a row of groups are one leaf with many offsets. */
export function leavesOf(fields: readonly Field[], at = [0], prefix = ''): readonly Leaf[] {
  const leaves: Leaf[] = []
  let begin = 0
  for (const { name, kind, bytes, count, parts } of fields) {
    const path = `${prefix}${name}`
    const offsets = at.flatMap((origin) =>
      Array.from({ length: count }, (_, i) => origin + begin + i * bytes),
    )
    if (kind === 'group') leaves.push(...leavesOf(parts, offsets, `${path}.`))
    else leaves.push({ path, kind, bytes, offsets })
    begin += bytes * count
  }
  return leaves
}

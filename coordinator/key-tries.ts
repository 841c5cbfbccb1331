// Trying again: what nodes said when a dealing of a key failed, and the epoch of the next try. A
// node never prepares one epoch twice, and says which one it is above.
// Judges nothing: a wrong epoch is refused by every node.

import { parseText } from '../proto/jcs.ts'
import { kinds, type RefusalDocument } from '../proto/node-documents.ts'
import { isReasonCode, type ReasonCode } from '../proto/reasons.ts'
import { type Refusal, refusal } from '../proto/refusal.ts'
import type { Signed } from '../proto/signed.ts'
import type { Failed } from './exchange.ts'
import { ownMoment } from './own-moment.ts'
import type { Clock, Random } from './ports.ts'

export const triesMax = 4
const restMs = 1_000

export function failureOf({ reason, refusals }: Pick<Failed, 'reason' | 'refusals'>): Refusal {
  const said = refusals.map(read).map(({ node, code, expected, got }) => {
    return `${node} ${code}: ${expected}${got === '' ? '' : `, got ${got}`}`
  })
  const code = isReasonCode(reason) ? reason : 'INTERNAL'
  return refusal(code, said.length === 0 ? 'the nodes did not finish' : said.join('; '))
}

/** Of two coordinators that hindered each other the one comes well before the other. */
export function restBetweenTries(ports: {
  readonly clock: Clock
  readonly random: Random
}): Promise<void> {
  return ports.clock.sleep(restMs + ownMoment(ports.random, restMs))
}

export function nextEpoch(epoch: number, { refusals }: Failed): number {
  return Math.max(epoch, ...refusals.map(epochNamed)) + 1
}

/** Above any that a node has accepted, as it says. */
export function nextAttempt(attempt: number, { refusals }: Pick<Failed, 'refusals'>): number {
  const named = refusals.map((signed) => numberAbove(read(signed), 'STALE_ATTEMPT'))
  return Math.max(attempt, ...named) + 1
}

/** Nobody refused, or somebody only the epoch. */
export function mayPass({ refusals }: Failed): boolean {
  return refusals.every((signed) => epochNamed(signed) > 0)
}

/** A node that prepared an epoch before says which; 0 where it said something else. */
function epochNamed(signed: Signed): number {
  return numberAbove(read(signed), 'EPOCH')
}

function numberAbove({ code, expected }: RefusalDocument, asked: ReasonCode): number {
  return code === asked ? Number(/above (\d{1,10})/.exec(expected)?.[1] ?? 0) : 0
}

function read({ document }: Signed): RefusalDocument {
  return kinds.refusal.shape(parseText(document), 'refusal')
}

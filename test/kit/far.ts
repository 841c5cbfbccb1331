/**
 * Runs the steppers of several parties against one another, wherever they compute: round by round,
 * until every one has its result or has aborted. The asynchronous twin of `protocol.ts`.
 */

import type { Party } from '../../signer-node/dkls23/party.ts'
import type { Incoming } from '../../signer-node/dkls23/protocol.ts'
import type { Stepper, Turn, Whole } from '../../signer-node/stepper.ts'
import type { Outcome, Tamper } from './protocol.ts'

export function turn<R>(stepper: Stepper<R>, inbox: readonly Incoming[] = []): Promise<Turn<R>> {
  return new Promise((answer) => stepper.next(inbox, answer))
}

/** Through all its pauses. */
async function moved<R>(stepper: Stepper<R>, inbox?: readonly Incoming[]): Promise<Whole<R>> {
  const now = await turn(stepper, inbox)
  return now.kind === 'paused' ? await moved(stepper) : now
}

export async function driveSteppers<R>(
  steppers: ReadonlyMap<Party, Stepper<R>>,
  tamper: Tamper = (_round, _from, _to, bytes) => bytes,
): Promise<ReadonlyMap<Party, Outcome<R>>> {
  const outcomes = new Map<Party, Outcome<R>>()
  let inboxes = new Map<Party, Incoming[]>()
  while (outcomes.size < steppers.size) {
    const next = new Map<Party, Incoming[]>()
    const running = [...steppers].filter(([x]) => !outcomes.has(x))
    const turns = await Promise.all(
      running.map(async ([x, stepper]) => ({ x, now: await moved(stepper, inboxes.get(x)) })),
    )
    for (const { x: from, now } of turns) {
      if (now.kind === 'done') outcomes.set(from, { kind: 'done', value: now.result })
      if (now.kind === 'aborted') outcomes.set(from, now)
      for (const { round, to, bytes } of now.kind === 'sent' ? now.outgoing : []) {
        const arrived = [tamper(round, from, to, Uint8Array.from(bytes))].flat() as Uint8Array[]
        const messages = arrived.map((copy) => ({ round, from, bytes: Uint8Array.from(copy) }))
        next.set(to, [...(next.get(to) ?? []), ...messages])
      }
    }
    inboxes = next
  }
  return outcomes
}

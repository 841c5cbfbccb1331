// Sittings about the key of a cold vault on the stage of `room-played.ts`: asked for, approved,
// planned, played to the end, found good by the judge, and imported.
import { expect } from 'vitest'

import type { Change } from '../../policy/change.ts'
import type { Digest } from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import type { Asked } from '../../signer-node/ceremony/station-acts.ts'
import { askedOf, board } from '../coordinator/cold-house.ts'
import { imported, judged, planned, play, theHouse } from './room-played.ts'

type Kind = Parameters<typeof planned>[0]
type KeyOp = 'key.create' | 'key.refresh' | 'key.reshare' | 'key.prove'

async function asked(change: Change): Promise<Digest> {
  const house = theHouse()
  const request = await house.ask(change)
  await house.approve(request, ...board)
  await house.until('allowed', async () => (await house.state(request)) === 'WAITING')
  return request
}

/** At D-13 there are old Seals to destroy; `drawn` comes out of the bowl, where the plan has one. */
export const withSeals =
  (node: string, drawn = '') =>
  (what: Asked, question: string) => {
    if (node !== 'room') return undefined
    if (what === 'drawn') return drawn
    return what === 'go' && question.startsWith('D-13') ? 'yes' : undefined
  }

/** Approved, and prepared. */
export async function plannedKey(
  kind: Kind,
  change: Change & { readonly op: KeyOp },
  more: Parameters<typeof planned>[2] = {},
  seats?: Parameters<typeof planned>[3],
) {
  const { vault } = askedOf(theHouse().clock, 'cold')
  const request = await asked(change)
  return await planned(kind, [{ request, op: change.op, vault, callBack: false }], more, seats)
}

/** Played to its end, found good, imported; `drawn` out of the bowl, where the plan has one. */
export async function sitting(
  kind: Kind,
  change: Change & { readonly op: KeyOp },
  more: Parameters<typeof planned>[2] = {},
  seats?: Parameters<typeof planned>[3],
  drawn = '',
) {
  const plan = await plannedKey(kind, change, more, seats)
  const [of] = plan.plan.requests
  if (of === undefined) throw new Error('a plan has a request')
  const { request } = of
  const played = await play(plan, (node) => withSeals(node, drawn))
  const screens = [...played.said, ...[...played.seats.values()].flatMap((one) => one.said)]
  expect(played.done.outcome, screens.slice(-60).join('\n')).toBe('done')
  const { findings, exceptions } = await judged(plan, played.done.files)
  expect(findings, screens.slice(-60).join('\n')).toEqual([])
  expect(exceptions).toEqual([])
  await imported(plan, played.done.files)
  return { ...played, request, plan }
}

export async function lastOf(type: string): Promise<JsonObject> {
  const line = (await theHouse().lines()).findLast((one) => one.type === type)
  if (line === undefined) throw new Error(`no ${type}`)
  return line.body as unknown as JsonObject
}

export const about = () => askedOf(theHouse().clock, 'cold')

export async function inForce(type: string) {
  const { epoch, keyState } = await lastOf(type)
  return { epoch, keyState } as { readonly epoch: number; readonly keyState: Digest }
}

export function proof(now: Awaited<ReturnType<typeof inForce>>) {
  const terms = { ...now, path: 'm', audience: 'the board', challenge: new Uint8Array(32).fill(7) }
  return { ...about(), op: 'key.prove', terms } as const
}

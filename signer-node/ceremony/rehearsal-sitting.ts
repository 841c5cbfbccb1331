// One sitting of a rehearsal, from its request to what a stranger verified: the outside before it,
// the room by whole programs, the outside after it, each timed.
// INVARIANT: judges nothing; what it says of a sitting, programs answered.
import { mkdirSync } from 'node:fs'
import type { Scenario } from '../../policy/ceremony/plan.ts'
import type { Digest } from '../../proto/ids.ts'
import type { RehearsalPorts } from './rehearsal-enrolment.ts'
import { freePort } from './rehearsal-online.ts'
import type { Outside, SittingTerms } from './rehearsal-outside.ts'
import type { RehearsalKind } from './rehearsal-people.ts'
import {
  type LaidTable,
  layCards,
  layTable,
  playRoom,
  type RoomPorts,
  type TableWay,
} from './rehearsal-room.ts'

export interface SittingWish {
  readonly kind: RehearsalKind
  /** Card of the Record station: a directory of this sitting alone. */
  readonly card: string
  readonly way: TableWay
  /** Of a drill. */
  readonly scenarios: readonly Scenario[]
  /** What somebody asked for already. */
  readonly payment?: Digest
  readonly main?: SittingTerms['main']
}

export interface PlayedSitting {
  readonly kind: RehearsalKind
  /** From the request to the verdict, and of that from the Bundle in to the Bundle out. */
  readonly seconds: number
  readonly roomS: number
  readonly verdict: string
  readonly txid: string
  readonly lines: readonly string[]
  /** Directories of both Bundles. */
  readonly in: string
  readonly out: string
}

export async function playSitting(
  outside: Outside,
  { kind, card, way, scenarios, payment, main }: SittingWish,
  ports: RoomPorts,
): Promise<PlayedSitting> {
  const begun = performance.now()
  mkdirSync(card, { recursive: true, mode: 0o700 })
  const laying = way === 'cards' ? Promise.resolve(layCards(card)) : laidTable(card, outside, ports)
  const table = laying.then((laid) => laid.table)
  // Awaited where the plan names it; before that something else may fail first.
  table.catch(() => {})
  const prepared = await outside.before(kind, table, { scenarios, payment, main })
  const laid = await laying
  const inRoom = performance.now()
  const room = await playRoom(outside, prepared, laid, ports)
  const roomS = secondsSince(inRoom)
  ports.say(`${kind}: the room took ${roomS} s: ${JSON.stringify(room)}`)
  const { verdict, txid, lines } = await outside.after(prepared)
  const { bundleIn, bundleOut } = prepared
  const seconds = secondsSince(begun)
  return { kind, seconds, roomS, verdict, txid, lines, in: bundleIn, out: bundleOut }
}

export function secondsSince(begunMs: number): number {
  return Math.round(performance.now() - begunMs) / 1_000
}

async function laidTable(
  card: string,
  { stations, enrolled }: Outside,
  ports: RehearsalPorts,
): Promise<LaidTable> {
  const port = await freePort(ports.random)
  return await layTable(card, stations, { token: enrolled.record.card, port }, ports)
}

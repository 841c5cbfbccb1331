// When the payments of a log of cold vaults left the house. In limits a spend closes at its
// signature; one that was held back goes days after that, and is to count from then on. So for
// whoever is judged again: when each of the others went out by the log, and, of those that were
// reserved before it and wait as it does, that they go now if nothing holds them back.
import { parseEntry } from '../../policy/audit/entry.ts'
import { get, tables } from '../../policy/audit/tables.ts'
import type { ReservationRow } from '../../policy/view.ts'
import type { Digest } from '../../proto/ids.ts'
import type { Copy } from '../page.ts'
import { readSentLines } from '../store/lines.ts'
import { requestsIn } from '../store/requests.ts'

export interface Leaving {
  readonly origin: string
  readonly own: ReservationRow
  readonly now: number
  /** Whether one that was reserved before it may go at this moment. */
  readonly mayGo: (intent: Digest) => Promise<boolean>
}

/** More are never signed at once: a room signs a handful, and each waits for people. */
const waitingMax = 1_000

export async function leftAt(
  copy: Copy,
  { origin, own, now, mayGo }: Leaving,
): Promise<ReadonlyMap<Digest, number>> {
  const left = new Map<Digest, number>()
  for (const line of await readSentLines(copy.session, origin)) {
    const { body, t } = parseEntry(line)
    // The first says it: sent, or else seen to be final.
    if ('intent' in body && !left.has(body.intent)) left.set(body.intent, t)
  }
  for (const { intent } of await requestsIn(copy.session, origin, ['SIGNED'], waitingMax)) {
    const reservation = await copy.read(get(tables.reservation, intent))
    if (reservation === undefined || reservation.seq >= own.seq) continue
    if (await mayGo(intent)) left.set(intent, now)
  }
  return left
}

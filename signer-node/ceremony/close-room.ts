// The Bundle out once more, from the card of a Record station alone: for media that broke, were
// lost, or were never written because the program ended before. Asks no token and no station.
// INVARIANT: only of a Record that is closed; nothing is added to it, and nothing overwritten.
import { actorText } from '../../policy/ceremony/record.ts'
import { seatsOf } from '../../policy/ceremony/record-seats.ts'
import { parseStatement } from '../../policy/ceremony/statement.ts'
import { readBundleFiles } from '../../proto/io/bundle-files.ts'
import { refuse } from '../../proto/refusal.ts'
import { CardLock } from './card-lock.ts'
import { RecordCopy } from './record-copy.ts'
import { carriedOut } from './room-closing.ts'
import { RoomLog } from './room-log.ts'
import { RoomResults, resultsPath } from './room-results.ts'
import { recordPath } from './seated-station.ts'
import { writeOut } from './seated-writes.ts'

export interface ClosedPlaces {
  readonly card: string
  readonly bundle: string
  readonly out: readonly string[]
}

export interface ClosedRoom {
  readonly lines: number
  readonly exceptions: number
  /** Why the sitting was stopped; empty where it ended well. */
  readonly reason: string
  /** Who of those present has not spoken: their Statement is not in what was written. */
  readonly silent: readonly string[]
}

export function closeRoom({ card, bundle, out }: ClosedPlaces): ClosedRoom {
  using _ = new CardLock(card)
  const log = new RoomLog(readBundleFiles(bundle))
  const { plan } = log.bundle
  const path = recordPath(card, plan.digest)
  const record = new RecordCopy(path, seatsOf(plan, log.digest))
  const { size, exceptions, closed, met } = record.state
  if (closed === undefined) {
    const led = 'record leads the sitting on to its end, stop ends it for all'
    refuse('CEREMONY', `${path}: expected a closed Record, found ${size} lines of one: ${led}`)
  }
  const results = new RoomResults(resultsPath(card, plan.digest), plan.digest)
  writeOut(carriedOut({ log, record, results }), out)
  const spoke = results.statements.map(({ document }) => actorText(parseStatement(document).actor))
  const silent = [...met].filter((who) => !spoke.includes(who))
  return { lines: size, exceptions, reason: results.reason, silent }
}

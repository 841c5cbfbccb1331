// Every change of a request from a log position on, at least once, in the order of the newest
// lines. A heartbeat says where to resume when nothing changes. The stream is pulled as fast as it
// is read; a reader that stalls is cut by the channel, and resumes where it stood.

import type { ReplyOf } from '../../proto/io/wire.ts'
import { limits } from '../../proto/limits.ts'
import type { Coordinator } from '../coordinator.ts'
import { wireRequest } from './wire-request.ts'

const lookMs = 250

export async function* watchRequests(
  { requests, driver }: Pick<Coordinator, 'requests' | 'driver'>,
  fromSeq: number,
  gone: AbortSignal,
): AsyncGenerator<ReplyOf<'SigningService', 'WatchRequests'>> {
  const { clock, tree } = driver
  let from = fromSeq
  let saidAt = clock.now()
  while (!gone.aborted) {
    // Read before the rows: what comes in between is shown again, never skipped.
    const size = tree.size
    const rows = await requests.since(from)
    for (const row of rows) {
      const shown = await requests.show(row.intent)
      if (shown === undefined) continue
      yield { request: wireRequest(shown), seq: row.seq + 1 }
      from = Math.max(from, row.seq + 1)
      saidAt = clock.now()
    }
    if (rows.length > 0) continue
    from = Math.max(from, size)
    if (clock.now() - saidAt >= limits.streamHeartbeatMs) {
      yield { request: null, seq: from }
      saidAt = clock.now()
    }
    await clock.sleep(lookMs, gone)
  }
}

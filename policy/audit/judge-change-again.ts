// Judging a carried-out change again. The fold has judged its order already, with every signature
// in it; what only an auditor with the witnesses' heads can say is left: that the delay had passed
// by witnessed times, and that the line's own time is one that the witnesses can confirm.

import { limits } from '../../proto/limits.ts'
import { writeTimeMillis } from '../../proto/shape.ts'
import { isChangeOp } from '../change.ts'
import { sectionOf } from '../judge-change.ts'
import { parseOrder } from '../order.ts'
import { type Docket, unjudged, violation } from './docket.ts'
import type { EntryOf } from './entry.ts'
import { type Bench, wrongTime } from './judge-again.ts'
import { readSync } from './rows.ts'
import { knownIntent } from './standing.ts'
import { witnessedIn } from './witnessed.ts'

export type CarriedOutLine = EntryOf<
  | 'key.created'
  | 'key.imported'
  | 'key.refreshed'
  | 'key.reshared'
  | 'key.exported'
  | 'key.disabled'
  | 'key.proved'
  | 'peer.readmitted'
  | 'ceremony.planned'
>

export function changeAgain(line: CarriedOutLine, bench: Bench, docket: Docket): void {
  const { body, seq, t } = line
  const late = wrongTime(seq, t, bench.heads)
  if (late !== undefined) docket.find(violation(seq, 'CLOCK', late))
  const created = readSync(knownIntent(body.change), bench.rows)
  if (!isChangeOp(created.op)) return
  const { delayMs } = sectionOf(created.op, readSync(bench.desk.rulebook(), bench.rows))
  if (delayMs === 0) return
  // The refresh that an import carries: the delay was judged at the line of the import.
  if (line.type === 'key.refreshed' && created.op === 'key.import') return
  const proved = provedBy(created.seq, body.order, bench)
  const kept = bench.heads.find(({ size }) => size > created.seq)?.at
  const seenAt = proved ?? kept
  // Two clocks took part, each within the allowed difference.
  const inTime = seenAt !== undefined && t >= seenAt + delayMs - 2 * limits.clockSkewMs
  if (inTime) return
  if (proved === undefined) {
    docket.find(unjudged(seq, `no head proves when the change ${body.change} was seen`))
    return
  }
  const until = writeTimeMillis(proved + delayMs)
  docket.find(violation(seq, 'DELAY', `waits until ${until}, line at ${writeTimeMillis(t)}`))
}

/** By the heads that the order brought, as every node judged it. */
function provedBy(seq: number, order: CarriedOutLine['body']['order'], bench: Bench) {
  const { reigns, rootAt, size, blob } = bench
  const content = blob('order', order)
  const notes = content === undefined ? [] : parseOrder(content).order.heads
  // Heads beyond the lines of the export prove nothing.
  const bounded = (at: number) => (at <= size ? rootAt(at) : undefined)
  return witnessedIn({ reigns, rootAt: bounded }, seq, notes)
}

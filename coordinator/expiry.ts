// The end of a request that nothing came of, where bytes have an end of life: it is over on the
// chain, and the chain does not have it. Endpoints are believed only to close the request: the fold
// lets no line say so before `until`, and the line frees no room.
import { boundTxid } from '../policy/chain/chains.ts'
import { plainDigest, toUtf8 } from '../proto/crypto.ts'
import { text } from '../proto/jcs.ts'
import { isRefusal } from '../proto/refusal.ts'
import { writeTime } from '../proto/shape.ts'
import { type Driven, type DriverPorts, ledgerFor, writeLines } from './driver.ts'

/** Where an id is known from the attempt, whether or not a signature was seen. */
export function txidOf({ the, view }: Pick<Driven, 'the' | 'view'>): string | undefined {
  const last = view.attempts.at(-1)
  return last && boundTxid(the.intent.network, the.intent.op, last.digest)
}

/** Whether a line says now that it was dropped. */
export async function dropIfGone(ports: DriverPorts, driven: Driven): Promise<boolean> {
  const { the, view } = driven
  const txid = txidOf(driven)
  const until = view.attempts.at(-1)?.until ?? 0
  if (txid === undefined || until === 0 || ports.clock.now() <= until) return false
  const { network } = the.intent
  if ((await ledgerFor(ports, network).isGone?.(txid, until)) !== true) return false
  const written = toUtf8(text({ absent: txid, network, until: writeTime(until) }))
  const evidence = plainDigest(written)
  const body = { evidence, intent: the.row.intent, txid }
  const answer = await writeLines(ports, {
    lines: [{ type: 'tx.dropped', body }],
    blobs: [{ digest: evidence, kind: 'bytes', content: written }],
  })
  return !isRefusal(answer)
}

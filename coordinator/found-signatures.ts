// A signature that the chain shows and the log does not have: of an attempt that failed here, while
// somebody who had its shares finished it. Its line needs what every signature's needs, the
// receipts of the nodes that let their shares go; nodes offer them until they see them in the log.
// Without it the nonce, which only a signature in the log uses up, would be given again and again.
// INVARIANT: what is written is proved by the fold as any other signature.
import { below, get, tables } from '../policy/audit/tables.ts'
import { encodeSignature } from '../policy/chain/signature.ts'
import type { AttemptRow } from '../policy/view.ts'
import { equalBytes, toHex } from '../proto/crypto.ts'
import type { Digest } from '../proto/ids.ts'
import { parseText } from '../proto/jcs.ts'
import { kinds, type ShareReceipt } from '../proto/node-documents.ts'
import type { SignedElsewhere } from './chain-rpc/rpc.ts'
import { readSigned } from './desk/case.ts'
import type { Written } from './driver.ts'
import type { Copy } from './page.ts'
import { receiptsOf } from './store/blobs.ts'

interface Kept extends ShareReceipt {
  readonly digest: Digest
}

/** Undefined while the receipts of no session of such an attempt are all here. */
export async function foundLines(
  copy: Copy,
  intent: Digest,
  { txid, digest, signature }: SignedElsewhere,
): Promise<Written | undefined> {
  const attempts = await copy.read(below(tables.attempt, intent))
  const vaultOf = (await copy.read(get(tables.intent, intent)))?.vault
  const vault = vaultOf && (await copy.read(get(tables.vault, vaultOf)))
  const kept: Kept[] = (await receiptsOf(copy.session, intent)).map((blob) => {
    const { document } = readSigned(blob, 'shareReceipt')
    return { ...kinds.receipt.shape(parseText(document), 'receipt'), digest: blob.digest }
  })
  for (const row of attempts) {
    if (row.state === 'completed' || !equalBytes(row.digest, digest)) continue
    const needed = Math.min(row.participants.length, vault?.t ?? 0)
    const session = sessionOf(row, kept, needed)
    if (session === undefined) continue
    const body = {
      ...{ attempt: row.attempt, intent, receipts: session.map((one) => one.digest) },
      ...{ sid: session[0]?.sid ?? '', signature: toHex(encodeSignature(signature)), txid },
      warrant: row.warrant,
    }
    return { lines: [{ type: 'sign.completed', body }] }
  }
  return undefined
}

/** One receipt of each node that signed, of one session of the attempt. */
function sessionOf(
  { intent, attempt, warrant, participants }: AttemptRow,
  kept: readonly Kept[],
  needed: number,
): readonly Kept[] | undefined {
  const own = kept.filter((one) => {
    return one.intent === intent && one.attempt === attempt && one.warrant === warrant
  })
  for (const { sid } of own) {
    const byNode = new Map(own.filter((one) => one.sid === sid).map((one) => [one.node, one]))
    const all = participants.flatMap((node) => byNode.get(node) ?? []).slice(0, needed)
    if (needed > 0 && all.length === needed) return all
  }
  return undefined
}

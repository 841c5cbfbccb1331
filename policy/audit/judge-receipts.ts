// Judging receipts again: each was signed by the node that it names, for an attempt that the log
// knows, over the warrant and the digest of that attempt. With it a node says that a share left,
// so a line that names a receipt of something else says something false.
// What a receipt says of the node's own copy of the log is not compared.
import { toHex } from '../../proto/crypto.ts'
import type { Digest, NodeId } from '../../proto/ids.ts'
import { parse } from '../../proto/jcs.ts'
import { kinds, openBy, type ShareReceipt } from '../../proto/node-documents.ts'
import { attempt, isRefusal, type Refusal, refuse } from '../../proto/refusal.ts'
import { signedShape } from '../../proto/signed.ts'
import type { Docket } from './docket.ts'
import { violation } from './docket.ts'
import type { EntryOf } from './entry.ts'
import { requireOwn } from './fold-governance.ts'
import type { Bench } from './judge-again.ts'
import { identityIn } from './reigns.ts'
import { readSync } from './rows.ts'
import { get, tables } from './tables.ts'

export function receiptAgain(
  { body, seq }: EntryOf<'share.receipt'>,
  bench: Bench,
  docket: Docket,
): void {
  docket.receipt(body.node, body.counter)
  const read = openReceipt(body.receipt, bench)
  if (read === undefined) {
    docket.missing(seq, `receipt ${body.receipt}`)
  } else if (isRefusal(read)) {
    docket.find(violation(seq, read.code, read.because))
  } else {
    docket.released(read.intent, read.attempt)
    if (read.node === body.node && read.counter === body.counter) return
    const because = `expected ${read.counter} of ${read.node}, got ${body.counter} of ${body.node}`
    docket.find(violation(seq, 'VIEW', because))
  }
}

/** The receipts that a line about an attempt names: all of this attempt, each of another node. */
export function namedReceipts(
  { body, seq }: EntryOf<'sign.completed' | 'session.aborted'>,
  bench: Bench,
  docket: Docket,
): void {
  if (body.receipts.length > 0) docket.released(body.intent, body.attempt)
  const nodes = new Set<NodeId>()
  for (const digest of body.receipts) {
    const read = openReceipt(digest, bench)
    if (read === undefined) {
      docket.missing(seq, `receipt ${digest}`)
    } else if (isRefusal(read)) {
      docket.find(violation(seq, read.code, read.because))
    } else if (!isOf(read, body) || nodes.has(read.node)) {
      const because = `receipt ${digest} is not of this attempt, or the second of ${read.node}`
      docket.find(violation(seq, 'VIEW', because))
    } else {
      nodes.add(read.node)
    }
  }
}

type Named = EntryOf<'sign.completed' | 'session.aborted'>['body']

function isOf({ intent, attempt: number, sid }: ShareReceipt, body: Named): boolean {
  const same = intent === body.intent && number === body.attempt
  return same && (!('sid' in body) || sid === body.sid)
}

/** Undefined where it was not kept. */
function openReceipt(
  digest: Digest,
  { rows, root, reigns, blob }: Bench,
): ShareReceipt | Refusal | undefined {
  const content = blob('shareReceipt', digest)
  if (content === undefined) return undefined
  return attempt(() => {
    const signed = signedShape(parse(content), 'receipt')
    const identity = identityIn(reigns, signed.credential)
    if (identity === undefined) {
      return refuse('PARTICIPANTS', `${signed.credential} is no node of the root`)
    }
    const { value } = openBy(kinds.receipt, signed, identity)
    requireOwn(value, root)
    const row = readSync(get(tables.attempt, value.intent, value.attempt), rows)
    if (row?.participants.includes(value.node) !== true) {
      return refuse('PARTICIPANTS', `receipt of ${value.node} for no attempt that it takes part in`)
    }
    if (value.warrant !== row.warrant || value.digest !== toHex(row.digest)) {
      refuse('WARRANT', `receipt of ${value.node} for another warrant or digest`)
    }
    return value
  })
}

// Judging receipts again: each was signed by the node that it names, for an attempt that the log
// knows, over the warrant and the digest of that attempt. With it a node says that a share left,
// so a line that names a receipt of something else says something false.
// What a receipt says of the node's own copy of the log is not compared.
import { toHex, toUtf8 } from '../../proto/crypto.ts'
import type { Digest, NodeId } from '../../proto/ids.ts'
import { parse } from '../../proto/jcs.ts'
import { kinds, openBy, type ShareReceipt } from '../../proto/node-documents.ts'
import { attempt, isRefusal, type Refusal, refuse } from '../../proto/refusal.ts'
import { signedShape } from '../../proto/signed.ts'
import { type Change, parseChange } from '../change.ts'
import { controlProof } from '../control-proof.ts'
import { networkOf } from '../rulebook.ts'
import type { Docket } from './docket.ts'
import { violation } from './docket.ts'
import type { EntryOf } from './entry.ts'
import { requireOwn } from './fold-governance.ts'
import type { Bench } from './judge-again.ts'
import { identityIn } from './reigns.ts'
import { readSync } from './rows.ts'
import { get, tables } from './tables.ts'

export function receiptAgain(line: EntryOf<'share.receipt'>, bench: Bench, docket: Docket): void {
  docket.receipt(line.body.node, line.body.counter)
  receiptSays(line, bench, docket)
}

/** Whether the receipt is what its line says; of the node's other receipts nothing is asked. */
export function receiptSays(
  { body, seq }: EntryOf<'share.receipt'>,
  bench: Bench,
  docket: Docket,
): void {
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
export function namedReceipts({ body, seq }: Naming, bench: Bench, docket: Docket): void {
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

/** A line that names receipts; only of a signature it says in which session. */
interface Naming {
  readonly seq: number
  readonly body: {
    readonly intent: Digest
    readonly attempt: number
    readonly receipts: readonly Digest[]
    readonly sid?: Digest
    readonly warrant?: Digest
  }
}

function isOf(
  { intent, attempt: number, sid, warrant }: ShareReceipt,
  body: Naming['body'],
): boolean {
  const same = intent === body.intent && number === body.attempt
  const { sid: inSession = sid, warrant: under = warrant } = body
  return same && sid === inSession && warrant === under
}

/** Undefined where it was not kept, or nothing of what it is to be judged by. */
function openReceipt(digest: Digest, bench: Bench): ShareReceipt | Refusal | undefined {
  const { rows, root, reigns, blob } = bench
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
    const request = readSync(get(tables.intent, value.intent), rows)
    if (request?.op !== 'key.prove') return ofAttempt(value, bench)
    const asked = blob('intent', value.intent)
    return asked && ofProof(value, parseChange(documentOf(asked)).change, bench)
  })
}

function ofAttempt(value: ShareReceipt, { rows }: Bench): ShareReceipt {
  const { node, intent, attempt: number, warrant, digest } = value
  const row = readSync(get(tables.attempt, intent, number), rows)
  if (row?.participants.includes(node) !== true) {
    return refuse('PARTICIPANTS', `receipt of ${node} for no attempt that it takes part in`)
  }
  if (warrant !== row.warrant || digest !== toHex(row.digest)) {
    refuse('WARRANT', `receipt of ${node} for another warrant or digest`)
  }
  return value
}

/**
 * A proof has no attempt line: each try is a session of the nodes alone. Its order may differ from
 * try to try, what is signed may not: it follows from the change and from the key of the vault.
 */
function ofProof(value: ShareReceipt, change: Change, { rows, desk }: Bench): ShareReceipt {
  const key = readSync(get(tables.vault, change.vault), rows)
  const network = networkOf(readSync(desk.rulebook(), rows), change.vault)
  const isKnown = change.op === 'key.prove' && key !== undefined && network !== undefined
  const digest = isKnown && toHex(controlProof(change, key, network.caip2).digest)
  if (value.digest !== digest) refuse('WARRANT', `receipt of ${value.node} for another sentence`)
  return value
}

function documentOf(content: Uint8Array): Uint8Array {
  return toUtf8(signedShape(parse(content), 'change').document)
}

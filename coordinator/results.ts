// The lines that end an attempt: a signature with its receipts, or why there is none, with the
// documents that nodes signed beside the log. Written before anything is done with the signature.

import { chainOf } from '../policy/chain/chains.ts'
import { encodeSignature } from '../policy/chain/signature.ts'
import type { AttemptRow } from '../policy/view.ts'
import { toHex, toUtf8 } from '../proto/crypto.ts'
import type { Digest } from '../proto/ids.ts'
import { type JsonObject, text } from '../proto/jcs.ts'
import { digestOfSigned, kinds, type ShareReceipt } from '../proto/node-documents.ts'
import type { Opened, Signed } from '../proto/signed.ts'
import { signedJson } from '../proto/signed.ts'
import type { Written } from './driver.ts'
import type { Attempted } from './signing.ts'
import type { Blob } from './store/blobs.ts'

export interface Tried {
  readonly intent: Digest
  readonly attempt: number
  readonly warrant: Digest
  readonly network: string
  /** Unsigned transaction. */
  readonly bytes: Uint8Array
}

export function resultLines(tried: Tried, attempted: Attempted): Written {
  const { intent, attempt, warrant, network, bytes } = tried
  const { receipts } = attempted
  const given = receipts.map(({ digest }) => digest)
  const kept = { receipts: receipts.map(receiptBody), blobs: receipts.map(receiptBlob) }
  if (attempted.kind === 'failed') {
    const { reason, refusals } = attempted
    const blobs = refusals.map(refusalBlob)
    const named = blobs.map(({ digest }) => digest)
    const body = { attempt, culprit: '', intent, reason, receipts: given, refusals: named }
    return { ...kept, lines: [{ type: 'session.aborted', body }], blobs: [...kept.blobs, ...blobs] }
  }
  const { signature, sid } = attempted
  const { txid } = chainOf(network).attach(bytes, signature)
  const encoded = toHex(encodeSignature(signature))
  const body = { attempt, intent, receipts: given, sid, signature: encoded, txid, warrant }
  return { ...kept, lines: [{ type: 'sign.completed', body }] }
}

/** An attempt that a coordinator left behind: nobody knows what became of it. */
export function abandonedLines({ intent, attempt }: AttemptRow): Written {
  const body = { attempt, culprit: '', intent, reason: 'COORDINATOR', receipts: [], refusals: [] }
  return { lines: [{ type: 'session.aborted', body }] }
}

export function receiptBody({ value, digest }: Opened<ShareReceipt>): JsonObject {
  return { counter: value.counter, node: value.node, receipt: digest }
}

export function receiptBlob({ digest, signed }: Opened<ShareReceipt>): Blob {
  return { digest, kind: 'shareReceipt', content: signedContent(signed) }
}

function refusalBlob(signed: Signed): Blob {
  const digest = digestOfSigned(kinds.refusal, signed)
  return { digest, kind: 'refusal', content: signedContent(signed) }
}

/** The form in which signed kinds are kept. */
export function signedContent(signed: Signed): Uint8Array {
  return toUtf8(text(signedJson(signed)))
}

// What a session at the table leaves behind: the line that an import will propose, exactly as the
// fold reads it, and the signed documents that are kept beside the log. Lines are written online;
// nothing here is in a log.
// INVARIANT: a signature was verified by another library than the one that made it; a key carries
// the confirmations of all its holders. A failure names Stations and remedy, and its line blames
// nobody.

import type { ResultDocument, WrittenResults } from '../../policy/ceremony/results.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import { derive, type ExtendedKey } from '../../policy/chain/derive.ts'
import {
  assemble,
  encodeSignature,
  parseSignature,
  type SharePart,
} from '../../policy/chain/signature.ts'
import { parseIntent } from '../../policy/request.ts'
import type { KeyFacts } from '../../policy/view.ts'
import { parseWarrant } from '../../policy/warrant.ts'
import { toHex, toUtf8 } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'
import { type JsonObject, text } from '../../proto/jcs.ts'
import { digestOfSigned, kinds, type ShareReceipt } from '../../proto/node-documents.ts'
import { type Opened, type Signed, signedJson } from '../../proto/signed.ts'
import type { Certificate } from './certificate.ts'
import type { AskFailed } from './hub-ask.ts'

/** A part of the results that are carried out. */
export type SessionResult = Pick<WrittenResults, 'lines' | 'documents'>

/** What a share came with. */
export interface Share {
  readonly part: SharePart
  readonly receipt: Opened<ShareReceipt>
}

/** What is signed, and under which key. */
export interface Signable {
  /** Of the payment, or of the change that asks for a proof. */
  readonly intent: Digest
  /** Of the warrant or the order. */
  readonly warrant: Digest
  readonly digest: Uint8Array
  readonly publicKey: Uint8Array
}

/** A transaction: all of it follows from the warrant. */
export interface Payable extends Signable {
  readonly network: string
  /** Unsigned transaction. */
  readonly bytes: Uint8Array
}

export function payableOf(bytes: Uint8Array, key: ExtendedKey): Payable {
  const { digest: named, warrant } = parseWarrant(bytes)
  const { digest: intent, intent: asked } = parseIntent(toUtf8(warrant.intent.document))
  const digest = chainOf(asked.network).digest(warrant.bytes)
  const { publicKey } = derive(key, asked.path)
  const about = { intent, warrant: named, network: asked.network }
  return { ...about, bytes: warrant.bytes, digest, publicKey }
}

/** r, s and v; refused when the shares make no signature of exactly this. */
export function signatureOf({ digest, publicKey }: Signable, shares: readonly Share[]): Uint8Array {
  const parts = shares.map(({ part }) => part)
  return encodeSignature(assemble(parts, digest, publicKey))
}

export function signedResult(
  { intent, warrant, network, bytes }: Payable,
  attempt: number,
  made: { readonly signature: Uint8Array; readonly shares: readonly Share[] },
): SessionResult {
  const receipts = made.shares.map(({ receipt }) => receipt)
  const { txid } = chainOf(network).attach(bytes, parseSignature(made.signature))
  const body = {
    attempt,
    intent,
    receipts: receipts.map(({ digest }) => digest),
    sid: receipts[0]?.value.sid ?? '',
    signature: toHex(made.signature),
    txid,
    warrant,
  }
  const documents = receipts.map(receiptKept)
  return { lines: [...receipts.map(receiptLine), { type: 'sign.completed', body }], documents }
}

/** An attempt that ended without a signature, with whatever shares had left. */
export function abortedResult(
  { intent }: Pick<Signable, 'intent'>,
  attempt: number,
  { failed, shares }: { readonly failed: AskFailed; readonly shares: readonly Share[] },
): SessionResult {
  const receipts = shares.map(({ receipt }) => receipt)
  const { refusals } = failed
  const body = {
    attempt,
    culprit: '',
    intent,
    reason: failed.reason,
    receipts: receipts.map(({ digest }) => digest),
    refusals: refusals.map((signed) => digestOfSigned(kinds.refusal, signed)),
  }
  const documents = [...receipts.map(receiptKept), ...refusals.map(refusalKept)]
  return { lines: [...receipts.map(receiptLine), { type: 'session.aborted', body }], documents }
}

/** A control proof: the line names the change and its order, and what was signed. */
export function provedResult(
  { intent: change, warrant: order, digest }: Signable,
  { epoch, keyState, vault }: Pick<KeyFacts, 'epoch' | 'keyState' | 'vault'>,
  attempt: number,
  made: { readonly signature: Uint8Array; readonly shares: readonly Share[] },
): SessionResult {
  const receipts = made.shares.map(({ receipt }) => receipt)
  const body = {
    ...{ change, order, attempt, epoch, keyState, vault },
    digest: toHex(digest),
    receipts: receipts.map((receipt) => receipt.digest),
    sid: receipts[0]?.value.sid ?? '',
    signature: toHex(made.signature),
  }
  const documents = receipts.map(receiptKept)
  return { lines: [...receipts.map(receiptLine), { type: 'key.proved', body }], documents }
}

/** The line of a key that all its holders confirmed; `order` proves the change, as in the log. */
export function keyResult(
  type: 'key.created' | 'key.refreshed' | 'key.reshared',
  { body }: Certificate,
  more: JsonObject,
): SessionResult {
  return { lines: [{ type, body: { ...body, ...more } }], documents: [] }
}

/** Of a try that is followed by another one: the attempt is not over. */
export function withoutEnd({ lines, documents }: SessionResult): SessionResult {
  return {
    lines: lines.filter(({ type }) => type === 'share.receipt'),
    documents: documents.filter(({ kind }) => kind === 'shareReceipt'),
  }
}

/** Of a proof that failed: what had left is told. No line could name a refusal, so none is kept. */
export function leftOver(shares: readonly Share[]): SessionResult {
  const receipts = shares.map(({ receipt }) => receipt)
  return { lines: receipts.map(receiptLine), documents: receipts.map(receiptKept) }
}

function receiptLine({ value: { counter, node }, digest }: Opened<ShareReceipt>) {
  return { type: 'share.receipt', body: { counter, node, receipt: digest } } as const
}

function receiptKept({ signed }: Opened<ShareReceipt>): ResultDocument {
  return { kind: 'shareReceipt', text: text(signedJson(signed)) }
}

function refusalKept(signed: Signed): ResultDocument {
  return { kind: 'refusal', text: text(signedJson(signed)) }
}

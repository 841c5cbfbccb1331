// Order: the warrant of a change. Everything a node, the fold or an auditor needs to see that the
// change was asked for and approved: its signed document, the approvals, the ruleset, heads of the
// log that prove times. Documents inside are strings with their exact canonical text.
// It travels with the line that puts the change into effect and is named there by digest, so that
// nobody has to believe the coordinator's lines about who approved.
// An order grants nothing: it is judged by `approvedChange`.
import { digestOf, toUtf8 } from '../proto/crypto.ts'
import type { Digest, Handle } from '../proto/ids.ts'
import { encode, parse } from '../proto/jcs.ts'
import { limits } from '../proto/limits.ts'
import { digest, handle, hex, list, literal, object, text } from '../proto/shape.ts'
import { type Signed, signedJson, signedShape } from '../proto/signed.ts'
import { tags } from '../proto/tags.ts'
import { ownership } from './document.ts'
import type { Env } from './intent.ts'

export interface Order {
  readonly org: Handle
  readonly env: Env
  /** Signed by its initiator. */
  readonly change: Signed
  readonly approvals: readonly Signed[]
  readonly ruleset: Digest
  /** Signed notes of the log with cosignatures, for witnessed times. */
  readonly heads: readonly string[]
}

export interface ReadOrder {
  readonly digest: Digest
  readonly order: Order
}

/** Canonical bytes; refused when they would not be read back. */
export function issueOrder({ org, env, change, approvals, ruleset, heads }: Order): Uint8Array {
  const { document, credential, signature } = signedJson(change)
  const written = encode({
    format: 'custody-order/v1',
    org,
    env,
    change: document,
    changeSignature: { credential, signature },
    approvals: approvals.map(signedJson),
    ruleset,
    heads: [...heads],
  })
  parseOrder(written)
  return written
}

export function parseOrder(bytes: Uint8Array): ReadOrder {
  const read = orderShape(parse(bytes, limits.orderBytesMax), '')
  const { format: _, change: document, changeSignature, ...rest } = read
  const order: Order = { ...rest, change: { ...changeSignature, document } }
  return { digest: digestOf(tags.order, bytes), order }
}

/** The order of the exact canonical text that came with a line. */
export function parseOrderText(written: string): ReadOrder {
  return parseOrder(toUtf8(written))
}

const orderShape = object({
  format: literal('custody-order/v1'),
  ...ownership,
  change: text(limits.intentBytesMax),
  changeSignature: object({ credential: handle, signature: hex(64) }),
  approvals: list(signedShape, 0, limits.approvalsPerIntentMax),
  ruleset: digest,
  heads: list(text(limits.orderBytesMax), 0, limits.witnessesMax),
})

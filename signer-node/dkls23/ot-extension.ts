/**
 * OT extension: 512 random transfers from the trees of a pairing (1.8: subspace VOLE over GF(2^k)
 * with the consistency check as repaired in the 2022 revision of KOS, figure 10).
 * The receiver chooses beta and learns one pad of each transfer, the sender learns both.
 * A wrong message tells bits of the sender's Delta by the mere verdict, so INVARIANT: the check
 * reads everything, adds up all differences, and its only result is one boolean, on which the
 * caller must act through the fence of the pairing before anything leaves.
 *
 * W = BASE_OTS, xi = EXTENDED_OTS, U = corrections, x~ = choiceSum, t~ = rowSums, e = binding
 */

import { concat, u16 } from './bytes.ts'
import type { Curve } from './curve.ts'
import { decodeAs, group, raw, sizeOf } from './layout.ts'
import {
  BASE_OTS,
  CHECK_BITS,
  CHECK_BLOCKS,
  COLUMN_BYTES,
  EXTENDED_OTS,
  TAIL_BYTES,
  TREE_DEPTH,
  TREES,
} from './params.ts'
import { SecretScope } from './secret.ts'
import { expand, hash } from './transcript.ts'

const ROW_BYTES = BASE_OTS / 8
const PARAMETERS = concat(u16(TREE_DEPTH), u16(BASE_OTS), u16(EXTENDED_OTS), u16(CHECK_BITS))

/** U, x~ and t~, as the receiver sends them. */
export const EXTENSION = group({
  corrections: raw('bytes', COLUMN_BYTES, TREES),
  choiceSum: raw('bytes', TAIL_BYTES),
  rowSums: raw('bytes', ROW_BYTES, CHECK_BITS),
})
export const EXTENSION_MESSAGE_BYTES = sizeOf([EXTENSION])

/** Which session extends, and whose arithmetic it uses. */
export interface ExtensionRun {
  readonly curve: Curve
  readonly psid: Uint8Array
}

/** What the receiver holds afterwards; everything but the message is secret. */
export interface ReceivedTransfers {
  readonly message: Uint8Array
  readonly binding: Uint8Array
  /** pad_j, the one that bit j of beta chose. */
  readonly pads: Uint8Array
}

/** What the sender holds once the check has run; the pads are made after the verdict. */
export interface CheckedTransfers {
  readonly isConsistent: boolean
  readonly binding: Uint8Array
  /** Rows of Q; row_j and row_j ^ Delta give the two pads of transfer j. */
  readonly rows: Uint8Array
}

/** Receiver, step B. The fresh random tail hides the sums: it is never reused and never zero. */
export function extendAsReceiver(
  { curve, psid }: ExtensionRun,
  leaves: Uint8Array,
  beta: Uint8Array,
  tail: Uint8Array,
): ReceivedTransfers {
  using scraps = new SecretScope()
  const { extension } = curve
  const choices = scraps.keep(concat(beta, tail))
  const { corrections, rows } = extension.expandOwn(psid, leaves, choices)
  scraps.keep(rows)
  const weights = weightsOf(psid, corrections)
  const choiceSum = extension.weighColumn(choices, weights)
  const message = concat(corrections, choiceSum, extension.weigh(rows, weights))
  const binding = bindingOf(psid, message)
  return { message, binding, pads: padsOf(curve, binding, rows) }
}

/** Sender, step A up to the verdict. */
export function checkExtension(
  { curve, psid }: ExtensionRun,
  delta: Uint8Array,
  leaves: Uint8Array,
  message: Uint8Array,
): CheckedTransfers {
  using scraps = new SecretScope()
  const { corrections, ...claimed } = parseMessage(message)
  const rows = curve.extension.expandKnown(psid, delta, leaves, corrections)
  const sums = scraps.keep(curve.extension.weigh(rows, weightsOf(psid, corrections)))
  const isConsistent = curve.extension.agree(sums, claimed, delta)
  return { isConsistent, binding: bindingOf(psid, message), rows }
}

/** pad_j for every row; `offset` is XORed onto each row first. */
export function padsOf(
  curve: Curve,
  binding: Uint8Array,
  rows: Uint8Array,
  offset: Uint8Array = new Uint8Array(ROW_BYTES),
): Uint8Array {
  return curve.extension.pads(binding, rows, offset)
}

function parseMessage(message: Uint8Array) {
  return decodeAs(EXTENSION, message)
}

/** chi_1 .. chi_m. */
function weightsOf(psid: Uint8Array, corrections: Uint8Array): Uint8Array {
  return expand('ote-chi', CHECK_BLOCKS * (CHECK_BITS / 8), psid, PARAMETERS, corrections)
}

function bindingOf(psid: Uint8Array, message: Uint8Array): Uint8Array {
  return hash('ote-msg', psid, message)
}

/**
 * The extension's work on bytes in the compiled module, for every twin but the reference.
 * INVARIANT: leaves, choices, Delta and rows enter the module as data and never as a length, an
 * index or a branch; lengths are checked here, because the module trusts them.
 */

import { kernel, Operands } from './core.ts'
import type { ExtensionTables } from './curve.ts'
import {
  BASE_OTS,
  CHECK_BITS,
  COLUMN_BYTES,
  COLUMNS,
  DELTA_BYTES,
  EXTENDED_OTS,
  KEY_BYTES,
  LEAVES,
  PAD_BYTES,
  TREES,
} from './params.ts'
import { fixedHead } from './transcript.ts'

const ROW_BYTES = BASE_OTS / 8
const ROWS_BYTES = COLUMNS * ROW_BYTES
const SUM_BYTES = CHECK_BITS * ROW_BYTES
const BLOCK_BYTES = CHECK_BITS / 8
const WEIGHTS_BYTES = (EXTENDED_OTS / CHECK_BITS) * BLOCK_BYTES
const CORRECTION_BYTES = TREES * COLUMN_BYTES
const PADS_BYTES = EXTENDED_OTS * PAD_BYTES

export const coreExtensionTables: ExtensionTables = {
  expandOwn(psid, leaves, choices) {
    requireBytes(leaves, TREES * LEAVES * KEY_BYTES)
    requireBytes(choices, COLUMN_BYTES)
    using operands = new Operands(fixedHead('ote-prg', psid), choices, leaves)
    const corrections = operands.room(CORRECTION_BYTES)
    const rows = operands.room(ROWS_BYTES)
    kernel.expandOwn(operands.at)
    return {
      corrections: operands.take(corrections, CORRECTION_BYTES),
      rows: operands.take(rows, ROWS_BYTES),
    }
  },
  expandKnown(psid, delta, leaves, corrections) {
    requireBytes(delta, DELTA_BYTES)
    requireBytes(leaves, TREES * (LEAVES - 1) * KEY_BYTES)
    requireBytes(corrections, CORRECTION_BYTES)
    using operands = new Operands(fixedHead('ote-prg', psid), delta, corrections, leaves)
    const rows = operands.room(ROWS_BYTES)
    kernel.expandKnown(operands.at)
    return operands.take(rows, ROWS_BYTES)
  },
  weigh(rows, weights) {
    requireBytes(rows, ROWS_BYTES)
    requireBytes(weights, WEIGHTS_BYTES)
    using operands = new Operands(rows, weights)
    const sum = operands.room(SUM_BYTES)
    kernel.weigh(operands.at)
    return operands.take(sum, SUM_BYTES)
  },
  weighColumn(column, weights) {
    requireBytes(column, COLUMN_BYTES)
    requireBytes(weights, WEIGHTS_BYTES)
    using operands = new Operands(column, weights)
    const sum = operands.room(BLOCK_BYTES)
    kernel.weighColumn(operands.at)
    return operands.take(sum, BLOCK_BYTES)
  },
  agree(sums, { rowSums, choiceSum }, delta) {
    requireBytes(sums, SUM_BYTES)
    requireBytes(rowSums, SUM_BYTES)
    requireBytes(choiceSum, BLOCK_BYTES)
    requireBytes(delta, DELTA_BYTES)
    using operands = new Operands(sums, rowSums, choiceSum, delta)
    return kernel.disagree(operands.at) === 0
  },
  pads(binding, rows, offset) {
    requireBytes(offset, ROW_BYTES)
    requireBytes(rows, ROWS_BYTES)
    const hashed = rows.subarray(0, EXTENDED_OTS * ROW_BYTES)
    using operands = new Operands(fixedHead('ote-pad', binding), offset, hashed)
    const pads = operands.room(PADS_BYTES)
    kernel.pads(operands.at)
    return operands.take(pads, PADS_BYTES)
  },
}

function requireBytes(bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) throw new RangeError(`expected ${length} bytes`)
}

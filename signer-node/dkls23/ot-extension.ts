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

import { maskOf, toBytes, toNarrow, toWide, toWords, transpose } from './bits.ts'
import { concat, u16 } from './bytes.ts'
import { weigh, weighColumn } from './gf128.ts'
import { decodeAs, group, raw, sizeOf } from './layout.ts'
import {
  BASE_OTS,
  CHECK_BITS,
  CHECK_BLOCKS,
  COLUMN_BYTES,
  EXTENDED_OTS,
  KEY_BYTES,
  LEAVES,
  PAD_BYTES,
  TAIL_BYTES,
  TREE_DEPTH,
  TREES,
} from './params.ts'
import { puncturedLeaf } from './pprf.ts'
import { SecretScope } from './secret.ts'
import { expand, FixedHash, hash } from './transcript.ts'

const WORD_BYTES = 4
const COLUMN_WORDS = COLUMN_BYTES / WORD_BYTES
const ROW_BYTES = BASE_OTS / 8
const ROW_WORDS = ROW_BYTES / WORD_BYTES
const ROW_WIDE_WORDS = ROW_WORDS / 2
const PARAMETERS = concat(u16(TREE_DEPTH), u16(BASE_OTS), u16(EXTENDED_OTS), u16(CHECK_BITS))

/** U, x~ and t~, as the receiver sends them. */
export const EXTENSION = group({
  corrections: raw('bytes', COLUMN_BYTES, TREES),
  choiceSum: raw('bytes', TAIL_BYTES),
  rowSums: raw('bytes', ROW_BYTES, CHECK_BITS),
})
export const EXTENSION_MESSAGE_BYTES = sizeOf([EXTENSION])

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
  readonly rows: Uint32Array
}

/** Receiver, step B. The fresh random tail hides the sums: it is never reused and never zero. */
export function extendAsReceiver(
  psid: Uint8Array,
  leaves: Uint8Array,
  beta: Uint8Array,
  tail: Uint8Array,
): ReceivedTransfers {
  using scraps = new SecretScope()
  const choices = scraps.keep(toWords(scraps.keep(concat(beta, tail))))
  const corrections = new Uint32Array(TREES * COLUMN_WORDS)
  const matrix = scraps.keep(new Uint32Array(BASE_OTS * COLUMN_WORDS))
  using oracle = new FixedHash('ote-prg', psid)
  for (let tree = 0; tree < TREES; tree++) {
    const correction = corrections.subarray(tree * COLUMN_WORDS, (tree + 1) * COLUMN_WORDS)
    correction.set(choices)
    for (let y = 0; y < LEAVES; y++) {
      const leaf = leafAt(leaves, tree * LEAVES + y)
      const row = rowOf(oracle, leaf, tree, y)
      addWords(correction, row)
      addToColumns(matrix, tree, y, row)
      row.fill(0)
    }
  }
  const weights = weightsOf(psid, toBytes(corrections))
  const rows = scraps.keep(transpose(matrix, BASE_OTS, COLUMN_WORDS))
  const message = concat(
    toBytes(corrections),
    toBytes(weighColumn(choices, weights)),
    toBytes(weigh(toWide(rows), ROW_WIDE_WORDS, weights)),
  )
  const binding = bindingOf(psid, message)
  return { message, binding, pads: padsOf(binding, rows) }
}

/** Sender, step A up to the verdict. */
export function checkExtension(
  psid: Uint8Array,
  delta: Uint8Array,
  leaves: Uint8Array,
  message: Uint8Array,
): CheckedTransfers {
  using scraps = new SecretScope()
  const { corrections, choiceSum, rowSums } = parseMessage(message)
  const matrix = scraps.keep(new Uint32Array(BASE_OTS * COLUMN_WORDS))
  using oracle = new FixedHash('ote-prg', psid)
  for (let tree = 0; tree < TREES; tree++) {
    const punctured = puncturedLeaf(delta, tree)
    for (let z = 1; z < LEAVES; z++) {
      const leaf = leafAt(leaves, tree * (LEAVES - 1) + z - 1)
      const row = rowOf(oracle, leaf, tree, punctured ^ z)
      addToColumns(matrix, tree, z, row)
      row.fill(0)
    }
    const correction = corrections.subarray(tree * COLUMN_WORDS, (tree + 1) * COLUMN_WORDS)
    for (let b = 0; b < TREE_DEPTH; b++) {
      const column = columnOf(matrix, tree * TREE_DEPTH + b)
      addWords(column, correction, maskOf((punctured >>> b) & 1))
    }
  }
  const weights = weightsOf(psid, toBytes(corrections))
  const rows = transpose(matrix, BASE_OTS, COLUMN_WORDS)
  const sums = scraps.keep(toNarrow(weigh(toWide(rows), ROW_WIDE_WORDS, weights)))
  const isConsistent = sumsAgree(sums, rowSums, choiceSum, scraps.keep(toWords(delta)))
  return { isConsistent, binding: bindingOf(psid, message), rows }
}

/** pad_j for every row; `offset` is XORed onto each row first. */
export function padsOf(
  binding: Uint8Array,
  rows: Uint32Array,
  offset: Uint32Array = new Uint32Array(ROW_WORDS),
): Uint8Array {
  const pads = new Uint8Array(EXTENDED_OTS * PAD_BYTES)
  using oracle = new FixedHash('ote-pad', binding)
  const row = new Uint32Array(ROW_WORDS)
  const rowBytes = toBytes(row)
  for (let j = 0; j < EXTENDED_OTS; j++) {
    row.set(offset)
    addWords(row, rows.subarray(j * ROW_WORDS, (j + 1) * ROW_WORDS))
    const pad = oracle.digest(rowBytes, j)
    pads.set(pad, j * PAD_BYTES)
    pad.fill(0)
  }
  row.fill(0)
  return pads
}

/** q~_w == t~_w ^ Delta_w * x~ for all w at once, bit p of every sum in row p. */
function sumsAgree(
  sums: Uint32Array,
  claimed: Uint32Array,
  choiceSum: Uint8Array,
  delta: Uint32Array,
): boolean {
  let difference = 0
  for (let p = 0; p < CHECK_BITS; p++) {
    const mask = maskOf(((choiceSum[p >>> 3] ?? 0) >>> (p & 7)) & 1)
    for (let w = 0; w < ROW_WORDS; w++) {
      const at = p * ROW_WORDS + w
      difference |= (sums[at] ?? 0) ^ (claimed[at] ?? 0) ^ ((delta[w] ?? 0) & mask)
    }
  }
  return difference === 0
}

function parseMessage(message: Uint8Array) {
  const { corrections, choiceSum, rowSums } = decodeAs(EXTENSION, message)
  return { corrections: toWords(corrections), choiceSum, rowSums: toWords(rowSums) }
}

function leafAt(leaves: Uint8Array, index: number): Uint8Array {
  return leaves.subarray(index * KEY_BYTES, (index + 1) * KEY_BYTES)
}

/** The row of a leaf, in words; the caller wipes it. */
function rowOf(oracle: FixedHash, leaf: Uint8Array, tree: number, y: number): Uint32Array {
  const digest = oracle.digest(leaf, tree, y)
  const row = toWords(digest)
  digest.fill(0)
  return row
}

/** Adds a leaf's row to the columns i*k + b for which bit b of its number is set. */
function addToColumns(matrix: Uint32Array, tree: number, leaf: number, row: Uint32Array): void {
  for (let b = 0; b < TREE_DEPTH; b++) {
    if ((leaf >>> b) & 1) addWords(columnOf(matrix, tree * TREE_DEPTH + b), row)
  }
}

function columnOf(matrix: Uint32Array, column: number): Uint32Array {
  return matrix.subarray(column * COLUMN_WORDS, (column + 1) * COLUMN_WORDS)
}

function addWords(target: Uint32Array, source: Uint32Array, mask = maskOf(1)): void {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] ?? 0) ^ ((source[i] ?? 0) & mask)
}

/** chi_1 .. chi_m. */
function weightsOf(psid: Uint8Array, corrections: Uint8Array): Uint8Array {
  return expand('ote-chi', CHECK_BLOCKS * (CHECK_BITS / 8), psid, PARAMETERS, corrections)
}

function bindingOf(psid: Uint8Array, message: Uint8Array): Uint8Array {
  return hash('ote-msg', psid, message)
}

/**
 * The extension's work (1.8) in plain TypeScript over node:crypto: the reference twin's, and what
 * the compiled module is compared with. Row p of a matrix holds, for every column, its bit p.
 * INVARIANT: bits of Delta and of the choices are masks, never branches or indices. It is slow, and
 * of its 64-bit words nothing is claimed about time.
 */

import { maskOf, toBytes, toNarrow, toWide, toWords, transpose } from './bits.ts'
import type { ExtensionTables } from './curve.ts'
import { weigh, weighColumn } from './gf128.ts'
import {
  BASE_OTS,
  CHECK_BITS,
  COLUMN_BYTES,
  EXTENDED_OTS,
  KEY_BYTES,
  LEAVES,
  PAD_BYTES,
  TREE_DEPTH,
  TREES,
} from './params.ts'
import { puncturedLeaf } from './pprf.ts'
import { SecretScope } from './secret.ts'
import { FixedHash } from './transcript.ts'

const COLUMN_WORDS = COLUMN_BYTES / 4
const ROW_WORDS = BASE_OTS / 32
const ROW_WIDE_WORDS = ROW_WORDS / 2

export const plainExtensionTables: ExtensionTables = {
  expandOwn(psid, leaves, choices) {
    using scraps = new SecretScope()
    const chosen = scraps.keep(toWords(choices))
    const corrections = new Uint32Array(TREES * COLUMN_WORDS)
    const matrix = scraps.keep(new Uint32Array(BASE_OTS * COLUMN_WORDS))
    using oracle = new FixedHash('ote-prg', psid)
    for (let tree = 0; tree < TREES; tree++) {
      const correction = corrections.subarray(tree * COLUMN_WORDS, (tree + 1) * COLUMN_WORDS)
      correction.set(chosen)
      for (let y = 0; y < LEAVES; y++) {
        const row = rowOf(oracle, leafAt(leaves, tree * LEAVES + y), tree, y)
        addWords(correction, row)
        addToColumns(matrix, tree, y, row)
        row.fill(0)
      }
    }
    const rows = toBytes(transpose(matrix, BASE_OTS, COLUMN_WORDS))
    return { corrections: toBytes(corrections), rows }
  },
  expandKnown(psid, delta, leaves, packed) {
    using scraps = new SecretScope()
    const corrections = toWords(packed)
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
    return toBytes(transpose(matrix, BASE_OTS, COLUMN_WORDS))
  },
  weigh(rows, weights) {
    using scraps = new SecretScope()
    const words = scraps.keep(toWords(rows))
    return toBytes(toNarrow(weigh(toWide(words), ROW_WIDE_WORDS, weights)))
  },
  weighColumn(column, weights) {
    using scraps = new SecretScope()
    return toBytes(weighColumn(scraps.keep(toWords(column)), weights))
  },
  agree(sums, { rowSums, choiceSum }, delta) {
    let difference = 0
    for (let p = 0; p < CHECK_BITS; p++) {
      const mask = maskOf(((choiceSum[p >>> 3] ?? 0) >>> (p & 7)) & 1)
      for (let w = 0; w < delta.length; w++) {
        const at = p * delta.length + w
        difference |= (sums[at] ?? 0) ^ (rowSums[at] ?? 0) ^ ((delta[w] ?? 0) & mask)
      }
    }
    return difference === 0
  },
  pads(binding, rows, offset) {
    const pads = new Uint8Array(EXTENDED_OTS * PAD_BYTES)
    using oracle = new FixedHash('ote-pad', binding)
    const row = new Uint8Array(offset.length)
    for (let j = 0; j < EXTENDED_OTS; j++) {
      for (let i = 0; i < row.length; i++) {
        row[i] = (rows[j * row.length + i] ?? 0) ^ (offset[i] ?? 0)
      }
      const pad = oracle.digest(row, j)
      pads.set(pad, j * PAD_BYTES)
      pad.fill(0)
    }
    row.fill(0)
    return pads
  },
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

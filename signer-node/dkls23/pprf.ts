/**
 * From two-choose-one to all-but-one transfers: puncturable GGM trees (1.7; Roy 2022/192, figures
 * 13 and 14). The builder knows every leaf of every tree, the evaluator all but the leaf number
 * Delta_i of tree i, and a hash of all leaves shows it that both hold the same.
 * The evaluator numbers nodes by their distance z = y ^ y* from the punctured path y*: node 0 is
 * always the unknown one, so INVARIANT: no branch and no index of its loops depends on Delta.
 * It sends nothing and judges nothing: the caller acts on `isConsistent`.
 */

import { bitAt, maskOf, swapMasked, xorInto, xorMasked } from './bits.ts'
import { chunks, concat, Reader, u16 } from './bytes.ts'
import { digest, group, list, raw, sizeOf } from './layout.ts'
import { KEY_BYTES, LEAVES, TREE_DEPTH, TREES } from './params.ts'
import { equalBytes } from './secret.ts'
import { FixedHash, hash } from './transcript.ts'

const PROOF_BYTES = 64

/** Of one tree: the sums of all levels but the first, that of the proofs, and the hash of these. */
const TREE = group({
  corrections: raw('bytes', KEY_BYTES, (TREE_DEPTH - 1) * 2),
  proofSum: raw('bytes', PROOF_BYTES),
  proofs: digest,
})
export const TREES_MESSAGE = list(TREES, TREE)
export const PPRF_MESSAGE_BYTES = sizeOf([TREES_MESSAGE])

/** All leaves, tree by tree. */
export interface GrownTrees {
  readonly leaves: Uint8Array
  readonly message: Uint8Array
}

/** Leaves z = 1 .. LEAVES-1 of each tree, where leaf z is number Delta_i ^ z. */
export interface PuncturedTrees {
  readonly leaves: Uint8Array
  readonly isConsistent: boolean
}

/** The builder; `keys` are both keys of every base transfer, in order. */
export function growTrees(psid: Uint8Array, keys: Uint8Array): GrownTrees {
  using oracle = new TreeOracle(psid)
  const grown = chunks(keys, TREE_DEPTH * 2 * KEY_BYTES).map((pairs, tree) =>
    growTree(oracle, tree, chunks(pairs, KEY_BYTES)),
  )
  const leaves = concat(...grown.map((tree) => tree.leaves))
  for (const tree of grown) tree.leaves.fill(0)
  return { leaves, message: concat(...grown.map((tree) => tree.message)) }
}

/** The evaluator; `keys` are the chosen keys, whose choice bits `delta` determines (1.6). */
export function punctureTrees(
  psid: Uint8Array,
  delta: Uint8Array,
  keys: Uint8Array,
  message: Uint8Array,
): PuncturedTrees {
  using oracle = new TreeOracle(psid)
  const reader = new Reader(message)
  const leaves = new Uint8Array(TREES * (LEAVES - 1) * KEY_BYTES)
  let failures = 0
  chunks(keys, TREE_DEPTH * KEY_BYTES).forEach((treeKeys, tree) => {
    const path = { tree, punctured: puncturedLeaf(delta, tree) }
    const { corrections: sums, proofSum, proofs } = TREE.read(reader)
    const corrections = chunks(sums, KEY_BYTES)
    const known = evaluateTree(oracle, path, chunks(treeKeys, KEY_BYTES), corrections)
    // One verdict over all trees: which of them failed would tell bits of Delta.
    failures += Number(!equalBytes(digestOfPunctured(oracle, path, known, proofSum), proofs))
    leaves.set(known.subarray(KEY_BYTES), tree * (LEAVES - 1) * KEY_BYTES)
    known.fill(0)
  })
  reader.end()
  return { leaves, isConsistent: failures === 0 }
}

/** Delta_i: bits i*k .. i*k + k-1 of Delta, lowest first. */
export function puncturedLeaf(delta: Uint8Array, tree: number): number {
  let leaf = 0
  for (let b = 0; b < TREE_DEPTH; b++) leaf |= bitAt(delta, tree * TREE_DEPTH + b) << b
  return leaf
}

/** c_{i*k+d}: the complement of Delta_i, most significant bit first (1.6). */
export function choiceBit(delta: Uint8Array, index: number): number {
  const depth = index % TREE_DEPTH
  return 1 ^ bitAt(delta, index - depth + TREE_DEPTH - 1 - depth)
}

function growTree(oracle: TreeOracle, tree: number, keys: readonly Uint8Array[]): GrownTrees {
  const corrections: Uint8Array[] = []
  let level = concat(...keys.slice(0, 2))
  for (let depth = 1; depth < TREE_DEPTH; depth++) {
    const children = chunks(level, KEY_BYTES).map((seed, y) =>
      oracle.children(seed, tree, depth, y),
    )
    const next = concat(...children)
    for (const pair of [level, ...children]) pair.fill(0)
    const sums = keys.slice(2 * depth, 2 * depth + 2).map((key) => Uint8Array.from(key))
    chunks(next, KEY_BYTES).forEach((node, y) => {
      sums.forEach((sum, parity) => {
        xorMasked(sum, node, maskOf(1 ^ parity ^ (y & 1)))
      })
    })
    corrections.push(...sums)
    level = next
  }
  const proofs = chunks(level, KEY_BYTES).map((seed, y) => oracle.proof(seed, tree, y))
  const sum = new Uint8Array(PROOF_BYTES)
  for (const proof of proofs) xorInto(sum, proof)
  const message = concat(...corrections, sum, oracle.digest(tree, proofs))
  for (const proof of proofs) proof.fill(0)
  return { leaves: level, message }
}

interface Path {
  readonly tree: number
  /** Delta_i, secret: it enters hashes and masks, never an index. */
  readonly punctured: number
}

/** All leaves by distance; the one at distance 0 stays zero. */
function evaluateTree(
  oracle: TreeOracle,
  { tree, punctured }: Path,
  keys: readonly Uint8Array[],
  corrections: readonly Uint8Array[],
): Uint8Array {
  let known = concat(new Uint8Array(KEY_BYTES), ...keys.slice(0, 1))
  for (let depth = 1; depth < TREE_DEPTH; depth++) {
    const parent = punctured >>> (TREE_DEPTH - depth)
    const choice = 1 ^ ((punctured >>> (TREE_DEPTH - 1 - depth)) & 1)
    const next = new Uint8Array(2 * known.length)
    const sibling = next.subarray(KEY_BYTES, 2 * KEY_BYTES)
    for (const key of keys.slice(depth, depth + 1)) xorInto(sibling, key)
    corrections.slice(2 * depth - 2, 2 * depth).forEach((correction, parity) => {
      xorMasked(sibling, correction, maskOf(1 ^ choice ^ parity))
    })
    chunks(known, KEY_BYTES).forEach((seed, z) => {
      if (z === 0) return
      const children = oracle.children(seed, tree, depth, parent ^ z)
      const [even, odd] = [children.subarray(0, KEY_BYTES), children.subarray(KEY_BYTES)]
      // The child on the side of the known key stands at the odd distance from the new path.
      swapMasked(even, odd, maskOf(1 ^ choice))
      xorInto(sibling, odd)
      next.set(children, 2 * z * KEY_BYTES)
      children.fill(0)
    })
    known.fill(0)
    known = next
  }
  return known
}

/** The digest over all leaf proofs; that of the unknown leaf follows from their sum. */
function digestOfPunctured(
  oracle: TreeOracle,
  { tree, punctured }: Path,
  known: Uint8Array,
  sum: Uint8Array,
): Uint8Array {
  const proofs = chunks(known, KEY_BYTES).map((seed, z) =>
    z === 0 ? sum : oracle.proof(seed, tree, punctured ^ z),
  )
  for (const proof of proofs.slice(1)) xorInto(sum, proof)
  // From distances back to leaf numbers: one masked exchange for each bit of Delta_i.
  for (let b = 0; b < TREE_DEPTH; b++) {
    proofs.forEach((proof, z) => {
      const other = proofs[z ^ (1 << b)]
      if (((z >>> b) & 1) === 1 || other === undefined) return
      swapMasked(proof, other, maskOf((punctured >>> b) & 1))
    })
  }
  const digest = oracle.digest(tree, proofs)
  for (const proof of proofs) proof.fill(0)
  return digest
}

/** The three hashes of a tree under one psid. */
class TreeOracle {
  readonly #psid: Uint8Array
  readonly #nodes: FixedHash
  readonly #leaves: FixedHash

  constructor(psid: Uint8Array) {
    this.#psid = psid
    this.#nodes = new FixedHash('pprf-node', psid)
    this.#leaves = new FixedHash('pprf-leaf', psid)
  }

  /** Left and right; `depth` is the level of the children, `y` the number of their parent. */
  children(seed: Uint8Array, tree: number, depth: number, y: number): Uint8Array {
    return this.#nodes.digest(seed, tree, depth, y)
  }

  proof(leaf: Uint8Array, tree: number, y: number): Uint8Array {
    return this.#leaves.digest(leaf, tree, y)
  }

  digest(tree: number, proofs: readonly Uint8Array[]): Uint8Array {
    return hash('pprf-dig', this.#psid, u16(tree), proofs)
  }

  [Symbol.dispose](): void {
    this.#nodes[Symbol.dispose]()
    this.#leaves[Symbol.dispose]()
  }
}

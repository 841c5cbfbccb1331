// The tree over the log's lines: RFC 6962 hashes, roots, inclusion and consistency proofs.
// Only leaves and the roots of full tiles of 256, 256^2, ... leaves are stored, so that a root at
// any older size costs at most a few hundred hashes; a `Frontier` grows a root without storage.
// INVARIANT: sizes are safe integers, so halving is arithmetic and never a 32-bit operation.
// Does not know what a leaf means.
import { equalBytes, sha256 } from '../../proto/crypto.ts'
import { refuse } from '../../proto/refusal.ts'

export const tileWidth = 256

/** Level 0 are leaf hashes; level n has the roots of full tiles of 256^n leaves. */
export interface Hashes {
  hash(level: number, index: number): Uint8Array
}

export interface StoredHash {
  readonly level: number
  readonly index: number
  readonly hash: Uint8Array
}

/** The tree of the first `size` leaves, as the roots of its perfect subtrees, largest first. */
export interface Frontier {
  readonly size: number
  readonly roots: readonly Uint8Array[]
}

export const emptyRoot: Uint8Array = sha256()
export const emptyFrontier: Frontier = { size: 0, roots: [] }

export function leafHash(entry: Uint8Array): Uint8Array {
  return sha256(Uint8Array.of(0x00), entry)
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(Uint8Array.of(0x01), left, right)
}

/** What appending `leaf` as leaf number `size` must store: itself, and each tile that it fills. */
export function grow(hashes: Hashes, size: number, leaf: Uint8Array): readonly StoredHash[] {
  const stored: StoredHash[] = [{ level: 0, index: size, hash: leaf }]
  let index = size
  let hash = leaf
  for (let level = 1; index % tileWidth === tileWidth - 1; level += 1) {
    const first = index - tileWidth + 1
    let row = Array.from({ length: tileWidth - 1 }, (_, at) => hashes.hash(level - 1, first + at))
    row.push(hash)
    while (row.length > 1) row = pairwise(row)
    hash = row[0] ?? hash
    index = Math.floor(index / tileWidth)
    stored.push({ level, index, hash })
  }
  return stored
}

export function frontierAt(hashes: Hashes, size: number): Frontier {
  const roots: Uint8Array[] = []
  for (let from = 0; from < size; ) {
    const width = powerBelow(size - from + 1)
    roots.push(range(hashes, from, from + width))
    from += width
  }
  return { size, roots }
}

export function push(frontier: Frontier, leaf: Uint8Array): Frontier {
  const roots = [...frontier.roots]
  let hash = leaf
  for (let rest = frontier.size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
    const left = roots.pop()
    if (left === undefined) throw new Error('a frontier has one root for each bit of its size')
    hash = nodeHash(left, hash)
  }
  roots.push(hash)
  return { size: frontier.size + 1, roots }
}

export function rootOf(frontier: Frontier): Uint8Array {
  const last = frontier.roots.at(-1)
  if (last === undefined) return emptyRoot
  return frontier.roots.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), last)
}

export function rootAt(hashes: Hashes, size: number): Uint8Array {
  return size === 0 ? emptyRoot : range(hashes, 0, size)
}

/** RFC 6962, 2.1.1: the siblings on the way from leaf `index` to the root at `size`. */
export function inclusionProof(hashes: Hashes, index: number, size: number): readonly Uint8Array[] {
  if (index >= size) refuse('MALFORMED', `proof of line ${index} in a tree of ${size}`)
  return path(hashes, index, { from: 0, to: size })
}

/** RFC 6962, 2.1.2: that the tree of `from` leaves begins the tree of `to` leaves. */
export function consistencyProof(hashes: Hashes, from: number, to: number): readonly Uint8Array[] {
  if (from > to) refuse('MALFORMED', `proof that ${from} lines begin ${to}`)
  return from === 0 || from === to ? [] : subproof(hashes, from, { from: 0, to, known: true })
}

export interface Inclusion {
  readonly leaf: Uint8Array
  readonly index: number
  readonly size: number
  readonly root: Uint8Array
  readonly proof: readonly Uint8Array[]
}

/** RFC 9162, 2.1.3.2. */
export function verifyInclusion({ leaf, index, size, root, proof }: Inclusion): boolean {
  if (index < 0 || index >= size) return false
  let hash = leaf
  let node = index
  let last = size - 1
  for (const sibling of proof) {
    if (last === 0) return false
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sibling, hash)
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)]
    } else {
      hash = nodeHash(hash, sibling)
    }
    ;[node, last] = [half(node), half(last)]
  }
  return last === 0 && equalBytes(hash, root)
}

export interface Consistency {
  readonly from: number
  readonly fromRoot: Uint8Array
  readonly to: number
  readonly toRoot: Uint8Array
  readonly proof: readonly Uint8Array[]
}

/** RFC 9162, 2.1.4.2. */
export function verifyConsistency({ from, fromRoot, to, toRoot, proof }: Consistency): boolean {
  if (from < 0 || from > to) return false
  if (from === to) return proof.length === 0 && equalBytes(fromRoot, toRoot)
  if (from === 0) return proof.length === 0 && equalBytes(fromRoot, emptyRoot)
  let node = from - 1
  let last = to - 1
  while (node % 2 === 1) [node, last] = [half(node), half(last)]
  // The old tree is one perfect subtree: its root is no part of the proof.
  const [first, ...rest] = node === 0 ? [fromRoot, ...proof] : proof
  if (first === undefined) return false
  let old = first
  let now = first
  for (const sibling of rest) {
    if (last === 0) return false
    if (node % 2 === 1 || node === last) {
      old = nodeHash(sibling, old)
      now = nodeHash(sibling, now)
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)]
    } else {
      now = nodeHash(now, sibling)
    }
    ;[node, last] = [half(node), half(last)]
  }
  return last === 0 && equalBytes(old, fromRoot) && equalBytes(now, toRoot)
}

/** A whole tree in memory: for the verifier and for tests. */
export class MemoryTree implements Hashes {
  readonly #levels: Uint8Array[][] = [[]]

  get size(): number {
    return this.#levels[0]?.length ?? 0
  }

  append(leaf: Uint8Array): void {
    for (const { level, hash } of grow(this, this.size, leaf)) {
      const row = this.#levels[level]
      if (row === undefined) this.#levels.push([hash])
      else row.push(hash)
    }
  }

  hash(level: number, index: number): Uint8Array {
    const found = this.#levels[level]?.[index]
    if (found === undefined) throw new Error(`no stored hash ${level}/${index}`)
    return found
  }
}

interface Span {
  readonly from: number
  readonly to: number
}

/** Root of a range that begins where the recursion of RFC 6962 lets one begin. */
function range(hashes: Hashes, from: number, to: number): Uint8Array {
  const width = to - from
  for (let level = 0, tile = 1; tile <= width; level += 1, tile *= tileWidth) {
    if (tile === width) return hashes.hash(level, from / tile)
  }
  const middle = from + powerBelow(width)
  return nodeHash(range(hashes, from, middle), range(hashes, middle, to))
}

function path(hashes: Hashes, index: number, { from, to }: Span): Uint8Array[] {
  if (to - from === 1) return []
  const middle = from + powerBelow(to - from)
  return index < middle
    ? [...path(hashes, index, { from, to: middle }), range(hashes, middle, to)]
    : [...path(hashes, index, { from: middle, to }), range(hashes, from, middle)]
}

/** `known`: the verifier has the old tree's root, and this subtree is that whole tree so far. */
function subproof(
  hashes: Hashes,
  size: number,
  { from, to, known }: Span & { readonly known: boolean },
): Uint8Array[] {
  if (size === to) return known ? [] : [range(hashes, from, to)]
  const middle = from + powerBelow(to - from)
  if (size <= middle) {
    return [...subproof(hashes, size, { from, to: middle, known }), range(hashes, middle, to)]
  }
  const right = subproof(hashes, size, { from: middle, to, known: false })
  return [...right, range(hashes, from, middle)]
}

/** The largest power of two below `count`. */
function powerBelow(count: number): number {
  let power = 1
  while (power * 2 < count) power *= 2
  return power
}

function pairwise(row: readonly Uint8Array[]): Uint8Array[] {
  const above: Uint8Array[] = []
  for (let at = 0; at < row.length; at += 2) {
    const [left, right] = [row[at], row[at + 1]]
    if (left !== undefined && right !== undefined) above.push(nodeHash(left, right))
  }
  return above
}

const half = (count: number): number => Math.floor(count / 2)

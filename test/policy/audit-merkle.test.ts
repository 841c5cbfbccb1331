import { describe, expect, it } from 'vitest'
import {
  consistencyProof,
  emptyFrontier,
  emptyRoot,
  frontierAt,
  inclusionProof,
  leafHash,
  MemoryTree,
  nodeHash,
  push,
  rootAt,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from '../../policy/audit/merkle.ts'
import { fromHex, toHex, toUtf8 } from '../../proto/crypto.ts'

const bytes = (hex: string): Uint8Array => fromHex(hex)!

// The eight leaves that the reference code of Certificate Transparency tests with.
const reference = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
].map((hex) => leafHash(bytes(hex)))

function treeOf(leaves: readonly Uint8Array[]): MemoryTree {
  const tree = new MemoryTree()
  for (const leaf of leaves) tree.append(leaf)
  return tree
}

const leaves = (count: number) =>
  Array.from({ length: count }, (_, at) => leafHash(toUtf8(`line ${at}`)))

/** RFC 6962, 2.1, word for word, without any stored tile. */
function plainRoot(part: readonly Uint8Array[]): Uint8Array {
  if (part.length === 0) return emptyRoot
  if (part.length === 1) return part[0]!
  let split = 1
  while (split * 2 < part.length) split *= 2
  return nodeHash(plainRoot(part.slice(0, split)), plainRoot(part.slice(split)))
}

describe('the tree of RFC 6962', () => {
  it('has the published roots for nothing, for the empty leaf and for the eight leaves', () => {
    expect(toHex(rootAt(new MemoryTree(), 0))).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    )
    expect(toHex(reference[0]!)).toBe(
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    )
    expect(toHex(rootAt(treeOf(reference), 8))).toBe(
      '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
    )
  })

  it('has the plain definition as root at every size, across full tiles of two levels', () => {
    const all = leaves(600)
    const tree = treeOf(all)
    for (const size of [0, 1, 2, 3, 4, 5, 7, 8, 9, 255, 256, 257, 300, 511, 512, 513, 600]) {
      expect(toHex(rootAt(tree, size))).toBe(toHex(plainRoot(all.slice(0, size))))
    }
    const long = treeOf(leaves(65_537))
    const top = nodeHash(long.hash(2, 0), long.hash(0, 65_536))
    expect(toHex(rootAt(long, 65_537))).toBe(toHex(top))
    expect(toHex(rootAt(long, 1_000))).toBe(toHex(plainRoot(leaves(1_000))))
  })

  it('grows a frontier to the same root, from nothing and from any stored size', () => {
    const all = leaves(300)
    const tree = treeOf(all)
    let frontier = emptyFrontier
    for (const [at, leaf] of all.entries()) {
      expect(toHex(rootOf(frontier))).toBe(toHex(rootAt(tree, at)))
      expect(frontierAt(tree, at)).toEqual(frontier)
      frontier = push(frontier, leaf)
    }
    expect(frontier.size).toBe(300)
    expect(() => push({ size: 1, roots: [] }, all[0]!)).toThrow('one root for each bit')
  })

  it('does not invent a hash that was never stored', () => {
    expect(() => treeOf(leaves(3)).hash(0, 3)).toThrow('no stored hash 0/3')
  })
})

describe('an inclusion proof', () => {
  const tree = treeOf(leaves(40))

  it('verifies for every leaf of every size, and for no other leaf, place, size or root', () => {
    for (let size = 1; size <= 40; size += 1) {
      const root = rootAt(tree, size)
      for (let index = 0; index < size; index += 1) {
        const proof = inclusionProof(tree, index, size)
        const leaf = tree.hash(0, index)
        expect(verifyInclusion({ leaf, index, size, root, proof })).toBe(true)
        const other = tree.hash(0, (index + 1) % 40)
        expect(verifyInclusion({ leaf: other, index, size, root, proof })).toBe(false)
        expect(verifyInclusion({ leaf, index: index + 1, size, root, proof })).toBe(false)
        expect(verifyInclusion({ leaf, index, size, root: emptyRoot, proof })).toBe(false)
        expect(verifyInclusion({ leaf, index, size, root, proof: [...proof, leaf] })).toBe(false)
        if (size > 1) {
          expect(verifyInclusion({ leaf, index, size, root, proof: proof.slice(1) })).toBe(false)
        }
      }
    }
  })

  it('is refused for an index at or beyond the size', () => {
    const root = rootAt(tree, 5)
    expect(() => inclusionProof(tree, 5, 5)).toThrow('proof of line 5 in a tree of 5')
    const leaf = tree.hash(0, 5)
    expect(verifyInclusion({ leaf, index: 5, size: 5, root, proof: [] })).toBe(false)
    expect(verifyInclusion({ leaf, index: -1, size: 5, root, proof: [] })).toBe(false)
  })

  it('does not let an inner node pass as a leaf', () => {
    const root = rootAt(tree, 4)
    const inner = nodeHash(tree.hash(0, 0), tree.hash(0, 1))
    const sibling = nodeHash(tree.hash(0, 2), tree.hash(0, 3))
    expect(verifyInclusion({ leaf: inner, index: 0, size: 4, root, proof: [sibling] })).toBe(false)
    const preimage = Uint8Array.of(...tree.hash(0, 0), ...tree.hash(0, 1))
    expect(toHex(leafHash(preimage))).not.toBe(toHex(inner))
  })
})

describe('a consistency proof', () => {
  const tree = treeOf(leaves(40))

  it('verifies for every pair of sizes, and not with a hash changed, added or left out', () => {
    for (let to = 0; to <= 40; to += 1) {
      for (let from = 0; from <= to; from += 1) {
        const fromRoot = rootAt(tree, from)
        const toRoot = rootAt(tree, to)
        const proof = consistencyProof(tree, from, to)
        const given = { from, fromRoot, to, toRoot, proof }
        expect(verifyConsistency(given)).toBe(true)
        expect(verifyConsistency({ ...given, fromRoot: leafHash(toRoot) })).toBe(false)
        expect(verifyConsistency({ ...given, proof: [...proof, toRoot] })).toBe(false)
        if (from > 0) {
          expect(verifyConsistency({ ...given, toRoot: leafHash(toRoot) })).toBe(false)
        }
        if (proof.length > 0) {
          expect(verifyConsistency({ ...given, proof: proof.slice(0, -1) })).toBe(false)
          expect(verifyConsistency({ ...given, proof: [] })).toBe(false)
          const changed = proof.map((hash, at) => (at === 0 ? leafHash(hash) : hash))
          expect(verifyConsistency({ ...given, proof: changed })).toBe(false)
        }
      }
    }
  })

  it('holds for its two sizes only', () => {
    const proof = consistencyProof(tree, 6, 11)
    const roots = { fromRoot: rootAt(tree, 6), toRoot: rootAt(tree, 11) }
    expect(verifyConsistency({ from: 6, to: 17, ...roots, proof })).toBe(false)
    expect(verifyConsistency({ from: 4, to: 11, ...roots, proof })).toBe(false)
    expect(verifyConsistency({ from: 12, to: 11, ...roots, proof })).toBe(false)
    expect(verifyConsistency({ from: -1, to: 11, ...roots, proof })).toBe(false)
    expect(() => consistencyProof(tree, 12, 11)).toThrow('proof that 12 lines begin 11')
  })

  it('is not given by two trees that part before the smaller one ends', () => {
    const other = treeOf([...leaves(5), leafHash(toUtf8('another line')), ...leaves(9).slice(6)])
    const proof = consistencyProof(other, 6, 9)
    const given = { from: 6, fromRoot: rootAt(tree, 6), to: 9, toRoot: rootAt(other, 9), proof }
    expect(verifyConsistency(given)).toBe(false)
  })
})

import { describe, expect, it } from 'vitest'
import { ascii, concat, Malformed, u16 } from '../../signer-node/dkls23/bytes.ts'
import { KEY_BYTES, LEAVES, TREE_DEPTH, TREES } from '../../signer-node/dkls23/params.ts'
import {
  choiceBit,
  growTrees,
  PPRF_MESSAGE_BYTES,
  puncturedLeaf,
  punctureTrees,
} from '../../signer-node/dkls23/pprf.ts'
import { encode, FixedHash, sha256 } from '../../signer-node/dkls23/transcript.ts'
import { chosenKeys, dealTrees } from '../kit/pairings.ts'
import { flip } from '../kit/protocol.ts'

const { psid, delta, keys, chosen, message, senderLeaves, allLeaves } = dealTrees('trees')
const TREE_MESSAGE_BYTES = PPRF_MESSAGE_BYTES / TREES
const trees = [...Array(TREES).keys()]

const leafOf = (tree: number, y: number): Uint8Array =>
  allLeaves.slice((tree * LEAVES + y) * KEY_BYTES, (tree * LEAVES + y + 1) * KEY_BYTES)
const knownOf = (tree: number, z: number): Uint8Array => {
  const at = (tree * (LEAVES - 1) + z - 1) * KEY_BYTES
  return senderLeaves.slice(at, at + KEY_BYTES)
}

describe('puncturable trees', () => {
  it('give the evaluator every leaf but the one that Delta names', () => {
    const seen = new Set<number>()
    for (const tree of trees) {
      const punctured = puncturedLeaf(delta, tree)
      seen.add(punctured)
      for (let z = 1; z < LEAVES; z++) expect(knownOf(tree, z)).toEqual(leafOf(tree, punctured ^ z))
    }
    expect(seen.size).toBe(LEAVES)
  })

  it('hide that leaf: it is in nothing that the evaluator holds', () => {
    const held = Buffer.from([...senderLeaves, ...message, ...chosen])
    for (const tree of trees) {
      expect(held.includes(Buffer.from(leafOf(tree, puncturedLeaf(delta, tree))))).toBe(false)
    }
  })

  it('take the complement of Delta as choice bits, most significant first', () => {
    const only = new Uint8Array(delta.length)
    only[0] = 0b01
    expect(puncturedLeaf(only, 0)).toBe(1)
    expect([choiceBit(only, 0), choiceBit(only, 1)]).toEqual([1, 0])
    expect(TREE_DEPTH).toBe(2)
  })

  it('are found inconsistent for a changed correction exactly when it was read (A10)', () => {
    for (const tree of trees.slice(0, 12)) {
      for (const parity of [0, 1]) {
        const at = tree * TREE_MESSAGE_BYTES + parity * KEY_BYTES
        const { isConsistent } = punctureTrees(psid, delta, chosen, flip(message, at + 5, 0x40))
        expect(isConsistent).toBe(choiceBit(delta, 2 * tree + 1) !== parity)
      }
    }
  })

  it.each([
    ['the sum of the proofs', 2 * KEY_BYTES],
    ['the digest', 2 * KEY_BYTES + 64],
  ])('are always found inconsistent when %s is changed (A10)', (_, offset) => {
    for (const tree of [0, 77, TREES - 1]) {
      const changed = flip(message, tree * TREE_MESSAGE_BYTES + offset)
      expect(punctureTrees(psid, delta, chosen, changed).isConsistent).toBe(false)
    }
    expect(punctureTrees(psid, delta, chosen, message).isConsistent).toBe(true)
  })

  it('are shown by the sum of the leaf proofs and their hash, each under its own tag', () => {
    const leaf = new FixedHash('pprf-leaf', psid)
    for (const tree of [0, 77, TREES - 1]) {
      const proofs = [0, 1, 2, 3].map((y) => leaf.digest(leafOf(tree, y), tree, y))
      const sum = proofs[0]!.map((byte, i) => proofs.slice(1).reduce((a, b) => a ^ b[i]!, byte))
      const hashed = sha256(encode('pprf-dig', [psid, u16(tree), proofs]))
      const at = tree * TREE_MESSAGE_BYTES + 2 * KEY_BYTES
      expect(message.slice(at, at + 96)).toEqual(concat(sum, hashed))
    }
  })

  it('are found inconsistent under another session id or with a wrong key', () => {
    const other = sha256(ascii('another session'))
    expect(punctureTrees(other, delta, chosen, message).isConsistent).toBe(false)
    expect(punctureTrees(psid, delta, flip(chosen, 700), message).isConsistent).toBe(false)
  })

  it.each([PPRF_MESSAGE_BYTES - 1, PPRF_MESSAGE_BYTES + 1])('refuse %i bytes', (length) => {
    const other = new Uint8Array(length)
    other.set(message.subarray(0, length))
    expect(() => punctureTrees(psid, delta, chosen, other)).toThrow(Malformed)
  })

  it('differ in every leaf and message for another session id (A11)', () => {
    const other = growTrees(sha256(ascii('another session')), keys)
    expect(other.leaves).not.toEqual(allLeaves)
    expect(other.message).not.toEqual(message)
    const flipped = flip(delta, 0, 0xff)
    expect(chosenKeys(flipped, keys)).not.toEqual(chosen)
  })
})

// What growing and puncturing trees leaves behind, once their results are wiped: nothing of a leaf, of
// a node above it, or of the proofs that would tell the leaf that is not known.
import { describe, expect, it } from 'vitest'
import { chunks } from '../../signer-node/dkls23/bytes.ts'
import { KEY_BYTES, LEAVES, TREES } from '../../signer-node/dkls23/params.ts'
import { growTrees, punctureTrees } from '../../signer-node/dkls23/pprf.ts'
import { FixedHash } from '../../signer-node/dkls23/transcript.ts'
import { dealTrees } from '../kit/pairings.ts'
import { Memory, rowsOf } from './memory.ts'

const { psid, delta, keys, chosen, message, senderLeaves, allLeaves } = dealTrees('wiped trees')
const first = [...chunks(allLeaves, KEY_BYTES)].slice(0, LEAVES)
const oracle = new FixedHash('pprf-leaf', psid)
const proofs = first.map((leaf, y) => oracle.digest(leaf, 0, y))
const nodes = new FixedHash('pprf-node', psid)
const children = [0, 1].map((y) => nodes.digest(keys.slice(32 * y, 32 * y + 32), 0, 1, y))

describe('the memory after trees', () => {
  it('were grown holds no leaf, no node and no proof but in the result', () => {
    const memory = new Memory()
    const given = keys.slice()
    const grown = memory.watch(() => growTrees(psid, given))
    const needles = [
      ...rowsOf('leaf', allLeaves),
      ...rowsOf('key', keys),
      ...proofs.map((proof) => ['proof', proof] as const),
      ...children.map((pair) => ['children', pair] as const),
    ]
    expect(memory.find(needles)).toContain('leaf')
    for (const bytes of [grown.leaves, given]) bytes.fill(0)
    expect(memory.find(needles)).toEqual([])
  })

  it('were punctured holds no known leaf and no proof but in the result', () => {
    const memory = new Memory()
    const [given, copy] = [chosen.slice(), message.slice()]
    const punctured = memory.watch(() => punctureTrees(psid, delta, given, copy))
    const needles = [
      ...rowsOf('leaf', senderLeaves),
      ...rowsOf('key', chosen),
      ...rowsOf('unknown leaf', allLeaves),
      ...proofs.map((proof) => ['proof', proof] as const),
      ...children.map((pair) => ['children', pair] as const),
    ]
    expect(punctured.leaves).toHaveLength(TREES * (LEAVES - 1) * KEY_BYTES)
    expect(memory.find(needles)).toContain('leaf')
    for (const bytes of [punctured.leaves, given]) bytes.fill(0)
    expect(memory.find(needles)).toEqual([])
  })
})

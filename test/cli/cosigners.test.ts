// Whether a line counts as witnessed on this machine, when roots came after it.
import { describe, expect, it } from 'vitest'
import { cosignersOf } from '../../cli/roots.ts'
import {
  checkpointBody,
  cosignCheckpoint,
  formatNote,
  parseNoteText,
} from '../../policy/audit/checkpoint.ts'
import type { Reigns } from '../../policy/audit/reigns.ts'
import { witnessesOf } from '../../policy/documents.ts'
import type { Trust } from '../../policy/trust.ts'
import { sha256, toUtf8 } from '../../proto/crypto.ts'
import * as house from '../kit/audit-documents.ts'
import { firstRoot, nextRoot, node, nodeJson, witnessOf } from '../kit/succession.ts'

const witness = { w: 3, f: 0, q: 3 }
const nodes = {
  second: [node.b, node.c, nodeJson('node-d', 4)],
  third: [node.c, nodeJson('node-d', 4), nodeJson('node-e', 5)],
} as const
const second = nextRoot({ nodes: nodes.second, witness })
const third = nextRoot({ nodes: nodes.third, witness }, second)
const reigns: Reigns = [
  { root: firstRoot.root, from: 1 },
  { root: second.root, from: 10 },
  { root: third.root, from: 20 },
]
const { root } = firstRoot
const pinned = { witnesses: witnessesOf(root), q: root.witness.q }
const trust = { ...pinned, log: root.log, root: root.digest } as unknown as Trust

/** A head of this size, cosigned by the witnesses of these nodes. */
function head(size: number, by: readonly string[]) {
  const body = checkpointBody({ origin: house.origin, size, root: sha256(toUtf8('tree')) })
  const lines = by.map((name) => {
    return cosignCheckpoint(body, witnessOf(name), 1_000, house.keyOf(`${name}-witness`).sign)
  })
  return parseNoteText(formatNote(body, lines))
}
const seen = (size: number, by: readonly string[], seq: number) =>
  cosignersOf(head(size, by), { trust, reigns }, seq)?.length

const newest = ['node-c', 'node-d', 'node-e']
const middle = ['node-b', 'node-c', 'node-d']

describe('a line is witnessed', () => {
  it('by the quorum of its own root, or of the one that came next', () => {
    expect(seen(15, ['node-a', 'node-b', 'node-c'], 5)).toBe(3)
    expect(seen(15, middle, 5)).toBe(3)
    expect(seen(30, newest, 15)).toBe(3)
    expect(seen(30, newest, 25)).toBe(3)
    expect(seen(15, ['node-c', 'node-d'], 5)).toBeUndefined()
  })

  it('by no quorum two roots later, which may share nobody with its own', () => {
    expect(seen(30, newest, 5)).toBeUndefined()
    expect(seen(30, middle, 5)).toBe(2)
  })
})

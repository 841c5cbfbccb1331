import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  checkpointBody,
  cosignCheckpoint,
  formatNote,
  signCheckpoint,
  vkeyOf,
} from '../../policy/audit/checkpoint.ts'
import { writeExport } from '../../policy/audit/export.ts'
import { rootOf } from '../../policy/audit/merkle.ts'
import { coverage, reignOver } from '../../policy/audit/reigns.ts'
import type { Report } from '../../policy/audit/report.ts'
import { verify } from '../../policy/audit/verify.ts'
import type { Root } from '../../policy/documents.ts'
import { switchFault } from '../../policy/succession.ts'
import { toUtf8 } from '../../proto/crypto.ts'
import { parseNodeId } from '../../proto/ids.ts'
import * as house from '../kit/audit-documents.ts'
import type { TestLog } from '../kit/audit-log.ts'
import { goodStory, trust } from '../kit/audit-story.ts'
import type { Story } from '../kit/story.ts'
import {
  firstRoot,
  policy3,
  replaced,
  replaceNode,
  rootLine,
  signedBy,
  witnessOf,
} from '../kit/succession.ts'

/** The head over all lines, signed by the log and cosigned by these nodes. */
function noteOf(log: TestLog, nodes: readonly string[]): string {
  const { size, frontier } = log.head
  const body = checkpointBody({ origin: house.origin, size, root: rootOf(frontier) })
  const lines = nodes.map((name) => {
    const { sign } = house.keyOf(`${name}-witness`)
    return cosignCheckpoint(body, witnessOf(name), log.t + 1_000, sign)
  })
  return formatNote(body, [signCheckpoint(body, house.log, house.keyOf('log').sign), ...lines])
}

const [a, b, c, d] = ['node-a', 'node-b', 'node-c', 'node-d'] as const

/** The good story, in which node-d then takes the place of node-c. */
function switched(): Story {
  const story = goodStory()
  story.log.wait(60)
  keepAll(story, signedBy(replaced))
  replaceNode(story.log)
  return story
}

function keepAll(story: Story, signatures: string): void {
  story.keep('root', toUtf8(replaced.text))
  story.keep('rootSignatures', toUtf8(signatures))
  story.keep('policy', toUtf8(policy3.text))
}

function reported(story: Story, checkpoint: string): Report {
  const files = writeExport(story.export(checkpoint))
  return verify({ files, trust, nowMs: story.log.t + 2_000 })
}

describe('an export of a log with two roots', () => {
  it('is OK by the trust file of the first one, when each head has the witnesses of its root', () => {
    const story = switched()
    const report = reported(story, noteOf(story.log, [a, b, d]))
    expect(report.findings).toEqual([])
    expect(report).toMatchObject({ exit: 0, word: 'OK' })
  })

  it.each([
    ['the old quorum', [a, b]],
    ['the old quorum and the node that has left', [a, b, c]],
    ['the new node and one more', [a, d]],
  ])('is UNCONFIRMED when the last head is cosigned by %s', (_what, nodes) => {
    const story = switched()
    const report = reported(story, noteOf(story.log, nodes))
    expect(report).toMatchObject({ exit: 3, results: { witnessing: 'UNCONFIRMED' } })
    expect(report.findings[0]?.because).toContain('expected cosignatures of 3 witnesses, got 2')
  })

  it('that ends with the line of the switch is judged by the witnesses before it', () => {
    const story = goodStory()
    story.log.wait(60)
    const signatures = signedBy(replaced)
    keepAll(story, signatures)
    const line = rootLine(story.log, replaced, signatures, [policy3.text])
    story.log.add('root.activated', ...line)
    expect(reported(story, noteOf(story.log, [a, b])).exit).toBe(0)
    expect(reported(story, noteOf(story.log, [b, c])).exit).toBe(0)
    // A new node that cosigns before its root is in force is nobody yet.
    expect(reported(story, noteOf(story.log, [a, d])).exit).toBe(3)
  })

  it('is UNCONFIRMED while too few of the old witnesses have seen the switch', () => {
    const story = switched()
    const report = reported(story, noteOf(story.log, [a, d]))
    const because = 'root 2: expected 2 witnesses of the root before, got 1'
    expect(report.findings).toContainEqual(
      expect.objectContaining({ code: 'COSIGN', because, line: 27 }),
    )
    // One more head with another of them, whatever its size, and it is seen.
    story.heads.push(noteOf(story.log, [b]))
    const seen = reported(story, noteOf(story.log, [a, d]))
    expect(seen.findings.filter((finding) => finding.because === because)).toEqual([])
  })

  it('is a VIOLATION when nobody lawful signed for the new root, and changes no witness', () => {
    const story = goodStory()
    story.log.wait(60)
    const forged = signedBy(replaced, ['nobody'])
    keepAll(story, forged)
    const [body] = rootLine(story.log, replaced, forged, [policy3.text])
    story.log.force('root.activated', body)
    const report = reported(story, noteOf(story.log, [a, b]))
    expect(report).toMatchObject({ exit: 4, word: 'VIOLATION' })
    expect(report.findings).toEqual([expect.objectContaining({ code: 'GOV_QUORUM', line: 27 })])
    expect(reported(story, noteOf(story.log, [a, d])).results.witnessing).toBe('UNCONFIRMED')
  })

  it.each(['root', 'rootSignatures', 'policy'] as const)(
    'is UNCONFIRMED without the blob of its %s',
    (kind) => {
      const story = switched()
      const at = story.blobs.findLastIndex((blob) => blob.kind === kind)
      story.blobs.splice(at, 1)
      const report = reported(story, noteOf(story.log, [a, b, d]))
      expect(report).toMatchObject({ exit: 3, results: { completeness: 'UNCONFIRMED' } })
    },
  )
})

describe('the coverage of a line', () => {
  const reigns = [
    { root: firstRoot.root, from: 1 },
    { root: replaced.root, from: 10 },
  ]
  const by = (heads: Record<string, number>, seq: number) =>
    coverage(reigns, seq, (name) => heads[name.replace('.acme.example/witness', '')] ?? 0)

  it('is asked of the root before the line, also of the line that brings the next', () => {
    expect(reignOver(reigns, 0).root.version).toBe(1)
    expect(reignOver(reigns, 10).root.version).toBe(1)
    expect(reignOver(reigns, 11).root.version).toBe(2)
    expect(by({ [b]: 11, [c]: 11 }, 10)).toEqual({ q: 2, seen: 2, isCovered: true })
    expect(by({ [a]: 11, [d]: 11 }, 10)).toEqual({ q: 2, seen: 1, isCovered: false })
  })

  it('after the switch is of the new witnesses, whatever those that left go on to sign', () => {
    expect(by({ [a]: 12, [b]: 12, [d]: 12 }, 11)).toEqual({ q: 3, seen: 3, isCovered: true })
    expect(by({ [a]: 12, [b]: 12, [c]: 12 }, 11)).toEqual({ q: 3, seen: 2, isCovered: false })
    // Heads from before the line do not cover it.
    expect(by({ [a]: 12, [b]: 12, [d]: 11 }, 11).isCovered).toBe(false)
  })

  it('after a switch that the old witnesses have not seen is none', () => {
    const light = { ...replaced.root, nodes: replaced.root.nodes.slice(2) }
    const few = [reigns[0]!, { root: { ...light, witness: { w: 1, f: 0, q: 1 } }, from: 10 }]
    const heads = (name: string): number => (name === witnessOf(d).name ? 12 : 0)
    expect(coverage(few, 11, heads)).toEqual({ q: 1, seen: 1, isCovered: false })
    expect(coverage(few, 11, (name) => (name === witnessOf(c).name ? 11 : 12)).isCovered).toBe(true)
  })
})

describe('two logs that part at a switch', () => {
  /** Sizes of a root, and what each witness does: 0 the one log, 1 the other; corrupt ones both. */
  const side = fc.integer({ min: 0, max: 1 })
  const numbers = fc.record({
    w: fc.integer({ min: 1, max: 6 }),
    f: fc.integer({ min: 0, max: 1 }),
  })
  const story = fc.record({
    old: numbers,
    next: numbers,
    shared: fc.integer({ min: 0, max: 6 }),
    more: fc.integer({ min: 0, max: 3 }),
    nextMore: fc.integer({ min: 0, max: 3 }),
    corrupt: fc.array(fc.integer({ min: 0, max: 11 }), { maxLength: 1 }),
    sides: fc.array(side, { minLength: 12, maxLength: 12 }),
  })

  function rootOf(names: readonly string[], f: number, more: number): Root {
    const w = names.length
    const q = Math.min(w, Math.floor((w + f + 2) / 2) + more)
    const witnesses = names.map((name) => {
      const witness = vkeyOf(name, 'witness', house.keyOf(name).publicKey)
      const { identity, transport } = firstRoot.root.nodes[0]!
      return { node: parseNodeId(name), identity, transport, witness }
    })
    return { ...firstRoot.root, nodes: [], witnesses, witness: { w, f, q } }
  }

  it('never both have their quorums, whatever the honest witnesses happen to see', () => {
    let tried = 0
    fc.assert(
      fc.property(story, ({ old, next, shared, more, nextMore, corrupt, sides }) => {
        const start = old.w - Math.min(shared, old.w)
        const oldNames = Array.from({ length: old.w }, (_, at) => `w-${at}`)
        const newNames = Array.from({ length: next.w }, (_, at) => `w-${start + at}`)
        const one = rootOf(oldNames, old.f, more)
        const two = rootOf(newNames, next.f, nextMore)
        const lawful = [one, two].every(({ witness: { w, f, q } }) => 2 * q - w >= f + 1)
        const bad = new Set(corrupt.map((at) => `w-${at}`))
        const few = [one, two].every(({ witness, witnesses }) => {
          return witnesses.filter(({ node }) => bad.has(node)).length <= witness.f
        })
        if (!lawful || !few || switchFault(one, two) !== undefined) return
        tried += 1
        const reigns = [
          { root: one, from: 1 },
          { root: two, from: 10 },
        ]
        // Each honest witness has all of one log and nothing of the other after line 9.
        const sizeIn = (log: number) => (name: string) => {
          const at = Number(name.slice(2))
          return bad.has(name) || sides[at] === log ? 20 : 10
        }
        const isNew = coverage(reigns, 15, sizeIn(0)).isCovered
        const isOld = coverage(reigns.slice(0, 1), 15, sizeIn(1)).isCovered
        expect(isNew && isOld).toBe(false)
        // Nor does who is shown only the old root meet a quorum of the new one elsewhere.
        const alone = two.witnesses.filter(({ node }) => sizeIn(0)(node) > 15).length
        expect(alone >= two.witness.q && isOld).toBe(false)
      }),
      { numRuns: 2_000 },
    )
    expect(tried).toBeGreaterThan(200)
  })
})

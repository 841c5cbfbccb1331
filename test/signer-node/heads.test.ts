// Heads beyond the own copy, which wait for its lines: whatever order they come in and whoever
// brings what, the first of them that proves a fork is there when it can be compared.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { formatNote, parseNoteText } from '../../policy/audit/checkpoint.ts'
import { toUtf8 } from '../../proto/crypto.ts'
import { bootedLog, type TestLog } from '../kit/audit-log.ts'
import { type Name, names, ThreeNodes } from './three-nodes.ts'

let three: ThreeNodes
beforeEach(() => {
  three = new ThreeNodes().ready()
})
afterEach(() => three.close())

const grow = (log: TestLog, count: number): TestLog => {
  for (let at = 0; at < count; at += 1) log.wait(1).add('log.heartbeat', {})
  return log
}

/** Another face of the log, so many lines beyond where both begin. */
const other = (count: number): TestLog => grow(bootedLog().wait(9), count)

/** The lines of another log than the coordinator's own. */
function linesOf(log: TestLog, ...which: readonly Name[]): void {
  const { log: own } = three
  three.log = log
  three.lines(...which)
  three.log = own
}

/** The same head without the log's line, which anybody who carries it can take away. */
function withoutLog(note: string): Uint8Array {
  const { body, signatures } = parseNoteText(note)
  const lines = signatures.slice(1).map(({ name, keyId, signature }) => {
    const bytes = Buffer.concat([Buffer.from(keyId, 'hex'), signature])
    return `\u2014 ${name} ${bytes.toString('base64')}`
  })
  return toUtf8(formatNote(body, lines))
}

/** Node a hears these, then takes the lines that they are compared with. */
function afterHearing(...heads: readonly Uint8Array[]): string {
  for (const head of heads) three.heads(head)
  expect(three.state('node-a')).toBe('ready')
  grow(three.log, 1)
  three.lines('node-a')
  return three.state('node-a')
}

describe('a head that proves a fork, and waits', () => {
  const proof = () => toUtf8(other(1).note([1]))

  it('gives way to no larger one of its witness', () => {
    expect(afterHearing(proof(), toUtf8(other(2).note([1])))).toBe('forked')
  })

  it('is not kept out by a larger one, nor by itself without the signature of the log', () => {
    const larger = toUtf8(other(9).note([1]))
    expect(afterHearing(larger, withoutLog(other(1).note([1])), proof())).toBe('forked')
  })

  it('gives way to no earlier and larger ones of its witness together', () => {
    // One line more that both logs have; from then on this witness sees another one.
    const elsewhere = grow(bootedLog(), 1)
    const shared = toUtf8(elsewhere.note([1]))
    grow(elsewhere.wait(9), 1)
    const found = toUtf8(elsewhere.note([1]))
    const larger = [3, 30, 300].map((count) => toUtf8(grow(elsewhere, count).note([1])))
    for (const head of [found, shared, ...larger]) three.heads(head)
    expect(three.state('node-a')).toBe('ready')
    for (const expected of ['ready', 'forked']) {
      grow(three.log, 1)
      three.lines('node-a')
      expect(three.state('node-a')).toBe(expected)
    }
  })

  it('is there beside one that only counts for the quorum', () => {
    expect(afterHearing(proof(), withoutLog(other(7).note([1])))).toBe('forked')
  })
})

describe('the head of a page that does not go on from the own copy', () => {
  it('waits too, whether the page was refused or begins beyond it', () => {
    for (const from of [6, 7]) {
      grow(three.log, 1)
      three.lines('node-a')
      const size = three.log.head.size
      expect(size).toBe(6)
      three.sizes.set('node-a', from)
      linesOf(other(3), 'node-a')
      expect([three.state('node-a'), three.at('node-a').node.status().size]).toEqual(['ready', 6])
      three.sizes.set('node-a', 6)
      grow(three.log, 2)
      three.lines('node-a')
      expect(three.state('node-a')).toBe('forked')
      three.close()
      three = new ThreeNodes().ready()
    }
  })
})

describe('what a peer tells of its own log', () => {
  it('waits like any head, though no witness has cosigned the note', () => {
    three.shareHeads = false
    linesOf(other(2), 'node-b')
    // Whoever carries lets the smaller log hear of nothing: only node a asks, while it is behind.
    three.carry = (from, to, frame) => {
      const isAsked = frame.frame === 'note' && frame.note.kind === 'floor-query'
      return isAsked && (from !== 'node-a' || to !== 'node-b') ? undefined : frame
    }
    three.tick(60_000)
    expect(names.map((name) => three.state(name))).toEqual(['ready', 'ready', 'ready'])
    grow(three.log, 2)
    three.lines('node-a')
    expect(three.state('node-a')).toBe('forked')
  })

  it('is compared also where it answers the first question after a start', () => {
    three.shareHeads = false
    grow(three.log, 1)
    three.lines('node-a')
    linesOf(other(1), 'node-b')
    three.stop('node-a')
    three.start('node-a')
    three.tick(2_000)
    expect(three.state('node-a')).toBe('forked')
  })
})

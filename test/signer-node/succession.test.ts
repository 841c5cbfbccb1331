import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fromUtf8, toUtf8 } from '../../proto/crypto.ts'
import { writeSigned } from '../../proto/frames.ts'
import { parseNodeId } from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { parse } from '../../proto/jcs.ts'
import { kinds, signBy } from '../../proto/node-documents.ts'
import * as house from '../kit/audit-documents.ts'
import {
  nextRoot,
  node,
  nodeJson,
  policy3,
  policyWith,
  replaced,
  replaceNode,
  rootLine,
  signedBy,
} from '../kit/succession.ts'
import { SigningHouse } from './signing-kit.ts'
import { ThreeNodes } from './three-nodes.ts'

let three: ThreeNodes
beforeEach(() => {
  three = new ThreeNodes().ready()
  three.shareHeads = false
  for (const name of ['node-a', 'node-b', 'node-c'] as const) three.at(name).said.length = 0
})
afterEach(() => three.close())

const events = (name: 'node-a' | 'node-c', called: string) =>
  three.at(name).ports.events.filter((event) => event.name === called)
const size = (name: 'node-a' | 'node-c') => three.at(name).node.status().size

describe('a node that the new root does not name', () => {
  it('cosigns the line until the old quorum has seen it, and then no more', () => {
    replaceNode(three.log)
    three.lines('node-c')
    expect(three.state('node-c')).toBe('removed')
    expect(events('node-c', 'removed')).toHaveLength(1)
    const [last] = three.heard('node-c', 'cosigned')
    expect(last?.size).toBe(three.log.head.size)
    // With the head of one more the old quorum is complete.
    three.lines('node-a')
    const [other] = three.heard('node-a', 'cosigned')
    three.heads(other!.note)
    three.settle()
    three.log.wait(1).add('log.heartbeat', {})
    three.lines('node-c')
    expect(three.heard('node-c', 'cosigned')).toEqual([])
    expect(three.heard('node-c', 'behind')).toHaveLength(1)
    expect(size('node-c')).toBe(three.log.head.size)
  })

  it('takes no new work, with the reason, also after a restart', () => {
    replaceNode(three.log)
    three.lines('node-c')
    three.prepare('node-c', { keygen: three.keygen('hot-eth'), ticket: new Uint8Array(16) })
    const [refused] = three.heard('node-c', 'refused')
    const said = kinds.refusal.shape(parse(toUtf8(fromUtf8(refused!.refusal.document)!)), 'refusal')
    expect(said).toMatchObject({ code: 'PARTICIPANTS', expected: 'root 2 does not name this node' })
    three.stop('node-c')
    three.start('node-c')
    expect(three.state('node-c')).toBe('removed')
  })
})

describe('a node that stays', () => {
  it('takes a forged succession for the void line that it is', () => {
    const forged = signedBy(replaced, ['nobody'])
    const policy = policyWith({ witness: { n: 3, f: 0, quorum: 3 } }).text
    const [body, enclosures] = rootLine(three.log, replaced, forged, [policy])
    three.log.force('root.activated', body, enclosures)
    three.lines('node-a', 'node-c')
    expect(events('node-a', 'void-line')).toHaveLength(1)
    expect(three.state('node-c')).toBe('ready')
    expect(three.heard('node-c', 'cosigned')).toHaveLength(1)
  })
})

describe('the floor of a node that was away at the switch', () => {
  it('asks by the root before it too, unless the others have sealed it without this node', () => {
    three.stop('node-a')
    rmSync(join(three.home, 'node-a', 'floor'), { recursive: true })
    replaceNode(three.log)
    three.lines('node-b', 'node-c')
    const notes = (['node-b', 'node-c'] as const).map(
      (name) => three.heard(name, 'cosigned')[0]!.note,
    )
    // The one that has left answers nobody any more.
    three.carry = (from, to, frame) => (from === 'node-c' || to === 'node-c' ? undefined : frame)
    three.start('node-a')
    three.lines('node-a')
    three.tick(2_000)
    expect(three.state('node-a')).toBe('checking')
    expect(three.heard('node-a', 'cosigned')).toEqual([])
    three.heads(notes[0]!)
    three.tick(2_000)
    expect(three.state('node-a')).toBe('checking')
    three.heads(notes[1]!)
    three.tick(2_000)
    expect(three.state('node-a')).toBe('ready')
    expect(three.heard('node-a', 'cosigned').length).toBeGreaterThan(0)
  })
})

describe('the floor with a second place that agrees', () => {
  it('is passed on the word of a node that the root names, and of none that has left', () => {
    replaceNode(three.log)
    three.shareHeads = true
    three.lines('node-a', 'node-b', 'node-c')
    three.stop('node-a')
    let nonce = ''
    three.carry = (_from, _to, frame) => {
      if (frame.frame !== 'note') return frame
      const asked = JSON.parse(fromUtf8(frame.note.document.document)!) as { nonce: string }
      nonce = asked.nonce
      return undefined
    }
    three.start('node-a')
    three.tick(2_000)
    expect(three.state('node-a')).toBe('checking')
    const answer = (from: 'node-b' | 'node-c') => {
      const by = { node: parseNodeId(from), sign: house.keyOf(`${from}-identity`).sign }
      const words = { org: house.org, env: house.env, node: from, to: 'node-a', nonce }
      const format = 'custody-floor-answer/v1'
      const said = { ...words, format, cosigned: '', counter: 0, head: '' }
      const document = writeSigned(signBy(kinds.floorAnswer, said, by))
      const note = { from, to: 'node-a', kind: 'floor-answer', document }
      three.give('node-a', { frame: 'note', note })
    }
    answer('node-c')
    expect(three.state('node-a')).toBe('checking')
    answer('node-b')
    expect(three.state('node-a')).toBe('ready')
  })
})

describe('a share that waits', () => {
  it('does not leave when one of its session has left the root meanwhile', () => {
    const signing = new SigningHouse()
    try {
      signing.shareHeads = false
      const payout = signing.payout()
      signing.begin(payout, signing.askSigners(payout))
      expect(signing.at('node-a').node.status().waitingReleases).toBe(1)
      const nodes = [node.a, nodeJson('node-d', 2), node.c]
      const next = nextRoot({ ...(JSON.parse(replaced.text) as JsonObject), nodes })
      const line = rootLine(signing.log, next, signedBy(next), [policy3.text])
      signing.log.add('root.activated', ...line)
      signing.shareHeads = true
      signing.lines('node-a', 'node-b', 'node-c')
      expect(signing.stopped('node-a')).toBe('PARTICIPANTS')
      expect(signing.stopped('node-b')).toBe('PARTICIPANTS')
      expect(signing.heard('node-a', 'share')).toEqual([])
      signing.tick(50)
      expect(signing.at('node-a').node.status().pairings).toEqual(['node-c'])
    } finally {
      signing.close()
    }
  })
})

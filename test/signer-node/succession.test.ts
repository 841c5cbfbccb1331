import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readSync } from '../../policy/audit/rows.ts'
import { get, put, tables } from '../../policy/audit/tables.ts'
import { fromUtf8, toUtf8 } from '../../proto/crypto.ts'
import { writeSigned } from '../../proto/frames.ts'
import { parseNodeId } from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { parse } from '../../proto/jcs.ts'
import { kinds, signBy } from '../../proto/node-documents.ts'
import { HistoryRows } from '../../signer-node/history-rows.ts'
import { Leaving } from '../../signer-node/leaving.ts'
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
import { SigningHouse, signers } from './signing-kit.ts'
import { type Name, names, ThreeNodes } from './three-nodes.ts'

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
      const said = { ...words, format, cosigned: '', counter: 0, head: '', other: [] }
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

describe('a node that left, and holds a share', () => {
  let holding: SigningHouse
  let notes: readonly Uint8Array[] = []
  beforeAll(() => {
    holding = new SigningHouse()
    holding.shareHeads = false
    for (const name of names) holding.at(name).said.length = 0
  })
  afterAll(() => holding.close())

  const files = (name: Name, place: string) => readdirSync(join(holding.home, name, place))
  const left = (name: Name) => [...files(name, 'keyshares'), ...files(name, 'backups')]
  const said = (name: Name, event: string) =>
    holding.at(name).ports.events.filter((one) => one.name === event)

  it('keeps it while the old quorum has not seen the line that took it out', () => {
    holding.stop('node-c')
    replaceNode(holding.log)
    holding.lines('node-a', 'node-b')
    const stay = ['node-a', 'node-b'] as const
    notes = stay.map((name) => holding.heard(name, 'cosigned').at(-1)!.note)
    holding.start('node-c')
    holding.lines('node-c')
    holding.heads(notes[0]!)
    holding.tick(50)
    expect(holding.state('node-c')).toBe('removed')
    expect(left('node-c')).toEqual(['hot-eth.1.keyshare', 'hot-eth.1.backup'])
  })

  it('keeps what may be the last of a key that people gave up, and says so', () => {
    const rows = new HistoryRows(holding.at('node-c').store)
    const row = readSync(get(tables.vault, 'hot-eth'), rows)!
    // Such a root names a policy without the vault; what counts here is who stayed.
    rows.apply([put(tables.vault, 'hot-eth', { ...row, t: 3 })])
    holding.heads(notes[1]!)
    holding.tick(50)
    expect(left('node-c')).toHaveLength(2)
    expect(said('node-c', 'keyshare-last')).toMatchObject([{ level: 'alarm', vault: 'hot-eth' }])
    expect(holding.at('node-c').node.status()).toMatchObject({ vaults: [], pairings: [] })
    rows.apply([put(tables.vault, 'hot-eth', row)])
  })

  it('deletes it once that is seen, with its backup; says once what is left, and goes on', () => {
    const volume = join(holding.home, 'node-c', 'backups')
    holding.stop('node-c')
    holding.start('node-c')
    renameSync(volume, `${volume}.away`)
    for (let times = 0; times < 3; times += 1) holding.tick(50)
    expect(said('node-c', 'keyshare-left')).toHaveLength(1)
    renameSync(`${volume}.away`, volume)
    // Of a vault of which nothing else is here.
    writeFileSync(join(volume, 'warm-eth.0.backup.new'), 'a sealed share')
    holding.tick(50)
    expect(left('node-c')).toEqual([])
    const gone = said('node-c', 'keyshare-destroyed').map((one) => one.vault)
    expect(gone).toEqual(['hot-eth', 'warm-eth'])
    // Those that stay keep theirs.
    for (const name of ['node-a', 'node-b'] as const) expect(left(name)).toHaveLength(2)
  })

  it('misses nothing after a restart, and is removed as before', () => {
    holding.stop('node-c')
    holding.start('node-c')
    holding.tick(50)
    expect(holding.state('node-c')).toBe('removed')
    for (const event of ['keyshare-missing', 'keyshare-destroyed', 'keyshare-left']) {
      expect(said('node-c', event)).toEqual([])
    }
  })

  it('keeps it on a log that showed it two faces', () => {
    const touched: string[] = []
    const review = (fork: unknown) => {
      const parts = {
        copy: { fork: () => fork },
        witness: { isRemovalSealed: true },
        pairings: { forgetAll: () => touched.push('pairings') },
        keyshares: { forgetAll: () => touched.push('keyshares') },
        invitations: { destroyAll: () => touched.push('invitations') },
        keystore: { all: () => [], backups: { all: () => [], unfinished: () => [] } },
        changed: () => touched.push('said'),
      }
      new Leaving(parts as never).review()
      return touched.splice(0)
    }
    expect(review({ held: '', offered: '' })).toEqual([])
    expect(review(undefined)).toEqual(['pairings', 'keyshares', 'invitations', 'said'])
  })
})

describe('a share that waits', () => {
  it('does not leave when one of its session has left the root meanwhile', () => {
    const signing = new SigningHouse()
    try {
      signing.held()
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

  it('does not leave under a root that put another policy in the place of its own', () => {
    const signing = new SigningHouse()
    try {
      signing.held()
      const policy = policyWith({})
      const genesis = { ...(house.root['genesis'] as JsonObject), policy: policy.digest }
      const next = nextRoot({ genesis })
      signing.log.add(
        'root.activated',
        ...rootLine(signing.log, next, signedBy(next), [policy.text]),
      )
      signing.shareHeads = true
      signing.lines(...names)
      expect(signers.map((name) => signing.stopped(name))).toEqual([
        'RULESET_VERSION',
        'RULESET_VERSION',
      ])
      expect(signers.flatMap((name) => signing.heard(name, 'share'))).toEqual([])
    } finally {
      signing.close()
    }
  })
})

// What the pairings of a node cost it: sessions with different peers run beside each other, and
// whatever a coordinator or a peer throws at them, the work and the memory for one peer has a bound.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { toHex } from '../../proto/crypto.ts'
import type { NodeFrame } from '../../proto/frames.ts'
import { parseNodeId } from '../../proto/ids.ts'
import { limits } from '../../proto/limits.ts'
import type { Signed } from '../../proto/signed.ts'
import { Sessions } from '../../signer-node/sessions.ts'
import { carryAll, pairingNode, type TestNode } from './pairing-nodes.ts'
import { TestClock } from './world.ts'

let home: string
let clock: TestClock
let nodes: readonly TestNode[]
let carry: (from: number, to: number, what: Signed | NodeFrame, by: string) => boolean

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'custody-pairing-bounds-'))
  clock = new TestClock()
  const world = { home, clock, kept: [], logSize: () => 0 }
  nodes = [1, 2, 3].map((x) => pairingNode(world, x, Sessions, `${x}`))
  carry = () => true
})
afterEach(() => {
  for (const { store } of nodes) store.close()
  rmSync(home, { recursive: true, force: true })
})

const at = (x: number): TestNode => nodes[x - 1]!
const settle = (): void => carryAll(nodes, (...what) => carry(...what))
const sees = (from: number, ...peers: readonly number[]): void =>
  at(from).pairings.sighted(
    'c1',
    peers.map((x) => ({ node: at(x).id, incarnation: at(x).incarnation.id })),
  )
const row = (of: number, peer: number) => {
  const { pairings } = at(of)
  return { pairing: pairings.idWith(at(peer).id) ?? '', ...pairings.lookAt(at(peer).id) }
}

/** A second of a node's life. */
function second(): void {
  clock.advance(1_000)
  for (const { pairings, sessions } of nodes) {
    sessions.tick()
    pairings.tick()
  }
  settle()
}

describe('the pairings with different peers', () => {
  it('are made beside each other: one that hangs keeps no other from standing', () => {
    carry = (from, to, what) => 'document' in what || (from !== 3 && to !== 3)
    sees(1, 2, 3)
    sees(2, 1)
    sees(3, 1)
    settle()
    expect([row(1, 2).pairing, row(1, 3).pairing]).toEqual([
      expect.stringMatching(/^[0-9a-f]{64}$/),
      '',
    ])
    // That with the third still runs, and for what it is waiting the other does not.
    expect(at(1).sessions.count).toBe(1)
    expect(at(2).sessions.count).toBe(0)
  })

  it('are made at once, however many they are', () => {
    const open: number[] = []
    carry = (_from, _to, what) => {
      if (!('document' in what)) open.push(at(1).sessions.count)
      return true
    }
    sees(1, 2, 3)
    sees(2, 1, 3)
    sees(3, 1, 2)
    settle()
    expect(Math.max(...open)).toBe(2)
    expect([row(1, 2), row(1, 3), row(2, 3)].map(({ pairing }) => pairing.length)).toEqual([
      64, 64, 64,
    ])
  })
})

describe('what one peer or coordinator can cost', () => {
  it('is one set-up in ten seconds, whatever lives are claimed and hellos sent again', () => {
    const hellos: Signed[] = []
    carry = (from, to, what) => {
      if ('document' in what && from === 2 && to === 1) hellos.push(what)
      return 'document' in what
    }
    let most = 0
    for (let seconds = 0; seconds < 120; seconds += 1) {
      for (let claim = 0; claim < 20; claim += 1) {
        const incarnation = new Uint8Array(16).fill(1 + ((seconds + claim) % 200))
        at(1).pairings.sighted('c1', [{ node: at(2).id, incarnation }])
        at(2).pairings.sighted('c1', [{ node: at(1).id, incarnation }])
      }
      for (const hello of hellos) at(1).pairings.receive('c1', hello)
      second()
      most = Math.max(most, at(1).sessions.count)
    }
    // A hello in ten seconds, and its session ends with the time of its round.
    expect(hellos.length).toBeLessThanOrEqual(24)
    expect(hellos.length).toBeGreaterThan(4)
    expect(most).toBe(1)
    expect(limits.roundTimeoutMs).toBeLessThan(limits.pairSetupIntervalMs)
  })

  it('is one pairing and those that it replaced within a session, and no more', () => {
    sees(1, 2)
    sees(2, 1)
    settle()
    const replaced: number[] = []
    for (let seconds = 0; seconds < 70; seconds += 1) {
      // The peer lives anew all the time.
      if (seconds % 5 === 0) {
        at(2).incarnation.renew()
        at(2).pairings.forgetAll()
        sees(1, 2)
        sees(2, 1)
      }
      second()
      replaced.push(row(1, 2).replaced)
    }
    expect(Math.max(...replaced)).toBeGreaterThan(0)
    expect(Math.max(...replaced)).toBeLessThanOrEqual(3)
    for (let seconds = 0; seconds < 60; seconds += 1) second()
    expect(row(1, 2).replaced).toBe(0)
  })

  it('is nothing for names that the root does not have', () => {
    const many = Array.from({ length: 500 }, (_, n) => {
      return { node: `stranger-${n}`, incarnation: new Uint8Array(16).fill(n % 250) }
    })
    for (let from = 0; from < many.length; from += 10) {
      at(1).pairings.sighted('c1', many.slice(from, from + 10))
    }
    settle()
    expect([at(1).hellos.length, at(1).sessions.count]).toEqual([0, 0])
    const known = many.map(({ node }) => at(1).pairings.lookAt(parseNodeId(node)).seenAt)
    // Those of the last word alone: one may be a peer by the next line.
    expect(known.filter((place) => place !== '')).toHaveLength(10)
  })
})

describe('a coordinator that keeps what it should carry', () => {
  it('keeps no two nodes apart that another one carries for, whatever it replays and claims', () => {
    const old: { readonly to: number; readonly hello: Signed }[] = []
    carry = (_from, to, what, by) => {
      if ('document' in what && by === 'c1') old.push({ to, hello: what })
      return by === 'c2'
    }
    const claims = (by: string): void => {
      for (const [x, other] of [
        [1, 2],
        [2, 1],
      ] as const) {
        const { id, incarnation } = at(other)
        at(x).pairings.sighted(by, [{ node: id, incarnation: incarnation.id }])
      }
    }
    // Before the other is there it hears a hello of each.
    claims('c1')
    settle()
    second()
    expect(new Set(old.map(({ to }) => to))).toEqual(new Set([1, 2]))
    claims('c2')
    for (let halves = 0; halves < 100 && row(1, 2).pairing === ''; halves += 1) {
      claims('c1')
      for (const { to, hello } of [...old]) at(to).pairings.receive('c1', hello)
      clock.advance(500)
      for (const { to, hello } of [...old]) at(to).pairings.receive('c1', hello)
      for (const { pairings, sessions } of nodes) {
        sessions.tick()
        pairings.tick()
      }
      settle()
    }
    expect(row(1, 2).pairing).toMatch(/^[0-9a-f]{64}$/)
    expect(row(2, 1).pairing).toBe(row(1, 2).pairing)
  })

  it('parts no two nodes by what it lets one of them finish late', () => {
    const late: { readonly to: number; readonly frame: NodeFrame }[] = []
    carry = (_from, to, what, by) => {
      if (by === 'c2' || 'document' in what) return true
      late.push({ to, frame: what })
      return false
    }
    const claims = (by: string): void => {
      for (const [x, other] of [
        [1, 2],
        [2, 1],
      ] as const) {
        const { id, incarnation } = at(other)
        at(x).pairings.sighted(by, [{ node: id, incarnation: incarnation.id }])
      }
    }
    const bring = (...whom: readonly number[]): void => {
      for (const { to, frame } of late.splice(0)) {
        if (frame.frame !== 'envelope' || !whom.includes(to)) continue
        at(to).sessions.receive('c1', frame.envelope)
      }
      settle()
    }
    // Through the first a set-up is begun, and each of its rounds comes as late as it may.
    claims('c1')
    settle()
    for (let seconds = 0; seconds < 4; seconds += 1) second()
    bring(1, 2)
    claims('c2')
    for (let seconds = 0; seconds < 4; seconds += 1) second()
    expect(row(1, 2).pairing).toMatch(/^[0-9a-f]{64}$/)
    expect(row(2, 1).pairing).toBe(row(1, 2).pairing)
    bring(1, 2)
    for (let seconds = 0; seconds < 4; seconds += 1) second()
    // The last word of it comes to one of the two alone.
    bring(1)
    let apart = 0
    for (let seconds = 0; seconds < 120; seconds += 1) {
      claims('c1')
      claims('c2')
      second()
      late.splice(0)
      if (row(1, 2).pairing === '' || row(1, 2).pairing !== row(2, 1).pairing) apart += 1
    }
    expect(apart).toBe(0)
  })

  it('parts no two nodes for long by a late one, after it stopped the later one at one of them', () => {
    const late: { readonly to: number; readonly frame: NodeFrame }[] = []
    const sids: Uint8Array[] = []
    const numberOf = (sid: Uint8Array): number => {
      const known = sids.findIndex((one) => toHex(one) === toHex(sid))
      return known >= 0 ? known : sids.push(sid) - 1
    }
    carry = (_from, to, what) => {
      if ('document' in what || what.frame !== 'envelope') return true
      const isFirst = numberOf(what.envelope.sid) === 0
      if (isFirst) late.push({ to, frame: what })
      return !isFirst && (what.envelope.round < 3 || to !== 2)
    }
    const bring = (): void => {
      for (const { to, frame } of late.splice(0)) {
        if (frame.frame === 'envelope') at(to).sessions.receive('c1', frame.envelope)
      }
      settle()
    }
    const claims = (): void => {
      sees(1, 2)
      sees(2, 1)
    }
    // The first set-up comes as late as it may; the second is finished at one of them alone.
    claims()
    settle()
    for (const seconds of [4, 4]) {
      for (let passed = 0; passed < seconds; passed += 1) second()
      bring()
    }
    for (let passed = 0; passed < 3; passed += 1) second()
    claims()
    settle()
    expect(sids).toHaveLength(2)
    expect([row(1, 2).pairing !== '', row(2, 1).pairing]).toEqual([true, ''])
    at(2).sessions.stop(sids[1]!, 'COORDINATOR', 'the coordinator gave up', 'c1')
    bring()
    expect([row(1, 2).pairing, row(2, 1).pairing]).not.toContain('')
    carry = () => true
    for (let seconds = 0; seconds < 30; seconds += 1) {
      claims()
      second()
    }
    expect(row(1, 2).pairing).toBe(row(2, 1).pairing)
  })

  it('parts no two nodes for long by last words that it loses, now of one and now of the other', () => {
    const claims = (): void => {
      sees(1, 2)
      sees(2, 1)
    }
    const losesAt = (x: number): void => {
      carry = (_from, to, what) => {
        return (
          'document' in what || what.frame !== 'envelope' || what.envelope.round < 3 || to !== x
        )
      }
      claims()
      settle()
      carry = () => true
      clock.advance(11_000)
      for (const { sessions } of nodes) sessions.tick()
    }
    losesAt(2)
    losesAt(1)
    expect([row(1, 2).pairing, row(2, 1).pairing]).not.toContain('')
    expect(row(1, 2).pairing).not.toBe(row(2, 1).pairing)
    for (let seconds = 0; seconds < 12; seconds += 1) second()
    expect(row(1, 2).pairing).toBe(row(2, 1).pairing)
    let hellos = 0
    carry = (_from, _to, what) => {
      hellos += 'document' in what ? 1 : 0
      return true
    }
    for (let seconds = 0; seconds < 120; seconds += 1) {
      claims()
      second()
    }
    // Nobody doubts any more.
    expect(hellos).toBe(0)
  })

  it('costs set-ups of its own: one in ten seconds more', () => {
    const hellos: string[] = []
    carry = (from, to, what, by) => {
      if ('document' in what && from === 2 && to === 1) hellos.push(by)
      return 'document' in what
    }
    let most = 0
    for (let seconds = 0; seconds < 120; seconds += 1) {
      for (const by of ['c1', 'c2']) {
        const incarnation = new Uint8Array(16).fill(seconds + 1)
        at(1).pairings.sighted(by, [{ node: at(2).id, incarnation }])
        at(2).pairings.sighted(by, [{ node: at(1).id, incarnation }])
      }
      second()
      most = Math.max(most, at(1).sessions.count)
    }
    for (const one of ['c1', 'c2']) {
      const said = hellos.filter((by) => by === one).length
      expect(said).toBeLessThanOrEqual(24)
      expect(said).toBeGreaterThan(4)
    }
    expect(most).toBeLessThanOrEqual(2)
  })
})

describe('what a session keeps', () => {
  it('is of its members and of this round and the next, and one message of each', () => {
    // Round 1 of the peer arrives; what is beyond the next round, or of others, is not kept.
    let first: Extract<NodeFrame, { readonly frame: 'envelope' }> | undefined
    carry = (from, to, what) => {
      if ('document' in what) return true
      if (what.frame === 'envelope' && from === 2 && to === 1) first ??= what
      return false
    }
    sees(1, 2)
    sees(2, 1)
    settle()
    const { envelope } = first!
    const before = at(1).sessions.dropped
    const throwAt = (change: object): void =>
      at(1).sessions.receive('c1', { ...envelope, ...change })
    for (const round of [0, 3, 4, 99, 2 ** 31]) throwAt({ round })
    throwAt({ from: at(3).id })
    throwAt({ to: at(3).id })
    throwAt({ ciphertext: new Uint8Array(1_000_000) })
    throwAt({ sid: new Uint8Array(32) })
    expect(at(1).sessions.dropped - before).toBe(9)
    for (let again = 0; again < 100; again += 1) throwAt({})
    expect(at(1).sessions.dropped - before).toBe(9)
  })
})

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { NodeFrame } from '../../proto/frames.ts'
import { type NodeId, parseNodeId } from '../../proto/ids.ts'
import { refuse } from '../../proto/refusal.ts'
import type { Signed } from '../../proto/signed.ts'
import type { ThereAndBack } from '../../signer-node/lives.ts'
import { Sessions } from '../../signer-node/sessions.ts'
import { CrookedSessions } from '../kit/crooked-pairing.ts'
import { refusedWith } from '../kit/refused.ts'
import { carryAll, pairingNode, type TestNode } from './pairing-nodes.ts'
import { TestClock, testSelf } from './world.ts'

let home: string
let clock: TestClock
let nodes: readonly TestNode[]
/** In the copy of the log of both. */
let lines: number
/** Sees every hello and envelope on its way; false drops it. */
let carry: (from: number, to: number, what: Signed | NodeFrame, by: string) => boolean

/** Against whom evidence of two lives was kept. */
let kept: NodeId[]

const node = (x: number, kind = Sessions, disk = `${x}`): TestNode =>
  pairingNode({ home, clock, kept, logSize: () => lines }, x, kind, disk)

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'custody-pairings-'))
  clock = new TestClock()
  kept = []
  nodes = [node(1), node(2)]
  carry = () => true
  lines = 0
})
afterEach(() => {
  for (const { store } of nodes) store.close()
  rmSync(home, { recursive: true, force: true })
})

const [low, high] = [() => nodes[0]!, () => nodes[1]!]

function sight(at: TestNode, peer: TestNode): void {
  at.pairings.sighted('c1', [{ node: peer.id, incarnation: peer.incarnation.id }])
}

/** Carries everything until nobody has anything left to do. */
const settle = (): void => carryAll(nodes, (...what) => carry(...what))

function pair(): void {
  sight(low(), high())
  sight(high(), low())
  settle()
}

const id = (at: TestNode, peer: TestNode) => at.pairings.idWith(peer.id)

describe('pairing', () => {
  it('gives both nodes the same pairing, named by their two hellos', () => {
    pair()
    expect(id(low(), high())).toMatch(/^[0-9a-f]{64}$/)
    expect(id(low(), high())).toBe(id(high(), low()))
    expect(low().pairings.with(high().id)?.peer.x).toBe(2)
    expect(low().pairings.all()).toEqual([{ peer: 'node-2', id: id(low(), high()) }])
  })

  it('is made whichever node hears of the other first', () => {
    sight(high(), low())
    settle()
    expect(id(low(), high())).toBeDefined()
    expect(id(low(), high())).toBe(id(high(), low()))
  })

  it('is not made again while both hold it, whatever a coordinator says', () => {
    pair()
    const before = id(low(), high())
    clock.advance(60_000)
    low().pairings.sighted('c1', [{ node: high().id, incarnation: new Uint8Array(16) }])
    high().pairings.sighted('c1', [{ node: low().id, incarnation: new Uint8Array(16) }])
    settle()
    expect([id(low(), high()), id(high(), low())]).toEqual([before, before])
  })

  it('is made again when one side lives in a new incarnation', () => {
    pair()
    const before = id(low(), high())
    high().incarnation.renew()
    high().pairings.forgetAll()
    clock.advance(12_000)
    pair()
    expect(id(low(), high())).not.toBe(before)
    expect(id(low(), high())).toBe(id(high(), low()))
  })

  it('is made again after a day, and the old one takes no session any more', () => {
    pair()
    const before = id(low(), high())
    clock.advance(86_400_000)
    expect(id(low(), high())).toBeUndefined()
    pair()
    expect(id(low(), high())).not.toBe(before)
  })

  it('is made again when a key got new shares while it was made, however long that was', () => {
    carry = (_from, _to, what) => {
      if (lines === 0 && 'frame' in what && isRound(what, 3)) {
        lines = 1
        for (const one of nodes) one.pairings.renew(0)
      }
      return true
    }
    pair()
    expect([lines, low().pairings.all(), high().pairings.all()]).toEqual([1, [], []])
    clock.advance(12_000)
    pair()
    expect(low().pairings.idWith(high().id)).toBeDefined()
    expect(high().pairings.idWith(low().id)).toBe(low().pairings.idWith(high().id))
  })

  it('is made again after a million sessions', () => {
    pair()
    for (let count = 0; count < 1_000_000; count += 1) low().pairings.use(high().id)
    expect(id(low(), high())).toBeUndefined()
  })

  it('is made again when the last confirmation was lost on one side', () => {
    carry = (_from, to, what) => !('frame' in what && isRound(what, 3) && to === 2)
    pair()
    expect([id(low(), high()) === undefined, id(high(), low())]).toEqual([false, undefined])
    carry = () => true
    clock.advance(20_000)
    for (const each of nodes) each.sessions.tick()
    pair()
    expect(id(high(), low())).toBeDefined()
    expect(id(low(), high())).toBe(id(high(), low()))
  })

  it('is tried at most once in ten seconds, and again by itself', () => {
    let hellos = 0
    carry = (_from, _to, what) => {
      hellos += 'document' in what ? 1 : 0
      return false
    }
    sight(low(), high())
    for (let times = 0; times < 5; times += 1) sight(low(), high())
    settle()
    expect(hellos).toBe(1)
    carry = () => true
    clock.advance(10_999)
    low().pairings.tick()
    settle()
    expect(id(low(), high())).toBeUndefined()
    clock.advance(1)
    low().pairings.tick()
    settle()
    expect(id(low(), high())).toBeDefined()
  })

  it('does not go on through a coordinator that is gone', () => {
    carry = () => false
    sight(low(), high())
    settle()
    low().pairings.detached('c1')
    clock.advance(12_000)
    low().pairings.tick()
    expect(low().hellos).toEqual([])
  })

  it('leaves the old pairing in use until a new one stands', () => {
    pair()
    const before = id(low(), high())
    high().incarnation.renew()
    high().pairings.forgetAll()
    clock.advance(12_000)
    carry = (_from, _to, what) => 'document' in what
    pair()
    expect(id(low(), high())).toBe(before)
    expect(low().sessions.count).toBe(1)
  })
})

describe('a hello', () => {
  function heard(change: (hello: Signed) => Signed): string | undefined {
    carry = (from, _to, what) => {
      if ('document' in what && from === 1) high().pairings.receive('c1', change(what))
      return false
    }
    sight(low(), high())
    settle()
    return high().hellos.length + high().sessions.count === 0 ? 'ignored' : 'answered'
  }

  it('is answered when it is right', () => {
    carry = (from) => from === 1
    sight(low(), high())
    settle()
    expect(high().sessions.count).toBe(1)
  })

  it('is ignored when its signature, author or receiver is another', () => {
    const cut = (hello: Signed) => ({ ...hello, signature: new Uint8Array(64) })
    expect(heard(cut)).toBe('ignored')
    expect(heard((hello) => ({ ...hello, credential: testSelf(3).node }))).toBe('ignored')
    const stranger = testSelf(9).node
    expect(heard((hello) => ({ ...hello, credential: stranger }))).toBe('ignored')
    expect(
      heard((hello) => ({ ...hello, document: hello.document.replace('node-2', 'node-3') })),
    ).toBe('ignored')
  })

  it('opens no second session when it is answered twice', () => {
    let answer: Signed | undefined
    carry = (from, _to, what) => {
      if ('document' in what && from === 2) answer = what
      return true
    }
    pair()
    const before = id(low(), high())
    low().pairings.receive('c1', answer!)
    settle()
    expect([id(low(), high()), low().sessions.count]).toEqual([before, 0])
  })

  it('of a banned peer or a cloned incarnation is ignored', () => {
    high().bans.ban(low().id, 'ot-check', 1)
    pair()
    expect(id(high(), low())).toBeUndefined()

    low().pairings.refuseIncarnation(high().id, high().incarnation.id)
    expect(low().pairings.isRefused(high().incarnation.id)).toBe(true)
    expect(low().ports.events.at(-1)).toMatchObject({ level: 'alarm', name: 'clone' })
  })
})

describe('an incarnation that was seen twice', () => {
  it('is refused under the name that was caught, and under no other', () => {
    const third = node(3)
    nodes = [...nodes, third]
    low().pairings.refuseIncarnation(high().id, third.incarnation.id)
    sight(low(), third)
    sight(third, low())
    settle()
    expect(id(low(), third)).toBeDefined()
    expect(low().pairings.isRefused(third.incarnation.id, high().id)).toBe(true)
    expect(low().pairings.isRefused(third.incarnation.id, third.id)).toBe(false)
  })
})

describe('two instances of one node', () => {
  it('are not both worked with: the newer alone, however they take turns', () => {
    pair()
    const [here, first] = [low(), high()]
    const second = node(2, Sessions, '2 copied')
    second.incarnation.renew()
    const meet = (one: TestNode): void => {
      nodes = [here, one]
      clock.advance(12_000)
      pair()
    }
    meet(second)
    const paired = id(here, second)
    expect(paired).toBe(id(second, here))
    first.pairings.forgetAll()
    meet(first)
    meet(first)
    expect([id(here, first), id(first, here)]).toEqual([paired, undefined])
    expect(here.pairings.isRefused(first.incarnation.id, first.id)).toBe(true)
    expect(here.pairings.isRefused(second.incarnation.id, first.id)).toBe(false)
    // Started anew it is the newest.
    first.incarnation.renew()
    first.incarnation.renew()
    meet(first)
    expect(id(here, first)).toBe(id(first, here))
    second.store.close()
  })

  it('that echoed each other are both refused, with evidence, until one lives anew', () => {
    pair()
    const lives = [high().incarnation.id, new Uint8Array(16)]
    const value = (incarnation: Uint8Array) => ({ value: { incarnation } })
    const proof = [lives[0]!, lives[1]!, lives[0]!].map(value) as unknown as ThereAndBack
    low().pairings.livesTwice(high().id, proof)
    expect(lives.map((one) => low().pairings.isRefused(one, high().id))).toEqual([true, true])
    expect(id(low(), high())).toBeUndefined()
    expect(kept).toEqual([high().id])
    // It is no less refused where there is no room for evidence.
    kept.push = () => refuse('DISK_FULL', '')
    const again = [new Uint8Array(16).fill(1), ...lives].map((one) => value(one!))
    const more = again as unknown as ThereAndBack
    expect(refusedWith(() => low().pairings.livesTwice(high().id, more))).toBe('DISK_FULL')
    expect(low().pairings.isRefused(new Uint8Array(16).fill(1), high().id)).toBe(true)
    // A light witness has no pairing and no evidence of its own.
    low().pairings.livesTwice(parseNodeId('light-d'), proof)
    expect([...kept]).toEqual([high().id])
    const said = low().ports.events.filter(({ name }) => name === 'second-instance')
    expect(said.map(({ peer }) => peer)).toEqual([high().id, high().id, 'light-d'])
  })
})

describe('a pairing that a share waits for', () => {
  it('is sound while it is in use or merely replaced, and not once its peer was cloned', () => {
    pair()
    const first = id(low(), high())
    expect(low().pairings.isSound(high().id, first)).toBe(true)
    expect(low().pairings.isSound(testSelf(3).node, first)).toBe(false)
    clock.advance(86_400_000)
    pair()
    const second = id(low(), high())
    expect(second).not.toBe(first)
    expect([first, second].map((one) => low().pairings.isSound(high().id, one))).toEqual([
      true,
      true,
    ])
    low().pairings.refuseIncarnation(high().id, high().incarnation.id)
    expect([first, second].map((one) => low().pairings.isSound(high().id, one))).toEqual([
      false,
      false,
    ])
    expect(low().pairings.isSound(high().id, undefined)).toBe(false)
  })
})

describe('the death of a pairing', () => {
  /** What a failed check does, from inside the protocol. */
  function fail(at: TestNode, peer: TestNode): void {
    const pairing = at.pairings.with(peer.id)
    expect(() => pairing?.judge('rvole-check', false)).toThrow('no honest party fails')
  }

  it('is on disk when the failing check returns, and bans the peer after its probation', () => {
    pair()
    const name = id(low(), high())!
    for (let uses = 0; uses < 4; uses += 1) low().pairings.use(high().id)
    fail(low(), high())
    expect(low().bans.isBuried(name)).toBe(true)
    expect(low().bans.isBanned(high().id)).toBe(true)
    expect(id(low(), high())).toBeUndefined()
    clock.advance(12_000)
    pair()
    expect(id(low(), high())).toBeUndefined()
  })

  it('within the first three sessions costs the pairing, once a day, and bans the second time', () => {
    pair()
    low().pairings.use(high().id)
    fail(low(), high())
    expect(low().bans.isBanned(high().id)).toBe(false)
    clock.advance(12_000)
    pair()
    expect(id(low(), high())).toBeDefined()
    fail(low(), high())
    expect(low().bans.isBanned(high().id)).toBe(true)
    expect(
      low()
        .ports.events.filter(({ level }) => level === 'alarm')
        .map(({ name }) => name),
    ).toEqual(['probation-failed', 'peer-banned'])
  })

  it('ends every other session with the peer, after the failing check has returned', () => {
    pair()
    clock.advance(12_000)
    high().incarnation.renew()
    high().pairings.forgetAll()
    carry = (from) => from === 1
    sight(low(), high())
    sight(high(), low())
    settle()
    expect(high().sessions.count).toBe(1)
    const pairing = low().pairings.with(high().id)
    expect(pairing).toBeDefined()
    high().ports.run()
    fail(low(), high())
    low().ports.run()
    expect(low().sessions.count).toBe(0)
  })

  it('comes to a peer whose trees do not fit, with the third set-up of one day', () => {
    low().store.close()
    high().store.close()
    nodes = [node(1), node(2, CrookedSessions)]
    for (const expected of [[], [], ['node-2']]) {
      pair()
      expect(id(low(), high())).toBeUndefined()
      expect(
        low()
          .bans.banned()
          .map(({ peer }) => peer),
      ).toEqual(expected)
      clock.advance(20_000)
      for (const { sessions } of nodes) sessions.tick()
    }
  })
})

function isRound(frame: NodeFrame, round: number): boolean {
  return frame.frame === 'envelope' && frame.envelope.round === round
}

// A frame in parts: what may happen between two of them, and what may not.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { toUtf8 } from '../../proto/crypto.ts'
import type { CoordinatorPart } from '../../proto/frames.ts'
import type { InTurns } from '../../proto/in-turns.ts'
import { Turns } from '../../signer-node/turns.ts'
import { SigningHouse } from './signing-kit.ts'
import { coordinator, names } from './three-nodes.ts'

describe('turns', () => {
  function world() {
    const later: (() => void)[] = []
    const said: string[] = []
    const turns = new Turns((work) => later.push(work))
    function* work(name: string, parts: number): InTurns {
      for (let part = 1; part <= parts; part += 1) {
        if (part > 1) yield
        said.push(`${name}${part}`)
      }
    }
    const take = (name: string, parts: number): void =>
      turns.take(
        () => work(name, parts),
        () => said.push(`${name} done`),
      )
    const turn = (): boolean => {
      const next = later.shift()
      next?.()
      return next !== undefined
    }
    return { turns, said, take, turn }
  }

  it('begin at once, and go on in later turns', () => {
    const { said, take, turn } = world()
    take('a', 2)
    expect(said).toEqual(['a1'])
    expect(turn()).toBe(true)
    expect(said).toEqual(['a1', 'a2', 'a done'])
    expect(turn()).toBe(false)
  })

  it('end one before they begin the next, in the order they came', () => {
    const { said, take, turn } = world()
    take('a', 2)
    take('b', 1)
    turn()
    // Between the two: who comes now is behind who waits.
    take('c', 1)
    expect(said).toEqual(['a1', 'a2', 'a done'])
    while (turn());
    expect(said.slice(3)).toEqual(['b1', 'b done', 'c1', 'c done'])
    take('d', 1)
    expect(said.slice(7)).toEqual(['d1', 'd done'])
  })

  it('go on with nothing, and begin nothing, after their end', () => {
    const { turns, said, take, turn } = world()
    take('a', 2)
    take('b', 1)
    turns.end()
    while (turn());
    take('c', 1)
    expect(said).toEqual(['a1'])
  })
})

describe('a node, between two parts of a frame', () => {
  let three: SigningHouse
  beforeAll(() => {
    three = new SigningHouse()
    for (const name of names) three.at(name).said.length = 0
  })
  afterAll(() => three.close())
  afterEach(() => {
    while (turn());
    delete three.at('node-a').ports.pausing.held
    three.at('node-a').node.unfreeze('all')
    three.lines(...names)
    for (const name of names) three.at(name).said.length = 0
  })

  const held = (): (() => void)[] => {
    const { pausing } = three.at('node-a').ports
    pausing.held ??= []
    return pausing.held
  }
  const turn = (): boolean => {
    const next = held().shift()
    next?.()
    three.settle()
    return next !== undefined
  }
  const size = (): number => three.at('node-a').node.status().size
  const said = (): readonly string[] => three.at('node-a').said.map(({ frame }) => frame)
  const heartbeats = (count: number): void => {
    three.tick(count * 1_000)
    for (let at = 0; at < count; at += 1) three.log.add('log.heartbeat', {})
  }

  it('keeps a long page in several steps, after all of it was folded, and cosigns the last', () => {
    heartbeats(150)
    const [before, after] = [size(), three.log.head.size]
    held()
    three.give('node-a', { frame: 'lines', lines: three.page('node-a') })
    const sizes = new Set<number>()
    while (turn()) {
      sizes.add(size())
      if (size() === after) continue
      three.at('node-a').node.tick()
      three.settle()
      expect(said()).not.toContain('cosigned')
    }
    expect([...sizes]).toEqual([before, before + 64, before + 128, after])
    expect(said()).toEqual(['cosigned'])
  })

  it('does not begin another frame', () => {
    heartbeats(3)
    held()
    const page = three.page('node-a')
    const payout = three.payout()
    three.give('node-a', { frame: 'lines', lines: page })
    const taken = size()
    // Every line of the second page is new only after the first page.
    three.ask('node-a', payout)
    expect(size()).toBe(taken)
    expect(said()).toEqual([])
    while (turn());
    expect(said()).toEqual(['cosigned', 'cosigned', 'accepted'])
  })

  it('is frozen at once: a Prepare that it is in the middle of gives no acceptance', () => {
    const payout = three.payout()
    held()
    three.ask('node-a', payout)
    while (!said().includes('cosigned')) expect(turn()).toBe(true)
    expect(said()).toEqual(['cosigned'])
    three.at('node-a').node.freeze('all')
    while (turn());
    expect(three.refusal('node-a')).toBe('FROZEN N4')
  })

  it('is frozen between any two parts of a judgement, and accepts where nobody froze it', () => {
    const ask = (): void => {
      held()
      three.ask('node-a', three.payout())
      while (!said().includes('cosigned')) expect(turn()).toBe(true)
    }
    ask()
    let parts = 0
    while (!said().includes('accepted')) {
      expect(turn()).toBe(true)
      parts += 1
    }
    expect(parts).toBeGreaterThan(8)
    for (let before = 0; before < parts; before += 1) {
      three.at('node-a').said.length = 0
      ask()
      for (let at = 0; at < before; at += 1) turn()
      expect(said()).toEqual(['cosigned'])
      three.at('node-a').node.freeze('all')
      while (turn());
      expect(three.refusal('node-a')).toBe('FROZEN N4')
      three.at('node-a').node.unfreeze('all')
    }
  })

  it('says nothing more to a coordinator that has gone, of what it had not begun', () => {
    heartbeats(2)
    held()
    const page = three.page('node-a')
    three.at('node-a').node.receive(coordinator, { frame: 'lines', lines: page })
    const supply: CoordinatorPart<'requestLines'> = { origin: page.origin, from: 0 }
    three.at('node-a').node.receive(coordinator, { frame: 'requestLines', requestLines: supply })
    three.at('node-a').node.detached(coordinator)
    while (turn());
    expect(said()).not.toContain('supplyLines')
    expect(size()).toBe(three.log.head.size)
    three.at('node-a').node.attached(coordinator)
    three.settle()
  })

  it('lets one share leave in a turn, and none after a freeze that came between two', () => {
    three.shareHeads = false
    for (const laterMs of [3_700_000, 1_000]) {
      const payout = three.payout(laterMs)
      three.begin(payout, three.askSigners(payout))
    }
    expect(three.at('node-a').node.status().waitingReleases).toBe(2)
    held()
    three.shareHeads = true
    three.lines(...names)
    while (!said().includes('share')) expect(turn()).toBe(true)
    three.at('node-a').node.freeze('all')
    while (turn());
    expect(three.heard('node-a', 'share')).toHaveLength(1)
    expect(three.stopped('node-a')).toBe('FROZEN')
    expect(three.at('node-a').node.status().waitingReleases).toBe(0)
  })

  it('lets a share leave unless a freeze came, between any two turns of its release', () => {
    const { node } = three.at('node-a')
    const shares = () => three.heard('node-a', 'share').length
    const waiting = () => node.status().waitingReleases
    three.held()
    held()
    three.bringHeads()
    while (!said().includes('cosigned')) expect(turn()).toBe(true)
    let parts = 0
    const receipts = node.status().receipts
    while (waiting() > 0) {
      expect(turn()).toBe(true)
      parts += 1
    }
    expect([shares(), node.status().receipts]).toEqual([1, receipts + 1])
    const written: number[] = []
    // Those before are of the frame that brought the heads.
    for (let before = parts - 6; before < parts; before += 1) {
      while (turn());
      delete three.at('node-a').ports.pausing.held
      three.lines(...names)
      three.at('node-a').said.length = 0
      three.held()
      held()
      three.bringHeads()
      while (!said().includes('cosigned')) expect(turn()).toBe(true)
      const known = node.status().receipts
      for (let at = 0; at < before; at += 1) turn()
      expect(waiting()).toBe(1)
      node.freeze('all')
      while (turn());
      expect([waiting(), shares(), three.stopped('node-a')]).toEqual([0, 0, 'FROZEN'])
      written.push(node.status().receipts - known)
      node.unfreeze('all')
    }
    // What was written down already counts as spent, and its share stays here all the same.
    expect(written).toEqual(written.toSorted())
    expect(new Set(written)).toEqual(new Set([0, 1]))
  })

  it('that ends within a long page holds a prefix of it afterwards, and takes the rest', () => {
    heartbeats(150)
    const before = size()
    held()
    three.give('node-a', { frame: 'lines', lines: three.page('node-a') })
    while (size() === before) expect(turn()).toBe(true)
    const between = size()
    expect(between).toBe(before + 64)
    three.stop('node-a')
    three.start('node-a')
    three.tick(2_000)
    expect([three.state('node-a'), size()]).toEqual(['ready', between])
    // The log signed no head of this size.
    expect(three.heard('node-a', 'cosigned')).toEqual([])
    three.sizes.set('node-a', between)
    three.lines('node-a')
    const cosigned = three.heard('node-a', 'cosigned').map((one) => one.size)
    expect(new Set(cosigned)).toEqual(new Set([three.log.head.size]))
  })

  it('keeps nothing of a long page of which a late line is bad', () => {
    heartbeats(150)
    const before = size()
    const page = three.page('node-a')
    const lines = page.lines.map((line, at) => (at === 140 ? toUtf8('{}') : line))
    three.give('node-a', { frame: 'lines', lines: { ...page, lines } })
    expect(size()).toBe(before)
    expect(said()).not.toContain('cosigned')
    three.give('node-a', { frame: 'lines', lines: page })
    expect(size()).toBe(three.log.head.size)
  })
})

// What a node does after lines, heads and ticks, in parts: what may happen between two of them.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { toUtf8 } from '../../proto/crypto.ts'
import type { CoordinatorPart } from '../../proto/frames.ts'
import * as house from '../kit/audit-documents.ts'
import { bootedLog } from '../kit/audit-log.ts'
import { daily } from '../kit/every-case.ts'
import { SigningHouse } from './signing-kit.ts'
import { coordinator, names } from './three-nodes.ts'

let three: SigningHouse
beforeAll(() => {
  three = new SigningHouse()
})
afterAll(() => three.close())
afterEach(() => {
  while (turn());
  delete three.at('node-a').ports.pausing.held
  const { node, store } = three.at('node-a')
  store.run('delete from fork')
  node.unfreeze('all')
  three.restart('node-a')
  three.shareHeads = true
  three.tick(30_000)
  three.welcome()
  three.lines(...names)
  for (const name of names) three.at(name).said.length = 0
})

const node = () => three.at('node-a').node
const said = (): readonly string[] => three.at('node-a').said.map(({ frame }) => frame)
const state = (): string => node().status().state

function held(): (() => void)[] {
  const { pausing } = three.at('node-a').ports
  pausing.held ??= []
  return pausing.held
}

function turn(): boolean {
  const next = held().shift()
  next?.()
  three.settle()
  return next !== undefined
}

/** Numbers of turns after which something comes between. */
function some(parts: number): readonly number[] {
  const all = Array.from({ length: parts }, (_, at) => at)
  return daily(all, 1, 4)
}

function otherFace(size: number): Uint8Array {
  const other = bootedLog().wait(9)
  while (other.head.size < size) other.add('log.heartbeat', {})
  return toUtf8(other.note([1]))
}

/** Heads of one line more than node a has, which wait for it; then the page with that line. */
function ripening(...faces: readonly Uint8Array[]): CoordinatorPart<'lines'> {
  three.tick(1_000)
  three.log.t = Math.max(three.log.t, three.clock.wall)
  three.log.add('log.heartbeat', {})
  const heads = [toUtf8(three.log.note([2])), ...faces]
  three.give('node-a', { frame: 'heads', heads: { origin: house.origin, heads } })
  return three.page('node-a')
}

function begin(lines: CoordinatorPart<'lines'>): void {
  three.at('node-a').said.length = 0
  held()
  // The round of a tick has its place behind the frame, or before it.
  node().tick()
  node().receive(coordinator, { frame: 'lines', lines })
  node().tick()
}

describe('a node, between two parts of what follows from a page', () => {
  it('is frozen at once, and its share leaves where nobody froze it', () => {
    three.held()
    begin(ripening())
    let parts = 0
    while (node().status().waitingReleases > 0) {
      expect(turn()).toBe(true)
      parts += 1
    }
    expect(three.heard('node-a', 'share')).toHaveLength(1)
    expect(parts).toBeGreaterThan(12)
    for (const before of some(parts)) {
      while (turn());
      delete three.at('node-a').ports.pausing.held
      three.bringHeads()
      three.held()
      begin(ripening())
      for (let at = 0; at < before; at += 1) turn()
      expect(node().status().waitingReleases).toBe(1)
      node().freeze('all')
      while (turn());
      expect(three.stopped('node-a')).toBe('FROZEN')
      expect(said()).not.toContain('share')
      node().unfreeze('all')
    }
  })

  it('is forked in the turn that found it, and nothing leaves afterwards', () => {
    three.held()
    begin(ripening(otherFace(three.log.head.size + 1)))
    while (state() === 'ready') {
      expect(turn()).toBe(true)
      expect(said()).not.toContain('share')
    }
    expect([state(), three.stopped('node-a')]).toEqual(['forked', 'LOG_FORK'])
    expect(node().status()).toMatchObject({ sessions: 0, waitingReleases: 0 })
    while (turn()) expect(said()).not.toContain('cosigned')
    expect(said()).not.toContain('share')
    expect(three.at('node-a').store.all('select * from fork')).toHaveLength(1)
  })

  it('finds a fork while its operator freezes it, and goes on with what was suspended', () => {
    let parts = 0
    begin(ripening(otherFace(three.log.head.size + 1)))
    const before = three.log.head.size - 1
    while (node().status().size === before) expect(turn()).toBe(true)
    while (state() === 'ready') {
      expect(turn()).toBe(true)
      parts += 1
    }
    expect(parts).toBeGreaterThan(2)
    for (let after = 0; after < parts; after += 1) {
      while (turn());
      three.at('node-a').store.run('delete from fork')
      delete three.at('node-a').ports.pausing.held
      three.restart('node-a')
      three.tick(2_000)
      three.lines('node-a')
      expect(state()).toBe('ready')
      const size = three.log.head.size
      begin(ripening(otherFace(size + 1)))
      while (node().status().size === size) expect(turn()).toBe(true)
      for (let at = 0; at < after; at += 1) turn()
      expect(state()).toBe('ready')
      node().freeze('hot-eth')
      expect(state()).toBe('forked')
      while (turn());
      expect(three.at('node-a').store.all('select * from fork')).toHaveLength(1)
      node().unfreeze('hot-eth')
    }
  })

  it('ends, and does nothing more with a database that is closed', () => {
    let parts = 0
    begin(ripening())
    while (turn()) parts += 1
    expect(said().filter((frame) => frame === 'cosigned')).toHaveLength(1)
    for (const before of some(parts)) {
      delete three.at('node-a').ports.pausing.held
      begin(ripening())
      for (let at = 0; at < before; at += 1) turn()
      const { ports } = three.at('node-a')
      const left = held()
      three.stop('node-a')
      for (let work = left.shift(); work; work = left.shift()) work()
      ports.run()
      expect(ports.sent).toEqual([])
      three.start('node-a')
      three.tick(2_000)
      three.lines('node-a')
      expect(state()).toBe('ready')
    }
  })
})

describe('a share', () => {
  it('does not leave while a head waits to be compared, which could prove a fork', () => {
    three.held()
    const { heads } = node().own.witness
    const ripe = heads.ripe.bind(heads)
    heads.ripe = () => [{ witness: 'another', note: {} as never }]
    three.bringHeads()
    expect(said()).not.toContain('share')
    heads.ripe = ripe
    three.tick()
    expect(said()).toContain('share')
  })

  it('does not leave once a page has shown another face, however near it is to it', () => {
    for (let turns = 0; turns < 3; turns += 1) {
      three.held()
      held()
      const heads = { origin: house.origin, heads: [toUtf8(three.log.note([1, 2]))] }
      let isDone = false
      node().receive(coordinator, { frame: 'heads', heads }, () => {
        isDone = true
      })
      while (!isDone) expect(turn()).toBe(true)
      for (let at = 0; at < turns; at += 1) expect(turn()).toBe(true)
      expect([node().status().waitingReleases, said().includes('share')]).toEqual([1, false])
      const { size } = node().status()
      const page = { ...three.page('node-a', size - 1), checkpoint: otherFace(size) }
      node().receive(coordinator, { frame: 'lines', lines: page })
      while (turn());
      expect([state(), said().includes('share')]).toEqual(['forked', false])
      expect(three.stopped('node-a')).toBe('LOG_FORK')
      three.at('node-a').store.run('delete from fork')
      three.restart('node-a')
      three.tick(30_000)
      three.welcome()
      three.lines(...names)
      for (const name of names) three.at(name).said.length = 0
    }
  })
})

describe('the round of a tick', () => {
  it('is begun once, however many ticks there are before it ends', () => {
    held()
    for (let ticks = 0; ticks < 5; ticks += 1) node().tick()
    let turns = 0
    while (turn()) turns += 1
    for (let ticks = 0; ticks < 5; ticks += 1) node().tick()
    let again = 0
    while (turn()) again += 1
    expect(turns).toBeGreaterThan(3)
    expect(again).toBe(turns)
    node().tick()
    let one = 0
    while (turn()) one += 1
    expect(one).toBe(turns)
  })
})

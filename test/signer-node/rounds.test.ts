// What a node does after lines, heads and ticks, in parts: what may happen between two of them.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { toHex, toUtf8 } from '../../proto/crypto.ts'
import { type CoordinatorPart, readSigned, writeSigned } from '../../proto/frames.ts'
import { parseNodeId } from '../../proto/ids.ts'
import { type FloorQuery, kinds, openBy, signBy } from '../../proto/node-documents.ts'
import { refuse } from '../../proto/refusal.ts'
import * as house from '../kit/audit-documents.ts'
import { bootedLog } from '../kit/audit-log.ts'
import { daily } from '../kit/every-case.ts'
import { SigningHouse } from './signing-kit.ts'
import { coordinator, names } from './three-nodes.ts'
import { seedOf } from './world.ts'

let three: SigningHouse
beforeAll(() => {
  three = new SigningHouse()
})
afterAll(() => three.close())
afterEach(() => {
  while (turn());
  delete three.at('node-a').ports.pausing.held
  three.carry = (_from, _to, frame) => frame
  const { node, store } = three.at('node-a')
  store.run('delete from fork')
  store.run("delete from meta where key in ('fenced', 'fenced-since')")
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

/** A share that would leave in a few turns, less `turns`. */
function near(turns: number): void {
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
}

function anew(): void {
  delete three.at('node-a').ports.pausing.held
  three.restart('node-a')
  three.tick(30_000)
  three.welcome()
  three.lines(...names)
  for (const name of names) three.at(name).said.length = 0
}

/** The last that node a asked. */
function questions(): () => FloorQuery {
  let asked: FloorQuery | undefined
  three.carry = (from, _to, frame) => {
    if (frame.frame !== 'note' || frame.note.kind !== 'floor-query' || from !== 'node-a')
      return frame
    const signed = readSigned(frame.note.document)
    asked = openBy(kinds.floorQuery, signed, house.keyOf('node-a-identity').publicKey).value
    return frame
  }
  return () => asked ?? refuse('MALFORMED', 'node a asked nothing')
}

/** Node b was asked by another life of node a, which knew what this one had asked. */
function answerAbout({ nonce }: FloorQuery): CoordinatorPart<'note'> {
  const { org, env } = house
  const a = { node: parseNodeId('node-a'), sign: house.keyOf('node-a-identity').sign }
  const b = { node: parseNodeId('node-b'), sign: house.keyOf('node-b-identity').sign }
  const life = { incarnation: toHex(seedOf('life').slice(0, 16)), nonce: toHex(seedOf('asked')) }
  const query = {
    ...life,
    format: 'custody-floor-query/v1',
    org,
    env,
    node: 'node-a',
    to: 'node-b',
  }
  const { document, signature } = signBy(kinds.floorQuery, { ...query, echo: toHex(nonce) }, a)
  const other = [{ document, signature: toHex(signature) }]
  const said = { org, env, node: 'node-b', to: 'node-a', nonce: toHex(nonce), other }
  const cosigned = three.log.note([2])
  const words = { ...said, format: 'custody-floor-answer/v1', cosigned, head: cosigned, counter: 0 }
  const answer = writeSigned(signBy(kinds.floorAnswer, words, b))
  return { from: 'node-b', to: 'node-a', kind: 'floor-answer', document: answer }
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
      near(turns)
      const { size } = node().status()
      const page = { ...three.page('node-a', size - 1), checkpoint: otherFace(size) }
      node().receive(coordinator, { frame: 'lines', lines: page })
      while (turn());
      expect([state(), said().includes('share')]).toEqual(['forked', false])
      expect(three.stopped('node-a')).toBe('LOG_FORK')
      three.at('node-a').store.run('delete from fork')
      anew()
    }
  })

  it('does not leave once a note has shown a second instance, however near it is to it', () => {
    for (let turns = 0; turns < 3; turns += 1) {
      const asked = questions()
      near(turns)
      node().receive(coordinator, { frame: 'note', note: answerAbout(asked()) })
      while (turn());
      expect([state(), said().includes('share')]).toEqual(['fenced', false])
      expect(three.stopped('node-a')).toBe('FLOOR')
      three.at('node-a').store.run("delete from meta where key in ('fenced', 'fenced-since')")
      anew()
    }
  })

  it('does not leave by some heads of a frame of which another proves a fork', () => {
    three.held()
    held()
    const good = Array.from({ length: 31 }, () => toUtf8(three.log.note([1, 2])))
    const heads = [...good, otherFace(three.log.head.size)]
    node().receive(coordinator, { frame: 'heads', heads: { origin: house.origin, heads } })
    // Whatever an operator asks for has everything looked at.
    do node().freeze('hot-tron')
    while (turn())
    node().unfreeze('hot-tron')
    expect([state(), said().includes('share')]).toEqual(['forked', false])
  })
})

describe('a head that waits to be compared', () => {
  it('is compared though its witness has signed a larger one, which came with the lines', () => {
    const size = three.log.head.size + 1
    const page = ripening(otherFace(size))
    node().receive(coordinator, {
      frame: 'lines',
      lines: { ...page, heads: [otherFace(size + 1)] },
    })
    while (turn());
    expect([state(), node().status().size]).toEqual(['forked', size])
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

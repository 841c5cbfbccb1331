// A node whose disk has no room (F37): it says so, begins nothing, lets end what runs, withholds what it
// cannot write down first, and goes on by itself when there is room again.
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { concat, toUtf8 } from '../../proto/crypto.ts'
import { parseNodeId } from '../../proto/ids.ts'
import { refuse } from '../../proto/refusal.ts'
import { DiskFault } from '../../signer-node/disk.ts'
import { FloorFile } from '../../signer-node/floor-file.ts'
import { roomOf } from '../../signer-node/places.ts'
import { Store } from '../../signer-node/store.ts'
import * as house from '../kit/audit-documents.ts'
import type { Twist } from '../kit/bent.ts'
import { CrookedNode, flipped } from '../kit/crooked-node.ts'
import { refusedWith } from '../kit/refused.ts'
import { SigningHouse, signers } from './signing-kit.ts'
import { lift, names } from './three-nodes.ts'
import { TestClock } from './world.ts'

let three: SigningHouse
beforeAll(() => {
  three = new SigningHouse()
})
afterAll(() => three.close())
afterEach(() => {
  three.shareHeads = true
  room()
  three.tick(30_000)
  three.lines(...names)
  for (const name of names) three.at(name).said.length = 0
})

const node = () => three.at('node-a').node
const shares = () => signers.flatMap((name) => three.heard(name, 'share'))

function shortage(): void {
  three.shortage.set('node-a', '7 bytes are free')
  three.tick(1_000)
}

/** Steps do their work, and nothing of it can be written. */
function noRoom(): void {
  const { store } = three.at('node-a')
  store.step = (work) =>
    Store.prototype.step.call(store, () => [work(), refuse('DISK_FULL', '')]) as never
  shortage()
}

function room(): void {
  three.at('node-a').store.step = Store.prototype.step
  three.shortage.delete('node-a')
  three.tick(1_000)
}

describe('a node with little room left', () => {
  it('says so, begins nothing new, and is ready again when there is room', () => {
    const payout = three.payout()
    shortage()
    expect(three.state('node-a')).toBe('full')
    three.ask('node-a', payout)
    expect(three.refusal('node-a')).toBe('DISK_FULL session')
    room()
    expect(three.state('node-a')).toBe('ready')
    expect(three.sign(payout)).toHaveLength(2)
  })

  it('goes on cosigning, and lets a share leave that was begun before', () => {
    three.shareHeads = false
    const payout = three.payout()
    three.begin(payout, three.askSigners(payout))
    shortage()
    expect(shares()).toEqual([])
    three.shareHeads = true
    three.lines(...names)
    expect(three.signature(payout, shares())).toMatch(/^[0-9a-f]{130}$/)
  })
})

describe('a node with no room at all', () => {
  it('ends a share at the deadline of its session, though what it looks at first finds no room', () => {
    three.held()
    three.at('node-a').said.length = 0
    three.log.t = Math.max(three.log.t, three.clock.wall)
    three.log.add('log.heartbeat', {})
    const heads = { origin: house.origin, heads: [toUtf8(three.log.note([2]))] }
    three.give('node-a', { frame: 'heads', heads })
    const { pausing } = three.at('node-a').ports
    const waiting: (() => void)[] = []
    pausing.held = waiting
    three.lines('node-a')
    // The line is kept, and the head that waited for it is to be kept next.
    while (node().status().size < three.log.head.size) waiting.shift()?.()
    delete pausing.held
    noRoom()
    for (let work = waiting.shift(); work; work = waiting.shift()) work()
    three.settle()
    expect(node().own.witness.heads.ripe()).toHaveLength(1)
    three.tick(20_000)
    expect([node().status().waitingReleases, three.stopped('node-a')]).toEqual([0, 'COSIGN'])
  })

  it('takes no line and cosigns nothing, and asks for the lines when there is room', () => {
    noRoom()
    const { size } = node().status()
    three.log.add('log.heartbeat', {})
    three.at('node-a').said.length = 0
    three.lines('node-a')
    expect(three.heard('node-a', 'cosigned')).toEqual([])
    expect(node().status().size).toBe(size)
    room()
    expect(three.heard('node-a', 'behind')).toMatchObject([{ size }])
    three.lines('node-a')
    expect(node().status().size).toBe(size + 1)
    expect(three.heard('node-a', 'cosigned')).toHaveLength(1)
  })

  it('gives the cosignature that found no room for its floor when there is room', () => {
    const write = FloorFile.prototype.write
    FloorFile.prototype.write = () => refuse('DISK_FULL', 'floor')
    three.log.add('log.heartbeat', {})
    three.at('node-a').said.length = 0
    three.lines('node-a')
    shortage()
    three.tick(2_000)
    expect(three.heard('node-a', 'cosigned')).toEqual([])
    FloorFile.prototype.write = write
    room()
    const { size } = three.log.head
    expect(three.heard('node-a', 'cosigned').map((one) => one.size)).toEqual([size])
    three.tick(2_000)
    expect(three.heard('node-a', 'cosigned')).toEqual([])
  })

  it('accepts nothing that it cannot keep, and the same attempt when it can', () => {
    const payout = three.payout()
    noRoom()
    three.ask('node-a', payout)
    expect(three.refusal('node-a')).toBe('DISK_FULL session')
    expect(three.heard('node-a', 'accepted')).toEqual([])
    room()
    expect(three.sign(payout)).toHaveLength(2)
  })

  it('withholds a share whose receipt it cannot keep, and wipes it', () => {
    three.shareHeads = false
    const payout = three.payout()
    three.begin(payout, three.askSigners(payout))
    const { receipts } = node().status()
    const { store } = three.at('node-a')
    store.run = (statement, ...values) => {
      if (statement.includes('into journal')) refuse('DISK_FULL', '')
      Store.prototype.run.call(store, statement, ...values)
    }
    three.shareHeads = true
    three.lines(...names)
    store.run = Store.prototype.run
    expect(node().status()).toMatchObject({ receipts, waitingReleases: 0 })
    expect(three.stopped('node-a')).toBe('DISK_FULL')
    expect(three.heard('node-a', 'share')).toEqual([])
    expect(three.heard('node-b', 'share')).toHaveLength(1)
  })
})

describe('a look for room', () => {
  it('keeps a freeze of its operator in force, and writes it when there is room', () => {
    const payout = three.payout()
    const { store } = three.at('node-a')
    const run = store.run.bind(store)
    store.run = (sql, ...values) =>
      sql.includes('local_freeze') ? refuse('DISK_FULL', '') : run(sql, ...values)
    shortage()
    expect(refusedWith(() => node().freeze('all'))).toBe('DISK_FULL')
    expect([node().status().frozen, store.all('select * from local_freeze')]).toEqual([['all'], []])
    store.run = run
    room()
    expect(store.all('select scope from local_freeze')).toMatchObject([{ scope: 'all' }])
    three.ask('node-a', payout)
    expect(three.refusal('node-a')).toMatch(/^FROZEN/)
    node().unfreeze('all')
    expect(node().status().frozen).toEqual([])
  })

  it('waits for it, and takes a disk that fails for no shortage: that ends the process', () => {
    const home = mkdtempSync(join(tmpdir(), 'custody-room-'))
    const clock = new TestClock()
    const room = roomOf({ dataDir: home, floorDir: home }, { clock, report: () => {} })
    const looksAt = (target: string) => {
      symlinkSync(target, join(home, 'room.probe'))
      clock.advance(1_000)
      return room.tick()
    }
    room.failed()
    expect(looksAt('/dev/full')).toBe(false)
    expect(room.shortage).toContain('ENOSPC')
    // Nothing can be written where no memory is: EIO.
    expect(() => looksAt('/proc/self/mem')).toThrow(DiskFault)
    rmSync(join(home, 'room.probe'))
    clock.advance(1_000)
    expect([room.tick(), room.shortage]).toEqual([true, ''])
    rmSync(home, { recursive: true })
  })
})

describe('a lie that comes when there is no room', () => {
  /** What of it is on the disk: bans, tombstones, strikes. */
  const written = () =>
    ['ban', 'tombstone', 'strike'].map((table) => {
      return three.at('node-a').store.all(`select peer from ${table}`).length
    })

  type Lie = readonly [string, Twist, readonly number[]]

  it.each([
    ['a ban', flipped(2, 1_000), [1, 1, 0]],
    // A byte too many.
    ['a strike', (said) => [{ ...said, bytes: concat(said.bytes, Uint8Array.of(0)) }], [0, 0, 1]],
  ] as const satisfies Lie[])(
    'ends its session as ever, and is %s when there is room',
    (_what, twist, kept) => {
      three.pair()
      const { store, said } = three.at('node-a')
      store.run('insert into probation (peer, at) values (?, ?)', 'node-b', three.clock.wallMs())
      const before = written()
      const payout = three.payout()
      const given = three.askSigners(payout)
      const crooked = new CrookedNode()
      crooked.twist = twist
      noRoom()
      three.begin(payout, given)
      crooked.straighten()
      expect(node().status().sessions).toBe(0)
      expect(said.map(({ frame }) => frame)).not.toContain('stopped')
      expect(node().own.bans.isBanned(parseNodeId('node-b'))).toBe(kept[0] === 1)
      three.tick(5_000)
      expect(three.stopped('node-a')).toBe('SESSION_TIMEOUT')
      expect(written()).toEqual(before)
      room()
      expect(written().map((count, at) => count - (before[at] ?? 0))).toEqual(kept)
      expect(node().own.bans.isBanned(parseNodeId('node-b'))).toBe(kept[0] === 1)
      if (kept[0] === 1) lift(store)
      three.tick(30_000)
      three.welcome()
    },
  )
})

describe('proof of a second instance that comes when there is no room', () => {
  it('is acted upon at once, written down when there is room, and stays over a restart', () => {
    three.pair()
    const payout = three.payout()
    three.shareHeads = false
    three.begin(payout, three.askSigners(payout))
    const { store } = three.at('node-a')
    store.run = (statement, ...values) => {
      if (statement.includes('into meta')) refuse('DISK_FULL', '')
      Store.prototype.run.call(store, statement, ...values)
    }
    // Its own key signs lines that it has not seen.
    three.log.add('log.heartbeat', {})
    const heads = { origin: house.origin, heads: [toUtf8(three.log.note([0]))] }
    three.give('node-a', { frame: 'heads', heads })
    expect(three.state('node-a')).toBe('fenced')
    three.shareHeads = true
    three.lines('node-b', 'node-c')
    expect(three.heard('node-a', 'share')).toEqual([])
    store.run = Store.prototype.run
    three.tick()
    expect(node().status()).toMatchObject({
      state: 'fenced',
      fenced: expect.stringContaining('the own key signed'),
    })
    three.stop('node-a')
    three.start('node-a')
    three.tick(2_000)
    three.lines('node-a')
    expect(three.state('node-a')).toBe('fenced')
  })
})

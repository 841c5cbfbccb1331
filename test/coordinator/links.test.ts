// The nodes' streams: pages, acknowledgements, catch-up, cosigned heads, relaying, and what a witness
// that knows more than the database means.
import { afterEach, describe, expect, it } from 'vitest'
import { Link } from '../../coordinator/link.ts'
import { readHeads } from '../../coordinator/store/heads.ts'
import { submitRoot } from '../../coordinator/successions.ts'
import type { CoordinatorFrame } from '../../proto/frames.ts'
import { limits } from '../../proto/limits.ts'
import { RootDrafts } from '../kit/house-roots.ts'
import { type House, type HouseOptions, houseOn } from './house.ts'
import { scriptedNode } from './scripted-node.ts'
import { pgliteEngine } from './store-kit.ts'
import { freezeOf, nodes, origin, payout, signIntent, testClock, worldOn } from './world.ts'

const engine = pgliteEngine()
const houses: House[] = []

afterEach(async () => {
  for (const house of houses.splice(0)) await house.stop()
})

async function built(options: HouseOptions = {}): Promise<House> {
  const house = await houseOn(await engine.fresh(), options)
  houses.push(house)
  return house
}

const named = (frames: readonly CoordinatorFrame[], frame: CoordinatorFrame['frame']) =>
  frames.filter((one) => one.frame === frame)

const envelope = (from: string, to: string) => ({
  frame: 'envelope' as const,
  envelope: { sid: new Uint8Array(32), round: 1, from, to, ciphertext: Uint8Array.of(7) },
})

describe('lines', () => {
  it('reach every node, and cosignatures come back and are kept', async () => {
    const house = await built()
    await house.until('all have all', () =>
      house.nodes.every((node) => node.size === house.coordinator.tree.size),
    )
    await house.until('covered', () =>
      house.coordinator.heads.covers(house.coordinator.tree.size - 1),
    )
    const kept = await readHeads(house.store, origin, { from: 0, to: 99, countMax: 99 })
    expect(new Set(kept.map(({ witness }) => witness)).size).toBe(3)
  })

  it('go out two pages unacknowledged at most, in order and without a gap', async () => {
    const sent: CoordinatorFrame[] = []
    const page = (from: number, size: number) => ({
      origin,
      from,
      lines: Array.from({ length: Math.min(10, size - from) }, () => Uint8Array.of(1)),
      documents: [],
      checkpoint: new Uint8Array(0),
      heads: [],
    })
    const pages = {
      from: async (from: number, size: number) => page(from, size),
      empty: (size: number) => page(size, size),
    }
    const link = new Link('signer-a', (frame) => sent.push(frame), { pages, now: () => 0 })
    const starts = () =>
      sent.flatMap((frame) => {
        if (frame.frame === 'lines') return [frame.lines.from]
        return frame.frame === 'prepare' ? [-frame.prepare.lines.from] : []
      })
    const size = () => 35
    await link.pump(size)
    expect(starts()).toEqual([])
    const state = {
      state: 'ready',
      origin,
      size: 3,
      root: new Uint8Array(32),
      keys: [],
      pairings: [],
    }
    link.greet({ node: 'signer-a', incarnation: new Uint8Array(16), versions: [], state })
    await Promise.all([link.pump(size), link.pump(size)])
    expect(starts()).toEqual([3, 13])
    link.acknowledge(12)
    await link.pump(size)
    expect(starts()).toEqual([3, 13])
    const part = {
      warrant: new Uint8Array(0),
      attemptSeq: 34,
      keygen: new Uint8Array(0),
      order: new Uint8Array(0),
      dealing: new Uint8Array(0),
      ticket: new Uint8Array(16),
      fresh: false,
      participants: [],
    }
    link.prepare(35, part)
    link.acknowledge(13)
    await link.pump(size)
    expect(starts()).toEqual([3, 13, 23])
    link.acknowledge(33)
    await link.pump(size)
    // The last page carries the Prepare that waited for its lines; the next one needs no line.
    expect(starts()).toEqual([3, 13, 23, -33])
    link.prepare(35, part)
    await link.pump(size)
    expect(starts()).toEqual([3, 13, 23, -33, -35])
    link.close()
    link.prepare(35, part)
    link.send({ frame: 'heartbeat', heartbeat: {} })
    await link.pump(size)
    expect(sent).toHaveLength(5)
  })

  it('that were missed come later, with the documents and heads that were kept', async () => {
    const house = await built()
    const away = house.nodes[2]!
    const { links } = house.coordinator
    const old = await house.submit(payout())
    await house.untilState(old, 'BROADCAST')
    await house.coordinator.decisions.freeze(freezeOf('ana', 'warm', house.clock.now()))
    const fresh = scriptedNode('signer-c', house.clock)
    const end = fresh.attach(house.coordinator)
    await house.until('it caught up', () => fresh.size === house.coordinator.tree.size)
    expect(links.link('signer-c')?.isCaughtUp(house.coordinator.tree.size)).toBe(true)
    const pages = fresh.received.flatMap((frame) => (frame.frame === 'lines' ? [frame.lines] : []))
    const kinds = pages.flatMap(({ documents }) => documents.map(({ kind }) => kind))
    expect(kinds.sort()).toEqual(['book', 'directory', 'freeze', 'policy', 'root'])
    expect(pages.flatMap(({ heads }) => heads).length).toBeGreaterThan(0)
    expect(away.name).toBe('signer-c')
    end()
  })

  it('begin again where a node says that it stands', async () => {
    const house = await built()
    const node = house.nodes[0]!
    await house.until('it has all', () => node.size === house.coordinator.tree.size)
    const before = named(node.received, 'lines').length
    node.send({ frame: 'behind', behind: { origin, size: 2 } })
    await house.until('it is sent again', () => named(node.received, 'lines').length > before)
    const last = named(node.received, 'lines').at(-1)
    expect(last?.frame === 'lines' && last.lines.from).toBe(2)
  })
})

describe('a witness that is ahead of the database', () => {
  it('stops the log, because the database lost commits', async () => {
    const house = await built()
    const { sequencer, tree } = house.coordinator
    const root = new Uint8Array(32)
    house.nodes[0]!.send({ frame: 'ahead', ahead: { origin, size: tree.size + 3, root } })
    await house.until('it is held', () => sequencer.held !== '')
    const { size } = tree
    const submitted = house.coordinator.requests.submit(signIntent(payout()), [])
    await house.pass(2_000)
    expect(await submitted).toMatchObject({ kind: 'accepted' })
    expect(tree.size).toBe(size)
    expect(
      house.events.some(({ name, level }) => name === 'sequencer.held' && level === 'alarm'),
    ).toBe(true)
  })

  it('is asked for before a witnessed log grows after a restart', async () => {
    const store = await engine.fresh()
    const first = await houseOn(store)
    await first.until(
      'witnessed',
      () => first.coordinator.heads.largest === first.coordinator.tree.size,
    )
    await first.stop()
    const clock = testClock(first.clock.now() + 60_000)
    let started = false
    const starting = houseOn(store, { clock, nodes: [], keys: [], witnessGraceMs: 2_000 }).then(
      (house) => {
        started = true
        houses.push(house)
      },
    )
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    expect(started).toBe(false)
    while (!started) {
      clock.advance(100)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await starting
  })

  it('is nothing of that kind when another coordinator wrote the lines', async () => {
    const house = await built()
    const other = worldOn(house.store, { clock: house.clock })
    await other.sequencer.refresh()
    house.clock.advance(limits.logHeartbeatMs)
    await other.sequencer.tick()
    const { size } = other.tree
    expect(house.coordinator.tree.size).toBe(size - 1)
    house.nodes[0]!.send({ frame: 'ahead', ahead: { origin, size, root: new Uint8Array(32) } })
    await house.until('it noticed', () => house.coordinator.tree.size === size)
    expect(house.coordinator.sequencer.held).toBe('')
  })
})

describe('cosigned heads', () => {
  it('that are not what they say are refused, with an alarm', async () => {
    const house = await built()
    const { heads, tree } = house.coordinator
    await house.until('covered', () => heads.covers(tree.size - 1))
    const good = heads.notesOver(0)[0] ?? ''
    const bytes = (note: string) => new TextEncoder().encode(note)
    const cases = [
      good.replace(origin, 'another/log'),
      good.replace(/\n[A-Za-z0-9+/]{43}=\n/, `\n${'A'.repeat(43)}=\n`),
      `${good.split('\n\n')[0]}\n\n\u2014 nobody AAAAAAAAAAAA\n`,
      'no note at all',
    ]
    for (const note of cases) {
      await expect(heads.receive(bytes(note))).rejects.toThrow()
    }
    const before = house.events.length
    const cosigned = { origin, size: 3, root: new Uint8Array(32), note: bytes(cases[0] ?? '') }
    house.nodes[0]!.send({ frame: 'cosigned', cosigned })
    await house.until('an alarm', () =>
      house.events.slice(before).some(({ name }) => name === 'node.cosignature'),
    )
  })

  it('of everybody who saw a past root end are told to a node that comes later, once', async () => {
    const house = await built()
    const { coordinator } = house
    const drafts = new RootDrafts()
    for (const q of [3, 2]) {
      const sent = drafts.next(nodes, { n: 3, t: 2, q }, ['jun', 'kat'])
      expect(await submitRoot(coordinator, sent)).toHaveProperty('seq')
      drafts.taken(sent)
      await house.until('it is seen', () => coordinator.heads.covers(coordinator.tree.size - 1))
    }
    // It saw both, and is no more.
    house.nodes[1]?.attach(coordinator)()
    await house.submit(payout())
    const late = scriptedNode('signer-c', house.clock)
    late.attach(coordinator)
    const told = () =>
      late.received.flatMap((one) => (one.frame === 'heads' ? one.heads.heads : []))
    const ofTheGone = () => told().filter((note) => Buffer.from(note).includes('signer-b.acme'))
    await house.until('it is told', () => ofTheGone().length > 0)
    await house.submit(payout({ amount: 2_000_000n }))
    await house.pass(3_000)
    expect(ofTheGone()).toHaveLength(1)
  })

  it('are passed on at once to the nodes of a running attempt', async () => {
    const house = await built()
    const before = house.nodes.map(({ received }) => named(received, 'heads').length)
    const id = await house.submit(payout())
    await house.untilState(id, 'BROADCAST')
    const after = house.nodes.map(({ received }) => named(received, 'heads').length)
    expect(after.filter((count, at) => count > (before[at] ?? 0)).length).toBeGreaterThan(1)
  })
})

describe('relaying', () => {
  it('carries envelopes and notes to whom they are for, unread', async () => {
    const house = await built()
    const [a, b, c] = house.nodes
    a!.send(envelope('signer-a', 'signer-b'))
    const signed = {
      credential: 'signer-a',
      document: new Uint8Array(2),
      signature: new Uint8Array(64),
    }
    a!.send({
      frame: 'note',
      note: { from: 'signer-a', to: 'signer-c', kind: 'hello', document: signed },
    })
    await house.pass(100)
    expect(named(b!.received, 'envelope')).toEqual([envelope('signer-a', 'signer-b')])
    expect(named(c!.received, 'note')).toHaveLength(1)
    expect(named(a!.received, 'envelope')).toHaveLength(0)
  })

  it('refuses to speak in the name of another node', async () => {
    const house = await built()
    const [a, , c] = house.nodes
    a!.send(envelope('signer-b', 'signer-c'))
    await house.pass(100)
    expect(named(c!.received, 'envelope')).toEqual([])
    expect(house.events.some(({ name, node }) => name === 'node.name' && node === 'signer-a')).toBe(
      true,
    )
  })

  it('drops what is for a node that is not here', async () => {
    const house = await built()
    house.nodes[0]!.send(envelope('signer-a', 'signer-x'))
    await house.pass(100)
    expect(house.coordinator.links.attached).toHaveLength(3)
  })
})

describe('who is attached', () => {
  it('is told to everybody whenever it changes', async () => {
    const clock = testClock()
    const all = nodes.map((name) => scriptedNode(name, clock))
    const house = await built({ clock, nodes: all.slice(0, 2) })
    const end = all[2]!.attach(house.coordinator)
    await house.pass(100)
    const peersOf = (at: number) => {
      const last = named(all[at]!.received, 'welcome').at(-1)
      return last?.frame === 'welcome' ? last.welcome.peers.map(({ node }) => node) : []
    }
    expect(peersOf(0)).toEqual(nodes)
    end()
    await house.pass(100)
    expect(peersOf(0)).toEqual(nodes.slice(0, 2))
  })

  it('is one stream a node: a second one takes the place of the first', async () => {
    const house = await built()
    const twin = scriptedNode('signer-a', house.clock)
    const end = twin.attach(house.coordinator)
    expect(house.coordinator.links.attached).toHaveLength(3)
    const before = house.nodes[0]!.received.length
    house.nodes[1]!.send(envelope('signer-b', 'signer-a'))
    await house.pass(100)
    expect(named(twin.received, 'envelope')).toHaveLength(1)
    expect(house.nodes[0]!.received.length).toBe(before)
    house.nodes[0]!.send(envelope('signer-a', 'signer-b'))
    await house.pass(100)
    expect(named(house.nodes[1]!.received, 'envelope')).toHaveLength(0)
    end()
  })

  it('ends for a node that calls itself something else, or falls silent', async () => {
    const house = await built()
    const liar = scriptedNode('signer-b', house.clock)
    const hello = { node: 'signer-b', incarnation: new Uint8Array(16), versions: [] }
    const state = {
      state: 'ready',
      origin,
      size: 0,
      root: new Uint8Array(32),
      keys: [],
      pairings: [],
    }
    const attached = house.coordinator.attach('signer-c', () => {})
    attached.receive({ frame: 'hello', hello: { ...hello, state } })
    expect(house.coordinator.links.link('signer-c')).toBeUndefined()
    expect(liar.size).toBe(0)
    house.clock.advance(4 * limits.streamHeartbeatMs)
    house.coordinator.links.tick()
    expect(house.coordinator.links.attached).toHaveLength(0)
  })

  it('is a node that the root in force names, and nobody else', async () => {
    const house = await built()
    const attach = (node: string) => () => house.coordinator.attach(node, () => {})
    expect(attach('signer-x')).toThrow('UNAUTHENTICATED')
    expect(house.coordinator.links.attached).toHaveLength(3)
    expect(attach('signer-c')).not.toThrow()
    expect([...house.coordinator.admitted().values()]).toEqual(['signer-a', 'signer-b', 'signer-c'])
  })

  it('is asked to show that it lives', async () => {
    const house = await built()
    await house.jump(2 * limits.streamHeartbeatMs)
    expect(named(house.nodes[0]!.received, 'heartbeat').length).toBeGreaterThan(0)
    expect(house.coordinator.links.attached).toHaveLength(3)
  })

  it('gets an alarm when it holds another log, or sends lines that nobody asked for', async () => {
    const house = await built()
    const face = new Uint8Array(1)
    house.nodes[0]!.send({ frame: 'fork', fork: { origin, held: face, offered: face } })
    const lines = { origin, from: 0, lines: [], documents: [], checkpoint: face, heads: [] }
    house.nodes[0]!.send({ frame: 'supplyLines', supplyLines: { lines } })
    const alarms = house.events.filter(({ level }) => level === 'alarm').map(({ name }) => name)
    expect(alarms).toEqual(['node.fork', 'node.supply'])
  })
})

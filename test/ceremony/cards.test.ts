// Cards: one file a step, whole or nothing, in order, of this ceremony and these two lives. Both ends
// are real; between them a test carries files, or does to them what happens to cards.
import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CoordinatorStream, NodeFrame, NodeStream } from '../../proto/frames.ts'
import { parseHandle } from '../../proto/ids.ts'
import { limits } from '../../proto/limits.ts'
import {
  cardName,
  isAt,
  namedCard,
  nobody,
  readCard,
  writeCard,
} from '../../signer-node/ceremony/card-file.ts'
import type { HubTable, StationTable } from '../../signer-node/ceremony/table.ts'
import { cardSlots, hubOnCards, stationOnCards } from '../../signer-node/ceremony/table-cards.ts'
import type { Event } from '../../signer-node/ports.ts'
import { digestNamed } from '../kit/audit-log.ts'
import { coordinatorFrames, nodeFrames } from '../kit/frames.ts'
import { refusedWith } from '../kit/refused.ts'
import { namedRandom, TestClock } from '../signer-node/world.ts'

const plan = digestNamed('plan')
const station = parseHandle('node-1')
const head = {
  plan,
  born: 1,
  from: station,
  to: parseHandle('table'),
  life: '11'.repeat(8),
  toLife: nobody,
  number: 1,
}
const frames = [new Uint8Array([1, 2, 3]), new Uint8Array(0)]

describe('where a card is', () => {
  it('is a directory, or nothing yet; a file is refused', () => {
    const directory = mkdtempSync(join(tmpdir(), 'custody-slots-'))
    const at = (name: string): string => join(directory, name)
    writeFileSync(at('table.pem'), 'PEM')
    try {
      expect(cardSlots(directory)).toEqual({ read: directory, write: directory })
      expect(cardSlots(at('out')).write).toBe(at('out'))
      expect(refusedWith(() => cardSlots(at('table.pem')))).toBe('CONFIG')
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})

describe('a file on a card', () => {
  it('is read as it was written, and its name says what its head says', () => {
    const file = readCard(writeCard(head, frames))
    expect(file.head).toEqual(head)
    expect(file.frames).toEqual(frames)
    const name = cardName(head)
    expect(name).toBe(`000001.node-1-table.${'11'.repeat(8)}.${'0'.repeat(16)}.card`)
    expect(namedCard(name, head)).toEqual({ number: 1, life: head.life, toLife: nobody })
    expect(isAt(head, head)).toBe(true)
  })

  it('is none for anybody else, under another number, or with another ending', () => {
    const name = cardName(head)
    expect(namedCard(name, { ...head, to: parseHandle('node-2') })).toBeUndefined()
    expect(namedCard(`${name}.part`, head)).toBeUndefined()
    expect(isAt(head, { ...head, number: 2 })).toBe(false)
    expect(isAt(head, { ...head, life: nobody })).toBe(false)
    expect(isAt(head, { ...head, toLife: head.life })).toBe(false)
    expect(isAt(head, { ...head, from: parseHandle('node-2') })).toBe(false)
    expect(isAt(head, { ...head, to: parseHandle('node-2') })).toBe(false)
  })

  it('is refused at every length but its own, and with any byte changed', () => {
    const bytes = writeCard(head, frames)
    for (let end = 0; end < bytes.length; end += 1) {
      expect(refusedWith(() => readCard(bytes.slice(0, end)))).toBe('MALFORMED')
    }
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = bytes.slice()
      changed[at] = (changed[at] ?? 0) ^ 1
      const read = (() => {
        try {
          return readCard(changed)
        } catch {
          return undefined
        }
      })()
      // What is left of its head is another name, ceremony or life, and is asked for nowhere.
      if (read !== undefined) expect(read.head).not.toEqual(head)
    }
  })

  it('holds whole frames of a bounded size', () => {
    const long = new Uint8Array(limits.frameBytesMax + 1)
    expect(refusedWith(() => readCard(writeCard(head, [long])))).toBe('MALFORMED')
    expect(readCard(writeCard(head, [long.subarray(1)])).frames).toHaveLength(1)
  })
})

/** Bytes as text: a carrier gives other views of the same. */
const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, one) => {
      const isBytes = one instanceof Uint8Array || one?.type === 'Buffer'
      return isBytes ? Buffer.from(one.data ?? one).toString('hex') : one
    }),
  )

describe('two ends of a card', () => {
  let home: string
  let clock: TestClock
  let events: Event[]
  let table: StationTable
  let hub: HubTable
  let node: NodeStream
  let seats: CoordinatorStream[]
  let draws = 0
  const up = (): string => join(home, 'up')
  const down = (): string => join(home, 'down')
  const quietMs = 100

  const settings = () => {
    draws += 1
    const report = (event: Event): void => void events.push(event)
    return { plan, clock, random: namedRandom(`cards ${draws}`), report, quietMs }
  }
  const sitDown = (): void => {
    table = stationOnCards({ ...settings(), station, slots: { read: down(), write: up() } })
    node = table.dial('table', () => {})
  }
  const layTable = (of: Partial<ReturnType<typeof settings>> = {}): void => {
    const stations = new Map([[station, { read: up(), write: down() }]])
    hub = hubOnCards({ ...settings(), ...of, stations }, (_, stream) => void seats.push(stream))
  }
  /** Everybody has said what there was to say, and the cards were carried. */
  const step = (): void => {
    clock.advance(quietMs)
    table.tick()
    hub.tick()
  }
  const names = (): readonly string[] => events.map(({ name }) => name)
  const heard = async <T>(stream: { readonly received: AsyncIterable<T> }, count: number) => {
    const all: T[] = []
    for await (const frame of stream.received) {
      all.push(frame)
      if (all.length === count) break
    }
    return all
  }

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'custody-cards-'))
    for (const place of [up(), down()]) mkdirSync(place)
    ;[clock, events, seats] = [new TestClock(), [], []]
    sitDown()
    layTable()
  })
  afterEach(async () => {
    table.close()
    await hub.close()
    rmSync(home, { recursive: true, force: true })
  })

  it('carry every frame both ways as it is, in order, one file a step', async () => {
    for (const frame of nodeFrames) node.send(frame)
    step()
    expect(readdirSync(up())).toHaveLength(1)
    expect(plain(await heard(seats[0]!, nodeFrames.length))).toEqual(plain(nodeFrames))
    for (const frame of coordinatorFrames) seats[0]!.send(frame)
    step()
    step()
    expect(readdirSync(down())).toHaveLength(1)
    expect(plain(await heard(node, coordinatorFrames.length))).toEqual(plain(coordinatorFrames))
    expect(names()).toEqual([])
  })

  it('write nothing before it is quiet, and nothing while the card is out; then all of it', () => {
    node.send(nodeFrames[0]!)
    table.tick()
    expect(readdirSync(up())).toEqual([])
    renameSync(up(), `${up()}-out`)
    step()
    step()
    expect(names()).toEqual(['card-absent'])
    renameSync(`${up()}-out`, up())
    node.send(nodeFrames[1]!)
    step()
    expect(readdirSync(up())).toHaveLength(1)
  })

  it('notice half a copy, and take the whole one later', () => {
    node.send(nodeFrames[0]!)
    clock.advance(quietMs)
    table.tick()
    const [name = ''] = readdirSync(up())
    const whole = readFileSync(join(up(), name))
    writeFileSync(join(up(), name), whole.subarray(0, whole.length - 1))
    hub.tick()
    hub.tick()
    expect(names()).toEqual(['card-unreadable'])
    expect(seats).toHaveLength(0)
    writeFileSync(join(up(), name), whole)
    hub.tick()
    expect(seats).toHaveLength(1)
  })

  it('wait for a lost card and name its number; a doubled one changes nothing', async () => {
    node.send(nodeFrames[0]!)
    step()
    const sent: NodeFrame[] = [nodeFrames[1]!, nodeFrames[2]!]
    for (const frame of sent) {
      node.send(frame)
      clock.advance(quietMs)
      table.tick()
    }
    const [first = '', second = ''] = readdirSync(up()).filter((name) => !name.startsWith('000001'))
    renameSync(join(up(), first), join(home, first))
    hub.tick()
    expect(events.at(-1)).toMatchObject({ name: 'card-missing', because: 'number 2 of node-1' })
    copyFileSync(join(up(), second), join(up(), `copy of ${second}`))
    renameSync(join(home, first), join(up(), first))
    hub.tick()
    hub.tick()
    expect(plain(await heard(seats[0]!, 3))).toEqual(plain([nodeFrames[0]!, ...sent]))
  })

  it('take no file under another name than its own', () => {
    node.send(nodeFrames[0]!)
    step()
    node.send(nodeFrames[1]!)
    clock.advance(quietMs)
    table.tick()
    const name = readdirSync(up()).find((one) => one.startsWith('000002'))!
    renameSync(join(up(), name), join(home, name))
    copyFileSync(join(up(), readdirSync(up())[0]!), join(up(), name))
    hub.tick()
    expect(events.at(-1)).toMatchObject({ level: 'alarm', name: 'card-wrong' })
  })

  it('hear nothing of an earlier ceremony', () => {
    node.send(nodeFrames[0]!)
    step()
    seats.length = 0
    layTable({ plan: digestNamed('another plan') })
    hub.tick()
    hub.tick()
    expect(seats).toHaveLength(0)
    const because = expect.stringContaining('(X-15)')
    expect(events.at(-1)).toMatchObject({ name: 'card-of-another-ceremony', because })
  })

  it('begin anew when either process does, and nothing of before is heard again', async () => {
    node.send(nodeFrames[0]!)
    step()
    seats[0]!.send(coordinatorFrames[1]!)
    step()
    step()
    // The Station is started again.
    sitDown()
    node.send(nodeFrames[1]!)
    step()
    expect(seats).toHaveLength(2)
    expect(plain(await heard(seats[1]!, 1))).toEqual(plain([nodeFrames[1]]))
    seats[1]!.send(coordinatorFrames[2]!)
    step()
    step()
    expect(plain(await heard(node, 1))).toEqual(plain([coordinatorFrames[2]]))
    // The Hub is started again: it knows the younger life, and the Station's stream ends.
    layTable()
    hub.tick()
    expect(seats).toHaveLength(3)
    seats[2]!.send(coordinatorFrames[1]!)
    step()
    step()
    for await (const _ of node.received) throw new Error('heard a Hub of before')
  })

  it('end where a frame cannot be read, or more waits than a card holds', async () => {
    node.send(nodeFrames[0]!)
    step()
    const { life } = namedCard(readdirSync(up())[0]!, head)!
    const bad = { ...head, life, number: 2 }
    writeFileSync(join(up(), cardName(bad)), writeCard(bad, [new Uint8Array([7, 7, 7])]))
    hub.tick()
    expect(events.at(-1)).toMatchObject({ level: 'alarm', name: 'card-unreadable' })
    expect(plain(await heard(seats[0]!, 2))).toEqual(plain([nodeFrames[0]]))
    const ciphertext = new Uint8Array(1_000_000)
    const envelope = { sid: new Uint8Array(32), round: 1, from: 'node-1', to: 'node-2', ciphertext }
    for (let sent = 0; sent < 17; sent += 1) node.send({ frame: 'envelope', envelope })
    expect(names()).toContain('card-full')
    node.send(nodeFrames[0]!)
    for await (const _ of node.received) throw new Error('it has ended')
  })

  it('hold back what is too large to be one of ours', () => {
    const name = cardName(head)
    writeFileSync(join(up(), name), new Uint8Array(limits.cardBytesMax + limits.frameBytesMax + 1))
    hub.tick()
    expect(events.at(-1)).toMatchObject({ name: 'card-unreadable' })
    expect(events.at(-1)?.because).toContain('expected a file of bounded length')
  })

  it('follow no link to a file that would be one, and wait for no pipe', () => {
    node.send(nodeFrames[0]!)
    clock.advance(quietMs)
    table.tick()
    const [name = ''] = readdirSync(up())
    renameSync(join(up(), name), join(home, name))
    symlinkSync(join(home, name), join(up(), name))
    hub.tick()
    expect(events.at(-1)?.because).toContain('expected a file of its own, and no link')
    rmSync(join(up(), name))
    execFileSync('mkfifo', [join(up(), name)])
    hub.tick()
    expect(seats).toHaveLength(0)
    rmSync(join(up(), name))
    renameSync(join(home, name), join(up(), name))
    hub.tick()
    expect(seats).toHaveLength(1)
  })
})

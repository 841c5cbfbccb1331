import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fromUtf8, toUtf8 } from '../../proto/crypto.ts'
import type { TestLog } from '../kit/audit-log.ts'
import { coldLog, root } from '../kit/cold-log.ts'
import { type Name, names, ThreeNodes } from './three-nodes.ts'

let three: ThreeNodes
beforeEach(() => {
  three = new ThreeNodes()
})
afterEach(() => three.close())

const data = (name: Name) => join(three.home, name, 'data')
const floor = (name: Name) => join(three.home, name, 'floor')
const grow = (count = 1): TestLog => {
  for (let at = 0; at < count; at += 1) three.log.wait(1).add('log.heartbeat', {})
  return three.log
}

/** Puts the database of a stopped node back to what `backup` kept. */
function restore(name: Name, backup: string): void {
  rmSync(data(name), { recursive: true })
  cpSync(backup, data(name), { recursive: true })
}

function backupOf(name: Name): string {
  const backup = join(three.home, `${name}-backup`)
  three.stop(name)
  cpSync(data(name), backup, { recursive: true })
  three.start(name)
  three.tick(2_000)
  return backup
}

describe('a node that starts for the first time', () => {
  it('cosigns nothing and accepts nothing before the others have answered', () => {
    three.start('node-a')
    three.lines('node-a')
    expect(three.state('node-a')).toBe('checking')
    expect(three.at('node-a').said.map(({ frame }) => frame)).toEqual(['hello', 'behind'])
    three.prepare('node-a', { keygen: three.keygen('hot-eth') })
    const refused = three.heard('node-a', 'refused')[0]!.refusal.document
    expect(JSON.parse(fromUtf8(refused)!)).toMatchObject({ code: 'FLOOR', check: 'session' })
  })

  it('needs the answers of both others: w - q + f + 1', () => {
    three.start('node-a', 'node-b')
    three.lines('node-a', 'node-b')
    three.tick(2_000)
    expect(three.state('node-a')).toBe('checking')
    three.start('node-c')
    three.lines('node-c')
    three.tick(2_000)
    expect(names.map((name) => three.state(name))).toEqual(['ready', 'ready', 'ready'])
    // What came before it might sign is signed without being asked again.
    expect(three.heard('node-a', 'cosigned').map(({ size }) => size)).toEqual([5])
  })

  it('counts an answer to another query, of a stranger or for another node for nothing', () => {
    three.start(...names)
    three.lines(...names)
    three.carry = (_from, to, frame) => {
      if (frame.frame !== 'note' || frame.note.kind !== 'floor-answer' || to !== 'node-a') {
        return frame
      }
      const { document } = frame.note
      const changed = fromUtf8(document.document)!.replace('"to":"node-a"', '"to":"node-b"')
      return {
        ...frame,
        note: { ...frame.note, document: { ...document, document: Buffer.from(changed) } },
      }
    }
    three.tick(2_000)
    expect(names.map((name) => three.state(name))).toEqual(['checking', 'ready', 'ready'])
  })

  it('counts no answer of a station, which has cosigned nothing that it could know', () => {
    three.log = coldLog()
    three.rootDigest = root.digest
    three.start(...names)
    three.lines(...names)
    three.tick(2_000)
    expect(names.map((name) => three.state(name))).toEqual(['checking', 'checking', 'checking'])
  })

  it('belongs to one database: another node cannot open it', () => {
    three.start('node-a')
    three.stop('node-a')
    cpSync(data('node-a'), data('node-b'), { recursive: true })
    expect(() => three.open('node-b')).toThrow('database of acme dev node-a')
  })
})

describe('a node that was away', () => {
  it('needs one answer when its second place agrees', () => {
    three.ready()
    three.stop('node-a')
    three.stop('node-c')
    three.start('node-a')
    expect(three.state('node-a')).toBe('checking')
    three.tick(2_000)
    expect(three.state('node-a')).toBe('ready')
  })

  it('needs both others without it', () => {
    three.ready()
    three.stop('node-a')
    three.stop('node-c')
    rmSync(floor('node-a'), { recursive: true })
    three.start('node-a')
    three.tick(2_000)
    expect(three.state('node-a')).toBe('checking')
    three.start('node-c')
    three.tick(2_000)
    expect(three.state('node-a')).toBe('ready')
  })

  it('catches up to the largest head that anybody named, page by page, before it cosigns', () => {
    three.ready()
    three.stop('node-a')
    grow(3)
    three.lines('node-b', 'node-c')
    three.start('node-a')
    three.tick(2_000)
    expect(three.state('node-a')).toBe('catching-up')
    three.lines('node-a')
    expect(three.state('node-a')).toBe('ready')
    expect(three.heard('node-a', 'cosigned').at(-1)?.size).toBe(8)
  })

  it('of all nodes at once starts again from their stored heads', () => {
    three.ready()
    grow(2)
    three.lines(...names)
    for (const name of names) three.stop(name)
    three.start(...names)
    three.tick(2_000)
    expect(names.map((name) => three.state(name))).toEqual(['ready', 'ready', 'ready'])
  })
})

describe('a node whose database was rolled back', () => {
  it('is found out by its second place, and stays a witness, also over a restart', () => {
    three.ready()
    const backup = backupOf('node-a')
    grow(2)
    three.lines(...names)
    three.stop('node-a')
    restore('node-a', backup)
    three.start('node-a')
    expect(three.at('node-a').ports.events[0]).toMatchObject({ level: 'alarm', name: 'rollback' })
    three.tick(2_000)
    three.lines('node-a')
    expect(three.state('node-a')).toBe('fenced')
    grow(1)
    three.lines('node-a')
    expect(three.heard('node-a', 'cosigned').at(-1)?.size).toBe(8)
    three.prepare('node-a', { keygen: three.keygen('hot-eth') })
    expect(three.heard('node-a', 'refused')).toHaveLength(1)

    three.stop('node-a')
    three.start('node-a')
    three.tick(2_000)
    expect(three.state('node-a')).toBe('fenced')
  })

  it('is found out by its second place when it goes back to before a fence', () => {
    three.ready()
    const backup = backupOf('node-a')
    three.at('node-a').node.fence('stolen')
    grow(2)
    three.lines(...names)
    expect(three.heard('node-a', 'cosigned').at(-1)?.size).toBe(7)
    for (const name of names) three.stop(name)
    restore('node-a', backup)
    three.start('node-a')
    const { fenced } = three.at('node-a').node.status()
    expect(fenced).toMatch(/^second place: 7, 0; store: 5, 0$/)
    // And what it proved stays there, however the same is done again.
    three.stop('node-a')
    restore('node-a', backup)
    three.start('node-a')
    expect(three.at('node-a').node.status().fenced).toBe(fenced)
  })

  it('is found out by the others, when the second place was rolled back with it', () => {
    three.ready()
    const backup = backupOf('node-a')
    const floors = join(three.home, 'floors')
    cpSync(floor('node-a'), floors, { recursive: true })
    grow(2)
    three.lines(...names)
    three.stop('node-a')
    restore('node-a', backup)
    rmSync(floor('node-a'), { recursive: true })
    cpSync(floors, floor('node-a'), { recursive: true })
    three.start('node-a')
    expect(three.state('node-a')).toBe('checking')
    three.tick(2_000)
    expect(three.state('node-a')).toBe('catching-up')
    expect(three.at('node-a').node.status().fenced).toContain('signed size 7')
    three.lines('node-a')
    expect(three.state('node-a')).toBe('fenced')
  })

  it('is found out when its lines come again before the others answer', () => {
    for (const keepsFloor of [true, false]) {
      three.close()
      three = new ThreeNodes().ready()
      const backup = backupOf('node-a')
      const floors = join(three.home, 'floors')
      cpSync(floor('node-a'), floors, { recursive: true })
      grow(2)
      three.lines(...names)
      three.stop('node-a')
      restore('node-a', backup)
      rmSync(floor('node-a'), { recursive: true })
      if (keepsFloor) cpSync(floors, floor('node-a'), { recursive: true })
      three.start('node-a')
      three.lines('node-a')
      three.tick(2_000)
      expect(three.state('node-a')).toBe('fenced')
      expect(three.at('node-a').node.status().fenced).toContain('signed size 7')
    }
  })

  it('is not called rolled back when it merely was away', () => {
    three.ready()
    three.stop('node-a')
    grow(2)
    three.lines('node-b', 'node-c')
    three.start('node-a')
    three.tick(2_000)
    three.lines('node-a')
    expect(three.at('node-a').node.status()).toMatchObject({ state: 'ready', fenced: '' })
  })
})

describe('a floor answer', () => {
  it('comes although somebody added lines to the note until none would hold it', () => {
    three.ready()
    grow(1)
    three.shareHeads = false
    three.lines(...names)
    const junk = `\u2014 x ${Buffer.alloc(20_000).toString('base64')}\n`
    for (const from of names) {
      const { note } = three.heard(from, 'cosigned').at(-1)!
      three.heads(toUtf8(`${fromUtf8(note)}${junk}`))
    }
    three.settle()
    grow(1)
    for (const name of names) {
      const page = three.page(name)
      const checkpoint = toUtf8(`${fromUtf8(page.checkpoint)}${junk}`)
      three.give(name, { frame: 'lines', lines: { ...page, checkpoint } })
    }
    three.stop('node-b')
    three.start('node-b')
    three.tick(2_000)
    expect(three.state('node-b')).toBe('ready')
  })

  it('is asked of every coordinator, as one alone could keep the question', () => {
    three.ready()
    three.stop('node-a')
    const { node, ports } = three.open('node-a')
    node.attached('c0')
    node.attached('c1')
    ports.sent.length = 0
    three.clock.advance(2_000)
    node.tick()
    const asked = ports.sent.filter(({ frame }) => frame.frame === 'note')
    expect(asked.map(({ coordinator }) => coordinator)).toEqual(['c0', 'c0', 'c1', 'c1'])
  })
})

describe('a node that stands', () => {
  it('asks all others again every minute, each time with a fresh nonce, and stays what it is', () => {
    three.ready()
    const asked: string[] = []
    three.carry = (from, to, frame) => {
      if (frame.frame === 'note' && frame.note.kind === 'floor-query' && from === 'node-a') {
        const { nonce, echo } = JSON.parse(fromUtf8(frame.note.document.document)!)
        asked.push(`${to} ${nonce} ${echo}`)
      }
      return frame
    }
    three.tick(57_000)
    expect(asked).toEqual([])
    three.tick(3_000)
    expect(asked.map((one) => one.slice(0, 6))).toEqual(['node-b', 'node-c'])
    three.tick(60_000)
    expect(new Set(asked.map((one) => one.slice(7))).size).toBe(2)
    expect(asked.every((one) => one.endsWith(' '))).toBe(true)
    expect(names.map((name) => three.state(name))).toEqual(['ready', 'ready', 'ready'])
  })

  it('tells its new life of the old one, and nobody takes a restart for a twin', () => {
    three.ready()
    const echoed: string[] = []
    three.stop('node-a')
    three.start('node-a')
    three.carry = (from, _to, frame) => {
      if (frame.frame === 'note' && frame.note.kind === 'floor-query' && from === 'node-a') {
        echoed.push(JSON.parse(fromUtf8(frame.note.document.document)!).echo)
      }
      return frame
    }
    for (let seconds = 0; seconds < 130; seconds += 2) three.tick(2_000)
    expect(echoed.some((echo) => echo !== '')).toBe(true)
    const alarms = names.flatMap((name) => three.at(name).ports.events)
    expect(alarms.filter(({ level }) => level === 'alarm')).toEqual([])
    expect(three.state('node-a')).toBe('ready')
  })
})

describe('memory that may have been copied', () => {
  it('asks by a nonce of its own in each life, so that no two lives of it seem to be two questions', () => {
    three.open('node-a').node.attached('c1')
    const { node, ports } = three.at('node-a')
    three.lines('node-a')
    const asked = () => {
      three.clock.advance(2_000)
      ports.sent.length = 0
      node.tick()
      const [query] = ports.sent.flatMap(({ frame }) =>
        frame.frame === 'note' ? [frame.note] : [],
      )
      const document = JSON.parse(fromUtf8(query!.document.document)!)
      return [document.incarnation, document.nonce]
    }
    const [first, again] = [asked(), asked()]
    expect(again).toEqual(first)
    three.clock.wall += 5_001
    const [renewed] = [asked(), asked()]
    expect(renewed![0]).not.toBe(first[0])
    expect(renewed![1]).not.toBe(first[1])
  })

  it('costs the incarnation when the clocks part, and when all streams break at once', () => {
    three.ready()
    const lives = () => three.heard('node-a', 'hello').map(({ incarnation }) => incarnation)
    const [first] = lives()
    three.clock.wall += 5_001
    three.tick()
    const [second] = lives()
    expect(second).not.toEqual(first)

    const { node } = three.at('node-a')
    node.attached('c2')
    three.settle()
    lives()
    for (let dial = 0; dial < 3; dial += 1) {
      node.detached('c2')
      node.attached('c2')
    }
    three.settle()
    expect(lives()).toEqual([second, second, second])
    three.tick(2_000)
    for (const name of ['c1', 'c2']) node.receive(name, { frame: 'heartbeat', heartbeat: {} })
    node.detached('c1')
    node.detached('c2')
    node.attached('c1')
    three.settle()
    expect(lives()[0]).not.toEqual(second)
  })
})

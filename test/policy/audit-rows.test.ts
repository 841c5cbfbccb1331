import { describe, expect, it } from 'vitest'
import { blobDigest, blobText, parseBlobKind } from '../../policy/audit/blobs.ts'
import { readEnclosures } from '../../policy/audit/enclosures.ts'
import { parseEntry } from '../../policy/audit/entry.ts'
import { createFold } from '../../policy/audit/fold.ts'
import {
  AsyncOverlay,
  type AsyncRows,
  MemoryRows,
  Overlay,
  type Query,
  readAsync,
  readSync,
  type Write,
} from '../../policy/audit/rows.ts'
import { below, get, key, put, tables } from '../../policy/audit/tables.ts'
import * as house from '../kit/audit-documents.ts'
import { goodStory } from '../kit/audit-story.ts'

const write = (table: string, at: string, value: string): Write => {
  return { kind: 'put', table, key: at, value }
}
const scan = (from: string, to: string): Query => ({ kind: 'scan', table: 't', from, to })

class Slow implements AsyncRows {
  readonly rows: MemoryRows
  constructor(rows: MemoryRows) {
    this.rows = rows
  }
  async answer(query: Query) {
    return this.rows.answer(query)
  }
}

describe('rows', () => {
  it('answer a key, and a range of keys in byte order without its end', () => {
    const rows = new MemoryRows()
    rows.apply([write('t', 'b', '2'), write('t', 'a', '1'), write('t', 'c', '3')])
    rows.apply([write('u', 'a', '9'), write('t', 'b', '4')])
    expect(rows.answer({ kind: 'get', table: 't', key: 'b' })).toEqual([{ key: 'b', value: '4' }])
    expect(rows.answer({ kind: 'get', table: 't', key: 'x' })).toEqual([])
    expect(rows.answer({ kind: 'get', table: 'none', key: 'b' })).toEqual([])
    expect(rows.answer(scan('a', 'c')).map((row) => row.key)).toEqual(['a', 'b'])
    expect(rows.answer(scan('', '~')).map((row) => row.value)).toEqual(['1', '4', '3'])
    rows.apply([
      { kind: 'delete', table: 't', key: 'a' },
      { kind: 'delete', table: 't', key: 'none' },
    ])
    expect(rows.dump()).toEqual([
      { table: 't', key: 'b', value: '4' },
      { table: 't', key: 'c', value: '3' },
      { table: 'u', key: 'a', value: '9' },
    ])
  })

  it('lie under an overlay that shows its own writes and changes nothing below', async () => {
    const rows = new MemoryRows()
    rows.apply([write('t', 'a', '1'), write('t', 'b', '2'), write('t', 'd', '4')])
    const changes: Write[] = [
      write('t', 'c', '3'),
      write('t', 'a', '5'),
      { kind: 'delete', table: 't', key: 'b' },
    ]
    const [over, slow] = [new Overlay(rows), new AsyncOverlay(new Slow(rows))]
    over.apply(changes)
    slow.apply(changes)
    const expected = ['a5', 'c3', 'd4']
    expect(over.answer(scan('', '~')).map(({ key: k, value }) => k + value)).toEqual(expected)
    expect((await slow.answer(scan('', '~'))).map((row) => row.key + row.value)).toEqual(expected)
    expect(over.answer({ kind: 'get', table: 't', key: 'b' })).toEqual([])
    over.apply([write('t', 'b', '6')])
    expect(over.answer({ kind: 'get', table: 't', key: 'b' })).toEqual([{ key: 'b', value: '6' }])
    expect(rows.answer(scan('', '~')).map((row) => row.value)).toEqual(['1', '2', '4'])
  })
})

describe('a table', () => {
  it('keeps rows of one prefix apart from those of a longer handle', () => {
    const rows = new MemoryRows()
    const row = { next: 1 }
    const at = ['hot|m', 'hot|m/1', 'hot-eth|m', 'hot/x|m'].map((k) => put(tables.slots, k, row))
    rows.apply(at)
    expect(readSync(below(tables.slots, 'hot'), rows).length).toBe(2)
    expect(readSync(below(tables.slots), rows).length).toBe(4)
    expect(key('a', 7)).toBe('a|0000000000000007')
  })

  it('reads back what it wrote and refuses a row of another shape', () => {
    const rows = new MemoryRows()
    rows.apply([put(tables.slots, 'hot|m', { next: 3 })])
    expect(readSync(get(tables.slots, 'hot', 'm'), rows)).toEqual({ next: 3 })
    rows.apply([write('slots', 'hot|m', '{"next":"3"}')])
    expect(() => readSync(get(tables.slots, 'hot', 'm'), rows)).toThrow('MALFORMED')
    const odd = { next: (() => 1) as unknown as number }
    expect(() => put(tables.slots, 'hot|m', odd)).toThrow('no row holds a function')
  })
})

describe('the fold', () => {
  const story = goodStory()
  const context = { rootDigest: house.rootDigest, origin: house.origin }
  const documents = readEnclosures([
    house.rootText,
    house.policyText,
    house.directoryText,
    house.bookText,
  ])

  it('gives the same rows over memory and over rows that answer later', async () => {
    const [fast, slow] = [new MemoryRows(), new MemoryRows()]
    const [one, other] = [createFold(context), createFold(context)]
    for (const line of story.log.lines) {
      const now = readSync(one(parseEntry(line), documents), fast)
      const later = await readAsync(other(parseEntry(line), documents), new Slow(slow))
      expect(later).toEqual(now)
      if (now.kind === 'folded') fast.apply(now.writes)
      if (later.kind === 'folded') slow.apply(later.writes)
    }
    expect(slow.dump()).toEqual(fast.dump())
    expect(fast.dump()).toEqual(story.log.rows.dump())
  })

  it('does not depend on what the same fold has seen before', () => {
    const fold = createFold(context)
    const entries = story.log.lines.map(parseEntry)
    const run = () => {
      const rows = new MemoryRows()
      for (const entry of entries) {
        const folded = readSync(fold(entry, documents), rows)
        if (folded.kind === 'folded') rows.apply(folded.writes)
      }
      return rows.dump()
    }
    expect(run()).toEqual(run())
  })

  it('stops as a bug, and not as void, when a document in force was lost from the rows', () => {
    const rows = new MemoryRows()
    const fold = createFold(context)
    for (const line of story.log.lines.slice(0, 8)) {
      const folded = readSync(fold(parseEntry(line), documents), rows)
      if (folded.kind === 'folded') rows.apply(folded.writes)
    }
    rows.apply([{ kind: 'delete', table: 'document', key: house.policyDigest }])
    const reserved = parseEntry(story.log.lines[8]!)
    const fresh = createFold(context)
    expect(() => readSync(fresh(reserved, documents), rows)).toThrow('in force and not kept')
  })
})

describe('a row that is remembered', () => {
  const seen = (from: number): string => `{"epoch":1,"seq":${from},"t":5,"vault":"hot"}`
  const read = (rows: MemoryRows) => readSync(get(tables.shown, 'hot'), rows)

  it('is the row of its own text: one that was written anew is read anew', () => {
    const rows = new MemoryRows()
    rows.apply([write('shown', 'hot', seen(7))])
    const first = read(rows)
    expect(read(rows)).toBe(first)
    rows.apply([write('shown', 'hot', seen(8))])
    expect(read(rows)).toMatchObject({ seq: 8 })
    rows.apply([write('shown', 'hot', seen(7))])
    expect(read(rows)).toEqual(first)
  })

  it('is refused every time when its text is no row', () => {
    const rows = new MemoryRows()
    rows.apply([write('shown', 'hot', '{"epoch":1}')])
    for (const _ of [1, 2]) expect(() => read(rows)).toThrow('MALFORMED')
  })
})

describe('a blob', () => {
  it('has a kind of the registry, and no other', () => {
    expect(parseBlobKind('warrant')).toBe('warrant')
    expect(parseBlobKind('bytes')).toBe('bytes')
    expect(() => parseBlobKind('toString')).toThrow('unknown kind')
  })

  it('is named by its document where it is signed, and by its bytes where it has no tag', () => {
    expect(blobDigest('bytes', Uint8Array.of(1))).toMatch(/^4bf5122f/)
    expect(() => blobDigest('approval', Uint8Array.of(1))).toThrow('MALFORMED')
    expect(() => blobText(Uint8Array.of(0xff))).toThrow('well-formed utf-8')
  })
})

import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { append, emptyHead, extend, type Head } from '../../policy/audit/chain.ts'
import { formatVkey, vkeyOf } from '../../policy/audit/checkpoint.ts'
import type { Entry } from '../../policy/audit/entry.ts'
import { MemoryTree, rootAt, rootOf } from '../../policy/audit/merkle.ts'
import { ed25519PublicKey, sha256, toUtf8 } from '../../proto/crypto.ts'
import { parseDigest, parseHandle, parseNodeId } from '../../proto/ids.ts'
import { Bans } from '../../signer-node/bans.ts'
import { HistoryRows } from '../../signer-node/history-rows.ts'
import { Journal } from '../../signer-node/journal.ts'
import { LogCopy } from '../../signer-node/log-copy.ts'
import { Store } from '../../signer-node/store.ts'
import { migrations } from '../../signer-node/store-schema.ts'
import { seedOf } from './world.ts'

const origin = 'log.acme.example/test'
const vkey = formatVkey(vkeyOf(origin, 'log', ed25519PublicKey(seedOf('log'))))
const hex = (name: string) => parseDigest(Buffer.from(sha256(toUtf8(name))).toString('hex'))

function heartbeats(count: number): { readonly entries: readonly Entry[]; readonly head: Head } {
  const created = '2026-12-07T10:00:00Z'
  const genesis = {
    created,
    format: 'custody-log/v1',
    hash: 'sha256',
    leaf: 'rfc6962',
    origin,
    vkey,
  }
  const entries: Entry[] = []
  let head = emptyHead
  for (let at = 0; at < count; at += 1) {
    const first = at === 0
    const made = append(head, {
      actor: 'coordinator',
      type: first ? 'log.genesis' : 'log.heartbeat',
      body: first ? genesis : {},
      t: Date.parse(created) + at,
    })
    entries.push(made.entry)
    head = made.head
  }
  return { entries, head }
}

let directory: string
let store: Store
const cuts: string[] = []
const open = (at = directory): Store => new Store(join(at, 'node.db'), { busyTimeoutMs: 50 })

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'custody-store-'))
  store = open()
})
afterEach(() => {
  store.close()
  for (const path of [directory, ...cuts]) rmSync(path, { recursive: true, force: true })
})

/** What a power cut leaves: the files as they are on disk at this moment. */
function crashed(): Store {
  const copy = mkdtempSync(join(tmpdir(), 'custody-cut-'))
  cuts.push(copy)
  cpSync(directory, copy, { recursive: true })
  return open(copy)
}

describe('the store of a node', () => {
  it('keeps a finished step through a power cut', () => {
    const { entries, head } = heartbeats(3)
    store.step(() => new LogCopy(store).append(entries, head))
    const after = crashed()
    expect(new LogCopy(after).head()).toEqual(head)
    expect(new LogCopy(after).line(2)).toEqual(entries[2]?.bytes)
    after.close()
  })

  it('keeps nothing of a step that throws half-way', () => {
    const { entries, head } = heartbeats(3)
    const copy = new LogCopy(store)
    const broken = () =>
      store.step(() => {
        copy.append(entries, head)
        new Bans(store).ban(parseNodeId('node-2'), 'ot-check', 1)
        throw new Error('power cut')
      })
    expect(broken).toThrow('power cut')
    expect(copy.size()).toBe(0)
    expect(copy.line(0)).toBeUndefined()
    expect(new Bans(store).isBanned(parseNodeId('node-2'))).toBe(false)
    store.step(() => copy.append(entries, head))
    expect(copy.size()).toBe(3)
  })

  it('moves steps into the database when it is asked between them, and at last in a step', () => {
    const written = (name: string) => {
      return readFileSync(join(directory, 'node.db')).includes(`word-${name}.`)
    }
    const steps = (first: number, last: number) => {
      for (let at = first; at <= last; at += 1) {
        store.step(() => {
          store.run("insert or replace into meta values ('test', ?)", `word-${at}.`)
        })
      }
    }
    // What it took to open the store counts too.
    steps(1, 8)
    store.checkpoint()
    expect(written('8')).toBe(true)
    steps(9, 15)
    store.checkpoint()
    expect(written('15')).toBe(false)
    steps(16, 16)
    store.checkpoint()
    expect(written('16')).toBe(true)
    steps(17, 47)
    expect(written('47')).toBe(false)
    steps(48, 48)
    expect(written('48')).toBe(true)
    expect(() => store.step(() => store.checkpoint())).toThrow('a step is open')
  })

  it('opens no step inside a step', () => {
    expect(() => store.step(() => store.step(() => 1))).toThrow('already open')
    expect(store.step(() => 2)).toBe(2)
  })

  it('lets no second process open the same file', () => {
    expect(() => open()).toThrow('another process holds')
  })

  it('opens again after it was closed, with everything in it', () => {
    new Bans(store).ban(parseNodeId('node-2'), 'ot-check', 1)
    store.close()
    store = open()
    expect(new Bans(store).banned()).toEqual([{ peer: 'node-2', number: 1, reason: 'ot-check' }])
  })

  it('refuses a database of a newer program', () => {
    store.run('pragma user_version = 99')
    store.close()
    expect(() => open()).toThrow('schema 99')
    const raw = new (process.getBuiltinModule('node:sqlite').DatabaseSync)(
      join(directory, 'node.db'),
    )
    raw.exec(`pragma user_version = ${migrations.length}`)
    raw.close()
    store = open()
  })

  it('never changes or removes a line, a receipt or an accepted attempt', () => {
    const { entries, head } = heartbeats(1)
    store.step(() => new LogCopy(store).append(entries, head))
    const journal = new Journal(store, parseHandle('node-1'))
    const signed = { credential: parseHandle('node-1'), document: '{}', signature: sha256() }
    journal.append(signed, hex('sid'))
    const row = { warrant: hex('w'), acceptance: signed, warrantText: sha256() }
    journal.accept(hex('i'), 1, row)
    for (const table of ['line', 'journal', 'accepted']) {
      expect(() => store.run(`delete from ${table}`)).toThrow('only grows')
    }
    expect(() => store.run(`update accepted set warrant = ''`)).toThrow('only grows')
  })
})

describe('the own copy of the log', () => {
  it('computes the root of every older size as the tree does', () => {
    const { entries, head } = heartbeats(530)
    const copy = new LogCopy(store)
    let end = emptyHead
    for (const at of [0, 1, 2, 255, 256, 511, 530]) {
      const next = extend(
        end,
        entries.slice(end.size, at).map(({ bytes }) => bytes),
      )
      store.step(() => copy.append(next.entries, next.head))
      end = next.head
    }
    const tree = new MemoryTree()
    for (const { leaf } of entries) tree.append(leaf)
    for (const size of [0, 1, 2, 3, 255, 256, 257, 512, 529]) {
      expect(copy.rootAt(size)).toEqual(rootAt(tree, size))
    }
    expect(copy.rootAt(530)).toEqual(rootOf(head.frontier))
    expect(copy.rootAt(531)).toBeUndefined()
    expect(copy.lines(528, 10)).toEqual(entries.slice(528).map(({ bytes }) => bytes))
  })

  it('keeps the largest head of each witness and the largest checkpoint below a size', () => {
    const copy = new LogCopy(store)
    const head = (size: number) => ({ size, root: sha256(), note: `note ${size}` })
    copy.keepCosigned('w', head(5))
    copy.keepCosigned('w', head(3))
    expect(copy.cosigned('w')?.size).toBe(5)
    expect(copy.cosigned('other')).toBeUndefined()
    copy.keepCheckpoint(head(5))
    copy.keepCheckpoint(head(9))
    expect(copy.checkpoint(8)?.note).toBe('note 5')
    expect(copy.checkpoint(4)).toBeUndefined()
  })
})

describe('the rows of the fold', () => {
  it('answer by key and by range, in byte order', () => {
    const rows = new HistoryRows(store)
    const put = (key: string) => ({ kind: 'put', table: 't', key, value: `"${key}"` }) as const
    rows.apply([put('b'), put('a'), put('c'), put('a|1')])
    rows.apply([{ kind: 'delete', table: 't', key: 'c' }])
    const scan = { kind: 'scan', table: 't', from: 'a', to: 'b' } as const
    expect(rows.answer(scan).map(({ key }) => key)).toEqual(['a', 'a|1'])
    expect(rows.answer({ kind: 'get', table: 't', key: 'b' })).toEqual([{ key: 'b', value: '"b"' }])
    expect(rows.answer({ kind: 'get', table: 't', key: 'c' })).toEqual([])
    expect(rows.answer({ kind: 'get', table: 'other', key: 'b' })).toEqual([])
  })
})

describe('the journal', () => {
  const receipt = (document: string) => ({
    credential: parseHandle('node-1'),
    document,
    signature: new Uint8Array(64),
  })

  it('counts without a gap and chains each receipt to the one before', () => {
    const journal = new Journal(store, parseHandle('node-1'))
    const first = journal.append(receipt('{"a":1}'), hex('one'))
    const second = journal.append(receipt('{"a":2}'), hex('two'))
    expect([first.counter, second.counter]).toEqual([1, 2])
    expect(journal.head()).toEqual({ counter: 2, digest: second.digest })
    expect(journal.rows(2, 9)).toEqual([second])
    expect(() => journal.verify()).not.toThrow()
  })

  it('holds one row for a session', () => {
    const journal = new Journal(store, parseHandle('node-1'))
    journal.append(receipt('{"a":1}'), hex('one'))
    expect(() => journal.append(receipt('{"a":2}'), hex('one'))).toThrow('UNIQUE')
  })

  it('shows damage at start', () => {
    const journal = new Journal(store, parseHandle('node-1'))
    journal.append(receipt('{"a":1}'), hex('one'))
    journal.append(receipt('{"a":2}'), hex('two'))
    store.run('drop trigger journal_no_update')
    store.run(`update journal set document = '{"a":3}' where counter = 1`)
    expect(() => journal.verify()).toThrow('after counter 0')
  })

  it('accepts an attempt of an intent once', () => {
    const journal = new Journal(store, parseHandle('node-1'))
    const row = {
      warrant: hex('w'),
      acceptance: receipt('{}'),
      warrantText: toUtf8('warrant'),
    }
    journal.accept(hex('i'), 2, row)
    expect(journal.accepted(hex('i'), 2)).toEqual(row)
    expect(journal.accepted(hex('i'), 1)).toBeUndefined()
    expect(journal.highestAccepted(hex('i'))).toBe(2)
    expect(journal.highestAccepted(hex('j'))).toBe(0)
    expect(() => journal.accept(hex('i'), 2, row)).toThrow('UNIQUE')
  })
})

describe('bans and local freezes', () => {
  const peer = parseNodeId('node-2')

  it('grant one probation a peer within 24 hours', () => {
    const bans = new Bans(store)
    expect(bans.takeProbation(peer, 1_000)).toBe(true)
    expect(bans.takeProbation(peer, 86_400_000)).toBe(false)
    expect(bans.takeProbation(parseNodeId('node-3'), 1_000)).toBe(true)
    expect(bans.takeProbation(peer, 86_401_001)).toBe(true)
  })

  it('count the deaths of one day', () => {
    const bans = new Bans(store)
    const bury = (pairing: string, atMs: number) =>
      bans.bury({ peer, pairing, reason: 'pprf-check', atMs })
    bury('a', 1)
    bury('b', 90_000_000)
    bury('b', 90_000_001)
    expect(bans.deathsToday(peer, 'pprf-check', 90_000_002)).toBe(1)
    expect(bans.isBuried('a')).toBe(true)
    expect(bans.isBuried('c')).toBe(false)
  })

  it('cover one vault or all of them', () => {
    const bans = new Bans(store)
    bans.freeze('hot-eth', 1)
    expect([bans.isFrozen('hot-eth'), bans.isFrozen('warm-eth')]).toEqual([true, false])
    bans.freeze('all', 2)
    expect(bans.isFrozen('warm-eth')).toBe(true)
    bans.unfreeze('all')
    bans.unfreeze('hot-eth')
    expect(bans.frozen()).toEqual([])
  })
})

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { append, emptyHead } from '../../policy/audit/chain.ts'
import { formatVkey, vkeyOf } from '../../policy/audit/checkpoint.ts'
import { MemoryRows } from '../../policy/audit/rows.ts'
import { type IntentStored, key, put, tables } from '../../policy/audit/tables.ts'
import type { VaultRow } from '../../policy/view.ts'
import { sha256, toHex, toUtf8 } from '../../proto/crypto.ts'
import { parseDigest, parseHandle, parseNodeId } from '../../proto/ids.ts'
import type { Floor } from '../../signer-node/floor-file.ts'
import { Journal } from '../../signer-node/journal.ts'
import { Meta } from '../../signer-node/meta.ts'
import { hasRejoined, lastReceipt } from '../../signer-node/rejoin.ts'
import { Store } from '../../signer-node/store.ts'
import { testSelf } from './world.ts'

const self = testSelf(1)
const digest = (name: string) => parseDigest(toHex(sha256(toUtf8(name))))
let directory: string
let store: Store
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'custody-rejoin-'))
  store = new Store(join(directory, 'node.db'), { busyTimeoutMs: 50 })
})
afterEach(() => {
  store.close()
  rmSync(directory, { recursive: true, force: true })
})

interface Told {
  /** The line at which the change behind the share in force was asked for; none for a first key. */
  readonly asked?: number
  readonly standing?: VaultRow['standing']
  readonly isMember?: boolean
  /** Its share is here to sign with: active, witnessed, and no restored one. */
  readonly isHeld?: boolean
}

/** A node fenced at 10 lines, with these vaults. */
function parts(vaults: Readonly<Record<string, Told>>, since: number | undefined = 10) {
  const meta = new Meta(store)
  meta.fence('signed size 12, the copy ended at 9')
  if (since !== undefined) meta.keepFencedSince(since)
  const rows = new MemoryRows()
  const lines = new Map<string, Uint8Array>()
  for (const [vault, { asked }] of Object.entries(vaults)) {
    lines.set(vault, keyLine(vault, asked === undefined ? undefined : digest(vault)))
    if (asked !== undefined)
      rows.apply([put(tables.intent, digest(vault), intentRow(vault, asked))])
  }
  const names = Object.keys(vaults)
  const told = (vault: string): Told => vaults[vault] ?? {}
  return {
    self,
    meta,
    rows,
    copy: {
      keyLine: (vault: string) => names.indexOf(vault),
      line: (seq: number) => lines.get(names[seq] ?? ''),
    },
    keyshares: {
      vaults: () =>
        names.map((vault) => ({
          ...{ vault, epoch: 2, standing: told(vault).standing ?? 'active' },
          participants: [{ node: told(vault).isMember === false ? 'node-9' : self.node, x: 1 }],
        })),
      of: ({ vault }: { readonly vault: string }) =>
        told(vault).isHeld === false ? undefined : {},
    },
  } as unknown as Parameters<typeof hasRejoined>[0]
}

function keyLine(vault: string, change: string | undefined): Uint8Array {
  const facts = {
    ...{ chainCode: toHex(digest32('chain')), confirms: [confirm], epoch: 2, key: `k-${vault}` },
    ...{ keyState: digest('state'), participants: [{ node: self.node, x: 1 }], vault },
    ...{ publicKey: `02${toHex(digest32('key'))}`, t: 1 },
  }
  const body = change === undefined ? facts : { ...facts, change, order: digest('order') }
  const type = change === undefined ? 'key.generated' : 'key.refreshed'
  return append(first.head, { actor: 'coordinator', type, body, t: first.head.t }).entry.bytes
}

const origin = 'log.acme.example/test'
const created = '2026-12-07T10:00:00Z'
const first = append(emptyHead, {
  ...{ actor: 'coordinator', type: 'log.genesis', t: Date.parse(created) },
  body: {
    ...{ created, format: 'custody-log/v1', hash: 'sha256', leaf: 'rfc6962', origin },
    vkey: formatVkey(vkeyOf(origin, 'log', self.identity)),
  },
})

const confirm = { node: self.node, signature: '00'.repeat(64) }

function digest32(name: string): Uint8Array {
  return sha256(toUtf8(name))
}

function intentRow(vault: string, seq: number) {
  return {
    ...{ seq, t: 1, aborted: 0, attempts: 0, credential: parseHandle('ana'), id: parseHandle('c') },
    ...{ initiator: parseHandle('ana'), intent: digest(vault), notAfter: 1, op: 'key.refresh' },
    ...{ rejected: false, rule: '', state: 'ACTIVE', until: 0, vault },
  } as unknown as IntentStored
}

describe('a fenced node has rejoined', () => {
  it('when every share it holds was dealt in a change that was asked for after the fence', () => {
    expect(hasRejoined(parts({ hot: { asked: 10 }, warm: { asked: 11 } }))).toBe(true)
  })

  it.each([
    ['one was asked for before it', { hot: { asked: 9 }, warm: { asked: 11 } }],
    ['one is a first key, which no change asked for', { hot: {}, warm: { asked: 11 } }],
    ['one is not held to sign with', { hot: { asked: 11, isHeld: false } }],
    ['there is no key at all', {}],
    ['it holds none of them', { hot: { asked: 11, isMember: false } }],
    ['all it had are destroyed', { hot: { asked: 11, standing: 'disabled' as const } }],
  ])('but not while %s', (_, vaults) => {
    expect(hasRejoined(parts(vaults))).toBe(false)
  })

  it('and a destroyed key, or one of others, holds nobody back', () => {
    const others = { cold: { standing: 'disabled' as const }, far: { isMember: false } }
    expect(hasRejoined(parts({ hot: { asked: 11 }, ...others }))).toBe(true)
  })

  it('but not before it knows from where the fence counts, or of a change that its log lacks', () => {
    const known = parts({ hot: { asked: 11 } }, undefined as never)
    store.run("delete from meta where key = 'fenced-since'")
    expect(hasRejoined(known)).toBe(false)
    const lacking = parts({ hot: { asked: 11 } })
    const rows = new MemoryRows()
    expect(hasRejoined({ ...lacking, rows } as never)).toBe(false)
  })
})

describe('the receipts of a fenced node go on', () => {
  const node = parseNodeId(self.node)
  const known = (
    counters: readonly number[],
    second?: number,
    journal = new Journal(store, node),
  ) => {
    const rows = new MemoryRows()
    for (const at of counters) {
      rows.apply([put(tables.receipt, key(node, at), { receipt: digest(`r${at}`) })])
    }
    const floor: Floor | undefined =
      second === undefined ? undefined : { size: 1, root: new Uint8Array(32), counter: second }
    const place = { read: () => floor, write: () => {} }
    return lastReceipt({ self, rows: rows as never, journal, place })
  }

  it('after the last that the log knows, with its digest', () => {
    expect(known([1, 2, 3])).toEqual({ counter: 3, digest: digest('r3') })
    expect(known([])).toEqual({ counter: 0, digest: '' })
  })

  it('after the second place, where that knows of later ones', () => {
    expect(known([1, 2], 5)).toEqual({ counter: 5, digest: '' })
    expect(known([1, 2], 1)).toEqual({ counter: 2, digest: digest('r2') })
  })

  it('over a gap, as the log names one only when it is told of it', () => {
    expect(known([3])).toEqual({ counter: 3, digest: digest('r3') })
  })

  it('and no coordinator drives them far ahead by lines that nobody signed', () => {
    expect(known([256]).counter).toBe(256)
    expect(known([257]).counter).toBe(0)
    expect(known([100, 356]).counter).toBe(356)
  })
})

describe('a journal that resumes', () => {
  const node = parseHandle(self.node)
  const receipt = (document: string) => ({
    ...{ credential: node, document },
    signature: new Uint8Array(64),
  })

  it('gives no counter twice, and names what came before where that is known', () => {
    const journal = new Journal(store, node)
    journal.append(receipt('{"a":1}'), digest('one'))
    journal.resume({ counter: 5, digest: digest('five') })
    expect(journal.head()).toEqual({ counter: 5, digest: digest('five') })
    expect(journal.append(receipt('{"a":6}'), digest('six')).counter).toBe(6)
    expect(() => journal.verify()).not.toThrow()
  })

  it('goes back for nothing: what it has is not given again', () => {
    const journal = new Journal(store, node)
    const first = journal.append(receipt('{"a":1}'), digest('one'))
    journal.resume({ counter: 1, digest: digest('other') })
    journal.resume({ counter: 0, digest: '' })
    expect(journal.head()).toEqual({ counter: 1, digest: first.digest })
  })

  it('may do so more than once, and without a digest where none is known', () => {
    const journal = new Journal(store, node)
    journal.resume({ counter: 3, digest: '' })
    journal.append(receipt('{"a":4}'), digest('four'))
    journal.resume({ counter: 9, digest: digest('nine') })
    journal.append(receipt('{"a":10}'), digest('ten'))
    expect(journal.rows(1, 9).map(({ counter }) => counter)).toEqual([4, 10])
    expect(() => journal.verify()).not.toThrow()
  })

  it('shows a gap where it did not resume, and a resumption that was taken away', () => {
    const journal = new Journal(store, node)
    journal.resume({ counter: 3, digest: '' })
    journal.append(receipt('{"a":4}'), digest('four'))
    expect(() => store.run('delete from resumed')).toThrow('resumed')
    store.run('drop trigger resumed_no_delete')
    store.run('delete from resumed')
    expect(() => journal.verify()).toThrow('after counter 0')
  })
})

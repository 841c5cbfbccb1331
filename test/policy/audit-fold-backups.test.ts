// Backups in the log: whose word counts, when, and from when on a vault's address may be shown.
import { describe, expect, it } from 'vitest'
import { parseEntry } from '../../policy/audit/entry.ts'
import { isShown, unprovenOf } from '../../policy/audit/fold-backups.ts'
import { isKeyLine, requireKeyOf } from '../../policy/audit/fold-keys.ts'
import { requestView } from '../../policy/audit/history.ts'
import { readSync } from '../../policy/audit/rows.ts'
import { get, tables } from '../../policy/audit/tables.ts'
import { parseRoot } from '../../policy/documents.ts'
import { toHex } from '../../proto/crypto.ts'
import { parseVaultId } from '../../proto/ids.ts'
import * as house from '../kit/audit-documents.ts'
import {
  bootedLog,
  digestNamed,
  keyBody,
  type TestLog,
  testedBody,
  vaultRow,
} from '../kit/audit-log.ts'
import { asks, keyedLog, ripe } from '../kit/change-log.ts'
import { refusedWith } from '../kit/refused.ts'

const type = 'key.backup-tested'
const row = vaultRow('hot-eth')
const keyed = (): TestLog => bootedLog().add('key.generated', keyBody(row))
const shown = (log: TestLog) => readSync(isShown(row.vault), log.rows)
const unproven = (log: TestLog) => readSync(unprovenOf(row), log.rows)

describe('a proven backup', () => {
  it('is kept for the vault, the epoch and the node', () => {
    const log = keyed().add(type, testedBody(row, 'node-b'))
    expect(readSync(get(tables.backup, row.vault, row.epoch, 'node-b'), log.rows)).toMatchObject({
      backup: digestNamed('backup of node-b'),
      keyState: row.keyState,
      seq: log.head.size - 1,
    })
    expect(unproven(log)).toEqual(['node-a', 'node-c'])
  })

  it('counts once for each node and epoch, whatever file it is of', () => {
    const log = keyed().add(type, testedBody(row, 'node-b'))
    expect(log.outcome(type, testedBody(row, 'node-b'))).toBe('BACKUP')
    const other = testedBody(row, 'node-b', { backup: digestNamed('another file') })
    expect(log.outcome(type, other)).toBe('BACKUP')
    expect(log.outcome(type, testedBody(row, 'node-a'))).toBe('folded')
  })

  it('is void without a key, and for another epoch or key state than is in force', () => {
    expect(bootedLog().outcome(type, testedBody(row, 'node-a'))).toBe('VAULT_NOT_FOUND')
    const log = keyed()
    expect(log.outcome(type, testedBody(row, 'node-a', { epoch: 2 }))).toBe('EPOCH')
    expect(log.outcome(type, testedBody(row, 'node-a', { epoch: 0 }))).toBe('EPOCH')
    const keyState = digestNamed('another state')
    expect(log.outcome(type, testedBody(row, 'node-a', { keyState }))).toBe('EPOCH')
  })

  it('is void unless the node itself signed every value of the line', () => {
    const log = keyed()
    const body = testedBody(row, 'node-a')
    expect(log.outcome(type, body)).toBe('folded')
    const changes = {
      backup: digestNamed('another file'),
      proof: digestNamed('another proof'),
      recovery: 'r-2',
      node: 'node-b',
      signature: testedBody(row, 'node-b')['signature']!,
    }
    for (const [name, value] of Object.entries(changes)) {
      expect(log.outcome(type, { ...body, [name]: value }), name).toBe('BACKUP')
    }
    const stranger = { ...body, signature: toHex(house.keyOf('stranger').sign(new Uint8Array(8))) }
    expect(log.outcome(type, stranger)).toBe('BACKUP')
    expect(log.outcome(type, { ...body, node: 'node-d' })).toBe('PARTICIPANTS')
  })
})

describe('the address of a vault', () => {
  it('is shown from the line on that makes the proven backups those of all nodes', () => {
    const log = keyed()
    for (const node of ['node-c', 'node-a']) {
      log.add(type, testedBody(row, node))
      expect(shown(log)).toBe(false)
    }
    expect(readSync(requestView(digestNamed('any')), log.rows).shown).toEqual([])
    log.add(type, testedBody(row, 'node-b'))
    expect(shown(log)).toBe(true)
    // Nodes and the auditor judge payments into it by the same rows.
    expect(readSync(requestView(digestNamed('any')), log.rows).shown).toEqual([row.vault])
    expect(unproven(log)).toEqual([])
    expect(readSync(get(tables.shown, row.vault), log.rows)).toMatchObject({
      epoch: row.epoch,
      seq: log.head.size - 1,
    })
  })

  it('is shown for this vault alone', () => {
    const warm = vaultRow('warm-eth')
    const log = keyed().add('key.generated', keyBody(warm))
    for (const node of ['node-a', 'node-b', 'node-c']) log.add(type, testedBody(row, node))
    expect(readSync(isShown(parseVaultId('warm-eth')), log.rows)).toBe(false)
    expect(shown(log)).toBe(true)
  })

  it('stays shown in a later epoch, of which the backups have to be proven again', () => {
    const log = keyed()
    for (const node of ['node-a', 'node-b', 'node-c']) log.add(type, testedBody(row, node))
    const next = { ...row, epoch: 2, keyState: digestNamed('key state of epoch 2') }
    // As a refresh leaves it: the same public key under another epoch.
    log.rows.apply([{ kind: 'put', table: 'vault', key: row.vault, value: stored(next) }])
    expect(shown(log)).toBe(true)
    expect(readSync(unprovenOf(next), log.rows)).toEqual(['node-a', 'node-b', 'node-c'])
    log.add(type, testedBody(next, 'node-a'))
    expect(readSync(unprovenOf(next), log.rows)).toEqual(['node-b', 'node-c'])
    expect(log.outcome(type, testedBody(row, 'node-b'))).toBe('EPOCH')
  })
})

function stored(next: typeof row): string {
  const { confirms: _, ...body } = keyBody(next)
  return JSON.stringify(body, Object.keys(body).concat(['node', 'x']).sort())
}

describe('a key that was dealt anew', () => {
  const line = () => {
    const asked = ripe(keyedLog(), asks.refresh)
    asked.add('key.refreshed', asked.keyLine())
    const entry = parseEntry(asked.log.lines.at(-1)!)
    if (!isKeyLine(entry)) throw new Error(`expected the line of a key, got ${entry.type}`)
    return entry
  }
  const root = parseRoot(house.rootText)

  it("is every node's by their words on it and on the change that asked for it", () => {
    expect(requireKeyOf(root, line())).toMatchObject({ vault: 'hot-eth', epoch: 2 })
  })

  it("is nobody's by words on another change, another state, or with a word missing", () => {
    const entry = line()
    const other = digestNamed('another')
    for (const change of [{ change: other }, { keyState: other }, { confirms: [] }]) {
      const body = { ...entry.body, ...change }
      expect(refusedWith(() => requireKeyOf(root, { ...entry, body } as typeof entry))).toBe(
        'PARTICIPANTS',
      )
    }
  })
})

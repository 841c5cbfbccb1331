// Deposit addresses in the log: which indices are open, and the paths that they stand at.
import { describe, expect, it } from 'vitest'
import { openedOf } from '../../policy/audit/fold-addresses.ts'
import { readSync } from '../../policy/audit/rows.ts'
import { put, tables } from '../../policy/audit/tables.ts'
import { depositIndex, depositPath, requireReceiving } from '../../policy/deposit-path.ts'
import { limits } from '../../proto/limits.ts'
import { bootedLog, keyBody, type TestLog, testedBody, vaultRow } from '../kit/audit-log.ts'
import { keyedColdLog } from '../kit/cold-log.ts'
import { refusedWith } from '../kit/refused.ts'

const type = 'addresses.opened'
const row = vaultRow('hot-eth')
const block = (from: number, count = 256) => ({ vault: row.vault, from, count })
const shownLog = (): TestLog =>
  ['node-a', 'node-b', 'node-c'].reduce(
    (log, node) => log.add('key.backup-tested', testedBody(row, node)),
    bootedLog().add('key.generated', keyBody(row)),
  )
const opened = (log: TestLog) => readSync(openedOf(row.vault), log.rows)

describe('the line that opens deposit addresses', () => {
  it('goes on where the last one ended, so that no index is opened twice', () => {
    const log = shownLog()
    expect(opened(log)).toBe(0)
    log.add(type, block(0)).add(type, block(256, 10))
    expect(opened(log)).toBe(266)
    for (const from of [0, 256, 265, 267]) {
      expect(log.outcome(type, block(from)), `${from}`).toBe('STALE_ATTEMPT')
    }
    expect(log.outcome(type, block(266))).toBe('folded')
  })

  it('is void before every backup is proven, without a key, and for a key that signs no more', () => {
    expect(bootedLog().outcome(type, block(0))).toBe('VAULT_NOT_FOUND')
    const keyed = bootedLog().add('key.generated', keyBody(row))
    keyed.add('key.backup-tested', testedBody(row, 'node-a'))
    keyed.add('key.backup-tested', testedBody(row, 'node-b'))
    expect(keyed.outcome(type, block(0))).toBe('BACKUP')
    keyed.add('key.backup-tested', testedBody(row, 'node-c'))
    expect(keyed.outcome(type, block(0))).toBe('folded')
    keyed.rows.apply([put(tables.vault, row.vault, { ...row, standing: 'exported' })])
    expect(keyed.outcome(type, block(0))).toBe('KEY_DISABLED')
  })

  it('is void in the log of cold vaults', () => {
    expect(keyedColdLog().outcome(type, block(0))).toBe('NOT_SUPPORTED')
  })

  it('opens no index at or above the bound', () => {
    const log = shownLog()
    const until = limits.depositIndexMax - 256
    log.rows.apply([
      put(tables.deposits, row.vault, { vault: row.vault, from: 0, until, seq: 1, t: 1 }),
    ])
    expect(log.outcome(type, block(until))).toBe('folded')
    log.add(type, block(until, 255))
    expect(log.outcome(type, block(until + 255, 2))).toBe('TOO_LARGE')
    expect(log.outcome(type, block(until + 255, 1))).toBe('folded')
  })
})

describe('the path of a deposit address', () => {
  it('has one form for each index', () => {
    for (const index of [0, 1, 255, limits.depositIndexMax - 1]) {
      expect(depositIndex(depositPath(index))).toBe(index)
      requireReceiving(depositPath(index))
    }
    expect(depositPath(7)).toBe('m/1/7')
    requireReceiving('m')
  })

  it('is none of any other form, and money is taken at no other', () => {
    const most = `m/1/${limits.depositIndexMax}`
    for (const path of [
      'm/0/7',
      'm/1',
      'm/1/07',
      'm/1/-1',
      'm/1/7/0',
      "m/1/7'",
      'm/1/',
      '',
      most,
    ]) {
      expect(depositIndex(path), path).toBeUndefined()
      expect(
        refusedWith(() => requireReceiving(path)),
        path,
      ).toBe('MALFORMED')
    }
    expect(depositIndex('m')).toBeUndefined()
    for (const index of [-1, 0.5, limits.depositIndexMax, Number.NaN]) {
      expect(
        refusedWith(() => depositPath(index)),
        `${index}`,
      ).toBe('TOO_LARGE')
    }
  })
})

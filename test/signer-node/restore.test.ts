// A keyshare brought back from its backup: what is restored and what is refused by name, and that a
// restored share never signs, whatever its file is called and however often the node starts.
import { cpSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSync } from '../../policy/audit/rows.ts'
import { get, tables } from '../../policy/audit/tables.ts'
import { toUtf8 } from '../../proto/crypto.ts'
import { encode, type JsonObject, parse } from '../../proto/jcs.ts'
import { attempt, isRefusal } from '../../proto/refusal.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { HistoryRows } from '../../signer-node/history-rows.ts'
import { restoreBackup } from '../../signer-node/restore.ts'
import { backupBytes, type Owner, proofOf, recovery } from '../kit/recovery.ts'
import { SigningHouse } from './signing-kit.ts'
import { type Name, selfOf } from './three-nodes.ts'
import { namedRandom } from './world.ts'

let house: SigningHouse
let shares: string
beforeAll(() => {
  house = new SigningHouse()
  shares = join(house.home, 'node-a', 'keyshares')
  cpSync(shares, join(house.home, 'old-shares'), { recursive: true })
})
afterAll(() => house.close())

const curve = nativeCurve()
const backup = (name: Name) => backupBytes(join(house.home, name, 'backups'), 'hot-eth.1')
const restoredFile = 'hot-eth.1.restored.keyshare'

/** On the stopped node; the code of what is refused, or what was restored. */
function restored(
  bytes: Uint8Array,
  by: Owner = selfOf('node-a'),
  change: { readonly x?: number; readonly org?: string } = {},
): string {
  const stores = house.stores('node-a', namedRandom('restore'))
  const { store, keystore } = stores
  using key = recovery(by)
  const owner = { ...selfOf('node-a'), ...change } as ReturnType<typeof selfOf>
  const rows = new HistoryRows(store)
  const done = attempt(() => restoreBackup({ owner, keystore, rows, curve }, bytes, key))
  store.close()
  if (isRefusal(done)) return done.code
  return `${done.vault} ${done.epoch} ${done.isInForce}`
}

const files = () => readdirSync(shares)

describe('a backup', () => {
  let kept: Uint8Array
  beforeAll(() => {
    kept = backup('node-a')
    house.stop('node-a')
  })

  it('does not restore over a keyshare that is there', () => {
    expect(restored(backup('node-a'))).toBe('KEY_EXISTS')
    for (const name of files()) rmSync(join(shares, name))
  })

  it('does not restore at another node, organisation or party than it was made for', () => {
    const other = selfOf('node-b')
    expect(restored(backup('node-b'), other)).toBe('CONFIG')
    expect(restored(backup('node-b'))).toBe('PARTICIPANTS')
    const foreign = encode({
      ...(parse(backup('node-a')) as JsonObject),
      context: { ...(parse(backup('node-a')) as { context: JsonObject }).context, org: 'other' },
    })
    expect(restored(foreign)).toBe('CONFIG')
    expect(restored(backup('node-a'), selfOf('node-a'), { org: 'other' })).toBe('CONFIG')
    expect(restored(backup('node-a'), selfOf('node-a'), { x: 2 })).toBe('PARTICIPANTS')
    expect(restored(backup('node-a'), { ...selfOf('node-a'), env: 'prod' })).toBe('CONFIG')
    expect(files()).toEqual([])
  })

  it('does not restore after one bit of it changed, nor anything that is no backup', () => {
    const bytes = backup('node-a')
    for (let at = 0; at < bytes.length; at += 97) {
      const bent = bytes.with(at, bytes[at]! ^ 1)
      expect(restored(bent), String(at)).toMatch(/^[A-Z_]+$/)
    }
    expect(restored(toUtf8('{}'))).toBe('SEAL')
    expect(files()).toEqual([])
  })

  it('does not restore under the name of another vault or epoch', () => {
    const written = parse(backup('node-a')) as { context: JsonObject } & JsonObject
    const named = (change: JsonObject) =>
      encode({ ...written, context: { ...written.context, ...change } })
    expect(restored(named({ vault: 'warm-eth' }))).toBe('SEAL')
    expect(restored(named({ epoch: 2 }))).toBe('SEAL')
    expect(restored(named({ party: 2 }))).toBe('PARTICIPANTS')
    expect(restored(named({ made: 'cd'.repeat(32) }))).toBe('SEAL')
    expect(files()).toEqual([])
  })

  it('of an older epoch or another key state than is in force does not restore', () => {
    const stores = house.stores('node-a', namedRandom('rows'))
    const rows = new HistoryRows(stores.store)
    const row = readSync(get(tables.vault, 'hot-eth'), rows)
    const stored = rows.answer({ kind: 'get', table: 'vault', key: 'hot-eth' })[0]!.value
    const put = (value: string) =>
      stores.store.step(() => rows.apply([{ kind: 'put', table: 'vault', key: 'hot-eth', value }]))
    const outcome = (value: string): string => {
      put(value)
      using key = recovery(selfOf('node-a'))
      const owner = selfOf('node-a')
      const { keystore } = stores
      const place = { owner, keystore, rows, curve }
      const done = attempt(() => restoreBackup(place, backup('node-a'), key))
      return isRefusal(done) ? done.code : 'restored'
    }
    expect(outcome(stored.replace('"epoch":1', '"epoch":2'))).toBe('EPOCH')
    expect(outcome(stored.replace(row!.keyState, 'ab'.repeat(32)))).toBe('EPOCH')
    put(stored)
    stores.store.close()
    expect(files()).toEqual([])
  })

  it('of a vault that the policy does not name does not restore', () => {
    const stores = house.stores('node-a', namedRandom('rows'))
    const rows = new HistoryRows(stores.store)
    const stored = rows.answer({ kind: 'get', table: 'vault', key: 'hot-eth' })[0]!.value
    const [policy] = rows
      .answer({ kind: 'scan', table: 'document', from: '', to: '~' })
      .filter(({ value }) => value.includes('custody-policy/v1'))
    const write = (table: string, key: string, value: string) =>
      stores.store.step(() => rows.apply([{ kind: 'put', table, key, value }]))
    stores.store.step(() => rows.apply([{ kind: 'delete', table: 'vault', key: 'hot-eth' }]))
    write('document', policy!.key, policy!.value.replaceAll('hot-eth', 'hot-sol'))
    using key = recovery(selfOf('node-a'))
    const place = { owner: selfOf('node-a'), keystore: stores.keystore, rows, curve }
    const done = attempt(() => restoreBackup(place, backup('node-a'), key))
    expect(done).toMatchObject({ code: 'VAULT_NOT_FOUND' })
    write('document', policy!.key, policy!.value)
    write('vault', 'hot-eth', stored)
    stores.store.close()
  })

  it('of the key in force is restored as one that is not to sign, and kept as a backup', () => {
    rmSync(join(house.home, 'node-a', 'backups/hot-eth.1.backup'))
    expect(restored(kept)).toBe('hot-eth 1 true')
    expect(files()).toEqual([restoredFile])
    expect(backup('node-a')).toEqual(kept)
    expect(restored(kept)).toBe('KEY_EXISTS')
  })
})

describe('a node with a restored keyshare', () => {
  beforeAll(() => back())

  /** Started again, until it has asked its peers and read what it missed. */
  function back(): void {
    house.start('node-a')
    house.welcome()
    house.lines('node-a')
    house.tick(2_000)
  }

  function restart(): void {
    house.stop('node-a')
    back()
  }

  const refusedAttempt = (): string => {
    const payout = house.payout()
    house.ask('node-a', payout)
    return house.refusal('node-a')
  }

  it('is fenced and says why, holds the share for a refresh, and gives it to no signature', () => {
    const { node, ports } = house.at('node-a')
    const { state, fenced, vaults } = node.status()
    expect([state, fenced, vaults]).toEqual(['fenced', 'restored from a backup: hot-eth', []])
    expect(ports.events.map(({ name }) => name)).toContain('keyshare-restored')
  })

  it('refuses to sign, with the name of the reason', () => {
    expect(refusedAttempt()).toContain('RESTORED')
  })

  it('is a witness all the same', () => {
    house.log.wait(60).add('log.heartbeat', {})
    house.heard('node-a', 'cosigned')
    house.lines('node-a')
    expect(house.heard('node-a', 'cosigned').at(-1)?.size).toBe(house.log.head.size)
  })

  it('stays fenced after every restart', () => {
    restart()
    restart()
    expect(house.state('node-a')).toBe('fenced')
    expect(refusedAttempt()).toContain('RESTORED')
  })

  it('proves its backup as every other node does', () => {
    house.at('node-a').node.backupProved(proofOf(backup('node-a'), selfOf('node-a')))
    expect(house.at('node-a').node.status().backups).toEqual(['hot-eth.1 proved'])
  })

  it('does not sign by a file of another name, nor by an old file beside it', () => {
    house.stop('node-a')
    cpSync(join(house.home, 'old-shares/hot-eth.1.keyshare'), join(shares, 'hot-eth.1.keyshare'))
    back()
    expect(house.state('node-a')).toBe('fenced')
    house.stop('node-a')
    rmSync(join(shares, 'hot-eth.1.keyshare'))
    for (const name of ['hot-eth.1.keyshare', 'hot-eth.1.pending.keyshare']) {
      renameSync(join(shares, restoredFile), join(shares, name))
      const { node, ports } = house.open('node-a')
      expect(node.status().vaults).toEqual([])
      expect(ports.events.map(({ name: what }) => what)).toContain('keyshare-closed')
      house.stop('node-a')
      renameSync(join(shares, name), join(shares, restoredFile))
    }
    back()
    expect(house.state('node-a')).toBe('fenced')
  })

  it('that has no keyshare of the epoch in force says so once', () => {
    house.stop('node-a')
    renameSync(join(shares, restoredFile), join(shares, 'hot-eth.0.restored.keyshare'))
    const { ports } = house.open('node-a')
    house.tick()
    house.tick()
    const said = ports.events.filter(({ name }) => name === 'keyshare-missing')
    expect(said).toMatchObject([{ level: 'alarm', because: 'the log has epoch 1, here: 0' }])
    house.stop('node-a')
    renameSync(join(shares, 'hot-eth.0.restored.keyshare'), join(shares, restoredFile))
  })
})

describe('a keystore with a restored keyshare', () => {
  it('opens it in its own state only, and a later epoch drops it', () => {
    const { store, keystore } = house.stores('node-a', namedRandom('later'))
    const row = readSync(get(tables.vault, 'hot-eth'), new HistoryRows(store))!
    const { vault, epoch, publicKey, keyState, t: threshold, participants } = row
    const expected = { vault, epoch, publicKey, keyState, threshold, parties: participants.length }
    using opened = keystore.open(expected, 'restored')
    expect(opened.self.x).toBe(1)
    expect(() => keystore.open(expected, 'active')).toThrow('ENOENT')
    keystore.activate(vault, 1)
    expect(files()).toEqual([restoredFile])
    cpSync(join(house.home, 'old-shares/hot-eth.1.keyshare'), join(shares, 'hot-eth.2.keyshare'))
    keystore.activate(vault, 2)
    expect(files()).toEqual(['hot-eth.2.keyshare'])
    store.close()
  })
})

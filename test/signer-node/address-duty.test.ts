// A node's word on addresses: what it says, that t such words are a certificate, and when it says no.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addressFile, openAddress } from '../../policy/address-certificate.ts'
import { readSync } from '../../policy/audit/rows.ts'
import { get, tables } from '../../policy/audit/tables.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import { derive } from '../../policy/chain/derive.ts'
import type { VaultRow } from '../../policy/view.ts'
import { toHex } from '../../proto/crypto.ts'
import { readSigned } from '../../proto/frames.ts'
import { parseDigest } from '../../proto/ids.ts'
import { text } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import type { Signed } from '../../proto/signed.ts'
import { HistoryRows } from '../../signer-node/history-rows.ts'
import * as house from '../kit/audit-documents.ts'
import { testedBody } from '../kit/audit-log.ts'
import { coordinator, type Name, names, ThreeNodes } from './three-nodes.ts'

let three: ThreeNodes
beforeAll(() => {
  three = new ThreeNodes().ready()
  three.log.add('key.generated', three.makeKey('hot-eth'))
  three.lines(...names)
  expect(asked(['m'])).toBe('BACKUP')
  for (const name of names) three.log.add('key.backup-tested', testedBody(row(), name))
  three.lines(...names)
})
afterAll(() => three.close())

const row = (name: Name = 'node-a'): VaultRow => {
  const found = readSync(get(tables.vault, 'hot-eth'), new HistoryRows(three.at(name).store))
  if (found === undefined) throw new Error('no key')
  return found
}
const opened = (from: number, count: number) => {
  three.log.add('addresses.opened', { vault: 'hot-eth', from, count })
  three.lines(...names)
}

let tickets = 0
/** What the node answers: its words, or the code of its refusal. */
function words(paths: readonly string[], name: Name = 'node-a', vault = 'hot-eth') {
  tickets += 1
  const ticket = new Uint8Array(16).fill(tickets)
  three.give(name, { frame: 'certify', certify: { ticket, vault, paths: [...paths] } })
  const [certified] = three.heard(name, 'certified')
  if (certified !== undefined) {
    expect(certified.ticket).toEqual(ticket)
    return certified.certificates.map(readSigned)
  }
  const [refused] = three.heard(name, 'refused')
  return String(JSON.parse(readSigned(refused!.refusal).document).code)
}

function asked(paths: readonly string[], name?: Name, vault?: string): string {
  const said = words(paths, name, vault)
  return typeof said === 'string' ? said : `${said.length} said`
}

function wordsOf(name: Name, paths: readonly string[]): readonly Signed[] {
  const said = words(paths, name)
  if (typeof said === 'string') throw new Error(`${name}: ${said}`)
  return said
}

/** Rows as another line would have written them, in the history of node a. */
function forced(table: string, key: string, value: object, work: () => void): void {
  const { store } = three.at('node-a')
  const [before] = store.all('select value from history where tbl = ? and key = ?', table, key)
  store.run(
    `insert into history (tbl, key, value) values (?, ?, ?)
     on conflict do update set value = excluded.value`,
    ...[table, key, text(JSON.parse(JSON.stringify(value)))],
  )
  work()
  if (before === undefined) {
    store.run('delete from history where tbl = ? and key = ?', table, key)
    return
  }
  const kept = String(before['value'])
  store.run('update history set value = ? where tbl = ? and key = ?', kept, table, key)
}

const pinned = parseDigest(house.rootDigest)
const roots = [{ root: house.rootText, signatures: '' }]
const open = (certificates: readonly Signed[]) => {
  const reading = { nowMs: three.clock.wallMs(), ageMsMax: limits.addressAgeMsMax }
  return openAddress(addressFile(roots, certificates), pinned, reading)
}

describe("a node's word on an address", () => {
  it('is what it derives from its own share: t of them are a certificate', () => {
    const [own] = wordsOf('node-a', ['m'])
    const [other] = wordsOf('node-c', ['m'])
    const said = open([own!, other!])
    const { publicKey } = row()
    expect(said).toMatchObject({
      vault: 'hot-eth',
      network: 'eip155:31337',
      path: 'm',
      address: chainOf('eip155:31337').address(publicKey),
      by: ['node-a', 'node-c'],
      holders: [...names],
      threshold: 2,
    })
    expect(JSON.parse(own!.document)).toMatchObject({ size: three.log.head.size, imported: false })
  })

  it('is of deposit addresses below what a witnessed line opened', () => {
    expect(asked(['m/1/0'])).toBe('LINE_MISSING')
    opened(0, 10)
    const paths = ['m/1/9', 'm', 'm/1/0']
    const [a, b] = [wordsOf('node-a', paths), wordsOf('node-b', paths)]
    for (const [at, path] of paths.entries()) {
      const { publicKey } = derive(row(), path)
      const address = chainOf('eip155:31337').address(publicKey)
      expect(open([a[at]!, b[at]!])).toMatchObject({ path, address })
    }
    expect(asked(['m/1/9', 'm/1/10'])).toBe('LINE_MISSING')
  })

  it('waits for the witnesses of the newest line, and knows what those before it opened', () => {
    three.shareHeads = false
    opened(10, 10)
    expect(asked(['m/1/10'])).toBe('LINE_MISSING')
    expect(asked(['m/1/9'])).toBe('1 said')
    three.shareHeads = true
    opened(20, 1)
    expect(asked(['m/1/20'])).toBe('1 said')
  })

  it('is none at a path that takes no money, of no vault of the policy, or of none here', () => {
    for (const path of ['m/0/1', 'm/1', "m/1'/0", 'm/1/0/0', 'm/2/0', '']) {
      expect(asked([path]), path).toBe('MALFORMED')
    }
    expect(asked(['m'], 'node-a', 'nowhere')).toBe('VAULT_NOT_FOUND')
    expect(asked(['m'], 'node-a', 'warm-eth')).toBe('VAULT_NOT_FOUND')
    expect(asked(['m'], 'node-a', 'Not a vault')).toBe('MALFORMED')
    expect(asked(['m'])).toBe('1 said')
  })

  it('is of a bounded number of addresses, at once and in a minute', () => {
    const many = (count: number) => Array.from({ length: count }, () => 'm')
    expect(asked([])).toBe('TOO_LARGE')
    expect(asked(many(limits.addressesPerCallMax + 1))).toBe('TOO_LARGE')
    expect(asked(many(limits.addressesPerCallMax), 'node-c')).toBe('50 said')
    three.tick(61_000)
    heartbeat()
    const most = limits.addressesPerMinuteMax
    limits_().addressesPerMinuteMax = 60
    try {
      expect(asked(many(50), 'node-b')).toBe('50 said')
      expect(asked(many(11), 'node-b')).toBe('BUSY')
      expect(asked(many(10), 'node-b')).toBe('10 said')
      three.tick(61_000)
      heartbeat()
      expect(asked(many(11), 'node-b')).toBe('11 said')
    } finally {
      limits_().addressesPerMinuteMax = most
    }
  })

  it('is none of a key that signs no more, that the policy does not name, or of another epoch', () => {
    const of = { ...row(), publicKey: toHex(row().publicKey), chainCode: toHex(row().chainCode) }
    for (const standing of ['disabled', 'exported', 'unrefreshed']) {
      forced('vault', 'hot-eth', { ...of, standing }, () => {
        expect(asked(['m']), standing).toBe('KEY_DISABLED')
      })
    }
    forced('vault', 'hot-eth', { ...of, key: 'k-other' }, () => {
      expect(asked(['m'])).toBe('KEY_DISABLED')
    })
    // Of an epoch whose share is not open here.
    forced('vault', 'hot-eth', { ...of, epoch: 2 }, () => expect(asked(['m'])).toBe('EPOCH'))
    forced('vault', 'hot-eth', { ...of, keyState: 'ab'.repeat(32) }, () => {
      expect(asked(['m'])).toBe('EPOCH')
    })
    // What the log says of the key is not what the share says: the share counts.
    forced('vault', 'hot-eth', { ...of, chainCode: 'ab'.repeat(32) }, () => {
      expect(asked(['m/1/0'])).toBe('BYTES_FROM')
    })
    expect(asked(['m'])).toBe('1 said')
  })

  it('says when the key is one that others may have', () => {
    const of = { ...row(), publicKey: toHex(row().publicKey), chainCode: toHex(row().chainCode) }
    forced('vault', 'hot-eth', { ...of, imported: true }, () => {
      const [own] = wordsOf('node-a', ['m'])
      expect(JSON.parse(own!.document)).toMatchObject({ imported: true, exported: false })
    })
  })

  it('is none while the vault is frozen, by people or here, or the node takes no work', () => {
    const { node } = three.at('node-a')
    node.freeze('hot-eth')
    expect(asked(['m'])).toBe('FROZEN')
    node.unfreeze('hot-eth')
    const freeze = { freeze: 'ab'.repeat(32), scope: 'all', seq: 1, t: 1 }
    forced('freeze', 'all', freeze, () => expect(asked(['m'])).toBe('FROZEN'))
    expect(asked(['m'])).toBe('1 said')
  })

  it('is none from a copy of the log that is old, whatever else is so', () => {
    three.clock.advance(limits.addressViewMsMax + 60_000)
    expect(asked(['m'])).toBe('LOG_BEHIND')
    heartbeat()
    expect(asked(['m'])).toBe('1 said')
  })

  it('does not leave when the epoch, or anything that stops it, came in between', () => {
    const { node, ports } = three.at('node-a')
    ports.pausing.held = []
    const certify = { ticket: new Uint8Array(16).fill(99), vault: 'hot-eth', paths: ['m', 'm/1/0'] }
    node.receive(coordinator, { frame: 'certify', certify })
    expect(ports.pausing.held.length).toBeGreaterThan(0)
    node.freeze('hot-eth')
    const held = ports.pausing.held
    delete ports.pausing.held
    for (const part of held) part()
    three.settle()
    expect(three.heard('node-a', 'certified')).toEqual([])
    const [refused] = three.heard('node-a', 'refused')
    expect(JSON.parse(readSigned(refused!.refusal).document)).toMatchObject({ code: 'FROZEN' })
    node.unfreeze('hot-eth')
    expect(asked(['m'])).toBe('1 said')
  })

  it('needs an open share: a node without one says nothing', () => {
    three.at('node-a').node.drain()
    expect(asked(['m'])).toBe('BUSY')
    expect(asked(['m'], 'node-b')).toBe('1 said')
  })
})

function heartbeat(): void {
  three.log.t = three.clock.wallMs()
  three.log.add('log.heartbeat', {})
  three.lines(...names)
}

/** A bound as a test sets it. */
function limits_(): { addressesPerMinuteMax: number } {
  return limits as unknown as { addressesPerMinuteMax: number }
}

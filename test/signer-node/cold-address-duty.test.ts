// The word of a light witness on the address of a cold vault: what it says, that q such words and
// what the stations confirmed are a certificate, and when it says no.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openAddress } from '../../policy/address-certificate.ts'
import { parseEntry } from '../../policy/audit/entry.ts'
import { keyCertificateOf } from '../../policy/audit/key-chain.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import { coldAddressFile } from '../../policy/cold-address.ts'
import { toHex } from '../../proto/crypto.ts'
import { readSigned } from '../../proto/frames.ts'
import { text } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import type { Signed } from '../../proto/signed.ts'
import * as house from '../kit/audit-documents.ts'
import { testedBody } from '../kit/audit-log.ts'
import { policy as hotPolicy } from '../kit/change-log.ts'
import { firstOnly } from '../kit/cold-addresses.ts'
import { ColdLights, type Light } from '../kit/cold-lights.ts'
import { cold, keyedColdLog, other, root, rulebook } from '../kit/cold-log.ts'
import { TestClock } from './world.ts'

const log = keyedColdLog()
const clock = new TestClock(log.t + 5_000)
let three: ColdLights
let before = ''
let unseen = ''
beforeAll(() => {
  three = new ColdLights(log, clock).lines().tick(clock, 2_000)
  before = asked()
  // The one that lacks the words of the others.
  three.shareHeads = false
  prove()
  unseen = asked()
  three.shareHeads = true
  heartbeat()
})
afterAll(() => three.close())

/** Lines reach the witnesses a moment after they were written. */
function heartbeat(): void {
  log.t = clock.wallMs()
  log.add('log.heartbeat', {})
  three.lines()
}

function prove(): void {
  for (const row of [cold, other]) {
    for (const { node } of row.participants) log.add('key.backup-tested', testedBody(row, node))
  }
  three.lines()
}

let tickets = 0
function words(name: Light = 'light-a', vault = 'cold-eth', paths = ['m']) {
  tickets += 1
  const ticket = new Uint8Array(16).fill(tickets)
  three.give(name, { frame: 'certify', certify: { ticket, vault, paths } })
  const [certified] = three.heard(name, 'certified')
  if (certified !== undefined) {
    expect(certified.ticket).toEqual(ticket)
    return certified.certificates.map(readSigned)
  }
  const [refused] = three.heard(name, 'refused')
  expect(refused?.ticket).toEqual(ticket)
  return String(JSON.parse(readSigned(refused!.refusal).document).code)
}

function asked(...about: Parameters<typeof words>): string {
  const said = words(...about)
  return typeof said === 'string' ? said : `${said.length} said`
}

function wordOf(name: Light, vault?: string): Signed {
  const [said] = words(name, vault)
  if (said === undefined || typeof said === 'string') throw new Error(`${name}: ${said}`)
  return said
}

/** Rows as another line would have written them, in the history of the first witness. */
function forced(table: string, key: string, value: object, work: () => void): void {
  const { store } = three.at('light-a')
  const [before] = store.all('select value from history where tbl = ? and key = ?', table, key)
  store.run(
    `insert into history (tbl, key, value) values (?, ?, ?)
     on conflict do update set value = excluded.value`,
    ...[table, key, text(JSON.parse(JSON.stringify(value)))],
  )
  try {
    work()
  } finally {
    store.run('delete from history where tbl = ? and key = ?', table, key)
    if (before !== undefined) {
      const kept = String(before['value'])
      store.run('insert into history (tbl, key, value) values (?, ?, ?)', table, key, kept)
    }
  }
}

const row = { ...cold, publicKey: toHex(cold.publicKey), chainCode: toHex(cold.chainCode) }

describe("a witness's word on a cold vault", () => {
  it('is of the key in force: q of them, and what every station confirmed, are a certificate', () => {
    const key = keyCertificateOf(log.lines.map(parseEntry), cold)
    const said = [wordOf('light-a'), wordOf('light-c')]
    const file = coldAddressFile(firstOnly, key, said)
    const reading = { nowMs: clock.wallMs(), ageMsMax: limits.addressAgeMsMax }
    expect(openAddress(file, root.digest, reading)).toMatchObject({
      ...{ vault: 'cold-eth', network: 'eip155:31337', path: 'm', epoch: 1 },
      address: chainOf('eip155:31337').address(cold.publicKey),
      by: ['light-a', 'light-c'],
      confirmedBy: ['node-a', 'node-b', 'node-c'],
    })
    expect(JSON.parse(said[0]!.document)).toMatchObject({ size: log.head.size })
    expect(JSON.parse(wordOf('light-b', 'cold-two').document)).toMatchObject({ vault: 'cold-two' })
  })

  it('is none before the backup of every station is proven', () => {
    expect(before).toBe('BACKUP')
  })

  it('is none by lines that no other witness has seen', () => {
    expect(unseen).toBe('COSIGN')
    const { store } = three.at('light-a')
    const seq = Number(store.first('select seq from key_line where vault = ?', 'cold-eth')?.['seq'])
    store.run('update key_line set seq = 100000 where vault = ?', 'cold-eth')
    expect(asked()).toBe('COSIGN')
    store.run('delete from key_line where vault = ?', 'cold-eth')
    expect(asked()).toBe('COSIGN')
    store.run('insert into key_line (vault, epoch, seq) values (?, 1, ?)', 'cold-eth', seq)
    expect(asked()).toBe('1 said')
  })

  it('is of its own address alone, of a cold vault that the policy names', () => {
    for (const path of ['m/1/0', 'm/0/1', 'm/1', '', "m/1'/0"]) {
      expect(asked('light-a', 'cold-eth', [path]), path).toBe('NOT_SUPPORTED')
    }
    expect(asked('light-a', 'cold-eth', ['m', 'm/1/0'])).toBe('NOT_SUPPORTED')
    expect(asked('light-a', 'cold-eth', [])).toBe('TOO_LARGE')
    const many = Array.from({ length: limits.addressesPerCallMax + 1 }, () => 'm')
    expect(asked('light-a', 'cold-eth', many)).toBe('TOO_LARGE')
    expect(asked('light-a', 'nowhere')).toBe('VAULT_NOT_FOUND')
    expect(asked('light-a', 'cold-tron')).toBe('VAULT_NOT_FOUND')
    expect(asked('light-a', 'Not a vault')).toBe('MALFORMED')
    const warmer = text(hotPolicy).replaceAll('hot-eth', 'cold-eth')
    forced('document', rulebook.digest, { text: warmer }, () => {
      expect(asked()).toBe('NOT_SUPPORTED')
    })
    expect(asked()).toBe('1 said')
  })

  it('is none of a key that signs no more, or that the policy does not name', () => {
    for (const standing of ['disabled', 'exported', 'unrefreshed']) {
      forced('vault', 'cold-eth', { ...row, standing }, () => {
        expect(asked(), standing).toBe('KEY_DISABLED')
      })
    }
    forced('vault', 'cold-eth', { ...row, key: 'k-other' }, () => {
      expect(asked()).toBe('KEY_DISABLED')
    })
    expect(asked()).toBe('1 said')
  })

  it('is none of a key that others hold than the stations of the root in force', () => {
    const [a, b, c] = cold.participants
    for (const participants of [
      [a, b],
      [a, b, { ...c, node: 'node-d' }],
      [a, b, { ...c, x: 4 }],
    ]) {
      forced('vault', 'cold-eth', { ...row, participants }, () => {
        expect(asked()).toBe('PARTICIPANTS')
      })
    }
    forced('vault', 'cold-eth', { ...row, t: 1 }, () => expect(asked()).toBe('PARTICIPANTS'))
  })

  it('says when the key is one that others may have', () => {
    forced('vault', 'cold-eth', { ...row, imported: true }, () => {
      expect(JSON.parse(wordOf('light-a').document)).toMatchObject({ imported: true })
    })
  })

  it('is none while people have frozen the vault, or everything', () => {
    for (const scope of ['cold-eth', 'all']) {
      const freeze = { freeze: 'ab'.repeat(32), scope, seq: 1, t: 1 }
      forced('freeze', scope, freeze, () => expect(asked(), scope).toBe('FROZEN'))
    }
    expect(asked()).toBe('1 said')
  })

  it('is none from a copy of the log that is old, or that nobody else has seen', () => {
    clock.advance(limits.addressViewMsMax + 60_000)
    expect(asked()).toBe('LOG_BEHIND')
    // Lines go on, and no other witness is heard of: a coordinator shows it a log of its own.
    three.shareHeads = false
    heartbeat()
    expect(asked()).toBe('LOG_BEHIND')
    three.shareHeads = true
    heartbeat()
    expect(asked()).toBe('1 said')
  })

  it('is bounded in a minute', () => {
    const bounds = limits as unknown as { addressesPerMinuteMax: number }
    const most = bounds.addressesPerMinuteMax
    three.tick(clock, 61_000)
    heartbeat()
    bounds.addressesPerMinuteMax = 3
    try {
      expect(asked('light-b', 'cold-eth', ['m', 'm'])).toBe('2 said')
      expect(asked('light-b', 'cold-eth', ['m', 'm'])).toBe('BUSY')
      expect(asked('light-b')).toBe('1 said')
      three.tick(clock, 61_000)
      heartbeat()
      expect(asked('light-b', 'cold-eth', ['m', 'm'])).toBe('2 said')
    } finally {
      bounds.addressesPerMinuteMax = most
    }
  })

  it('is none of a witness that has not passed its floor, or that is going down', () => {
    const others = new ColdLights(log, clock)
    try {
      const certify = { ticket: new Uint8Array(16), vault: 'cold-eth', paths: ['m'] }
      others.give('light-a', { frame: 'certify', certify })
      const [refused] = others.heard('light-a', 'refused')
      expect(JSON.parse(readSigned(refused!.refusal).document)).toMatchObject({ code: 'FLOOR' })
    } finally {
      others.close()
    }
    three.at('light-b').light.drain()
    expect(asked('light-b')).toBe('BUSY')
    expect(asked('light-a')).toBe('1 said')
  })

  it('is none of a log that showed two faces', () => {
    const face = keyedColdLog().add('log.heartbeat', {})
    const page = { origin: house.origin, from: 0, lines: [...face.lines], documents: [], heads: [] }
    const lines = { ...page, checkpoint: Buffer.from(face.note([])) }
    three.give('light-c', { frame: 'lines', lines })
    expect(three.heard('light-c', 'fork')).toHaveLength(1)
    expect(asked('light-c')).toBe('LOG_FORK')
  })
})

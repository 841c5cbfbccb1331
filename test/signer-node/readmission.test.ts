import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBan } from '../../policy/audit/ban-statement.ts'
import { toHex } from '../../proto/crypto.ts'
import { readSigned } from '../../proto/frames.ts'
import { parseDigest, parseNodeId } from '../../proto/ids.ts'
import { text } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { Bans } from '../../signer-node/bans.ts'
import { here } from '../../signer-node/here.ts'
import { Store } from '../../signer-node/store.ts'
import * as house from '../kit/audit-documents.ts'
import { digestNamed } from '../kit/audit-log.ts'
import { SigningHouse, signers } from './signing-kit.ts'
import { type Name, names } from './three-nodes.ts'

let three: SigningHouse
beforeAll(() => {
  three = new SigningHouse(here)
})
afterAll(() => three.close())

const identity = house.keyOf('node-a-identity').publicKey
const banned = () => three.at('node-a').node.status().banned

/** As the fence does it; the coordinator is told, and its line comes back to everybody. */
function ban(number: number): void {
  const { store } = three.at('node-a')
  store.step(() => new Bans(store).ban(parseNodeId('node-b'), 'ot-check', three.clock.wallMs()))
  three.tick(60_000)
  const [signed] = three.heard('node-a', 'bans')[0]!.bans
  const { node, peer, reason } = openBan(house, readSigned(signed), identity)
  expect([node, peer, reason]).toEqual(['node-a', 'node-b', 'PEER_BANNED'])
  const said = { node, number, peer, reason, signature: toHex(signed!.signature) }
  three.log.add('peer.banned', said)
  three.lines(...names)
  expect(banned()).toEqual(['node-b'])
}

/** A line of an approved change, and what a fold that found it lawful would write. */
function readmitted(change: string, of: Partial<Record<'node' | 'peer', Name>> = {}): number {
  const row = { change: digestNamed(change), node: 'node-a', peer: 'node-b', ...of }
  const seq = three.log.head.size
  // Void without the order that proves it; what a lawful one would write stands below.
  const confirms = [{ node: row.node, signature: '00'.repeat(64) }]
  three.log.force('peer.readmitted', { ...row, confirms, order: digestNamed('order') })
  for (const { store } of three.nodes.values()) {
    const key = `${row.node}|${row.peer}|${row.change}`
    store.run(
      `insert into history (tbl, key, value) values ('readmission', ?, ?)
       on conflict do update set value = excluded.value`,
      key,
      text({ ...row, seq, t: three.log.t }),
    )
  }
  return seq
}

describe('a ban', () => {
  it('ends by no line about another pair, none approved before it, and no length of time', () => {
    readmitted('too early')
    ban(1)
    readmitted('the other way', { node: 'node-b', peer: 'node-a' })
    readmitted('another peer', { peer: 'node-c' })
    three.lines(...names)
    three.tick(3 * 86_400_000)
    expect(banned()).toEqual(['node-b'])
    three.restart('node-a')
    three.tick(60_000)
    expect(banned()).toEqual(['node-b'])
    // It said so in the log, so it does not say so again.
    expect(three.heard('node-a', 'bans')).toEqual([])
  })

  it('ends by a line of an approved change, once q witnesses have cosigned it', () => {
    readmitted('the change')
    three.shareHeads = false
    three.lines('node-a')
    three.tick(1_000)
    expect(banned()).toEqual(['node-b'])
    three.shareHeads = true
    three.lines('node-b', 'node-c')
    three.tick(1_000)
    expect(banned()).toEqual([])
    const { events } = three.at('node-a').ports
    expect(events.filter(({ name }) => name === 'peer-readmitted')).toHaveLength(1)
  })

  it('ends by a change once: the same line again lets nobody in', () => {
    ban(2)
    readmitted('the change')
    three.lines(...names)
    three.tick(1_000)
    expect(banned()).toEqual(['node-b'])
    readmitted('another change')
    three.lines(...names)
    three.tick(1_000)
    expect(banned()).toEqual([])
    const rows = three.at('node-a').store.all('select number from ban order by number')
    expect(rows.map((row) => row['number'])).toEqual([1, 2])
  })
})

describe('a re-admitted pair', () => {
  it('pairs anew and says of which vaults it signs only over pairings of the session', () => {
    three.tick(limits.pairSetupIntervalMs * 2)
    three.welcome()
    expect(three.at('node-a').node.status().pairings.toSorted()).toEqual(['node-b', 'node-c'])
    three.at('node-a').node.attached('c9')
    three.settle()
    const { state } = three.heard('node-a', 'hello').at(-1)!
    const fresh = new Map(state.pairings.map((held) => [held.peer, held.fresh]))
    expect([fresh.get('node-b'), fresh.get('node-c')]).toEqual([['hot-eth'], []])
  })

  it('does not sign when only one side makes new pairings, and blames nobody', () => {
    const payout = three.payout()
    three.begin(payout, three.askSigners(payout))
    expect(signers.map((name) => three.stopped(name))).toEqual(['VIEW', 'VIEW'])
    for (const name of signers) {
      expect(three.at(name).node.status()).toMatchObject({ banned: [], strikes: {} })
    }
  })

  it('signs when both do, and the pairings of the session are gone with it', () => {
    const payout = three.payout()
    three.fresh = true
    const given = three.askSigners(payout)
    for (const { document } of given) {
      expect(new TextDecoder().decode(document)).toMatch(/"pairings":\{"node-[ab]":"fresh"\}/)
    }
    const before = three.at('node-a').store.all('select pairing from tombstone').length
    three.begin(payout, given)
    const shares = signers.flatMap((name) => three.heard(name, 'share'))
    expect(three.signature(payout, shares)).toMatch(/^[0-9a-f]{129}/)
    expect(three.at('node-a').store.all('select pairing from tombstone')).toHaveLength(before)
    three.fresh = false
  })

  it('does so because it must, whatever the coordinator says', () => {
    const payout = three.payout()
    three.ask('node-a', payout)
    const [accepted] = three.heard('node-a', 'accepted')
    expect(new TextDecoder().decode(accepted!.acceptance.document)).toContain('"node-b":"fresh"')
    three.ask('node-b', payout)
    const [other] = three.heard('node-b', 'accepted')
    expect(new TextDecoder().decode(other!.acceptance.document)).not.toContain('fresh')
  })
})

describe('the quarantine of a re-admitted peer', () => {
  const peer = parseNodeId('node-b')
  const bans = new Bans(new Store(':memory:', { busyTimeoutMs: 1 }))
  const change = parseDigest(digestNamed('change'))
  const epochs = [{ vault: 'hot-eth', epoch: 3 }]

  it('lasts until a later epoch of the vault, and concerns no other vault', () => {
    expect(bans.readmit({ peer, change, number: 1, atMs: 1, epochs })).toBe(false)
    bans.ban(peer, 'ot-check', 1)
    expect(bans.readmit({ peer, change, number: 2, atMs: 1, epochs })).toBe(false)
    expect(bans.isBanned(peer)).toBe(true)
    expect(bans.readmit({ peer, change, number: 1, atMs: 1, epochs })).toBe(true)
    expect(bans.isBanned(peer)).toBe(false)
    expect([2, 3, 4].map((epoch) => bans.isQuarantined(peer, 'hot-eth', epoch))).toEqual([
      true,
      true,
      false,
    ])
    expect(bans.isQuarantined(peer, 'made-later', 1)).toBe(false)
  })

  it('begins again with the next ban, under a change of its own', () => {
    bans.ban(peer, 'gamma-check', 2)
    expect(bans.last(peer)).toBe(2)
    expect(bans.readmit({ peer, change, number: 2, atMs: 3, epochs })).toBe(false)
    const next = parseDigest(digestNamed('next'))
    const later = [{ vault: 'hot-eth', epoch: 5 }]
    expect(bans.readmit({ peer, change: next, number: 2, atMs: 3, epochs: later })).toBe(true)
    expect(bans.isQuarantined(peer, 'hot-eth', 5)).toBe(true)
  })

  it('is part of what only grows: bans, re-admissions, strikes and evidence', () => {
    const store = new Store(':memory:', { busyTimeoutMs: 1 })
    new Bans(store).ban(peer, 'ot-check', 1)
    expect(() => store.run('delete from ban')).toThrow('ban only grows')
    expect(() => store.run(`update ban set reason = ''`)).toThrow('ban only grows')
    for (const table of ['readmission', 'strike', 'evidence']) {
      const found = store.first('select count(*) as n from sqlite_master where tbl_name = ?', table)
      expect(Number(found?.['n'])).toBeGreaterThanOrEqual(3)
    }
  })
})

// A node's part of an exported key: when it is made, for whom, from what, and when not.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { plainDigest, toHex } from '../../proto/crypto.ts'
import { parseNodeId } from '../../proto/ids.ts'
import { text } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { Bans } from '../../signer-node/bans.ts'
import { digestNamed } from '../kit/audit-log.ts'
import { ExportingNodes, statementOf } from '../kit/exporting-nodes.ts'
import { signers } from './signing-kit.ts'
import { type Name, names } from './three-nodes.ts'

let three: ExportingNodes
beforeAll(() => {
  three = new ExportingNodes()
})
afterAll(() => three.close())

const events = (name: Name, kind: string) =>
  three.at(name).ports.events.filter((event) => event.name === kind)

describe('a session that is under way when the line comes', () => {
  it('releases no share of a node that has the line, and the part leaves all the same', () => {
    expect(three.sign(three.payout())).toHaveLength(2)
    three.shareHeads = false
    const payout = three.payout()
    three.begin(payout, three.askSigners(payout))
    // Both wait for the witnesses of their attempt line.
    const line = three.exported('under way')
    const file = join(three.home, 'node-b', 'keyshares', 'hot-eth.1.keyshare')
    const sealed = readFileSync(file)
    writeFileSync(file, '{}')
    three.shareHeads = true
    three.lines(...names)
    // A file that cannot be marked is an alarm, once, and no part leaves meanwhile.
    expect(three.askPart('node-b', line)).toBe('KEY_DISABLED')
    three.tick(1_000)
    expect(events('node-b', 'keyshare-unmarked')).toMatchObject([{ level: 'alarm' }])
    writeFileSync(file, sealed)
    three.tick(1_000)
    expect(signers.map((name) => three.stopped(name))).toEqual(['KEY_DISABLED', 'KEY_DISABLED'])
    expect(signers.flatMap((name) => three.heard(name, 'share'))).toEqual([])
    const given = signers.map((name) => three.part(name, line))
    expect(three.opened(line, given)).toBe(three.publicKey)
  })
})

describe('a part of an exported key', () => {
  it('is made when the line is witnessed and not before, and the share says so first', () => {
    expect(three.askPart('node-a', { change: digestNamed('first') })).toBe('LINE_MISSING')
    const line = three.exported('first')
    three.shareHeads = false
    three.lines('node-a')
    // One cosignature, its own, is no quorum of two.
    expect(three.askPart('node-a', line)).toBe('COSIGN')
    three.shareHeads = true
    three.lines('node-b', 'node-c')
    // Every holder, whether or not it gives a part.
    for (const name of names) expect(events(name, 'keyshare-exported')).toHaveLength(1)
    const given = signers.map((name) => three.part(name, line))
    expect(three.opened(line, given)).toBe(three.publicKey)
    expect(three.askPart('node-c', line)).toBe('PARTICIPANTS')
  })

  it('is what the node signed, for the recipient of the line and nobody else', () => {
    const line = three.exported('second', { recipient: new Uint8Array(32).fill(9) })
    three.lines(...names)
    const { statement, sealed } = three.part('node-a', line)
    const said = statementOf({ statement, sealed, ticket: new Uint8Array() })
    expect(said).toMatchObject({ change: line.change, seq: line.seq, node: 'node-a', x: 1 })
    expect(said).toMatchObject({ recipient: '09'.repeat(32), sealed: plainDigest(sealed) })
    expect(() =>
      three.opened(line, [three.part('node-a', line), three.part('node-b', line)]),
    ).toThrow('this file does not open here')
    // Who was to have it before has it no more, or the second recipient would not be the last one.
    expect(three.askPart('node-a', { change: digestNamed('first') })).toBe('LINE_MISSING')
    expect(events('node-a', 'part-dropped')).toHaveLength(2)
  })

  it('is the same whenever it is asked for, also after the node and its pairings are gone', () => {
    const line = three.exported('third')
    three.lines(...names)
    const given = three.part('node-a', line)
    three.restart('node-a')
    three.tick(limits.pairSetupIntervalMs * 2)
    three.welcome()
    const again = three.part('node-a', line)
    expect(toHex(again.sealed)).toBe(toHex(given.sealed))
    expect(toHex(again.statement.signature)).toBe(toHex(given.statement.signature))
  })

  it('that does not fit the others is made anew over the pairings of now, and then they add up', () => {
    const line = three.exported('fourth')
    three.lines(...names)
    const early = three.part('node-a', line)
    three.restart('node-b')
    three.tick(limits.pairSetupIntervalMs * 2)
    three.welcome()
    const late = three.part('node-b', line)
    expect(() => three.opened(line, [early, late])).toThrow('over other pairings')
    const anew = three.part('node-a', line, true)
    expect(toHex(anew.sealed)).not.toBe(toHex(early.sealed))
    expect(three.opened(line, [anew, three.part('node-b', line, true)])).toBe(three.publicKey)
    // Asked anew without need it is the same: a coordinator cannot have one made after another.
    expect(toHex(three.part('node-a', line, true).sealed)).toBe(toHex(anew.sealed))
  })

  it('says less than the share: no two of one node are alike, and none shows what it weighs', () => {
    const line = three.exported('fifth')
    three.lines(...names)
    const [first] = signers.map((name) => three.part(name, line))
    expect(first!.sealed.length).toBeLessThan(limits.sealedPartBytesMax)
    // The same exporters and pairings, another approved change: another session, another part.
    const next = three.exported('fifth again')
    three.lines(...names)
    expect(toHex(three.part('node-a', next).sealed)).not.toBe(toHex(first!.sealed))
  })
})

describe('no part is made', () => {
  const asked = (name: Name, change = 'sixth') =>
    three.askPart(name, { change: digestNamed(change) })

  it('while anything stops the node, and it is when nothing does any more', () => {
    const line = three.exported('sixth')
    three.lines(...names)
    const { node, store } = three.at('node-a')
    node.freeze('hot-eth')
    expect(asked('node-a')).toBe('FROZEN')
    node.unfreeze('hot-eth')
    const row = { freeze: digestNamed('freeze'), scope: 'all', seq: 1, t: 1 }
    store.run(`insert into history values ('freeze', 'all', ?)`, text(row))
    expect(asked('node-a')).toBe('FROZEN')
    store.run(`delete from history where tbl = 'freeze'`)
    expect(typeof asked('node-a')).toBe('object')
    // What was made before is held back as well.
    node.freeze('all')
    expect(asked('node-a')).toBe('FROZEN')
    node.unfreeze('all')
    // A step that found no room left it there, until the next look.
    const { heads } = node.own.witness
    const ripe = heads.ripe.bind(heads)
    heads.ripe = () => [{ witness: 'another', note: {} as never }]
    expect(asked('node-a')).toBe('BUSY')
    heads.ripe = ripe
    expect(three.part('node-a', line).sealed.length).toBeGreaterThan(0)
  })

  it('for a change that no line carries out, or that is no change', () => {
    expect(asked('node-a', 'never')).toBe('LINE_MISSING')
    expect(three.askPart('node-a', { change: 'zz' })).toBe('MALFORMED')
  })

  it('of another key state than the one in force', () => {
    three.exported('seventh', { keyState: digestNamed('another state') })
    three.lines(...names)
    expect(asked('node-a', 'seventh')).toBe('KEY_DISABLED')
  })

  it('without a pairing with every other exporter, nor with one that is banned', () => {
    three.exported('eighth')
    three.lines(...names)
    three.stop('node-b')
    three.restart('node-a')
    three.tick(2_000)
    expect(asked('node-a', 'eighth')).toBe('BUSY')
    three.start('node-b')
    three.tick(limits.pairSetupIntervalMs * 2)
    three.welcome()
    three.lines('node-b')
    const { store } = three.at('node-a')
    store.step(() => new Bans(store).ban(parseNodeId('node-b'), 'ot-check', three.clock.wallMs()))
    expect(asked('node-a', 'eighth')).toBe('PEER_BANNED')
    const lift = 'insert into readmission select peer || number, peer, number, 1 from ban'
    store.run(lift)
    expect(typeof asked('node-a', 'eighth')).toBe('object')
  })

  it('of a node that is going down', () => {
    three.exported('ninth')
    three.lines(...names)
    three.at('node-c').node.drain()
    const line = three.exported('tenth', { nodes: [parseNodeId('node-b'), parseNodeId('node-c')] })
    three.lines(...names)
    expect(three.askPart('node-c', line)).toBe('BUSY')
    three.restart('node-c')
    three.tick(limits.pairSetupIntervalMs * 2)
    three.welcome()
    expect(typeof three.askPart('node-c', line)).toBe('object')
  })
})

describe('the share of an exported key', () => {
  const stores = (name: Name) => three.stores(name, () => new Uint8Array(32).fill(1))

  it('says that it was exported in its file, and is not opened by a log that does not', () => {
    const row = three.vaultRow()
    three.stop('node-c')
    const { keystore, store } = stores('node-c')
    const { vault, epoch, t: threshold, participants, publicKey, keyState } = row
    const parties = participants.length
    const expected = { vault, epoch, threshold, parties, publicKey, keyState }
    using keyshare = keystore.open(expected, 'active')
    expect(keyshare.facts.past.isExported).toBe(true)
    store.close()
    three.start('node-c')
    three.standing('node-c', 'active', false)
    three.restart('node-c')
    expect(three.at('node-c').node.status().vaults).toEqual([])
    expect(events('node-c', 'keyshare-closed')).toMatchObject([{ level: 'alarm' }])
    // It opens again with what the log should have said.
    three.standing('node-c', 'exported', true)
    three.tick(1_000)
    expect(three.at('node-c').node.status().vaults).toEqual(['hot-eth'])
  })
})

import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fromUtf8, toUtf8 } from '../../proto/crypto.ts'
import { encode } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import * as house from '../kit/audit-documents.ts'
import { type Name, names, ThreeNodes } from './three-nodes.ts'

let three: ThreeNodes
beforeEach(() => {
  three = new ThreeNodes().ready()
})
afterEach(() => three.close())

const files = (name: Name) => readdirSync(join(three.home, name, 'keyshares'))
const vaults = () => names.map((name) => three.at(name).node.status().vaults)

function refused(keygen: Uint8Array, name: Name = 'node-a'): string {
  three.prepare(name, { keygen, ticket: new Uint8Array(16).fill(9) })
  const said = three.heard(name, 'refused').at(-1)
  if (said === undefined) return 'nothing'
  const { code, expected } = JSON.parse(fromUtf8(said.refusal.document)!) as Record<string, string>
  return `${code}: ${expected}`
}

describe('a key', () => {
  it('is made by all three nodes, and the log accepts what they confirm', () => {
    three.log.add('key.generated', three.makeKey('hot-eth'))
    three.lines(...names)
    expect(vaults()).toEqual([['hot-eth'], ['hot-eth'], ['hot-eth']])
    for (const name of names) expect(files(name)).toEqual(['hot-eth.1.keyshare'])
  })

  it('is pending on disk before anybody has confirmed it, and is not used before its line', () => {
    const line = three.makeKey('hot-eth')
    for (const name of names) expect(files(name)).toEqual(['hot-eth.1.pending.keyshare'])
    expect(vaults()).toEqual([[], [], []])
    three.log.add('key.generated', line)
    three.shareHeads = false
    three.lines('node-a')
    // One cosignature, its own, is no quorum of two.
    expect(vaults()).toEqual([[], [], []])
    three.shareHeads = true
    three.lines('node-b')
    expect(vaults()).toEqual([['hot-eth'], [], []])
    three.lines('node-a', 'node-c')
    expect(vaults()).toEqual([['hot-eth'], ['hot-eth'], ['hot-eth']])
  })

  it('is opened again after a restart, in whatever state it was', () => {
    const line = three.makeKey('hot-eth')
    three.stop('node-a')
    three.start('node-a')
    three.tick(2_000)
    expect(three.state('node-a')).toBe('ready')
    three.log.add('key.generated', line)
    three.lines(...names)
    expect(vaults()).toEqual([['hot-eth'], ['hot-eth'], ['hot-eth']])
    three.stop('node-a')
    three.open('node-a')
    expect(three.at('node-a').node.status().vaults).toEqual(['hot-eth'])
  })

  it('is confirmed again to a coordinator that forgot, until the log has it', () => {
    const line = three.makeKey('hot-eth')
    const said = () => three.heard('node-a', 'keyConfirm').map(({ confirm }) => confirm)
    three.welcome()
    const [again] = said()
    const { node, vault } = JSON.parse(fromUtf8(again!.document)!) as Record<string, string>
    expect([node, vault]).toEqual(['node-a', 'hot-eth'])
    three.log.add('key.generated', line)
    three.lines(...names)
    three.welcome()
    expect(said()).toEqual([])
  })

  it('whose file does not open is an alarm, and the node goes on without it', () => {
    three.log.add('key.generated', three.makeKey('hot-eth'))
    three.lines(...names)
    three.stop('node-a')
    writeFileSync(join(three.home, 'node-a', 'keyshares', 'hot-eth.1.keyshare'), '{}')
    const { node, ports } = three.open('node-a')
    expect(node.status().vaults).toEqual([])
    expect(ports.events).toMatchObject([{ level: 'alarm', name: 'keyshare-closed' }])
  })

  it('that is not made in time can be tried again with a higher epoch only', () => {
    three.carry = (_from, _to, frame) => {
      return frame.frame === 'envelope' && frame.envelope.round === 3 ? undefined : frame
    }
    const ticket = new Uint8Array(16).fill(1)
    for (const name of names) three.prepare(name, { keygen: three.keygen('hot-eth'), ticket })
    const acceptances = names.map((name) => three.heard(name, 'accepted')[0]!.acceptance)
    for (const name of names) {
      three.at(name).node.receive('c1', { frame: 'start', start: { ticket, acceptances } })
    }
    three.settle()
    three.tick(5_000)
    const stopped = names.map((name) => three.heard(name, 'stopped').map(({ reason }) => reason))
    expect(stopped).toEqual([['SESSION_TIMEOUT'], ['SESSION_TIMEOUT'], ['SESSION_TIMEOUT']])
    expect(refused(three.keygen('hot-eth', 1))).toBe('EPOCH: expected an epoch above 1')
    three.carry = (_from, _to, frame) => frame
    three.log.add('key.generated', three.makeKey('hot-eth', 2))
    three.lines(...names)
    for (const name of names) expect(files(name)).toEqual(['hot-eth.2.keyshare'])
  })
})

describe('a keygen document', () => {
  it('is refused for a vault that the policy does not name, or that has a key', () => {
    expect(refused(three.keygen('other'))).toContain('VAULT_NOT_FOUND')
    three.log.add('key.generated', three.makeKey('hot-eth'))
    three.lines(...names)
    expect(refused(three.keygen('hot-eth', 2))).toContain('KEY_EXISTS')
  })

  it('is refused with other numbers, nodes, order or owner than the root has', () => {
    const [a, b, c] = names.map((node, at) => ({ node, x: at + 1 }))
    const changed = (change: Parameters<ThreeNodes['keygen']>[2]) =>
      refused(three.keygen('hot-eth', 1, change)).split(':')[0]
    expect(changed({ t: 3 })).toBe('PARTICIPANTS')
    expect(changed({ participants: [a!, b!] })).toBe('PARTICIPANTS')
    expect(changed({ participants: [b!, a!, c!] })).toBe('PARTICIPANTS')
    expect(changed({ participants: [a!, b!, { node: 'node-x', x: 3 }] })).toBe('PARTICIPANTS')
    expect(changed({ participants: [a!, b!, { node: 'node-c', x: 4 }] })).toBe('PARTICIPANTS')
    expect(changed({ org: 'other' })).toBe('WARRANT')
    expect(changed({ extra: 'x' })).toBe('MALFORMED')
    expect(refused(toUtf8('{'))).toContain('MALFORMED')
    expect(refused(encode({}))).toContain('MALFORMED')
  })

  it('is refused when four keys of the vault are pending', () => {
    three.stop('node-a')
    for (const epoch of [1, 2, 3, 4]) {
      const name = `hot-eth.${epoch}.pending.keyshare`
      writeFileSync(join(three.home, 'node-a', 'keyshares', name), '')
    }
    three.start('node-a')
    three.tick(2_000)
    expect(refused(three.keygen('hot-eth', 5))).toContain('BUSY')
    expect(refused(three.keygen('warm-eth', 5))).toBe('nothing')
  })

  it('is refused when as many sessions run as a node may have', () => {
    three.carry = (_from, _to, frame) => (frame.frame === 'envelope' ? undefined : frame)
    for (let epoch = 1; epoch <= limits.sessionsPerNodeMax; epoch += 1) {
      const ticket = new Uint8Array(16).fill(epoch)
      const keygen = three.keygen('hot-eth', epoch)
      for (const name of names) three.prepare(name, { keygen, ticket })
      const acceptances = names.map((name) => three.heard(name, 'accepted')[0]!.acceptance)
      three.give('node-a', { frame: 'start', start: { ticket, acceptances } })
    }
    expect(three.at('node-a').node.status().sessions).toBe(limits.sessionsPerNodeMax)
    expect(refused(three.keygen('hot-eth', 99))).toContain('BUSY')
    three.tick(5_000)
    expect(refused(three.keygen('hot-eth', 99))).toBe('nothing')
  })

  it('that is newer closes the older one of its vault', () => {
    const [first, second] = [1, 2].map((byte) => new Uint8Array(16).fill(byte))
    three.prepare('node-a', { keygen: three.keygen('hot-eth', 1), ticket: first! })
    three.prepare('node-a', { keygen: three.keygen('hot-eth', 2), ticket: second! })
    const acceptances = three.heard('node-a', 'accepted').map(({ acceptance }) => acceptance)
    expect(acceptances).toHaveLength(2)
    three.give('node-a', { frame: 'start', start: { ticket: first!, acceptances } })
    expect(three.heard('node-a', 'stopped').map(({ reason }) => reason)).toEqual(['STALE_ATTEMPT'])
    three.give('node-a', { frame: 'start', start: { ticket: second!, acceptances } })
    expect(three.heard('node-a', 'stopped').map(({ reason }) => reason)).toEqual(['VIEW'])
  })

  it('is accepted in words that name it, the node and its head', () => {
    three.prepare('node-a', { keygen: three.keygen('hot-eth') })
    const { document } = three.heard('node-a', 'accepted')[0]!.acceptance
    expect(JSON.parse(fromUtf8(document)!)).toMatchObject({
      format: 'custody-keygen-acceptance/v1',
      node: 'node-a',
      origin: house.origin,
      size: three.log.head.size,
    })
  })
})

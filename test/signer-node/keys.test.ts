import { cpSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { fromUtf8, toUtf8 } from '../../proto/crypto.ts'
import type { CoordinatorFrame } from '../../proto/frames.ts'
import { encode } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import { assemble } from '../../signer-node/assemble.ts'
import type { Keyshare } from '../../signer-node/dkls23/keyshare.ts'
import type { Protocol } from '../../signer-node/dkls23/protocol.ts'
import { judgeKeygen } from '../../signer-node/key-plan.ts'
import { Keystore } from '../../signer-node/keystore.ts'
import { stepperOf } from '../../signer-node/stepper.ts'
import * as house from '../kit/audit-documents.ts'
import { bootedLog } from '../kit/audit-log.ts'
import { refusedWith } from '../kit/refused.ts'
import { type Name, names, selfOf, ThreeNodes } from './three-nodes.ts'
import { testPorts } from './world.ts'

let three: ThreeNodes
beforeEach(() => {
  three = new ThreeNodes().ready()
})
afterEach(() => three.close())

const files = (name: Name) => readdirSync(join(three.home, name, 'keyshares'))
const vaults = () => names.map((name) => three.at(name).node.status().vaults)

/** Keeps every envelope back, until it is called. */
function held(): () => void {
  const kept: (readonly [Name, CoordinatorFrame])[] = []
  three.carry = (_from, to, frame) => {
    if (frame.frame !== 'envelope') return frame
    kept.push([to, frame])
    return undefined
  }
  return () => {
    three.carry = (_from, _to, frame) => frame
    for (const [name, frame] of kept) three.at(name).node.receive('c1', frame)
    three.settle()
  }
}

/** Prepared and started on all nodes; `between` is what happens before the start. */
function begin(epoch: number, between = () => {}): void {
  const ticket = new Uint8Array(16).fill(epoch)
  for (const name of names) three.prepare(name, { keygen: three.keygen('hot-eth', epoch), ticket })
  const acceptances = names.map((name) => three.heard(name, 'accepted')[0]!.acceptance)
  const start = { ticket, acceptances }
  between()
  for (const name of names) three.at(name).node.receive('c1', { frame: 'start', start })
  three.settle()
}

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
    three.pair()
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
    // What nobody confirmed comes into force by no line, and takes no place.
    for (const name of names) expect(files(name)).toEqual([])
    expect(refused(three.keygen('hot-eth', 1))).toBe('EPOCH: expected an epoch above 1')
    // An epoch after which there is none would be the key's last.
    const most = limits.epochStepMax + three.log.head.size
    for (const epoch of [most + 1, 0xffff_ffff]) {
      const because = `EPOCH: expected an epoch of at most ${most}`
      expect(refused(three.keygen('hot-eth', epoch))).toBe(because)
    }
    three.carry = (_from, _to, frame) => frame
    three.log.add('key.generated', three.makeKey('hot-eth', 2))
    three.lines(...names)
    for (const name of names) expect(files(name)).toEqual(['hot-eth.2.keyshare'])
  })
})

describe('pending shares of a first key that some confirmed and some never will', () => {
  const share = (epoch: number) => `hot-eth.${epoch}.pending.keyshare`
  const give = () => refusedWith(() => three.at('node-a').node.dropPending('hot-eth'))

  it('are given up by the operators, and by nobody and nothing else; then the key is made', () => {
    three.pair()
    three.carry = (_from, to, frame) =>
      to === 'node-c' && frame.frame === 'envelope' && frame.envelope.round === 3
        ? undefined
        : frame
    begin(1)
    three.tick(5_000)
    expect(names.map(files)).toEqual([[share(1)], [share(1)], []])
    three.carry = (_from, _to, frame) => frame
    const place = join(three.home, 'node-a', 'keyshares')
    for (const epoch of [2, 3, 4]) cpSync(join(place, share(1)), join(place, share(epoch)))
    three.stop('node-a')
    three.start('node-a')
    // The others have not answered yet: the own copy may be behind.
    expect(give()).toBe('FLOOR')
    three.tick(2_000)
    expect(refused(three.keygen('hot-eth', 5))).toContain('BUSY: hot-eth: 4 keys are pending')
    three.at('node-a').node.dropPending('warm-eth')
    expect(files('node-a')).toHaveLength(4)
    three.at('node-a').node.dropPending('hot-eth')
    expect(files('node-a')).toEqual([])
    // Its backup stays: that epoch is never prepared again.
    expect(readdirSync(join(three.home, 'node-a', 'backups'))).toEqual(['hot-eth.1.backup'])
    three.tick(2 * limits.pairSetupIntervalMs)
    three.welcome()
    const deliver = held()
    begin(5)
    expect(give()).toBe('BUSY')
    deliver()
    expect(files('node-a')).toEqual([share(5)])
    three.log.add('key.generated', three.keyLine())
    three.lines(...names)
    for (const name of names) expect(files(name)).toEqual(['hot-eth.5.keyshare'])
    expect(give()).toBe('KEY_EXISTS')
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
    three.stop('node-a')
    const ports = testPorts('full', three.clock)
    const { store, ...stores } = three.stores('node-a', ports.random)
    const settings = { self: selfOf('node-a'), origin: house.origin, rootDigest: house.rootDigest }
    const whole = { closed: () => undefined, changed: () => {} }
    const parts = assemble(settings, { store, ...stores }, ports, whole)
    const plan = {
      counterparts: new Map(),
      stepper: stepperOf((function* () {})() as Protocol<void>),
      secrets: [],
      deadlineMs: three.clock.monotonicMs() + 1,
      ended: () => {},
    }
    for (let at = 0; at < limits.sessionsPerNodeMax; at += 1) {
      parts.sessions.start(Uint8Array.of(at), 'c1', plan)
    }
    expect(judgeKeygen(parts, three.keygen('hot-eth'))).toMatchObject({ code: 'BUSY' })
    parts.sessions.stop(Uint8Array.of(0), 'BUSY', 'one less')
    expect(judgeKeygen(parts, three.keygen('hot-eth'))).toMatchObject({ vault: 'hot-eth' })
    store.close()
  })

  it('is refused while a key of its vault is being made, which everyone then confirms', () => {
    three.pair()
    const deliver = held()
    begin(1)
    expect(refused(three.keygen('hot-eth', 1, { attempt: 2 }))).toContain('BUSY')
    expect(refused(three.keygen('hot-eth', 2))).toContain('BUSY')
    expect(refused(three.keygen('warm-eth'))).toBe('nothing')
    deliver()
    three.log.add('key.generated', three.keyLine())
    three.lines(...names)
    for (const name of names) expect(files(name)).toEqual(['hot-eth.1.keyshare'])
    expect(vaults()).toEqual([['hot-eth'], ['hot-eth'], ['hot-eth']])
  })

  it('makes nothing when the log has given its vault a key in between', () => {
    const line = three.makeKey('hot-eth')
    const deliver = held()
    begin(2)
    three.log.add('key.generated', line)
    three.lines(...names)
    deliver()
    three.tick(5_000)
    expect(names.flatMap((name) => three.heard(name, 'stopped'))).toHaveLength(3)
    for (const name of names) expect(files(name)).toEqual(['hot-eth.1.keyshare'])
  })

  it('whose epoch was confirmed before ends its session, and the node goes on', () => {
    three.pair()
    const { store, ports } = three.at('node-a')
    const row = ['hot-eth', 1, '00', '{}', new Uint8Array(64)]
    store.run(
      'insert into prepared (vault, epoch, sid, document, signature) values (?, ?, ?, ?, ?)',
      ...row,
    )
    begin(1)
    expect(three.heard('node-a', 'stopped').map(({ reason }) => reason)).toEqual(['EPOCH'])
    expect(three.heard('node-a', 'keyConfirm')).toEqual([])
    expect(ports.events).toContainEqual(
      expect.objectContaining({ level: 'alarm', name: 'keygen-failed' }),
    )
    expect(refused(three.keygen('hot-eth', 2))).toBe('nothing')
  })

  it('whose key cannot be kept makes none, and wipes the share that it was making', () => {
    three.pair()
    const made: Keyshare[] = []
    const keep = vi.spyOn(Keystore.prototype, 'keeping').mockImplementation(({ keyshare }) => {
      expect(keyshare.secretShare.bytes.some((byte) => byte !== 0)).toBe(true)
      made.push(keyshare)
      return refuse('BUSY', 'full')
    })
    begin(1)
    keep.mockRestore()
    expect(made).toHaveLength(3)
    for (const { secretShare } of made) expect(() => secretShare.bytes).toThrow('wiped')
    expect(names.flatMap((name) => three.heard(name, 'keyConfirm'))).toEqual([])
  })

  it('that is stopped in the turn after all confirmed it is said by nobody here, and is gone', () => {
    for (const isStopped of [false, true]) {
      three.close()
      three = new ThreeNodes().ready()
      three.pair()
      const { pausing } = three.at('node-a').ports
      const others: Uint8Array[] = []
      begin(1, () => {
        pausing.held = []
      })
      while (others.length === 0) {
        pausing.held?.shift()?.()
        three.settle()
        others.push(...three.heard('node-b', 'keyConfirm').map(({ sid }) => sid))
      }
      expect(three.heard('node-a', 'keyConfirm')).toEqual([])
      if (isStopped) three.give('node-a', { frame: 'stop', stop: { sid: others[0]! } })
      for (let next = pausing.held?.shift(); next; next = pausing.held?.shift()) next()
      three.settle()
      expect(three.heard('node-a', 'keyConfirm')).toHaveLength(isStopped ? 0 : 1)
      expect(files('node-a')).toEqual(isStopped ? [] : ['hot-eth.1.pending.keyshare'])
      delete pausing.held
    }
  })

  it('is begun by no node that has seen two faces of the log since it agreed', () => {
    three.pair()
    const other = bootedLog().wait(9).add('log.heartbeat', {})
    begin(1, () => {
      three.log.wait(1).add('log.heartbeat', {})
      three.lines(...names)
      three.heads(toUtf8(other.note([1])))
    })
    expect(names.map((name) => three.state(name))).toEqual(['forked', 'forked', 'forked'])
    expect(names.flatMap((name) => three.heard(name, 'keyConfirm'))).toEqual([])
    expect(names.flatMap(files)).toEqual([])
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

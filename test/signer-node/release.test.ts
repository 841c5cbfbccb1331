import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { freezeText, parseRoot } from '../../policy/documents.ts'
import { digestOf, toUtf8 } from '../../proto/crypto.ts'
import { parseHandle, parsePersonId, parseVaultId } from '../../proto/ids.ts'
import { text } from '../../proto/jcs.ts'
import { sign, signedJson } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { verifyEvidence } from '../../signer-node/evidence.ts'
import * as house from '../kit/audit-documents.ts'
import { digestNamed, Payment } from '../kit/audit-log.ts'
import { refusedWith } from '../kit/refused.ts'
import { SigningHouse, signers } from './signing-kit.ts'
import { lift, names } from './three-nodes.ts'

let three: SigningHouse
beforeAll(() => {
  three = new SigningHouse()
})
afterAll(() => three.close())
afterEach(() => {
  three.shareHeads = true
  three.tick(30_000)
  three.lines(...names)
  for (const name of names) three.at(name).said.length = 0
})

const held = () => three.held()
const shareHeads = () => three.bringHeads()

const shares = () => signers.flatMap((name) => three.heard(name, 'share'))

describe('a share', () => {
  it('waits for q cosignatures and leaves when they come', () => {
    const payout = held()
    expect(shares()).toEqual([])
    shareHeads()
    const released = shares()
    expect(released).toHaveLength(2)
    expect(three.signature(payout, released)).toMatch(/^[0-9a-f]{130}$/)
  })

  it('does not leave without them: COSIGN at the deadline of the session', () => {
    held()
    three.tick(19_999)
    expect(three.stopped('node-a')).toBe('')
    three.tick(1)
    expect(three.stopped('node-a')).toBe('COSIGN')
    shareHeads()
    expect(shares()).toEqual([])
  })

  it('is not moved by cosignatures of heads before the attempt line', () => {
    three.shareHeads = false
    const before = three.log.note([1, 2])
    const payout = three.payout()
    three.begin(payout, three.askSigners(payout))
    three.heads(toUtf8(before))
    three.settle()
    expect(three.at('node-a').node.status().waitingReleases).toBe(1)
  })

  it('is not moved by cosignatures over another root, of a stranger, or over more lines than held', () => {
    held()
    const good = three.log.note([1, 2])
    three.heads(toUtf8(good.replace(/^(.*\n\d+\n)..../, '$1AAAA')), toUtf8('nonsense'))
    three.settle()
    expect(three.at('node-a').node.status().waitingReleases).toBe(1)
    three.log.add('log.heartbeat', {})
    // To node a alone: node b has not signed so much, and would meet itself.
    const heads = { origin: house.origin, heads: [toUtf8(three.log.note([1, 2]))] }
    three.give('node-a', { frame: 'heads', heads })
    expect(three.at('node-a').node.status().waitingReleases).toBe(1)
    three.lines('node-a')
    expect(three.heard('node-a', 'share')).toHaveLength(1)
  })

  it('does not leave while the operator has frozen its vault', () => {
    held()
    three.at('node-a').node.freeze('hot-eth')
    shareHeads()
    expect(three.stopped('node-a')).toBe('FROZEN')
    three.at('node-a').node.unfreeze('hot-eth')
    expect(three.heard('node-a', 'share')).toEqual([])
    expect(three.heard('node-b', 'share')).toHaveLength(1)
  })

  it('does not leave after a line rejected the request', () => {
    const payout = held()
    const approval = digestNamed('no')
    const body = { approval, intent: payout.digest, person: 'bo', rule: 'payout-auto' }
    three.log.add('approval.rejected', body)
    shareHeads()
    expect([three.stopped('node-a'), three.stopped('node-b')]).toEqual(['REJECTED', 'REJECTED'])
    expect(shares()).toEqual([])
  })

  it('does not leave once a cancel has the nonce, and does when that was given back', () => {
    const cancelled = (name: string, isGivenBack: boolean) => {
      const payout = held()
      const spend = { op: 'evm.cancel', amount: '0', asset: 'eth-native', dest: 'hot' }
      const cancel = new Payment(name, three.log.t + 3_600_000, spend)
      three.log.add('intent.created', cancel.created())
      const taken = { cancels: payout.digest }
      three.log.add('spend.reserved', cancel.reserved(`${payout.nonce}`, taken))
      if (isGivenBack) three.log.add('spend.released', { intent: cancel.intent })
      shareHeads()
      return [three.stopped('node-a'), three.stopped('node-b'), shares().length]
    }
    expect(cancelled('cancel-1', false)).toEqual(['REQUEST_ENDED', 'REQUEST_ENDED', 0])
    three.tick(30_000)
    for (const name of names) three.at(name).said.length = 0
    expect(cancelled('cancel-2', true)).toEqual(['', '', 2])
  })

  it('does not leave for a request that has ended, whatever its attempt says', () => {
    held()
    for (const name of ['node-a', 'node-b'] as const) {
      const { store } = three.at(name)
      store.run(
        `update history set value = replace(value, 'SIGNING', 'SETTLED') where tbl = 'intent'`,
      )
    }
    shareHeads()
    expect([three.stopped('node-a'), three.stopped('node-b')]).toEqual(
      Array(2).fill('REQUEST_ENDED'),
    )
    expect(shares()).toEqual([])
  })

  it('does not leave after its key was exported, or has new shares', () => {
    const edits = [
      ['"standing":"active"', '"standing":"exported"', 'KEY_DISABLED'],
      ['"keyState":"', '"keyState":"0000', 'EPOCH'],
    ] as const
    for (const [from, to, code] of edits) {
      held()
      const { store } = three.at('node-a')
      const keys = store.all(`select key, value from history where tbl = 'vault'`)
      const cut = to.endsWith('0000') ? 4 : 0
      for (const row of keys) {
        const value = String(row['value'])
        const at = value.indexOf(from) + from.length
        const bent = `${value.slice(0, at - from.length)}${to}${value.slice(at + cut)}`
        store.run(`update history set value = ? where tbl = 'vault' and key = ?`, bent, row['key']!)
      }
      shareHeads()
      expect(three.stopped('node-a'), to).toBe(code)
      expect(three.heard('node-a', 'share')).toEqual([])
      // The other one has seen nothing of it.
      expect(three.heard('node-b', 'share')).toHaveLength(1)
      for (const { key, value } of keys) {
        store.run(`update history set value = ? where tbl = 'vault' and key = ?`, value!, key!)
      }
    }
  })

  it('does not leave after the share it was made with was put to rest', async () => {
    held()
    const { node } = three.at('node-a')
    node.rest(parseVaultId('hot-eth'))
    three.settle()
    // At once, as a session ends: what is opened again is for something new.
    expect([node.status().waitingReleases, three.stopped('node-a')]).toEqual([0, 'CEREMONY'])
    await node.wake(parseVaultId('hot-eth'))
    shareHeads()
    expect(three.heard('node-a', 'share')).toEqual([])
    expect(three.heard('node-b', 'share')).toHaveLength(1)
  })

  it('does not leave after a higher attempt was started in the log', () => {
    const payout = held()
    three.nextAttempt(payout, 2)
    shareHeads()
    expect(three.stopped('node-a')).toBe('STALE_ATTEMPT')
    expect(shares()).toEqual([])
  })

  it('does not leave after a higher attempt was accepted, which then has its own', () => {
    const payout = held()
    three.nextAttempt(payout, 2)
    three.begin(payout, three.askSigners(payout, 2), 2)
    expect(three.stopped('node-a')).toBe('STALE_ATTEMPT')
    shareHeads()
    expect(three.signature(payout, shares())).toMatch(/^[0-9a-f]{130}$/)
  })

  it('does not leave after the intent ran out', () => {
    const payout = held()
    three.clock.wall = payout.intent.notAfter + 1
    shareHeads()
    expect(three.stopped('node-a')).toBe('TIME')
    expect(shares()).toEqual([])
  })

  it('does not leave when the peer was banned meanwhile', () => {
    held()
    const { store } = three.at('node-a')
    store.run(`insert into ban (peer, reason, at) values ('node-b', 'ot-check', 1)`)
    shareHeads()
    expect(three.at('node-a').node.status().waitingReleases).toBe(0)
    // What is gone at once is heard of when silence would be.
    expect(three.stopped('node-a')).toBe('')
    lift(store)
    three.tick(20_000)
    expect(three.stopped('node-a')).toBe('SESSION_TIMEOUT')
  })

  it('does not leave after its pairing died, though nobody is banned', () => {
    held()
    // Node b is caught as a clone: two documents with one counter.
    const next = three.payout(1_000)
    const [own, theirs] = three.askSigners(next)
    for (const digit of ['1', '2']) {
      const lie = three.liedBy('node-b', theirs!, { trace: digit.repeat(64) })
      const start = { ticket: three.ticket(next), acceptances: [own!, lie] }
      three.give('node-a', { frame: 'start', start })
    }
    const { node, ports } = three.at('node-a')
    expect(ports.events).toContainEqual({ level: 'alarm', name: 'clone', peer: 'node-b' })
    expect([node.status().banned, node.status().pairings]).toEqual([[], ['node-c']])
    // A stranger with the root alone is convinced by what it kept.
    const [kept] = node.evidence()
    const proved = verifyEvidence(kept!.document, parseRoot(house.rootText), nativeCurve())
    expect(proved).toMatchObject({ kind: 'clone', accused: 'node-b', by: 'node-a' })
    three.heard('node-a', 'stopped')
    shareHeads()
    three.tick(20_000)
    expect(three.stopped('node-a')).toBe('SESSION_TIMEOUT')
    expect(three.heard('node-a', 'share')).toEqual([])
    three.restart('node-b')
    three.tick(30_000)
    three.welcome()
    expect(node.status().pairings).toContain('node-b')
  })

  it('does not leave after the coordinator that drives it gave up', () => {
    three.shareHeads = false
    const seen: Uint8Array[] = []
    three.carry = (_from, _to, frame) => {
      if (frame.frame === 'envelope') seen.push(frame.envelope.sid)
      return frame
    }
    const payout = three.payout()
    three.begin(payout, three.askSigners(payout))
    const { node } = three.at('node-a')
    node.attached('c2')
    node.receive('c2', { frame: 'stop', stop: { sid: seen.at(-1)! } })
    expect(node.status().waitingReleases).toBe(1)
    node.detached('c2')
    three.give('node-a', { frame: 'stop', stop: { sid: seen.at(-1)! } })
    expect(three.stopped('node-a')).toBe('COORDINATOR')
    shareHeads()
    expect(three.heard('node-a', 'share')).toEqual([])
  })

  it('may leave while the node drains', () => {
    held()
    three.at('node-a').node.drain()
    expect(three.at('node-a').node.isIdle).toBe(false)
    shareHeads()
    expect(shares()).toHaveLength(2)
    expect(three.at('node-a').node.isIdle).toBe(true)
    three.restart('node-a')
  })

  it('is in the journal and in the second place before it is seen', () => {
    const before = three.at('node-a').node.status().receipts
    held()
    expect(three.at('node-a').node.status().receipts).toBe(before)
    shareHeads()
    expect(three.at('node-a').node.status().receipts).toBe(before + 1)
    const row = three.at('node-a').store.first('select count(*) as n from journal')
    expect(row?.['n']).toBe(before + 1)
  })
})

describe('a node that its operator fenced', () => {
  afterAll(() => {
    const { store } = three.at('node-b')
    store.run("delete from meta where key in ('fenced', 'fenced-since')")
    three.restart('node-b')
  })

  it('releases nothing that waited, takes nothing new, and stays so over a restart', () => {
    held()
    const { node, ports } = three.at('node-b')
    node.fence('a disk is missing')
    expect(ports.events.filter(({ name }) => name === 'fenced-by-operator')).toMatchObject([
      { level: 'alarm', because: 'operator: a disk is missing' },
    ])
    three.settle()
    expect(three.stopped('node-b')).toBe('FLOOR')
    shareHeads()
    expect(three.heard('node-b', 'share')).toEqual([])
    expect(three.heard('node-a', 'share')).toHaveLength(1)
    expect(refusedWith(() => node.fence('once more'))).toBe('BUSY')
    three.ask('node-b', three.payout())
    expect(three.refusal('node-b')).toBe('FLOOR session')
    three.restart('node-b')
    three.tick(2_000)
    three.lines('node-b')
    const after = three.at('node-b').node
    expect([three.state('node-b'), after.status().fenced]).toEqual([
      'fenced',
      'operator: a disk is missing',
    ])
    three.log.add('log.heartbeat', {})
    three.lines('node-b')
    expect(three.heard('node-b', 'cosigned').at(-1)?.size).toBe(three.log.head.size)
  })

  it('ends what runs at once', () => {
    const { store } = three.at('node-b')
    store.run("delete from meta where key in ('fenced', 'fenced-since')")
    three.restart('node-b')
    three.tick(30_000)
    three.welcome()
    const payout = three.payout()
    const acceptances = three.askSigners(payout)
    three.muted()
    three.begin(payout, acceptances)
    const { node } = three.at('node-b')
    expect(node.status().sessions).toBe(1)
    node.fence('now')
    expect(node.status()).toMatchObject({ state: 'fenced', sessions: 0 })
    three.carry = (_from, _to, frame) => frame
  })
})

describe('the pairs of a node', () => {
  it('are one row for every other node, with age, sessions and where it was seen', () => {
    const { node } = three.at('node-a')
    const rows = node.pairs()
    expect(rows.map(({ peer }) => peer)).toEqual(['node-b', 'node-c'])
    const pairing = expect.stringMatching(/^[0-9a-f]{64}$/)
    expect(rows[1]).toMatchObject({ pairing, sessions: 0, replaced: 0, isBanned: false })
    expect(rows[1]).toMatchObject({ seenAt: 'c1', ageSeconds: expect.any(Number) })
    expect(rows[1]!.ageSeconds).toBeGreaterThan(1_000)
  })
})

describe('a freeze in the log', () => {
  it('stops a share that waits, at every node that has the line', () => {
    held()
    const freeze = freezeText({
      org: parseHandle(house.org),
      env: 'dev',
      scope: parseHandle('hot-eth'),
      person: parsePersonId('ana'),
      credential: parseHandle('ana-1'),
      issued: three.log.t,
      nonce: new Uint8Array(16),
    })
    const signed = sign(tags.freeze, toUtf8(freeze), parseHandle('ana-1'), house.keyOf('ana').sign)
    const digest = digestOf(tags.freeze, toUtf8(freeze))
    const body = { freeze: digest, scope: 'hot-eth' }
    three.log.add('freeze.set', body, [text(signedJson(signed))])
    shareHeads()
    expect([three.stopped('node-a'), three.stopped('node-b')]).toEqual(['FROZEN', 'FROZEN'])
  })
})

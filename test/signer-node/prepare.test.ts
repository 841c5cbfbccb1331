import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { banDocument } from '../../policy/audit/ban-statement.ts'
import { readSync } from '../../policy/audit/rows.ts'
import { below, put, tables } from '../../policy/audit/tables.ts'
import { madeHere } from '../../policy/key-standing.ts'
import { digestOf, ed25519Verify, fromUtf8, tagged, toHex, toUtf8 } from '../../proto/crypto.ts'
import { limits } from '../../proto/limits.ts'
import { tags } from '../../proto/tags.ts'
import { HistoryRows } from '../../signer-node/history-rows.ts'
import { Sessions } from '../../signer-node/sessions.ts'
import * as house from '../kit/audit-documents.ts'
import { Payment } from '../kit/audit-log.ts'
import type { Payout } from '../kit/audit-story.ts'
import { SigningHouse, signers } from './signing-kit.ts'
import { lift, names } from './three-nodes.ts'
import { seedOf } from './world.ts'

let three: SigningHouse
beforeAll(() => {
  three = new SigningHouse()
})
afterAll(() => three.close())
afterEach(() => {
  three.carry = (_from, _to, frame) => frame
  three.tick(30_000)
  three.lines(...names)
  for (const name of names) three.at(name).said.length = 0
})

describe('Prepare', () => {
  it('is answered with the cosignature and the acceptance together', () => {
    const payout = three.payout()
    const { said } = three.at('node-a')
    said.length = 0
    three.ask('node-a', payout)
    expect(said.map(({ frame }) => frame)).toEqual(['cosigned', 'accepted'])
  })

  it('is answered with a signed refusal that names check and code, never without cosignature', () => {
    const payout = three.payout()
    const { said } = three.at('node-a')
    said.length = 0
    three.ask('node-a', payout, 1, toUtf8('{}'))
    expect(said.map(({ frame }) => frame)).toEqual(['cosigned', 'refused'])
    const { document, signature } = three.heard('node-a', 'refused')[0]!.refusal
    const key = house.keyOf('node-a-identity').publicKey
    expect(ed25519Verify(key, tagged(tags.refusal, document), signature)).toBe(true)
    expect(JSON.parse(fromUtf8(document)!)).toMatchObject({
      format: 'custody-refusal/v1',
      node: 'node-a',
      intent: payout.digest,
      attempt: 1,
      check: 'N1',
      size: three.log.head.size,
    })
  })

  it('is refused for a ninth cancel of a request, which a log may hold', () => {
    const payout = three.payout()
    const spend = { op: 'evm.cancel', amount: '0', asset: 'eth-native', dest: 'hot' }
    const asked = (nth: number): string => {
      three.tick(60_000)
      three.log.t = Math.max(three.log.t, three.clock.wall)
      const cancel = new Payment(`cancel-${nth}`, three.log.t + 30_000, spend)
      const warrant = toUtf8(`{"cancel":${nth}}`)
      const price = `${30n * 10n ** 9n * 2n ** BigInt(nth)}`
      three.log.add('intent.created', cancel.created())
      three.log.add(
        'spend.reserved',
        cancel.reserved(`${payout.nonce}`, { cancels: payout.digest }),
      )
      const named = { warrant: digestOf(tags.warrant, warrant) }
      const fee = { max: '2000', price, tip: price }
      three.log.add('session.started', cancel.started(1, `${payout.nonce}`, { ...named, fee }))
      const attemptSeq = three.log.head.size - 1
      const ticket = seedOf(`ticket cancel ${nth}`).slice(0, 16)
      three.prepare('node-a', { warrant, attemptSeq, ticket, fresh: false })
      three.log.add('session.aborted', cancel.aborted(1))
      return three.refusal('node-a')
    }
    const answers = Array.from({ length: limits.cancelsPerIntentMax + 1 }, (_, nth) => asked(nth))
    expect(new Set(answers.slice(0, -1))).toEqual(new Set(['MALFORMED N1']))
    expect(answers.at(-1)).toBe('TOO_LATE_TO_CANCEL N16')
  })

  it('once more gives the same answer while the attempt lives, and none afterwards', () => {
    const payout = three.payout()
    three.ask('node-a', payout)
    three.ask('node-a', payout)
    const [first, second] = three.heard('node-a', 'accepted')
    expect(second).toEqual(first)
    three.tick(10_000)
    three.ask('node-a', payout)
    expect(three.refusal('node-a')).toBe('STALE_ATTEMPT N1')
  })

  it('once more under another ticket is started under that one', () => {
    const payout = three.payout()
    const other = new Uint8Array(16).fill(7)
    const attemptSeq = three.log.head.size - 1
    three.askSigners(payout)
    for (const name of signers) {
      three.prepare(name, { warrant: payout.warrant(), attemptSeq, ticket: other })
    }
    const acceptances = signers.map((name) => three.heard(name, 'accepted').at(-1)!.acceptance)
    three.begin(payout, acceptances)
    expect(three.stopped('node-a')).toBe('STALE_ATTEMPT')
    three.begin(payout, acceptances, 1, other)
    expect(three.heard('node-a', 'share')).toHaveLength(1)
  })

  it('of a line that is no attempt, or is not there, is refused', () => {
    const payout = three.payout()
    for (const attemptSeq of [0, three.log.head.size]) {
      three.prepare('node-a', { warrant: payout.warrant(), attemptSeq })
      expect(three.refusal('node-a')).toBe('LINE_MISSING N8')
    }
  })

  it('is refused by a node that takes no part', () => {
    three.ask('node-c', three.payout())
    expect(three.refusal('node-c')).toBe('PARTICIPANTS N2')
  })

  it('is refused while the operator has frozen the vault or everything', () => {
    for (const scope of ['hot-eth', 'all']) {
      three.at('node-a').node.freeze(scope)
      three.ask('node-a', three.payout())
      expect(three.refusal('node-a')).toBe('FROZEN N4')
      three.at('node-a').node.unfreeze(scope)
    }
    three.at('node-a').node.freeze('warm-eth')
    three.ask('node-a', three.payout())
    expect(three.refusal('node-a')).toBe('nothing')
    three.at('node-a').node.unfreeze('warm-eth')
  })

  it('is refused when the own clock and the line are more than two minutes apart', () => {
    const payout = three.payout()
    three.tick(121_000)
    three.ask('node-a', payout)
    expect(three.refusal('node-a')).toBe('CLOCK N3')
  })

  it('is refused without a pairing, and with a banned peer', () => {
    const { node, store } = three.at('node-a')
    const payout = three.payout()
    three.carry = (_from, _to, frame) => (frame.frame === 'envelope' ? undefined : frame)
    three.restart('node-b')
    three.ask('node-b', payout)
    expect(three.refusal('node-b')).toBe('BUSY session')

    store.run(`insert into ban (peer, reason, at) values ('node-b', 'ot-check', 1)`)
    three.ask('node-a', payout)
    expect(three.refusal('node-a')).toBe('PEER_BANNED session')
    lift(store)
    expect(node.status().banned).toEqual([])
    three.carry = (_from, _to, frame) => frame
    three.tick(30_000)
    three.welcome()
  })

  it('is not refused when a line that it did not sign says that it banned the peer', () => {
    const said = { node: 'node-c', number: 1, peer: 'node-a', reason: 'PEER_BANNED' }
    const { sign } = house.keyOf('node-a-identity')
    const signature = toHex(sign(tagged(tags.ban, banDocument(house, said))))
    expect(three.log.outcome('peer.banned', { ...said, signature })).toBe('PARTICIPANTS')
    three.log.force('peer.banned', { ...said, signature })
    three.lines('node-c')
    expect(three.at('node-c').node.status()).toMatchObject({ banned: [] })
    three.prepare('node-c', { keygen: three.keygen('warm-eth') })
    expect(three.refusal('node-c')).toBe('nothing')
  })

  it('is refused when a line that it signed says so, though its own store has forgotten', () => {
    const said = { node: 'node-c', number: 1, peer: 'node-a', reason: 'PEER_BANNED' }
    const { sign } = house.keyOf('node-c-identity')
    const signature = toHex(sign(tagged(tags.ban, banDocument(house, said))))
    three.log.add('peer.banned', { ...said, signature })
    three.prepare('node-c', { keygen: three.keygen('warm-eth', 3) })
    expect(three.refusal('node-c')).toBe('PEER_BANNED session')
    const { node, ports, store } = three.at('node-c')
    expect(node.status()).toMatchObject({ banned: ['node-a'], pairings: ['node-b'] })
    const alarms = ports.events.filter(({ name }) => name === 'ban-restored')
    expect(alarms).toMatchObject([{ level: 'alarm', peer: 'node-a' }])
    lift(store)
  })

  it('of an older attempt is refused after a newer one was accepted', () => {
    const payout = three.payout()
    three.askSigners(payout)
    const first = three.log.head.size - 1
    three.nextAttempt(payout, 2)
    three.askSigners(payout, 2)
    three.tick(10_000)
    three.prepare('node-a', { warrant: payout.warrant(), attemptSeq: first })
    expect(three.refusal('node-a')).toBe('STALE_ATTEMPT N1')
  })

  it('is refused when as many sessions run or are promised as a node may have', () => {
    using running = vi.spyOn(Sessions.prototype, 'count', 'get')
    const asked = (payout: Payout, count: number): string => {
      running.mockReturnValue(count)
      three.at('node-a').said.length = 0
      three.ask('node-a', payout)
      return three.refusal('node-a')
    }
    const first = three.payout()
    expect(asked(first, limits.sessionsPerNodeMax)).toBe('BUSY session')
    // The last place; the acceptance holds it, so there is none for another.
    expect(asked(first, limits.sessionsPerNodeMax - 1)).toBe('nothing')
    const second = three.payout(0)
    expect(asked(second, limits.sessionsPerNodeMax - 1)).toBe('BUSY session')
    expect(asked(second, limits.sessionsPerNodeMax - 2)).toBe('nothing')
  })

  it('is refused while the node drains, and by nobody else', () => {
    three.at('node-a').node.drain()
    const payout = three.payout()
    three.ask('node-a', payout)
    expect([three.refusal('node-a'), three.state('node-a')]).toEqual(['BUSY session', 'draining'])
    expect(three.at('node-a').node.isIdle).toBe(true)
    three.restart('node-a')
    expect(three.state('node-a')).toBe('ready')
  })

  it('is refused for a key that is not refreshed, exported or destroyed, whatever else fits', () => {
    const rows = new HistoryRows(three.at('node-a').store)
    const [row] = readSync(below(tables.vault), rows)
    const standings = [
      { standing: 'unrefreshed', imported: true, exported: false },
      { standing: 'exported', imported: false, exported: true },
      { standing: 'disabled', imported: false, exported: false },
      madeHere,
    ] as const
    const said = standings.map((standing) => {
      const payout = three.payout()
      three.lines('node-a')
      rows.apply([put(tables.vault, 'hot-eth', { ...row!, ...standing })])
      three.ask('node-a', payout)
      rows.apply([put(tables.vault, 'hot-eth', row!)])
      return three.refusal('node-a')
    })
    expect(said).toEqual(['KEY_DISABLED N9', 'KEY_DISABLED N9', 'KEY_DISABLED N9', 'nothing'])
  })

  it('whose page is beyond the own copy, malformed or incomplete appends nothing', () => {
    const payout = three.payout()
    const before = three.sizes.get('node-a')
    const page = three.page('node-a')
    const part = { warrant: payout.warrant(), attemptSeq: three.log.head.size - 1 }
    const beyond = { ...page, from: page.from + 1, lines: page.lines.slice(1) }
    three.prepare('node-a', { ...part, lines: beyond })
    expect(three.refusal('node-a')).toBe('LOG_BEHIND N7')
    const cut = { ...page, lines: page.lines.slice(1) }
    three.prepare('node-a', { ...part, lines: cut })
    expect(three.refusal('node-a')).toBe('LOG_MALFORMED N5')
    expect(three.at('node-a').node.status().size).toBe(before)
    expect(three.at('node-a').ports.events.at(-2)).toMatchObject({ name: 'page-refused' })
  })
})

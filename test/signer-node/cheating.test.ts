import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Brake } from '../../signer-node/brake.ts'
import type { Protocol } from '../../signer-node/dkls23/protocol.ts'
import { Sessions } from '../../signer-node/sessions.ts'
import { SigningHouse } from './signing-kit.ts'

// What node b changes in its second message of a signature, sealed and signed as its own: a byte of
// the multiplication, or a byte of the salt that opens its commitment.
type Mischief = 'none' | 'product' | 'salt'
let mischief: Mischief = 'none'
const productBytes = 49_216
const at = { product: 1_000 * 32 - 1, salt: productBytes + 32 + 33 }

function* crooked<R>(protocol: Protocol<R>): Protocol<R> {
  let step = protocol.next([])
  while (!step.done) {
    for (const { round, bytes } of step.value) {
      if (round === 2 && mischief !== 'none') bytes[at[mischief]] = (bytes[at[mischief]] ?? 0) ^ 1
    }
    step = protocol.next(yield step.value)
  }
  return step.value
}

// Only a node whose one counterpart in a signature is node a runs crooked: that is node b.
const { start } = Sessions.prototype
Sessions.prototype.start = function (sid, coordinator, plan) {
  const nodes = [...plan.counterparts.values()].map(({ node }) => String(node))
  const isCrooked = nodes.join() === 'node-a' && mischief !== 'none'
  const protocol = isCrooked ? crooked(plan.protocol) : plan.protocol
  start.call(this, sid, coordinator, { ...plan, protocol } as never)
}

let three: SigningHouse
beforeAll(() => {
  three = new SigningHouse()
})
afterAll(() => {
  Sessions.prototype.start = start
  three.close()
})

function ending(): string {
  const payout = three.payout()
  three.begin(payout, three.askSigners(payout))
  const shared = three.heard('node-a', 'share').length
  return shared > 0 ? 'shared' : word()
}

/** What node a says, when silence would have been noticed and not before. */
function word(): string {
  three.tick(4_999)
  expect(three.stopped('node-a')).toBe('')
  three.tick(1)
  return three.stopped('node-a')
}

function blamed(): unknown {
  return three.at('node-a').ports.events.findLast(({ name }) => name === 'session-failed')
}

describe('a peer that does not open its commitment', () => {
  it('is named as the one at fault, and is not banned for it', () => {
    expect(ending()).toBe('shared')
    mischief = 'salt'
    expect(ending()).toBe('SESSION_TIMEOUT')
    expect(blamed()).toMatchObject({ peer: 'node-b' })
    expect(three.at('node-a').node.status().banned).toEqual([])
    mischief = 'none'
    expect(ending()).toBe('shared')
  })
})

describe('the brake of a node', () => {
  it('refuses a vault whose sessions ended by fault again and again', () => {
    mischief = 'salt'
    let failures = 0
    for (const laterMs of [3_700_000, 15_000]) {
      const payout = three.payout(laterMs)
      for (let attempt = 1; attempt <= 8 && failures < 10; attempt += 1, failures += 1) {
        if (attempt > 1) three.nextAttempt(payout, attempt)
        three.begin(payout, three.askSigners(payout, attempt), attempt)
        expect(blamed()).toMatchObject({ peer: 'node-b' })
      }
    }
    mischief = 'none'
    three.ask('node-a', three.payout(15_000))
    expect(three.refusal('node-a')).toBe('BRAKE session')
    three.tick(600_000)
    expect(ending()).toBe('shared')
  })
})

describe('a peer that cheats in a multiplication', () => {
  it('is banned before the node says anything about it, and stays banned', () => {
    for (let uses = 0; uses < 2; uses += 1) expect(ending()).toBe('shared')
    mischief = 'product'
    const payout = three.payout()
    three.heard('node-a', 'stopped')
    const given = three.askSigners(payout)
    const { ports, node } = three.at('node-a')
    three.begin(payout, given)
    // Durable and known to the own operator; the coordinator has heard nothing.
    expect(node.status().banned).toEqual(['node-b'])
    expect(word()).toBe('SESSION_TIMEOUT')
    expect(three.heard('node-a', 'share')).toEqual([])
    expect(node.status().pairings).toEqual(['node-c'])
    expect(ports.events.filter(({ level }) => level === 'alarm').map(({ name }) => name)).toContain(
      'peer-banned',
    )

    mischief = 'none'
    three.ask('node-a', three.payout())
    expect(three.refusal('node-a')).toBe('PEER_BANNED session')
    three.restart('node-a')
    three.tick(12_000)
    expect(three.at('node-a').node.status()).toMatchObject({
      banned: ['node-b'],
      pairings: ['node-c'],
    })
  })
})

describe('the brake', () => {
  it('holds a vault after ten failures within ten minutes, and no other one', () => {
    const brake = new Brake()
    for (let count = 0; count < 9; count += 1) brake.failed('hot-eth', count)
    expect(brake.isOn('hot-eth', 10)).toBe(false)
    brake.failed('hot-eth', 9)
    expect([brake.isOn('hot-eth', 10), brake.isOn('warm-eth', 10)]).toEqual([true, false])
    expect(brake.isOn('hot-eth', 600_000)).toBe(false)
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseNodeId } from '../../proto/ids.ts'
import { refuse } from '../../proto/refusal.ts'
import { Brake } from '../../signer-node/brake.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import type { Outgoing } from '../../signer-node/dkls23/protocol.ts'
import { verifyEvidence } from '../../signer-node/evidence.ts'
import { Sessions } from '../../signer-node/sessions.ts'
import { Store } from '../../signer-node/store.ts'
import * as house from '../kit/audit-documents.ts'
import { bent, type Twist } from '../kit/bent.ts'
import { SigningHouse } from './signing-kit.ts'
import { names } from './three-nodes.ts'

// What node b changes in its second message, sealed and signed as its own: a byte of the
// multiplication, of the salt that opens its commitment, of the share that it deals; or it says a
// second thing beside the first.
type Mischief = 'none' | 'product' | 'salt' | 'share' | 'twice'
let mischief: Mischief = 'none'
const productBytes = 49_216
const at = {
  none: 0,
  twice: 0,
  product: 1_000 * 32 - 1,
  salt: productBytes + 32 + 33,
  share: 4_481,
}

function changed({ bytes, ...rest }: Outgoing): Outgoing {
  const copy = bytes.slice()
  copy[at[mischief]] = (copy[at[mischief]] ?? 0) ^ 1
  return { ...rest, bytes: copy }
}

const crooked: Twist = (one) => {
  if (one.round !== 2) return [one]
  return mischief === 'twice' ? [one, changed(one)] : [changed(one)]
}

// Node b is the one that has not itself among its counterparts: node a alone in a signature, nodes a
// and c when a key is made.
const { start } = Sessions.prototype
Sessions.prototype.start = function (sid, coordinator, plan) {
  const nodes = [...plan.counterparts.values()].map(({ node }) => String(node)).join()
  const isCrooked = (nodes === 'node-a' || nodes === 'node-a,node-c') && mischief !== 'none'
  const stepper = isCrooked ? bent(plan.stepper, crooked) : plan.stepper
  start.call(this, sid, coordinator, { ...plan, stepper } as never)
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

function alarms(wanted: string): readonly unknown[] {
  return three.at('node-a').ports.events.filter(({ name }) => name === wanted)
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

describe('a peer that signs what convicts it', () => {
  const root = {
    org: house.org,
    env: house.env,
    nodes: ['node-a', 'node-b', 'node-c'].map((name, index) => ({
      node: parseNodeId(name),
      x: index + 1,
      identity: house.keyOf(`${name}-identity`).publicKey,
    })),
  } as const

  it('two things in one place: node a keeps what a stranger can check, and bans nobody', () => {
    mischief = 'twice'
    expect(ending()).toBe('SESSION_TIMEOUT')
    mischief = 'none'
    const { node } = three.at('node-a')
    const [kept] = node.evidence()
    expect(kept).toMatchObject({ peer: 'node-b' })
    const proved = verifyEvidence(kept!.document, root, nativeCurve())
    expect(proved).toMatchObject({
      kind: 'two-messages',
      accused: 'node-b',
      by: 'node-a',
      round: 2,
    })
    expect(node.status()).toMatchObject({ banned: [], strikes: { 'node-b': 2 } })
    expect(alarms('peer-faulty')).toEqual([])
    expect(ending()).toBe('shared')
  })

  it('a share beside its polynomial: the same, and the third fault of a day is an alarm', () => {
    mischief = 'share'
    expect(() => three.makeKey('warm-eth')).toThrow()
    mischief = 'none'
    const [, kept] = three.at('node-a').node.evidence()
    const proved = verifyEvidence(kept!.document, root, nativeCurve())
    expect(proved).toMatchObject({ kind: 'wrong-share', accused: 'node-b', by: 'node-a' })
    expect(three.at('node-a').node.status()).toMatchObject({ banned: [], strikes: { 'node-b': 3 } })
    expect(alarms('peer-faulty')).toMatchObject([{ level: 'alarm', peer: 'node-b' }])
    three.tick(20_000)
  })
})

describe('a peer that is at fault while a key is made, and no room to write that down', () => {
  it('keeps the vault busy for nobody: its key is made when there is room', () => {
    const { store } = three.at('node-a')
    store.run = (statement, ...values) => {
      if (statement.includes('into strike')) refuse('DISK_FULL', '')
      Store.prototype.run.call(store, statement, ...values)
    }
    mischief = 'twice'
    expect(() => three.makeKey('warm-eth', 2)).toThrow()
    mischief = 'none'
    store.run = Store.prototype.run
    expect(three.state('node-a')).toBe('full')
    three.tick(20_000)
    for (const name of names) three.heard(name, 'stopped')
    expect(three.makeKey('warm-eth', 3)['confirms']).toHaveLength(3)
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
    expect(three.refusal('node-a')).toBe('BRAKE N24')
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

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { digestOf, ed25519Verify, fromUtf8, tagged, toHex } from '../../proto/crypto.ts'
import { tags } from '../../proto/tags.ts'
import * as house from '../kit/audit-documents.ts'
import type { Payout } from '../kit/audit-story.ts'
import { SigningHouse, signers } from './signing-kit.ts'
import { names } from './three-nodes.ts'

let three: SigningHouse
beforeAll(() => {
  three = new SigningHouse()
})
afterAll(() => three.close())
afterEach(() => {
  three.carry = (_from, _to, frame) => frame
  three.tick(30_000)
  for (const name of names) three.at(name).said.length = 0
})

type Acceptances = ReturnType<SigningHouse['askSigners']>
const documentOf = (acceptances: Acceptances, at: number) =>
  JSON.parse(fromUtf8(acceptances[at]!.document)!) as Record<string, unknown>

describe('two nodes of three', () => {
  it('sign what the log, the policy and both of them agree on', () => {
    const payout = three.payout()
    const shares = three.sign(payout)
    expect(shares).toHaveLength(2)
    three.log.add('sign.completed', three.completed(payout, shares))
    three.lines(...names)
    expect(names.map((name) => three.at(name).node.status().size)).toEqual(
      names.map(() => three.log.head.size),
    )
  })

  it('say in their acceptances exactly what they judged', () => {
    const payout = three.payout()
    const [a, b] = [0, 1].map((at) => documentOf(three.askSigners(payout), at))
    const attempt = payout.attempt()
    expect(a).toMatchObject({
      format: 'custody-acceptance/v1',
      node: 'node-a',
      intent: payout.digest,
      attempt: 1,
      warrant: attempt['warrant'],
      bytes: attempt['bytes'],
      digest: attempt['digest'],
      vault: 'hot-eth',
      path: 'm',
      publicKey: three.publicKey,
      key: 'k-hot-eth',
      epoch: 1,
      participants: ['node-a', 'node-b'],
      policy: house.policyDigest,
      origin: house.origin,
      size: three.log.head.size,
    })
    expect(Object.keys(a!).sort()).toEqual(
      [
        ...['format', 'org', 'env', 'node', 'incarnation', 'counter', 'nonce', 'x25519', 'intent'],
        ...['attempt', 'warrant', 'bytes', 'digest', 'vault', 'path', 'publicKey', 'key', 'epoch'],
        ...['keyState', 'participants', 'pairings', 'policy', 'trace', 'display', 'origin', 'size'],
        ...['root', 'deadline'],
      ].sort(),
    )
    expect(a!['nonce']).not.toBe(b!['nonce'])
    expect((a!['pairings'] as Record<string, string>)['node-b']).toBe(
      (b!['pairings'] as Record<string, string>)['node-a'],
    )
  })

  it('sign their acceptances with their identity keys', () => {
    const acceptances = three.askSigners(three.payout())
    for (const [at, { document, signature }] of acceptances.entries()) {
      const { publicKey } = house.keyOf(`${signers[at]}-identity`)
      expect(ed25519Verify(publicKey, tagged(tags.acceptance, document), signature)).toBe(true)
    }
  })

  it('give receipts that are chained and name the request', () => {
    const payout = three.payout()
    const before = three.at('node-a').node.status().receipts
    const [first] = three.sign(payout)
    const again = three.payout()
    const [second] = three.sign(again)
    const [one, two] = [first, second].map((share) => {
      return JSON.parse(fromUtf8(share!.receipt.document)!) as Record<string, unknown>
    })
    expect(one).toMatchObject({
      format: 'custody-share-receipt/v1',
      node: 'node-a',
      counter: before + 1,
      intent: payout.digest,
      attempt: 1,
      sid: toHex(first!.sid),
      warrant: payout.attempt()['warrant'],
      digest: payout.attempt()['digest'],
    })
    expect(two!['counter']).toBe(before + 2)
    expect(two!['previous']).toBe(digestOf(tags.shareReceipt, first!.receipt.document))
  })
})

describe('Start', () => {
  function view(change: (given: Acceptances, payout: Payout) => Acceptances): string {
    const payout = three.payout()
    const given = three.askSigners(payout)
    three.begin(payout, change(given, payout))
    return three.stopped('node-a')
  }

  it('is followed when nothing differs', () => {
    expect(view((given) => given)).toBe('')
  })

  it('stops on fewer, more or swapped acceptances, and blames nobody', () => {
    expect(view(([a]) => [a!])).toBe('VIEW')
    expect(view(([a, b]) => [a!, b!, b!])).toBe('VIEW')
    expect(view(([a, b]) => [b!, a!])).toBe('VIEW')
    expect(view(([a]) => [a!, a!])).toBe('VIEW')
  })

  it('stops on an acceptance of another attempt of the same peer', () => {
    const other = three.askSigners(three.payout())
    expect(view(([a]) => [a!, other[1]!])).toBe('VIEW')
  })

  it('stops on an acceptance that its node did not sign', () => {
    const forged = (document: Uint8Array) =>
      Buffer.from(fromUtf8(document)!.replace('"attempt":1', '"attempt":2'))
    expect(view(([a, b]) => [a!, { ...b!, document: forged(b!.document) }])).toBe('VIEW')
  })

  it('stops on one that names the Record of a ceremony: this is no table', () => {
    const record = { size: 1, root: '0'.repeat(64) }
    expect(view(([a, b]) => [a!, three.liedBy('node-b', b!, { record })])).toBe('VIEW')
    expect(view(([a, b]) => [a!, three.liedBy('node-b', b!, {})])).toBe('')
  })

  it('stops when the own acceptance is not the one that was given', () => {
    expect(view(([a, b]) => [{ ...a!, signature: new Uint8Array(64) }, b!])).toBe('VIEW')
  })

  it('stops when the two name different pairings, although both are honest', () => {
    const payout = three.payout()
    three.ask('node-a', payout)
    const a = three.heard('node-a', 'accepted')[0]!.acceptance
    // Node b restarts between the two Prepares and has another pairing with a by then.
    three.restart('node-b')
    expect(three.state('node-b')).toBe('ready')
    three.ask('node-b', payout)
    const b = three.heard('node-b', 'accepted')[0]!.acceptance
    three.begin(payout, [a, b])
    expect([three.stopped('node-a'), three.stopped('node-b')]).toEqual(['VIEW', 'VIEW'])
    expect(three.at('node-a').node.status().banned).toEqual([])
  })

  it('stops when the own acceptance is older than ten seconds', () => {
    const payout = three.payout()
    const given = three.askSigners(payout)
    three.clock.advance(10_000)
    three.begin(payout, given)
    expect(three.stopped('node-a')).toBe('VIEW')
    three.tick()
    three.begin(payout, given)
    expect(three.stopped('node-a')).toBe('STALE_ATTEMPT')
  })

  it('uses an acceptance once', () => {
    const payout = three.payout()
    const given = three.askSigners(payout)
    three.begin(payout, given)
    expect(three.heard('node-a', 'share')).toHaveLength(1)
    three.begin(payout, given)
    expect(three.stopped('node-a')).toBe('STALE_ATTEMPT')
    expect(three.heard('node-a', 'share')).toHaveLength(0)
  })

  it('through another coordinator than the one that asked is not followed', () => {
    const payout = three.payout()
    const acceptances = [...three.askSigners(payout)]
    const { node, ports } = three.at('node-a')
    node.attached('c2')
    ports.sent.length = 0
    const start = { ticket: three.ticket(payout), acceptances }
    node.receive('c2', { frame: 'start', start })
    expect(ports.sent).toMatchObject([
      { coordinator: 'c2', frame: { stopped: { reason: 'STALE_ATTEMPT' } } },
    ])
    node.detached('c2')
  })
})

describe('the rounds', () => {
  it('end by the clock when an envelope is lost or changed on the way, and ban nobody', () => {
    three.carry = (from, _to, frame) => {
      if (frame.frame !== 'envelope' || from !== 'node-b') return frame
      const ciphertext = Uint8Array.from(frame.envelope.ciphertext)
      ciphertext[100] = (ciphertext[100] ?? 0) ^ 1
      return { ...frame, envelope: { ...frame.envelope, ciphertext } }
    }
    const payout = three.payout()
    three.begin(payout, three.askSigners(payout))
    three.tick(5_000)
    expect(three.stopped('node-a')).toBe('SESSION_TIMEOUT')
    expect(three.at('node-a').node.status().banned).toEqual([])
    expect(three.at('node-a').node.status().droppedEnvelopes).toBeGreaterThan(0)
  })

  it('go on in the next attempt with the same bytes', () => {
    three.carry = (_from, _to, frame) => (frame.frame === 'envelope' ? undefined : frame)
    const payout = three.payout()
    three.begin(payout, three.askSigners(payout))
    three.tick(5_000)
    three.carry = (_from, _to, frame) => frame
    three.nextAttempt(payout, 2)
    expect(three.sign(payout, 2)).toHaveLength(2)
  })

  it("end when the coordinator that drives them gives up, and at no other one's word", () => {
    const sid = three.muted()
    const payout = three.payout()
    three.begin(payout, three.askSigners(payout))
    const { node } = three.at('node-a')
    node.attached('c2')
    node.receive('c2', { frame: 'stop', stop: { sid: sid() } })
    expect(node.status().sessions).toBe(1)
    node.receive('c1', { frame: 'stop', stop: { sid: sid() } })
    expect(node.status().sessions).toBe(0)
    node.detached('c2')
    three.settle()
    expect(three.stopped('node-a')).toBe('COORDINATOR')
  })

  it('are gone after a restart; the receipts are not', () => {
    const payout = three.payout()
    const shares = three.sign(payout)
    expect(shares).toHaveLength(2)
    const { receipts } = three.at('node-a').node.status()
    three.restart('node-a')
    expect(three.at('node-a').node.status()).toMatchObject({ receipts, state: 'ready' })
    const offered = three.heard('node-a', 'receipts').flatMap(({ receipts: given }) => given)
    expect(offered.map(({ signature }) => toHex(signature))).toContain(
      toHex(shares[0]!.receipt.signature),
    )
    three.ask('node-a', payout)
    expect(three.refusal('node-a')).toBe('STALE_ATTEMPT N1')
  })
})

describe('a participant that claims the incarnation of another node', () => {
  it('frames nobody: nothing starts, and the pairing with the other stays', () => {
    const payout = three.payout()
    const { node, ports } = three.at('node-a')
    const [own, theirs] = three.askSigners(payout)
    three.restart('node-c')
    const incarnation = toHex(three.heard('node-c', 'hello').at(-1)!.incarnation)
    for (const nonce of ['1', '2']) {
      const change = { incarnation, counter: 7, nonce: nonce.repeat(64) }
      const acceptances = [own!, three.liedBy('node-b', theirs!, change)]
      three.give('node-a', { frame: 'start', start: { ticket: three.ticket(payout), acceptances } })
    }
    expect(three.stopped('node-a')).toBe('VIEW, VIEW')
    expect(ports.events.filter(({ name }) => name === 'clone')).toEqual([])
    three.tick(12_000)
    three.welcome()
    expect([...node.status().pairings].sort()).toEqual(['node-b', 'node-c'])
  })
})

describe('a ticket', () => {
  const one = new Uint8Array(16).fill(1)
  const ask = (payout: Payout, attemptSeq: number, ticket: Uint8Array) =>
    three.prepare('node-a', { warrant: payout.warrant(), attemptSeq, ticket })

  it('that is open for one request takes no other', () => {
    const first = three.payout()
    ask(first, three.log.head.size - 1, one)
    expect(three.heard('node-a', 'accepted')).toHaveLength(1)
    const second = three.payout(1_000)
    const seq = three.log.head.size - 1
    ask(second, seq, one)
    expect(three.refusal('node-a')).toBe('STALE_ATTEMPT session')
    ask(second, seq, new Uint8Array(16).fill(2))
    expect(three.heard('node-a', 'accepted')).toHaveLength(1)
  })

  it('is not renamed for another coordinator, which hears the same answer', () => {
    const payout = three.payout()
    const acceptances = three.askSigners(payout)
    const none = new Uint8Array()
    const prepare = {
      lines: three.page('node-a'),
      warrant: payout.warrant(),
      attemptSeq: three.log.head.size - 1,
      keygen: none,
      order: none,
      dealing: none,
      ticket: one,
      fresh: false,
      participants: [],
    }
    const { node } = three.at('node-a')
    node.attached('c2')
    node.receive('c2', { frame: 'prepare', prepare })
    three.settle()
    expect(three.refusal('node-a')).toBe('nothing')
    expect(three.heard('node-a', 'accepted')[0]?.acceptance).toEqual(acceptances[0])
    three.begin(payout, acceptances)
    expect(signers.flatMap((name) => three.heard(name, 'share'))).toHaveLength(2)
    node.detached('c2')
  })
})

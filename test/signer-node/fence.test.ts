import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { toHex, x25519PublicKey } from '../../proto/crypto.ts'
import { limits } from '../../proto/limits.ts'
import { Bans } from '../../signer-node/bans.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { Pairing } from '../../signer-node/dkls23/pairing.ts'
import { parseParty } from '../../signer-node/dkls23/party.ts'
import { type SignatureShare, sign } from '../../signer-node/dkls23/sign.ts'
import { type Channel, openChannel } from '../../signer-node/envelope.ts'
import { Fence } from '../../signer-node/fence.ts'
import { LastWords } from '../../signer-node/last-words.ts'
import type { Ended } from '../../signer-node/session.ts'
import { type Sealed, Sessions } from '../../signer-node/sessions.ts'
import { stepperOf } from '../../signer-node/stepper.ts'
import { Store } from '../../signer-node/store.ts'
import { CrookedNode, flipped } from '../kit/crooked-node.ts'
import { Died } from '../kit/mortal.ts'
import { dealPairings } from '../kit/pairings.ts'
import { dkgKey, keysharesOf, prepareSigning } from '../kit/signing.ts'
import { carryAll, pairingNode, type TestNode } from './pairing-nodes.ts'
import { SigningHouse } from './signing-kit.ts'
import { coordinator, lift } from './three-nodes.ts'
import { seedOf, TestClock, testPorts, testSelf } from './world.ts'

// The fence as a whole node keeps it: whatever runs at the same time, and wherever the process dies
// between a failed check and what is written of it, nothing more is told about that pairing.
const curve = nativeCurve()
const [one, two] = [parseParty(1), parseParty(2)]
const keyshares = keysharesOf(curve, dkgKey)
let three: SigningHouse
let crooked: CrookedNode
beforeAll(() => {
  crooked = new CrookedNode()
  three = new SigningHouse()
})
afterAll(() => {
  crooked.straighten()
  three.close()
})
afterEach(() => {
  three.carry = (_from, _to, frame) => frame
  crooked.twist = undefined
})

const bans = () => three.at('node-a').store.all('select peer from ban')
const graves = () =>
  three
    .at('node-a')
    .store.all('select pairing from tombstone')
    .map((row) => row['pairing'])

/** Party 1 as a node keeps it, and party 2 as a test says it: sessions over one real Pairing. */
class PairOfEnds {
  readonly clock = new TestClock()
  readonly ports = testPorts('ends', this.clock)
  readonly store = new Store(':memory:', { busyTimeoutMs: 1 })
  readonly sessions = new Sessions(this.ports, testSelf(1).node)
  readonly #fence = new Fence({
    bans: new Bans(this.store),
    ports: this.ports,
    step: (work) => this.store.step(work),
    changed: () => {},
  })
  readonly #dealt = dealPairings([1, 2])
  readonly #pairing: Pairing
  readonly #arriving: Sealed[] = []

  constructor() {
    const theirs = this.#dealt.get(one)!.get(two)!
    this.#pairing = new Pairing(theirs, theirs.secrets, (death) => {
      this.#fence.died(testSelf(2).node, death, { shown: undefined, isYoung: false })
      this.ports.defer(() => this.sessions.bereave(testSelf(2).node, death.check))
    })
  }

  begin(name: string, isGuess: boolean, ended: (ended: Ended<SignatureShare>) => void): void {
    const pairings = new Map([
      [one, new Map([[two, this.#pairing]])],
      [two, this.#dealt.get(two)!],
    ])
    const setup = { curve, name, signers: [1, 2], keyshares, pairings }
    const prepared = prepareSigning(setup)
    const { run, job } = prepared.get(one)!
    const { sid } = run
    this.sessions.start(sid, coordinator, {
      counterparts: new Map([[two, { node: testSelf(2).node, channel: channelOf(sid, 1, 2) }]]),
      stepper: stepperOf(sign(run, job)),
      secrets: [],
      deadlineMs: this.clock.monotonicMs() + limits.sessionTimeoutMs,
      ended,
    })
    const other = prepared.get(two)!
    const step = sign(other.run, other.job).next([])
    if (step.done === true) throw new Error('expected a message')
    const { bytes } = step.value[0]!
    if (isGuess) bytes[99] = (bytes[99] ?? 0) ^ 1
    const ciphertext = channelOf(sid, 2, 1).seal(1, bytes)
    this.#arriving.push({ sid, round: 1, from: 'node-2', to: 'node-1', ciphertext })
    this.ports.run()
  }

  deliver(): void {
    for (const sealed of this.#arriving) this.sessions.receive(coordinator, sealed)
    this.ports.run()
  }
}

function channelOf(sid: Uint8Array, self: number, peer: number): Channel {
  const ends = { sid, self, peer, sign: testSelf(self).sign, peerIdentity: testSelf(peer).identity }
  const key = x25519PublicKey(seedOf(`x25519-${peer}`))
  const channel = openChannel(ends, seedOf(`x25519-${self}`), key)
  if (channel === undefined) throw new Error('expected a channel')
  return channel
}

/** The pairing of a with b, as the coordinator is told of it. */
function shown(): string {
  three.at('node-a').node.attached('c9')
  three.settle()
  const { state } = three.heard('node-a', 'hello').at(-1)!
  const held = state.pairings.find(({ peer }) => peer === 'node-b')
  return held === undefined || held.banned ? '' : toHex(held.pairing)
}

/** Node a dies in the step that writes of the failed check: before or after it is on disk. */
function killedAt(moment: 'before' | 'after'): readonly string[] {
  const payout = three.payout()
  const given = three.askSigners(payout)
  const { store, ports, said } = three.at('node-a')
  const { step } = store
  said.length = 0
  crooked.twist = flipped(2, 1_000)
  let before = 0
  store.step = (work) => {
    before = ports.sent.length + said.length
    const done = step.call(store, () => {
      const made = work()
      if (moment === 'before') throw new Died()
      return made
    })
    throw done === undefined ? new Died() : done
  }
  expect(() => three.begin(payout, given)).toThrow(Died)
  const frames = [...said, ...ports.sent.map(({ frame }) => frame)]
  const told = frames.map(({ frame }) => frame).slice(before)
  // Nothing is disposed of: only its disk remains.
  store.close()
  three.nodes.delete('node-a')
  crooked.twist = undefined
  three.start('node-a')
  three.lines('node-a')
  three.tick(30_000)
  three.welcome()
  return told
}

describe('a node that dies when a check has failed', () => {
  it('before it is on disk: says nothing, and what could tell is gone with its memory', () => {
    const before = shown()
    expect(killedAt('before')).toEqual([])
    expect([bans(), graves()]).toEqual([[], []])
    // The account of the new pairing begins at zero: its Delta is another one.
    expect(shown()).not.toBe('')
    expect(shown()).not.toBe(before)
  })

  it('after it is on disk: says nothing, and the pair stays parted', () => {
    const before = shown()
    // The accident that a peer may have in a day is behind it.
    three
      .at('node-a')
      .store.run('insert into probation (peer, at) values (?, ?)', 'node-b', three.clock.wallMs())
    expect(killedAt('after')).toEqual([])
    expect([bans().length, graves()]).toEqual([1, [before]])
    expect(shown()).toBe('')
    three.ask('node-a', three.payout())
    expect(three.refusal('node-a')).toBe('PEER_BANNED session')
  })
})

describe('a node whose check has failed, before its word is due', () => {
  it('is busy for a key with that peer, too, and says of no ban', () => {
    const { store } = three.at('node-a')
    lift(store)
    const before = bans().length
    if (before === 0) {
      store.run('insert into probation (peer, at) values (?, ?)', 'node-b', three.clock.wallMs())
    }
    three.tick(30_000)
    three.welcome()
    const payout = three.payout()
    const given = three.askSigners(payout)
    crooked.twist = flipped(2, 1_000)
    three.begin(payout, given)
    crooked.twist = undefined
    const asked = (name: string): string => {
      const ticket = seedOf(name).slice(0, 16)
      three.prepare('node-a', { keygen: three.keygen('hot-tron'), ticket })
      return three.refusal('node-a')
    }
    expect(bans()).toHaveLength(before + 1)
    expect(asked('at once')).toBe('BUSY session')
    three.tick(7_000)
    expect(asked('afterwards')).toBe('PEER_BANNED session')
  })

  it('shows one pairing with that peer, also where another of a session died', () => {
    const home = mkdtempSync(join(tmpdir(), 'custody-fence-'))
    const world = { home, clock: new TestClock(), kept: [], logSize: () => 0 }
    const [a, b] = [1, 2].map((x) => pairingNode(world, x, Sessions, `${x}`)) as [
      TestNode,
      TestNode,
    ]
    for (const [at, peer] of [
      [a, b],
      [b, a],
    ] as const) {
      at.pairings.sighted('c1', [{ node: peer.id, incarnation: peer.incarnation.id }])
    }
    carryAll([a, b], () => true)
    const held = a.pairings.shown()
    expect(held).toHaveLength(1)
    const death = { pairingId: seedOf('of a session'), peer: two, check: 'ot-check' } as const
    a.pairings.died(b.id, death, { isFresh: true })
    expect(a.pairings.fence.isQuiet(b.id)).toBe(true)
    expect(a.pairings.shown()).toEqual(held)
    for (const { store } of [a, b]) store.close()
    rmSync(home, { recursive: true, force: true })
  })
})

describe('as many sessions at once as a node runs, each with a guess', () => {
  it('end with the first that fails: no answer leaves after it (A2 in parallel)', () => {
    const ends = new PairOfEnds()
    const count = limits.sessionsPerNodeMax
    const outcomes: Ended<SignatureShare>[] = []
    for (let at = 0; at < count; at += 1) {
      // Eight pass, then one fails; of the others half would pass again and half would not.
      ends.begin(`guess ${at}`, at >= 8 && at % 2 === 0, (ended) => outcomes.push(ended))
    }
    expect(ends.sessions.count).toBe(count)
    const asked = ends.ports.sent.length
    ends.deliver()
    expect(ends.ports.sent.length - asked).toBe(8)
    expect(ends.sessions.count).toBe(0)
    const reasons = outcomes.map((ended) => ended.kind === 'failed' && ended.reason)
    expect(reasons.filter((reason) => reason === 'ot-check')).toHaveLength(1)
    expect(reasons.filter((reason) => reason === 'pairing-dead')).toHaveLength(count - 1)
    const { store } = ends
    expect(store.all('select reason from tombstone')).toEqual([{ reason: 'ot-check' }])
    // Of all of them the coordinator hears one and the same, when silence would be noticed.
    const words = new LastWords(ends.ports)
    ends.ports.sent.length = 0
    for (const ended of outcomes) {
      if (ended.kind === 'done') return expect.unreachable()
      words.failed({ coordinator, sid: seedOf('sid'), ticket: seedOf('ticket') }, ended)
    }
    expect(ends.ports.sent).toEqual([])
    ends.clock.advance(limits.roundTimeoutMs)
    for (let ticks = 0; ticks < 2; ticks += 1) words.tick()
    expect(new Set(ends.ports.sent.map((sent) => JSON.stringify(sent))).size).toBe(1)
    expect(ends.ports.sent).toHaveLength(count)
  })
})

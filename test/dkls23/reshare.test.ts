import { describe, expect, it } from 'vitest'
import { ascii, Malformed } from '../../signer-node/dkls23/bytes.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { nobleCurve } from '../../signer-node/dkls23/curve-noble.ts'
import type { PendingKey } from '../../signer-node/dkls23/keygen.ts'
import { keyStateDigest } from '../../signer-node/dkls23/keyshare.ts'
import { InvalidParticipants, type Party, parseParty } from '../../signer-node/dkls23/party.ts'
import { prepareReshare, reshareSpeakers } from '../../signer-node/dkls23/reshare.ts'
import { makeKey } from '../kit/keys.ts'
import {
  anyOf,
  confirmAll,
  type Key,
  type ReshareSetup,
  refreshKey,
  reshareKey,
  reshareRuns,
  reshareTerms,
  resharing,
} from '../kit/lifecycle.ts'
import { abortOf, drive, driveAll, nodes, type Tamper } from '../kit/protocol.ts'
import { groupsOf, secretOf } from '../kit/shares.ts'
import { hex, vector } from '../kit/vectors.ts'

const native = nativeCurve()
const { points } = native
const [one, two, three] = [1, 2, 3].map(parseParty) as [Party, Party, Party]
const made = makeKey(native, 2, [1, 2, 3])
const key = refreshKey(native, made)
const toFive: ReshareSetup = { dealers: [1, 3], receivers: nodes(1, 2, 4, 5, 6), threshold: 3 }
const unrefreshed = { origin: 'imported', standing: 'unrefreshed', isExported: false } as const
/** Node 4 in the place of the lost node 2, under its index. */
const replaced = [...nodes(1), { x: two, nodeId: ascii('node-4') }, ...nodes(3)]

describe.each([native, nobleCurve()])('the vectors of reshare with the $name twin', (curve) => {
  it('are reproduced byte for byte', () => {
    const terms = reshareTerms(key, toFive)
    const runs = reshareRuns(curve, key, terms)
    const own = (x: Party) => (terms.dealers.includes(x) ? key.get(x) : undefined)
    const parties = [...runs].map(([x, run]) => [x, prepareReshare(run, terms, own(x))] as const)
    const outcomes = driveAll(new Map(parties))
    expect(outcomes.get(three)).toBeUndefined()
    const pending = new Map<Party, PendingKey>()
    for (const [x, one] of outcomes) if (one !== undefined) pending.set(x, one)
    expect([...pending.keys()]).toEqual([1, 2, 4, 5, 6])
    for (const { confirmation } of pending.values()) {
      expect(hex(confirmation)).toBe(vector('reshare confirm'))
    }
    for (const [x, { keyState, secretShare }] of confirmAll(runs, pending)) {
      expect(hex(keyState)).toBe(vector('reshare key-state'))
      expect(hex(secretShare.bytes)).toBe(vector(`reshare s_${x}`))
    }
  })
})

/** All groups of the new holders have the old key, no smaller one, and nothing else has changed. */
function expectSameKey(old: Key, now: Key, { threshold, receivers }: ReshareSetup): void {
  const { facts } = anyOf(old)
  expect([...now.keys()]).toEqual(receivers.map(({ x }) => x))
  for (const { facts: found } of now.values()) {
    expect(hex(found.publicKey)).toBe(hex(facts.publicKey))
    expect(hex(found.chainCode)).toBe(hex(facts.chainCode))
    expect(found).toMatchObject({ epoch: facts.epoch + 1, threshold, participants: receivers })
  }
  const shares = [...now.values()]
  const groups = groupsOf(shares, threshold).slice(0, 20)
  for (const group of groups) {
    expect(hex(points.multiplyBase(secretOf(native, group))!)).toBe(hex(facts.publicKey))
    const fewer = points.multiplyBase(secretOf(native, group.slice(1)))!
    expect(hex(fewer)).not.toBe(hex(facts.publicKey))
  }
}

const keys = {
  '2 of 2': makeKey(native, 2, [1, 2]),
  '2 of 3': made,
  '3 of 5': makeKey(native, 3, [1, 2, 3, 4, 5]),
}

describe('a reshare', () => {
  it.each<[keyof typeof keys, string, ReshareSetup]>([
    [
      '2 of 3',
      '3 of 5, all in both',
      { dealers: [1, 2, 3], receivers: nodes(1, 2, 3, 4, 5), threshold: 3 },
    ],
    [
      '2 of 3',
      '3 of 5 other nodes',
      { dealers: [1, 2], receivers: nodes(4, 5, 6, 7, 8), threshold: 3 },
    ],
    [
      '3 of 5',
      '2 of 3 of the same',
      { dealers: [2, 3, 5], receivers: nodes(1, 2, 3), threshold: 2 },
    ],
    [
      '3 of 5',
      '2 of 3 with one new',
      { dealers: [1, 2, 4, 5], receivers: nodes(1, 5, 9), threshold: 2 },
    ],
    ['2 of 2', '2 of 3', { dealers: [1, 2], receivers: nodes(1, 2, 3), threshold: 2 }],
    ['2 of 3', '2 of 2', { dealers: [2, 3], receivers: nodes(1, 3), threshold: 2 }],
    ['2 of 3', 'the same nodes', { dealers: [1, 2, 3], receivers: nodes(1, 2, 3), threshold: 2 }],
    [
      '2 of 3',
      'a new node under the index of a lost one',
      { dealers: [1, 3], receivers: replaced, threshold: 2 },
    ],
    [
      '2 of 3',
      'a new node under a new index',
      { dealers: [1, 3], receivers: nodes(1, 3, 4), threshold: 2 },
    ],
  ])('of %s to %s keeps the key', (from, _to, setup) => {
    expectSameKey(keys[from], reshareKey(native, keys[from], setup), setup)
  })

  it('of 2 of 3 to 9 of 16, of 18 nodes in all, and back keeps the key', () => {
    const receivers = nodes(...Array.from({ length: 16 }, (_, i) => i + 3))
    const up = { dealers: [1, 2], receivers, threshold: 9 }
    const wide = reshareKey(native, made, up)
    expectSameKey(made, wide, up)
    const dealers = receivers.slice(0, 9).map(({ x }) => x)
    const down = { dealers, receivers: nodes(1, 2, 3), threshold: 2 }
    expectSameKey(wide, reshareKey(native, wide, down), down)
  })

  it('leaves the share of a replaced node of no use', () => {
    const now = reshareKey(native, made, { dealers: [1, 3], receivers: replaced, threshold: 2 })
    const { facts } = anyOf(made)
    const mixed = points.multiplyBase(secretOf(native, [made.get(two)!, now.get(one)!]))!
    expect(hex(mixed)).not.toBe(hex(facts.publicKey))
    const again = reshareKey(native, now, {
      dealers: [2, 3],
      receivers: nodes(1, 3, 5),
      threshold: 2,
    })
    expectSameKey(now, again, { dealers: [2, 3], receivers: nodes(1, 3, 5), threshold: 2 })
  })

  it('is heard from exactly those that it says one waits for', () => {
    const terms = reshareTerms(made, toFive)
    const heard = new Map<string, Party[]>()
    const listen: Tamper = (round, from, to, bytes) => {
      const name = `round ${round} of ${to}`
      heard.set(name, [...(heard.get(name) ?? []), from])
      return bytes
    }
    reshareKey(native, made, toFive, listen)
    for (const to of [1, 2, 3, 4, 5, 6].map(parseParty)) {
      for (const round of [1, 2, 3]) {
        const found = heard.get(`round ${round} of ${to}`) ?? []
        expect([to, round, found]).toEqual([to, round, reshareSpeakers(terms, to, round)])
      }
    }
  })

  it('sends dealings of t points and t proofs, and nothing of a chain code', () => {
    const sizes = new Set<string>()
    const listen: Tamper = (round, _from, _to, bytes) => {
      sizes.add(`round ${round}: ${bytes.length}`)
      return bytes
    }
    reshareKey(native, made, toFive, listen)
    const dealing = 3 * (33 + 2144) + 32
    expect([...sizes]).toEqual(['round 1: 32', `round 2: ${dealing + 32 + 32}`, 'round 3: 97'])
  })
})

describe('the terms of a reshare', () => {
  const terms = reshareTerms(key, toFive)
  const runOf = (x: Party) => reshareRuns(native, key, terms).get(x)!
  const start = (change: Partial<typeof terms>, { of = one, own = key.get(one), run = {} } = {}) =>
    prepareReshare({ ...runOf(of), ...run }, { ...terms, ...change }, own).next([])
  const { old } = terms
  const facts = (change: Partial<typeof old>) => {
    const changed = { ...old, ...change }
    return { old: changed, keyState: keyStateDigest(changed) }
  }
  const shifted = points.add(old.publicKey, points.generator)!

  it('start the first round when they are lawful', () => {
    const receivers = [2, 3, 4, 5, 6]
    expect(start({}).value).toMatchObject(receivers.map((to) => ({ round: 1, to })))
    expect(prepareReshare(runOf(two), terms).next([]).value).toEqual([])
  })

  it.each<[string, Partial<typeof terms>]>([
    ['another key-state digest', { keyState: new Uint8Array(32) }],
    ['a key state of another epoch', { old: { ...old, epoch: 7 } }],
    ['a public key that its shares do not give', facts({ publicKey: shifted })],
    [
      'a public share off the polynomial',
      facts({ publicShares: new Map([...old.publicShares, [two, shifted]]) }),
    ],
    ['another threshold of the old key', facts({ threshold: 3 })],
    ['the epoch in force', { epoch: old.epoch }],
    ['a new threshold of half the receivers', { threshold: 2.5 }],
    ['a new threshold of one', { threshold: 1 }],
    ['a new threshold above the receivers', { threshold: 6 }],
    ['receivers out of order', { receivers: [...toFive.receivers].reverse() }],
  ])('are refused before anything is sent: %s', (_, change) => {
    expect(() => start(change)).toThrow(Malformed)
  })

  it('are refused with fewer dealers than sign, though all of the run agree on them', () => {
    const run = { participants: nodes(1, 2, 4, 5, 6) }
    const call = () => start({ dealers: [one] }, { run })
    expect(call).toThrow('expected 2 dealers or more, got 1')
  })

  it.each<[string, Partial<typeof terms>]>([
    ['one dealer fewer than sign', { dealers: [one] }],
    ['a dealer that holds nothing', { dealers: [one, parseParty(4)] }],
    ['a dealer twice', { dealers: [one, one, three] }],
    ['dealers out of order', { dealers: [three, one] }],
    [
      '17 receivers',
      {
        receivers: [...nodes(...Array.from({ length: 16 }, (_, i) => i + 1)), ...nodes(17)],
        threshold: 9,
      },
    ],
    ['a receiver that no participant is', { receivers: nodes(1, 2, 4, 5, 7) }],
    ['a receiver fewer than there are participants', { receivers: nodes(1, 2, 4, 5) }],
  ])('are refused before anything is sent, for their participants: %s', (_, change) => {
    expect(() => start(change)).toThrow(InvalidParticipants)
  })

  it.each([
    [
      'another node under the index of a dealer',
      [{ x: one, nodeId: ascii('node-9') }, ...nodes(2, 4)],
    ],
    [
      'a dealer under another index',
      [...nodes(1, 2), { x: parseParty(4), nodeId: ascii('node-3') }],
    ],
    [
      'a holder that does not deal under another index',
      [...nodes(1, 3), { x: parseParty(4), nodeId: ascii('node-2') }],
    ],
    ['one node twice', [...nodes(1, 3), { x: parseParty(4), nodeId: ascii('node-3') }]],
  ])('never give a share to %s', (_, receivers) => {
    // The run is of whatever these terms would make of it, so nothing else is wrong.
    const all = [...nodes(1, 3), ...receivers].filter(
      ({ x }, i, list) => list.findIndex((other) => other.x === x) === i,
    )
    const run = { participants: all.toSorted((a, b) => a.x - b.x) }
    expect(() => start({ receivers, threshold: 2 }, { run })).toThrow(InvalidParticipants)
  })

  it('give a share to a new node under the index of a lost one', () => {
    const run = { participants: replaced }
    expect(start({ receivers: replaced, threshold: 2 }, { run }).value).toHaveLength(2)
  })

  it('are refused to a node that takes no part', () => {
    const run = { self: nodes(7)[0]! }
    expect(() => start({ dealers: [one, three] }, { run })).toThrow(InvalidParticipants)
  })

  it.each([
    ['to a dealer without its share', { own: undefined, of: one }],
    ['to a dealer with the share of another', { own: key.get(three), of: one }],
    ['to a dealer with its share of the epoch before', { own: made.get(one), of: one }],
    ['to a holder that does not deal but brings its share', { own: key.get(two), of: two }],
  ])('are refused %s', (_, { own, of }) => {
    const attempt = () => prepareReshare(runOf(of), terms, own).next([])
    expect(attempt).toThrow(InvalidParticipants)
  })

  it.each<[string, Partial<typeof terms>]>([
    ['of a key state that they do not name', { keyState: new Uint8Array(32) }],
    ['of an imported key before its refresh', facts({ past: unrefreshed })],
  ])('are refused to a receiver that has no share, too: %s', (_, change) => {
    expect(() => prepareReshare(runOf(two), { ...terms, ...change }).next([])).toThrow(Malformed)
  })

  it('may say of a key that it was exported, and never forget it', () => {
    using exported = key.get(one)!.markExported(native)
    const told = facts({ past: exported.facts.past })
    expect(start({ ...told }).value).toHaveLength(5)
    expect(start({ ...told }, { own: exported }).value).toHaveLength(5)
    expect(() => start({}, { own: exported })).toThrow('forget what became of this key')
  })
})

describe('the past of a key', () => {
  it('is confirmed by its receivers: nobody has a key of which two were told otherwise', () => {
    const terms = reshareTerms(key, toFive)
    const past = { ...terms.old.past, isExported: true }
    const told = { ...terms, old: { ...terms.old, past } }
    const run = (liedTo: readonly number[]) =>
      drive(
        new Map(
          [...reshareRuns(native, key, terms)].map(([x, run]) => {
            const own = terms.dealers.includes(x) ? key.get(x) : undefined
            return [x, resharing(run, liedTo.includes(x) ? told : terms, own)] as const
          }),
        ),
      )
    const all = [1, 2, 3, 4, 5, 6]
    for (const x of [2, 4]) {
      expect(abortOf(run([2]), x)).toMatchObject({ reason: 'view-mismatch', remedy: 'retry' })
    }
    expect([...run(all).values()].map(({ kind }) => kind)).toEqual(Array(6).fill('done'))
  })
})

import { describe, expect, it } from 'vitest'
import { Malformed } from '../../signer-node/dkls23/bytes.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { nobleCurve } from '../../signer-node/dkls23/curve-noble.ts'
import type { KeyTerms } from '../../signer-node/dkls23/keyshare.ts'
import { InvalidParticipants, parseParty } from '../../signer-node/dkls23/party.ts'
import { prepareRefresh } from '../../signer-node/dkls23/refresh.ts'
import { makeKey } from '../kit/keys.ts'
import { anyOf, confirmAll, type Key, refreshKey, refreshRuns } from '../kit/lifecycle.ts'
import { driveAll, nodes, type Tamper } from '../kit/protocol.ts'
import { groupsOf, secretOf } from '../kit/shares.ts'
import { hex, vector } from '../kit/vectors.ts'

const native = nativeCurve()
const { points } = native
const one = parseParty(1)
const key = makeKey(native, 2, [1, 2, 3])

describe.each([native, nobleCurve()])('the vectors of refresh with the $name twin', (curve) => {
  it('are reproduced byte for byte', () => {
    const runs = refreshRuns(curve, key, 2)
    const parties = [...runs].map(([x, run]) => [x, prepareRefresh(run, key.get(x)!, 2)] as const)
    const pending = driveAll(new Map(parties))
    for (const { confirmation } of pending.values()) {
      expect(hex(confirmation)).toBe(vector('refresh confirm'))
    }
    const refreshed = confirmAll(runs, pending)
    for (const [x, { keyState, secretShare }] of refreshed) {
      expect(hex(keyState)).toBe(vector('refresh key-state'))
      expect(hex(secretShare.bytes)).toBe(vector(`refresh s_${x}`))
    }
  })
})

describe('a refresh', () => {
  it.each([
    ['2 of 2', 2, [1, 2]],
    ['2 of 3', 2, [1, 2, 3]],
    ['3 of 5', 3, [1, 2, 3, 4, 5]],
    ['2 of 3 with wide indices', 2, [7, 300, 65_535]],
  ])('of %s keeps the key and changes every share of it', (_, threshold, xs) => {
    const old = makeKey(native, threshold, xs)
    const refreshed = refreshKey(native, old)
    const { facts, keyState } = anyOf(old)
    for (const [x, { facts: now, keyState: state, secretShare }] of refreshed) {
      expect(hex(now.publicKey)).toBe(hex(facts.publicKey))
      expect(hex(now.chainCode)).toBe(hex(facts.chainCode))
      expect(now).toMatchObject({ epoch: 2, threshold, participants: facts.participants })
      expect(hex(state)).not.toBe(hex(keyState))
      expect(secretShare.equals(old.get(x)!.secretShare)).toBe(false)
      expect(hex(now.publicShares.get(x)!)).not.toBe(hex(facts.publicShares.get(x)!))
    }
    for (const group of groupsOf([...refreshed.values()], threshold)) {
      expect(hex(points.multiplyBase(secretOf(native, group))!)).toBe(hex(facts.publicKey))
    }
  })

  it('leaves the old shares as they were, and of no use beside the new ones', () => {
    const before = [...key.values()].map(({ secretShare }) => hex(secretShare.bytes))
    const refreshed = refreshKey(native, key)
    expect([...key.values()].map(({ secretShare }) => hex(secretShare.bytes))).toEqual(before)
    const [first, second] = [key.get(one)!, refreshed.get(parseParty(2))!]
    const mixed = points.multiplyBase(secretOf(native, [first, second]))!
    expect(hex(mixed)).not.toBe(hex(first.facts.publicKey))
  })

  it('can be followed by another, and another', () => {
    let now: Key = key
    for (const epoch of [2, 3, 4]) {
      now = refreshKey(native, now, `refresh ${epoch}`)
      expect(anyOf(now).facts.epoch).toBe(epoch)
    }
    expect(hex(points.multiplyBase(secretOf(native, [...now.values()].slice(1)))!)).toBe(
      hex(anyOf(key).facts.publicKey),
    )
  })

  it('sends shares and 2 209 bytes, no constant and no chain-code part', () => {
    const sizes = new Set<string>()
    const listen: Tamper = (round, _from, _to, bytes) => {
      sizes.add(`round ${round}: ${bytes.length}`)
      return bytes
    }
    refreshKey(native, key, 'refresh', listen)
    const dealing = 33 + 2144 + 32
    expect([...sizes]).toEqual(['round 1: 32', `round 2: ${dealing + 32 + 32}`, 'round 3: 97'])
  })
})

describe('what a refresh is of', () => {
  const run = refreshRuns(native, key, 2).get(one)!
  const start = (change: Partial<typeof run>, terms: Partial<KeyTerms> = {}) =>
    prepareRefresh({ ...run, ...change }, key.get(one)!, terms.epoch ?? 2).next([])
  const [first, second, third] = run.participants

  it('starts with a commitment to every other holder when it is lawful', () => {
    expect(start({}).value).toMatchObject([
      { round: 1, to: 2 },
      { round: 1, to: 3 },
    ])
  })

  it.each([
    ['the epoch in force', 1],
    ['an epoch before it', 0],
    ['an epoch of 2^32', 2 ** 32],
    ['an epoch between two', 2.5],
  ])('is refused before anything is sent for %s', (_, epoch) => {
    expect(() => start({}, { epoch })).toThrow(Malformed)
  })

  it.each([
    ['without one holder', { participants: [first!, second!] }],
    ['with one more', { participants: [...run.participants, ...nodes(4)] }],
    ['with another in the place of one', { participants: [first!, second!, ...nodes(4)] }],
    [
      'with another node in the place of one',
      { participants: [first!, second!, { ...third!, nodeId: second!.nodeId }] },
    ],
    ['by a holder with the share of another', { self: second! }],
  ])('is refused before anything is sent %s', (_, change) => {
    expect(() => start(change)).toThrow(InvalidParticipants)
  })
})

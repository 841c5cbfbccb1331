/**
 * Properties of bytes: every message, proof and keyshare decodes to what was encoded and encodes to
 * what was decoded; no two different statements share a preimage, an id, a commitment or a digest.
 */

import fc from 'fast-check'
import { expect } from 'vitest'
import { ascii, Malformed } from '../../signer-node/dkls23/bytes.ts'
import { commit } from '../../signer-node/dkls23/commitment.ts'
import type { Curve } from '../../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { nobleCurve } from '../../signer-node/dkls23/curve-noble.ts'
import { Keyshare, keyStateDigest, MADE_HERE } from '../../signer-node/dkls23/keyshare.ts'
import { type Field, sizeOf } from '../../signer-node/dkls23/layout.ts'
import { type Participant, parseParty } from '../../signer-node/dkls23/party.ts'
import {
  pairSessionId,
  type SessionFacts,
  type Statement,
  sessionId,
} from '../../signer-node/dkls23/session-id.ts'
import {
  encode,
  expand,
  FixedHash,
  KEYSHARE_TAG,
  type Part,
} from '../../signer-node/dkls23/transcript.ts'
import { dealKey, integerOf, scalarOf } from '../kit/dealt.ts'
import { allRounds, leavesOf } from '../kit/rounds.ts'
import { hex } from '../kit/vectors.ts'
import { type Shape, seedText, shape } from './arbitrary.ts'
import { type Property, property } from './property.ts'

const twins: readonly Curve[] = [nativeCurve(), nobleCurve()]
const native = twins[0]!

/** Points are slow to make, and only their form matters here. */
const somePoints = Array.from(
  { length: 8 },
  (_, i) => native.points.multiplyBase(scalarOf(native, integerOf('points', i)))!,
)

/** Lawful bytes of a message, at each of its fields something else. */
function fill(fields: readonly Field[], seed: string): Uint8Array {
  const bytes = expand('rng', sizeOf(fields), seed)
  for (const { kind, offsets } of leavesOf(fields)) {
    for (const at of offsets) {
      if (kind === 'point') bytes.set(somePoints[bytes[at]! & 7]!, at)
      // Below q whatever they are, because q begins with 31 bits of ones; below 2^9.
      if (kind === 'scalar') bytes[at]! &= 0x7f
      if (kind === 'number') bytes[at]! &= 1
    }
  }
  return bytes
}

const roundsOf = twins.map((curve) => allRounds(curve, 3))

/** What decodes encodes to the same bytes, before and after any one bit is changed. */
function oneEncoding(seed: string, places: readonly number[]): void {
  for (const [name, { fields }] of roundsOf[0]!) {
    const bytes = fill(fields, seed)
    const again = roundsOf.map((rounds) => {
      const round = rounds.get(name)!
      return (message: Uint8Array) => outcomeOf(() => round.encode(round.decode(message)))
    })
    expect(
      again.map((round) => round(bytes)),
      name,
    ).toEqual(again.map(() => hex(bytes)))
    for (const place of places) {
      const changed = bytes.slice()
      changed[(place >> 3) % bytes.length]! ^= 1 << (place & 7)
      const outcomes = again.map((round) => round(changed))
      expect(new Set(outcomes).size, name).toBe(1)
      expect([hex(changed), 'malformed'], name).toContain(outcomes[0])
    }
  }
}

function outcomeOf(again: () => Uint8Array): string {
  try {
    return hex(again())
  } catch (thrown) {
    if (thrown instanceof Malformed) return 'malformed'
    throw thrown
  }
}

const PAST_BYTE = KEYSHARE_TAG.length

function pastOf(bytes: Uint8Array): string {
  try {
    return JSON.stringify(Keyshare.parse(native, bytes).facts.past)
  } catch (thrown) {
    if (thrown instanceof Malformed) return 'malformed'
    throw thrown
  }
}

/** A keyshare file holds one keyshare in one way, and shows every changed bit. */
function keyshareBytes(of: Shape, seed: string, place: number): void {
  const { keyshares } = dealKey(native, { ...of, seed, keyId: ascii(seed), epoch: place >>> 4 })
  const [keyshare] = keyshares.values()
  using encoded = keyshare!.encode()
  // The reference twin takes long over many nodes.
  for (const curve of of.xs.length > 4 ? [native] : twins) {
    using parsed = Keyshare.parse(curve, encoded.bytes)
    using again = parsed.encode()
    expect(hex(again.bytes)).toBe(hex(encoded.bytes))
    expect([parsed.facts, parsed.self]).toEqual([keyshare!.facts, keyshare!.self])
    expect(parsed.secretShare.equals(keyshare!.secretShare)).toBe(true)
  }
  const changed = encoded.bytes.slice()
  const at = (place >>> 3) % changed.length
  changed[at]! ^= 1 << (place & 7)
  // What became of a key stands beside its digest: the seal and the log hold that byte.
  if (at === PAST_BYTE) expect(pastOf(changed)).not.toBe(pastOf(encoded.bytes))
  else expect(() => Keyshare.parse(native, changed)).toThrow(Malformed)
}

// Small alphabets, so that neighbours meet: what a sloppy encoding would join, lies close together.
const few = fc.uint8Array({ max: 1, maxLength: 2 })
const id = fc.uint8Array({ min: 1, max: 2, minLength: 1, maxLength: 2 })
const word = fc.constantFrom(0, 1, 255, 256, 65_535)
const long = fc.constantFrom(0, 1, 256, 65_536, 2 ** 31 - 1)
const party = fc.constantFrom(1, 2, 256, 513).map(parseParty)
const participant: fc.Arbitrary<Participant> = fc.record({ x: party, nodeId: id })
const parties = fc.array(fc.constantFrom(1, 2).map(parseParty), { maxLength: 2 })

const statements: readonly fc.Arbitrary<Statement>[] = [
  fc.record({
    purpose: fc.constant('sign' as const),
    requestId: few,
    path: fc.array(long, { maxLength: 2 }),
    publicKey: few,
    digest: few,
  }),
  fc.record({ purpose: fc.constant('presign' as const), presignatureId: few }),
  fc.record({ purpose: fc.constant('dkg' as const), threshold: word, nodes: word }),
  fc.record({ purpose: fc.constant('refresh' as const), newEpoch: long }),
  fc.record({
    purpose: fc.constant('reshare' as const),
    newEpoch: long,
    newThreshold: word,
    dealers: parties,
    receivers: parties,
  }),
  fc.record({
    purpose: fc.constant('pair' as const),
    incarnationLow: few,
    incarnationHigh: few,
    attempt: long,
  }),
]

const sessionFacts: fc.Arbitrary<SessionFacts> = fc
  .array(fc.tuple(participant, few), { maxLength: 2 })
  .chain((entries) =>
    fc.record({
      statement: fc.oneof(...statements),
      networkId: few,
      keyId: few,
      epoch: long,
      keyState: few,
      participants: fc.constant(entries.map(([one]) => one)),
      acceptances: fc.constant(entries.map(([, acceptance]) => acceptance)),
    }),
  )

/** Mixed facts may have lost an acceptance, which no session id is made of. */
function isWhole({ participants, acceptances }: SessionFacts): boolean {
  return participants.length === acceptances.length
}

/** Two of a list have one name exactly when they are the same. */
function named<T>(list: readonly T[], nameOf: (one: T) => string): void {
  const byName = new Map<string, string>()
  for (const one of list) {
    const written = JSON.stringify(one, (_, value) =>
      value instanceof Uint8Array ? `bytes ${hex(value)}` : value,
    )
    const name = nameOf(one)
    expect(byName.get(name) ?? written).toBe(written)
    byName.set(name, written)
  }
}

/**
 * Many that differ from one another in two fields that stand together, each two in turn: random
 * ones would differ everywhere, and no sloppy joint would show.
 */
function neighbours<T extends object>(one: fc.Arbitrary<T>): fc.Arbitrary<readonly T[]> {
  const others = fc.array(one, { minLength: 150, maxLength: 150, size: 'max' })
  return fc
    .tuple(one, others)
    .map(([base, list]) => [base, ...list.map((other, at) => mixed(base, other, at))])
}

function mixed<T extends object>(base: T, other: T, at: number): T {
  const entries = Object.entries(base).map(([key, value], i, all) => {
    const theirs = Object.entries(other).find(([name]) => name === key)?.[1]
    const isChanged = i === at % all.length || i === (at + 1) % all.length
    return [key, isChanged ? theirs : value]
  })
  return Object.fromEntries(entries) as T
}

/** Of one shape: at each place always bytes, or always a list of such. Every tag has one. */
const shaped = fc.record({
  first: few,
  list: fc.array(few, { maxLength: 2 }),
  lists: fc.array(fc.array(few, { maxLength: 2 }), { maxLength: 2 }),
  last: few,
})

const keyFacts = fc.record({
  keyId: few,
  epoch: long,
  threshold: word,
  participants: fc.array(participant, { maxLength: 2 }),
  shares: fc.array(fc.nat({ max: 2 }), { maxLength: 2 }),
  publicKey: fc.nat({ max: 2 }),
  chainCode: few,
})

const commitment = fc.record({
  sid: few,
  committer: participant,
  label: fc.constantFrom('deal' as const, 'R' as const, 'zero' as const, 'omega' as const),
  value: few,
  salt: fc.constantFrom(0, 1).map((fill) => new Uint8Array(32).fill(fill)),
})

const direction = fc.record({
  sid: few,
  pairingId: few,
  nodeIdA: id,
  nodeIdB: id,
  layer: fc.constantFrom('base-ot' as const, 'pprf' as const, 'ote' as const, 'rvole' as const),
})

/** By tag, the number of its indices. */
const fixedTags = { 'pprf-node': 3, 'pprf-leaf': 2, 'ote-prg': 2, 'ote-pad': 1 } as const
const index = fc.constantFrom(0, 1, 255, 256, 511)
const fixed = fc
  .constantFrom(...(Object.keys(fixedTags) as (keyof typeof fixedTags)[]))
  .chain((tag) =>
    fc.record({
      tag: fc.constant(tag),
      v: fc.constantFrom(0, 1),
      payload: fc.constantFrom(0, 1),
      indices: fc.array(index, { minLength: fixedTags[tag], maxLength: fixedTags[tag] }),
    }),
  )

function keyStateOf(one: typeof keyFacts extends fc.Arbitrary<infer T> ? T : never): string {
  const publicShares = new Map(one.shares.map((at, i) => [parseParty(i + 1), somePoints[at]!]))
  const publicKey = somePoints[one.publicKey]!
  return hex(keyStateDigest({ ...one, publicShares, publicKey, past: MADE_HERE }))
}

export const encodingProperties: readonly Property[] = [
  property(
    'every message has one encoding, and what is not it is malformed for both twins',
    2,
    fc.property(seedText, fc.array(fc.nat(), { minLength: 3, maxLength: 3 }), oneEncoding),
  ),
  property(
    'a keyshare has one encoding that shows every changed bit',
    8,
    fc.property(shape({ nodesMax: 16 }), seedText, fc.nat(), keyshareBytes),
  ),
  property(
    'a session id names one session',
    5,
    fc.property(neighbours(sessionFacts), fc.tuple(...statements.map(neighbours)), (list, all) => {
      named(list.filter(isWhole), (one) => hex(sessionId(one)))
      const stated = all.flat().map((statement) => ({ ...list[0]!, statement }))
      named(stated, (one) => hex(sessionId(one)))
    }),
  ),
  property(
    'a pair session id names one layer, direction and session',
    8,
    fc.property(neighbours(direction), (list) =>
      named(list, ({ sid, layer, ...of }) => hex(pairSessionId(sid, of, layer))),
    ),
  ),
  property(
    'a key-state digest names one key',
    8,
    fc.property(neighbours(keyFacts), (list) => named(list, keyStateOf)),
  ),
  property(
    'a commitment is of one value by one committer',
    8,
    fc.property(neighbours(commitment), (list) =>
      named(list, ({ value, salt, ...scope }) => hex(commit(scope, value, salt))),
    ),
  ),
  property(
    'parts of one shape have one encoding',
    8,
    fc.property(neighbours(shaped), (list) =>
      named(list, (one) => hex(encode('echo', Object.values<Part>(one)))),
    ),
  ),
  property(
    'a fixed hash is of one tag, value, payload and place',
    8,
    fc.property(fc.array(fixed, { minLength: 60, maxLength: 60, size: 'max' }), (list) =>
      named(list, ({ tag, v, payload, indices }) => {
        using oracle = new FixedHash(tag, new Uint8Array(32).fill(v))
        return hex(oracle.digest(new Uint8Array(32).fill(payload), ...indices))
      }),
    ),
  ),
]

/**
 * Properties of bytes: every message, proof and keyshare decodes to what was encoded and encodes to
 * what was decoded; no two different statements share a preimage, an id, a commitment or a digest.
 */

import fc from 'fast-check'
import { expect } from 'vitest'
import { ascii, concat, Malformed, u16 } from '../../signer-node/dkls23/bytes.ts'
import { commit } from '../../signer-node/dkls23/commitment.ts'
import type { Curve } from '../../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { nobleCurve } from '../../signer-node/dkls23/curve-noble.ts'
import {
  COMMIT,
  confirmRound as confirmKeyRound,
  revealRound,
} from '../../signer-node/dkls23/keygen.ts'
import { Keyshare, keyStateDigest } from '../../signer-node/dkls23/keyshare.ts'
import { EXTENSION_MESSAGE_BYTES } from '../../signer-node/dkls23/ot-extension.ts'
import {
  answersRound,
  choicesRound,
  confirmRound as confirmPairRound,
} from '../../signer-node/dkls23/pair-setup.ts'
import { BASE_OTS, PAD_BYTES } from '../../signer-node/dkls23/params.ts'
import { type Participant, parseParty } from '../../signer-node/dkls23/party.ts'
import { PPRF_MESSAGE_BYTES } from '../../signer-node/dkls23/pprf.ts'
import type { Round } from '../../signer-node/dkls23/protocol.ts'
import { SecretScope } from '../../signer-node/dkls23/secret.ts'
import {
  pairSessionId,
  type SessionFacts,
  type Statement,
  sessionId,
} from '../../signer-node/dkls23/session-id.ts'
import { firstRound, secondRound } from '../../signer-node/dkls23/sign-messages.ts'
import { encode, expand, FixedHash, type Part } from '../../signer-node/dkls23/transcript.ts'
import { dealKey, integerOf, scalarOf } from '../kit/dealt.ts'
import { hex } from '../kit/vectors.ts'
import { type Shape, seedText, shape } from './arbitrary.ts'
import { type Property, property } from './property.ts'

const twins: readonly Curve[] = [nativeCurve(), nobleCurve()]
const native = twins[0]!

/** One field of a fixed layout: raw bytes of a length, or that many scalars or points. */
type Field = number | { readonly scalars: number } | { readonly points: number }

interface Codec {
  readonly name: string
  readonly layout: readonly Field[]
  readonly size: number
  /** Bytes to a message and back, or Malformed. */
  readonly again: (curve: Curve, bytes: Uint8Array) => Uint8Array
}

const TABLE = (512 * PAD_BYTES) / 32
const proof: readonly Field[] = Array.from({ length: 32 }, (): Field[] => [
  { points: 1 },
  2,
  { scalars: 1 },
]).flat()
const opening = (t: number): readonly Field[] => [
  { points: t },
  ...Array.from({ length: t }, () => proof).flat(),
  32,
  32,
]

function codec<M>(
  name: string,
  layout: readonly Field[],
  roundOf: (curve: Curve) => Round<M>,
): Codec {
  const again = (curve: Curve, bytes: Uint8Array): Uint8Array => {
    const round = roundOf(curve)
    return round.encode(round.decode(bytes))
  }
  return { name, layout, size: roundOf(native).size, again }
}

const codecs: readonly Codec[] = [
  codec('sign 1', [32, EXTENSION_MESSAGE_BYTES], () => firstRound),
  codec(
    'sign 2',
    [{ scalars: TABLE + 1 }, 32, 32, { points: 1 }, 32, { points: 3 }, { scalars: 1 }],
    secondRound,
  ),
  codec('dkg commit', [32], () => COMMIT),
  codec('dkg reveal of 3', [...opening(3), 32, { scalars: 1 }], (curve) =>
    revealRound(curve, 3, new SecretScope()),
  ),
  codec('dkg confirm', [32, { points: 1 }, { scalars: 1 }], confirmKeyRound),
  codec('pair setup 1', [{ points: 2 * BASE_OTS }, 32], choicesRound),
  codec('pair setup 2', [{ points: 2 * BASE_OTS }, PPRF_MESSAGE_BYTES, 32, 32], answersRound),
  codec('pair setup 3', [32], () => confirmPairRound),
]

/** Points are slow to make, and only their form matters here. */
const somePoints = Array.from(
  { length: 8 },
  (_, i) => native.points.multiplyBase(scalarOf(native, integerOf('points', i)))!,
)

/** Lawful bytes of a layout. A lone pair of bytes is a challenge of a proof, below 2^9. */
function fill(layout: readonly Field[], seed: string): Uint8Array {
  const parts = layout.map((field, i) => {
    const bytes = (length: number): Uint8Array => expand('rng', length, seed, u16(i))
    if (field === 2) return Uint8Array.of(bytes(1)[0]! & 1, bytes(2)[1]!)
    if (typeof field === 'number') return bytes(field)
    if ('points' in field) {
      return concat(...Array.from(bytes(field.points), (byte) => somePoints[byte & 7]!))
    }
    // Below q whatever they are: the order begins with 31 bits of ones.
    const scalars = bytes(32 * field.scalars)
    for (let at = 0; at < scalars.length; at += 32) scalars[at]! &= 0x7f
    return scalars
  })
  return concat(...parts)
}

/** What decodes encodes to the same bytes, before and after any one bit is changed. */
function oneEncoding(seed: string, places: readonly number[]): void {
  for (const { name, layout, size, again } of codecs) {
    const bytes = fill(layout, seed)
    expect(bytes, name).toHaveLength(size)
    for (const curve of twins) expect(hex(again(curve, bytes)), name).toBe(hex(bytes))
    for (const place of places) {
      const changed = bytes.slice()
      changed[(place >> 3) % bytes.length]! ^= 1 << (place & 7)
      const outcomes = twins.map((curve) => outcomeOf(() => again(curve, changed)))
      expect(outcomes[0], name).toBe(outcomes[1])
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
  changed[(place >>> 3) % changed.length]! ^= 1 << (place & 7)
  expect(() => Keyshare.parse(native, changed)).toThrow(Malformed)
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
  return hex(keyStateDigest({ ...one, publicShares, publicKey: somePoints[one.publicKey]! }))
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

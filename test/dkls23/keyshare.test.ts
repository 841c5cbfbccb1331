import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { ascii, concat, Malformed, u16, u32 } from '../../signer-node/dkls23/bytes.ts'
import type { Point, Scalar } from '../../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import {
  type KeyFacts,
  type KeyPast,
  Keyshare,
  keyStateDigest,
  MADE_HERE,
} from '../../signer-node/dkls23/keyshare.ts'
import { InvalidParticipants, type Party, parseParty } from '../../signer-node/dkls23/party.ts'
import { Polynomial } from '../../signer-node/dkls23/polynomial.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { KEYSHARE_TAG } from '../../signer-node/dkls23/transcript.ts'
import { makeKey } from '../kit/keys.ts'
import { nodes } from '../kit/protocol.ts'
import { twins } from '../kit/twins.ts'
import { hex, unhex, vector } from '../kit/vectors.ts'

const curve = nativeCurve()
const { points, scalars } = curve
const key = makeKey(curve, 2, [1, 2, 3])
const [first, second, third] = [...key.values()] as [Keyshare, Keyshare, Keyshare]
const FACTS = first.facts
const [P1, P2, P3] = [1, 2, 3].map(parseParty) as [Party, Party, Party]
const ENCODED = first.encode().bytes.slice()

const shareOf = (keyshare: Keyshare): Secret<Scalar> =>
  new Secret(scalars.decodeScalar(keyshare.secretShare.bytes))
const make = (change: Partial<KeyFacts>, x = P1, share = shareOf(first)): Keyshare =>
  Keyshare.make(curve, { ...FACTS, ...change }, x, share)
const idOf = (x: number): Uint8Array => ascii(`node-${x}`)
const range = (count: number): readonly Party[] =>
  Array.from({ length: count }, (_, i) => parseParty(i + 1))
/** Otherwise consistent: a key whose polynomial runs through whatever indices it is given. */
function makeAmong(xs: readonly Party[], nodeIdOf = idOf, threshold = 2): Keyshare {
  const coefficients = [scalars.one, ...range(threshold - 1).map((m) => scalars.fromNumber(m))]
  const polynomial = new Polynomial(curve, coefficients)
  const publicShares = new Map(
    xs.map((x) => [x, points.multiplyBase(polynomial.evaluate(x))!] as const),
  )
  const participants = xs.map((x) => ({ x, nodeId: nodeIdOf(x) }))
  const secretShare = new Secret(polynomial.evaluate(P1))
  const publicKey = points.generator
  const facts = { ...FACTS, threshold, participants, publicShares, publicKey }
  return Keyshare.make(curve, facts, P1, secretShare)
}
const withShare = (x: Party, point: Point): ReadonlyMap<Party, Point> =>
  new Map([...FACTS.publicShares].map(([l, X]) => [l, l === x ? point : X]))
const shifted = (point: Point): Point => points.add(point, points.generator)!

/** Where a field of the encoding begins: tag, past, key id (1 + 5), epoch, t, n, 3 x (2 + 1 + 6), .. */
const AT = {
  past: 16,
  keyId: 18,
  epoch: 23,
  threshold: 27,
  count: 29,
  firstIndex: 31,
  shares: 58,
} as const
const PK = AT.shares + 3 * 33
const LAST = { publicKey: PK, chainCode: PK + 33, holder: PK + 65, keyState: PK + 67 } as const
const patched = (offset: number, patch: Uint8Array): Uint8Array => {
  const changed = ENCODED.slice()
  changed.set(patch, offset)
  return changed
}

describe('a keyshare', () => {
  it('carries the values of the vectors', () => {
    expect(hex(FACTS.publicKey)).toBe(vector('pk'))
    expect(hex(FACTS.chainCode)).toBe(vector('cc'))
    expect(hex(first.keyState)).toBe(vector('key-state'))
    expect(hex(keyStateDigest(FACTS))).toBe(vector('key-state'))
    for (const { self, secretShare } of [first, second, third]) {
      expect(hex(secretShare.bytes)).toBe(vector(`s_${self.x}`))
    }
  })

  it('survives encoding and parsing, with either twin', () => {
    for (const twin of twins) {
      using parsed = Keyshare.parse(twin, ENCODED)
      expect(parsed.facts).toEqual(FACTS)
      expect(parsed.self).toEqual(first.self)
      expect(hex(parsed.keyState)).toBe(hex(first.keyState))
      expect(parsed.secretShare.equals(first.secretShare)).toBe(true)
      expect(hex(parsed.encode().bytes)).toBe(hex(ENCODED))
    }
  })

  it('has its version tag first', () => {
    expect(Buffer.from(ENCODED).toString('latin1').startsWith(KEYSHARE_TAG)).toBe(true)
    expect(KEYSHARE_TAG).toBe('mpc1/keyshare/2\n')
  })

  it('never prints its secret', () => {
    const secret = vector('s_1')
    const decimal = unhex(secret).join()
    for (const text of [inspect(first, { depth: 9 }), JSON.stringify(first), String(first)]) {
      expect(text).not.toContain(secret)
      expect(text.replaceAll(/\s/g, '')).not.toContain(decimal)
    }
    expect(inspect(first, { depth: 9 })).toContain('[secret]')
  })

  it('is wiped at the end of its scope', () => {
    const parsed = Keyshare.parse(curve, ENCODED)
    const { bytes } = parsed.secretShare
    parsed[Symbol.dispose]()
    expect(bytes.every((byte) => byte === 0)).toBe(true)
  })
})

describe('what became of a key', () => {
  it.each<[number, KeyPast]>([
    [0, { origin: 'made', isExported: false, standing: 'active' }],
    [1, { origin: 'imported', isExported: false, standing: 'active' }],
    [2, { origin: 'made', isExported: true, standing: 'active' }],
    [3, { origin: 'imported', isExported: true, standing: 'active' }],
    [5, { origin: 'imported', isExported: false, standing: 'unrefreshed' }],
  ])('is byte %i of its file, and no part of the key state', (byte, past) => {
    const keyshare = make({ past })
    const { bytes } = keyshare.encode()
    expect(hex(bytes)).toBe(hex(patched(AT.past, Uint8Array.of(byte))))
    using parsed = Keyshare.parse(curve, bytes)
    expect(parsed.facts.past).toEqual(past)
    expect(hex(parsed.keyState)).toBe(vector('key-state'))
  })

  it('is marked on a copy when somebody holds the whole key, and nothing else changes', () => {
    const marked = first.markExported(curve)
    expect(marked.facts).toEqual({ ...FACTS, past: { ...MADE_HERE, isExported: true } })
    expect(hex(marked.encode().bytes)).toBe(hex(patched(AT.past, Uint8Array.of(2))))
    marked[Symbol.dispose]()
    expect(hex(first.secretShare.bytes)).toBe(vector('s_1'))
  })

  it('cannot be marked as exported before an import was refreshed', () => {
    const past = { ...MADE_HERE, origin: 'imported', standing: 'unrefreshed' } as const
    expect(() => make({ past }).markExported(curve)).toThrow(Malformed)
  })
})

describe('keyshares that were written before', () => {
  const kept = (file: string) => {
    const text = readFileSync(new URL(`../vectors/keyshares/${file}`, import.meta.url), 'utf8')
    const keys: Readonly<Record<string, Readonly<Record<string, string>>>> = JSON.parse(text)
    return Object.entries(keys).flatMap(([name, shares]) =>
      Object.entries(shares).map(([x, share]) => [name, x, share] as const),
    )
  }
  const [before, today] = [kept('format-1.json'), kept('format-2.json')]

  it('are those of four keys, in two formats, and one with each past that a key can have', () => {
    const keys = before.map(([name, x]) => [name, x])
    expect(new Set(before.map(([name]) => name)).size).toBe(4)
    expect(keys).toHaveLength(14)
    expect(today.slice(0, 14).map(([name, x]) => [name, x])).toEqual(keys)
    const pasts = ['imported', 'exported', 'imported and exported', 'unrefreshed']
    expect(today.slice(14).map(([name]) => name)).toEqual(pasts)
    const tagOf = ([, , text]: readonly [string, string, string]): string =>
      Buffer.from(unhex(text.slice(0, 2 * KEYSHARE_TAG.length))).toString('latin1')
    expect(new Set(before.map(tagOf))).toEqual(new Set(['mpc1/keyshare/1\n']))
    expect(new Set(today.map(tagOf))).toEqual(new Set(['mpc1/keyshare/2\n']))
  })

  it.each(before)('still open in format 1: %s, party %s', (name, x, text) => {
    const bytes = unhex(text)
    using parsed = Keyshare.parse(curve, bytes)
    expect(parsed.self.x).toBe(Number(x))
    expect(parsed.facts.past).toEqual(MADE_HERE)
    // The same share in the format of today.
    const [, , again] = today.find((one) => one[0] === name && one[1] === x)!
    expect(hex(parsed.encode().bytes)).toBe(again)
    expect(() => Keyshare.parse(curve, concat(bytes, Uint8Array.of(0)))).toThrow(Malformed)
  })

  it.each(today)(
    'still open in format 2, and are written again as they are: %s, party %s',
    (name, x, text) => {
      using parsed = Keyshare.parse(curve, unhex(text))
      expect(parsed.self.x).toBe(Number(x))
      expect(hex(parsed.encode().bytes)).toBe(text)
      const { origin, isExported, standing } = parsed.facts.past
      expect(origin === 'imported').toBe(/imported|unrefreshed/.test(name))
      expect([isExported, standing === 'unrefreshed']).toEqual([
        name.includes('exported'),
        name === 'unrefreshed',
      ])
    },
  )
})

describe('a threshold below the degree of the polynomial', () => {
  it('is refused, though all shares together give the key', () => {
    const whole = makeAmong([P1, P2, P3], idOf, 3)
    const claimed = { ...whole.facts, threshold: 2 }
    expect(() => Keyshare.make(curve, claimed, P1, shareOf(whole))).toThrow(
      'the public shares do not interpolate to the public key',
    )
    const same = Keyshare.make(curve, whole.facts, P1, shareOf(whole))
    expect(hex(same.keyState)).toBe(hex(whole.keyState))
  })
})

describe('the longest name and the last epoch', () => {
  it('are lawful', () => {
    const { facts } = make({ keyId: new Uint8Array(64).fill(7), epoch: 2 ** 32 - 1 })
    expect([facts.keyId.length, facts.epoch]).toEqual([64, 4_294_967_295])
  })
})

describe('a keyshare whose secret was kept elsewhere', () => {
  it('is the same again with it, after it was wiped itself', () => {
    const kept = shareOf(first)
    const own = make({})
    own[Symbol.dispose]()
    using again = own.reopened(curve, kept)
    expect(hex(again.encode().bytes)).toBe(hex(first.encode().bytes))
  })

  it('is refused with the secret of another, which is wiped', () => {
    const other = shareOf(second)
    const { bytes } = other
    expect(() => make({}).reopened(curve, other)).toThrow('does not belong to its public share')
    expect(bytes.every((byte) => byte === 0)).toBe(true)
  })
})

describe('a keyshare that does not fit together', () => {
  it('is still made when nothing is changed', () => {
    expect(hex(make({}).keyState)).toBe(hex(first.keyState))
  })

  it.each<[string, () => Keyshare]>([
    ['the secret share of another', () => make({}, P1, shareOf(second))],
    ['a secret share of zero', () => make({}, P1, new Secret(scalars.fromNumber(0)))],
    ['a holder who takes no part', () => make({}, parseParty(4))],
    [
      'another public share of its own',
      () => make({ publicShares: withShare(P1, FACTS.publicKey) }),
    ],
    [
      'another public share in the basis',
      () => make({ publicShares: withShare(P2, shifted(FACTS.publicShares.get(P2)!)) }),
    ],
    [
      'another public share beyond it',
      () => make({ publicShares: withShare(P3, shifted(FACTS.publicShares.get(P3)!)) }),
    ],
    ['another public key', () => make({ publicKey: shifted(FACTS.publicKey) })],
    [
      'a missing public share',
      () => make({ publicShares: new Map([...FACTS.publicShares].slice(0, 2)) }),
    ],
    [
      'public shares in another order',
      () => make({ publicShares: new Map([...FACTS.publicShares].reverse()) }),
    ],
    [
      'a threshold that is too high for the polynomial',
      () => make({ threshold: 3, publicKey: shifted(FACTS.publicKey) }),
    ],
    ['a chain code of 31 bytes', () => make({ chainCode: new Uint8Array(31) })],
    ['an empty key id', () => make({ keyId: new Uint8Array() })],
    ['a key id of 65 bytes', () => make({ keyId: new Uint8Array(65) })],
    ['an epoch below zero', () => make({ epoch: -1 })],
    ['an epoch of 2^32', () => make({ epoch: 2 ** 32 })],
    ['an epoch between two', () => make({ epoch: 1.5 })],
    ['participants in another order', () => makeAmong([P2, P1, P3])],
    ['an index of zero', () => makeAmong([0 as Party, P1, P2, P3])],
    ['an index of 2^16', () => makeAmong([P1, P2, P3, (2 ** 16) as Party])],
    ['an index twice', () => makeAmong([P1, P2, P2, P3])],
    ['two nodes of one id', () => makeAmong([P1, P2, P3], () => ascii('node'))],
    ['a node without an id', () => makeAmong([P1, P2, P3], (x) => new Uint8Array(x - 1))],
    ['a node id of 65 bytes', () => makeAmong([P1, P2, P3], (x) => new Uint8Array(62 + x))],
  ])('is refused: %s', (_name, attempt) => {
    expect(attempt).toThrow(Malformed)
  })

  it('is made for the participants of these tests, and for 16 of them but not for 17', () => {
    expect(makeAmong([P1, P2, P3]).facts.participants).toEqual(FACTS.participants)
    expect(makeAmong(range(16), idOf, 9).facts.participants).toHaveLength(16)
    expect(() => makeAmong(range(17), idOf, 9)).toThrow('expected 1 to 16 participants, got 17')
  })

  it('is refused to a holder who takes no part, for that reason', () => {
    const because = 'the holder of a keyshare is one of its participants'
    for (const x of [0, 4, 65_535]) expect(() => make({}, x as Party)).toThrow(because)
    const encoded = patched(LAST.holder, u16(7))
    expect(() => Keyshare.parse(curve, encoded)).toThrow(because)
  })

  it('is refused with a threshold that no key may have', () => {
    expect(() => make({ threshold: 1 })).toThrow(InvalidParticipants)
  })

  it('wipes the secret it was given', () => {
    const share = shareOf(second)
    const { bytes } = share
    expect(() => make({}, P1, share)).toThrow(Malformed)
    expect(bytes.every((byte) => byte === 0)).toBe(true)
  })
})

describe('parsing a keyshare', () => {
  it('finds the fields where this test thinks they are', () => {
    expect(hex(ENCODED.slice(AT.epoch, AT.epoch + 4))).toBe(hex(u32(1)))
    expect(hex(ENCODED.slice(LAST.holder, LAST.holder + 2))).toBe(hex(u16(1)))
    expect(ENCODED).toHaveLength(LAST.keyState + 64)
  })

  it.each([
    ['a version to come', patched(14, ascii('3'))],
    ['the version before, with a byte that it did not have', patched(14, ascii('1'))],
    ['an import that was never made', patched(AT.past, Uint8Array.of(4))],
    ['an export of an import before its refresh', patched(AT.past, Uint8Array.of(7))],
    ['a past that is not known here', patched(AT.past, Uint8Array.of(8))],
    ['another epoch', patched(AT.epoch, u32(2))],
    ['another threshold', patched(AT.threshold, u16(3))],
    ['a threshold of one', patched(AT.threshold, u16(1))],
    ['no participants', patched(AT.count, u16(0))],
    ['more participants than there are', patched(AT.count, u16(4))],
    ['too many participants', patched(AT.count, u16(0xffff))],
    ['an index twice', patched(AT.firstIndex, u16(2))],
    ['an index of zero', patched(AT.firstIndex, u16(0))],
    ['indices out of order', patched(AT.firstIndex, u16(9))],
    [
      'two participants in the other order',
      patched(AT.firstIndex, concat(ENCODED.slice(40, 49), ENCODED.slice(31, 40))),
    ],
    ['another node id', patched(AT.firstIndex + 3, ascii('m'))],
    ['another key id', patched(AT.keyId, ascii('l'))],
    [
      'public shares changed for each other',
      patched(AT.shares, concat(FACTS.publicShares.get(P2)!, FACTS.publicShares.get(P1)!)),
    ],
    ['a public share off the curve', patched(AT.shares + 33, new Uint8Array(33))],
    ['another public key', patched(LAST.publicKey, shifted(FACTS.publicKey))],
    ['another chain code', patched(LAST.chainCode, Uint8Array.of(1, 2))],
    ['another holder', patched(LAST.holder, u16(2))],
    ['a holder who takes no part', patched(LAST.holder, u16(7))],
    ['another key state', patched(LAST.keyState, Uint8Array.of(1, 2))],
    ['a secret share of zero', patched(LAST.keyState + 32, new Uint8Array(32))],
    [
      'a secret share that is not canonical',
      patched(LAST.keyState + 32, new Uint8Array(32).fill(0xff)),
    ],
    ['the secret share of another', patched(LAST.keyState + 32, unhex(vector('s_2')))],
    ['one byte more', concat(ENCODED, Uint8Array.of(0))],
    ['one byte less', ENCODED.slice(0, -1)],
    ['no bytes', new Uint8Array()],
  ])('refuses %s', (_name, bytes) => {
    expect(() => Keyshare.parse(curve, bytes)).toThrow(Malformed)
  })

  it('accepts nodes of other names only under another key state', () => {
    const renamed = make({ participants: nodes(1, 2, 3).map((p) => ({ ...p, nodeId: u16(p.x) })) })
    expect(hex(renamed.keyState)).not.toBe(hex(first.keyState))
    expect(hex(Keyshare.parse(curve, renamed.encode().bytes).keyState)).toBe(hex(renamed.keyState))
  })
})

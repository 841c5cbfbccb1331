import { createHmac, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { concat, toHex, toUtf8 } from '../../proto/crypto.ts'
import { parseDigest } from '../../proto/ids.ts'
import { dice } from '../../signer-node/ceremony/dice.ts'
import { type EntropySources, mixRandom } from '../../signer-node/ceremony/entropy.ts'
import { requireDice, requireHealthy } from '../../signer-node/ceremony/randomness-tests.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { refusal, refusedWith } from '../kit/refused.ts'

const about = { plan: parseDigest('ab'.repeat(32)), party: 2 }
const random = (length: number) => new Uint8Array(randomBytes(length))
const rolls = (count: number) =>
  toUtf8(Array.from({ length: count }, (_, at) => 1 + ((at * 7 + (at >> 2)) % 6)).join(''))

/** Of a seed: the same every time, and healthy. */
function named(name: string) {
  let count = 0
  return (length: number): Uint8Array => {
    const parts: Uint8Array[] = []
    while (parts.length * 32 < length) {
      count += 1
      parts.push(new Uint8Array(createHmac('sha256', name).update(`${count}`).digest()))
    }
    return concat(...parts)
      .subarray(0, length)
      .slice()
  }
}
const sources = (os = 'os', token = 'token', dice?: number): EntropySources => {
  const draw = named(token)
  const more = dice === undefined ? {} : { dice: new Secret(rolls(dice)) }
  return { os: named(os), token: async (length) => new Secret(draw(length)), ...more }
}
const first = async (from: EntropySources, of = about) => {
  using mixed = await mixRandom(from, of)
  return toHex(mixed.random(32))
}

describe('the randomness of a keygen', () => {
  it('is another when any one source is another, and for another plan or party', async () => {
    const all = await Promise.all([
      first(sources()),
      first(sources('os-2')),
      first(sources('os', 'token-2')),
      first(sources('os', 'token', 100)),
      first(sources('os', 'token', 101)),
      first(sources(), { ...about, party: 3 }),
      first(sources(), { ...about, plan: parseDigest('ac'.repeat(32)) }),
    ])
    expect(new Set(all).size).toBe(all.length)
    expect(await first(sources())).toBe(all[0])
  })

  it('names its sources and no value, draws any length, and never the same twice', async () => {
    using mixed = await mixRandom(sources('os', 'token', 100), about)
    expect(mixed.kinds).toEqual(['os', 'token', 'dice'])
    using fewer = await mixRandom(sources(), about)
    expect(fewer.kinds).toEqual(['os', 'token'])
    for (const length of [0, 1, 32, 16_320, 16_384]) {
      expect(mixed.random(length).length).toBe(length)
    }
    const long = mixed.random(40_000)
    requireHealthy('mixed', long)
    const draws = Array.from({ length: 50 }, () => toHex(mixed.random(32)))
    expect(new Set(draws).size).toBe(50)
  })

  it('takes dice that are thrown later, counts them, and draws something else from then on', async () => {
    using plain = await mixRandom(sources(), about)
    using thrown = await mixRandom(sources(), about)
    using others = await mixRandom(sources(), about)
    thrown.throwDice(new Secret(rolls(100)))
    others.throwDice(new Secret(rolls(101)))
    expect(thrown.kinds).toEqual(['os', 'token', 'dice'])
    const drawn = [plain, thrown, others].map(({ random: draw }) => toHex(draw(32)))
    expect(new Set(drawn).size).toBe(3)
    const few = () => plain.throwDice(new Secret(rolls(99)))
    expect(refusedWith(few)).toBe('CONFIG')
    expect(plain.kinds).toEqual(['os', 'token'])
  })

  it('takes rolls that were typed twice alike, and asks once more for others', async () => {
    const typed = (...answers: Uint8Array[]) => {
      const said: string[] = []
      const secret = async () => new Secret(answers.shift()?.slice() ?? new Uint8Array(0))
      return { said, pad: { say: (text: string) => void said.push(text), secret } }
    }
    const [one, two] = [rolls(100), rolls(101)]
    using mixed = await mixRandom(sources(), about)
    const mended = typed(one, two, one, one)
    expect(await dice(mended.pad, mixed)).toEqual(['os', 'token', 'dice'])
    expect(mended.said).toEqual(['these are not the same rolls\n'])
    using other = await mixRandom(sources(), about)
    const said = await refusal(dice(typed(one, two, two, one).pad, other))
    expect(said).toBe('CEREMONY: the rolls were typed differently twice')
    expect(other.kinds).toEqual(['os', 'token'])
  })

  it('is mixed as written down: HKDF-SHA512 over every source with its length', async () => {
    const from = sources('os', 'token', 100)
    const [os, token] = [named('os'), named('token')]
    for (const draw of [os, token]) for (const length of [1_024, 64, 64]) draw(length)
    const part = (bytes: Uint8Array) => concat(Uint8Array.of(0, bytes.length), bytes)
    const ikm = concat(part(os(64)), part(token(64)), part(rolls(100)))
    const hmac = (key: Uint8Array, ...parts: Uint8Array[]) =>
      new Uint8Array(
        createHmac('sha512', key)
          .update(concat(...parts))
          .digest(),
      )
    const salt = toUtf8('custody/v1/entropy')
    const info = concat(new Uint8Array(32).fill(0xab), Uint8Array.of(0, 2))
    const seed = hmac(hmac(salt, ikm), info, Uint8Array.of(1))
    const draw = hmac(hmac(salt, seed, os(64)), toUtf8('draw 1'), Uint8Array.of(1))
    expect(await first(from)).toBe(toHex(draw.subarray(0, 32)))
  })

  it('stops when a source is stuck, repeats itself, or is the other one', async () => {
    const bad = (change: Partial<EntropySources>) =>
      refusal(mixRandom({ ...sources(), ...change }, about))
    expect(await bad({})).toBe('accepted')
    const stuck = async (length: number) => new Secret(new Uint8Array(length))
    expect(await bad({ token: stuck })).toBe('CONFIG: token: 6 equal bytes in a row')
    expect(await bad({ os: (length) => new Uint8Array(length) })).toMatch(/^CONFIG: os: 6 equal/)
    const again = async (length: number) => new Secret(named('again')(length))
    expect(await bad({ token: again })).toBe('CONFIG: token: the same bytes twice')
    const same = named('os')
    expect(await bad({ token: async (length) => new Secret(same(length)) })).toBe(
      'CONFIG: os and token: the same bytes twice',
    )
    expect(await bad({ dice: new Secret(rolls(99)) })).toMatch(/^CONFIG: dice: expected 100/)
  })

  it('takes what a good source gives, and not what none gives', () => {
    for (let at = 0; at < 200; at += 1) requireHealthy('kernel', random(1_024))
    const good = random(1_024)
    const said = (bytes: Uint8Array) => refusedWith(() => requireHealthy('source', bytes))
    expect(said(good.subarray(1))).toBe('CONFIG X-4')
    const five = good.slice().fill(good[9] === 7 ? 8 : 7, 10, 15)
    expect(said(five.with(15, five[14]! ^ 1).with(9, five[10]! ^ 1))).toBe('accepted')
    expect(said(five.fill(five[10]!, 10, 16))).toBe('CONFIG X-4')
    const often = good.map((byte, at) => (at % 25 === 0 ? 7 : byte === 7 ? 8 : byte))
    expect(said(often)).toBe('CONFIG X-4')
    const seldom = good.map((byte, at) => (at % 32 === 0 ? 7 : byte === 7 ? 8 : byte))
    expect(said(seldom)).toBe('accepted')
  })

  it('counts dice that were thrown: a hundred, of six faces, not all the same', () => {
    const said = (text: string) => refusedWith(() => requireDice(toUtf8(text)))
    const fine = Buffer.from(rolls(100)).toString()
    expect(said(fine)).toBe('accepted')
    expect(said(fine.repeat(6))).toBe('CONFIG')
    expect(said(fine.replace('3', '7'))).toBe('CONFIG')
    expect(said(fine.replaceAll('3', '4'))).toBe('CONFIG')
    expect(said(`${fine}${'5'.repeat(17)}`)).toBe('CONFIG')
  })
})

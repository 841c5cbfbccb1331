import { describe, expect, it } from 'vitest'
import { Malformed } from '../../signer-node/dkls23/bytes.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { confirmKey, prepareKey } from '../../signer-node/dkls23/keygen.ts'
import { InvalidParticipants, parseParty } from '../../signer-node/dkls23/party.ts'
import { sha256 } from '../../signer-node/dkls23/transcript.ts'
import { AT } from '../kit/crooked-dealer.ts'
import { keygenRuns, keyTerms, makeKey } from '../kit/keys.ts'
import { driveAll, nodes, type Tamper } from '../kit/protocol.ts'
import { groupsOf, secretOf } from '../kit/shares.ts'
import { twins } from '../kit/twins.ts'
import { hex, vector } from '../kit/vectors.ts'

const native = nativeCurve()
const { points } = native
const THRESHOLD = 2
const TERMS = keyTerms(THRESHOLD)

describe.each(twins)('the vectors of key making with the $name twin', (curve) => {
  it('are reproduced byte for byte', () => {
    const runs = keygenRuns(curve, THRESHOLD, nodes(1, 2, 3))
    const sent: string[] = []
    const listen: Tamper = (round, from, _to, bytes) => {
      const part = { 1: bytes, 2: sha256(bytes.slice(0, AT.echo)), 3: sha256(bytes.slice(32)) }[
        round
      ]
      sent.push(`round ${round} of ${from}: ${hex(part!)}`)
      if (round === 2) expect(hex(bytes.slice(AT.echo, AT.share))).toBe(vector('dkg echo'))
      return bytes
    }
    const pending = driveAll(
      new Map([...runs].map(([x, run]) => [x, prepareKey(run, TERMS)])),
      listen,
    )
    for (const { confirmation } of pending.values())
      expect(hex(confirmation)).toBe(vector('confirm'))
    const key = driveAll(
      new Map([...runs].map(([x, run]) => [x, confirmKey(run, pending.get(x)!)])),
      listen,
    )
    for (const x of [1, 2, 3]) {
      expect(sent).toContain(`round 1 of ${x}: ${vector(`dkg com ${x}`)}`)
      expect(sent).toContain(`round 2 of ${x}: ${vector(`dkg opening ${x}`)}`)
      expect(hex(key.get(parseParty(x))!.secretShare.bytes)).toBe(vector(`s_${x}`))
    }
    expect(sent).toContain(`round 3 of 1: ${vector('share proof 1')}`)
    expect(hex(key.get(parseParty(1))!.keyState)).toBe(vector('key-state'))
  })
})

describe('key making', () => {
  it.each([
    [2, [1, 2]],
    [2, [1, 2, 3]],
    [3, [1, 2, 3, 4, 5]],
    [2, [7, 300, 65_535]],
  ])('of %i of the nodes %j gives one key that every such group holds', (threshold, xs) => {
    const key = [...makeKey(native, threshold, xs).values()]
    expect(new Set(key.map(({ keyState }) => hex(keyState))).size).toBe(1)
    const { publicKey } = key[0]!.facts
    for (const group of groupsOf(key, threshold)) {
      expect(hex(points.multiplyBase(secretOf(native, group))!)).toBe(hex(publicKey))
    }
    for (const group of groupsOf(key, threshold - 1)) {
      expect(hex(points.multiplyBase(secretOf(native, group))!)).not.toBe(hex(publicKey))
    }
  })

  it.each([
    [1, [1, 2, 3]],
    [2, [1, 2, 3, 4]],
    [4, [1, 2, 3]],
  ])('refuses a threshold of %i for the nodes %j', (threshold, xs) => {
    expect(() => makeKey(native, threshold, xs)).toThrow(InvalidParticipants)
  })
})

describe('the terms of a key', () => {
  const run = keygenRuns(native, THRESHOLD, nodes(1, 2, 3)).get(parseParty(1))!
  const start = (terms: Partial<typeof TERMS>, participants = run.participants) =>
    prepareKey({ ...run, participants }, { ...TERMS, ...terms }).next([])

  it.each<[string, Partial<typeof TERMS>]>([
    ['an empty key id', { keyId: new Uint8Array() }],
    ['a key id of 65 bytes', { keyId: new Uint8Array(65) }],
    ['an epoch of 2^32', { epoch: 2 ** 32 }],
    ['an epoch below zero', { epoch: -1 }],
    ['a threshold of half the nodes', { threshold: 1.5 }],
    ['a threshold of one', { threshold: 1 }],
    ['a threshold of more than there are', { threshold: 4 }],
  ])('are refused before anything is drawn or sent: %s', (_, terms) => {
    expect(() => start(terms)).toThrow(Malformed)
  })

  it('are refused for participants that no key may have', () => {
    const [one, two, three] = run.participants
    expect(() => start({}, [two!, one!, three!])).toThrow(Malformed)
    expect(() => start({}, [one!, two!, two!])).toThrow(Malformed)
  })

  it('start the first round when they are lawful', () => {
    expect(start({}).value).toMatchObject([{ round: 1 }, { round: 1 }])
  })
})

describe('a confirmation', () => {
  it('is sent by nobody before its caller asks for it', () => {
    const runs = keygenRuns(native, THRESHOLD, nodes(1, 2, 3))
    const rounds = new Set<number>()
    driveAll(
      new Map([...runs].map(([x, run]) => [x, prepareKey(run, TERMS)])),
      (round, _f, _t, bytes) => {
        rounds.add(round)
        return bytes
      },
    )
    expect([...rounds]).toEqual([1, 2])
  })
})

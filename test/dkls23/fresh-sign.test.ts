import { secp256k1 } from '@noble/curves/secp256k1.js'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { combine } from '../../signer-node/dkls23/combine.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { freshPairingId } from '../../signer-node/dkls23/fresh-sign.ts'
import { Pairing, type PairingDeath } from '../../signer-node/dkls23/pairing.ts'
import { type Party, parseParty } from '../../signer-node/dkls23/party.ts'
import type { Protocol } from '../../signer-node/dkls23/protocol.ts'
import { SecretScope } from '../../signer-node/dkls23/secret.ts'
import type { SignatureShare } from '../../signer-node/dkls23/sign.ts'
import { makeKey } from '../kit/keys.ts'
import { abortOf, drive, driveAll, flip, nodes, vectorRandomness } from '../kit/protocol.ts'
import { dkgKey, keysharesOf, prepareSigning, vectorDigest } from '../kit/signing.ts'
import { freshSign } from '../kit/stepped.ts'

const curve = nativeCurve()
const keyshares = keysharesOf(curve, dkgKey)
const [one, two] = [parseParty(1), parseParty(2)]

afterEach(() => void vi.restoreAllMocks())

/** Signers of one session over fresh pairings, and the deaths that they record. */
function signers(name: string, xs: readonly number[] = [1, 2], key = keyshares) {
  const deaths: PairingDeath[] = []
  const setup = { curve, name, signers: xs, keyshares: key, pairings: new Map() }
  const prepared = prepareSigning(setup)
  const protocols = new Map<Party, Protocol<SignatureShare>>()
  for (const [x, { run, job }] of prepared) {
    const others = run.participants.filter((peer) => peer.x !== x)
    const randomness = new Map(
      others.map((peer) => [peer.x, vectorRandomness(`${name} with ${peer.x}`, x, curve)]),
    )
    const recordDeath = (death: PairingDeath): void => void deaths.push(death)
    protocols.set(x, freshSign(run, { ...job, randomness, recordDeath }))
  }
  return { protocols, deaths, runs: prepared }
}

/** Every pairing that is made while this runs. */
function pairingsOf(work: () => void): readonly Pairing[] {
  const made: Pairing[] = []
  const { psid } = Pairing.prototype
  Pairing.prototype.psid = function (...rest) {
    if (!made.includes(this)) made.push(this)
    return psid.apply(this, rest)
  }
  try {
    work()
  } finally {
    Pairing.prototype.psid = psid
  }
  return made
}

describe('signing over pairings made in the session', () => {
  it('gives a valid signature in six rounds, and keeps no pairing', () => {
    const rounds = new Set<number>()
    const { protocols, deaths } = signers('fresh')
    const made = pairingsOf(() => {
      const shares = driveAll(protocols, (round, _from, _to, bytes) => {
        rounds.add(round)
        return bytes
      })
      const { publicKey } = keyshares.get(one)!.facts
      const parts = [...shares.values()].map((share) => ({ ...share, publicKey }))
      const signature = combine(curve, publicKey, vectorDigest, parts)
      const compact = Uint8Array.from([...signature.r, ...signature.s])
      const isValid = secp256k1.verify(compact, vectorDigest, publicKey, { prehash: false })
      expect(isValid).toBe(true)
    })
    expect([...rounds].sort()).toEqual([1, 2, 3, 4, 5])
    expect(made).toHaveLength(2)
    expect(made.map(({ isAlive }) => isAlive)).toEqual([false, false])
    expect(deaths).toEqual([])
  })

  it('of three makes one pairing with each of the others, of these two alone', () => {
    const key = makeKey(curve, 3, [1, 2, 3])
    const { protocols } = signers('fresh of three', [1, 2, 3], key)
    const made = pairingsOf(() => {
      const shares = driveAll(protocols)
      const { publicKey } = key.get(one)!.facts
      const parts = [...shares.values()].map((share) => ({ ...share, publicKey }))
      expect(() => combine(curve, publicKey, vectorDigest, parts)).not.toThrow()
    })
    const two = (pairing: Pairing) => [pairing.self.x, pairing.peer.x].toSorted().join()
    expect(made.map(two).toSorted()).toEqual(['1,2', '1,2', '1,3', '1,3', '2,3', '2,3'])
    expect(new Set(made.map(({ id }) => Buffer.from(id).toString('hex'))).size).toBe(3)
  })

  it('names each pairing after the session and the two, whoever asks', () => {
    const three = nodes(1, 2, 3)
    const [sid, other] = [new Uint8Array(32), new Uint8Array(32).fill(1)]
    const id = freshPairingId(sid, three, [one, two])
    expect(freshPairingId(sid, three, [two, one])).toEqual(id)
    expect(freshPairingId(other, three, [one, two])).not.toEqual(id)
    expect(freshPairingId(sid, three, [one, parseParty(3)])).not.toEqual(id)
    expect(() => freshPairingId(sid, three, [one, one])).toThrow('two nodes')
  })

  it('destroys its pairings behind the fence when a check fails in round 6', () => {
    const { protocols, deaths, runs } = signers('cheated')
    let made: readonly Pairing[] = []
    const outcomes = new Map()
    made = pairingsOf(() => {
      const tampered = drive(protocols, (round, from, _to, bytes) =>
        round === 5 && from === two ? flip(bytes, 1_000) : bytes,
      )
      for (const [x, outcome] of tampered) outcomes.set(x, outcome)
    })
    expect(abortOf(outcomes, 1)).toMatchObject({ reason: 'rvole-check', remedy: 'ban', culprit: 2 })
    const { sid, participants } = runs.get(one)!.run
    const pairingId = freshPairingId(sid, participants, [one, two])
    expect(deaths).toEqual([{ pairingId, peer: 2, check: 'rvole-check' }])
    expect(made.every(({ isAlive }) => !isAlive)).toBe(true)
  })

  it('blames as the set-up and the signing do, with the rounds numbered on', () => {
    const cases = [
      [1, { reason: 'wrong-size', culprit: 2 }],
      [3, { reason: 'wrong-size', culprit: 2 }],
      [4, { reason: 'wrong-size', culprit: 2 }],
      [5, { reason: 'wrong-size', culprit: 2 }],
    ] as const
    for (const [wanted, expected] of cases) {
      const { protocols, deaths } = signers(`short ${wanted}`)
      const outcomes = drive(protocols, (round, from, _to, bytes) =>
        round === wanted && from === two ? bytes.slice(1) : bytes,
      )
      expect(abortOf(outcomes, 1)).toMatchObject(expected)
      expect(deaths).toEqual([])
    }
    const { protocols } = signers('trees')
    const outcomes = drive(protocols, (round, from, _to, bytes) =>
      round === 2 && from === two ? flip(bytes, 30_000) : bytes,
    )
    expect(abortOf(outcomes, 1)).toMatchObject({ reason: 'pprf-check', remedy: 'retry' })
  })

  it('wipes what it holds when it is ended from outside, in every round', () => {
    const { keep } = SecretScope.prototype
    const kept: (Uint8Array | Uint32Array)[] = []
    vi.spyOn(SecretScope.prototype, 'keep').mockImplementation(function (this: SecretScope, bytes) {
      kept.push(bytes)
      return keep.call(this, bytes) as typeof bytes
    })
    for (let stop = 1; stop <= 5; stop += 1) {
      const { protocols } = signers(`ended ${stop}`)
      const made = pairingsOf(() => {
        let inboxes = new Map<Party, { round: number; from: Party; bytes: Uint8Array }[]>()
        for (let round = 1; round <= stop; round += 1) {
          const next: typeof inboxes = new Map()
          for (const [from, protocol] of protocols) {
            const step = protocol.next(inboxes.get(from) ?? [])
            if (step.done === true) throw new Error('too early')
            for (const { to, bytes, round: number } of step.value) {
              const copy = Uint8Array.from(bytes)
              next.set(to, [...(next.get(to) ?? []), { round: number, from, bytes: copy }])
            }
          }
          inboxes = next
        }
        expect(kept.some((bytes) => bytes.some((byte) => byte !== 0))).toBe(true)
        const over = new Error('over')
        for (const protocol of protocols.values()) expect(() => protocol.throw(over)).toThrow(over)
      })
      // The secrets of signing as well as those of the set-ups.
      expect(kept.splice(0).every((bytes) => bytes.every((byte) => byte === 0))).toBe(true)
      expect(made).toHaveLength(stop > 3 ? 2 : 0)
      expect(made.every(({ isAlive }) => !isAlive)).toBe(true)
    }
  })

  it('needs randomness for every other signer, and hears nobody else', () => {
    const { runs } = signers('alone')
    const { run, job } = runs.get(one)!
    const none = { ...job, randomness: new Map(), recordDeath: () => {} }
    expect(() => freshSign(run, none).next([])).toThrow('no randomness')
    const { protocols } = signers('stranger')
    const protocol = protocols.get(one)!
    protocol.next([])
    const inbox = [{ round: 1, from: parseParty(3), bytes: new Uint8Array(1) }]
    expect(() => protocol.next(inbox)).toThrow('no place')
  })
})

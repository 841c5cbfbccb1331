import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { Pairing } from '../../signer-node/dkls23/pairing.ts'
import { parseParty } from '../../signer-node/dkls23/party.ts'
import { type Deaths, dealPairings } from '../kit/pairings.ts'
import { nodes } from '../kit/protocol.ts'
import { hex } from '../kit/vectors.ts'

const dealt = (deaths: Deaths = []) => dealPairings([1, 2], deaths).get(parseParty(1))!
const pairingWith2 = (deaths?: Deaths): Pairing => dealt(deaths).get(parseParty(2))!

describe('a pairing', () => {
  it('lives while every verdict is good', () => {
    const deaths: Deaths = []
    const pairing = pairingWith2(deaths)
    for (const check of ['ot-check', 'rvole-check', 'gamma-check'] as const) {
      pairing.judge(check, true)
    }
    expect(pairing.isAlive).toBe(true)
    expect(deaths).toEqual([])
  })

  it.each(['ot-check', 'rvole-check', 'gamma-check'] as const)(
    'dies of one failed %s: secrets wiped, death recorded, peer banned',
    (check) => {
      const deaths: Deaths = []
      const pairing = pairingWith2(deaths)
      const { delta, senderLeaves, receiverLeaves, zeroSeed } = pairing.secrets
      expect(() => pairing.judge(check, false)).toThrow(
        expect.objectContaining({ reason: check, remedy: 'ban', culprit: 2 }),
      )
      const death = { pairingId: pairing.id, peer: 2, check }
      expect(deaths).toEqual([{ by: 1, death }])
      for (const secret of [delta, senderLeaves, receiverLeaves, zeroSeed]) {
        expect(secret.every((byte) => byte === 0)).toBe(true)
      }
    },
  )

  it('is dead, and its secrets are gone, before the record of its death is written', () => {
    const { self, peer, id, secrets } = pairingWith2()
    const seen: boolean[] = []
    const pairing: Pairing = new Pairing({ id, self, peer }, secrets, () => {
      seen.push(pairing.isAlive)
      expect(() => pairing.secrets).toThrow('the pairing was destroyed')
      throw new Error('disk full')
    })
    expect(() => pairing.judge('ot-check', false)).toThrow('disk full')
    expect(seen).toEqual([false])
    expect(pairing.isAlive).toBe(false)
  })

  it('takes no further verdict once dead, good or bad, and records one death', () => {
    const deaths: Deaths = []
    const pairing = pairingWith2(deaths)
    expect(() => pairing.judge('ot-check', false)).toThrow()
    for (const hasPassed of [true, false]) {
      expect(() => pairing.judge('rvole-check', hasPassed)).toThrow(
        expect.objectContaining({ reason: 'pairing-dead', remedy: 'retry', culprit: undefined }),
      )
    }
    expect(deaths).toHaveLength(1)
  })

  it('can be thrown away without a verdict, and then refuses too', () => {
    const deaths: Deaths = []
    const pairing = pairingWith2(deaths)
    pairing[Symbol.dispose]()
    expect(() => pairing.secrets).toThrow('the pairing was destroyed')
    expect(deaths).toEqual([])
  })

  it('keeps copies, so that wiping what it was made from does not change it', () => {
    const { self, peer, id, secrets } = pairingWith2()
    const delta = Uint8Array.from(secrets.delta)
    const pairing = new Pairing({ id, self, peer }, secrets, () => {})
    secrets.delta.fill(0)
    expect(pairing.secrets.delta).toEqual(delta)
  })

  it('is never printed or serialized with its secrets', () => {
    const pairing = pairingWith2()
    const printed = inspect(pairing, { depth: 9 }) + JSON.stringify(pairing)
    for (const secret of Object.values(pairing.secrets)) {
      expect(printed).not.toContain([...secret.slice(0, 4)].join(', '))
      expect(printed).not.toContain(hex(secret.slice(0, 8)))
    }
  })

  it('has another Delta with every peer and in every direction (A5)', () => {
    const all = dealPairings(nodes(1, 2, 3).map(({ x }) => x))
    const deltas = [...all.values()].flatMap((peers) =>
      [...peers.values()].map(({ secrets }) => hex(secrets.delta)),
    )
    expect(deltas).toHaveLength(6)
    expect(new Set(deltas).size).toBe(6)
  })
})

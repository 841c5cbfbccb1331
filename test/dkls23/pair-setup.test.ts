import { beforeAll, describe, expect, it } from 'vitest'
import { pairsLayout } from '../../signer-node/dkls23/base-ot.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { sizeOf } from '../../signer-node/dkls23/layout.ts'
import { setUpPairing } from '../../signer-node/dkls23/pair-setup.ts'
import type { Pairing } from '../../signer-node/dkls23/pairing.ts'
import { parseParty } from '../../signer-node/dkls23/party.ts'
import { choiceBit, PPRF_MESSAGE_BYTES } from '../../signer-node/dkls23/pprf.ts'
import { sha256 } from '../../signer-node/dkls23/transcript.ts'
import { pairRuns } from '../kit/pairings.ts'
import { abortOf, drive, driveAll, flip, nodes, type Tamper } from '../kit/protocol.ts'
import { hex, vector } from '../kit/vectors.ts'

const curve = nativeCurve()
const BASE_OT_MESSAGE_BYTES = sizeOf([pairsLayout(curve)])
const [one, two] = [parseParty(1), parseParty(2)]

function setups(options?: Parameters<typeof pairRuns>[2]) {
  const runs = pairRuns(curve, [1, 2], options)
  return new Map([...runs].map(([x, run]) => [x, setUpPairing(run, () => {})]))
}

/** Changes what party 2 sends to party 1 in one round; party 1 is the one that judges. */
const tamperWith = (round: number, change: (bytes: Uint8Array) => Uint8Array): Tamper => {
  return (r, from, _to, bytes) => (r === round && from === two ? change(bytes) : bytes)
}

describe('pair setup, run pair-1-2 of the vectors', () => {
  const sent = new Map<string, Uint8Array>()
  let pairings: ReadonlyMap<number, Pairing>
  beforeAll(() => {
    pairings = driveAll(setups(), (round, from, _to, bytes) => {
      sent.set(`P${round} ${from}`, bytes)
      return bytes
    })
  })

  it('sends the messages of the vectors', () => {
    for (const name of ['P1 1', 'P1 2', 'P2 1', 'P2 2']) {
      expect(hex(sha256(sent.get(name)!))).toBe(vector(name))
    }
    for (const x of [1, 2]) expect(hex(sent.get(`P3 ${x}`)!)).toBe(vector('P3'))
  })

  it.each([1, 2])('leaves party %i with the Delta, leaves and seed of the vectors', (x) => {
    const { id, secrets } = pairings.get(x)!
    expect(hex(id)).toBe(vector('pairing id'))
    expect(hex(secrets.delta)).toBe(vector(`Delta ${x}`))
    expect(hex(sha256(secrets.receiverLeaves))).toBe(vector(`leaves of ${x} as B`))
    expect(hex(secrets.zeroSeed)).toBe(vector('z_12'))
  })

  it('blames a first message whose point is not on the curve, or too long', () => {
    const offCurve = tamperWith(1, (bytes) => Uint8Array.from(bytes).fill(0xff, 1, 33))
    const longer = tamperWith(1, (bytes) => Uint8Array.from([...bytes, 0]))
    expect(abortOf(drive(setups(), offCurve), 1)).toMatchObject({ reason: 'malformed', culprit: 2 })
    expect(abortOf(drive(setups(), longer), 1)).toMatchObject({ reason: 'wrong-size', culprit: 2 })
  })

  it('blames a part of the zero seed that does not open its commitment', () => {
    const at = BASE_OT_MESSAGE_BYTES + PPRF_MESSAGE_BYTES
    for (const position of [at, at + 32]) {
      const outcomes = drive(
        setups(),
        tamperWith(2, (bytes) => flip(bytes, position)),
      )
      expect(abortOf(outcomes, 1)).toMatchObject({
        reason: 'commitment',
        remedy: 'fault',
        culprit: 2,
      })
    }
  })

  it('blames a commitment of the peer that is my own, copied (A28)', () => {
    const copied = (bytes: Uint8Array): Uint8Array => {
      const mine = sent.get('P1 1')!.slice(BASE_OT_MESSAGE_BYTES)
      return Uint8Array.from([...bytes.slice(0, BASE_OT_MESSAGE_BYTES), ...mine])
    }
    expect(abortOf(drive(setups(), tamperWith(1, copied)), 1)).toMatchObject({
      reason: 'commitment',
      culprit: 2,
    })
  })

  it('throws the setup away, to be tried again, when a tree is inconsistent (A10)', () => {
    const digest = BASE_OT_MESSAGE_BYTES + PPRF_MESSAGE_BYTES - 1
    const outcomes = drive(
      setups(),
      tamperWith(2, (bytes) => flip(bytes, digest)),
    )
    expect(abortOf(outcomes, 1)).toMatchObject({
      reason: 'pprf-check',
      remedy: 'retry',
      culprit: 2,
    })
  })

  it('blames nobody when the confirmations differ', () => {
    // A correction that party 1 does not read passes its check; the confirmations tell it.
    const delta = pairings.get(1)!.secrets.delta
    const unread = BASE_OT_MESSAGE_BYTES + 32 * (1 ^ choiceBit(delta, 1))
    const outcomes = drive(
      setups(),
      tamperWith(2, (bytes) => flip(bytes, unread)),
    )
    for (const x of [1, 2]) {
      expect(abortOf(outcomes, x)).toMatchObject({ reason: 'view-mismatch', remedy: 'retry' })
      expect(abortOf(outcomes, x).culprit).toBeUndefined()
    }
  })

  it('makes everything anew in the next attempt, both directions apart (A5)', () => {
    const again = driveAll(setups({ name: 'pair-1-2 again', attempt: 2 }))
    const deltas = [...pairings.values(), ...again.values()].map(({ secrets }) => secrets.delta)
    expect(new Set(deltas.map(hex)).size).toBe(4)
    expect(hex(again.get(one)!.id)).not.toBe(vector('pairing id'))
    expect(hex(again.get(one)!.secrets.zeroSeed)).toBe(hex(again.get(two)!.secrets.zeroSeed))
  })

  it('is made by exactly two nodes', () => {
    const run = pairRuns(curve, [1, 2]).get(one)!
    for (const participants of [nodes(1), nodes(1, 2, 3)]) {
      expect(() => setUpPairing({ ...run, participants }, () => {}).next()).toThrow(RangeError)
    }
  })

  it('wipes its secrets when it is ended early', () => {
    const run = pairRuns(curve, [1, 2]).get(one)!
    const kept: Uint8Array[] = []
    const { randomness } = run
    const draw = randomness.bytes.bind(randomness)
    randomness.bytes = (...request) => {
      const drawn = draw(...request)
      kept.push(drawn)
      return drawn
    }
    const setup = setUpPairing(run, () => {})
    setup.next()
    const [delta, zeroPart] = kept
    expect(delta!.some((byte) => byte !== 0)).toBe(true)
    setup.return(undefined as never)
    for (const secret of [delta!, zeroPart!]) expect(secret.every((byte) => byte === 0)).toBe(true)
  })
})

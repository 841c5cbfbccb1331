import { describe, expect, it } from 'vitest'
import { bitAt } from '../../signer-node/dkls23/bits.ts'
import { ascii, concat, Malformed } from '../../signer-node/dkls23/bytes.ts'
import { type Curve, ORDER, type Scalar } from '../../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { decodeAs, encodeAs } from '../../signer-node/dkls23/layout.ts'
import {
  answer,
  finish,
  gadgetOf,
  type MultiplicationRun,
  PRODUCT_MESSAGE_BYTES,
  productLayout,
  request,
  type ScalarPair,
} from '../../signer-node/dkls23/multiplication.ts'
import { extendAsReceiver } from '../../signer-node/dkls23/ot-extension.ts'
import { EXTENDED_OTS, PAD_BYTES, TAIL_BYTES } from '../../signer-node/dkls23/params.ts'
import { parseParty } from '../../signer-node/dkls23/party.ts'
import { hashToScalar, sha256 } from '../../signer-node/dkls23/transcript.ts'
import { type Deaths, dealPairings } from '../kit/pairings.ts'
import { flip, vectorRandomness } from '../kit/protocol.ts'
import { twins } from '../kit/twins.ts'
import { hex, unhex, vector } from '../kit/vectors.ts'

const sid = sha256(ascii('multiplication'))
const [alice, bob] = [parseParty(1), parseParty(2)]

/** One multiplication between fresh pairings: party 1 sends, party 2 receives. */
function setUp(curve: Curve, name = 'multiply', deaths: Deaths = []) {
  const pairings = dealPairings([1, 2], deaths)
  const runOf = (self: typeof alice, peer: typeof alice): MultiplicationRun => ({
    sid,
    curve,
    randomness: vectorRandomness(name, self, curve),
    pairing: pairings.get(self)!.get(peer)!,
  })
  return { sender: runOf(alice, bob), receiver: runOf(bob, alice) }
}

const inputsOf = (curve: Curve): ScalarPair => [
  hashToScalar(curve, 'gadget', 'a0'),
  hashToScalar(curve, 'gadget', 'a1'),
]

const ban = (check: string, culprit: number) =>
  expect.objectContaining({ reason: check, remedy: 'ban', culprit })

describe.each(twins)('a multiplication on the $name twin', (curve) => {
  const inputs = inputsOf(curve)
  const { add, multiply } = curve.scalars

  it('ends with shares that add up to both products', () => {
    const { sender, receiver } = setUp(curve)
    const pending = request(receiver)
    const { shares, product } = answer(sender, inputs, pending.message)
    const theirs = finish(receiver, pending, product)
    inputs.forEach((input, i) => {
      const sum = add(shares[i]!, theirs[i]!)
      expect(hex(sum)).toBe(hex(multiply(input, pending.factor)))
    })
  })

  it('uses the fixed gadget of the vectors', () => {
    const packed = curve.tables.encodeTable(gadgetOf(curve))
    expect(hex(packed.slice(0, 32))).toBe(vector('g_0'))
    expect(hex(packed.slice(-32))).toBe(vector('g_511'))
    expect(hex(sha256(packed))).toBe(vector('g_0..g_511'))
    expect(gadgetOf(curve)).toBe(gadgetOf(curve))
  })
})

describe('a multiplication', () => {
  const curve = nativeCurve()
  const inputs = inputsOf(curve)
  const { sender, receiver } = setUp(curve)
  const pending = request(receiver)
  const { product } = answer(sender, inputs, pending.message)
  const bytes = encodeAs(productLayout(curve), product)
  /** Lets a fresh copy of the receiver's pairing judge a product. */
  const finishWith = (changed: Uint8Array) =>
    finish(setUp(curve).receiver, pending, decodeAs(productLayout(curve), changed))

  it('has one encoding, of the exact size, and refuses every other', () => {
    expect(bytes.length).toBe(PRODUCT_MESSAGE_BYTES)
    expect(encodeAs(productLayout(curve), decodeAs(productLayout(curve), bytes))).toEqual(bytes)
    const longer = concat(bytes, Uint8Array.of(0))
    expect(() => decodeAs(productLayout(curve), longer)).toThrow(Malformed)
    expect(() => decodeAs(productLayout(curve), bytes.slice(1))).toThrow(Malformed)
  })

  it.each([0, 511 * PAD_BYTES, EXTENDED_OTS * PAD_BYTES])(
    'refuses a scalar at byte %i that is not below the order',
    (at) => {
      const changed = Uint8Array.from(bytes)
      changed.set(unhex(ORDER.toString(16)), at)
      expect(() => decodeAs(productLayout(curve), changed)).toThrow(Malformed)
    },
  )

  it('bans a sender that used another input in row j whenever beta has bit j (A12)', () => {
    const rows = Array.from({ length: 24 }, (_, i) => 21 * i)
    const verdicts = rows.map((j) => {
      const at = j * PAD_BYTES
      const entry = curve.scalars.decodeScalar(bytes.slice(at, at + 32))
      const changed = Uint8Array.from(bytes)
      changed.set(curve.scalars.add(entry, curve.scalars.one), at)
      // A cheater can redo everything that follows from the correction except the proof's theta.
      const forged = forgeProof(changed)
      try {
        finishWith(forged)
        return 0
      } catch (thrown) {
        expect(thrown).toEqual(ban('rvole-check', 1))
        return 1
      }
    })
    expect(verdicts).toEqual(rows.map((j) => bitAt(pending.beta, j)))
    expect(new Set(verdicts).size).toBe(2)
  })

  /** What the sender would have sent with this correction: eta and mu under the new theta. */
  function forgeProof(changed: Uint8Array): Uint8Array {
    const correction = changed.slice(0, EXTENDED_OTS * PAD_BYTES)
    const tables = curve.tables
    const forging: Curve = {
      ...curve,
      tables: { ...tables, correct: () => tables.decodeTable(correction, 3) },
    }
    const cheat = setUp(forging).sender
    return encodeAs(productLayout(curve), answer(cheat, inputs, pending.message).product)
  }

  it.each([
    ['the correction', 5 * PAD_BYTES + 31],
    ['eta', EXTENDED_OTS * PAD_BYTES + 31],
    ['mu', PRODUCT_MESSAGE_BYTES - 1],
  ])('bans the sender for a change of %s', (_, at) => {
    expect(() => finishWith(flip(bytes, at))).toThrow(ban('rvole-check', 1))
    expect(finishWith(bytes)).toHaveLength(2)
  })

  it('bans a receiver whose extension fails its check, and answers nothing', () => {
    const deaths: Deaths = []
    const cheated = setUp(curve, 'multiply', deaths).sender
    expect(() => answer(cheated, inputs, flip(pending.message, 200))).toThrow(ban('ot-check', 2))
    expect(deaths).toMatchObject([{ by: 1, death: { peer: 2, check: 'ot-check' } }])
    expect(cheated.pairing.isAlive).toBe(false)
    expect(() => answer(cheated, inputs, pending.message)).toThrow(
      expect.objectContaining({ reason: 'pairing-dead', remedy: 'retry' }),
    )
  })

  it('takes its challenge from the whole correction (A13)', () => {
    const seen: (readonly Scalar[])[] = []
    const noting: Curve = {
      ...curve,
      tables: {
        ...curve.tables,
        combineRows: (table, weights) => {
          seen.push(weights)
          return curve.tables.combineRows(table, weights)
        },
      },
    }
    const corrections = [0, PAD_BYTES + 7, EXTENDED_OTS * PAD_BYTES - 1]
    for (const at of corrections) {
      const watched = { ...setUp(curve).receiver, curve: noting }
      const changed = decodeAs(productLayout(curve), flip(bytes, at))
      expect(() => finish(watched, pending, changed)).toThrow()
    }
    expect(new Set(seen.map(([first]) => hex(first!))).size).toBe(corrections.length)
    expect(hex(seen[0]![0]!)).not.toBe(hex(seen[0]![1]!))
  })

  it('draws fresh choices once in a session, and uses none of the other direction (A11)', () => {
    const { receiver: again } = setUp(curve)
    request(again)
    expect(() => request(again)).toThrow('drawn twice')
    const layers = ['base-ot', 'pprf', 'ote', 'rvole'] as const
    const ids = layers.flatMap((layer) => [
      sender.pairing.psid(sid, 'sender', layer),
      sender.pairing.psid(sid, 'receiver', layer),
    ])
    expect(new Set(ids.map(hex)).size).toBe(ids.length)
    for (const layer of layers) {
      const [ofSender, ofReceiver] = [
        sender.pairing.psid(sid, 'sender', layer),
        receiver.pairing.psid(sid, 'receiver', layer),
      ]
      expect(ofSender).toEqual(ofReceiver)
    }
  })

  it('never gives twice the input for complementary choices under one session id (A9)', () => {
    const first = decodeAs(productLayout(curve), bytes)
    const { sender: repeated, receiver: twin } = setUp(curve)
    const psid = twin.pairing.psid(sid, 'receiver', 'ote')
    const complement = pending.beta.map((byte) => byte ^ 0xff)
    const tail = new Uint8Array(TAIL_BYTES).fill(9)
    const leaves = twin.pairing.secrets.receiverLeaves
    const other = extendAsReceiver({ curve, psid }, leaves, complement, tail)
    const second = answer(repeated, inputs, other.message).product
    const twice = hex(curve.scalars.add(inputs[0], inputs[0]))
    for (let j = 0; j < EXTENDED_OTS; j++) {
      const entryOf = (correction: Uint8Array): Scalar =>
        curve.scalars.decodeScalar(correction.slice(j * PAD_BYTES, j * PAD_BYTES + 32))
      const sum = curve.scalars.add(entryOf(first.correction), entryOf(second.correction))
      expect(hex(sum)).not.toBe(twice)
    }
  })
})

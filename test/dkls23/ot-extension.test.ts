import { describe, expect, it } from 'vitest'
import { bitAt } from '../../signer-node/dkls23/bits.ts'
import { ascii, chunks, Malformed, u16 } from '../../signer-node/dkls23/bytes.ts'
import {
  checkExtension,
  EXTENSION_MESSAGE_BYTES,
  extendAsReceiver,
  padsOf,
} from '../../signer-node/dkls23/ot-extension.ts'
import {
  BETA_BYTES,
  CHECK_BITS,
  COLUMN_BYTES,
  EXTENDED_OTS,
  LEAVES,
  PAD_BYTES,
  TAIL_BYTES,
  TREES,
} from '../../signer-node/dkls23/params.ts'
import { puncturedLeaf } from '../../signer-node/dkls23/pprf.ts'
import { expand, FixedHash, sha256 } from '../../signer-node/dkls23/transcript.ts'
import { multiplyField } from '../kit/gf128.ts'
import { dealTrees } from '../kit/pairings.ts'
import { flip } from '../kit/protocol.ts'
import { native, noble } from '../kit/twins.ts'
import { hex } from '../kit/vectors.ts'

const { delta, senderLeaves, allLeaves } = dealTrees('extension')
const psid = sha256(ascii('extension'))
const beta = expand('rng', BETA_BYTES, 'beta')
const tail = expand('rng', TAIL_BYTES, 'tail')
const CORRECTIONS = TREES * COLUMN_BYTES

describe.each([native, noble])('OT extension on the $name twin', (curve) => {
  const received = extendAsReceiver({ curve, psid }, allLeaves, beta, tail)
  const checked = checkExtension({ curve, psid }, delta, senderLeaves, received.message)
  const verdict = (message: Uint8Array): boolean =>
    checkExtension({ curve, psid }, delta, senderLeaves, message).isConsistent

  it('gives the sender both pads and the receiver the one that beta chose', () => {
    expect(checked.isConsistent).toBe(true)
    expect(checked.binding).toEqual(received.binding)
    const zero = chunks(padsOf(curve, checked.binding, checked.rows), PAD_BYTES)
    const one = chunks(padsOf(curve, checked.binding, checked.rows, delta), PAD_BYTES)
    chunks(received.pads, PAD_BYTES).forEach((pad, j) => {
      const [chosen, other] = bitAt(beta, j) === 0 ? [zero, one] : [one, zero]
      expect(hex(pad)).toBe(hex(chosen[j]!))
      expect(hex(pad)).not.toBe(hex(other[j]!))
    })
    expect(new Set([...zero, ...one].map(hex)).size).toBe(2 * EXTENDED_OTS)
  })

  it('sends what a second, slow computation of the message gives', () => {
    expect(hex(slowMessage([]))).toBe(hex(received.message))
  })

  it('passes other choices in one tree exactly when the cheater guessed Delta there (A2)', () => {
    for (const tree of [0, 1, TREES - 1]) {
      const passed = [0, 1, 2, 3].filter((guess) => verdict(slowMessage([{ tree, guess }])))
      expect(passed).toEqual([puncturedLeaf(delta, tree)])
    }
  })

  it('passes other choices in several trees only when every guess is right (A3)', () => {
    const right = [3, 50, 90].map((tree) => ({ tree, guess: puncturedLeaf(delta, tree) }))
    expect(verdict(slowMessage(right))).toBe(true)
    for (const wrong of right) {
      const guesses = right.map((cheat) =>
        cheat === wrong ? { ...cheat, guess: cheat.guess ^ 1 } : cheat,
      )
      expect(verdict(slowMessage(guesses))).toBe(false)
    }
  })

  it('refuses a changed correction in any tree', () => {
    for (const position of [0, 79, 80, CORRECTIONS - 1]) {
      expect(verdict(flip(received.message, position))).toBe(false)
    }
  })

  it.each([
    ['x~', CORRECTIONS],
    ['the first row of t~', CORRECTIONS + TAIL_BYTES],
    ['the last bit of t~', EXTENSION_MESSAGE_BYTES - 1],
  ])('refuses a change of %s', (_, at) => {
    expect(verdict(flip(received.message, at, 0x80))).toBe(false)
  })

  it.each([EXTENSION_MESSAGE_BYTES - 1, EXTENSION_MESSAGE_BYTES + 1])(
    'refuses %i bytes before any arithmetic',
    (length) => {
      const message = new Uint8Array(length)
      expect(() => checkExtension({ curve, psid }, delta, senderLeaves, message)).toThrow(Malformed)
    },
  )

  it('hides the choices: the sums change with the random tail and with nothing else fixed', () => {
    const again = extendAsReceiver(
      { curve, psid },
      allLeaves,
      beta,
      expand('rng', TAIL_BYTES, 'another'),
    )
    const [sums, others] = [received, again].map(({ message }) => hex(message.slice(CORRECTIONS)))
    expect(sums).not.toBe(others)
    expect(again.message.length - CORRECTIONS).toBe(TAIL_BYTES + CHECK_BITS * 32)
  })

  it('adds the random tail to the sum of the choices as it is, so that the sum tells nothing (A3)', () => {
    const weights = expand('rng', 64, 'weights of the tail')
    const sum = (end: Uint8Array): Uint8Array =>
      curve.extension.weighColumn(Uint8Array.from([...beta, ...end]), weights)
    const bare = sum(new Uint8Array(TAIL_BYTES))
    expect(sum(tail).map((byte, i) => byte ^ bare[i]!)).toEqual(tail)
    expect(bare.some((byte) => byte !== 0)).toBe(true)
  })

  it('makes other pads for another message or session (A9)', () => {
    const otherChoices = beta.map((byte) => byte ^ 0xff)
    const second = extendAsReceiver({ curve, psid }, allLeaves, otherChoices, tail)
    const third = extendAsReceiver({ curve, psid: sha256(psid) }, allLeaves, beta, tail)
    expect(second.binding).not.toEqual(received.binding)
    const all = [received, second, third].flatMap(({ pads }) => chunks(pads, PAD_BYTES).map(hex))
    expect(new Set(all).size).toBe(3 * EXTENDED_OTS)
    const rows = [received, third].map(({ message }) => hex(message.slice(0, COLUMN_BYTES)))
    expect(new Set(rows).size).toBe(2)
  })

  it('makes different pads of equal rows (A8)', () => {
    const rows = new Uint8Array(checked.rows.length)
    const pads = chunks(padsOf(curve, received.binding, rows), PAD_BYTES)
    expect(new Set(pads.map(hex)).size).toBe(EXTENDED_OTS)
    expect(rows.every((byte) => byte === 0)).toBe(true)
  })
})

describe('the compiled extension', () => {
  it('gives the bytes of the plain one in every step', () => {
    const choices = expand('rng', COLUMN_BYTES, 'choices')
    const weights = expand('rng', 64, 'weights')
    const results = [native, noble].map(({ extension }) => {
      const own = extension.expandOwn(psid, allLeaves, choices)
      const rows = extension.expandKnown(psid, delta, senderLeaves, own.corrections)
      const sums = [own.rows, rows].map((matrix) => extension.weigh(matrix, weights))
      const column = extension.weighColumn(choices, weights)
      const claimed = { rowSums: sums[0]!, choiceSum: column }
      const pads = [own.rows, rows].map((matrix) => extension.pads(psid, matrix, delta))
      const verdicts = [claimed, { ...claimed, choiceSum: flip(column, 15, 0x80) }].map((claim) =>
        extension.agree(sums[1]!, claim, delta),
      )
      expect(verdicts).toEqual([true, false])
      return [own.corrections, own.rows, rows, ...sums, column, ...pads].map(hex)
    })
    expect(results[0]).toEqual(results[1])
  })

  it('takes operands of exactly their lengths', () => {
    const { extension } = native
    const [rows, weights, column] = [20480, 64, 80].map((length) => new Uint8Array(length))
    const claimed = { rowSums: new Uint8Array(4096), choiceSum: new Uint8Array(16) }
    const short = new Uint8Array(31)
    const calls = [
      () => extension.expandOwn(psid, short, column!),
      () => extension.expandOwn(psid, allLeaves, short),
      () => extension.expandKnown(psid, short, senderLeaves, new Uint8Array(CORRECTIONS)),
      () => extension.expandKnown(psid, delta, short, new Uint8Array(CORRECTIONS)),
      () => extension.expandKnown(psid, delta, senderLeaves, short),
      () => extension.weigh(short, weights!),
      () => extension.weigh(rows!, short),
      () => extension.weighColumn(short, weights!),
      () => extension.weighColumn(column!, short),
      () => extension.agree(short, claimed, delta),
      () => extension.agree(claimed.rowSums, { ...claimed, rowSums: short }, delta),
      () => extension.agree(claimed.rowSums, { ...claimed, choiceSum: short }, delta),
      () => extension.agree(claimed.rowSums, claimed, short),
      () => extension.pads(psid, short, delta),
      () => extension.pads(psid, rows!, short),
      () => extension.pads(short, rows!, delta),
    ]
    for (const call of calls) expect(call).toThrow(RangeError)
    expect(extension.agree(claimed.rowSums, claimed, delta)).toBe(true)
  })
})

interface Cheat {
  readonly tree: number
  /** What the cheater takes Delta_i for. */
  readonly guess: number
}

/**
 * The receiver's message with big integers, straight from 1.8. In the trees of the cheats it uses
 * other choices, x ^ 1, and bends t~ so that a right guess of Delta_i makes up for it.
 */
function slowMessage(cheats: readonly Cheat[]): Uint8Array {
  const x = toInteger([...beta, ...tail])
  const oracle = new FixedHash('ote-prg', psid)
  const matrix: bigint[] = []
  const corrections = [...Array(TREES).keys()].flatMap((tree) => {
    const rows = [0, 1, 2, 3].map((y) => {
      const leaf = allLeaves.slice((tree * LEAVES + y) * 32, (tree * LEAVES + y + 1) * 32)
      return toInteger(oracle.digest(leaf, tree, y))
    })
    const [, first, second, third] = rows
    matrix.push(first! ^ third!, second! ^ third!)
    const bend = cheats.some((cheat) => cheat.tree === tree) ? 1n : 0n
    return toLittleEndian(
      rows.reduce((all, row) => all ^ row, x ^ bend),
      COLUMN_BYTES,
    )
  })
  const parameters = [2, 256, 512, 128].flatMap((value) => [...u16(value)])
  const packed = Uint8Array.from(corrections)
  const weights = expand('ote-chi', 64, psid, Uint8Array.from(parameters), packed)
  const sums = matrix.map((column, w) => {
    const cheat = cheats.find(({ tree }) => tree === w >> 1)
    const isBent = cheat !== undefined && (cheat.guess >> (w & 1)) & 1
    return weighed(column, weights) ^ (isBent ? weighed(1n, weights) : 0n)
  })
  const rowSums = [...Array(CHECK_BITS).keys()].flatMap((p) => {
    const row = sums.reduce((all, sum, w) => all | (((sum >> BigInt(p)) & 1n) << BigInt(w)), 0n)
    return toLittleEndian(row, 32)
  })
  return Uint8Array.from([...corrections, ...toLittleEndian(weighed(x, weights), 16), ...rowSums])
}

/** sum_j chi_j * x^_j + x^_{m+1}. */
function weighed(column: bigint, weights: Uint8Array): bigint {
  const block = (j: number): bigint => (column >> BigInt(128 * j)) & (2n ** 128n - 1n)
  return [0, 1, 2, 3].reduce((sum, j) => {
    return sum ^ multiplyField(toInteger(weights.slice(16 * j, 16 * j + 16)), block(j))
  }, block(4))
}

function toInteger(bytes: Iterable<number>): bigint {
  return BigInt(`0x${Buffer.from([...bytes].reverse()).toString('hex')}`)
}

function toLittleEndian(value: bigint, length: number): readonly number[] {
  return [...Buffer.from(value.toString(16).padStart(2 * length, '0'), 'hex')].reverse()
}

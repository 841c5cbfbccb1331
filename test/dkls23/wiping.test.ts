import { afterEach, describe, expect, it, vi } from 'vitest'
import { offer, pairsLayout } from '../../signer-node/dkls23/base-ot.ts'
import { Operands } from '../../signer-node/dkls23/core.ts'
import type { Scalar } from '../../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { confirmKey, prepareKey } from '../../signer-node/dkls23/keygen.ts'
import { decodeAs } from '../../signer-node/dkls23/layout.ts'
import { setUpPairing } from '../../signer-node/dkls23/pair-setup.ts'
import { directionalSessionId, type Pairing } from '../../signer-node/dkls23/pairing.ts'
import { parseParty } from '../../signer-node/dkls23/party.ts'
import { hashToScalar, sha256 } from '../../signer-node/dkls23/transcript.ts'
import { keygenRuns, keyTerms } from '../kit/keys.ts'
import { pairRuns } from '../kit/pairings.ts'
import { abortOf, drive, flip, nodes, type Tamper, vectorRandomness } from '../kit/protocol.ts'
import { hex, unhex } from '../kit/vectors.ts'
import {
  forget,
  Memory,
  type Needles,
  rowsOf,
  type Sent,
  secretsOf,
  tap,
  watched,
} from './memory.ts'

const curve = nativeCurve()
const [one, two] = [parseParty(1), parseParty(2)]

afterEach(() => void vi.restoreAllMocks())

describe('a memory that is watched', () => {
  it('finds a secret wherever the code put it, and no longer once it is wiped', () => {
    const memory = new Memory()
    const secret = Buffer.alloc(32, 'a secret of 32 bytes')
    const made = memory.watch(() => {
      const bytes = new Uint8Array(64)
      bytes.set(secret, 17)
      const copies = [bytes.slice(), bytes.map((byte) => byte), Uint8Array.from(bytes)]
      return [bytes, new Uint32Array(copies[0]!.buffer), ...copies]
    })
    for (const array of made) {
      expect(memory.find([['it', secret]])).toEqual(['it'])
      array.fill(0)
    }
    expect(memory.find([['it', secret]])).toEqual([])
    expect(new Uint8Array(1).constructor).toBe(Uint8Array)
  })
})

describe('the memory of the compiled module', () => {
  const secret = sha256(Buffer.from('an operand'))

  it('is searched too, holds operands while a call runs and nothing afterwards', () => {
    const memory = new Memory()
    const operands = new Operands(new Uint8Array(100), secret)
    expect(memory.find([['it', secret]])).toEqual(['it'])
    operands[Symbol.dispose]()
    expect(memory.find([['it', secret]])).toEqual([])
  })

  it('serves one caller at a time and refuses what does not fit', () => {
    using operands = new Operands(secret)
    expect(() => new Operands(secret)).toThrow('in use')
    operands[Symbol.dispose]()
    expect(() => new Operands(new Uint8Array(2 ** 20))).toThrow(RangeError)
    new Operands(secret)[Symbol.dispose]()
  })
})

describe('a shared point of the native twin', () => {
  const { scalars, points } = curve
  const point = points.multiplyBase(scalars.fromNumber(1234))!
  const k = hashToScalar(curve, 'gadget', 'shared')

  it.each([['sharedX', () => points.sharedX(point, k)]] as const)(
    'is in the result of %s alone',
    (_, compute) => {
      const x = Buffer.from(points.sharedX(point, k))
      const memory = new Memory()
      const result = memory.watch(compute)
      expect(memory.find([['it', x]])).toEqual(['it'])
      result.fill(0)
      expect(memory.find([['it', x]])).toEqual([])
    },
  )
})

describe('key making', () => {
  /** Party 1 of three makes a key and is watched. */
  function makeWatched(tamper?: Tamper) {
    const memory = new Memory()
    const tapped = tap(curve)
    const sent: Sent = []
    const received: Uint8Array[] = []
    const listening: Tamper = (round, from, to, bytes) => {
      if (to === one) received.push(round === 2 ? bytes.slice(0, -32) : bytes.slice())
      return tamper?.(round, from, to, bytes) ?? bytes
    }
    const runs = [...keygenRuns(curve, 2, nodes(1, 2, 3))]
    const parties = runs.map(([x, run]) => {
      if (x !== one) return [x, prepareKey(run, keyTerms(2))] as const
      const randomness = vectorRandomness('dkg', 1, tapped.curve)
      const own = prepareKey({ ...run, curve: tapped.curve, randomness }, keyTerms(2))
      return [x, watched(memory, own, sent)] as const
    })
    const outcomes = drive(new Map(parties), listening)
    // The share at the end of the second message is for one peer only: it is no publication.
    const open = sent.map(({ round, bytes }) => (round === 2 ? bytes.subarray(0, -32) : bytes))
    const shares = sent.filter(({ round }) => round === 2).map(({ bytes }) => bytes.subarray(-32))
    const random = vectorRandomness('dkg', 1, curve)
    const nonces = [0, 1].flatMap((m) =>
      [...Array(32).keys()].map(
        (i) => ['nonce of a proof', random.scalar('fis', m, i, 0)] as const,
      ),
    )
    const isRevealed = (nonce: Uint8Array): boolean =>
      open.some((bytes) => bytes.includes(Buffer.from(nonce)))
    const needles: Needles = [
      ...[0, 1].map((m) => ['coefficient', random.scalar('coef', m)] as const),
      ...nonces.filter(([, nonce]) => !isRevealed(nonce)),
      ...shares.map((share) => ['dealt share', share] as const),
      ...secretsOf(tapped, [...open, ...received]),
    ]
    return { outcomes, memory, needles, shares, tapped }
  }

  it('leaves nothing but the own share of the key, and that in its keyshare', () => {
    const { outcomes, memory, needles, shares } = makeWatched()
    const outcome = outcomes.get(one)!
    if (outcome.kind !== 'done') return expect.unreachable()
    expect(shares).toHaveLength(2)
    const { secretShare } = outcome.value.keyshare
    const secret = hex(secretShare.bytes)
    const isOther = ([, bytes]: readonly [string, Uint8Array]): boolean => hex(bytes) !== secret
    expect(memory.find([...needles].filter(isOther))).toEqual([])
    expect(memory.find([['own share', unhex(secret)]])).toEqual(['own share'])
    outcome.value.keyshare[Symbol.dispose]()
    expect(memory.find([...needles, ['own share', unhex(secret)]])).toEqual([])
  })

  it.each<[string, (bytes: Uint8Array) => Uint8Array, string]>([
    ['the echo', (bytes) => flip(bytes, 4420), 'view-mismatch'],
    ['the opening', (bytes) => flip(bytes, 4390), 'commitment'],
    ['the share', (bytes) => flip(bytes, 4481), 'share'],
    ['a share out of range', (bytes) => bytes.fill(0xff, 4450), 'malformed'],
  ])('leaves nothing, no received share either, when it aborts for %s', (_, change, reason) => {
    for (const evil of [2, 3]) {
      const { outcomes, memory, needles } = makeWatched((round, from, to, bytes) =>
        round === 2 && from === evil && to === one ? change(bytes) : bytes,
      )
      const abort = abortOf(outcomes, 1)
      expect(abort.reason).toBe(reason)
      // The complaint about a wrong share shows it, to whoever asks for the evidence.
      abort.evidence?.fill(0)
      expect(memory.find(needles)).toEqual([])
    }
  })

  it('leaves no nonce when it confirms', () => {
    const runs = [...keygenRuns(curve, 2, nodes(1, 2, 3))]
    const prepared = drive(new Map(runs.map(([x, run]) => [x, prepareKey(run, keyTerms(2))])))
    const memory = new Memory()
    const products: Uint8Array[] = []
    const multiply = (a: Scalar, b: Scalar): Scalar => {
      const product = curve.scalars.multiply(a, b)
      products.push(Buffer.from(product))
      return product
    }
    const tapped = { ...curve, scalars: { ...curve.scalars, multiply } }
    const parties = runs.map(([x, run]) => {
      const outcome = prepared.get(x)!
      if (outcome.kind !== 'done') return expect.unreachable()
      const { value } = outcome
      if (x !== one) return [x, confirmKey(run, value)] as const
      return [x, watched(memory, confirmKey({ ...run, curve: tapped }, value))] as const
    })
    expect(drive(new Map(parties)).get(one)).toMatchObject({ kind: 'done' })
    const nonce = vectorRandomness('dkg', 1, curve).scalar('pok')
    const needles: Needles = [['nonce', nonce], ...products.map((p) => ['product', p] as const)]
    expect([...needles]).toHaveLength(2)
    expect(memory.find(needles)).toEqual([])
  })

  it('would leave shares and nonces if its scopes wiped nothing', () => {
    forget()
    const { memory, needles } = makeWatched()
    const found = memory.find(needles)
    expect(found).toEqual(
      expect.arrayContaining(['nonce of a proof', 'dealt share', 'decodeScalar', 'add']),
    )
  })
})

/** Both keys of every base transfer that a party offered; the other one holds a half of them. */
function offeredKeys(by: typeof one, choices: Uint8Array): Uint8Array {
  const { sid, self, participants } = pairRuns(curve, [1, 2]).get(by)!
  const peer = participants.find(({ x }) => x !== by)!
  const psid = directionalSessionId({ sid, id: sid, self, peer }, 'receiver', 'base-ot')
  const randomness = vectorRandomness('pair-1-2', by, curve)
  return offer(
    { curve, psid, peer: peer.x, randomness },
    decodeAs(pairsLayout(curve), choices.slice(0, -32)),
  ).keys
}

describe('pair setup', () => {
  function setUpWatched(tamper?: Tamper) {
    const memory = new Memory()
    const tapped = tap(curve)
    const runs = pairRuns(curve, [1, 2])
    const parties = [...runs].map(([x, run]) => {
      if (x !== one) return [x, setUpPairing(run, () => {})] as const
      const randomness = vectorRandomness('pair-1-2', 1, tapped.curve)
      const own = setUpPairing({ ...run, curve: tapped.curve, randomness }, () => {})
      return [x, watched(memory, own)] as const
    })
    const messages = new Map<string, Uint8Array>()
    const outcomes = drive<Pairing>(new Map(parties), (round, from, to, bytes) => {
      messages.set(`P${round} ${from}`, bytes.slice())
      return tamper?.(round, from, to, bytes) ?? bytes
    })
    const needles = (): Needles => {
      const random = vectorRandomness('pair-1-2', 1, curve)
      return [
        ['delta', random.bytes('delta', 32, 2)],
        ['part of the zero seed', random.bytes('zero-s', 32)],
        ['their part of the zero seed', messages.get('P2 2')!.slice(-64, -32)],
        ...rowsOf('key that was offered', offeredKeys(one, messages.get('P1 2')!)),
        ...rowsOf('key that was chosen', offeredKeys(two, messages.get('P1 1')!)),
        ...secretsOf(tapped, []),
      ]
    }
    return { outcomes, memory, needles, tapped }
  }

  it('leaves nothing but what the pairing holds', () => {
    const { outcomes, memory, needles, tapped } = setUpWatched()
    const outcome = outcomes.get(one)!
    if (outcome.kind !== 'done') return expect.unreachable()
    const { delta, senderLeaves, receiverLeaves, zeroSeed } = outcome.value.secrets
    const held: Needles = [
      ['delta', delta.slice()],
      ['zero seed', zeroSeed.slice()],
      ...rowsOf('sender leaf', senderLeaves.slice()),
      ...rowsOf('receiver leaf', receiverLeaves.slice()),
    ]
    expect(memory.find(held).toSorted()).toEqual([
      'delta',
      'receiver leaf',
      'sender leaf',
      'zero seed',
    ])
    outcome.value[Symbol.dispose]()
    // 256 exponents as chooser, as many to be forgotten, 512 as offerer, and 768 shared points.
    expect(tapped.given.size).toBe(256 + 256 + 512 + 768)
    expect(memory.find([...held, ...needles()])).toEqual([])
  })

  it.each<[string, number, (bytes: Uint8Array) => Uint8Array, string]>([
    ['a tree', 2, (bytes) => flip(bytes, 37_375), 'pprf-check'],
    ['the opening of the zero seed', 2, (bytes) => flip(bytes, 37_400), 'commitment'],
    ['the confirmation', 3, (bytes) => flip(bytes, 3), 'view-mismatch'],
  ])('leaves nothing when it aborts for %s', (_, round, change, reason) => {
    const { outcomes, memory, needles } = setUpWatched((r, from, _to, bytes) =>
      r === round && from === two ? change(bytes) : bytes,
    )
    expect(abortOf(outcomes, 1).reason).toBe(reason)
    expect(memory.find(needles())).toEqual([])
  })

  it('would leave keys, exponents and leaves if its scopes wiped nothing', () => {
    forget()
    const { memory, needles } = setUpWatched()
    expect(memory.find(needles())).toEqual(
      expect.arrayContaining([
        'delta',
        'key that was offered',
        'key that was chosen',
        'fromWide',
        'sharedX',
      ]),
    )
  })
})

import { describe, expect, it } from 'vitest'
import type { Abort } from '../../signer-node/dkls23/abort.ts'
import { Malformed } from '../../signer-node/dkls23/bytes.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { alone, raw } from '../../signer-node/dkls23/layout.ts'
import { type Party, parseParty } from '../../signer-node/dkls23/party.ts'
import {
  broadcast,
  exchange,
  type Incoming,
  type Protocol,
  peersOf,
  type Round,
  requireSameView,
} from '../../signer-node/dkls23/protocol.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { abortOf, drive, driveAll, nodes, vectorRandomness } from '../kit/protocol.ts'

const ROUND: Round<number> = {
  number: 4,
  name: 'the test round',
  fields: alone('value', raw('bytes', 2)).parts,
  size: 2,
  encode: (value) => Uint8Array.of(0, value),
  decode(bytes) {
    if (bytes[0] !== 0) throw new Malformed('the first byte is zero')
    return bytes[1] ?? 0
  },
}

const [one, two, three] = nodes(1, 2, 3)
const peers = [two!, three!]
const from = (x: number, bytes: readonly number[], round = 4): Incoming => ({
  round,
  from: parseParty(x),
  bytes: Uint8Array.from(bytes),
})
const HONEST = [from(3, [0, 30]), from(2, [0, 20])]

function received(inbox: readonly Incoming[]): ReadonlyMap<Party, number> {
  const protocol = broadcast(ROUND, peers, 7)
  protocol.next([])
  const result = protocol.next(inbox)
  if (result.done !== true) throw new Error('a broadcast is one round')
  return result.value
}

describe('a round', () => {
  it('sends one message to all in a broadcast', () => {
    const sent = broadcast(ROUND, peers, 7).next([]).value
    const bytes = Uint8Array.of(0, 7)
    expect(sent).toEqual([
      { round: 4, to: 2, bytes },
      { round: 4, to: 3, bytes },
    ])
  })

  it('sends each peer its own message in an exchange', () => {
    const sent = exchange(ROUND, peers, ({ x }) => 10 * x).next([]).value
    expect(sent).toEqual([
      { round: 4, to: 2, bytes: Uint8Array.of(0, 20) },
      { round: 4, to: 3, bytes: Uint8Array.of(0, 30) },
    ])
  })

  it('returns the messages of all peers in ascending order', () => {
    expect([...received(HONEST)]).toEqual([
      [2, 20],
      [3, 30],
    ])
  })

  it('refuses to send a message of another size than it declares', () => {
    const long: Round<number> = { ...ROUND, encode: () => new Uint8Array(3) }
    expect(() => broadcast(long, peers, 7).next([])).toThrow(RangeError)
  })

  it.each([
    ['unknown-sender', 'fault', 9, [...HONEST, from(9, [0, 1])]],
    ['duplicate-message', 'fault', 2, [...HONEST, from(2, [0, 20], 5)]],
    ['duplicate-message', 'fault', 2, [...HONEST, from(2, [0, 20]), from(2, [0, 20, 0])]],
    ['duplicate-message', 'fault', 3, [...HONEST, from(3, [0, 31])]],
    ['wrong-round', 'fault', 2, [from(2, [0, 20], 5), from(3, [0, 30])]],
    ['wrong-size', 'fault', 2, [from(2, [0, 20, 0]), from(3, [0, 30])]],
    ['wrong-size', 'fault', 3, [from(2, [0, 20]), from(3, [0])]],
    ['malformed', 'fault', 3, [from(2, [0, 20]), from(3, [1, 30])]],
  ] as const)('aborts with %s, %s of party %i', (reason, remedy, culprit, inbox) => {
    expect(() => received(inbox)).toThrow(
      expect.objectContaining({ name: 'Abort', reason, remedy, culprit }),
    )
  })

  it('ignores equal copies of a message, and decodes the first one only (1.5)', () => {
    let decoded = 0
    const counting: Round<number> = {
      ...ROUND,
      decode(bytes) {
        decoded += 1
        return ROUND.decode(bytes)
      },
    }
    const protocol = broadcast(counting, peers, 7)
    protocol.next([])
    const { value } = protocol.next([...HONEST, from(2, [0, 20]), from(3, [0, 30]), ...HONEST])
    expect(value).toEqual(received(HONEST))
    expect(decoded).toBe(2)
  })

  it.each([
    [3, [from(2, [0, 20])]],
    [3, [from(2, [0, 20]), from(2, [0, 20])]],
    [2, []],
  ])('blames nobody when nothing came from party %i, and says so', (silent, inbox) => {
    const abort = { reason: 'missing-message', remedy: 'retry', culprit: undefined }
    expect(() => received(inbox)).toThrow(expect.objectContaining(abort))
    expect(() => received(inbox)).toThrow(`no message of party ${silent} in the test round`)
  })

  it('wipes what it sent to one peer when the run goes on, aborts or is ended', () => {
    const ends: ((protocol: Protocol<unknown>) => unknown)[] = [
      (protocol) => protocol.next(HONEST),
      (protocol) => expect(() => protocol.next([])).toThrow('no message'),
      (protocol) => protocol.return(undefined),
    ]
    for (const end of ends) {
      const protocol = exchange(ROUND, peers, ({ x }) => 10 * x)
      const step = protocol.next([])
      if (step.done === true) return expect.unreachable()
      expect(step.value.map(({ bytes }) => [...bytes])).toEqual([
        [0, 20],
        [0, 30],
      ])
      end(protocol)
      expect(step.value.map(({ bytes }) => [...bytes])).toEqual([
        [0, 0],
        [0, 0],
      ])
    }
  })

  it('lets an error that is no fault of the sender through as it is', () => {
    const broken: Round<number> = {
      ...ROUND,
      decode() {
        throw new TypeError('a bug')
      },
    }
    const protocol = broadcast(broken, peers, 7)
    protocol.next([])
    expect(() => protocol.next(HONEST)).toThrow(TypeError)
  })
})

describe('a view', () => {
  const mine = Uint8Array.of(1, 2)
  const views = (last: number) =>
    new Map([
      [two!.x, mine.slice()],
      [three!.x, Uint8Array.of(1, last)],
    ])

  it('that all peers share passes', () => {
    expect(() => requireSameView(mine, views(2), 'the view')).not.toThrow()
  })

  it('that one peer does not share is a retry that blames nobody', () => {
    expect(() => requireSameView(mine, views(3), 'the view')).toThrow(
      expect.objectContaining({ reason: 'view-mismatch', remedy: 'retry', culprit: undefined }),
    )
  })
})

describe('the peers of a run', () => {
  const curve = nativeCurve()
  const run = {
    sid: new Uint8Array(32),
    self: two!,
    participants: nodes(1, 2, 3),
    curve,
    randomness: vectorRandomness('peers', 2, curve),
  }

  it('are all participants but oneself', () => {
    expect(peersOf(run).map(({ x }) => x)).toEqual([1, 3])
  })

  it('are unknown to somebody who takes no part', () => {
    expect(() => peersOf({ ...run, self: nodes(4)[0]! })).toThrow(RangeError)
  })
})

describe('a protocol as a generator', () => {
  function* holding(bytes: Uint8Array): Protocol<number> {
    using secret = new Secret(bytes)
    const messages = yield* broadcast(ROUND, [two!], secret.bytes.length)
    return messages.size
  }

  it('wipes its secrets when the session is ended from outside', () => {
    for (const end of ['return', 'throw'] as const) {
      const bytes = Uint8Array.of(1, 2, 3)
      const protocol = holding(bytes)
      protocol.next([])
      if (end === 'return') protocol.return(0)
      else expect(() => protocol.throw(new Error('the session was cut'))).toThrow('cut')
      expect([...bytes]).toEqual([0, 0, 0])
    }
  })

  it('wipes its secrets when it returns', () => {
    const bytes = Uint8Array.of(1, 2, 3)
    const protocol = holding(bytes)
    protocol.next([])
    expect(protocol.next([from(2, [0, 20])])).toEqual({ done: true, value: 1 })
    expect([...bytes]).toEqual([0, 0, 0])
  })
})

describe('the driver of the tests', () => {
  function* sum(self: Party): Protocol<number> {
    const others = nodes(1, 2, 3).filter(({ x }) => x !== self)
    const all = yield* exchange(ROUND, others, ({ x }) => 10 * self + x)
    return [...all.values()].reduce((a, b) => a + b, 0)
  }
  const parties = () => new Map([one!, two!, three!].map(({ x }) => [x, sum(x)] as const))

  it('runs all parties to their results', () => {
    expect([...driveAll(parties())]).toEqual([
      [1, 21 + 31],
      [2, 12 + 32],
      [3, 13 + 23],
    ])
  })

  it('lets a tamper function change, drop and repeat messages', () => {
    const outcomes = drive(parties(), (round, sender, to, bytes) => {
      expect(round).toBe(4)
      if (sender === 1 && to === 2) return Uint8Array.of(1, 1)
      if (sender === 2 && to === 3) return []
      if (sender === 3 && to === 1) return [bytes, Uint8Array.of(0, 1)]
      return bytes
    })
    const reasons = [2, 3, 1].map((x): Abort['reason'] => abortOf(outcomes, x).reason)
    expect(reasons).toEqual(['malformed', 'missing-message', 'duplicate-message'])
    expect(() => driveAll(parties(), () => [])).toThrow('no message')
  })
})

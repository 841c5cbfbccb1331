import { describe, expect, it } from 'vitest'
import { limits } from '../../proto/limits.ts'
import { expand } from '../../signer-node/dkls23/transcript.ts'
import type { Sealed } from '../../signer-node/sessions.ts'
import { Chance } from '../fuzz/random.ts'
import { seedOf } from '../signer-node/world.ts'
import { type Carry, coordinator, nodeOf, Post } from './post.ts'

const random = (length: number, seed: string): Uint8Array => expand('rng', length, seed)

/** All three hold the same key, which is right. */
function expectKey(post: Post): void {
  const results = [1, 2, 3].map((x) => {
    const { ended } = post.member(x)
    expect(ended?.kind).toBe('done')
    return ended?.kind === 'done' ? ended.result : undefined
  })
  expect(post.show.judge(results)).toBe('')
}

/** An envelope of another run of the same nodes, at the same place. */
const elsewhere = new Map<string, Sealed>()
new Post('another session').run((envelope) => {
  elsewhere.set(`${envelope.round} ${envelope.from} ${envelope.to}`, envelope)
  return [envelope]
})
const placed = ({ round, from, to }: Sealed): Sealed => elsewhere.get(`${round} ${from} ${to}`)!

/** What the post office can put before an honest envelope: nobody in the session wrote it. */
const forgeries: readonly (readonly [string, (honest: Sealed, post: Post) => Sealed])[] = [
  ['random bytes of the right length', (e) => changed(e, random(e.ciphertext.length, 'garbage'))],
  ['zero bytes', (e) => changed(e, new Uint8Array(e.ciphertext.length))],
  ['bytes of 0xff', (e) => changed(e, new Uint8Array(e.ciphertext.length).fill(0xff))],
  ['one bit flipped at its begin', (e) => changed(e, flipped(e.ciphertext, 0))],
  ['one bit flipped at its end', (e) => changed(e, flipped(e.ciphertext, e.ciphertext.length - 1))],
  ['one byte less', (e) => changed(e, e.ciphertext.slice(0, -1))],
  ['one byte more', (e) => changed(e, Uint8Array.from([...e.ciphertext, 0]))],
  ['nothing', (e) => changed(e, new Uint8Array())],
  ['halves changed round', (e) => changed(e, turned(e.ciphertext))],
  ['the ciphertext of another session', (e) => changed(e, placed(e).ciphertext)],
  ['as much as a frame holds', (e) => changed(e, new Uint8Array(limits.frameBytesMax))],
  ['its own payload, not sealed', (e, post) => changed(e, post.open(e))],
  [
    'what a stranger sealed',
    (e, post) => changed(e, sealedBy(post, 7, numberIn(e.to), e.round, post.open(e))),
  ],
  [
    'what the receiver itself sealed: a reflection',
    (e, post) => changed(e, post.seal(numberIn(e.to), numberIn(e.from), e.round, post.open(e))),
  ],
  [
    'what was sealed for another round',
    (e, post) =>
      changed(e, post.seal(numberIn(e.from), numberIn(e.to), (e.round % 3) + 1, post.open(e))),
  ],
  [
    'what was sealed for another receiver',
    (e, post) => changed(e, post.seal(numberIn(e.from), third(e), e.round, post.open(e))),
  ],
  [
    'what another party sealed for the same receiver',
    (e, post) => changed(e, post.seal(third(e), numberIn(e.to), e.round, post.open(e))),
  ],
  ['the right bytes under a session that is not', (e) => ({ ...e, sid: seedOf('unknown') })],
  ['the right bytes as from another party', (e) => ({ ...e, from: nodeOf(third(e)) })],
  ['the right bytes as from nobody of the session', (e) => ({ ...e, from: 'node-9' })],
  ['the right bytes two rounds early', (e) => ({ ...e, round: e.round + 2 })],
  ['the right bytes in round 0', (e) => ({ ...e, round: 0 })],
  ['the right bytes in a round that no number is', (e) => ({ ...e, round: 2 ** 32 + e.round })],
]

function changed(envelope: Sealed, ciphertext: Uint8Array): Sealed {
  return { ...envelope, ciphertext }
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice()
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

function turned(bytes: Uint8Array): Uint8Array {
  const half = bytes.length >> 1
  return Uint8Array.from([...bytes.slice(half), ...bytes.slice(0, half)])
}

function sealedBy(post: Post, from: number, to: number, round: number, payload: Uint8Array) {
  return post.channel(from, to).seal(round, payload)
}

function numberIn(node: string): number {
  return Number(node.slice('node-'.length))
}

function third({ from, to }: Sealed): number {
  return 6 - numberIn(from) - numberIn(to)
}

describe('an envelope that nobody of the session wrote', () => {
  it('is not in an honest run: nothing is dropped there', () => {
    const post = new Post('honest')
    post.run()
    expectKey(post)
    for (const x of [1, 2, 3]) expect(post.member(x).sessions.dropped).toBe(0)
  })

  it.each(forgeries)(
    'is dropped and counted, and the session goes on (MAL-A, MAL-R): %s',
    (_, forge) => {
      const post = new Post('forged')
      const isVictim = ({ to }: Sealed): boolean => to === nodeOf(1)
      let forged = 0
      post.run((envelope, own) => {
        if (!isVictim(envelope)) return [envelope]
        forged += 1
        return [forge(envelope, own), envelope]
      })
      expect(forged).toBe(6)
      expectKey(post)
      expect(post.member(1).sessions.dropped).toBe(forged)
      for (const x of [2, 3]) expect(post.member(x).sessions.dropped).toBe(0)
    },
  )

  it('is dropped when another coordinator brings it, though it is right', () => {
    const post = new Post('other coordinator')
    post.run((envelope, own) => {
      own.deliver(envelope, 'c2')
      return [envelope]
    })
    expectKey(post)
    for (const x of [1, 2, 3]) expect(post.member(x).sessions.dropped).toBe(6)
  })

  it('is ignored when it only repeats what came (MAL-R1)', () => {
    const post = new Post('repeated')
    post.run((envelope) => [envelope, envelope, envelope])
    expectKey(post)
    // The last copies come when the session is over, and belong to nothing.
    for (const x of [1, 2, 3]) expect(post.member(x).sessions.dropped).toBeLessThanOrEqual(2)
  })

  it('does not move a session when it comes by the ten thousand (A49)', () => {
    const post = new Post('flooded')
    const chance = new Chance(49, 1, 1)
    let sent = 0
    const counted = new Map([1, 2, 3].map((x) => [x, 0]))
    post.run((envelope, own) => {
      for (; sent < 10_000 && chance.below(600) > 0; sent++) {
        const to = 1 + chance.below(3)
        own.deliver(noise(chance, own.sid, to))
        counted.set(to, (counted.get(to) ?? 0) + 1)
      }
      return [envelope]
    })
    for (; sent < 10_000; sent++) post.deliver(noise(chance, post.sid, 1))
    expect(sent).toBe(10_000)
    expectKey(post)
    expect([...counted.values()].every((count) => count > 100)).toBe(true)
  })
})

/** Anything, to a node of the session, as from one of the session or from nobody. */
function noise(chance: Chance, sid: Uint8Array, to: number): Sealed {
  return {
    sid: chance.below(4) === 0 ? chance.bytes(32) : sid,
    round: chance.below(5),
    from: `node-${1 + chance.below(4)}`,
    to: nodeOf(to),
    ciphertext: chance.bytes(chance.below(200)),
  }
}

/** Node 2 is corrupt: it has its keys, so what it says is authentic. */
describe('an envelope that its sender did write', () => {
  const lies: readonly (readonly [string, number, (payload: Uint8Array) => Uint8Array, string])[] =
    [
      ['is one byte short', 1, (payload) => payload.slice(1), 'wrong-size'],
      ['is one byte long', 2, (payload) => Uint8Array.from([...payload, 0]), 'wrong-size'],
      ['is empty', 2, () => new Uint8Array(), 'wrong-size'],
      ['has a point off the curve', 2, (payload) => payload.fill(0xff, 0, 33), 'malformed'],
      [
        'opens its commitment to something else',
        2,
        (payload) => flipped(payload, 4_400),
        'commitment',
      ],
      ['deals a wrong share', 2, (payload) => flipped(payload, payload.length - 1), 'share'],
      ['proves nothing', 3, (payload) => flipped(payload, payload.length - 1), 'proof'],
    ]

  it.each(lies)(
    'and that %s is the fault of its sender, at every honest node',
    (_, at, lie, reason) => {
      const post = new Post('lied')
      post.run(lyingIn(at, lie))
      for (const x of [1, 3]) {
        expect(post.member(x).ended).toMatchObject({
          kind: 'failed',
          reason,
          remedy: 'fault',
          culprit: nodeOf(2),
        })
      }
    },
  )

  it.each([1, 2, 3])(
    'and that comes after another one in round %i is the fault of its sender',
    (at) => {
      const post = new Post('twice')
      post.run((envelope, own) => {
        const { from, to, round } = envelope
        if (round !== at || from !== nodeOf(2) || to !== nodeOf(1)) return [envelope]
        const other = own.seal(2, 1, round, flipped(own.open(envelope), 0))
        return [envelope, { ...envelope, ciphertext: other }]
      })
      expect(post.member(1).ended).toMatchObject({
        reason: 'two-messages',
        remedy: 'fault',
        culprit: nodeOf(2),
      })
      expect(post.member(3).ended).not.toMatchObject({ culprit: nodeOf(1) })
    },
  )

  it('blames nobody when the sender told two nodes different things (A20, A50)', () => {
    const post = new Post('split')
    post.run((envelope, own) => {
      const { from, to, round } = envelope
      if (round !== 1 || from !== nodeOf(2) || to !== nodeOf(1)) return [envelope]
      return [{ ...envelope, ciphertext: own.seal(2, 1, 1, flipped(own.open(envelope), 0)) }]
    })
    for (const x of [1, 3]) {
      const { ended } = post.member(x)
      expect(ended).toMatchObject({ kind: 'failed', reason: 'view-mismatch', remedy: 'retry' })
      expect(ended).not.toHaveProperty('culprit')
    }
  })

  it('blames nobody when it never comes: the time runs out (MAL-W2)', () => {
    const post = new Post('silent')
    post.run((envelope) => (envelope.from === nodeOf(2) && envelope.round === 2 ? [] : [envelope]))
    expect(post.member(1).ended).toBeUndefined()
    post.clock.advance(limits.roundTimeoutMs)
    for (const x of [1, 3]) {
      post.member(x).sessions.tick()
      expect(post.member(x).ended).toMatchObject({ reason: 'timeout', remedy: 'retry' })
      expect(post.member(x).ended).not.toHaveProperty('culprit')
    }
  })

  it('belongs to nothing once the session is over', () => {
    const post = new Post('over')
    const kept: Sealed[] = []
    post.run((envelope) => {
      kept.push(envelope)
      return [envelope]
    })
    for (const envelope of kept) post.deliver(envelope, coordinator)
    expectKey(post)
    for (const x of [1, 2, 3]) expect(post.member(x).sessions.dropped).toBe(6)
  })

  function lyingIn(at: number, lie: (payload: Uint8Array) => Uint8Array): Carry {
    return (envelope, own) => {
      const { from, to, round } = envelope
      if (round !== at || from !== nodeOf(2)) return [envelope]
      const ciphertext = own.seal(2, numberIn(to), round, lie(own.open(envelope)))
      return [{ ...envelope, ciphertext }]
    }
  }
})

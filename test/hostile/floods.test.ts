// Floods of a peer that is pinned, corrupt and has its keys, so that what it seals is authentic
// (MAL-T3): how many points a node decodes and multiplies, and how many signatures it verifies, under
// ten thousand messages. As many as in an honest session: what comes again, too early, too late or
// in another session is dropped before anything in it is read.
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type * as Crypto from '../../proto/crypto.ts'
import { encode, type JsonObject, parse } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { kinds } from '../../proto/node-documents.ts'
import { sign } from '../../proto/signed.ts'
import { POINT_BYTES } from '../../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { openChannel } from '../../signer-node/envelope.ts'
import { hearHello, sayHello } from '../../signer-node/pair-hello.ts'
import { Incarnation } from '../../signer-node/self.ts'
import type { Sealed } from '../../signer-node/sessions.ts'
import { Chance } from '../fuzz/random.ts'
import { countingCurve, type Work, workOf } from '../kit/counting-curve.ts'
import { namedRandom, peerOf, testSelf } from '../signer-node/world.ts'
import { coordinator, nodeOf, Post } from './post.ts'
import { keyMaking, pairSetup, signing } from './stage.ts'

const verified = vi.hoisted(() => ({ count: 0 }))
vi.mock('../../proto/crypto.ts', async (original) => {
  const real = await original<typeof Crypto>()
  const ed25519Verify: typeof real.ed25519Verify = (...what) => {
    verified.count += 1
    return real.ed25519Verify(...what)
  }
  return { ...real, ed25519Verify }
})

const { curve, work } = countingCurve(nativeCurve())
/** With what one honest session costs a node: points decoded (and tried), and multiplications. */
const stages = [
  { ...pairSetup(curve), decoded: 4_132, multiplied: 1_792 },
  { ...keyMaking(curve, 2, [1, 2, 3]), decoded: 201, multiplied: 344 },
  { ...signing(curve, [1, 2]), decoded: 4, multiplied: 11 },
]
const messages = 10_000
const corrupt = 2

beforeEach(() => {
  verified.count = 0
})

/** What node 1 does, and nobody else: its turns, and what it does while it receives. */
function watched(post: Post): { readonly spent: () => Work } {
  const { ports, sessions } = post.member(1)
  const total = workOf()
  const counting = <A extends readonly unknown[], R>(inner: (...given: A) => R) => {
    return (...given: A): R => {
      const before = { ...work, verified: verified.count }
      const done = inner(...given)
      total.decoded += work.decoded - before.decoded
      total.multiplied += work.multiplied - before.multiplied
      total.verified += verified.count - before.verified
      return done
    }
  }
  Object.assign(ports, { run: counting(ports.run.bind(ports)) })
  Object.assign(sessions, { receive: counting(sessions.receive.bind(sessions)) })
  return { spent: () => ({ ...total }) }
}

const isFrom2 = ({ from, to }: Sealed): boolean => from === nodeOf(corrupt) && to === nodeOf(1)

/** Points wherever one could be read. */
function pointsIn(length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let at = 0; at + POINT_BYTES <= length; at += POINT_BYTES) {
    bytes.set(curve.points.generator, at)
  }
  return bytes
}

function resultsOf(post: Post): readonly unknown[] {
  return post.stage.parties.map((x) => {
    const { ended } = post.member(x)
    return ended?.kind === 'done' ? ended.result : expect.fail(`party ${x} has no result`)
  })
}

describe.each(stages)('$name under ten thousand messages of a corrupt peer', (stage) => {
  it('costs a node no point and no signature more than an honest one', () => {
    const honest = new Post('flooded', stage)
    const { spent: wanted } = watched(honest)
    honest.run()
    const { decoded, multiplied, parties, rounds } = stage
    const verified = rounds.size * (parties.length - 1)
    expect(wanted()).toEqual({ decoded, multiplied, verified })

    const post = new Post('flooded', stage)
    const { spent } = watched(post)
    const kept: Sealed[] = []
    let sent = 0
    const each = Math.floor(messages / (4 * stage.rounds.size))
    post.run((envelope, own) => {
      if (!isFrom2(envelope)) return [envelope]
      const points = pointsIn(own.open(envelope).length)
      const early = Array.from({ length: 8 }, (_, at) => {
        const round = envelope.round + 2 + at
        return { ...envelope, round, ciphertext: own.seal(corrupt, 1, round, points) }
      })
      const elsewhere = { ...envelope, sid: envelope.sid.map((byte) => byte ^ 1) }
      const before = Array.from({ length: each }, (_, at) => [early[at % 8]!, elsewhere]).flat()
      const again = Array.from({ length: 2 * each }, () => envelope)
      sent += before.length + again.length
      kept.push(envelope, { ...envelope, ciphertext: own.seal(corrupt, 1, envelope.round, points) })
      return [...before, envelope, ...again]
    })
    for (; sent < messages; sent += 1) post.deliver(kept[sent % kept.length]!)
    expect(spent()).toEqual(wanted())
    expect(post.show.judge(resultsOf(post))).toBe('')
    expect(post.member(1).sessions.count).toBe(0)
  })
})

describe('the count', () => {
  it('would see a node that reads all it is sent', () => {
    const stage = keyMaking(curve, 2, [1, 2, 3])
    const honest = new Post('read', stage)
    const payloads: [number, Uint8Array][] = []
    honest.run((envelope, own) => {
      if (isFrom2(envelope)) payloads.push([envelope.round, own.open(envelope)])
      return [envelope]
    })
    const before = { ...work }
    for (let time = 0; time < 100; time += 1) {
      for (const [round, bytes] of payloads) stage.rounds.get(round)?.decode(bytes)
    }
    expect(work.decoded - before.decoded).toBeGreaterThan(100)
  })
})

describe('what a peer sealed and did not sign', () => {
  it('costs a few verifications, and then it is heard no more in that run', () => {
    const stage = keyMaking(curve, 2, [1, 2, 3])
    const honest = new Post('unsigned', stage)
    const { spent: wanted } = watched(honest)
    honest.run()

    const post = new Post('unsigned', stage)
    const { spent } = watched(post)
    const chance = new Chance(3, 1, 1)
    const forger = unsigned(post)
    let sent = 0
    post.run((envelope) => {
      if (!isFrom2(envelope) || envelope.round !== 1) return [envelope]
      const forged = Array.from({ length: messages }, () => {
        return { ...envelope, ciphertext: forger.seal(envelope.round, chance.bytes(40)) }
      })
      sent += forged.length
      return [...forged, envelope]
    })
    expect(sent).toBe(messages)
    expect(spent().verified).toBeLessThan(wanted().verified + limits.wrongSignaturesMax)
    expect(post.member(1).sessions.dropped).toBe(messages + 2)
    post.clock.advance(limits.roundTimeoutMs)
    post.member(1).sessions.tick()
    expect(post.member(1).ended).toMatchObject({ reason: 'timeout', remedy: 'retry' })
    expect(post.member(1).ended).not.toHaveProperty('culprit')
  })

  it('is forgiven below the limit', () => {
    const post = new Post('forgiven')
    const forger = unsigned(post)
    post.run((envelope) => {
      if (!isFrom2(envelope) || envelope.round !== 1) return [envelope]
      const forged = Array.from({ length: limits.wrongSignaturesMax - 1 }, (_, at) => {
        return { ...envelope, ciphertext: forger.seal(1, Uint8Array.of(at)) }
      })
      return [...forged, envelope]
    })
    expect(post.show.judge(resultsOf(post))).toBe('')
  })

  function unsigned(post: Post) {
    const ends = post.ends(corrupt, 1)
    return openChannel({ ...ends.ends, sign: () => new Uint8Array(64) }, ends.secret, ends.peer)!
  }
})

describe('beside a message that was taken', () => {
  it.each([
    ['the last that is opened still convicts its sender', limits.copiesOpenedMax - 1, true],
    ['nothing more is opened', limits.copiesOpenedMax, false],
  ])('%s', (_, junk, isTold) => {
    const post = new Post('taken')
    post.run((envelope, own) => {
      if (!isFrom2(envelope) || envelope.round !== 1) return [envelope]
      const noise = Array.from({ length: junk }, (_, at) => {
        return { ...envelope, ciphertext: Uint8Array.of(at) }
      })
      const words = own.open(envelope)
      words[0] = (words[0] ?? 0) ^ 1
      const other = { ...envelope, ciphertext: own.seal(corrupt, 1, 1, words) }
      return [envelope, ...noise, other]
    })
    const { ended, sessions } = post.member(1)
    if (isTold) expect(ended).toMatchObject({ reason: 'two-messages', culprit: nodeOf(corrupt) })
    else expect([post.show.judge(resultsOf(post)), sessions.dropped]).toEqual(['', junk + 1])
  })
})

describe('names and numbers that a peer chooses', () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '', '0', 'node-9']

  it('are looked up and never kept: what a node holds stays what its sessions need', () => {
    const post = new Post('names')
    const each = 1_200
    post.run((envelope, own) => {
      if (!isFrom2(envelope)) return [envelope]
      for (let at = 0; at < each; at += 1) {
        const sid = new Uint8Array(32)
        new DataView(sid.buffer).setUint32(28, at)
        own.deliver({ ...envelope, sid })
        own.deliver({ ...envelope, from: names[at % names.length] ?? '' })
        own.deliver({ ...envelope, round: 2 ** 20 * (at + 1) })
      }
      return [envelope]
    })
    expect(post.show.judge(resultsOf(post))).toBe('')
    expect(post.member(1).sessions.dropped).toBe(3 * 3 * each)
    expect(post.member(1).sessions.count).toBe(0)
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  it('are no field of a document that it signs, and change no object here', () => {
    const [self, peer] = [testSelf(1), testSelf(corrupt)]
    const incarnation = new Incarnation(namedRandom('names'))
    const words = { to: peerOf(self), attempt: 1, holds: '', answers: '' } as const
    const { signed } = sayHello(peer, incarnation, namedRandom('names'), words)
    expect(hearHello(self, peerOf(peer), signed)).toBeDefined()
    for (const name of names) {
      const more = `{${JSON.stringify(name)}:{"to":"node-1"},${signed.document.slice(1)}`
      // With its fields in order, so that nothing but the name is wrong.
      const document = Object.fromEntries(Object.entries(JSON.parse(more)).sort(byName))
      expect(Object.keys(document)).toContain(name)
      expect(parse(encode(document as JsonObject))).toEqual(document)
      const text = encode(document as JsonObject)
      const resigned = sign(kinds.hello.tag, text, peer.node, peer.sign)
      expect([name, hearHello(self, peerOf(peer), resigned)]).toEqual([name, undefined])
    }
    expect(Object.keys(Object.prototype)).toEqual([])
    expect(({} as JsonObject)['to']).toBeUndefined()
  })

  it('are dropped too where another coordinator brings them', () => {
    const post = new Post('names of another')
    post.run((envelope, own) => {
      for (const from of names) own.deliver({ ...envelope, from }, `not ${coordinator}`)
      return [envelope]
    })
    expect(post.show.judge(resultsOf(post))).toBe('')
  })
})

const byName = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1)

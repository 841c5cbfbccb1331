import { describe, expect, it } from 'vitest'
import { sha256, toHex, toUtf8 } from '../../proto/crypto.ts'
import { type JsonObject, text } from '../../proto/jcs.ts'
import { type FloorQuery, kinds, openBy, signBy } from '../../proto/node-documents.ts'
import type { Opened } from '../../proto/signed.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { verifyEvidence } from '../../signer-node/evidence.ts'
import { writeLifeEvidence } from '../../signer-node/life-evidence.ts'
import { Lives, type ThereAndBack } from '../../signer-node/lives.ts'
import { PeerLives } from '../../signer-node/peer-lives.ts'
import { refusedWith } from '../kit/refused.ts'
import { testSelf } from './world.ts'

const [self, peer, other] = [testSelf(1), testSelf(2), testSelf(3)]
const root = { org: 'acme', env: 'test', nodes: [self, peer, other] } as const
const nonce = (name: string) => toHex(sha256(toUtf8(name)))
const life = (at: number) => `0${at}`.repeat(16)
const bytes = (hex: string) => Buffer.from(hex, 'hex')

/** A query of `peer`, in one of its lives. */
function query(at: number, name: string, echo = '', change: JsonObject = {}, by = peer) {
  const document = {
    ...{ format: 'custody-floor-query/v1', org: self.org, env: self.env, node: by.node },
    ...{ to: self.node, incarnation: life(at), nonce: nonce(name) },
    echo: echo === '' ? '' : nonce(echo),
    ...change,
  }
  return openBy(kinds.floorQuery, signBy(kinds.floorQuery, document, by), by.identity)
}

const hears = (lives: Lives, ...queries: readonly Opened<FloorQuery>[]) =>
  queries.map((one) => lives.hear(one))

describe('a node that hears what another life of it asked', () => {
  it('knows a twin by the echo of a nonce that it drew in its present life', () => {
    const lives = new Lives()
    lives.asks(bytes(life(1)), nonce('mine'))
    expect(lives.told(bytes(life(1)), query(2, 'theirs'), other.node)).toBe('new')
    expect([lives.isEchoDue, lives.echo]).toEqual([true, ''])
    lives.turn()
    expect([lives.isEchoDue, lives.echo]).toEqual([false, nonce('theirs')])
    expect(lives.told(bytes(life(1)), query(2, 'later', 'mine'), other.node)).toBe('twin')
  })

  it('is convinced once by one query, however often it is told', () => {
    const lives = new Lives()
    lives.asks(bytes(life(1)), nonce('mine'))
    const theirs = query(2, 'theirs', 'mine')
    expect([
      lives.told(bytes(life(1)), theirs, other.node),
      lives.told(bytes(life(1)), theirs, other.node),
    ]).toEqual(['twin', 'known'])
  })

  it('takes no earlier life for a twin, nor itself, whatever was echoed before', () => {
    const lives = new Lives()
    lives.asks(bytes(life(1)), nonce('old'))
    // It took a new life, and an earlier one had echoed somebody.
    lives.asks(bytes(life(2)), nonce('mine'))
    expect(lives.told(bytes(life(2)), query(1, 'before', 'far'), other.node)).toBe('new')
    expect(lives.told(bytes(life(2)), query(3, 'first', 'old'), other.node)).toBe('new')
    expect(lives.told(bytes(life(2)), query(2, 'own', 'mine'), other.node)).toBe('known')
  })

  it('is not convinced again by echoes of what it asked before it was convinced', () => {
    const lives = new Lives()
    const own = bytes(life(1))
    for (const name of ['first', 'second']) lives.asks(own, nonce(name))
    expect(lives.told(own, query(2, 'a', 'first'), other.node)).toBe('twin')
    // Whoever kept them back, or has as many old queries as this node remembers, gains nothing.
    for (let at = 0; at < 70; at += 1) {
      lives.told(own, query(3, `old ${at}`), other.node)
      lives.turn()
    }
    expect(lives.told(own, query(2, 'a', 'first'), other.node)).toBe('new')
    expect(lives.told(own, query(2, 'b', 'second'), other.node)).toBe('new')
    lives.asks(own, nonce('third'))
    expect(lives.told(own, query(2, 'c', 'third'), other.node)).toBe('twin')
  })

  it('echoes what each peer told in turn, so that none drowns what another tells', () => {
    const lives = new Lives()
    const own = bytes(life(1))
    const echoes = [1, 2, 3].map((round) => {
      // A liar says it first, and then queries of lives that are over, one after another.
      lives.told(own, query(2, `present ${round}`), other.node)
      lives.told(own, query(2, `present ${round}`), peer.node)
      for (let at = 0; at < 70; at += 1) {
        lives.told(own, query(3, `old ${round} ${at}`), other.node)
      }
      return [0, 1].map(() => {
        lives.turn()
        return lives.echo
      })
    })
    expect(echoes).toEqual(
      [1, 2, 3].map((round) => [nonce(`old ${round} 69`), nonce(`present ${round}`)]),
    )
    expect(lives.isEchoDue).toBe(false)
  })

  it('remembers its nonces for an hour of questions, and no longer', () => {
    const lives = new Lives()
    for (let at = 0; at <= 64; at += 1) lives.asks(bytes(life(1)), nonce(`${at}`))
    expect(lives.told(bytes(life(1)), query(2, 'a', '0'), other.node)).toBe('new')
    expect(lives.told(bytes(life(1)), query(2, 'b', '1'), other.node)).toBe('twin')
  })
})

describe('whoever is asked', () => {
  it('tells of the other life that answers the asker, before any that was heard later', () => {
    const lives = new Lives()
    hears(lives, query(1, 'a'), query(2, 'b', 'a'), query(3, 'c'))
    expect(lives.otherOf(query(1, 'a').value)?.document).toBe(query(2, 'b', 'a').signed.document)
    expect(lives.otherOf(query(2, 'b').value)?.document).toBe(query(3, 'c').signed.document)
    expect(new Lives().otherOf(query(1, 'a').value)).toBeUndefined()
  })

  it('has a proof by three queries there and back, and by nothing less', () => {
    const lives = new Lives()
    const three = [query(1, 'a'), query(2, 'b', 'a'), query(1, 'c', 'b')] as const
    expect(hears(lives, ...three)).toEqual([undefined, undefined, three])
  })

  it('takes lives that follow one another for what they are, in any order and again and again', () => {
    const lives = new Lives()
    const [a, b, c] = [query(1, 'a'), query(2, 'b', 'a'), query(3, 'c', 'b')]
    expect(hears(lives, a, b, c, a, b, query(3, 'd', 'b'))).toEqual(Array(6).fill(undefined))
    expect(hears(new Lives(), c, b, a)).toEqual(Array(3).fill(undefined))
    // A nonce is no echo of itself, and one life convicts nobody.
    const alone = [query(1, 'a'), query(1, 'b', 'a'), query(1, 'c', 'b')]
    expect(hears(new Lives(), ...alone)).toEqual(Array(3).fill(undefined))
  })

  it('forgets the oldest of many, so that nobody fills its memory', () => {
    const lives = new Lives()
    hears(lives, query(1, 'a'), query(2, 'b', 'a'))
    for (let at = 0; at < 63; at += 1) lives.hear(query(4, `more ${at}`))
    expect(lives.hear(query(1, 'c', 'b'))).toBeUndefined()
  })
})

describe('evidence of two lives', () => {
  const three: ThereAndBack = [query(1, 'a'), query(2, 'b', 'a'), query(1, 'c', 'b')]
  const written = (proof: ThereAndBack, accused = peer) =>
    writeLifeEvidence(self, accused.node, proof).document
  const judged = (document: string, as: Parameters<typeof verifyEvidence>[1] = root) =>
    refusedWith(() => verifyEvidence(document, as, nativeCurve()))

  it('is three queries there and back, and convicts by itself', () => {
    expect(judged(written(three))).toBe('accepted')
    expect(verifyEvidence(written(three), root, nativeCurve())).toMatchObject({
      accused: peer.node,
    })
  })

  it('convicts nobody by lives that followed one another, or by one alone', () => {
    const [a, b, c] = three
    expect(judged(written([a, b, query(3, 'c', 'b')]))).toBe('EVIDENCE')
    expect(judged(written([a, query(1, 'b', 'a'), c]))).toBe('EVIDENCE')
    expect(judged(written([a, b, query(1, 'c')]))).toBe('EVIDENCE')
    expect(judged(written([a, query(2, 'b'), c]))).toBe('EVIDENCE')
    expect(judged(written([b, a, c]))).toBe('EVIDENCE')
  })

  it('convicts nobody by fewer than three questions, whatever they echo', () => {
    // One nonce in two lives of one process, each of which echoes that of the one before.
    const [a, b] = [query(1, 'n', 'n'), query(2, 'n', 'n')]
    expect(judged(written([a, b, a]))).toBe('EVIDENCE')
  })

  it('convicts nobody who did not sign all three, and nobody of another organisation', () => {
    const [a, b, c] = three
    expect(judged(written([a, query(2, 'b', 'a', {}, other), c]))).toBe('EVIDENCE')
    expect(judged(written(three, other))).toBe('EVIDENCE')
    expect(judged(written([a, b, query(1, 'c', 'b', { org: 'other' })]))).toBe('EVIDENCE')
    expect(judged(written(three), { ...root, org: 'other' })).toBe('EVIDENCE')
    expect(judged(written(three), { ...root, nodes: [self, other] })).toBe('EVIDENCE')
  })

  it('is read strictly', () => {
    const more = text({ ...(JSON.parse(written(three)) as JsonObject), more: 1 })
    expect(judged(more)).not.toBe('accepted')
  })
})

describe('lives of a peer', () => {
  const begun = (lives: PeerLives, at: number) => lives.begins(bytes(life(at)))

  it('end when a later set-up is finished by another, and the newer one stays', () => {
    const lives = new PeerLives()
    expect(lives.finished(peer.node, begun(lives, 1))).toBe(true)
    expect(lives.finished(peer.node, begun(lives, 2))).toBe(true)
    expect([1, 2].map((at) => lives.isRefused(bytes(life(at)), peer.node))).toEqual([true, false])
    expect(lives.finished(peer.node, begun(lives, 1))).toBe(false)
    expect(lives.finished(peer.node, begun(lives, 2))).toBe(true)
  })

  it('do not end by a set-up that was begun earlier and ended late', () => {
    const lives = new PeerLives()
    const [first, second] = [begun(lives, 1), begun(lives, 2)]
    expect(lives.finished(peer.node, second)).toBe(true)
    expect(lives.finished(peer.node, first)).toBe(false)
    expect(lives.isRefused(bytes(life(2)), peer.node)).toBe(false)
  })

  it('are each refused under their own node, the newest thousand of them', () => {
    const lives = new PeerLives()
    lives.refuse(peer.node, bytes(life(1)))
    expect(lives.isRefused(bytes(life(1)), other.node)).toBe(false)
    expect(lives.isRefused(bytes(life(1)))).toBe(true)
    for (let at = 0; at < 1_024; at += 1) lives.refuse(other.node, sha256(toUtf8(`${at}`)))
    expect(lives.isRefused(bytes(life(1)), peer.node)).toBe(false)
  })
})

import { describe, expect, it } from 'vitest'
import { sha256, toHex, toUtf8 } from '../../proto/crypto.ts'
import { type JsonObject, text } from '../../proto/jcs.ts'
import { kinds, signBy } from '../../proto/node-documents.ts'
import type { Signed } from '../../proto/signed.ts'
import { writeCloneEvidence } from '../../signer-node/clone-evidence.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { verifyEvidence } from '../../signer-node/evidence.ts'
import { SeenCounters } from '../../signer-node/seen-counters.ts'
import { refusedWith } from '../kit/refused.ts'
import { testSelf } from './world.ts'

const [self, evil, other] = [testSelf(1), testSelf(2), testSelf(3)]
const root = { org: 'acme', env: 'test', nodes: [self, evil, other] } as const
const digest = (name: string) => toHex(sha256(toUtf8(name)))

function accepted(change: JsonObject = {}, by = evil): Signed {
  const document = {
    ...{ format: 'custody-keygen-acceptance/v1', org: self.org, env: self.env, node: by.node },
    ...{ incarnation: '11'.repeat(16), counter: 7, nonce: digest('n'), x25519: digest('x') },
    ...{ deadline: '2026-12-07T10:20:30.000Z', origin: 'log', size: 5, root: digest('root') },
    ...{ keygen: digest('k'), purpose: 'dkg', change: '', from: 0, keyState: '', epoch: 1 },
    facts: '',
    ...change,
  }
  return signBy(kinds.keygenAcceptance, document, by)
}

const written = (first: Signed, second: Signed, accused = evil) =>
  writeCloneEvidence(self, accused.node, [first, second]).document
const judged = (document: string, as: Parameters<typeof verifyEvidence>[1] = root) =>
  refusedWith(() => verifyEvidence(document, as, nativeCurve()))

describe('evidence of a clone', () => {
  const two = written(accepted(), accepted({ nonce: digest('m') }))

  it('is two acceptances of one counter, and convicts by itself', () => {
    expect(judged(two)).toBe('accepted')
    expect(verifyEvidence(two, root, nativeCurve())).toMatchObject({ accused: evil.node })
  })

  it('convicts nobody by one acceptance, of two counters or of two incarnations', () => {
    expect(judged(written(accepted(), accepted()))).toBe('EVIDENCE')
    expect(judged(written(accepted(), accepted({ counter: 8 })))).toBe('EVIDENCE')
    const life = { incarnation: '22'.repeat(16), nonce: digest('m') }
    expect(judged(written(accepted(), accepted(life)))).toBe('EVIDENCE')
  })

  it('convicts nobody who did not sign both, and nobody of another organisation', () => {
    const theirs = accepted({ nonce: digest('m') }, other)
    expect(judged(written(accepted(), theirs))).toBe('EVIDENCE')
    expect(judged(written(accepted(), accepted({ nonce: digest('m') }), other))).toBe('EVIDENCE')
    const bent = { ...accepted({ nonce: digest('m') }), signature: new Uint8Array(64) }
    expect(judged(written(accepted(), bent))).toBe('EVIDENCE')
    expect(judged(two, { ...root, org: 'other' })).toBe('EVIDENCE')
    const foreign = accepted({ nonce: digest('m'), org: 'other' })
    expect(judged(written(accepted(), foreign))).toBe('EVIDENCE')
    expect(judged(two, { ...root, nodes: [self, other] })).toBe('EVIDENCE')
  })

  it('is read strictly', () => {
    expect(judged(text({ ...(JSON.parse(two) as JsonObject), more: 1 }))).not.toBe('accepted')
  })
})

describe('counters that were seen', () => {
  it('give the other document back when one place has two, and nothing for the same again', () => {
    const seen = new SeenCounters()
    const [first, second] = [accepted(), accepted({ nonce: digest('m') })]
    expect(seen.other('a/1/7', first)).toBeUndefined()
    expect(seen.other('a/1/7', first)).toBeUndefined()
    expect(seen.other('a/1/7', second)).toBe(first)
    expect(seen.other('b/1/7', second)).toBeUndefined()
  })

  it('are forgotten from the oldest on when there are more than can be open', () => {
    const seen = new SeenCounters()
    for (let at = 0; at <= 4_096; at += 1) seen.other(`a/1/${at}`, accepted0)
    expect(seen.other('a/1/0', accepted1)).toBeUndefined()
    expect(seen.other('a/1/4096', accepted1)).toBe(accepted0)
  })
  const [accepted0, accepted1] = [accepted(), accepted({ nonce: digest('m') })]
})

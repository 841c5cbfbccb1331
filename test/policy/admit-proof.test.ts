// The gate of control proofs: an approved sentence and t nodes, or a refusal that names the check.
import { describe, expect, it } from 'vitest'
import { admit } from '../../policy/admit.ts'
import {
  type AdmittedProof,
  admitProof,
  isProof,
  pathOf,
  restsOn,
} from '../../policy/admit-proof.ts'
import { put, tables } from '../../policy/audit/tables.ts'
import { controlProof } from '../../policy/control-proof.ts'
import { plainDigest, toHex, toUtf8 } from '../../proto/crypto.ts'
import { parseNodeId } from '../../proto/ids.ts'
import { isRefusal } from '../../proto/refusal.ts'
import type { Bend } from '../kit/change-judged.ts'
import { Asked, asks, freeze, hot, keyedLog, network, ripe } from '../kit/change-log.ts'
import { proofLine } from '../kit/proof-line.ts'
import { scene } from '../kit/scene.ts'

const prove = () => ripe(keyedLog(), asks.prove)

function judged(asked: Asked, nodes: readonly string[] = ['node-a', 'node-c'], bend: Bend = {}) {
  const { view, order, log } = asked
  const createdAt = view.intent?.t ?? 0
  return admitProof({
    order: bend.order ?? order,
    attempt: 3,
    participants: nodes.map((node) => parseNodeId(node)),
    own: {
      view: bend.view?.(view) ?? view,
      clockMs: log.t,
      frozenLocally: false,
      witnessedAt: (seq) => (seq === view.intent?.seq ? createdAt : log.t),
      ...bend.own,
    },
  })
}

const says = (...given: Parameters<typeof judged>): string => {
  const result = judged(...given)
  return isRefusal(result) ? `${result.check} ${result.code}` : 'admitted'
}

describe('a proof is admitted', () => {
  it('with the digest of the sentence that people approved, made here', () => {
    const asked = prove()
    const proof = judged(asked) as AdmittedProof
    const { text, digest, publicKey } = controlProof(asks.prove, hot, network)
    expect(toHex(proof.digest)).toBe(toHex(digest))
    expect(toHex(proof.publicKey)).toBe(toHex(publicKey))
    expect(proof).toMatchObject({
      intentDigest: asked.digest,
      warrantDigest: asked.carried.order,
      attempt: 3,
      bytesDigest: plainDigest(toUtf8(text)),
      path: 'm/0/7',
      tier: 'hot',
      participants: ['node-a', 'node-c'],
      vault: { epoch: 1 },
    })
    expect([isProof(proof), pathOf(proof)]).toEqual([true, 'm/0/7'])
  })

  it('with the same words by every node, although each has a clock of its own', () => {
    const asked = prove()
    const at = (clockMs: number) => judged(asked, undefined, { own: { clockMs } })
    expect(at(asked.log.t + 400)).toEqual(at(asked.log.t))
  })

  it('and is told from a payment, which has a path of its own', () => {
    const { warrant, attempt, own } = scene()
    const payment = admit({ warrant, attempt, own })
    if (isRefusal(payment)) throw new Error(payment.because)
    expect([isProof(payment), pathOf(payment)]).toEqual([false, payment.intent.path])
  })

  it('by t holders, each once and in the order of their places', () => {
    const asked = prove()
    expect(says(asked)).toBe('admitted')
    for (const nodes of [
      [],
      ['node-a'],
      ['node-a', 'node-a'],
      ['node-c', 'node-a'],
      ['node-a', 'node-b', 'node-c'],
      ['node-a', 'node-d'],
    ]) {
      expect(says(asked, nodes), nodes.join()).toBe('N2 PARTICIPANTS')
    }
  })

  it('by holders that the root names still', () => {
    const log = keyedLog()
    const participants = hot.participants.map((one) =>
      one.x === 3 ? { ...one, node: parseNodeId('node-x') } : one,
    )
    log.rows.apply([put(tables.vault, 'hot-eth', { ...hot, participants })])
    const asked = ripe(log, asks.prove)
    expect(says(asked, ['node-a', 'node-b'])).toBe('admitted')
    expect(says(asked, ['node-a', 'node-x'])).toBe('N2 PARTICIPANTS')
  })

  it('for nothing else that people approved', () => {
    for (const change of [asks.refresh, asks.export, asks.destroy, asks.readmit]) {
      expect(says(ripe(keyedLog(), change)), change.op).toBe('N1 WARRANT')
    }
  })

  it('under what stops every change: no approval, a freeze, another epoch, a late clock', () => {
    const alone = new Asked(keyedLog(), asks.prove).record().ripen()
    expect(says(alone)).toBe('N21 QUORUM')
    const frozen = prove()
    freeze(frozen.log, 'all')
    expect(says(frozen)).toBe('N4 FROZEN')
    expect(says(prove(), undefined, { own: { frozenLocally: true } })).toBe('N4 FROZEN')
    const { terms } = asks.prove
    const wrong = ripe(keyedLog(), { ...asks.prove, terms: { ...terms, epoch: 2 } })
    expect(says(wrong)).toBe('N2 EPOCH')
    const late = asks.prove.notAfter + 1
    expect(says(prove(), undefined, { own: { clockMs: late } })).not.toBe('admitted')
    expect(says(prove().add('key.proved', proofLine(prove())))).toBe('N8 REQUEST_ENDED')
  })

  it('over lines that end with the newest decision about it', () => {
    const asked = prove()
    const { intent, decisions } = asked.view
    expect(restsOn(asked.view)).toBe(decisions.at(-1)?.seq)
    expect(restsOn({ ...asked.view, decisions: [] })).toBe(intent?.seq)
    expect(restsOn({ ...asked.view, intent: undefined, decisions: [] })).toBe(-1)
  })
})

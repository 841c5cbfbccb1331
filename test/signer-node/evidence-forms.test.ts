// Evidence of a wrong share in each of the three kinds of session that deal shares: it convicts who
// dealt it, before anybody who has the root; and an accuser that has an honest dealing, signed, can
// make no document of it that convicts.
import { describe, expect, it } from 'vitest'
import { sha256, toHex, toUtf8 } from '../../proto/crypto.ts'
import { type JsonObject, text } from '../../proto/jcs.ts'
import { type DealtSession, dealtObject } from '../../signer-node/dealt-session.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { prepareKey } from '../../signer-node/dkls23/keygen.ts'
import { parseParty } from '../../signer-node/dkls23/party.ts'
import type { Protocol } from '../../signer-node/dkls23/protocol.ts'
import { prepareRefresh } from '../../signer-node/dkls23/refresh.ts'
import { prepareReshare } from '../../signer-node/dkls23/reshare.ts'
import { type Statement, sessionId } from '../../signer-node/dkls23/session-id.ts'
import { signedBytes } from '../../signer-node/envelope.ts'
import { verifyEvidence, writeEvidence } from '../../signer-node/evidence.ts'
import { networkId, partiesOf } from '../../signer-node/self.ts'
import { keyTerms, makeKey } from '../kit/keys.ts'
import { reshareTerms } from '../kit/lifecycle.ts'
import { drive, nodes, vectorRandomness } from '../kit/protocol.ts'
import { refusedWith } from '../kit/refused.ts'
import { seedOf, testSelf } from './world.ts'

const curve = nativeCurve()
const selves = [1, 2, 3, 4].map(testSelf)
const [self, evil] = [selves[0]!, selves[1]!]
const root = { org: self.org, env: self.env, nodes: selves }
const key = makeKey(curve, 2, [1, 2, 3])
const { keyState } = [...key.values()][0]!

const members = (...xs: number[]) => xs.map((x) => ({ node: testSelf(x).node, x }))
const acceptancesOf = (...xs: number[]) => xs.map((x) => seedOf(`acceptance ${x}`))
const sharedBy = (...xs: number[]) => {
  return { key: 'key-1', t: 2, participants: members(...xs), acceptances: acceptancesOf(...xs) }
}
const old = { from: 1, keyState }
const sessions: Readonly<Record<DealtSession['purpose'], DealtSession>> = {
  dkg: { purpose: 'dkg', ...sharedBy(1, 2, 3), epoch: 1 },
  refresh: { purpose: 'refresh', ...sharedBy(1, 2, 3), ...old, epoch: 2 },
  reshare: {
    ...{ purpose: 'reshare', ...sharedBy(1, 2, 3, 4), ...old, epoch: 2 },
    ...{ dealers: [2, 3], receivers: [1, 2, 4] },
  },
}
const dealers = [2, 3].map(parseParty)
const receivers = [1, 2, 4].map(parseParty)
const statements: Readonly<Record<DealtSession['purpose'], Statement>> = {
  dkg: { purpose: 'dkg', threshold: 2, nodes: 3 },
  refresh: { purpose: 'refresh', newEpoch: 2 },
  reshare: { purpose: 'reshare', newEpoch: 2, newThreshold: 2, dealers, receivers },
}

/** As the nodes make it, not as a stranger does. */
function sidOf({ purpose, participants, acceptances }: DealtSession): Uint8Array {
  return sessionId({
    statement: statements[purpose],
    networkId: networkId(self),
    keyId: toUtf8('key-1'),
    epoch: 1,
    keyState: purpose === 'dkg' ? new Uint8Array() : keyState,
    participants: partiesOf(participants),
    acceptances,
  })
}

const terms = reshareTerms(key, { dealers, receivers: nodes(1, 2, 4), threshold: 2 })

/** What party 2 deals to party 1, all being honest. */
function dealing(dealt: DealtSession): Uint8Array {
  let found = new Uint8Array()
  const participants = partiesOf(dealt.participants)
  const begin = (x: number): Protocol<unknown> => {
    const at = participants.find((one) => one.x === x)!
    const randomness = vectorRandomness(`evidence ${dealt.purpose}`, x, curve)
    const run = { sid: sidOf(dealt), self: at, participants, curve, randomness }
    const own = key.get(at.x)
    if (dealt.purpose === 'dkg') return prepareKey(run, keyTerms(2))
    if (dealt.purpose === 'refresh') return prepareRefresh(run, own!, 2)
    return prepareReshare(run, terms, dealers.includes(at.x) ? own : undefined)
  }
  drive(new Map(participants.map(({ x }) => [x, begin(x)])), (round, from, to, bytes) => {
    if (round === 2 && from === 2 && to === 1) found = bytes.slice()
    return bytes
  })
  return found
}

function written(dealt: DealtSession, payload: Uint8Array, by = evil): string {
  const place = { sid: sidOf(dealt), round: 2, from: 2, to: 1 }
  const signature = by.sign(signedBytes(place, sha256(payload)))
  return writeEvidence(self, evil.node, { kind: 'wrong-share', place, payload, signature }, dealt)!
    .document
}

const judged = (document: string) => refusedWith(() => verifyEvidence(document, root, curve))
const kinds = {
  dkg: 'wrong-share',
  refresh: 'wrong-refresh-share',
  reshare: 'wrong-reshare-share',
} as const
const purposes = ['dkg', 'refresh', 'reshare'] as const

describe.each(purposes)('a wrong share in a %s', (purpose) => {
  const dealt = sessions[purpose]
  const honest = dealing(dealt)
  const crooked = honest.slice()
  crooked[crooked.length - 1] = (crooked.at(-1) ?? 0) ^ 1
  const document = written(dealt, crooked)
  const framing = written(dealt, honest)

  it('convicts its dealer with the root alone', () => {
    const proved = verifyEvidence(document, root, curve)
    expect(proved).toMatchObject({ kind: kinds[purpose], accused: 'node-2', by: 'node-1' })
  })

  it('convicts nobody when its dealer is honest, whatever the accuser says of the session', () => {
    expect(judged(framing)).toBe('EVIDENCE')
    for (const change of lies(dealt)) {
      const bent = JSON.parse(framing) as { making: JsonObject }
      const said = text({ ...bent, making: { ...bent.making, ...change } })
      expect(judged(said), JSON.stringify(change)).toBe('EVIDENCE')
      // Nor is the crooked one told of another session than its own.
      const other = JSON.parse(document) as { making: JsonObject }
      const moved = text({ ...other, making: { ...other.making, ...change } })
      expect(judged(moved), JSON.stringify(change)).toBe('EVIDENCE')
    }
  })

  it('convicts nobody as a dealer of another kind of session', () => {
    for (const other of purposes.filter((one) => one !== purpose)) {
      const about = sessions[other]
      for (const t of [1, 2, 3]) {
        for (const said of [framing, document]) {
          const kind = kinds[other]
          const making = dealtObject({ ...about, t })
          const own = text({ ...(JSON.parse(said) as JsonObject), kind, making })
          expect(judged(own), `${other} ${t}`).toBe('EVIDENCE')
          // With the id of that session; then nobody signed it.
          const session = toHex(sidOf(about))
          expect(judged(text({ ...(JSON.parse(own) as JsonObject), session }))).toBe('EVIDENCE')
        }
      }
    }
  })

  it('convicts nobody by the signature of the accuser, nor by a payload put in its place', () => {
    expect(judged(written(dealt, crooked, self))).toBe('EVIDENCE')
    const swapped = { ...(JSON.parse(framing) as JsonObject), payload: toHex(crooked) }
    expect(judged(text(swapped))).toBe('EVIDENCE')
  })
})

/** Ways to speak of another session. */
function lies(dealt: DealtSession): readonly JsonObject[] {
  const [first, second, ...rest] = dealt.participants.map(({ node, x }) => ({ node, x }))
  const [one, ...others] = dealt.acceptances.map(toHex)
  const every: JsonObject[] = [
    ...[1, 3].map((t) => ({ t })),
    ...[0, 3].map((epoch) => ({ epoch })),
    { key: 'key-2' },
    { acceptances: others },
    { acceptances: [...others, one!] },
    { participants: [second!, first!, ...rest] },
    { participants: [first!, { ...second!, x: rest[0]!.x }, ...rest.slice(1)] },
    { participants: [first!, { ...second!, node: 'node-4' }, ...rest] },
    { participants: [first!, ...rest] },
  ]
  if (dealt.purpose === 'dkg') return every
  // The threshold of a refresh is that of the old key state, which is told by its digest.
  const changing = [...every, { from: 0 }, { keyState: toHex(seedOf('another state')) }]
  if (dealt.purpose === 'refresh') return changing
  return [
    ...changing,
    { dealers: [1, 2, 3] },
    { dealers: [3] },
    { dealers: [3, 2] },
    { receivers: [1, 2] },
    { receivers: [2, 4] },
    { receivers: [1, 2, 3, 4] },
  ]
}

import { describe, expect, it } from 'vitest'
import { sha256, toHex } from '../../proto/crypto.ts'
import { type NodeId, parseNodeId } from '../../proto/ids.ts'
import { type JsonObject, text } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { isWrongShare } from '../../signer-node/dkls23/complaint.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { prepareKey } from '../../signer-node/dkls23/keygen.ts'
import { parseParty } from '../../signer-node/dkls23/party.ts'
import { sessionId } from '../../signer-node/dkls23/session-id.ts'
import { type Place, signedBytes } from '../../signer-node/envelope.ts'
import { type Exhibit, verifyEvidence, writeEvidence } from '../../signer-node/evidence.ts'
import { networkId, partiesOf } from '../../signer-node/self.ts'
import { Store } from '../../signer-node/store.ts'
import { Strikes } from '../../signer-node/strikes.ts'
import { keygenRuns, keyTerms } from '../kit/keys.ts'
import { drive, nodes } from '../kit/protocol.ts'
import { refusedWith } from '../kit/refused.ts'
import { seedOf, testSelf } from './world.ts'

const curve = nativeCurve()
const [self, evil, other] = [testSelf(1), testSelf(2), testSelf(3)]
const root = { org: 'acme', env: 'test', nodes: [self, evil, other] } as const
const place: Place = { sid: seedOf('sid'), round: 1, from: 2, to: 1 }
const bytes = (words: string) => new TextEncoder().encode(words)
const said = (words: string, by = evil, at = place) => {
  const digest = sha256(bytes(words))
  return { digest, signature: by.sign(signedBytes(at, digest)) }
}
const both: Exhibit = { kind: 'two-messages', place, first: said('one'), second: said('two') }
const judged = (document: string, as: Parameters<typeof verifyEvidence>[1] = root) =>
  refusedWith(() => verifyEvidence(document, as, curve))
const changed = (document: string, change: JsonObject) =>
  text({ ...(JSON.parse(document) as JsonObject), ...change })

const participants = [self, evil, other].map(({ node, x }) => ({ node, x }))
const making = {
  purpose: 'dkg',
  key: 'k-1',
  epoch: 1,
  t: 2,
  participants,
  acceptances: participants.map(({ node }) => seedOf(node)),
} as const
const dealt: Place = {
  sid: sessionId({
    statement: { purpose: 'dkg', threshold: 2, nodes: 3 },
    networkId: networkId(self),
    keyId: bytes('k-1'),
    epoch: 1,
    keyState: new Uint8Array(),
    participants: partiesOf(participants),
    acceptances: making.acceptances,
  }),
  round: 2,
  from: 2,
  to: 1,
}
/** Round 2 of an honest dealer with threshold 2, as it goes to party 1. */
function dealing(): Uint8Array {
  let found = new Uint8Array()
  const runs = keygenRuns(curve, 2, nodes(1, 2, 3))
  const { sid } = dealt
  drive(
    new Map([...runs].map(([x, run]) => [x, prepareKey({ ...run, sid }, keyTerms(2))])),
    (round, from, to, sent) => {
      if (round === 2 && from === 2 && to === 1) found = sent.slice()
      return sent
    },
  )
  return found
}
const honest = dealing()
const crooked = honest.slice()
crooked[crooked.length - 1] = (crooked.at(-1) ?? 0) ^ 1

const share = (payload: Uint8Array, at = dealt): Exhibit => {
  const signature = evil.sign(signedBytes(at, sha256(payload)))
  return { kind: 'wrong-share', place: at, payload, signature }
}
const write = (exhibit: Exhibit, accused: NodeId = evil.node) =>
  writeEvidence(self, accused, exhibit, making)!.document

describe('two messages for one place', () => {
  it('convict whoever signed both, before anybody who has the root', () => {
    const document = write(both)
    expect(verifyEvidence(document, root, curve)).toMatchObject({
      kind: 'two-messages',
      accused: 'node-2',
      by: 'node-1',
    })
    expect(document).not.toContain(toHex(bytes('one')))
  })

  it('are nothing when they are one, of two places, or signed by somebody else', () => {
    expect(judged(write({ ...both, second: said('one') }))).toBe('EVIDENCE')
    const elsewhere = said('two', evil, { ...place, round: 2 })
    expect(judged(write({ ...both, second: elsewhere }))).toBe('EVIDENCE')
    expect(judged(write({ ...both, second: said('two', self) }))).toBe('EVIDENCE')
    expect(judged(write({ ...both, first: said('one', other) }))).toBe('EVIDENCE')
  })

  it('do not convict another node, or in another house', () => {
    const document = write(both)
    for (const change of [
      { accused: 'node-3' },
      { accused: 'node-9' },
      { by: 'node-3' },
      { by: 'node-2' },
      { from: 3 },
      { to: 3 },
      { round: 2 },
      { session: toHex(seedOf('other')) },
      { env: 'prod' },
      { org: 'other' },
    ]) {
      expect(judged(changed(document, change)), JSON.stringify(change)).toBe('EVIDENCE')
    }
    const swapped = { ...root, nodes: [self, { ...evil, identity: other.identity }, other] }
    expect(judged(document, swapped)).toBe('EVIDENCE')
  })

  it('are read strictly', () => {
    const document = write(both)
    for (const bad of [
      changed(document, { more: 1 }),
      changed(document, { kind: 'other' }),
      changed(document, { format: 'custody-evidence/v2' }),
      ` ${document}`,
      '[]',
    ]) {
      expect(judged(bad)).toBe('MALFORMED')
    }
  })
})

describe('a dealt share', () => {
  it('convicts its dealer when it is not on the polynomial beside it', () => {
    const proved = verifyEvidence(write(share(crooked)), root, curve)
    expect(proved).toMatchObject({ kind: 'wrong-share', accused: 'node-2' })
  })

  it('convicts no honest dealer, whatever is said about the rest', () => {
    const document = write(share(honest))
    expect(judged(document)).toBe('EVIDENCE')
    for (const change of [
      { t: 3 },
      { t: 1 },
      { epoch: 2 },
      { key: 'k-2' },
      { acceptances: [] },
      { acceptances: [toHex(seedOf('x'))] },
    ]) {
      const value = JSON.parse(document) as { making: JsonObject }
      const bent = changed(document, { making: { ...value.making, ...change } })
      expect(judged(bent), JSON.stringify(change)).toMatch(/EVIDENCE|MALFORMED/)
    }
    const others = participants.filter(({ node }) => node !== 'node-2')
    const value = JSON.parse(write(share(crooked))) as { making: JsonObject }
    const [first, second, third] = participants
    for (const wrong of [
      others,
      [first!, second!, second!],
      [first!, second!, { ...third!, node: 'node-1' }],
      [second!, first!, third!],
    ]) {
      const making = { ...value.making, participants: wrong }
      expect(judged(changed(write(share(crooked)), { making }))).toBe('EVIDENCE')
    }
    // Said to another node it would be wrong there: the place is signed.
    expect(judged(changed(document, { by: 'node-3', to: 3 }))).toBe('EVIDENCE')
    expect(judged(changed(document, { payload: toHex(crooked) }))).toBe('EVIDENCE')
  })

  it('is judged only as the dealing of a key: not in another round, size or session', () => {
    expect(judged(write(share(crooked, { ...dealt, round: 3 })))).toBe('EVIDENCE')
    expect(judged(write(share(crooked, { ...dealt, sid: seedOf('sid') })))).toBe('EVIDENCE')
    expect(judged(write(share(crooked.slice(1))))).toBe('EVIDENCE')
    const noPoint = Uint8Array.from(crooked, (byte, at) => (at === 0 ? 9 : byte))
    expect(judged(write(share(noPoint)))).toBe('EVIDENCE')
    expect(writeEvidence(self, evil.node, share(crooked))).toBeUndefined()
    const dealer = partiesOf(participants)[1]!
    const isWrong = (threshold: number, sid = dealt.sid): boolean => {
      const form = { threshold, of: 'key' } as const
      return isWrongShare(curve, { sid, form, dealer, receiver: parseParty(1) }, crooked)
    }
    expect([isWrong(0), isWrong(2, seedOf('sid')), isWrong(2)]).toEqual([false, false, true])
  })
})

describe('what is held against a peer', () => {
  const peer = parseNodeId('node-2')
  const open = () => new Store(':memory:', { busyTimeoutMs: 1 })

  it('is one strike a session, counted for a day', () => {
    const strikes = new Strikes(open())
    const reason = 'commitment'
    for (const sid of ['aa', 'aa', 'bb']) strikes.strike({ peer, sid, reason, atMs: 1_000 })
    expect(strikes.today(peer, 2_000)).toBe(2)
    expect(strikes.today(parseNodeId('node-3'), 2_000)).toBe(0)
    expect(strikes.today(peer, 86_400_000 + 1_000)).toBe(0)
  })

  it('is kept as it was, once, and up to the limit', () => {
    const strikes = new Strikes(open())
    for (let count = 0; count <= limits.evidencePerPeerMax; count += 1) {
      const { digest, document } = writeEvidence(self, peer, {
        ...both,
        second: said(`${count}`),
      })!
      const isKept = count < limits.evidencePerPeerMax
      expect(strikes.keep({ digest, peer, atMs: count, document })).toBe(isKept)
      if (count === 0) expect(strikes.keep({ digest, peer, atMs: 9, document })).toBe(true)
    }
    const kept = strikes.evidence()
    expect(kept).toHaveLength(limits.evidencePerPeerMax)
    for (const { document } of kept) expect(judged(document)).toBe('accepted')
  })
})

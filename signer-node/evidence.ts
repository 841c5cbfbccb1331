// Evidence: a document that shows, to anybody who has the root, that a node signed something that
// no honest node signs: two messages for one place, a share that is not on its own polynomial, or
// two acceptances under one counter (`clone-evidence.ts`).
// It stands alone: signatures of the envelope layer over plaintext digests, nothing of the accuser.
// INVARIANT: it never holds Delta, leaves, pads, choice bits or factors, so a failed check behind
// the fence has none (protocol document, 1.13). Who accuses whom is not believed: it is recomputed.
import { digestOf, ed25519Verify, equalBytes, sha256, toHex, toUtf8 } from '../proto/crypto.ts'
import type { Digest, NodeId } from '../proto/ids.ts'
import { parseNodeId } from '../proto/ids.ts'
import { text as canonical, type JsonObject, parse } from '../proto/jcs.ts'
import { limits } from '../proto/limits.ts'
import { refuse } from '../proto/refusal.ts'
import { handle, hex, integer, list, literal, object, type Reader } from '../proto/shape.ts'
import { tags } from '../proto/tags.ts'
import { type CloneEvidence, verifyCloneEvidence } from './clone-evidence.ts'
import { DEALING_ROUND, isWrongShare } from './dkls23/complaint.ts'
import type { Curve } from './dkls23/curve.ts'
import { type Participant, parseParty } from './dkls23/party.ts'
import { sessionId } from './dkls23/session-id.ts'
import { type Place, signedBytes } from './envelope.ts'
import { networkId, partiesOf, type Self } from './self.ts'

/** What a message of an envelope was: its digest, and what its sender signed over it. */
export interface SignedDigest {
  readonly digest: Uint8Array
  readonly signature: Uint8Array
}

/** What a session has in its hands when somebody is at fault. */
export type Exhibit =
  | {
      readonly kind: 'two-messages'
      readonly place: Place
      readonly first: SignedDigest
      readonly second: SignedDigest
    }
  | {
      readonly kind: 'wrong-share'
      readonly place: Place
      readonly payload: Uint8Array
      readonly signature: Uint8Array
    }

/** What makes the id of a key making: with it a message is known to be a dealing of that key. */
export interface KeyMaking {
  readonly key: string
  readonly epoch: number
  readonly t: number
  readonly participants: readonly { readonly node: NodeId; readonly x: number }[]
  /** Digests of the acceptances, in the same order. */
  readonly acceptances: readonly Uint8Array[]
}

export interface Written {
  readonly digest: Digest
  readonly document: string
}

/** Whom the root names. */
export interface Named {
  readonly org: string
  readonly env: Self['env']
  readonly nodes: readonly {
    readonly node: NodeId
    readonly x: number
    readonly identity: Uint8Array
  }[]
}

const nodeId: Reader<NodeId> = (value, path) => parseNodeId(handle(value, path))
const place = integer(1, 65_535)
const common = {
  format: literal('custody-evidence/v1'),
  org: handle,
  env: literal('prod', 'test', 'dev'),
  accused: nodeId,
  by: nodeId,
  session: hex(32),
  round: integer(1, 255),
  from: place,
  to: place,
}
const signedDigest = object({ digest: hex(32), signature: hex(64) })
const twoMessages = object({
  ...common,
  kind: literal('two-messages'),
  first: signedDigest,
  second: signedDigest,
})
const wrongShare = object({
  ...common,
  kind: literal('wrong-share'),
  payload: hex(limits.warrantBytesMax, true),
  signature: hex(64),
  making: object({
    key: handle,
    epoch: integer(0, 0xffff_ffff),
    t: integer(1, limits.nodesMax),
    participants: list(object({ node: nodeId, x: place }), 1, limits.nodesMax),
    acceptances: list(hex(32), 1, limits.nodesMax),
  }),
})

type TwoMessages = ReturnType<typeof twoMessages>
type WrongShare = ReturnType<typeof wrongShare>
export type Evidence = TwoMessages | WrongShare

/** Undefined for a share of a session that is not known to have made a key. */
export function writeEvidence(
  self: Self,
  accused: NodeId,
  exhibit: Exhibit,
  making?: KeyMaking,
): Written | undefined {
  const { sid, round, from, to } = exhibit.place
  const about = {
    format: 'custody-evidence/v1',
    org: self.org,
    env: self.env,
    accused,
    by: self.node,
    session: toHex(sid),
    ...{ round, from, to },
    kind: exhibit.kind,
  }
  const shown = exhibit.kind === 'two-messages' ? bothOf(exhibit) : shareOf(exhibit, making)
  if (shown === undefined) return undefined
  const document = canonical({ ...about, ...shown })
  return { digest: digestOf(tags.evidence, toUtf8(document)), document }
}

function bothOf({ first, second }: Exhibit & { readonly kind: 'two-messages' }): JsonObject {
  return { first: hexed(first), second: hexed(second) }
}

function shareOf(
  { payload, signature }: Exhibit & { readonly kind: 'wrong-share' },
  making: KeyMaking | undefined,
): JsonObject | undefined {
  if (making === undefined) return undefined
  const { key, epoch, t, participants, acceptances } = making
  const members = participants.map(({ node, x }) => ({ node, x }))
  const made = { key, epoch, t, participants: members, acceptances: acceptances.map(toHex) }
  return { payload: toHex(payload), signature: toHex(signature), making: made }
}

function hexed({ digest, signature }: SignedDigest): JsonObject {
  return { digest: toHex(digest), signature: toHex(signature) }
}

/** Throws `Refused` unless the document alone convicts the node that it accuses. */
export function verifyEvidence(
  document: string,
  root: Named,
  curve: Curve,
): Evidence | CloneEvidence {
  const value = parse(toUtf8(document))
  const kind = typeof value === 'object' && 'kind' in value ? value['kind'] : ''
  if (kind === 'clone') return verifyCloneEvidence(document, root)
  const evidence = kind === 'two-messages' ? twoMessages(value, '') : wrongShare(value, '')
  if (evidence.org !== root.org || evidence.env !== root.env) {
    refuse('EVIDENCE', `expected a session of ${root.org} ${root.env}`)
  }
  const accused = root.nodes.find(({ node }) => node === evidence.accused)
  const by = root.nodes.find(({ node }) => node === evidence.by)
  if (accused?.x !== evidence.from || by?.x !== evidence.to || accused === by) {
    return refuse('EVIDENCE', 'expected two nodes of the root, at their places')
  }
  const { identity } = accused
  if (evidence.kind === 'two-messages') requireBoth(evidence, identity)
  else requireWrongShare(evidence, identity, curve)
  return evidence
}

function requireBoth(evidence: TwoMessages, identity: Uint8Array): void {
  const { first, second } = evidence
  if (equalBytes(first.digest, second.digest)) refuse('EVIDENCE', 'the two messages are one')
  for (const message of [first, second]) requireSigned(evidence, message, identity)
}

function requireWrongShare(evidence: WrongShare, identity: Uint8Array, curve: Curve): void {
  const { payload, signature, making, session, round, accused, from, to } = evidence
  const parties = partiesIn(making)
  const dealer = dealerOf(making, parties, { accused, from })
  if (!equalBytes(sessionOf(evidence, parties), session) || round !== DEALING_ROUND) {
    refuse('EVIDENCE', 'the session is not the dealing of that key')
  }
  requireSigned(evidence, { digest: sha256(payload), signature }, identity)
  const form = { threshold: making.t, of: 'key' } as const
  const place = { sid: session, form, dealer, receiver: parseParty(to) }
  if (!isWrongShare(curve, place, payload)) {
    refuse('EVIDENCE', 'the share is on its polynomial')
  }
}

/** In ascending order, each once: else there was no such session. */
function partiesIn({ participants }: WrongShare['making']): readonly Participant[] {
  const isAscending = participants.every(({ x }, i) => x > (participants[i - 1]?.x ?? 0))
  const isEachOnce = new Set(participants.map(({ node }) => node)).size === participants.length
  if (isAscending && isEachOnce) return partiesOf(participants)
  return refuse('EVIDENCE', 'expected the nodes of a session, in ascending order, each once')
}

function dealerOf(
  { participants }: WrongShare['making'],
  parties: readonly Participant[],
  { accused, from }: Pick<WrongShare, 'accused' | 'from'>,
): Participant {
  const dealer = parties[participants.findIndex(({ node }) => node === accused)]
  return dealer?.x === from ? dealer : refuse('EVIDENCE', 'the accused dealt nothing there')
}

function sessionOf(
  { org, env, making }: WrongShare,
  participants: readonly Participant[],
): Uint8Array {
  const { key, epoch, t, acceptances } = making
  if (acceptances.length !== participants.length) refuse('EVIDENCE', 'an acceptance is missing')
  return sessionId({
    statement: { purpose: 'dkg', threshold: t, nodes: participants.length },
    networkId: networkId({ org, env }),
    keyId: toUtf8(key),
    epoch,
    keyState: new Uint8Array(),
    participants,
    acceptances,
  })
}

function requireSigned(
  { session: sid, round, from, to }: Evidence,
  { digest, signature }: SignedDigest,
  identity: Uint8Array,
): void {
  if (ed25519Verify(identity, signedBytes({ sid, round, from, to }, digest), signature)) return
  refuse('EVIDENCE', 'the accused did not sign this')
}

// Evidence: a document that shows, to anybody who has the root, that a node signed something that
// no honest node signs: two messages for one place, a share that is not on its own polynomial, two
// acceptances under one counter (`clone-evidence.ts`), or two lives at once (`life-evidence.ts`).
// It stands alone: signatures of the envelope layer over plaintext digests, nothing of the accuser.
// INVARIANT: it never holds Delta, leaves, pads, choice bits or factors, so a failed check behind
// the fence has none (protocol document, 1.13). Who accuses whom is not believed: it is recomputed.
import { digestOf, ed25519Verify, equalBytes, sha256, toHex, toUtf8 } from '../proto/crypto.ts'
import type { Digest, NodeId } from '../proto/ids.ts'
import { parseNodeId } from '../proto/ids.ts'
import { text as canonical, type JsonObject, parse } from '../proto/jcs.ts'
import { limits } from '../proto/limits.ts'
import { refuse } from '../proto/refusal.ts'
import { handle, hex, integer, literal, object, type Reader } from '../proto/shape.ts'
import { tags } from '../proto/tags.ts'
import { type CloneEvidence, verifyCloneEvidence } from './clone-evidence.ts'
import {
  type DealtSession,
  dealtFields,
  dealtObject,
  dealtSessionId,
  formOf,
  isDealt,
  partiesIn,
} from './dealt-session.ts'
import { DEALING_ROUND, isWrongShare } from './dkls23/complaint.ts'
import type { Curve } from './dkls23/curve.ts'
import { type Participant, parseParty } from './dkls23/party.ts'
import { type Place, signedBytes } from './envelope.ts'
import { type LifeEvidence, verifyLifeEvidence } from './life-evidence.ts'
import type { Self } from './self.ts'

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
const shown = { payload: hex(limits.warrantBytesMax, true), signature: hex(64) }
const wrongShares = {
  'wrong-share': object({
    ...{ ...common, ...shown, kind: literal('wrong-share') },
    making: dealtFields.dkg,
  }),
  'wrong-refresh-share': object({
    ...{ ...common, ...shown, kind: literal('wrong-refresh-share') },
    making: dealtFields.refresh,
  }),
  'wrong-reshare-share': object({
    ...{ ...common, ...shown, kind: literal('wrong-reshare-share') },
    making: dealtFields.reshare,
  }),
} as const
const kindOf = {
  dkg: 'wrong-share',
  refresh: 'wrong-refresh-share',
  reshare: 'wrong-reshare-share',
} as const

type TwoMessages = ReturnType<typeof twoMessages>
type WrongShare = ReturnType<(typeof wrongShares)[keyof typeof wrongShares]>
export type Evidence = TwoMessages | WrongShare

/** Undefined for a share of a session that is not known to have dealt any. */
export function writeEvidence(
  self: Self,
  accused: NodeId,
  exhibit: Exhibit,
  dealt?: DealtSession,
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
  }
  const shown = exhibit.kind === 'two-messages' ? bothOf(exhibit) : shareOf(exhibit, dealt)
  if (shown === undefined) return undefined
  const document = canonical({ ...about, ...shown })
  return { digest: digestOf(tags.evidence, toUtf8(document)), document }
}

function bothOf({ kind, first, second }: Exhibit & { readonly kind: 'two-messages' }): JsonObject {
  return { kind, first: hexed(first), second: hexed(second) }
}

function shareOf(
  { payload, signature }: Exhibit & { readonly kind: 'wrong-share' },
  dealt: DealtSession | undefined,
): JsonObject | undefined {
  if (dealt === undefined) return undefined
  const shown = { payload: toHex(payload), signature: toHex(signature) }
  return { kind: kindOf[dealt.purpose], ...shown, making: dealtObject(dealt) }
}

function hexed({ digest, signature }: SignedDigest): JsonObject {
  return { digest: toHex(digest), signature: toHex(signature) }
}

/** Throws `Refused` unless the document alone convicts the node that it accuses. */
export function verifyEvidence(
  document: string,
  root: Named,
  curve: Curve,
): Evidence | CloneEvidence | LifeEvidence {
  const value = parse(toUtf8(document))
  const kind = typeof value === 'object' && 'kind' in value ? value['kind'] : ''
  if (kind === 'clone') return verifyCloneEvidence(document, root)
  if (kind === 'lives') return verifyLifeEvidence(document, root)
  const evidence = (kind === 'two-messages' ? twoMessages : wrongShareOf(kind))(value, '')
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

function wrongShareOf(kind: unknown) {
  const found = Object.entries(wrongShares).find(([name]) => name === kind)
  return found?.[1] ?? wrongShares['wrong-share']
}

function requireWrongShare(evidence: WrongShare, identity: Uint8Array, curve: Curve): void {
  const { payload, signature, session, round, accused, from, to } = evidence
  const dealt = dealtIn(evidence)
  const parties = partiesIn(dealt)
  const dealer = dealerOf(dealt, parties, { accused, from, to })
  const isIt = equalBytes(dealtSessionId(evidence, dealt, parties), session)
  if (!isIt || round !== DEALING_ROUND) {
    refuse('EVIDENCE', 'the session is not the dealing of that key')
  }
  requireSigned(evidence, { digest: sha256(payload), signature }, identity)
  const form = { threshold: dealt.t, of: formOf[dealt.purpose] } as const
  const place = { sid: session, form, dealer, receiver: parseParty(to) }
  if (!isWrongShare(curve, place, payload)) {
    refuse('EVIDENCE', 'the share is on its polynomial')
  }
}

function dealerOf(
  dealt: DealtSession,
  parties: readonly Participant[],
  { accused, from, to }: Pick<WrongShare, 'accused' | 'from' | 'to'>,
): Participant {
  const dealer = parties[dealt.participants.findIndex(({ node }) => node === accused)]
  if (dealer?.x === from && isDealt(dealt, from, to)) return dealer
  return refuse('EVIDENCE', 'the accused dealt nothing there')
}

function dealtIn(evidence: WrongShare): DealtSession {
  switch (evidence.kind) {
    case 'wrong-share':
      return { purpose: 'dkg', ...evidence.making }
    case 'wrong-refresh-share':
      return { purpose: 'refresh', ...evidence.making }
    case 'wrong-reshare-share':
      return { purpose: 'reshare', ...evidence.making }
  }
}

function requireSigned(
  { session: sid, round, from, to }: Evidence,
  { digest, signature }: SignedDigest,
  identity: Uint8Array,
): void {
  if (ed25519Verify(identity, signedBytes({ sid, round, from, to }, digest), signature)) return
  refuse('EVIDENCE', 'the accused did not sign this')
}

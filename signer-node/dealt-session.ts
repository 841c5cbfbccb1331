// A session in which shares were dealt, as a stranger can name it: everything that its id is made
// of, for a key making, a refresh and a reshare. Whoever has it can make the id again, and knows by
// it what each message of the second round had to be.
// INVARIANT: purpose, dealers, receivers and the old state of the key are in the id, so no message
// of one session can be shown as one of another; the threshold is there too, or in the size of a
// dealing. Judges no message: that is `evidence.ts`.
import { fromHex, toHex, toUtf8 } from '../proto/crypto.ts'
import { type NodeId, parseNodeId } from '../proto/ids.ts'
import type { JsonObject } from '../proto/jcs.ts'
import { limits } from '../proto/limits.ts'
import { refuse } from '../proto/refusal.ts'
import { handle, hex, integer, list, object, type Reader } from '../proto/shape.ts'
import type { DealingForm } from './dkls23/dealing.ts'
import { type Participant, parseParty } from './dkls23/party.ts'
import { type Statement, sessionId } from './dkls23/session-id.ts'
import type { KeyPlan } from './key-plan.ts'
import { networkId, partiesOf, type Self } from './self.ts'

interface Shared {
  readonly key: string
  /** The epoch to be made, and how many shares of it sign. */
  readonly epoch: number
  readonly t: number
  /** Everyone of the session. */
  readonly participants: readonly { readonly node: NodeId; readonly x: number }[]
  /** Digests of the acceptances, in the same order. */
  readonly acceptances: readonly Uint8Array[]
}

/** The key in force when it ran. */
interface Changing extends Shared {
  readonly from: number
  readonly keyState: Uint8Array
}

export type DealtSession =
  | ({ readonly purpose: 'dkg' } & Shared)
  | ({ readonly purpose: 'refresh' } & Changing)
  | ({
      readonly purpose: 'reshare'
      readonly dealers: readonly number[]
      readonly receivers: readonly number[]
    } & Changing)

type Purpose = DealtSession['purpose']

const nodeId: Reader<NodeId> = (value, path) => parseNodeId(handle(value, path))
const place = integer(1, 65_535)
const places = list(place, 1, limits.nodesMax)
const epoch = integer(0, 0xffff_ffff)
const shared = {
  key: handle,
  epoch,
  t: integer(1, limits.nodesMax),
  participants: list(object({ node: nodeId, x: place }), 1, 2 * limits.nodesMax),
  acceptances: list(hex(32), 1, 2 * limits.nodesMax),
}
const changing = { ...shared, from: epoch, keyState: hex(32) }

/** What a document says of the session; its purpose is the kind of the document. */
export const dealtFields = {
  dkg: object(shared),
  refresh: object(changing),
  reshare: object({ ...changing, dealers: places, receivers: places }),
} as const

/** The session of a plan that everybody has accepted; none of an import, where no node deals. */
export function dealtSession(
  plan: KeyPlan,
  acceptances: readonly Uint8Array[],
): DealtSession | undefined {
  const { purpose, key, epoch, t, parties, participants, dealers, old } = plan
  const shared = { key, epoch, t, participants: parties, acceptances }
  if (purpose === 'import') return undefined
  if (purpose === 'dkg' || old === undefined) return { purpose: 'dkg', ...shared }
  const keyState = fromHex(old.keyState) ?? new Uint8Array()
  const changing = { ...shared, from: old.epoch, keyState }
  if (purpose === 'refresh') return { purpose, ...changing }
  const dealing = parties.filter(({ node }) => dealers.includes(node)).map(({ x }) => x)
  return { purpose, ...changing, dealers: dealing, receivers: participants.map(({ x }) => x) }
}

export function dealtObject(dealt: DealtSession): JsonObject {
  const { key, epoch, t, participants, acceptances } = dealt
  const members = participants.map(({ node, x }) => ({ node, x }))
  const made = { key, epoch, t, participants: members, acceptances: acceptances.map(toHex) }
  if (dealt.purpose === 'dkg') return made
  const changed = { ...made, from: dealt.from, keyState: toHex(dealt.keyState) }
  if (dealt.purpose === 'refresh') return changed
  return { ...changed, dealers: dealt.dealers, receivers: dealt.receivers }
}

/** What every dealer of such a session owes. */
export const formOf: { readonly [P in Purpose]: DealingForm['of'] } = {
  dkg: 'key',
  refresh: 'zero',
  reshare: 'share',
}

/** Refuses what names no session. */
export function dealtSessionId(
  at: Pick<Self, 'org' | 'env'>,
  dealt: DealtSession,
  participants: readonly Participant[],
): Uint8Array {
  const { key, acceptances } = dealt
  if (acceptances.length !== participants.length) refuse('EVIDENCE', 'an acceptance is missing')
  return sessionId({
    statement: statementOf(dealt),
    networkId: networkId(at),
    keyId: toUtf8(key),
    epoch: dealt.purpose === 'dkg' ? dealt.epoch : dealt.from,
    keyState: dealt.purpose === 'dkg' ? new Uint8Array() : dealt.keyState,
    participants,
    acceptances,
  })
}

/** In ascending order, each once: else there was no such session. */
export function partiesIn({ participants }: DealtSession): readonly Participant[] {
  const isAscending = participants.every(({ x }, i) => x > (participants[i - 1]?.x ?? 0))
  const isEachOnce = new Set(participants.map(({ node }) => node)).size === participants.length
  if (isAscending && isEachOnce) return partiesOf(participants)
  return refuse('EVIDENCE', 'expected the nodes of a session, in ascending order, each once')
}

/** Whether a share went from one place to the other at all. */
export function isDealt(dealt: DealtSession, from: number, to: number): boolean {
  if (dealt.purpose === 'reshare')
    return dealt.dealers.includes(from) && dealt.receivers.includes(to)
  return [from, to].every((x) => dealt.participants.some((one) => one.x === x))
}

function statementOf(dealt: DealtSession): Statement {
  const { epoch: newEpoch, t } = dealt
  switch (dealt.purpose) {
    case 'dkg':
      return { purpose: 'dkg', threshold: t, nodes: dealt.participants.length }
    case 'refresh':
      return { purpose: 'refresh', newEpoch }
    case 'reshare': {
      const { dealers, receivers } = dealt
      const parties = { dealers: dealers.map(parseParty), receivers: receivers.map(parseParty) }
      return { purpose: 'reshare', newEpoch, newThreshold: t, ...parties }
    }
  }
}

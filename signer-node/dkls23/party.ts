/**
 * Who takes part: a Party is the share index x of the specification, a fixed non-zero 16-bit
 * number that the registry assigns. A Participant joins it to the id of the node that holds it.
 * INVARIANT: every list of participants is in ascending x, without a repeated x or node id, so
 * that no two parties of a run can be confused (attacks A16 and A17).
 */

import { Malformed } from './bytes.ts'
import { equalBytes } from './secret.ts'

export type Party = number & { readonly __brand: 'Party' }

export interface Participant {
  readonly x: Party
  readonly nodeId: Uint8Array
}

const PARTY_MAX = 0xffff
const NODE_ID_BYTES_MAX = 64
export const PARTICIPANTS_MAX = 16

/** A set of participants, or a threshold, that no run and no key may have. */
export class InvalidParticipants extends Malformed {
  override readonly name = 'InvalidParticipants'
}

export function parseParty(x: number): Party {
  if (!Number.isInteger(x) || x < 1 || x > PARTY_MAX) {
    throw new InvalidParticipants(`a party index must be an integer from 1 to 65535, got ${x}`)
  }
  return x as Party
}

/** Sorts by x and refuses any set in which an index or a node id appears twice. */
export function parseParticipants(
  entries: readonly { readonly x: number; readonly nodeId: Uint8Array }[],
): readonly Participant[] {
  if (entries.length < 1 || entries.length > PARTICIPANTS_MAX) {
    throw new InvalidParticipants(
      `expected 1 to ${PARTICIPANTS_MAX} participants, got ${entries.length}`,
    )
  }
  const participants = entries
    .map(({ x, nodeId }) => ({ x: parseParty(x), nodeId: parseNodeId(nodeId) }))
    .sort((a, b) => a.x - b.x)
  requireDistinct(participants)
  return participants
}

/** Two sets as one, in ascending x; who is in both is there once. */
export function joinParticipants(
  some: readonly Participant[],
  others: readonly Participant[],
): readonly Participant[] {
  const isNew = (other: Participant): boolean => !some.some((one) => isSameParticipant(one, other))
  const all = [...some, ...others.filter(isNew)].sort((a, b) => a.x - b.x)
  requireDistinct(all)
  return all
}

/** The same index at the same node; both are public. */
export function isSameParticipant(a: Participant, b: Participant): boolean {
  return a.x === b.x && equalBytes(a.nodeId, b.nodeId)
}

export function isSameList(some: readonly Participant[], others: readonly Participant[]): boolean {
  return (
    some.length === others.length &&
    some.every((one, i) => {
      const other = others[i]
      return other !== undefined && isSameParticipant(one, other)
    })
  )
}

/** Enough to sign is always more than half, so two disjoint groups can never both sign. */
export function requireThreshold(threshold: number, nodes: number): void {
  const isLawful = Number.isInteger(threshold) && threshold >= 2 && threshold <= nodes
  if (!isLawful || 2 * threshold <= nodes) {
    throw new InvalidParticipants(
      `expected a threshold from 2 to ${nodes} and above half of it, got ${threshold}`,
    )
  }
}

/** Strict: the ascending order is the one order there is. */
export function requireAscending(
  entries: readonly { readonly x: number }[],
  ascending: readonly Participant[],
): void {
  if (entries.some(({ x }, i) => x !== ascending[i]?.x)) {
    throw new InvalidParticipants('participants stand in ascending order')
  }
}

function requireDistinct(participants: readonly Participant[]): void {
  const indices = new Set(participants.map(({ x }) => x))
  const nodeIds = new Set(participants.map(({ nodeId }) => nodeId.join()))
  if (indices.size !== participants.length || nodeIds.size !== participants.length) {
    throw new InvalidParticipants('an index or a node id appears twice among the participants')
  }
}

function parseNodeId(nodeId: Uint8Array): Uint8Array {
  if (nodeId.length < 1 || nodeId.length > NODE_ID_BYTES_MAX) {
    throw new InvalidParticipants(
      `a node id must have 1 to ${NODE_ID_BYTES_MAX} bytes, got ${nodeId.length}`,
    )
  }
  return nodeId.slice()
}

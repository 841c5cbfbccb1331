/**
 * Session ids (specification 1.4): the one name of a run that every hash of the run contains.
 * INVARIANT: an id covers the suite, the purpose with its statement, the key's state, everyone
 * who takes part and every acceptance, so two different runs never share one.
 */

import { u16, u32 } from './bytes.ts'
import type { Participant, Party } from './party.ts'
import { hash, type Part, SUITE } from './transcript.ts'

/** What the run is about; each purpose states its own facts. */
export type Statement =
  | {
      readonly purpose: 'sign'
      readonly requestId: Uint8Array
      readonly path: readonly number[]
      readonly publicKey: Uint8Array
      readonly digest: Uint8Array
    }
  | { readonly purpose: 'presign'; readonly presignatureId: Uint8Array }
  | { readonly purpose: 'dkg'; readonly threshold: number; readonly nodes: number }
  | { readonly purpose: 'refresh'; readonly newEpoch: number }
  | {
      readonly purpose: 'reshare'
      readonly newEpoch: number
      readonly newThreshold: number
      readonly dealers: readonly Party[]
      readonly receivers: readonly Party[]
    }
  | {
      readonly purpose: 'import'
      readonly threshold: number
      readonly nodes: number
      /** Names the dealing. */
      readonly commitments: Uint8Array
    }
  | {
      readonly purpose: 'export'
      /** The public key that the parts are sealed to. */
      readonly recipient: Uint8Array
    }
  | {
      readonly purpose: 'pair'
      readonly incarnationLow: Uint8Array
      readonly incarnationHigh: Uint8Array
      readonly attempt: number
    }

export interface SessionFacts {
  readonly statement: Statement
  readonly networkId: Uint8Array
  /** Empty where there is no key yet. */
  readonly keyId: Uint8Array
  /** The epoch in force; for dkg and import the one to be made; for pair 0. */
  readonly epoch: number
  /** Empty where there is no state yet. */
  readonly keyState: Uint8Array
  readonly participants: readonly Participant[]
  /** SHA-256 of the signed bytes of each acceptance, in the order of the participants. */
  readonly acceptances: readonly Uint8Array[]
}

export function sessionId(facts: SessionFacts): Uint8Array {
  if (facts.acceptances.length !== facts.participants.length) {
    throw new RangeError('a session id needs one acceptance of every participant')
  }
  return hash(
    'session',
    SUITE,
    facts.statement.purpose,
    facts.networkId,
    facts.keyId,
    u32(facts.epoch),
    facts.keyState,
    participantParts(facts.participants),
    statementParts(facts.statement),
    facts.acceptances,
  )
}

/** "participants" of every hash: u16 x joined with the node id. */
export function participantParts(participants: readonly Participant[]): readonly Part[] {
  return participants.map(({ x, nodeId }) => Uint8Array.from([...u16(x), ...nodeId]))
}

export function pathBytes(path: readonly number[]): Uint8Array {
  return Uint8Array.from(path.flatMap((index) => [...u32(index)]))
}

export type PairLayer = 'base-ot' | 'pprf' | 'ote' | 'rvole'

export interface Direction {
  readonly pairingId: Uint8Array
  /** Node ids by role: A is the sender of the multiplication, B its receiver (1.1). */
  readonly nodeIdA: Uint8Array
  readonly nodeIdB: Uint8Array
}

/** psid: the id of one layer in one direction of one pair. */
export function pairSessionId(
  sid: Uint8Array,
  { pairingId, nodeIdA, nodeIdB }: Direction,
  layer: PairLayer,
): Uint8Array {
  return hash('pair-sid', sid, pairingId, nodeIdA, nodeIdB, layer)
}

function statementParts(statement: Statement): readonly Part[] {
  switch (statement.purpose) {
    case 'sign':
      return [statement.requestId, pathBytes(statement.path), statement.publicKey, statement.digest]
    case 'presign':
      return [statement.presignatureId]
    case 'dkg':
      return [u16(statement.threshold), u16(statement.nodes)]
    case 'refresh':
      return [u32(statement.newEpoch)]
    case 'reshare':
      return [
        u32(statement.newEpoch),
        u16(statement.newThreshold),
        statement.dealers.map(u16),
        statement.receivers.map(u16),
      ]
    case 'import':
      return [u16(statement.threshold), u16(statement.nodes), statement.commitments]
    case 'export':
      return [statement.recipient]
    case 'pair':
      return [statement.incarnationLow, statement.incarnationHigh, u32(statement.attempt)]
  }
}

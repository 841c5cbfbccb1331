/**
 * Pairing: what two nodes share for all multiplications between them (1.10): the trees of both
 * directions and a zero-sharing seed. It lives in memory and is made again after a restart.
 * INVARIANT: a failed check kills the whole pairing, in both directions and for every key, and is
 * recorded before anything else that depends on the pairing can leave (1.13, the fence). Delta is
 * long-lived and every verdict about it tells something, so there is one strike.
 * Delta, leaves and seed are never published, not even as evidence.
 */

import { Abort } from './abort.ts'
import type { Participant, Party } from './party.ts'
import { type PairLayer, pairSessionId } from './session-id.ts'

/** The checks whose failure is proof of cheating. */
export type BanCheck = 'ot-check' | 'rvole-check' | 'gamma-check'

export interface PairingDeath {
  readonly pairingId: Uint8Array
  readonly peer: Party
  readonly check: BanCheck
}

/** Writes the tombstone; it must not return before the tombstone is durable. */
export type RecordDeath = (death: PairingDeath) => void

export interface PairingFacts {
  readonly id: Uint8Array
  readonly self: Participant
  readonly peer: Participant
}

export interface PairingSecrets {
  /** As sender of multiplications: the punctured leaves and all others of the peer's trees. */
  readonly delta: Uint8Array
  readonly senderLeaves: Uint8Array
  /** As receiver: every leaf of the own trees. */
  readonly receiverLeaves: Uint8Array
  readonly zeroSeed: Uint8Array
}

/** Who this party is in one direction: A or B of 1.1. */
export type Role = 'sender' | 'receiver'

export class Pairing {
  readonly id: Uint8Array
  readonly self: Participant
  readonly peer: Participant
  readonly #secrets: PairingSecrets
  readonly #recordDeath: RecordDeath
  #isAlive = true

  /** Copies the secrets; the copies are wiped when the pairing dies or is disposed of. */
  constructor(facts: PairingFacts, secrets: PairingSecrets, recordDeath: RecordDeath) {
    this.id = facts.id
    this.self = facts.self
    this.peer = facts.peer
    this.#secrets = {
      delta: Uint8Array.from(secrets.delta),
      senderLeaves: Uint8Array.from(secrets.senderLeaves),
      receiverLeaves: Uint8Array.from(secrets.receiverLeaves),
      zeroSeed: Uint8Array.from(secrets.zeroSeed),
    }
    this.#recordDeath = recordDeath
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  get secrets(): PairingSecrets {
    this.requireAlive()
    return this.#secrets
  }

  /** psid of one layer of a session in the direction in which this party has the role. */
  psid(sid: Uint8Array, role: Role, layer: PairLayer): Uint8Array {
    return directionalSessionId({ sid, ...this }, role, layer)
  }

  /**
   * The fence: every verdict of a check that bans comes here first, and nothing is answered before
   * it returns. Synchronous, so verdicts are committed one at a time; a dead pairing takes none.
   */
  judge(check: BanCheck, hasPassed: boolean): void {
    this.requireAlive()
    if (hasPassed) return
    this[Symbol.dispose]()
    this.#recordDeath({ pairingId: this.id, peer: this.peer.x, check })
    throw new Abort(check, `party ${this.peer.x} failed a check that no honest party fails`, {
      culprit: this.peer.x,
    })
  }

  [Symbol.dispose](): void {
    this.#isAlive = false
    for (const secret of Object.values(this.#secrets)) secret.fill(0)
  }

  requireAlive(): void {
    if (!this.#isAlive) throw new Abort('pairing-dead', 'the pairing was destroyed')
  }
}

/** The direction's two nodes by role: A sends multiplications, B receives them. */
export function directionalSessionId(
  { sid, id, self, peer }: PairingFacts & { readonly sid: Uint8Array },
  role: Role,
  layer: PairLayer,
): Uint8Array {
  const [a, b] = role === 'sender' ? [self, peer] : [peer, self]
  return pairSessionId(sid, { pairingId: id, nodeIdA: a.nodeId, nodeIdB: b.nodeId }, layer)
}

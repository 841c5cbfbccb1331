/**
 * Who may act for a key: exactly t of its holders, each with its own share, over a pairing with
 * every other one. The same for signing and for an export.
 * INVARIANT: neither begins for a key that was imported and not refreshed since, because whoever
 * dealt it still knows every share.
 */

import { Abort } from './abort.ts'
import { type Keyshare, requireActive } from './keyshare.ts'
import type { Pairing } from './pairing.ts'
import { InvalidParticipants, isSameParticipant, type Participant, type Party } from './party.ts'
import type { Run } from './protocol.ts'

/** Exactly t signers, all of them holders of the key, this one with its own share. */
export function requireSigners({ self, participants }: Run, keyshare: Keyshare): void {
  const { threshold, participants: holders } = keyshare.facts
  requireActive(keyshare.facts)
  if (participants.length !== threshold) {
    throw new InvalidParticipants(`expected ${threshold} signers, got ${participants.length}`)
  }
  const isHolder = (signer: Participant): boolean =>
    holders.some((holder) => isSameParticipant(signer, holder))
  if (!isSameParticipant(self, keyshare.self) || !participants.every(isHolder)) {
    throw new InvalidParticipants('every signer holds a share of the key, this one its own')
  }
}

/** The pairing with exactly that node; none is no fault of anybody. */
export function pairingWith(
  { self }: Run,
  peer: Participant,
  pairings: ReadonlyMap<Party, Pairing>,
): Pairing {
  const pairing = pairings.get(peer.x)
  const isFitting =
    pairing !== undefined &&
    isSameParticipant(pairing.peer, peer) &&
    isSameParticipant(pairing.self, self)
  if (isFitting) return pairing
  throw new Abort('pairing-mismatch', `there is no pairing with party ${peer.x}`)
}

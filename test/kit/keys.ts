/**
 * Keys for tests: a whole key making among parties in memory, with the K of the vectors' formula,
 * so that the same name always gives the same key.
 */

import { ascii } from '../../signer-node/dkls23/bytes.ts'
import type { Curve } from '../../signer-node/dkls23/curve.ts'
import { confirmKey, type KeyTerms, prepareKey } from '../../signer-node/dkls23/keygen.ts'
import type { Keyshare } from '../../signer-node/dkls23/keyshare.ts'
import type { Participant, Party } from '../../signer-node/dkls23/party.ts'
import type { Protocol, Run } from '../../signer-node/dkls23/protocol.ts'
import { sessionId } from '../../signer-node/dkls23/session-id.ts'
import { driveAll, nodes, type Tamper, vectorAcceptance, vectorRandomness } from './protocol.ts'

export const KEY_ID = ascii('key-1')
export const NETWORK_ID = ascii('vectors')

/** The whole of a key making, where no party has anything to make durable in between. */
export function* keygen(run: Run, terms: KeyTerms): Protocol<Keyshare> {
  const pending = yield* prepareKey(run, terms)
  return yield* confirmKey(run, pending)
}

export function keyTerms(threshold: number): KeyTerms {
  return { keyId: KEY_ID, epoch: 1, threshold }
}

/** One run per party of a key making named as in the vectors. */
export function keygenRuns(
  curve: Curve,
  threshold: number,
  participants: readonly Participant[],
  name = 'dkg',
): ReadonlyMap<Party, Run> {
  const sid = sessionId({
    statement: { purpose: 'dkg', threshold, nodes: participants.length },
    networkId: NETWORK_ID,
    keyId: KEY_ID,
    epoch: 1,
    keyState: new Uint8Array(),
    participants,
    acceptances: participants.map(({ x }) => vectorAcceptance(name, x)),
  })
  return new Map(
    participants.map((self) => {
      const randomness = vectorRandomness(name, self.x, curve)
      return [self.x, { sid, self, participants, curve, randomness }]
    }),
  )
}

/** The keyshares of a fresh key; `makeKey(curve, 2, [1, 2, 3])` is the key of the vectors. */
export function makeKey(
  curve: Curve,
  threshold: number,
  xs: readonly number[],
  tamper?: Tamper,
): ReadonlyMap<Party, Keyshare> {
  const runs = keygenRuns(curve, threshold, nodes(...xs))
  const parties = [...runs].map(([x, run]) => [x, keygen(run, keyTerms(threshold))] as const)
  return driveAll(new Map(parties), tamper)
}

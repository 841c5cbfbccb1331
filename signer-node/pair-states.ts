// What an operator sees of the pairings: one row for every other node of the root in force. Reads,
// and changes nothing.
import type { Digest, NodeId } from '../proto/ids.ts'
import type { Parts } from './parts.ts'

/** What an operator sees of the pairing with one peer. */
export interface PairState {
  readonly peer: NodeId
  /** Empty while there is none. */
  readonly pairing: Digest | ''
  readonly ageSeconds: number
  readonly sessions: number
  /** Replaced ones whose last sessions may still run. */
  readonly replaced: number
  /** The coordinators' last word on where the peer is; empty while nobody sees it. */
  readonly seenAt: string
  readonly isBanned: boolean
}

type Asked = Pick<Parts, 'peers' | 'pairings' | 'bans' | 'ports'>

export function pairStates({ peers, pairings, bans, ports }: Asked): readonly PairState[] {
  return peers.others().map(({ node: peer }) => {
    const { bornMs, ...seen } = pairings.lookAt(peer)
    const ageSeconds = Math.floor((ports.clock.monotonicMs() - bornMs) / 1_000)
    const pairing = pairings.idWith(peer) ?? ''
    return { peer, pairing, ageSeconds, ...seen, isBanned: bans.isBanned(peer) }
  })
}

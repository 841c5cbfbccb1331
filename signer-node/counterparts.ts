// The other participants of a session that all have accepted: who they are as parties, the channel
// to each, and the digests of what they signed. From the acceptances alone, so that nobody else can
// join.
import { sha256, tagged, toUtf8 } from '../proto/crypto.ts'
import type { NodeId } from '../proto/ids.ts'
import { kinds } from '../proto/node-documents.ts'
import type { Opened } from '../proto/signed.ts'
import type { Acceptor, OpenAcceptance } from './acceptances.ts'
import { type Participant, type Party, parseParty } from './dkls23/party.ts'
import { openChannel } from './envelope.ts'
import type { Parts } from './parts.ts'
import type { Counterpart } from './session.ts'

type Accepted = Opened<Acceptor & { readonly node: NodeId }>

/** SHA-256 of the signed bytes of each acceptance: the last part of every session id. */
export function acceptanceDigests(all: readonly Accepted[]): readonly Uint8Array[] {
  return all.map(({ signed }) => sha256(tagged(kinds.acceptance.tag, toUtf8(signed.document))))
}

/** Undefined when a participant gave a key that makes no channel. */
export function counterpartsOf(
  { self, peers }: Pick<Parts, 'self' | 'peers'>,
  sid: Uint8Array,
  all: readonly Accepted[],
  own: OpenAcceptance<unknown>,
): ReadonlyMap<Party, Counterpart> | undefined {
  const counterparts = new Map<Party, Counterpart>()
  for (const { value } of all) {
    if (value.node === self.node) continue
    const peer = peers.peer(value.node)
    if (peer === undefined) return undefined
    const ends = { sid, self: self.x, peer: peer.x, sign: self.sign, peerIdentity: peer.identity }
    const channel = openChannel(ends, own.secret.bytes, value.x25519)
    if (channel === undefined) return undefined
    counterparts.set(parseParty(peer.x), { node: value.node, channel })
  }
  return counterparts
}

export function participantOf(parties: readonly Participant[], x: number): Participant {
  const found = parties.find((party) => party.x === x)
  if (found === undefined) throw new Error(`party ${x} is not among the participants`)
  return found
}

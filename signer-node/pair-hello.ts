// P0 of a pair set-up (protocol document, 1.10): the signed hellos of two nodes, and the session id
// that both make of them. A hello says in which incarnation its author lives and which Pairing with
// the other it holds, so that both know from the same two documents whether anything is to be done.
// Keeps nothing: who says hello to whom, and when, is `pairings.ts`.
import { digestOf, sha256, tagged, toHex, toUtf8, x25519PublicKey } from '../proto/crypto.ts'
import type { Digest } from '../proto/ids.ts'
import { kinds, openBy, type PairHello, signBy } from '../proto/node-documents.ts'
import { attempt, isRefusal } from '../proto/refusal.ts'
import type { Opened, Signed } from '../proto/signed.ts'
import type { Participant } from './dkls23/party.ts'
import { Secret } from './dkls23/secret.ts'
import { sessionId } from './dkls23/session-id.ts'
import type { Peer } from './peers.ts'
import type { Random } from './ports.ts'
import { type Incarnation, networkId, type Self } from './self.ts'

/** A hello of this node, with the X25519 key that only it can use. */
export interface OwnHello extends Opened<PairHello> {
  readonly secret: Secret
}

export interface HelloWords {
  readonly to: Peer
  readonly attempt: number
  readonly holds: Digest | ''
  readonly answers: Digest | ''
}

export function sayHello(
  self: Self,
  incarnation: Incarnation,
  random: Random,
  { to, ...words }: HelloWords,
): OwnHello {
  const secret = new Secret(random(32))
  const document = {
    format: 'custody-pair-hello/v1',
    org: self.org,
    env: self.env,
    node: self.node,
    to: to.node,
    incarnation: toHex(incarnation.id),
    nonce: toHex(random(32)),
    x25519: toHex(x25519PublicKey(secret.bytes)),
    ...words,
  }
  const signed = signBy(kinds.hello, document, self)
  const digest = digestOf(kinds.hello.tag, toUtf8(signed.document))
  return { digest, value: kinds.hello.shape(document, ''), signed, secret }
}

/** Undefined for anything that this peer did not say to this node. */
export function hearHello(self: Self, peer: Peer, document: Signed): Opened<PairHello> | undefined {
  const hello = attempt(() => openBy(kinds.hello, document, peer.identity))
  if (isRefusal(hello)) return undefined
  const { org, env, to } = hello.value
  return org === self.org && env === self.env && to === self.node ? hello : undefined
}

/** Whether the two hold no Pairing in common; the answer is the same at both. */
export function needsSetUp(a: PairHello, b: PairHello): boolean {
  return a.holds === '' || a.holds !== b.holds
}

/** The Pairing id. `parties` are the two in ascending x. */
export function pairSid(
  self: Self,
  parties: readonly Participant[],
  mine: Opened<PairHello>,
  theirs: Opened<PairHello>,
): Uint8Array {
  const isLow = parties[0]?.x === self.x
  const [low, high] = isLow ? [mine, theirs] : [theirs, mine]
  return sessionId({
    statement: {
      purpose: 'pair',
      incarnationLow: low.value.incarnation,
      incarnationHigh: high.value.incarnation,
      attempt: low.value.attempt,
    },
    networkId: networkId(self),
    keyId: new Uint8Array(),
    epoch: 0,
    keyState: new Uint8Array(),
    participants: parties,
    acceptances: [low, high].map(({ signed }) => signedDigest(signed)),
  })
}

function signedDigest({ document }: Signed): Uint8Array {
  return sha256(tagged(kinds.hello.tag, toUtf8(document)))
}

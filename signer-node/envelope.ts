// Node-to-node sealing (protocol document, 1.5): the coordinator carries, and cannot read or swap.
// Every message is signed under the node's identity key over the plaintext's digest, and payload
// and signature are encrypted together with a key of one session and one direction.
// INVARIANT: one key seals one plaintext per round; the nonce is the round number. Decides nothing
// about order or copies: that is `session.ts`.
import {
  aesGcmOpen,
  aesGcmSeal,
  concat,
  ed25519Verify,
  hkdfSha256,
  sha256,
  tagged,
  x25519,
} from '../proto/crypto.ts'
import { limits } from '../proto/limits.ts'
import type { Sign } from '../proto/signed.ts'
import { tags } from '../proto/tags.ts'
import { Secret } from './dkls23/secret.ts'

const signatureBytes = 64
const keyBytes = 32

/** One end of the channel between two nodes in one session. */
export interface ChannelEnds {
  readonly sid: Uint8Array
  /** Party numbers. */
  readonly self: number
  readonly peer: number
  readonly sign: Sign
  /** The peer's pinned identity key. */
  readonly peerIdentity: Uint8Array
}

/**
 * The channel of one session; `secret` is this node's X25519 key and stays the caller's. Undefined
 * for a peer key of low order, which no honest node has.
 */
export function openChannel(
  ends: ChannelEnds,
  secret: Uint8Array,
  peerPublic: Uint8Array,
): Channel | undefined {
  const shared = x25519(secret, peerPublic)
  if (shared === undefined) return undefined
  const toPeer = directionKey(shared, ends.sid, ends.self, ends.peer)
  const fromPeer = directionKey(shared, ends.sid, ends.peer, ends.self)
  shared.fill(0)
  return new Channel(ends, toPeer, fromPeer)
}

/** Seals what goes to one peer and opens what came from it; wiped with the session. */
export class Channel {
  readonly #ends: ChannelEnds
  readonly #toPeer: Secret
  readonly #fromPeer: Secret
  /** Under the peer's own seal, so nobody else can raise it. */
  #wrongSignatures = 0

  constructor(ends: ChannelEnds, toPeer: Secret, fromPeer: Secret) {
    this.#ends = ends
    this.#toPeer = toPeer
    this.#fromPeer = fromPeer
  }

  /** The same payload gives the same bytes, so sending again repeats the ciphertext. */
  seal(round: number, payload: Uint8Array): Uint8Array {
    const { sid, self, peer, sign } = this.#ends
    const place = { sid, round, from: self, to: peer }
    const plaintext = concat(payload, sign(messageBytes(place, payload)))
    try {
      return aesGcmSeal(this.#toPeer.bytes, nonceOf(round), plaintext, placeBytes(place))
    } finally {
      // Of a key that is made, it holds the peer's share.
      plaintext.fill(0)
    }
  }

  /** The payload alone. */
  open(round: number, ciphertext: Uint8Array): Uint8Array | undefined {
    return this.openSigned(round, ciphertext)?.payload
  }

  /**
   * Undefined for anything that the peer did not write for exactly this place, and for everything
   * once it sealed too much that it did not sign: each costs a verification.
   */
  openSigned(round: number, ciphertext: Uint8Array): Opened | undefined {
    const { sid, self, peer, peerIdentity } = this.#ends
    if (this.#wrongSignatures >= limits.wrongSignaturesMax) return undefined
    const place = { sid, round, from: peer, to: self }
    const aad = placeBytes(place)
    const plaintext = aesGcmOpen(this.#fromPeer.bytes, nonceOf(round), ciphertext, aad)
    if (plaintext === undefined || plaintext.length < signatureBytes) return undefined
    const payload = plaintext.subarray(0, plaintext.length - signatureBytes)
    const signature = plaintext.subarray(plaintext.length - signatureBytes)
    const digest = sha256(payload)
    if (!ed25519Verify(peerIdentity, signedBytes(place, digest), signature)) {
      this.#wrongSignatures += 1
      return undefined
    }
    return { place, payload, digest, signature: signature.slice() }
  }

  [Symbol.dispose](): void {
    this.#toPeer[Symbol.dispose]()
    this.#fromPeer[Symbol.dispose]()
  }
}

/** What a peer wrote, and its signature over that. */
export interface Opened {
  readonly place: Place
  readonly payload: Uint8Array
  /** Of the payload, which may be wiped. */
  readonly digest: Uint8Array
  readonly signature: Uint8Array
}

export interface Place {
  readonly sid: Uint8Array
  readonly round: number
  readonly from: number
  readonly to: number
}

/** What the sender signs: enough for a complaint that shows plaintext and signature alone. */
export function messageBytes(place: Place, payload: Uint8Array): Uint8Array {
  return signedBytes(place, sha256(payload))
}

export function signedBytes(place: Place, payloadDigest: Uint8Array): Uint8Array {
  return tagged(tags.message, concat(placeBytes(place), payloadDigest))
}

function placeBytes({ sid, round, from, to }: Place): Uint8Array {
  return concat(sid, Uint8Array.of(round), u16(from), u16(to))
}

function directionKey(shared: Uint8Array, sid: Uint8Array, from: number, to: number): Secret {
  const info = tagged(tags.envelope, concat(u16(from), u16(to)))
  return new Secret(hkdfSha256(shared, sid, info, keyBytes))
}

/** The round as an unsigned 96-bit integer. */
function nonceOf(round: number): Uint8Array {
  const nonce = new Uint8Array(12)
  nonce[11] = round
  return nonce
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff)
}

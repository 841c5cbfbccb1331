// Who this node is while it runs: its name, its keys, and the present life of its process. The
// incarnation stands in every acceptance and every Pairing; a node that suspects that its memory
// was copied or restored takes a new one and forgets what belonged to the old.
// INVARIANT: a counter is used once within an incarnation, so no two acceptances share one.
import type { Handle, NodeId } from '../proto/ids.ts'
import type { Sign } from '../proto/signed.ts'
import type { Curve } from './dkls23/curve.ts'
import { type Participant, parseParticipants } from './dkls23/party.ts'
import { SessionRandomness, sessionKey } from './dkls23/randomness.ts'
import { Secret } from './dkls23/secret.ts'
import type { Random } from './ports.ts'

const incarnationBytes = 16
const kernelBytes = 32

/** What a witness needs of itself; a light one has nothing else. */
export interface WitnessSelf {
  readonly org: Handle
  readonly env: 'prod' | 'test' | 'dev'
  readonly node: NodeId
  /** Place on the polynomial; a light witness has none. */
  readonly x: number | undefined
  /** Signs messages and documents under the identity key. */
  readonly sign: Sign
  /** Its public key, which the root must name for this node. */
  readonly identity: Uint8Array
  /** For cosignatures; the name it signs under stands in the root. */
  readonly witness: { readonly publicKey: Uint8Array; readonly sign: Sign }
}

/** Keys as they came out of the keystore. */
export interface Self extends WitnessSelf {
  readonly x: number
  /** 32 bytes from the sealed store; goes into the randomness of every session. */
  readonly secret: Secret
  readonly curve: Curve
}

export class Incarnation {
  readonly #random: Random
  #id: Uint8Array
  #counter = 0

  constructor(random: Random) {
    this.#random = random
    this.#id = random(incarnationBytes)
  }

  get id(): Uint8Array {
    return this.#id
  }

  /** 1, 2, 3, ... */
  next(): number {
    this.#counter += 1
    return this.#counter
  }

  renew(): void {
    this.#id = this.#random(incarnationBytes)
    this.#counter = 0
  }
}

/** All secrets of one session; kernel bytes are drawn after the session id is known. */
export function sessionRandomness(
  self: Self,
  incarnation: Incarnation,
  random: Random,
  about: { readonly purpose: string; readonly sid: Uint8Array },
): SessionRandomness {
  using kernel = new Secret(random(kernelBytes))
  const key = sessionKey({
    kernelBytes: kernel,
    nodeSecret: self.secret,
    incarnation: incarnation.id,
    counter: BigInt(incarnation.next()),
    ...about,
  })
  return new SessionRandomness(key, self.curve)
}

/** Nodes as parties of a protocol, in ascending x. */
export function partiesOf(
  nodes: readonly { readonly node: string; readonly x: number }[],
): readonly Participant[] {
  const encoder = new TextEncoder()
  return parseParticipants(nodes.map(({ node, x }) => ({ x, nodeId: encoder.encode(node) })))
}

/** The network part of every session id: sessions of two deployments never meet. */
export function networkId({ org, env }: Pick<Self, 'org' | 'env'>): Uint8Array {
  return new TextEncoder().encode(`${org}/${env}`)
}

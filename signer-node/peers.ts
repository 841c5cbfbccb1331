// The other nodes as the root in force names them, once it is known: their place, their identity
// key and their witness key. Nothing that a coordinator says can change one.
import type { Vkey } from '../policy/audit/checkpoint.ts'
import type { NodeId } from '../proto/ids.ts'

export interface Peer {
  readonly node: NodeId
  readonly x: number
  /** Ed25519, for messages and documents. */
  readonly identity: Uint8Array
  readonly witness: Vkey
}

export interface Peers {
  /** Undefined for a stranger, and for everyone before the root is known. */
  peer(node: string): Peer | undefined
  /** All but this node. */
  others(): readonly Peer[]
}

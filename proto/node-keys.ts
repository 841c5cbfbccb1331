// The sealed keys of a node, as files of kind identity: which is which stands in the context,
// so one can never be taken for another. Written by `custody init`, opened by the node.

import { parseHandle } from './ids.ts'
import type { IdentityContext, SealedThing } from './seal-file.ts'

/**
 * Ed25519 for messages and documents, Ed25519 for cosignatures, 32 bytes for randomness; and of a
 * Station, whose card is carried, P-256 for TLS. 32 bytes each.
 */
export type NodeKey = 'identity' | 'witness' | 'secret' | 'transport'

export function nodeKeyThing(
  owner: Omit<IdentityContext, 'credential'>,
  key: NodeKey,
): SealedThing {
  return { kind: 'identity', context: { ...owner, credential: parseHandle(key) } }
}

// The sealed key of a log, as a file of kind identity: which coordinator and which key stands in
// the context, so that it can never be taken for another. Written by `custody init`, opened by the
// coordinator.
import { parseHandle } from './ids.ts'
import type { IdentityContext, SealedThing } from './seal-file.ts'

/** Ed25519 for checkpoints; `owner` is the coordinator's name. */
export function logKeyThing(owner: Omit<IdentityContext, 'credential'>): SealedThing {
  return { kind: 'identity', context: { ...owner, credential: parseHandle('log') } }
}

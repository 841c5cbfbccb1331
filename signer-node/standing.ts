// Where this node stands: the one word that coordinators and operators see, why it takes no new
// work, and the State frame with what it holds. The word only informs; what may be done is asked at
// `closed`.
import { fromHex } from '../proto/crypto.ts'
import type { NodePart } from '../proto/frames.ts'
import { type Refusal, refusal } from '../proto/refusal.ts'
import type { Floor } from './floor.ts'
import { ownHead } from './log-copy.ts'
import type { Parts } from './parts.ts'

export type StateWord =
  | 'checking'
  | 'catching-up'
  | 'ready'
  | 'draining'
  | 'fenced'
  | 'frozen'
  | 'forked'

/** What makes the word besides the parts. */
export interface Condition {
  readonly floor: Floor
  readonly isDraining: boolean
}

export function stateWord(
  { copy, bans }: Pick<Parts, 'copy' | 'bans'>,
  { floor, isDraining }: Condition,
): StateWord {
  if (copy.fork() !== undefined) return 'forked'
  if (floor.state !== 'passed') return floor.state
  if (isDraining) return 'draining'
  return bans.isFrozen('all') ? 'frozen' : 'ready'
}

/** A cosignature says "one consistent tree"; a frozen or fenced node still says so. */
export function mayCosign(parts: Pick<Parts, 'copy' | 'bans'>, condition: Condition): boolean {
  const word = stateWord(parts, condition)
  return word !== 'forked' && word !== 'checking' && word !== 'catching-up'
}

/** Why no new work is taken. A freeze is not among them: `admit` asks for it, for its vault. */
export function closedFor(
  parts: Pick<Parts, 'copy' | 'bans'>,
  condition: Condition,
): Refusal | undefined {
  const word = stateWord(parts, condition)
  switch (word) {
    case 'ready':
    case 'frozen':
      return undefined
    case 'draining':
      return refusal('BUSY', 'this node is going down')
    case 'forked':
      return refusal('LOG_FORK', 'the log showed two faces; an operator must look')
    case 'checking':
    case 'catching-up':
    case 'fenced':
      return refusal('FLOOR', `this node is ${word}`)
  }
}

export function statePart(parts: Parts, word: StateWord): NodePart<'state'> {
  const { copy, origin, keyshares, pairings, bans } = parts
  const { fence } = pairings
  const told = bans.banned().filter(({ peer }) => !fence.isQuiet(peer))
  const head = ownHead(copy)
  // Whoever asks for a vault that is frozen here is refused, and a request has few attempts.
  const usable = keyshares.all().filter(({ vault }) => !bans.isFrozen(vault))
  return {
    state: word,
    origin,
    size: head.size,
    root: fromHex(head.root) ?? new Uint8Array(),
    keys: usable.map(({ vault, keyshare: { facts } }) => ({
      vault,
      key: new TextDecoder().decode(facts.keyId),
      epoch: facts.epoch,
    })),
    pairings: [
      ...[...pairings.all(), ...fence.ghosts()].map(({ peer, id }) => {
        return { peer, pairing: fromHex(id) ?? new Uint8Array(), banned: false, fresh: [] }
      }),
      ...told.map(({ peer }) => ({ peer, pairing: new Uint8Array(), banned: true, fresh: [] })),
    ],
  }
}

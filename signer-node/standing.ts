// Where this node stands: the one word that coordinators and operators see, why it takes no new
// work, and the State frame with what it holds. The word only informs; what may be done is asked at
// `closed`.
import { fromHex } from '../proto/crypto.ts'
import type { NodePart } from '../proto/frames.ts'
import type { NodeId } from '../proto/ids.ts'
import { type Refusal, refusal } from '../proto/refusal.ts'
import type { Floor } from './floor.ts'
import { ownHead } from './log-copy.ts'
import type { Parts } from './parts.ts'
import type { Event } from './ports.ts'

export type StateWord =
  | 'checking'
  | 'catching-up'
  | 'ready'
  | 'draining'
  | 'fenced'
  | 'frozen'
  | 'forked'
  | 'removed'
  | 'full'

/** A coordinator of another release: nothing that it says is heard. */
export function otherVersion({ because }: Refusal): Event {
  return { level: 'alarm', name: 'other-version', because }
}

/** What makes the word besides the parts. */
export interface Condition {
  readonly floor: Floor
  readonly isDraining: boolean
  /** The clocks of this process parted since its last look, which ends what runs. */
  readonly isParted: boolean
}

type Asked = Pick<Parts, 'copy' | 'bans' | 'keyshares' | 'witness' | 'room'>

/** New shares lift a fence: a fenced node takes part in a refresh or a reshare and nothing else. */
export type Work = 'any' | 'refresh'

export function stateWord(
  { copy, bans, keyshares, witness, room }: Asked,
  { floor, isDraining }: Condition,
): StateWord {
  if (copy.fork() !== undefined) return 'forked'
  const { standing, root } = witness
  if (standing === 'removed') return 'removed'
  if (standing === 'awaited' && root !== undefined) return 'catching-up'
  if (floor.state !== 'passed') return floor.state
  if (keyshares.restored().length > 0) return 'fenced'
  if (isDraining) return 'draining'
  if (room.shortage !== '') return 'full'
  return bans.isFrozen('all') ? 'frozen' : 'ready'
}

/**
 * A cosignature says "one consistent tree"; a frozen or fenced node still says so. One that was
 * removed says it until the others can do without: the line that removes it needs the old quorum.
 */
export function mayCosign({ copy, witness }: Asked, { floor }: Condition): boolean {
  const isPast = floor.state === 'passed' || floor.state === 'fenced'
  if (copy.fork() !== undefined || !isPast || witness.standing === 'awaited') return false
  return witness.standing === 'named' || !witness.isRemovalSealed
}

/** Why no new work is taken. A freeze is not among them: `admit` asks for it, for its vault. */
export function closedFor(
  parts: Asked,
  condition: Condition,
  work: Work = 'any',
): Refusal | undefined {
  if (condition.isParted) return refusal('CLOCK', 'the clocks of this process parted')
  const word = stateWord(parts, condition)
  switch (word) {
    case 'ready':
    case 'frozen':
      return undefined
    case 'draining':
      return refusal('BUSY', 'this node is going down')
    case 'full':
      return refusal('DISK_FULL', parts.room.shortage)
    case 'forked':
      return refusal('LOG_FORK', 'the log showed two faces; an operator must look')
    case 'fenced':
      return work === 'refresh' ? undefined : fencedFor(parts)
    case 'removed': {
      const version = parts.witness.root?.version
      return refusal('PARTICIPANTS', `root ${version} does not name this node`)
    }
    case 'checking':
    case 'catching-up':
      return refusal('FLOOR', `this node is ${word}`)
  }
}

/** A share that came back from a backup is named; a proved rollback has no other name. */
function fencedFor({ keyshares }: Pick<Parts, 'keyshares'>): Refusal {
  const restored = keyshares.restored().join(', ')
  return restored === ''
    ? refusal('FLOOR', 'this node is fenced')
    : refusal('RESTORED', `restored from a backup, to be refreshed before it signs: ${restored}`)
}

export function statePart(parts: Parts, word: StateWord): NodePart<'state'> {
  const { copy, origin, keyshares, pairings, bans } = parts
  const freshFor = (peer: NodeId): readonly string[] =>
    keyshares
      .vaults()
      .filter(({ vault, epoch }) => bans.isQuarantined(peer, vault, epoch))
      .map(({ vault }) => vault)
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
      ...pairings.shown().map(({ peer, id }) => {
        return {
          peer,
          pairing: fromHex(id) ?? new Uint8Array(),
          banned: false,
          fresh: freshFor(peer),
        }
      }),
      ...told.map(({ peer }) => ({ peer, pairing: new Uint8Array(), banned: true, fresh: [] })),
    ],
  }
}

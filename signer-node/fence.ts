// What happens when a check of a peer fails: the death of a Pairing, a set-up that does not fit,
// the ban that may follow, and for how long the outside does not hear of it (protocol 1.13).
// INVARIANT: the tombstone, and the ban if there is one, are on disk when `died` returns, and it is
// called inside the failing check: nothing that depended on the Pairing can leave before. Where the
// disk has no room the peer is banned in memory until they are: the Pairing lives there alone.
// Judges no message: the checks are the protocol's, the Pairings themselves `pairings.ts`.
import { toHex } from '../proto/crypto.ts'
import type { Digest, NodeId } from '../proto/ids.ts'
import { limits } from '../proto/limits.ts'
import type { Bans } from './bans.ts'
import type { PairingDeath } from './dkls23/pairing.ts'
import { Owed } from './owed.ts'
import type { Ports } from './ports.ts'

/** A third failed set-up within a day is no accident any more. */
const setupFailuresMax = 3
/** A word leaves in the second tick after its deadline; what tells more leaves after it. */
const afterWordMs = 1_000

export interface FenceNeeds {
  readonly bans: Bans
  readonly ports: Ports
  /** One durable transaction. */
  readonly step: (work: () => void) => void
  /** A Pairing came or went. */
  readonly changed: () => void
}

/** What the coordinator still sees: until then a failed check looks like a lost message. */
interface Ghost {
  readonly peer: NodeId
  readonly id: Digest | undefined
  readonly untilMs: number
}

export interface Life {
  /** Of the Pairing that died, as the coordinator was told of it. */
  readonly shown: Digest | undefined
  /** Among its first sessions, where broken memory shows itself. */
  readonly isYoung: boolean
}

export class Fence {
  readonly owed: Owed
  readonly #needs: FenceNeeds
  #ghosts: readonly Ghost[] = []

  constructor(needs: FenceNeeds) {
    this.#needs = needs
    this.owed = new Owed(needs.step)
  }

  /** Returns, when all of it is durable or there is no room, whether the peer is banned by it. */
  died(peer: NodeId, { pairingId, check }: PairingDeath, { shown, isYoung }: Life): boolean {
    const { bans, ports } = this.#needs
    const atMs = ports.clock.wallMs()
    let isBanned = false
    const write = (): void => {
      bans.bury({ peer, pairing: toHex(pairingId), reason: check, atMs })
      // Whoever was banned once has had its accident.
      const mayBeBroken = isYoung && bans.last(peer) === 0
      isBanned = !(mayBeBroken && bans.takeProbation(peer, atMs))
      if (isBanned) bans.ban(peer, check, atMs)
    }
    if (!this.owed.write(write, () => bans.endSuspicion(peer))) {
      bans.suspect(peer)
      isBanned = true
    }
    const name = isBanned ? 'peer-banned' : 'probation-failed'
    ports.report({ level: 'alarm', name, peer, because: check })
    this.#hush(peer, shown)
    return isBanned
  }

  /** The trees did not fit: what the peer may have learned is thrown away with the set-up. */
  setUpFailed(peer: NodeId, sid: Uint8Array): void {
    const { bans, ports } = this.#needs
    const atMs = ports.clock.wallMs()
    const reason = 'pprf-check'
    const isBanned = (): boolean => bans.deathsToday(peer, reason, atMs) >= setupFailuresMax
    this.owed.write(() => {
      bans.bury({ peer, pairing: toHex(sid), reason, atMs })
      if (isBanned()) bans.ban(peer, reason, atMs)
    })
    if (isBanned()) ports.report({ level: 'alarm', name: 'peer-banned', peer, because: reason })
    this.#hush(peer, undefined)
  }

  /** Nothing new is begun with this peer, and nobody is told why. */
  isQuiet(peer: NodeId): boolean {
    return this.#ghosts.some((ghost) => ghost.peer === peer)
  }

  /** Pairings that are shown though they are dead. */
  ghosts(): readonly { readonly peer: NodeId; readonly id: Digest }[] {
    return this.#ghosts.flatMap(({ peer, id }) => (id === undefined ? [] : [{ peer, id }]))
  }

  tick(): void {
    const now = this.#needs.ports.clock.monotonicMs()
    const left = this.#ghosts.filter(({ untilMs }) => untilMs > now)
    if (left.length === this.#ghosts.length) return
    this.#ghosts = left
    this.#needs.changed()
  }

  #hush(peer: NodeId, id: Digest | undefined): void {
    const untilMs = this.#needs.ports.clock.monotonicMs() + limits.roundTimeoutMs + afterWordMs
    const others = this.#ghosts.filter((ghost) => ghost.peer !== peer)
    const known = this.#ghosts.find((ghost) => ghost.peer === peer)
    this.#ghosts = [...others, { peer, id: id ?? known?.id, untilMs }]
  }
}

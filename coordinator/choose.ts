// Which nodes sign: t of the vault that are ready, hold its key, have the log, and hold pairings
// with each other; the fastest first, and not the set that failed last when there is another.
// A choice is a matter of speed and patience only: every node judges for itself.
import type { Rulebook } from '../policy/rulebook.ts'
import type { KeyFacts } from '../policy/view.ts'
import { toHex } from '../proto/crypto.ts'
import type { NodeId, VaultId } from '../proto/ids.ts'
import { type Refusal, refusal } from '../proto/refusal.ts'
import type { Link } from './link.ts'
import type { Links } from './links.ts'

export interface Choosing {
  readonly vault: KeyFacts
  readonly links: readonly Link[]
  /** Lines of the log now. */
  readonly size: number
  /** The set that failed last; empty for none. */
  readonly avoid: readonly string[]
}

/** In ascending x. */
export function chooseNodes(choosing: Choosing): readonly NodeId[] | Refusal {
  const { vault, avoid } = choosing
  const able = ableLinks(choosing)
  const quickest = [...able].sort((a, b) => a.rank - b.rank)
  const notLast = (set: readonly Link[]): boolean => !isSame(set, avoid)
  const chosen =
    friends(quickest, vault.t, notLast) ?? friends(quickest, vault.t, () => true) ?? undefined
  if (chosen === undefined) {
    const because = `expected ${vault.t} ready and paired nodes, got ${able.length} ready`
    return refusal('NOT_ENOUGH_SIGNERS', because)
  }
  const names = new Set(chosen.map(({ node }) => node))
  return vault.participants.map(({ node }) => node).filter((node) => names.has(node))
}

function ableLinks({ vault, links, size }: Choosing): readonly Link[] {
  const members = new Set<string>(vault.participants.map(({ node }) => node))
  return links.filter((link) => {
    const keys = link.state?.keys ?? []
    const holds = keys.some((key) => key.vault === vault.vault && key.epoch === vault.epoch)
    const ready = link.state?.state === 'ready' && link.isCaughtUp(size)
    return members.has(link.node) && holds && ready
  })
}

/** The first set of `count` links, all paired with each other, that is wanted. */
function friends(
  links: readonly Link[],
  count: number,
  wanted: (set: readonly Link[]) => boolean,
  chosen: readonly Link[] = [],
): readonly Link[] | undefined {
  if (chosen.length === count) return wanted(chosen) ? chosen : undefined
  for (const [at, link] of links.entries()) {
    if (!chosen.every((other) => arePaired(link, other))) continue
    const found = friends(links.slice(at + 1), count, wanted, [...chosen, link])
    if (found !== undefined) return found
  }
  return undefined
}

/** Both name the same pairing and neither has banned the other. */
function arePaired(a: Link, b: Link): boolean {
  const ours = pairingWith(a, b)
  return ours !== '' && ours === pairingWith(b, a)
}

function pairingWith(link: Link, peer: Link): string {
  const held = link.state?.pairings.find((pairing) => pairing.peer === peer.node)
  return held === undefined || held.banned ? '' : toHex(held.pairing)
}

function isSame(set: readonly Link[], names: readonly string[]): boolean {
  return set.length === names.length && set.every(({ node }) => names.includes(node))
}

/** Some participant says so of another, or the key is a cold one. */
export function wantsFresh(
  links: Pick<Links, 'link'>,
  {
    vault,
    rulebook,
    participants,
  }: {
    readonly vault: VaultId
    readonly rulebook: Rulebook
    readonly participants: readonly string[]
  },
): boolean {
  if (rulebook.vaults.get(vault)?.tier === 'cold') return true
  return participants.some((node) =>
    links
      .link(node)
      ?.state?.pairings.some(
        ({ peer, fresh }) => participants.includes(peer) && fresh.includes(vault),
      ),
  )
}

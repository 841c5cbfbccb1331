// whether the log of a Bundle is one that this Station may go on from. It extends what the
// Token's floor has seen and what the card holds, ends in a head that q witnesses cosigned, and
// names the ceremony that is held.
// INVARIANT: what is shorter or another log than the floor's is refused before a line of it is
// taken. Whether lines are lawful is the fold's business; heads are judged by the witnesses of
// their roots, as a node does.

import { requestView } from '../../policy/audit/history.ts'
import { emptyFrontier, leafHash, push, rootOf } from '../../policy/audit/merkle.ts'
import { requireSitters } from '../../policy/audit/plan-people.ts'
import { readSync } from '../../policy/audit/rows.ts'
import { below, get, tables } from '../../policy/audit/tables.ts'
import type { BundleIn } from '../../policy/ceremony/bundle-in.ts'
import type { ReadPlan } from '../../policy/ceremony/plan.ts'
import { parseInForce } from '../../policy/in-force.ts'
import { equalBytes, toHex, toUtf8 } from '../../proto/crypto.ts'
import { type Digest, parseDigest } from '../../proto/ids.ts'
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import type { TokenFloor } from '../../proto/token-floor.ts'
import type { Own } from '../node.ts'
import {
  floorOf,
  requireConcluded,
  requireExtended,
  requireKnownFloors,
  requireNotOlder,
} from './floor-checks.ts'
import type { LogPage } from './hub-seats.ts'
import { sharesIn } from './medium.ts'

/** What a Token remembers of the ceremonies before. */
export interface Remembered {
  readonly seen: readonly SeenHead[]
  readonly floors: readonly TokenFloor[]
  /** Root of the Record of this sitting where that is closed already; empty otherwise. */
  readonly closed: Digest | ''
}

/** Of a Token that sat in no room yet. */
export const nothingRemembered: Remembered = { seen: [], floors: [], closed: '' }

/** The largest head of this log that was seen here. */
export interface SeenHead {
  readonly size: number
  readonly root: Uint8Array
}

export function sizeOf({ pages }: Pick<BundleIn, 'pages'>): number {
  return pages.reduce((size, { lines }) => size + lines.length, 0)
}

/** Before anything is taken. */
export function requireExtends(bundle: Pick<BundleIn, 'pages'>, seen: readonly SeenHead[]): void {
  const size = sizeOf(bundle)
  const wanted = new Map(seen.map((head) => [head.size, head.root] as const))
  for (const head of seen) {
    if (head.size > size) {
      refuse('FLOOR', `expected ${head.size} lines or more, got ${size}`, 'X-8')
    }
  }
  let frontier = emptyFrontier
  for (const line of bundle.pages.flatMap(({ lines }) => lines)) {
    frontier = push(frontier, leafHash(line))
    const root = wanted.get(frontier.size)
    if (root !== undefined && !equalBytes(root, rootOf(frontier))) {
      refuse('LOG_FORK', `another log: it differs within its first ${frontier.size} lines`, 'X-8')
    }
  }
}

/** After it was taken. */
export function requireWitnessed({ copy, witness }: Own, bundle: BundleIn): void {
  const size = sizeOf(bundle)
  if (copy.size() !== size) {
    refuse('LOG_MALFORMED', `took ${copy.size()} of ${size} lines of the Bundle`, 'X-8')
  }
  const { q, seen, isCovered } = witness.coverage(size - 1)
  if (!isCovered) refuse('COSIGN', `expected ${q} witnesses over the last line, got ${seen}`, 'X-8')
}

/** Planned here and not over, of the root that is in force, with people who may sit. */
export function requirePlanned(own: Own, read: ReadPlan): void {
  const { rows } = own
  const {
    digest,
    plan: { root },
  } = read
  const now = readSync(get(tables.ruleset, 'now'), rows)?.root ?? 'none'
  if (now !== root) refuse('PLAN', `expected a plan of the root in force, ${now}`, 'X-8')
  const row = readSync(get(tables.ceremony, digest), rows)
  if (row === undefined) refuse('CEREMONY', `no ceremony ${digest} was planned`, 'X-8')
  if (row.state !== 'planned' && row.state !== 'exported') {
    refuse('CEREMONY', `the ceremony ${digest} is ${row.state}`, 'X-8')
  }
  requirePeople(own, read)
}

/** by the directory and the policy in force, and by who had a hand in it until now. */
function requirePeople({ rows }: Own, { digest, plan }: ReadPlan): void {
  const { ruleset, documents } = readSync(requestView(digest), rows)
  readSync(requireSitters(plan, parseInForce(ruleset, documents)), rows)
}

/**
 * Every floor of the Token counts: the vaults that it knows, the logs that it saw, the sittings
 * that it took part in, the share that was in force.
 */
export function requireRemembered(
  { rows, copy, keystore, self }: Own,
  { digest: plan, plan: { org, env, origin } }: ReadPlan,
  { floors, closed }: Remembered,
): void {
  if (floors.length === 0) return
  const own = { org, env, origin }
  const { ruleset, documents } = readSync(requestView(plan), rows)
  const { vaults } = parseInForce(ruleset, documents).rulebook
  const keys = readSync(below(tables.vault), rows)
  requireKnownFloors(floors, own, [...vaults.keys(), ...keys.map(({ vault }) => vault)])
  const rootAt = (size: number): Digest | undefined => {
    const root = size > copy.size() ? undefined : copy.rootAt(size)
    return root === undefined ? undefined : parseDigest(toHex(root))
  }
  requireExtended(floors, { size: copy.size(), rootAt })
  const concluded = readSync(below(tables.ceremony), rows).map(({ record }) => record.root)
  requireConcluded(floors, new Set([...concluded, closed]))
  const shares = sharesIn(keystore.directory)
  for (const { vault, epoch, participants } of keys) {
    if (!participants.some(({ node }) => node === self.node)) continue
    const floor = floorOf(floors, { ...own, vault })
    const share = shares.find((one) => one.vault === vault && one.epoch === epoch)
    if (share !== undefined) requireNotOlder(floor, share)
  }
}

/** As frames bring them; the heads come with the last. */
export function framesOf({ pages, head, heads }: BundleIn, origin: string): readonly LogPage[] {
  const notes = [head, ...heads.map(toUtf8)].slice(0, limits.witnessesMax)
  return pages.map(({ from, lines, documents, checkpoint }, at) => ({
    origin,
    from,
    lines: [...lines],
    documents: documents.map((text) => ({ kind: '', content: toUtf8(text) })),
    checkpoint,
    heads: at === pages.length - 1 ? notes : [],
  }))
}

// The roots that the log of a Bundle encloses, as the root of its Plan leads back to them: each
// names the digest of the one before it. So whoever holds the Plan knows with which root that log
// has to begin, and which Stations there are now.
// INVARIANT: no text is believed for standing in the log: each is the one that a digest names, from
// the Plan's on. Whether governance signed each step, and which root is in force, the fold says.
import type { Digest } from '../../proto/ids.ts'
import { attempt, isRefusal, refuse } from '../../proto/refusal.ts'
import { parseRoot, type Root } from '../documents.ts'
import type { BundleIn } from './bundle-in.ts'

export interface PlannedRoots {
  /** The one that this log begins with, pinned by all that read it. */
  readonly first: Digest
  /** The Plan's. */
  readonly now: Root
}

export function plannedRoots({ plan, pages }: Pick<BundleIn, 'plan' | 'pages'>): PlannedRoots {
  const known = rootsIn(pages.flatMap(({ documents }) => documents))
  const rootOf = (digest: Digest | ''): Root =>
    known.get(digest) ?? refuse('BUNDLE', `the log encloses no root ${digest}`, 'X-7')
  const now = rootOf(plan.plan.root)
  let first = now
  while (first.previous !== '') {
    const before = rootOf(first.previous)
    if (before.version >= first.version) refuse('BUNDLE', 'roots: expected ever later ones', 'X-7')
    first = before
  }
  return { first: first.digest, now }
}

function rootsIn(texts: readonly string[]): ReadonlyMap<string, Root> {
  const roots = texts.flatMap((written) => {
    const read = attempt(() => parseRoot(written))
    return isRefusal(read) ? [] : [read]
  })
  return new Map(roots.map((root) => [root.digest, root]))
}

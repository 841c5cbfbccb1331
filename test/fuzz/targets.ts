/** All targets, and how many executions each gets of so many. */

import type { Target } from './target.ts'
import { byteTargets } from './targets-bytes.ts'
import { ceremonyTargets } from './targets-ceremony.ts'
import { chainTargets } from './targets-chains.ts'
import { documentTargets } from './targets-documents.ts'
import { nodeTargets } from './targets-nodes.ts'
import { stepTargets } from './targets-steps.ts'
import { treasuryTargets } from './targets-treasury.ts'

const fewest = 20

export function allTargets(): readonly Target[] {
  return [
    ...documentTargets(),
    ...byteTargets(),
    ...chainTargets(),
    ...stepTargets(),
    ...nodeTargets(),
    ...ceremonyTargets(),
    ...treasuryTargets(),
  ]
}

export function sharesOf(targets: readonly Target[], executions: number): readonly number[] {
  const whole = targets.reduce((sum, { share }) => sum + share, 0)
  return targets.map(({ share }) => Math.max(fewest, Math.round((executions * share) / whole)))
}

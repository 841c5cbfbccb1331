/** The protocols whose messages and steps are fuzzed, and what share of executions a step of each gets. */

import type { Curve } from '../../signer-node/dkls23/curve.ts'
import { keyMaking, pairSetup, type Stage, signing } from '../hostile/stage.ts'
import { exporting, importing, refresh, reshare } from '../hostile/stages-life.ts'

export interface Fuzzed {
  readonly stage: Stage
  readonly share: number
}

/** By what a step costs. */
export function fuzzedStages(curve: Curve): readonly Fuzzed[] {
  return [
    { stage: pairSetup(curve), share: 0.000_3 },
    { stage: keyMaking(curve, 2, [1, 2, 3]), share: 0.003 },
    { stage: refresh(curve), share: 0.003 },
    { stage: reshare(curve), share: 0.001 },
    { stage: importing(curve), share: 0.003 },
    { stage: exporting(curve), share: 0.01 },
    { stage: signing(curve, [1, 2]), share: 0.003 },
  ]
}

/** Of a round, in the names of targets and folders. */
export function dashed(name: string): string {
  return name.replaceAll(' ', '-')
}

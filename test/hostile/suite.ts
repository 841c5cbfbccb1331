/**
 * The generated part of the adversary harness as one suite: all its cases in a fixed order, or a
 * slice of them for the tests of every day, and what came of them.
 */

import type { Curve } from '../../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { type Case, casesOf } from './cases.ts'
import { type Played, Theatre } from './play.ts'
import { keyMaking, pairSetup, type Stage, signing } from './stage.ts'
import { freshSigning } from './stage-fresh.ts'
import { exporting, importing, refresh, reshare } from './stages-life.ts'

export function stages(curve: Curve = nativeCurve()): readonly Stage[] {
  return [
    pairSetup(curve),
    keyMaking(curve, 2, [1, 2, 3]),
    keyMaking(curve, 3, [1, 2, 3, 4, 5]),
    refresh(curve),
    reshare(curve),
    importing(curve),
    exporting(curve),
    signing(curve, [1, 2]),
    freshSigning(curve),
    signing(curve, [1, 2, 4]),
  ]
}

export function allCases(curve?: Curve): readonly Case[] {
  return stages(curve).flatMap(casesOf)
}

export function* playAll(cases: Iterable<Case>, times = 1): Generator<Played> {
  const theatre = new Theatre(times)
  for (const one of cases) yield theatre.play(one)
}

/** How many ended how, for people. */
export function summaryOf(played: readonly Played[]): string {
  const counts = new Map<string, number>()
  for (const { ending } of played) counts.set(ending, (counts.get(ending) ?? 0) + 1)
  return [...counts].map(([ending, count]) => `${ending} ${count}`).join(', ')
}

// The analyser on targets and sweeps: each of them needs a rule that lets somebody ask for what is
// proposed. Without one it would be denied, and a vault runs dry while everybody believes that it
// is filled: a warning, because denying is safe.
import type { Handle, VaultId } from '../proto/ids.ts'
import { type Finding, warning } from './finding.ts'
import { isCall } from './intent.ts'
import type { Rulebook } from './rulebook.ts'
import { legs } from './rules/box.ts'
import type { Place } from './treasury/ledger.ts'
import { classOf } from './treasury/way.ts'

export function treasuryFindings(rulebook: Rulebook): readonly Finding[] {
  return [...targetWays(rulebook), ...sweepWays(rulebook)].flatMap((way) => {
    if (isAllowed(way, rulebook)) return []
    const { where, from, to, asset } = way
    const name = 'vault' in to ? to.vault : `class ${to.class}`
    return [warning('no way', where, `no rule moves ${asset} from ${from} to ${name}`)]
  })
}

interface Way {
  readonly where: string
  readonly from: VaultId
  readonly to: Place
  readonly asset: Handle
}

function* targetWays({ targets }: Rulebook): Generator<Way, void> {
  for (const { id, at, asset, surplus, refill } of targets.values()) {
    const where = `targets.${id}`
    if (surplus !== undefined && 'vault' in at) yield { where, from: at.vault, to: surplus, asset }
    if (refill !== undefined) yield { where, from: refill, to: at, asset }
  }
}

function* sweepWays(rulebook: Rulebook): Generator<Way, void> {
  for (const { id, vault, asset, to, gasFrom } of rulebook.sweeps.values()) {
    const where = `sweeps.${id}`
    yield { where, from: vault, to: { vault: to, path: 'm' }, asset }
    const network = rulebook.networks.get(rulebook.vaults.get(vault)?.network ?? asset)
    if (gasFrom === undefined || network === undefined) continue
    yield { where, from: gasFrom, to: { vault, path: 'm' }, asset: network.feeAsset }
  }
}

function isAllowed({ from, to, asset }: Way, rulebook: Rulebook): boolean {
  const of = classOf(to, rulebook)
  return rulebook.rules.some(({ box }) =>
    legs(box, rulebook).some(
      (leg) => leg.from === from && leg.to === of && leg.asset === asset && !isCall(leg.op),
    ),
  )
}

// The analyser on targets and sweeps: each of them needs a rule that lets somebody ask for what is
// proposed. Without one it would be denied, and a vault runs dry while everybody believes that it
// is filled: a warning, because denying is safe.
import type { Handle, VaultId } from '../proto/ids.ts'
import { type Finding, warning } from './finding.ts'
import { isCall } from './intent.ts'
import { classOfVault, type Rulebook } from './rulebook.ts'
import { legs } from './rules/box.ts'

export function treasuryFindings(rulebook: Rulebook): readonly Finding[] {
  return [...targetWays(rulebook), ...sweepWays(rulebook)].flatMap((way) => {
    if (isAllowed(way, rulebook)) return []
    const { where, from, to, asset } = way
    return [warning('no way', where, `no rule moves ${asset} from ${from} to ${to}`)]
  })
}

interface Way {
  readonly where: string
  readonly from: VaultId
  readonly to: VaultId
  readonly asset: Handle
}

function* targetWays({ targets }: Rulebook): Generator<Way, void> {
  for (const { id, vault, asset, surplus, refill } of targets.values()) {
    const where = `targets.${id}`
    if (surplus !== undefined) yield { where, from: vault, to: surplus, asset }
    if (refill !== undefined) yield { where, from: refill, to: vault, asset }
  }
}

function* sweepWays(rulebook: Rulebook): Generator<Way, void> {
  for (const { id, vault, asset, to, gasFrom } of rulebook.sweeps.values()) {
    const where = `sweeps.${id}`
    yield { where, from: vault, to, asset }
    const network = rulebook.networks.get(rulebook.vaults.get(vault)?.network ?? asset)
    if (gasFrom === undefined || network === undefined) continue
    yield { where, from: gasFrom, to: vault, asset: network.feeAsset }
  }
}

function isAllowed({ from, to, asset }: Way, rulebook: Rulebook): boolean {
  const of = classOfVault(rulebook, to)?.id
  return rulebook.rules.some(({ box }) =>
    legs(box, rulebook).some(
      (leg) => leg.from === from && leg.to === of && leg.asset === asset && !isCall(leg.op),
    ),
  )
}

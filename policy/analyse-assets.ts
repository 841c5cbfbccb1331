// The analyser on assets: tokens that everybody knows, with the decimals that they really have. One
// digit wrong moves ten times the money, and the same name has other decimals on another network.
// A token that is not in the list is the author's to check; so is whether a token is worth holding.
import { knownDecimals } from './chain/chains.ts'
import { error, type Finding } from './finding.ts'
import type { Rulebook } from './rulebook.ts'

export function assetFindings({ assets, networks }: Rulebook): readonly Finding[] {
  return [...assets.values()].flatMap((asset) => {
    const caip2 = networks.get(asset.network)?.caip2
    const expected = caip2 && knownDecimals(caip2, asset.contract)
    if (expected === undefined || expected === asset.decimals) return []
    const because = `expected ${expected} decimals of this ${asset.unit}, got ${asset.decimals}`
    return [error('decimals', `assets.${asset.id}`, because)]
  })
}

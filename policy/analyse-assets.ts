// The analyser on assets: tokens that everybody knows, with the decimals that they really have. One
// digit wrong moves ten times the money, and the same name has other decimals on another network.
// A token that is not in the list is the author's to check; so is whether a token is worth holding.
import { error, type Finding } from './finding.ts'
import type { Asset } from './places.ts'
import type { Rulebook } from './rulebook.ts'

export function assetFindings({ assets, networks }: Rulebook): readonly Finding[] {
  return [...assets.values()].flatMap((asset) => {
    const expected = decimalsOf(asset, networks.get(asset.network)?.caip2 ?? '')
    if (expected === undefined || expected === asset.decimals) return []
    const because = `expected ${expected} decimals of this ${asset.unit}, got ${asset.decimals}`
    return [error('decimals', `assets.${asset.id}`, because)]
  })
}

function decimalsOf({ kind, contract }: Asset, caip2: string): number | undefined {
  if (kind !== 'native') return known.get(`${caip2} ${contract}`)
  return coins.get(caip2.slice(0, caip2.indexOf(':')))
}

/** Of the coin of every network of a kind. */
const coins: ReadonlyMap<string, number> = new Map([
  ['eip155', 18],
  ['tron', 6],
])

/** USDT, USDC and DAI. Where each is written down: `docs/chains.md`, "Tokens that are known". */
const known: ReadonlyMap<string, number> = new Map([
  ['eip155:1 0xdac17f958d2ee523a2206206994597c13d831ec7', 6],
  ['eip155:1 0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48', 6],
  ['eip155:1 0x6b175474e89094c44da98b954eedeac495271d0f', 18],
  // Binance-pegged, both with 18.
  ['eip155:56 0x55d398326f99059ff775485246999027b3197955', 18],
  ['eip155:56 0x8ac76a51cc950d9822d68b83fe1ad97b32cd580d', 18],
  ['eip155:137 0xc2132d05d31c914a87c6611c10748aeb04b58e8f', 6],
  ['eip155:137 0x3c499c542cef5e3811e1192ce70d8cc03d5c3359', 6],
  ['eip155:42161 0xfd086bc7cd5c481dcc9c85ebe478a1c0b69fcbb9', 6],
  ['eip155:42161 0xaf88d065e77c8cc2239327c5edb3a432268e5831', 6],
  ['tron:0x2b6653dc TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t', 6],
])

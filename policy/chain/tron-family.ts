// Tron networks in the registry, by the last four bytes of their genesis block's hash.
import { refuse } from '../../proto/refusal.ts'
import { integer, object, objectWith, type Shaped } from '../../proto/shape.ts'
import { baseUnits, decimal } from '../units.ts'
import type { Family, Settings } from './family.ts'
import { tronChain } from './tron.ts'
import { nobodyOnTron, parseTronAddress, tronAddress } from './tron-address.ts'
import { coinFeeMax, priceCaps, publishedPrices, type TronPrices } from './tron-prices.ts'

/** Base units for one of them. */
const unitPrice = (name: 'energy' | 'bandwidth') => integer(1, Number(priceCaps[name]))
const pricesShape = object({
  activation: decimal,
  bandwidth: unitPrice('bandwidth'),
  energy: unitPrice('energy'),
  feeLimit: decimal,
})
const settingsShape = objectWith({}, { prices: pricesShape })

const settings: Settings = {
  keys: ['prices'],
  read: (written, path, decimals) => {
    const { prices } = settingsShape(written, path)
    return { forms: [], ...(prices && { prices: pricesOf(prices, `${path}.prices`, decimals) }) }
  },
}

export const tronFamily: Family = {
  namespace: 'tron',
  word: 'tron',
  names: new Map([
    ['0x2b6653dc', 'Tron mainnet'],
    ['0xcd8690dc', 'Tron Nile testnet'],
    ['0x94a9059e', 'Tron Shasta testnet'],
  ]),
  requireReference,
  ops: { native: 'tron.transfer', token: 'trc20.transfer' },
  tokens: 'trc20',
  coinDecimals: 6,
  // Where it is written down: `docs/chains.md`, "Tokens that are known".
  knownTokens: new Map([['0x2b6653dc TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t', 6]]),
  slot: 'one-body',
  settings,
  coinFee: ({ prices = publishedPrices }) => coinFeeMax(prices),
  addressForm: /T[1-9A-HJ-NP-Za-km-z]{33}/,
  parseAddress: parseTronAddress,
  readTyped: parseTronAddress,
  nobody: nobodyOnTron,
  address: tronAddress,
  addressOfOne: 'TMVQGm1qAQYVdetCeGRRkTWYYrLXuHK2HC',
  chain: (reference) => tronChain(`tron:${reference}`),
}

function pricesOf(
  { activation, bandwidth, energy, feeLimit }: Shaped<typeof pricesShape>,
  at: string,
  decimals: number,
): TronPrices {
  const sun = (name: 'activation' | 'feeLimit', written: string): bigint => {
    const path = `${at}.${name}`
    const amount = baseUnits(written, decimals, path)
    const most = priceCaps[name]
    if (amount > 0n && amount <= most) return amount
    return refuse('INVALID_POLICY', `${path}: expected 1 to ${most} base units, got ${amount}`)
  }
  return {
    ...{ bandwidth: BigInt(bandwidth), energy: BigInt(energy) },
    ...{ activation: sun('activation', activation), feeLimit: sun('feeLimit', feeLimit) },
  }
}

const referenceForm = /^0x[0-9a-f]{8}$/

/** The last four bytes of the genesis block's hash, as hex. */
function requireReference(reference: string): void {
  if (!referenceForm.test(reference)) {
    refuse('MALFORMED', `network: expected tron:0x and 8 lower-case hex, got ${reference}`)
  }
}

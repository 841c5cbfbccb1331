// EVM networks in the registry: every EIP-155 chain, by its chain id.
import { refuse } from '../../proto/refusal.ts'
import { list, literal, objectWith } from '../../proto/shape.ts'
import { distinct } from '../document.ts'
import { forms, plainTransfers } from './chain.ts'
import { evmAddress, parseEvmAddress, zeroEvmAddress } from './evm.ts'
import { typedEvmAddress } from './evm-address.ts'
import { evmChain } from './evm-chain.ts'
import type { Family, Settings } from './family.ts'

const settings: Settings = {
  keys: ['transactions'],
  read: (written, path) => {
    const { transactions = plainTransfers.forms } = settingsShape(written, path)
    return { forms: transactions }
  },
}
const settingsShape = objectWith({}, { transactions: distinct(list(literal(...forms), 1)) })

export const evmFamily: Family = {
  namespace: 'eip155',
  word: 'ethereum',
  names: new Map([
    ['1', 'Ethereum mainnet'],
    ['56', 'BNB Smart Chain'],
    ['137', 'Polygon'],
    ['42161', 'Arbitrum One'],
    ['31337', 'Local development chain'],
    ['11155111', 'Ethereum Sepolia testnet'],
  ]),
  requireReference: parseChainId,
  ops: {
    native: 'evm.transfer',
    token: 'erc20.transfer',
    call: 'evm.call',
    message: 'evm.message',
    cancel: 'evm.cancel',
  },
  tokens: 'erc20',
  coinDecimals: 18,
  // USDT, USDC and DAI. Where each is written down: `docs/chains.md`, "Tokens that are known".
  knownTokens: new Map([
    ['1 0xdac17f958d2ee523a2206206994597c13d831ec7', 6],
    ['1 0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48', 6],
    ['1 0x6b175474e89094c44da98b954eedeac495271d0f', 18],
    // Binance-pegged, both with 18.
    ['56 0x55d398326f99059ff775485246999027b3197955', 18],
    ['56 0x8ac76a51cc950d9822d68b83fe1ad97b32cd580d', 18],
    ['137 0xc2132d05d31c914a87c6611c10748aeb04b58e8f', 6],
    ['137 0x3c499c542cef5e3811e1192ce70d8cc03d5c3359', 6],
    ['42161 0xfd086bc7cd5c481dcc9c85ebe478a1c0b69fcbb9', 6],
    ['42161 0xaf88d065e77c8cc2239327c5edb3a432268e5831', 6],
  ]),
  slot: 'nonce',
  settings,
  coinFee: () => 0n,
  addressForm: /0x[0-9a-f]{40}/,
  parseAddress: parseEvmAddress,
  readTyped: typedEvmAddress,
  nobody: zeroEvmAddress,
  address: evmAddress,
  addressOfOne: '0x7e5f4552091a69125d5dfcb7b8c2659029395bdf',
  chain: (reference) => evmChain(parseChainId(reference)),
}

const chainIdForm = /^[1-9][0-9]{0,19}$/

// Rollups that charge for their data on layer 1 beside gas limit times price: there `maxFee` would
// bound nothing.
const unbounded: ReadonlyMap<bigint, string> = new Map([
  [10n, 'OP Mainnet'],
  [8453n, 'Base'],
])

function parseChainId(reference: string): bigint {
  const chainId = chainIdForm.test(reference) ? BigInt(reference) : 0n
  if (chainId === 0n || chainId >= 1n << 64n) {
    refuse('MALFORMED', `network: expected a chain id below 2^64, got ${reference}`)
  }
  const title = unbounded.get(chainId)
  if (title !== undefined) {
    refuse('NOT_SUPPORTED', `${title} charges a data fee that no transaction bounds`)
  }
  return chainId
}

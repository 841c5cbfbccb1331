// The registry of networks by CAIP-2 id, and the only list to extend when a chain is added: who
// answers the chain's questions, what an address looks like, what people call the network.
// Names are part of the rendering that people sign, so a name here never changes its id.
import { refuse } from '../../proto/refusal.ts'
import { type Op, parseNetwork } from '../intent.ts'
import type { Chain } from './chain.ts'
import { evmChain, parseEvmAddress } from './evm.ts'
import { parseTronAddress } from './tron-address.ts'

interface Family {
  readonly ops: { readonly native: Op; readonly token: Op }
  readonly parseAddress: (text: string, what?: string) => string
  /** Of the id's reference; refuses what it cannot decode. */
  readonly chain: (reference: string) => Chain
}

const families: ReadonlyMap<string, Family> = new Map<string, Family>([
  [
    'eip155',
    {
      ops: { native: 'evm.transfer', token: 'erc20.transfer' },
      parseAddress: parseEvmAddress,
      chain: (reference) => evmChain(parseChainId(reference)),
    },
  ],
  [
    'tron',
    {
      ops: { native: 'tron.transfer', token: 'trc20.transfer' },
      parseAddress: parseTronAddress,
      chain: () => refuse('NOT_SUPPORTED', 'tron transactions are not decoded yet'),
    },
  ],
])

const names: ReadonlyMap<string, string> = new Map([
  ['eip155:1', 'Ethereum mainnet'],
  ['eip155:10', 'OP Mainnet'],
  ['eip155:56', 'BNB Smart Chain'],
  ['eip155:137', 'Polygon'],
  ['eip155:8453', 'Base'],
  ['eip155:42161', 'Arbitrum One'],
  ['eip155:31337', 'Local development chain'],
  ['eip155:11155111', 'Ethereum Sepolia testnet'],
  ['tron:0x2b6653dc', 'Tron mainnet'],
])

export function chainOf(network: string): Chain {
  return familyOf(network).chain(network.slice(network.indexOf(':') + 1))
}

/** The two operations of a network: for its own coin and for a token. */
export function opsOf(network: string): { readonly native: Op; readonly token: Op } {
  return familyOf(network).ops
}

/** Returns the text when it is an address in the one form that documents use. */
export function parseAddress(network: string, text: string, what = 'address'): string {
  return familyOf(network).parseAddress(text, what)
}

/** "Ethereum mainnet (eip155:1)"; a network without a name shows its id alone. */
export function networkTitle(network: string): string {
  const name = names.get(network)
  return name === undefined ? network : `${name} (${network})`
}

function familyOf(network: string): Family {
  const [namespace = ''] = parseNetwork(network).split(':')
  const family = families.get(namespace)
  return family ?? refuse('NOT_SUPPORTED', `expected a network of eip155 or tron, got ${network}`)
}

const chainIdForm = /^[1-9][0-9]{0,19}$/

function parseChainId(reference: string): bigint {
  const chainId = chainIdForm.test(reference) ? BigInt(reference) : 0n
  if (chainId === 0n || chainId >= 1n << 64n) {
    refuse('MALFORMED', `network: expected a chain id below 2^64, got ${reference}`)
  }
  return chainId
}

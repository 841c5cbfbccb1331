// The registry of networks by CAIP-2 id, and the only list to extend when a chain is added: who
// answers the chain's questions, what an address looks like, what people call the network.
// Names are part of the rendering that people sign, so a name here never changes its id.
import { refuse } from '../../proto/refusal.ts'
import { type Op, parseNetwork } from '../intent.ts'
import type { Chain } from './chain.ts'
import { parseEvmAddress, zeroEvmAddress } from './evm.ts'
import { evmChain } from './evm-chain.ts'
import { tronChain } from './tron.ts'
import { nobodyOnTron, parseTronAddress } from './tron-address.ts'
import { coinFeeMax, publishedPrices, type TronPrices } from './tron-prices.ts'

export interface Ops {
  readonly native: Op
  readonly token: Op
  /** Where contracts can be called. */
  readonly call?: Op
  /** Where keys sign messages. */
  readonly message?: Op
  /** Where a nonce can be used up by a transaction that pays nobody. */
  readonly cancel?: Op
}

export const tokenKinds = ['erc20', 'trc20'] as const
export type TokenKind = (typeof tokenKinds)[number]

interface Family {
  /** Refuses a reference that stands for no network, or has a second form. */
  readonly requireReference: (reference: string) => void
  readonly ops: Ops
  /** Kind of a token in the policy. */
  readonly tokens: TokenKind
  /** What may be used once: a nonce of the address, or one set of bytes for ever. */
  readonly slot: 'nonce' | 'one-body'
  /** Base units: a transfer of the coin is not built with less as its bound; 0n for no such. */
  readonly coinFee: (prices?: TronPrices) => bigint
  readonly parseAddress: (text: string, what?: string) => string
  /** The address whose key nobody has; value that goes there is burned. */
  readonly nobody: string
  /** Of the id's reference; refuses what it cannot decode. */
  readonly chain: (reference: string) => Chain
}

const families: ReadonlyMap<string, Family> = new Map<string, Family>([
  [
    'eip155',
    {
      requireReference: parseChainId,
      ops: {
        native: 'evm.transfer',
        token: 'erc20.transfer',
        call: 'evm.call',
        message: 'evm.message',
        cancel: 'evm.cancel',
      },
      tokens: 'erc20',
      slot: 'nonce',
      coinFee: () => 0n,
      parseAddress: parseEvmAddress,
      nobody: zeroEvmAddress,
      chain: (reference) => evmChain(parseChainId(reference)),
    },
  ],
  [
    'tron',
    {
      requireReference: requireTronReference,
      ops: { native: 'tron.transfer', token: 'trc20.transfer' },
      tokens: 'trc20',
      slot: 'one-body',
      coinFee: (prices = publishedPrices) => coinFeeMax(prices),
      parseAddress: parseTronAddress,
      nobody: nobodyOnTron,
      chain: (reference) => tronChain(`tron:${reference}`),
    },
  ],
])

const names: ReadonlyMap<string, string> = new Map([
  ['eip155:1', 'Ethereum mainnet'],
  ['eip155:56', 'BNB Smart Chain'],
  ['eip155:137', 'Polygon'],
  ['eip155:42161', 'Arbitrum One'],
  ['eip155:31337', 'Local development chain'],
  ['eip155:11155111', 'Ethereum Sepolia testnet'],
  ['tron:0x2b6653dc', 'Tron mainnet'],
  ['tron:0xcd8690dc', 'Tron Nile testnet'],
  ['tron:0x94a9059e', 'Tron Shasta testnet'],
])

export function chainOf(network: string): Chain {
  return familyOf(network).chain(network.slice(network.indexOf(':') + 1))
}

/** The operations of a network: for its own coin, a token, calls, messages, cancels. */
export function opsOf(network: string): Ops {
  return familyOf(network).ops
}

/** What a policy must say of the network: kind of tokens, what may be used once, the least fee. */
export function traitsOf(network: string): Pick<Family, 'tokens' | 'slot' | 'coinFee'> {
  return familyOf(network)
}

/** Returns the text when it is an address in the one form that documents use. */
export function parseAddress(network: string, text: string, what = 'address'): string {
  return familyOf(network).parseAddress(text, what)
}

/** Whether this is the address of nobody, to which no request may pay. */
export function isNobody(network: string, address: string): boolean {
  return address === familyOf(network).nobody
}

/** "Ethereum mainnet (eip155:1)"; a network without a name shows its id alone. */
export function networkTitle(network: string): string {
  const name = names.get(network)
  return name === undefined ? network : `${name} (${network})`
}

function familyOf(network: string): Family {
  const [namespace = '', reference = ''] = parseNetwork(network).split(':')
  const family =
    families.get(namespace) ??
    refuse('NOT_SUPPORTED', `expected a network of eip155 or tron, got ${network}`)
  family.requireReference(reference)
  return family
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

const tronReferenceForm = /^0x[0-9a-f]{8}$/

/** The last four bytes of the genesis block's hash, as hex. */
function requireTronReference(reference: string): void {
  if (!tronReferenceForm.test(reference)) {
    refuse('MALFORMED', `network: expected tron:0x and 8 lower-case hex, got ${reference}`)
  }
}

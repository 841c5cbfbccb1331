// A chain that nobody has, written as docs/chains.md says: this is the one file of it in the room
// that judges. Its transactions are lines of text, so that a reader sees what is decoded.
//   toy 1 nonce 7 fee 20 from toy… to toy… pay 5 of -

import type { Chain } from '../../policy/chain/chain.ts'
import { type Family, noSettings } from '../../policy/chain/family.ts'
import { encodeSignature, recovered } from '../../policy/chain/signature.ts'
import type { Effect } from '../../policy/intent.ts'
import { concat, equalBytes, fromUtf8, sha256, toHex, toUtf8 } from '../../proto/crypto.ts'
import { refuse } from '../../proto/refusal.ts'

export interface ToyTransaction {
  readonly network: string
  readonly nonce: bigint
  readonly fee: bigint
  readonly from: string
  readonly to: string
  readonly amount: bigint
  /** Empty for the coin. */
  readonly contract: string
}

const number = '(0|[1-9][0-9]{0,30})'
const address = '(toy[0-9a-f]{40})'
const reference = '[1-9][0-9]{0,8}'
const line = new RegExp(
  `^toy (${reference}) nonce ${number} fee ${number} from ${address} to ${address} ` +
    `pay ${number} of (?:-|${address})$`,
)

export function encodeToy(transaction: ToyTransaction): Uint8Array {
  const { network, nonce, fee, from, to, amount, contract } = transaction
  const of = contract === '' ? '-' : contract
  const chain = network.replace(':', ' ')
  return toUtf8(`${chain} nonce ${nonce} fee ${fee} from ${from} to ${to} pay ${amount} of ${of}`)
}

export function parseToy(bytes: Uint8Array, network: string): ToyTransaction {
  const found = line.exec(fromUtf8(bytes) ?? '')
  if (found === null) return refuse('BYTES_SHAPE', 'expected a line of the toy chain', 'line')
  const [, of = '', nonce = '', fee = '', from = '', to = '', amount = '', contract = ''] = found
  const numbers = { nonce: BigInt(nonce), fee: BigInt(fee), amount: BigInt(amount) }
  const read = { network: `toy:${of}`, ...numbers, from, to, contract }
  if (read.network !== network) refuse('BYTES_SHAPE', `expected ${network}`, 'network')
  if (!equalBytes(encodeToy(read), bytes)) refuse('BYTES_SHAPE', 'another form', 'canonical')
  return read
}

function toyAddress(publicKey: Uint8Array): string {
  return `toy${toHex(sha256(publicKey)).slice(0, 40)}`
}

function parseAddress(text: string, what = 'address'): string {
  if (!/^toy[0-9a-f]{40}$/.test(text)) refuse('MALFORMED', `${what}: expected toy and 40 hex`)
  return text
}

function toyChain(network: string): Chain {
  return {
    decode: (bytes) => effectOf(parseToy(bytes, network), bytes),
    digest: (bytes) => sha256(bytes),
    attach: (bytes, signature) => {
      const { from } = parseToy(bytes, network)
      const key = recovered(signature, sha256(bytes))
      if (key === undefined || toyAddress(key) !== from) refuse('BYTES_FROM', `expected ${from}`)
      const raw = concat(bytes, encodeSignature(signature))
      return { raw, txid: toHex(sha256(raw)) }
    },
    address: toyAddress,
  }
}

function effectOf(transaction: ToyTransaction, bytes: Uint8Array): Effect {
  const { network, nonce, fee, from, to, amount, contract } = transaction
  const op = contract === '' ? 'toy.transfer' : 'toy20.transfer'
  return {
    ...{ network, op, contract, to, amount, from, until: undefined, slot: `${nonce}` },
    fee: { max: fee, price: fee, tip: fee },
    digest: sha256(bytes),
    bytes,
  }
}

export const toyFamily: Family = {
  namespace: 'toy',
  word: 'toy',
  names: new Map([['1', 'Toy chain']]),
  requireReference: (text) => {
    if (!new RegExp(`^${reference}$`).test(text)) refuse('MALFORMED', 'network: expected a number')
  },
  ops: { native: 'toy.transfer', token: 'toy20.transfer' },
  tokens: 'toy20',
  coinDecimals: 9,
  knownTokens: new Map([[`1 toy${'20'.repeat(20)}`, 6]]),
  slot: 'nonce',
  settings: noSettings,
  coinFee: () => 0n,
  addressForm: /toy[0-9a-f]{40}/,
  parseAddress,
  readTyped: (typed, what) => parseAddress(typed.trim().toLowerCase(), what),
  nobody: `toy${'0'.repeat(40)}`,
  address: toyAddress,
  addressOfOne: 'toy0f715baf5d4c2ed329785cef29e562f73488c8a2',
  chain: (of) => toyChain(`toy:${of}`),
}

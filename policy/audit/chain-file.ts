// The chain file: what endpoints say that own addresses of one network did in a range of blocks. It
// is collected by whoever audits, from endpoints that are not those of the house, and read offline.
// It proves nothing by itself: whoever collected it is believed. Its nonces have no gap, so that no
// transaction of an address can be left out unseen.
import { toHex } from '../../proto/crypto.ts'
import { encode, parse } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import {
  amount,
  bool,
  hex,
  integer,
  list,
  literal,
  object,
  type Reader,
  type Shaped,
  text,
} from '../../proto/shape.ts'
import { parseAddress } from '../chain/chains.ts'
import { parseNetwork } from '../intent.ts'

const height = integer(0, Number.MAX_SAFE_INTEGER)
const txid = text(66, /^0x[0-9a-f]{64}$/)
const network: Reader<string> = (value, path) => parseNetwork(text(48)(value, path))
const address = text(42, /^0x[0-9a-f]{40}$/)
/** Empty for the coin. */
const contract = text(42, /^(?:|0x[0-9a-f]{40})$/)

/** A transaction that the address signed. */
const sent = object({
  /** Base units of the coin: what it really cost. */
  fee: amount,
  height,
  nonce: amount,
  succeeded: bool,
  to: contract,
  txid,
  /** Base units of the coin. */
  value: amount,
})

/** A token's event that the address is in, whoever signed the transaction. */
const moved = object({ amount, contract: address, from: address, height, to: address, txid })

const balance = object({ after: amount, before: amount, contract })

const account = object({
  address,
  /** Before the first block of the range, and after the last. */
  balances: list(balance, 1, limits.chainFileAssetsMax),
  moved: list(moved, 0, limits.jsonItemsMax),
  nonces: object({ after: amount, before: amount }),
  sent: list(sent, 0, limits.jsonItemsMax),
})

const shape = object({
  accounts: list(account, 0, limits.chainFileAccountsMax),
  /** Hash of the block `to`. */
  block: hex(32),
  format: literal('custody-chain/v1'),
  from: height,
  network,
  to: height,
  /** How many endpoints had to say the same. */
  witnesses: integer(1, 8),
})

export type ChainFile = Shaped<typeof shape>
export type ChainAccount = Shaped<typeof account>
export type Sent = Shaped<typeof sent>
export type Moved = Shaped<typeof moved>

export function parseChainFile(bytes: Uint8Array): ChainFile {
  const file = shape(parse(bytes, limits.chainFileBytesMax), 'chain')
  for (const { address: own } of file.accounts) parseAddress(file.network, own, 'chain.accounts')
  return file
}

export function writeChainFile(file: ChainFile): Uint8Array {
  const bytes = encode({
    ...file,
    block: toHex(file.block),
    accounts: file.accounts.map((one) => ({
      ...one,
      balances: one.balances.map(({ after, before, ...rest }) => {
        return { ...rest, after: `${after}`, before: `${before}` }
      }),
      moved: one.moved.map((move) => ({ ...move, amount: `${move.amount}` })),
      nonces: { after: `${one.nonces.after}`, before: `${one.nonces.before}` },
      sent: one.sent.map(({ fee, nonce, value, ...rest }) => {
        return { ...rest, fee: `${fee}`, nonce: `${nonce}`, value: `${value}` }
      }),
    })),
    format: 'custody-chain/v1',
  })
  parseChainFile(bytes)
  return bytes
}

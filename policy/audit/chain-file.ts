// The chain file: what endpoints say that own addresses of one network did in a range of blocks. It
// is collected by whoever audits, from endpoints that are not those of the house, and read offline.
// It proves nothing by itself: whoever collected it is believed. Its nonces have no gap, so that no
// transaction of an address can be left out unseen.
import { toHex } from '../../proto/crypto.ts'
import { encode, parse } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import {
  amount,
  bool,
  hex,
  integer,
  list,
  literal,
  object,
  objectWith,
  type Reader,
  type Shaped,
  text,
} from '../../proto/shape.ts'
import { parseAddress, traitsOf } from '../chain/chains.ts'
import { parseNetwork } from '../intent.ts'

const height = integer(0, Number.MAX_SAFE_INTEGER)
const txid = text(66, /^(?:0x)?[0-9a-f]{64}$/)
const network: Reader<string> = (value, path) => parseNetwork(text(48)(value, path))
/** As the network writes it. */
const address = text(64)
/** Empty for the coin. */
const contract: Reader<string> = (value, path) => (value === '' ? '' : address(value, path))

/** A transaction that the address signed. */
const sent = objectWith(
  {
    /** Base units of the coin: what it really cost. */
    fee: amount,
    height,
    succeeded: bool,
    to: contract,
    txid,
    /** Base units of the coin. */
    value: amount,
  },
  { nonce: amount },
)

/** A token's event that the address is in, whoever signed the transaction. */
const moved = object({ amount, contract: address, from: address, height, to: address, txid })

/** A plain transfer of the coin to the address. */
const received = object({ amount, from: address, height, txid })

/** `before` is left out where nobody could tell it. */
const balance = objectWith({ after: amount, contract }, { before: amount })

const account = objectWith(
  {
    address,
    /** Before the first block of the range, and after the last; none where nobody keeps them. */
    balances: list(balance, 0, limits.chainFileAssetsMax),
    moved: list(moved, 0, limits.jsonItemsMax),
    sent: list(sent, 0, limits.jsonItemsMax),
  },
  {
    /** Of networks that count the transactions of an address. */
    nonces: object({ after: amount, before: amount }),
    /** Of networks of which every block is read. */
    received: list(received, 0, limits.jsonItemsMax),
    /** Contracts whose events were looked at, where no balances say it. */
    tokens: list(address, 0, limits.chainFileAssetsMax),
  },
)

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
export type Received = Shaped<typeof received>

export function parseChainFile(bytes: Uint8Array): ChainFile {
  const file = shape(parse(bytes, limits.chainFileBytesMax), 'chain')
  for (const one of file.accounts) requireForm(one, file.network)
  return file
}

/** Nonces and balances where the network has them, or a hole could be left unseen. */
function requireForm(account: ChainAccount, of: string) {
  const { address: own, balances, moved: moves, nonces, sent: all } = account
  const { received: came, tokens } = account
  const isCounted = traitsOf(of).slot === 'nonce'
  const written = [nonces, ...all.map(({ nonce }) => nonce)].map((one) => one !== undefined)
  const isFull = balances.length > 0 && balances.every(({ before }) => before !== undefined)
  const isTold = isFull && tokens === undefined && came === undefined
  const looked = new Set(['', ...(tokens ?? [])])
  const isLooked =
    tokens !== undefined && came !== undefined && balances.every((one) => looked.has(one.contract))
  if (written.some((is) => is !== isCounted) || !(isCounted ? isTold : isLooked)) {
    const form = isCounted
      ? 'nonces and balances'
      : 'tokens, what it received, no nonces, and balances of these tokens'
    refuse('MALFORMED', `chain.accounts: expected ${own} with ${form}`)
  }
  const others = moves.flatMap(({ contract: token, from, to }) => [token, from, to])
  const named = [
    ...(tokens ?? []),
    ...(came ?? []).map(({ from }) => from),
    ...balances.map((one) => one.contract),
    ...all.map(({ to }) => to),
  ]
  for (const one of [own, ...others, ...named.filter((text) => text !== '')]) {
    parseAddress(of, one, 'chain.accounts')
  }
}

export function writeChainFile(file: ChainFile): Uint8Array {
  const bytes = encode({
    ...file,
    block: toHex(file.block),
    accounts: file.accounts.map(({ nonces, received: came, tokens, ...one }) => ({
      ...one,
      balances: one.balances.map(({ after, before, ...rest }) => {
        return {
          ...rest,
          after: `${after}`,
          ...(before === undefined ? {} : { before: `${before}` }),
        }
      }),
      moved: one.moved.map((move) => ({ ...move, amount: `${move.amount}` })),
      ...(came && {
        received: came.map((transfer) => ({ ...transfer, amount: `${transfer.amount}` })),
      }),
      ...(tokens && { tokens: [...tokens] }),
      ...(nonces && {
        nonces: { after: `${nonces.after}`, before: `${nonces.before}` },
      }),
      sent: one.sent.map(({ fee, nonce, value, ...rest }) => {
        const counted = nonce === undefined ? {} : { nonce: `${nonce}` }
        return { ...rest, ...counted, fee: `${fee}`, value: `${value}` }
      }),
    })),
    format: 'custody-chain/v1',
  })
  parseChainFile(bytes)
  return bytes
}

// The chain file: what endpoints say that own addresses of one network did in a range of blocks. It
// is collected by whoever audits, from endpoints that are not those of the house, and read offline.
// It proves nothing by itself: whoever collected it is believed. Its nonces have no gap, so that no
// transaction of an address can be left out unseen.
// One document in the first line. Of deposit addresses there may be a million, so it says how many
// of each vault were looked at; one at which nothing happened and nothing lies is named no further,
// and each other one is a line of its own.
import { toHex, toUtf8 } from '../../proto/crypto.ts'
import { type JsonObject, parse, textOf } from '../../proto/jcs.ts'
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
  text as written,
} from '../../proto/shape.ts'
import { parseAddress, traitsOf } from '../chain/chains.ts'
import { parseNetwork } from '../intent.ts'
import { vaultId } from '../vault.ts'

const height = integer(0, Number.MAX_SAFE_INTEGER)
const txid = written(66, /^(?:0x)?[0-9a-f]{64}$/)
const network: Reader<string> = (value, path) => parseNetwork(written(48)(value, path))
/** As the network writes it. */
const address = written(64)
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
    moved: list(moved, 0, limits.chainFileItemsMax),
    sent: list(sent, 0, limits.chainFileItemsMax),
  },
  {
    /** Of networks that count the transactions of an address. */
    nonces: object({ after: amount, before: amount }),
    /** Of networks of which every block is read. */
    received: list(received, 0, limits.chainFileItemsMax),
    /** Contracts whose events were looked at, where no balances say it. */
    tokens: list(address, 0, limits.chainFileAssetsMax),
  },
)

/** What lies at addresses at which nothing happened in the range, together. */
const resting = object({
  addresses: integer(1, limits.depositIndexMax),
  amount,
  contract,
})

/** The deposit addresses of a vault below `until`, all of which were looked at. */
const deposits = objectWith(
  {
    /** Lines after the first one that are of this vault. */
    listed: integer(0, limits.chainFileDepositsMax),
    publicKey: hex(33),
    until: integer(1, limits.depositIndexMax),
    vault: vaultId,
  },
  /** Left out where nobody told the balances. */
  { resting: list(resting, 0, limits.chainFileAssetsMax) },
)

const shape = objectWith(
  {
    accounts: list(account, 0, limits.chainFileAccountsMax),
    /** Hash of the block `to`. */
    block: hex(32),
    format: literal('custody-chain/v1'),
    from: height,
    network,
    to: height,
    /** How many endpoints had to say the same. */
    witnesses: integer(1, 8),
  },
  { deposits: list(deposits, 0, limits.chainFileAccountsMax) },
)

const listed = object({
  account,
  /** Of its deposit address. */
  index: integer(0, limits.depositIndexMax - 1),
  vault: vaultId,
})

export type ChainFile = Shaped<typeof shape> & {
  readonly listed?: readonly ListedDeposit[]
}
export type ChainAccount = Shaped<typeof account>
export type LookedDeposits = Shaped<typeof deposits>
export type ListedDeposit = Shaped<typeof listed>
export type Sent = Shaped<typeof sent>
export type Moved = Shaped<typeof moved>
export type Received = Shaped<typeof received>

export type Below = Pick<ChainFile, 'deposits' | 'listed'>

/** What is empty is not in the file. */
export function belowOf(looked: readonly LookedDeposits[], lines: readonly ListedDeposit[]): Below {
  if (looked.length === 0) return {}
  return lines.length === 0 ? { deposits: looked } : { deposits: looked, listed: lines }
}

export function parseChainFile(bytes: Uint8Array): ChainFile {
  const { chainFileBytesMax: most, chainFileItemsMax: itemsMax } = limits
  if (bytes.length > most) {
    refuse('TOO_LARGE', `expected at most ${most} bytes, got ${bytes.length}`)
  }
  const [first = new Uint8Array(), ...lines] = linesIn(bytes)
  const file = shape(parse(first, most, itemsMax), 'chain')
  if (lines.length > limits.chainFileDepositsMax) {
    refuse('TOO_LARGE', `expected at most ${limits.chainFileDepositsMax} deposit addresses`)
  }
  const read = lines.map((line) => listed(parse(line, most, itemsMax), 'chain.listed'))
  for (const one of file.accounts) requireForm(one, file.network)
  for (const one of read) requireForm(one.account, file.network)
  requireListed(file.deposits ?? [], read)
  return read.length === 0 ? file : { ...file, listed: read }
}

const newline = 10

/** Without one at the end: a line that is missing there is counted in the first. */
function* linesIn(bytes: Uint8Array): Generator<Uint8Array, void> {
  let start = 0
  for (;;) {
    const end = bytes.indexOf(newline, start)
    if (end < 0) return yield bytes.subarray(start)
    yield bytes.subarray(start, end)
    start = end + 1
  }
}

/** In the order of vaults and indices, each once, as many as are said. */
function requireListed(said: readonly LookedDeposits[], lines: readonly ListedDeposit[]): void {
  let at = 0
  let before = ''
  for (const { vault, until, listed: count } of said) {
    if (vault <= before) refuse('MALFORMED', `chain.deposits: expected vaults in order, ${vault}`)
    before = vault
    let least = 0
    for (const end = at + count; at < end; at += 1) {
      const line = lines[at]
      const { index = -1 } = line ?? {}
      if (line?.vault !== vault || index < least || index >= until) {
        const wanted = `expected ${count} lines of ${vault}, with indices in order below ${until}`
        refuse('MALFORMED', `chain.listed: ${wanted}`)
      }
      least = index + 1
    }
  }
  if (at !== lines.length) refuse('MALFORMED', `chain.listed: expected ${at} lines`)
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
  for (const one of [own, ...others, ...named.filter((one) => one !== '')]) {
    parseAddress(of, one, 'chain.accounts')
  }
}

export function writeChainFile({ listed: lines = [], ...file }: ChainFile): Uint8Array {
  const { deposits: looked, ...head } = file
  const first = lineOf({
    ...head,
    block: toHex(file.block),
    accounts: file.accounts.map(accountJson),
    format: 'custody-chain/v1',
    ...(looked && { deposits: looked.map(lookedJson) }),
  })
  const rest = lines.map(({ account: one, ...place }) => {
    return lineOf({ ...place, account: accountJson(one) })
  })
  const bytes = toUtf8([first, ...rest].join('\n'))
  parseChainFile(bytes)
  return bytes
}

const lineOf = (value: JsonObject): string => textOf(value, limits.chainFileItemsMax)

function lookedJson({ publicKey, resting: rest, ...one }: LookedDeposits): JsonObject {
  return {
    ...one,
    publicKey: toHex(publicKey),
    ...(rest && { resting: rest.map((sum) => ({ ...sum, amount: `${sum.amount}` })) }),
  }
}

function accountJson({ nonces, received: came, tokens, ...one }: ChainAccount): JsonObject {
  return {
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
  }
}

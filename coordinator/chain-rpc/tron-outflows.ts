// What own addresses did in a range of blocks of Tron, as enough endpoints agree on it: for the
// chain file of an auditor. Tron counts no transactions of an address, so every block of the range
// is read, with what became of each transaction in it: one that an own address is the owner of is
// its own, whoever signed it; tokens are seen by their events, and what came in of the coin by
// plain transfers. Balances: `tron-closings.ts`. Tokens that nobody named are not seen.
import type {
  ChainAccount,
  ChainFile,
  Moved,
  Received,
  Sent,
} from '../../policy/audit/chain-file.ts'
import { Unavailable } from '../../proto/unavailable.ts'
import { ahead } from './ahead.ts'
import type { Block } from './look.ts'
import { unavailable } from './post.ts'
import { type Closing, closingsOf } from './tron-closings.ts'
import type { TronLook } from './tron-look.ts'
import { linesOf } from './tron-outflow-lines.ts'

export interface TronRange {
  readonly network: string
  /** First block, above 0. */
  readonly from: bigint
  /** Last block; where balances are told they may be of a later one, which is the last then. */
  readonly to: Block
  readonly addresses: readonly string[]
  /** Contracts. */
  readonly tokens: readonly string[]
  /** Balances at the end are told: it has to be now, because nodes keep no earlier states. */
  readonly closes?: boolean
  /** The file of the blocks before these: its balances are those of the beginning. */
  readonly after?: ChainFile
  /** Waits before a block that too few told is asked for again; without it that ends it. */
  readonly pause?: (ms: number) => Promise<unknown>
  readonly progress?: (height: bigint) => void
}

/** Blocks asked for at the same time; each may be of many mebibytes. */
const blocksAhead = 8
const triesMax = 5
/** Longer than an endpoint rests that failed twice. */
const betweenTriesMs = 6_000

/** Throws `Unavailable` where endpoints do not agree, or do not have a block whole. */
export async function collectTron(look: TronLook, range: TronRange): Promise<ChainFile> {
  const { network, from, to, addresses, after } = range
  if (after !== undefined) await requireBefore(look, range, after)
  const found = new Map(addresses.map((address) => [address, emptyOf(address, range)]))
  let last = from - 1n
  const readTo = async (height: bigint): Promise<void> => {
    for await (const lines of ahead(heights(last + 1n, height), blocksAhead, linesAt)) {
      last += 1n
      for (const line of lines) noted(line.split(' '), last, found)
      range.progress?.(last)
    }
  }
  const linesAt = (height: bigint) => blockLines(look, height, range)
  await readTo(to.height)
  const { pause } = range
  const closings = range.closes
    ? await closingsOf(look, places(range), { found, readTo, pause })
    : []
  const end = last > to.height ? await look.blockAt(last) : to
  return {
    format: 'custody-chain/v1',
    ...{ network, witnesses: look.witnesses },
    accounts: [...found.values()].map((account) => told(account, closings, after)),
    from: Number(from),
    to: Number(end.height),
    block: Uint8Array.from(Buffer.from(end.hash.slice(2), 'hex')),
  }
}

/** Else the balances at its end would be those of another beginning. */
async function requireBefore(look: TronLook, { network, from }: TronRange, after: ChainFile) {
  const isNext = after.network === network && BigInt(after.to) + 1n === from
  if (!isNext) {
    throw unavailable(`the file before ends with block ${after.to} of ${after.network}`)
  }
  const { hash } = await look.blockAt(BigInt(after.to))
  if (hash !== `0x${Buffer.from(after.block).toString('hex')}`) {
    throw unavailable(`the file before has another block ${after.to} than endpoints have`)
  }
}

function places({ addresses, tokens }: TronRange) {
  const contracts = ['', ...tokens]
  return addresses.flatMap((address) => contracts.map((contract) => ({ address, contract })))
}

interface Found extends ChainAccount {
  readonly sent: Sent[]
  readonly moved: Moved[]
  readonly received: Received[]
}

function emptyOf(address: string, { tokens }: TronRange): Found {
  return { address, balances: [], sent: [], moved: [], received: [], tokens }
}

function* heights(first: bigint, last: bigint): Generator<bigint> {
  for (let height = first; height <= last; height += 1n) yield height
}

async function blockLines(
  look: TronLook,
  height: bigint,
  { addresses, tokens, pause }: TronRange,
): Promise<readonly string[]> {
  const own = { addresses: new Set(addresses), tokens: new Set(tokens) }
  for (let tried = 1; ; tried += 1) {
    try {
      const said = await look.agreed((endpoint) => linesOf(endpoint, height, own))
      return said === '' ? [] : said.split('\n')
    } catch (error) {
      const isLast = pause === undefined || tried === triesMax
      if (isLast || !(error instanceof Unavailable)) throw error
      await pause(betweenTriesMs)
    }
  }
}

function noted(
  [kind = '', ...words]: readonly string[],
  at: bigint,
  found: ReadonlyMap<string, Found>,
): void {
  const height = Number(at)
  if (kind === 'sent') {
    const [owner = '', txid = '', ok = '', value = '', fee = '', to = ''] = words
    const amounts = { value: BigInt(value), fee: BigInt(fee) }
    found.get(owner)?.sent.push({ txid, height, succeeded: ok === 'true', to, ...amounts })
  } else if (kind === 'received') {
    const [to = '', txid = '', from = '', amount = ''] = words
    found.get(to)?.received.push({ txid, height, from, amount: BigInt(amount) })
  } else {
    const [txid = '', contract = '', from = '', to = '', amount = ''] = words
    const move = { txid, height, contract, from, to, amount: BigInt(amount) }
    // What an address sends to itself is one event.
    for (const address of new Set([from, to])) found.get(address)?.moved.push(move)
  }
}

/** With the balances that could be told, and those of the file before. */
function told(account: Found, closings: readonly Closing[], after?: ChainFile): ChainAccount {
  const opening = after?.accounts.find(({ address }) => address === account.address)
  const own = closings.filter(({ address }) => address === account.address)
  const balances = own.map(({ contract, amount }) => {
    const before = opening?.balances.find((one) => one.contract === contract)?.after
    return { contract, after: amount, ...(before === undefined ? {} : { before }) }
  })
  return { ...account, balances }
}

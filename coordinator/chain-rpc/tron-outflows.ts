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
import { ahead } from './ahead.ts'
import type { Range } from './kind.ts'
import { type Pause, patiently } from './patience.ts'
import { unavailable } from './post.ts'
import { type Closings, closingsOf } from './tron-closings.ts'
import { depositPlaces, depositsIn, type Opening, openingsIn } from './tron-deposits.ts'
import type { Place, TronLook } from './tron-look.ts'
import { linesOf, type Own } from './tron-outflow-lines.ts'

/** Blocks asked for at the same time; each may be of many mebibytes. */
const blocksAhead = 8

/** Throws `Unavailable` where endpoints do not agree, or do not have a block whole. */
export async function collectTron(look: TronLook, range: Range): Promise<ChainFile> {
  const { network, from, to, addresses, after, tokens, closes = false } = range
  if (after !== undefined) await requireBefore(look, range, after)
  const places = new Map(range.deposits.flatMap((one) => depositPlaces(one, network)))
  const own = { addresses: new Set([...addresses, ...places.keys()]), tokens: new Set(tokens) }
  const found = new Map(addresses.map((address) => [address, emptyOf(address, range)]))
  const accountOf = (address: string): Found | undefined => {
    const known = found.get(address)
    if (known !== undefined || !places.has(address)) return known
    const one = emptyOf(address, range)
    found.set(address, one)
    return one
  }
  let last = from - 1n
  const readTo = async (height: bigint): Promise<void> => {
    for await (const lines of ahead(heights(last + 1n, height), blocksAhead, linesAt)) {
      last += 1n
      for (const line of lines) noted(line.split(' '), last, accountOf)
      range.progress?.(last)
    }
  }
  const linesAt = (height: bigint) => blockLines(look, height, { own, pause: range.pause })
  await readTo(to.height)
  const blocks = { found, readTo, pause: range.pause }
  const looked = range.looked && ((count: number) => range.looked?.('balances', count))
  const closings = closes
    ? await closingsOf(look, assetsAt(own), { ...blocks, looked })
    : () => undefined
  const end = last > to.height ? await look.blockAt(last) : to
  const opening = openingsIn(after)
  const account = (address: string) => {
    return told(found.get(address) ?? emptyOf(address, range), closings, opening)
  }
  const below = depositsIn(range, { places, account, closes })
  return {
    format: 'custody-chain/v1',
    ...{ network, witnesses: look.witnesses, accounts: addresses.map(account), ...below },
    from: Number(from),
    to: Number(end.height),
    block: Uint8Array.from(Buffer.from(end.hash.slice(2), 'hex')),
  }
}

/** Else the balances at its end would be those of another beginning. */
async function requireBefore(look: TronLook, { network, from }: Range, after: ChainFile) {
  const isNext = after.network === network && BigInt(after.to) + 1n === from
  if (!isNext) {
    throw unavailable(`the file before ends with block ${after.to} of ${after.network}`)
  }
  const { hash } = await look.blockAt(BigInt(after.to))
  if (hash !== `0x${Buffer.from(after.block).toString('hex')}`) {
    throw unavailable(`the file before has another block ${after.to} than endpoints have`)
  }
}

function* assetsAt({ addresses, tokens }: Own): Generator<Place, void> {
  for (const address of addresses) {
    for (const contract of ['', ...tokens]) yield { address, contract }
  }
}

interface Found extends ChainAccount {
  readonly sent: Sent[]
  readonly moved: Moved[]
  readonly received: Received[]
}

function emptyOf(address: string, { tokens }: Range): Found {
  return { address, balances: [], sent: [], moved: [], received: [], tokens }
}

function* heights(first: bigint, last: bigint): Generator<bigint> {
  for (let height = first; height <= last; height += 1n) yield height
}

async function blockLines(
  look: TronLook,
  height: bigint,
  { own, pause }: { readonly own: Own; readonly pause: Pause | undefined },
): Promise<readonly string[]> {
  const said = await patiently(pause, () =>
    look.agreed((endpoint) => linesOf(endpoint, height, own)),
  )
  return said === '' ? [] : said.split('\n')
}

function noted(
  [kind = '', ...words]: readonly string[],
  at: bigint,
  accountOf: (address: string) => Found | undefined,
): void {
  const height = Number(at)
  if (kind === 'sent') {
    const [owner = '', txid = '', ok = '', value = '', fee = '', to = ''] = words
    const amounts = { value: BigInt(value), fee: BigInt(fee) }
    accountOf(owner)?.sent.push({ txid, height, succeeded: ok === 'true', to, ...amounts })
  } else if (kind === 'received') {
    const [to = '', txid = '', from = '', amount = ''] = words
    accountOf(to)?.received.push({ txid, height, from, amount: BigInt(amount) })
  } else {
    const [txid = '', contract = '', from = '', to = '', amount = ''] = words
    const move = { txid, height, contract, from, to, amount: BigInt(amount) }
    // What an address sends to itself is one event.
    for (const address of new Set([from, to])) accountOf(address)?.moved.push(move)
  }
}

/** With the balances that could be told, and those of the file before. */
function told(account: Found, closings: Closings, opening: Opening): ChainAccount {
  const { address, tokens = [] } = account
  const balances = ['', ...tokens].flatMap((contract) => {
    const after = closings({ address, contract })
    if (after === undefined) return []
    const before = opening({ address, contract })
    return [{ contract, after, ...(before === undefined ? {} : { before }) }]
  })
  return { ...account, balances }
}

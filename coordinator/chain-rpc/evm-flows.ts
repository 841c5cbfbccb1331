// What one EVM address did in a range of blocks, as enough endpoints agree on it: its transactions,
// found by its nonce, which grows with each, by halves; and the events of tokens that name it.
import type { Moved, Sent } from '../../policy/audit/chain-file.ts'
import type { Range } from './kind.ts'
import { type EvmLook, fieldOf, readWord } from './look.ts'
import { unavailable } from './post.ts'
import { quantity, readQuantity } from './quantity.ts'

export async function nonceAt(look: EvmLook, address: string, height: bigint): Promise<bigint> {
  const said = await look.agreed(async (asker) => {
    const asked = [address, quantity(height)]
    return `${readQuantity(await asker.ask('eth_getTransactionCount', asked))}`
  })
  return BigInt(said)
}

/** The contract is there at this height. */
export async function hasCode(look: EvmLook, contract: string, height: bigint): Promise<boolean> {
  const said = await look.agreed(async (asker) => {
    const code = await asker.ask('eth_getCode', [contract, quantity(height)])
    if (typeof code === 'string' && /^0x([0-9a-fA-F]{2})*$/.test(code)) {
      return code === '0x' ? 'no' : 'yes'
    }
    throw unavailable(`expected the code of ${contract} in hex`)
  })
  return said === 'yes'
}

interface Counted {
  readonly range: Range
  readonly nonces: { readonly before: bigint; readonly after: bigint }
}

interface Mark {
  readonly height: bigint
  readonly nonce: bigint
}

/** Heights at which the nonce grew, ascending. */
async function sendingBlocks(
  look: EvmLook,
  address: string,
  { low, high }: { readonly low: Mark; readonly high: Mark },
): Promise<readonly bigint[]> {
  if (low.nonce === high.nonce) return []
  if (high.height - low.height === 1n) return [high.height]
  const height = (low.height + high.height) / 2n
  const middle = { height, nonce: await nonceAt(look, address, height) }
  return [
    ...(await sendingBlocks(look, address, { low, high: middle })),
    ...(await sendingBlocks(look, address, { low: middle, high })),
  ]
}

/** What an address signed in the range, by its nonces before and after it. */
export async function sentBy(
  look: EvmLook,
  address: string,
  { range, nonces }: Counted,
): Promise<readonly Sent[]> {
  const low = { height: range.from - 1n, nonce: nonces.before }
  const high = { height: range.to.height, nonce: nonces.after }
  const sent: Sent[] = []
  for (const height of await sendingBlocks(look, address, { low, high })) {
    sent.push(...(await sentIn(look, address, height)))
  }
  return sent
}

async function sentIn(look: EvmLook, address: string, height: bigint): Promise<readonly Sent[]> {
  const said = await look.agreed(async (asker) => {
    const block = await asker.ask('eth_getBlockByNumber', [quantity(height), true])
    const own = listOf(fieldOf(block, 'transactions')).filter((one) => {
      return addressIn(one, 'from') === address
    })
    const lines: string[] = []
    for (const one of own) {
      const txid = readWord(fieldOf(one, 'hash'))
      const receipt = await asker.ask('eth_getTransactionReceipt', [txid])
      const cost = [fieldOf(receipt, 'gasUsed'), fieldOf(receipt, 'effectiveGasPrice')]
      const [gas, price] = cost.map(readQuantity)
      const [nonce, value] = [fieldOf(one, 'nonce'), fieldOf(one, 'value')].map(readQuantity)
      const succeeded = readQuantity(fieldOf(receipt, 'status')) === 1n
      const to = fieldOf(one, 'to') === null ? '' : addressIn(one, 'to')
      lines.push([txid, nonce, value, (gas ?? 0n) * (price ?? 0n), succeeded, to].join(' '))
    }
    return lines.join('\n')
  })
  return linesOf(said).map(([txid = '', nonce = '', value = '', fee = '', ok = '', to = '']) => {
    const amounts = { nonce: BigInt(nonce), value: BigInt(value), fee: BigInt(fee) }
    return { txid, height: Number(height), succeeded: ok === 'true', to, ...amounts }
  })
}

/** Hash of `Transfer(address,address,uint256)`. */
const transferTopic = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'
const blocksAtOnce = 1_000n

/** Ascending; of each event once, whichever of the addresses are in it. */
export async function movedAmong(
  look: EvmLook,
  addresses: readonly string[],
  range: Range,
): Promise<readonly Moved[]> {
  if (range.tokens.length === 0) return []
  const words = addresses.map((address) => `0x${address.slice(2).padStart(64, '0')}`)
  const found = new Map<string, Moved>()
  for (let from = range.from; from <= range.to.height; from += blocksAtOnce) {
    const end = from + blocksAtOnce - 1n
    const to = end < range.to.height ? end : range.to.height
    for (const topics of [
      [transferTopic, words],
      [transferTopic, null, words],
    ]) {
      const blocks = { fromBlock: quantity(from), toBlock: quantity(to) }
      const filter = { ...blocks, address: range.tokens, topics }
      const said = await look.agreed(async (asker) => {
        return listOf(await asker.ask('eth_getLogs', [filter]))
          .map(eventLine)
          .join('\n')
      })
      // What an address sends to itself is in both lists, once.
      for (const line of linesOf(said)) found.set(`${line[0]} ${line[1]}`, movedIn(line))
    }
  }
  return [...found.values()].toSorted((a, b) => a.height - b.height)
}

function eventLine(log: unknown): string {
  const topics = listOf(fieldOf(log, 'topics')).map(readWord)
  const [, from = '', to = ''] = topics.map((topic) => `0x${topic.slice(26)}`)
  const [txid, data] = [fieldOf(log, 'transactionHash'), fieldOf(log, 'data')].map(readWord)
  const [index, height] = [fieldOf(log, 'logIndex'), fieldOf(log, 'blockNumber')].map(readQuantity)
  const contract = addressIn(log, 'address')
  return [txid, index, height, contract, from, to, BigInt(data ?? '')].join(' ')
}

function movedIn([
  txid = '',
  ,
  height = '',
  contract = '',
  from = '',
  to = '',
  amount = '',
]: string[]) {
  return { txid, height: Number(height), contract, from, to, amount: BigInt(amount) }
}

function linesOf(said: string): readonly string[][] {
  return said === '' ? [] : said.split('\n').map((line) => line.split(' '))
}

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw unavailable('expected a list')
}

function addressIn(value: unknown, name: string): string {
  const found = fieldOf(value, name)
  if (typeof found === 'string' && /^0x[0-9a-fA-F]{40}$/.test(found)) return found.toLowerCase()
  throw unavailable(`expected an address as ${name}`)
}

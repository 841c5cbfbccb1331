// What own addresses did in a range of blocks, as enough endpoints agree on it: for the chain file
// of an auditor. The blocks in which an address sent something are found by its nonce, which grows
// with each transaction, by halves; tokens by the events that name the address; balances as of the
// block before the range and of its last.
// Needs endpoints that keep old states. Tokens that nobody named are not seen.
import type { ChainAccount, ChainFile, Moved, Sent } from '../../policy/audit/chain-file.ts'
import { type Block, type EvmLook, fieldOf, readWord } from './look.ts'
import { unavailable } from './post.ts'
import { quantity, readQuantity } from './quantity.ts'

interface Range {
  readonly network: string
  /** First block, above 0. */
  readonly from: bigint
  /** Last block. */
  readonly to: Block
  readonly addresses: readonly string[]
  /** Contracts. */
  readonly tokens: readonly string[]
}

/** Throws `Unavailable` where endpoints do not agree, or keep no states that old. */
export async function collect(look: EvmLook, range: Range): Promise<ChainFile> {
  const accounts: ChainAccount[] = []
  const { network, from, to } = range
  for (const address of range.addresses) accounts.push(await accountOf(look, address, range))
  // Answers are asked for by height: under another block they would be of two chains.
  const { hash } = await look.blockAt(to.height)
  if (hash !== to.hash) throw unavailable(`block ${to.height} is another one now: collect again`)
  return {
    format: 'custody-chain/v1',
    ...{ network, accounts, witnesses: look.witnesses },
    from: Number(from),
    to: Number(to.height),
    block: Uint8Array.from(Buffer.from(to.hash.slice(2), 'hex')),
  }
}

async function accountOf(look: EvmLook, address: string, range: Range): Promise<ChainAccount> {
  const first = range.from - 1n
  const last = range.to.height
  const nonces = {
    before: await nonceAt(look, address, first),
    after: await nonceAt(look, address, last),
  }
  const low = { height: first, nonce: nonces.before }
  const high = { height: last, nonce: nonces.after }
  const sent: Sent[] = []
  for (const height of await sendingBlocks(look, address, { low, high })) {
    sent.push(...(await sentIn(look, address, height)))
  }
  const before = await look.blockAt(first)
  const balances: ChainAccount['balances'][number][] = []
  for (const contract of ['', ...range.tokens]) {
    balances.push({
      contract,
      before: await heldAt(look, before, { address, contract }),
      after: (await look.balance(range.to, address, contract)).amount,
    })
  }
  return { address, nonces, sent, moved: await movedOf(look, address, range), balances }
}

/** Nothing of a token whose contract is not there yet: it answers a call with nothing at all. */
async function heldAt(
  look: EvmLook,
  block: Block,
  { address, contract }: { readonly address: string; readonly contract: string },
): Promise<bigint> {
  const isThere = contract === '' || (await hasCode(look, contract, block.height))
  return isThere ? (await look.balance(block, address, contract)).amount : 0n
}

async function hasCode(look: EvmLook, contract: string, height: bigint): Promise<boolean> {
  const said = await look.agreed(async (asker) => {
    const code = await asker.ask('eth_getCode', [contract, quantity(height)])
    if (typeof code === 'string' && /^0x([0-9a-fA-F]{2})*$/.test(code)) {
      return code === '0x' ? 'no' : 'yes'
    }
    throw unavailable(`expected the code of ${contract} in hex`)
  })
  return said === 'yes'
}

async function nonceAt(look: EvmLook, address: string, height: bigint): Promise<bigint> {
  const said = await look.agreed(async (asker) => {
    const asked = [address, quantity(height)]
    return `${readQuantity(await asker.ask('eth_getTransactionCount', asked))}`
  })
  return BigInt(said)
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

async function movedOf(look: EvmLook, address: string, range: Range): Promise<readonly Moved[]> {
  if (range.tokens.length === 0) return []
  const word = `0x${address.slice(2).padStart(64, '0')}`
  const found = new Map<string, Moved>()
  for (let from = range.from; from <= range.to.height; from += blocksAtOnce) {
    const end = from + blocksAtOnce - 1n
    const to = end < range.to.height ? end : range.to.height
    for (const topics of [
      [transferTopic, word],
      [transferTopic, null, word],
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

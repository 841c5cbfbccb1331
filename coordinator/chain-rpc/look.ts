// A look at an EVM network that several endpoints share: one block that they have in common, and
// balances and receipts as of that block. For whoever decides by what lies where; payments are
// followed in `evm.ts`.
// INVARIANT: nothing is said unless as many endpoints as asked for say exactly the same of the same
// block, and no other answer has as many; else it throws `Unavailable`.
import { Unavailable } from '../../proto/unavailable.ts'
import type { Asked } from './endpoint.ts'
import { costOf } from './evm-cost.ts'
import { unavailable } from './post.ts'
import { isWord, quantity, readQuantity } from './quantity.ts'

/** One endpoint of the network. */
export interface Asker {
  ask(method: string, params: readonly unknown[]): Promise<unknown>
  /** In the order of the questions. */
  askAll(questions: readonly Asked[]): Promise<readonly unknown[]>
}

export interface Block {
  readonly height: bigint
  readonly hash: string
  /** Milliseconds since 1970, by its header. */
  readonly at: number
}

/** As of a block not before the one that was asked for, and not after `upTo`. */
export interface Balance {
  /** Base units. */
  readonly amount: bigint
  /** Height; that of the block itself where endpoints keep earlier states. */
  readonly upTo: bigint
}

interface LookOptions {
  readonly askers: readonly Asker[]
  /** How many have to say the same. */
  readonly witnesses: number
  /** Blocks on top of the one that is looked at. */
  readonly confirmations: number
}

export interface Transfer {
  readonly from: string
  readonly to: string
  /** Empty for the coin. */
  readonly contract: string
  /** Base units. */
  readonly amount: bigint
}

/** Base units of the coin, at present fees. */
export interface Cost {
  readonly transfer: bigint
  /** Of a transfer of the coin. */
  readonly coin: bigint
}

/** Every method throws `Unavailable` where too few agree. */
export interface Look {
  readonly witnesses: number
  /** The highest block under `confirmations` that enough endpoints have. */
  block(): Promise<Block>
  blockAt(height: bigint): Promise<Block>
  /** `contract` is empty for the coin. */
  balance(block: Block, account: string, contract: string): Promise<Balance>
  /** Whether the transaction is in a block up to this one, whatever it did there. */
  landed(block: Block, txid: string): Promise<boolean>
  /** Milliseconds since 1970, of the block in which its call failed; 0 where it did not. */
  failedAt(txid: string): Promise<number>
  /** Of this transfer: as the endpoint in the middle says, because fees differ a little. */
  cost(transfer: Transfer): Promise<Cost>
}

export interface EvmLook extends Look {
  readonly kind: 'evm'
  /** Any question whose answer `read` turns into text: equal texts are one answer. */
  agreed(question: (asker: Asker) => Promise<string>): Promise<string>
}

export function openLook({ askers, witnesses, confirmations }: LookOptions): EvmLook {
  const agreed: EvmLook['agreed'] = (question) => agreeing(askers, witnesses, question)
  const blockAt = async (height: bigint): Promise<Block> => {
    const said = await agreed(async (asker) => {
      const block = await asker.ask('eth_getBlockByNumber', [quantity(height), false])
      const at = readQuantity(fieldOf(block, 'timestamp'))
      return `${readWord(fieldOf(block, 'hash'))} ${at}`
    })
    const [hash = '', seconds = ''] = said.split(' ')
    return { height, hash, at: Number(seconds) * 1_000 }
  }
  return {
    kind: 'evm',
    witnesses,
    agreed,
    blockAt,
    block: async () => {
      const head = await reached(askers, witnesses, async (asker) =>
        readQuantity(await asker.ask('eth_blockNumber', [])),
      )
      const height = head - BigInt(confirmations)
      if (height < 0n) throw unavailable(`no block under ${confirmations} others yet`)
      return blockAt(height)
    },
    balance: async ({ height }, account, contract) => {
      const at = quantity(height)
      const call = { to: contract, data: `0x70a08231${account.slice(2).padStart(64, '0')}` }
      const said = await agreed(async (asker) => {
        const answer =
          contract === ''
            ? readQuantity(await asker.ask('eth_getBalance', [account, at]))
            : BigInt(readWord(await asker.ask('eth_call', [call, at])))
        return `${answer}`
      })
      return { amount: BigInt(said), upTo: height }
    },
    cost: (transfer) => costOf(askers, witnesses, transfer),
    failedAt: async (txid) => {
      const said = await agreed(async (asker) => {
        const receipt = await asker.ask('eth_getTransactionReceipt', [txid])
        if (receipt === null || readQuantity(fieldOf(receipt, 'status')) === 1n) return ''
        return `${readQuantity(fieldOf(receipt, 'blockNumber'))}`
      })
      return said === '' ? 0 : (await blockAt(BigInt(said))).at
    },
    landed: async ({ height }, txid) => {
      const said = await agreed(async (asker) => {
        const receipt = await asker.ask('eth_getTransactionReceipt', [txid])
        if (receipt === null) return 'no'
        return readQuantity(fieldOf(receipt, 'blockNumber')) <= height ? 'yes' : 'no'
      })
      return said === 'yes'
    },
  }
}

/** The highest that enough endpoints have reached: a high lie is met by nobody else. */
export async function reached<T>(
  askers: readonly T[],
  witnesses: number,
  headOf: (asker: T) => Promise<bigint>,
): Promise<bigint> {
  const heads = await answers(askers, headOf)
  const head = heads.given.toSorted((a, b) => (a > b ? -1 : 1))[witnesses - 1]
  if (head === undefined) throw tooFew(heads, witnesses)
  return head
}

/** Throws `Unavailable` where too few endpoints say the same, or two answers have as many. */
export async function agreeing<T>(
  askers: readonly T[],
  witnesses: number,
  question: (asker: T) => Promise<string>,
): Promise<string> {
  const said = await answers(askers, question)
  const counts = Map.groupBy(said.given, (one) => one)
  const enough = [...counts].filter(([, all]) => all.length >= witnesses)
  const [only, other] = enough
  if (only === undefined || other !== undefined) throw tooFew(said, witnesses)
  return only[0]
}

interface Answers<T> {
  readonly given: readonly T[]
  /** Why the first that gave none did not. */
  readonly because: string
}

/** A refusal or nonsense is no answer. */
async function answers<A, T>(
  askers: readonly A[],
  question: (asker: A) => Promise<T>,
): Promise<Answers<T>> {
  const asked = await Promise.allSettled(askers.map(question))
  const given = asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const failed = asked.find((one) => one.status === 'rejected')
  const because = failed?.reason instanceof Unavailable ? failed.reason.message : ''
  return { given, because }
}

function tooFew({ given, because }: Answers<unknown>, witnesses: number): Unavailable {
  const why = because === '' ? '' : `: ${because}`
  return unavailable(
    `expected ${witnesses} endpoints that say the same, ${given.length} answered${why}`,
  )
}

export function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) throw unavailable(`expected ${name}`)
  return Object.getOwnPropertyDescriptor(value, name)?.value
}

/** 32 bytes. */
export function readWord(value: unknown): string {
  if (isWord(value)) return value
  throw unavailable('expected a word in hex')
}

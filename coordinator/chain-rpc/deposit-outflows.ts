// What the deposit addresses of a vault did in a range of blocks. There may be a million of them,
// so they are asked about in lots: nonce and balances as of the range's last block and of the block
// before its first, in messages of many questions, and events that name any address of the lot. Of
// most that is all: nothing was signed and nothing moved. What lies there is summed up, and only an
// address at which something happened becomes an account of the file.
// No memory of what was left out: a lot is forgotten when it was looked at.
import {
  type Below,
  belowOf,
  type ChainAccount,
  type ListedDeposit,
  type LookedDeposits,
} from '../../policy/audit/chain-file.ts'
import type { OpenedDeposits } from '../../policy/audit/own-addresses.ts'
import { addressAt } from '../../policy/chain/address.ts'
import { depositPath } from '../../policy/deposit-path.ts'
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import { ahead } from './ahead.ts'
import type { Asked } from './endpoint.ts'
import { hasCode, movedAmong, sentBy } from './evm-flows.ts'
import type { Range } from './kind.ts'
import { type EvmLook, readWord } from './look.ts'
import { patiently } from './patience.ts'
import { quantity, readQuantity } from './quantity.ts'

/** Below what nodes take as alternatives in one filter of events. */
const lotSize = 250
const lotsAhead = 4
/** Below what hosts take in one message. */
const questionsAtOnce = 100

/** Throws `Unavailable` where endpoints do not agree, or keep no states that old. */
export async function depositsOf(look: EvmLook, range: Range): Promise<Below> {
  const deposits: LookedDeposits[] = []
  const listed: ListedDeposit[] = []
  const there = await tokensBefore(look, range)
  for (const opened of range.deposits) {
    const { vault, key, until } = opened
    const sums = new Map<string, Resting>()
    const before = listed.length
    let count = 0
    const ask = (from: number) => lotOf(look, lotFrom(opened, from, range), { range, there })
    for await (const accounts of ahead(starts(until), lotsAhead, ask)) {
      for (const account of accounts) {
        if (isStill(account)) for (const one of account.balances) addTo(sums, one)
        else listed.push({ vault, index: count, account })
        count += 1
      }
      if (listed.length > limits.chainFileDepositsMax) {
        const most = `at most ${limits.chainFileDepositsMax} deposit addresses that did something`
        refuse('TOO_LARGE', `expected ${most}: collect fewer blocks`)
      }
      range.looked?.(vault, count)
    }
    const resting = [...sums.values()].filter(({ amount }) => amount > 0n)
    const { publicKey } = key
    deposits.push({ vault, publicKey, until, listed: listed.length - before, resting })
  }
  return belowOf(deposits, listed)
}

type Resting = NonNullable<LookedDeposits['resting']>[number]

function* starts(until: number): Generator<number, void> {
  for (let from = 0; from < until; from += lotSize) yield from
}

function lotFrom(
  { key, until }: OpenedDeposits,
  from: number,
  { network }: Range,
): readonly string[] {
  const length = Math.min(lotSize, until - from)
  return Array.from({ length }, (_, at) => addressAt(network, key, depositPath(from + at)))
}

/** Nothing was signed, and nothing moved. */
function isStill({ nonces, moved, balances }: ChainAccount): boolean {
  if (nonces?.after !== nonces?.before || moved.length > 0) return false
  return balances.every(({ before, after }) => before === after)
}

function addTo(
  sums: Map<string, Resting>,
  { contract, after }: ChainAccount['balances'][number],
): void {
  if (after === 0n) return
  const { addresses, amount } = sums.get(contract) ?? { addresses: 0, amount: 0n }
  sums.set(contract, { contract, addresses: addresses + 1, amount: amount + after })
}

/** Contracts that are there before the range: another answers a call with nothing at all. */
async function tokensBefore(look: EvmLook, range: Range): Promise<ReadonlySet<string>> {
  const there = new Set<string>()
  if (range.deposits.length === 0) return there
  for (const token of range.tokens) {
    if (await hasCode(look, token, range.from - 1n)) there.add(token)
  }
  return there
}

interface Around {
  readonly range: Range
  readonly there: ReadonlySet<string>
}

/** An account of each address, in their order. */
async function lotOf(
  look: EvmLook,
  addresses: readonly string[],
  { range, there }: Around,
): Promise<readonly ChainAccount[]> {
  const [first, last] = [range.from - 1n, range.to.height].map(quantity)
  const contracts = ['', ...range.tokens]
  const counts = await wholes(look, range, addresses.map(counted(last)))
  const used = addresses.filter((_, at) => counts[at] !== 0n)
  const earlier = await wholes(look, range, used.map(counted(first)))
  const before = new Map(used.map((address, at) => [address, earlier[at]]))
  const held = new Map<string, readonly bigint[]>()
  for (const contract of contracts) {
    const ask = (height: string | undefined) => addresses.map(balance(contract, height))
    held.set(`after ${contract}`, await wholes(look, range, ask(last)))
    const isThere = contract === '' || there.has(contract)
    if (isThere) held.set(`before ${contract}`, await wholes(look, range, ask(first)))
  }
  const events = await patiently(range.pause, () => movedAmong(look, addresses, range))
  const moves = new Map<string, ChainAccount['moved'][number][]>(addresses.map((one) => [one, []]))
  for (const move of events) {
    for (const one of new Set([move.from, move.to])) moves.get(one)?.push(move)
  }
  const accounts: ChainAccount[] = []
  for (const [at, address] of addresses.entries()) {
    const nonces = { before: before.get(address) ?? 0n, after: counts[at] ?? 0n }
    const sent = await patiently(range.pause, () => sentBy(look, address, { range, nonces }))
    const balances = contracts.map((contract) => ({
      contract,
      before: held.get(`before ${contract}`)?.[at] ?? 0n,
      after: held.get(`after ${contract}`)?.[at] ?? 0n,
    }))
    accounts.push({ address, nonces, sent, moved: moves.get(address) ?? [], balances })
  }
  return accounts
}

interface Asking {
  readonly asked: Asked
  readonly read: (answer: unknown) => bigint
}

function counted(height: string | undefined): (address: string) => Asking {
  return (address) => ({
    asked: ['eth_getTransactionCount', [address, height]],
    read: readQuantity,
  })
}

function balance(contract: string, height: string | undefined): (address: string) => Asking {
  if (contract === '') {
    return (address) => ({ asked: ['eth_getBalance', [address, height]], read: readQuantity })
  }
  return (address) => {
    const call = { to: contract, data: `0x70a08231${address.slice(2).padStart(64, '0')}` }
    return { asked: ['eth_call', [call, height]], read: (answer) => BigInt(readWord(answer)) }
  }
}

/** As many endpoints say all of them as have to. */
async function wholes(
  look: EvmLook,
  { pause }: Range,
  all: readonly Asking[],
): Promise<readonly bigint[]> {
  const found: bigint[] = []
  for (let from = 0; from < all.length; from += questionsAtOnce) {
    const some = all.slice(from, from + questionsAtOnce)
    const said = await patiently(pause, () =>
      look.agreed(async (asker) => {
        const answers = await asker.askAll(some.map(({ asked }) => asked))
        return some.map(({ read }, at) => `${read(answers[at])}`).join(' ')
      }),
    )
    found.push(...said.split(' ').map(BigInt))
  }
  return found
}

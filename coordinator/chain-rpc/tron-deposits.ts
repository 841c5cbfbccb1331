// Deposit addresses in a chain file of Tron. What they did is in the blocks, which are read anyhow;
// their balances are asked for one by one. An account of the file becomes what did something, has
// something, or could not be told; nodes keep no earlier states, so what it has is the beginning of
// the next file.
import {
  type Below,
  belowOf,
  type ChainAccount,
  type ChainFile,
  type ListedDeposit,
  type LookedDeposits,
} from '../../policy/audit/chain-file.ts'
import type { OpenedDeposits } from '../../policy/audit/own-addresses.ts'
import { addressAt } from '../../policy/chain/address.ts'
import { depositPath } from '../../policy/deposit-path.ts'
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import type { Place } from './tron-look.ts'

export interface DepositPlace {
  readonly vault: ListedDeposit['vault']
  readonly index: number
}

/** By address. */
export function depositPlaces(
  { vault, key, until }: OpenedDeposits,
  network: string,
): readonly (readonly [string, DepositPlace])[] {
  return Array.from({ length: until }, (_, index) => {
    return [addressAt(network, key, depositPath(index)), { vault, index }] as const
  })
}

/** What lay there before the range; undefined where nobody told. */
export type Opening = (place: Place) => bigint | undefined

export function openingsIn(before: ChainFile | undefined): Opening {
  const known = new Map<string, ChainAccount>()
  for (const account of before?.accounts ?? []) known.set(account.address, account)
  for (const { account } of before?.listed ?? []) known.set(account.address, account)
  return ({ address, contract }) => {
    return known.get(address)?.balances.find((one) => one.contract === contract)?.after
  }
}

interface Looked {
  readonly deposits: readonly OpenedDeposits[]
  readonly tokens: readonly string[]
  readonly after?: ChainFile
}

interface Read {
  readonly places: ReadonlyMap<string, DepositPlace>
  readonly account: (address: string) => ChainAccount
  /** Balances at the end were asked for. */
  readonly closes: boolean
}

/** In the order of vaults and indices, as `places` is. */
export function depositsIn(
  { deposits, tokens, after }: Looked,
  { places, account, closes }: Read,
): Below {
  const listed: ListedDeposit[] = []
  const zeroes = zeroesIn(after)
  for (const [address, place] of places) {
    const one = account(address)
    const isTold = !closes || one.balances.length === tokens.length + 1
    const isEmpty = one.balances.every((held) => held.after === 0n && (held.before ?? 0n) === 0n)
    const didNothing = one.sent.length + one.moved.length + (one.received?.length ?? 0) === 0
    if (isTold && isEmpty && didNothing) continue
    listed.push({ ...place, account: zeroes(place) ? fromNothing(one) : one })
    if (listed.length > limits.chainFileDepositsMax) {
      const most = `at most ${limits.chainFileDepositsMax} deposit addresses that did something`
      refuse('TOO_LARGE', `expected ${most}: collect fewer blocks`)
    }
  }
  const counts = Map.groupBy(listed, ({ vault }) => vault)
  const looked = deposits.map(({ vault, key: { publicKey }, until }): LookedDeposits => {
    const said = { vault, publicKey, until, listed: counts.get(vault)?.length ?? 0 }
    return closes ? { ...said, resting: [] } : said
  })
  return belowOf(looked, listed)
}

/** Whether the file before has told that nothing lay there: it names only what did or had some. */
function zeroesIn(before: ChainFile | undefined): (place: DepositPlace) => boolean {
  const named = new Set((before?.listed ?? []).map(({ vault, index }) => `${vault} ${index}`))
  return ({ vault, index }) => {
    const looked = before?.deposits?.find((one) => one.vault === vault)
    const isTold = looked?.resting !== undefined && index < looked.until
    return isTold && !named.has(`${vault} ${index}`)
  }
}

function fromNothing(account: ChainAccount): ChainAccount {
  return { ...account, balances: account.balances.map((one) => ({ before: 0n, ...one })) }
}

// What a chain file says of many addresses together: what lies at all of them by its last block,
// and whether it looked at every deposit address that the log has opened. Whoever holds the Export
// derives each address that is listed, so a file can call no stranger's address the house's own.
import { toHex } from '../../proto/crypto.ts'
import { addressAt } from '../chain/address.ts'
import { depositPath } from '../deposit-path.ts'
import type { ChainAccount, ChainFile } from './chain-file.ts'
import { isOpened, type OpenedDeposits } from './own-addresses.ts'
import type { Paid } from './paid.ts'

/** One asset, base units. */
export interface Holding {
  /** Empty for the coin. */
  readonly contract: string
  /** That have some of it. */
  readonly addresses: number
  readonly amount: bigint
}

/** Of every address that is named, and of those at which nothing happened. */
export function accountsIn({ accounts, listed = [] }: ChainFile): readonly ChainAccount[] {
  return [...accounts, ...listed.map(({ account }) => account)]
}

export function holdingsOf(chain: ChainFile): readonly Holding[] {
  const sums = new Map<string, Holding>()
  const add = ({ contract, addresses, amount }: Holding): void => {
    const before = sums.get(contract) ?? { contract, addresses: 0, amount: 0n }
    const count = before.addresses + addresses
    sums.set(contract, { contract, addresses: count, amount: before.amount + amount })
  }
  for (const { balances } of accountsIn(chain)) {
    for (const { contract, after } of balances) {
      add({ contract, addresses: after > 0n ? 1 : 0, amount: after })
    }
  }
  for (const { resting = [] } of chain.deposits ?? []) for (const one of resting) add(one)
  return [...sums.values()].toSorted((a, b) => (a.contract < b.contract ? -1 : 1))
}

/** What of the opened deposit addresses the file does not tell, each in words. */
export function unlookedAt(chain: ChainFile, opened: readonly OpenedDeposits[]): readonly string[] {
  const looked = new Map((chain.deposits ?? []).map((one) => [one.vault, one]))
  const keys = new Map(opened.map(({ vault, key }) => [vault, key]))
  const missed = opened.flatMap(({ vault, key, until }) => {
    const one = looked.get(vault)
    if (one === undefined) return [`${vault}: none of its ${until} deposit addresses was looked at`]
    if (toHex(one.publicKey) !== toHex(key.publicKey)) {
      return [`${vault}: deposit addresses of another key were looked at`]
    }
    if (one.until >= until) return []
    return [`${vault}: ${one.until} of its ${until} deposit addresses were looked at`]
  })
  const strange = (chain.listed ?? []).flatMap(({ vault, index, account: { address } }) => {
    const key = keys.get(vault)
    const isOwn = key && addressAt(chain.network, key, depositPath(index)) === address
    return isOwn ? [] : [`${address}: not the address of ${vault} at ${depositPath(index)}`]
  })
  return [...missed, ...strange]
}

/** Whether what these payments of the log paid is a deposit address that the file looked at. */
export function isDeposit(
  { network, deposits: looked = [] }: ChainFile,
  opened: readonly OpenedDeposits[],
  [payment]: readonly Paid[],
): boolean {
  if (payment?.toPath === undefined) return false
  const { to, toPath } = payment
  return opened.some(({ vault, key }) => {
    return isOpened(looked, vault, toPath) && addressAt(network, key, toPath) === to
  })
}

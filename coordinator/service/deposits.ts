// The deposit addresses of VaultService: an index for each customer, and the address with the words
// of t nodes on it. INVARIANT: no address leaves without its certificate; what was allotted stays,
// so whoever asks again later gets the same.
import { get, tables } from '../../policy/audit/tables.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import { derive } from '../../policy/chain/derive.ts'
import { depositPath } from '../../policy/deposit-path.ts'
import { networkOf } from '../../policy/rulebook.ts'
import { parseVaultId, type VaultId } from '../../proto/ids.ts'
import type { Handlers } from '../../proto/io/handlers.ts'
import type { ReplyOf } from '../../proto/io/wire.ts'
import { limits } from '../../proto/limits.ts'
import { isRefusal, type Refusal, refusal } from '../../proto/refusal.ts'
import type { OfVault } from '../certificates.ts'
import type { Coordinator } from '../coordinator.ts'
import type { Deposit } from '../store/deposits.ts'

type DepositHandlers = Pick<
  Handlers['VaultService'],
  'CreateDepositAddress' | 'ListDepositAddresses'
>
type WireAddress = ReplyOf<'VaultService', 'ListDepositAddresses'>['addresses'][number]

export function depositHandlers(coordinator: Coordinator): DepositHandlers {
  const { deposits } = coordinator
  return {
    CreateDepositAddress: async ({ vault: name, reference }, { id: service }) => {
      const vault = parseVaultId(name)
      const of = await named(coordinator, vault)
      if (isRefusal(of)) return of
      const deposit = await deposits.allot(vault, { service, reference })
      if (isRefusal(deposit)) return deposit
      const addresses = await certified(coordinator, of, [deposit])
      return isRefusal(addresses) ? addresses : { address: addresses[0] ?? null }
    },
    ListDepositAddresses: async ({ vault: name, from, count }) => {
      const vault = parseVaultId(name)
      const most = limits.addressesPerCallMax
      if (count < 1 || count > most) {
        return refusal('TOO_LARGE', `count: expected 1 to ${most}, got ${count}`)
      }
      const of = await named(coordinator, vault)
      if (isRefusal(of)) return of
      const page = await deposits.list(vault, from, count)
      if (page.length === 0) return { addresses: [], next: 0 }
      const addresses = await certified(coordinator, of, page)
      if (isRefusal(addresses)) return addresses
      const last = page.at(-1)?.index ?? 0
      return { addresses: [...addresses], next: page.length < count ? 0 : last + 1 }
    },
  }
}

async function named({ driver }: Coordinator, vault: VaultId): Promise<OfVault | Refusal> {
  const { copy, memory } = driver
  const { rulebook } = (await memory.at(copy)).inForce
  const network = networkOf(rulebook, vault)?.caip2
  if (network === undefined) {
    return refusal('VAULT_NOT_FOUND', `the policy names no vault ${vault}`)
  }
  const row = await copy.read(get(tables.vault, vault))
  return row === undefined
    ? refusal('VAULT_NOT_FOUND', `no key of ${vault} is in force`)
    : { row, network }
}

async function certified(
  { certificates }: Coordinator,
  of: OfVault,
  deposits: readonly Deposit[],
): Promise<readonly WireAddress[] | Refusal> {
  const paths = deposits.map(({ index }) => depositPath(index))
  const files = await certificates.of(of, paths)
  if (isRefusal(files)) return files
  const { row, network } = of
  return deposits.map(({ service, reference, index }, at) => {
    const path = depositPath(index)
    const address = chainOf(network).address(derive(row, path).publicKey)
    const certificate = files[at] ?? new Uint8Array(0)
    return { vault: row.vault, service, reference, index, path, network, address, certificate }
  })
}

// What an imported key signed before it came here stands in no line, so its request says at which
// nonce each of its addresses goes on. Whether that is so only endpoints tell, and no node asks
// any: it is asked here, when the import is asked for and again before anything is dealt, because
// an import cannot be undone. A number too low gives nonces that are used, one too high gives
// nonces that nothing leads up to.
import { addressAt } from '../policy/chain/address.ts'
import type { ChangeOf } from '../policy/change.ts'
import { networkOf } from '../policy/rulebook.ts'
import { type Refusal, refusal } from '../proto/refusal.ts'
import { Unavailable } from '../proto/unavailable.ts'
import type { NonceLedger } from './chain-rpc/ledger.ts'
import type { RulesMemory } from './desk/rules.ts'
import type { Chains } from './driver.ts'
import type { Copy } from './page.ts'

export interface PastPorts {
  readonly copy: Copy
  readonly memory: RulesMemory
  readonly chains: Chains
}

export type Past = (change: ChangeOf<'key.import'>) => Promise<Refusal | undefined>

/** Undefined where it is so, and where this coordinator has no endpoint of such a network. */
export async function otherPast(
  { copy, memory, chains }: PastPorts,
  { vault, terms }: ChangeOf<'key.import'>,
): Promise<Refusal | undefined> {
  const { rulebook } = (await memory.at(copy)).inForce
  const network = networkOf(rulebook, vault)?.caip2 ?? ''
  const rpc = chains.get(network)?.nonces
  if (rpc === undefined) return undefined
  // The vault's own address is looked at whatever was said of it.
  const stated = new Map([['m', 0]])
  for (const { path, next } of terms.nonces ?? []) stated.set(path, next)
  const asked = [...stated].map(([path, next]) => {
    return differs(rpc, { path, address: addressAt(network, terms, path), next })
  })
  return (await Promise.all(asked)).find((found) => found !== undefined)
}

async function differs(
  rpc: NonceLedger,
  {
    path,
    address,
    next,
  }: { readonly path: string; readonly address: string; readonly next: number },
): Promise<Refusal | undefined> {
  try {
    const used = await rpc.used(address)
    if (used === BigInt(next)) return undefined
    return used === undefined
      ? refusal('CHAIN_UNAVAILABLE', `no two endpoints say the same of the nonce of ${address}`)
      : refusal('NONCE', `${path}: expected nonce ${used} as endpoints say, got ${next}`)
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
    return refusal(error.code ?? 'CHAIN_UNAVAILABLE', error.message)
  }
}

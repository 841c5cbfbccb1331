// What bringing a deposit in costs now, for each sweep of the policy: asked once in a look, of the
// first address that has enough, because one costs about what another does.
import type { SweepCost } from '../policy/treasury/cost.ts'
import type { Held } from '../policy/treasury/ledger.ts'
import type { Sweep } from '../policy/treasury/targets.ts'
import type { Handle } from '../proto/ids.ts'
import { orNothing } from '../proto/unavailable.ts'
import { accountAt, ownKeys } from './own-accounts.ts'
import type { Watching } from './treasury-facts.ts'

/** None of a sweep that has nothing to move, or of which endpoints do not tell it. */
export async function sweepCosts(
  held: readonly Held[],
  { desk, looks }: Pick<Watching, 'desk' | 'looks'>,
): Promise<ReadonlyMap<Handle, SweepCost>> {
  const found = new Map<Handle, SweepCost>()
  const { sweeps, assets } = desk.ruleset.rulebook
  for (const sweep of sweeps.values()) {
    const { id, to, asset } = sweep
    const first = held.find((one) => isWorth(one, sweep))
    if (first === undefined || !('vault' in first)) continue
    const keys = await ownKeys([first.vault, to], desk)
    const from = accountAt(first, keys, desk)
    const receiver = accountAt({ vault: to, path: 'm' }, keys, desk)
    const look = from && looks.get(from.network)
    const contract = assets.get(asset)?.contract
    if (look === undefined || receiver === undefined || contract === undefined) continue
    const ends = { from: from?.address ?? '', to: receiver.address }
    const cost = await orNothing(() => look.cost({ ...ends, contract, amount: first.amount }))
    if (cost !== undefined) found.set(id, cost)
  }
  return found
}

function isWorth(one: Held, { vault, asset, minimum }: Sweep): boolean {
  if (!('vault' in one) || one.vault !== vault || one.path === 'm') return false
  return one.asset === asset && one.amount >= minimum
}

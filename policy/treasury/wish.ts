// What targets and sweeps want moved, from balances alone: before keys and rules have their say.
// INVARIANT: a wish is never more than what is there after everything on its way has left; its
// source keeps its floor, a surplus its target, and both the whole fee.
import type { Handle, VaultId } from '../../proto/ids.ts'
import type { Rulebook } from '../rulebook.ts'
import { paysForItself, type SweepCost } from './cost.ts'
import { type Account, type Ledger, type Place, placeName } from './ledger.ts'
import type { Sweep, Target } from './targets.ts'
import type { Way } from './way.ts'

export type WishKind = 'surplus' | 'refill' | 'gas' | 'sweep'

export interface Wish extends Way {
  readonly kind: WishKind
  /** What its keys begin with. */
  readonly name: string
  /** Base units. */
  readonly amount: bigint
  /** Base units of the network's coin. */
  readonly maxFee: bigint
}

/** What is wanted and cannot be proposed, and why: for an operator to read. */
export interface Doubt {
  readonly name: string
  readonly because: string
}

interface Books {
  readonly rulebook: Rulebook
  readonly ledger: Ledger
  /** By sweep; none where endpoints do not tell it. */
  readonly costs: ReadonlyMap<Handle, SweepCost>
}

export function* surplusOf(target: Target, books: Books): Generator<Wish | Doubt, void> {
  const { id, at: from, asset, surplus: to } = target
  if (to === undefined || !('vault' in from)) return
  const { ledger } = books
  const name = `watch/surplus/${id}`
  const left = ledger.left(from, asset)
  if (left === undefined) {
    yield unknown(name, asset, from)
  } else if (left > target.ceiling) {
    const maxFee = maxFeeOf(from.vault, books)
    // A coin pays its own way, out of what stays.
    const most = left - target.floor - ledger.feeIn(asset, maxFee)
    const amount = least(left - target.target, most)
    yield { kind: 'surplus', name, from, to, asset, amount, maxFee }
  }
}

export function* refillOf(target: Target, books: Books): Generator<Wish | Doubt, void> {
  const { id, at: to, asset, refill } = target
  if (refill === undefined) return
  const name = `watch/refill/${id}`
  const from = own(refill)
  const left = books.ledger.left(to, asset)
  if (left === undefined) return yield unknown(name, asset, to)
  const expected = left + books.ledger.coming(to, asset)
  if (expected >= target.floor) return
  const maxFee = maxFeeOf(refill, books)
  const spare = spareOf(from, asset, { ...books, maxFee })
  if (spare === undefined) return yield unknown(name, asset, from)
  const wanted = target.target - expected
  if (spare < wanted) {
    yield {
      name,
      because: `${refill} can spare ${spare} of the ${wanted} that ${shortOf(to)} lacks`,
    }
  }
  yield { kind: 'refill', name, from, to, asset, amount: least(wanted, spare), maxFee }
}

/** Of every deposit address whose balance is known, and which pays for itself at present fees. */
export function* sweepsOf(sweep: Sweep, books: Books): Generator<Wish | Doubt, void> {
  const { id, vault, asset, minimum, gas, gasFrom, to } = sweep
  const { ledger, costs } = books
  const cost = costs.get(id)
  let waiting = 0
  for (const from of ledger.below(vault, asset)) {
    const left = ledger.left(from, asset) ?? 0n
    if (left < minimum || ledger.isLeaving(from, asset)) continue
    if (cost === undefined) {
      const because = 'what it would cost now, not enough endpoints tell'
      return yield { name: `watch/sweep/${id}`, because }
    }
    const topsUp = gasFrom !== undefined && coinAt(from, ledger) < gas
    if (!paysForItself(sweep, left, { cost, topsUp })) {
      waiting += 1
      continue
    }
    const name = `watch/sweep/${id}/${from.path}`
    const whole: Wish = { kind: 'sweep', name, from, to: own(to), asset, amount: left, maxFee: gas }
    if (gasFrom === undefined) yield { ...whole, amount: left - gas }
    else yield* withGas(whole, { gasFrom, id }, books)
  }
  if (waiting > 0) {
    const because = `${waiting} wait for lower fees: to move one costs ${cost?.transfer} now`
    yield { name: `watch/sweep/${id}`, because }
  }
}

function coinAt(from: Account, ledger: Ledger): bigint {
  const coin = ledger.coinOf(from.vault)
  return (coin && ledger.left(from, coin)) ?? 0n
}

/** Coin first; the token only once the coin lies there. */
function* withGas(
  sweep: Wish,
  { gasFrom, id }: { readonly gasFrom: VaultId; readonly id: Handle },
  books: Books,
): Generator<Wish | Doubt, void> {
  const { ledger } = books
  const { from, name, maxFee: gas } = sweep
  const coin = ledger.coinOf(from.vault)
  const there = coin && ledger.left(from, coin)
  if (coin === undefined || there === undefined) {
    return yield { name, because: `no balance of its coin at ${from.path} of ${from.vault}` }
  }
  if (there >= gas) return yield sweep
  if (ledger.coming(from, coin) > 0n) return
  const payer = own(gasFrom)
  const topUp = `watch/gas/${id}/${from.path}`
  const spare = spareOf(payer, coin, { ...books, maxFee: gas })
  if (spare === undefined) return yield unknown(topUp, coin, payer)
  const lacks = gas - there
  if (spare < lacks) {
    return yield { name: topUp, because: `${gasFrom} can spare ${spare} of the ${lacks} for gas` }
  }
  yield { kind: 'gas', name: topUp, from: payer, to: from, asset: coin, amount: lacks, maxFee: gas }
}

/** Above its floor, where it has one, and the fee of one transaction; never below nothing. */
function spareOf(
  from: Account,
  asset: Handle,
  { rulebook, ledger, maxFee }: Books & { readonly maxFee: bigint },
): bigint | undefined {
  const left = ledger.left(from, asset)
  if (left === undefined) return undefined
  const keep = [...rulebook.targets.values()].find(
    ({ at, asset: of }) => 'vault' in at && at.vault === from.vault && of === asset,
  )
  const spare = left - (keep?.floor ?? 0n) - ledger.feeIn(asset, maxFee)
  return spare > 0n ? spare : 0n
}

function maxFeeOf(vault: VaultId, { rulebook }: Books): bigint {
  const network = rulebook.vaults.get(vault)?.network
  return (network && rulebook.networks.get(network)?.maxFee) ?? 0n
}

function unknown(name: string, asset: Handle, at: Place): Doubt {
  return { name, because: `no balance of ${asset} at ${shortOf(at)} that endpoints agree on` }
}

function shortOf(at: Place): string {
  return 'vault' in at ? at.vault : placeName(at)
}

function own(vault: VaultId): Account {
  return { vault, path: 'm' }
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

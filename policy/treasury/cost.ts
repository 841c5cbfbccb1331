// Whether bringing a deposit in pays for itself at present fees. Of a coin that is a part of what
// is moved. Between a coin and a token no price is known here, and nobody is asked for one: in a
// policy those who sign it may say what a coin is worth to them, and where they do not the least
// amount and the most that a sweep may cost are theirs to weigh.
import type { Sweep } from './targets.ts'

/** Base units of the network's coin, at present fees. */
export interface SweepCost {
  /** Of the transfer that brings it in. */
  readonly transfer: bigint
  /** Of a transfer of the coin, which brings gas there first. */
  readonly coin: bigint
}

/** `topsUp`: coin has to be sent there first. */
export function paysForItself(
  { gas, gasFrom, costPercent, coinPrice, coinUnits }: Sweep,
  amount: bigint,
  { cost: { transfer, coin }, topsUp }: { readonly cost: SweepCost; readonly topsUp: boolean },
): boolean {
  // Dearer than it may be, it would be asked for and wait, with its gas already sent.
  if (transfer > gas || (topsUp && coin > gas)) return false
  const cost = transfer + (topsUp ? coin : 0n)
  const most = amount * BigInt(costPercent)
  if (gasFrom === undefined) return cost * 100n <= most
  return coinPrice === undefined || cost * coinPrice * 100n <= most * coinUnits
}

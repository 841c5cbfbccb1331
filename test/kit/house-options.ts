// What a house of tests may be told when it is built.
import type { Chains } from '../../coordinator/driver.ts'
import type { Runner } from '../../signer-node/stepper.ts'

export interface HouseOptions {
  readonly seed?: string
  readonly coordinators?: readonly string[]
  /** UTC at the beginning. */
  readonly fromMs?: number
  /** Where the nodes compute; in the thread of the house where it is left out. */
  readonly runner?: Runner
  /** Other chains than the ledger of the house, by network, as its time goes. */
  readonly chains?: (now: () => number) => Chains
}

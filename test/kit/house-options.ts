// What a house of tests may be told when it is built.
import type { Runner } from '../../signer-node/stepper.ts'

export interface HouseOptions {
  readonly seed?: string
  readonly coordinators?: readonly string[]
  /** UTC at the beginning. */
  readonly fromMs?: number
  /** Where the nodes compute; in the thread of the house where it is left out. */
  readonly runner?: Runner
}

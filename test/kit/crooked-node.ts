// Node b of three as a cheater: what it computes is honest, what it says in a round of a signature
// is changed before it is sealed and signed as its own. Everything else about it stays honest, so
// whatever is held against it is held for that.
import { Sessions } from '../../signer-node/sessions.ts'
import { bent, type Twist } from './bent.ts'

/** One bit of one byte of what is said in one round. */
export const flipped =
  (round: number, at: number): Twist =>
  (said) => {
    if (said.round !== round) return [said]
    const bytes = said.bytes.slice()
    bytes[at] = (bytes[at] ?? 0) ^ 1
    return [{ ...said, bytes }]
  }

/** While it is set, sessions that node b begins run crooked. Restored with `straighten`. */
export class CrookedNode {
  twist: Twist | undefined
  readonly #start = Sessions.prototype.start

  constructor() {
    const crooked = this
    const start = this.#start
    Sessions.prototype.start = function (sid, coordinator, plan) {
      const others = [...plan.counterparts.values()].map(({ node }) => String(node)).join()
      const { twist } = crooked
      // A signature of a and b, as b sees it; a pair set-up of the two has no release either.
      const isB = others === 'node-a' && twist !== undefined
      const stepper = isB ? bent(plan.stepper, twist) : plan.stepper
      start.call(this, sid, coordinator, { ...plan, stepper } as never)
    }
  }

  straighten(): void {
    Sessions.prototype.start = this.#start
  }
}

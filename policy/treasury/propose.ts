// What should be moved inside the house: balances of one block, what is still on its way, and the
// targets and sweeps of the policy become proposals. A proposal is the fields of an intent and a
// reason; it allows nothing, and the rules judge it like any other.
// INVARIANT: proposals together never take more than wishes may one by one (`wish.ts`); the same
// facts give the same proposals in whatever order they come; one name has one open request at
// most, and its key counts those before it, so that two watchers who see the same propose it once.
import { type Handle, type PersonId, parseHandle } from '../../proto/ids.ts'
import type { Rulebook } from '../rulebook.ts'
import type { SweepCost } from './cost.ts'
import { type Account, type Held, Ledger, type Moving, type Place, placeName } from './ledger.ts'
import { allowedOf } from './way.ts'
import { type Doubt, refillOf, surplusOf, sweepsOf, type Wish, type WishKind } from './wish.ts'

export interface Proposal {
  /** The idempotency key. */
  readonly id: Handle
  readonly kind: WishKind
  readonly from: Account
  readonly to: Place
  readonly asset: Handle
  /** Base units. */
  readonly amount: bigint
  /** Base units of the network's coin. */
  readonly maxFee: bigint
  /** One line, for the intent's purpose. */
  readonly because: string
}

/** Earlier requests under one name, by this initiator. */
export interface Asked {
  readonly count: number
  /** The last of them may still move value. */
  readonly isOpen: boolean
  /** Milliseconds; the last of them came to nothing, so nothing is asked before. */
  readonly quietUntil: number
  /** In how few words; what failed in its block burns its fee again when it fails again. */
  readonly became: string
}

interface TreasuryFacts {
  /** Milliseconds. */
  readonly at: number
  readonly initiator: PersonId
  readonly held: readonly Held[]
  readonly moving: readonly Moving[]
  /** Of one sweep at present fees, by the name of the entry. */
  readonly costs: ReadonlyMap<Handle, SweepCost>
  /** Undefined where nobody looked: then nothing is proposed under that name. */
  readonly asked: (name: string) => Asked | undefined
}

export interface Proposed {
  readonly proposals: readonly Proposal[]
  readonly doubts: readonly Doubt[]
  /** Names of which `asked` knew nothing. */
  readonly unasked: readonly string[]
}

export function propose(rulebook: Rulebook, facts: TreasuryFacts): Proposed {
  const ledger = new Ledger(rulebook, facts.held, facts.moving)
  const [proposals, doubts, unasked]: [Proposal[], Doubt[], string[]] = [[], [], []]
  // One after the other: what one takes is gone for those after it.
  for (const found of wishes(rulebook, ledger, facts.costs)) {
    const judged = 'because' in found ? found : answerTo(found, rulebook, facts)
    if (judged === undefined) continue
    if (typeof judged === 'string') {
      unasked.push(judged)
    } else if ('id' in judged) {
      proposals.push(judged)
      ledger.move({ ...judged, feeMax: judged.maxFee })
    } else {
      doubts.push(judged)
    }
  }
  return { proposals, doubts, unasked }
}

function* wishes(
  rulebook: Rulebook,
  ledger: Ledger,
  costs: TreasuryFacts['costs'],
): Generator<Wish | Doubt, void> {
  const books = { rulebook, ledger, costs }
  for (const target of sorted(rulebook.targets)) {
    yield* surplusOf(target, books)
    yield* refillOf(target, books)
  }
  for (const sweep of sorted(rulebook.sweeps)) yield* sweepsOf(sweep, books)
}

/** A proposal, why not, the name that nobody looked up, or nothing. */
function answerTo(
  wish: Wish,
  rulebook: Rulebook,
  { at, initiator, asked }: TreasuryFacts,
): Proposal | Doubt | string | undefined {
  const { name, kind, from, to, asset, maxFee } = wish
  if (wish.amount <= 0n) return undefined
  const before = asked(name)
  if (before === undefined) return name
  if (before.isOpen) return undefined
  const { quietUntil, became } = before
  if (at < quietUntil) return { name, because: `the last request for it ${became}` }
  const amount = allowedOf(wish, wish.amount, { rulebook, by: initiator })
  if (amount === undefined) {
    return { name, because: `no rule lets ${initiator} move ${wish.amount} of ${asset} this way` }
  }
  const id = parseHandle(`${name}/${before.count + 1}`, 'id')
  const because = `${kind}: ${placeName(from)} to ${placeName(to)}`
  return { id, kind, from, to, asset, amount, maxFee, because }
}

function sorted<T extends { readonly id: Handle }>(items: ReadonlyMap<Handle, T>): readonly T[] {
  return [...items.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
}

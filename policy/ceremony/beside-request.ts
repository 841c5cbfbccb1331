// What a custodian reads beside a payment before typing it: what its limits had used and what is
// left after it, nonce and what it replaces, whether this log has paid the address before, who
// approved it and when. Of the own log and policy of whoever shows it.
// INVARIANT: pure, and no part of the text that people approved: nothing here is under its digest.
// Source: docs/ceremony.md, S-3.
import type { Digest } from '../../proto/ids.ts'
import { writeTime } from '../../proto/shape.ts'
import type { Entry } from '../audit/entry.ts'
import type { Intent } from '../intent.ts'
import type { Rulebook } from '../rulebook.ts'
import { covers, type Limit, type Spend, weight } from '../rules/limit.ts'
import { decimalOf } from '../units.ts'
import type { AttemptRow, DecisionRow, LimitUse, ReservationRow } from '../view.ts'

export interface Beside {
  readonly intent: Pick<Intent, 'to'>
  readonly rulebook: Pick<Rulebook, 'limits'>
  readonly reservation: ReservationRow
  readonly attempt: Pick<AttemptRow, 'replaces' | 'attempt'>
  readonly decisions: readonly DecisionRow[]
  /** As `paidBefore` counts. */
  readonly earlier: number
}

/**
 * Requests of these lines that settled at this address of this network. What was only asked for
 * vouches for nobody, and the same letters on another network may be somebody else.
 */
export function paidBefore(
  entries: Iterable<Entry>,
  { to, network }: Pick<Intent, 'to' | 'network'>,
): number {
  const [reserved, paid] = [new Set<Digest>(), new Set<Digest>()]
  for (const { type, body } of entries) {
    if (type === 'spend.reserved' && body.to === to && body.network === network) {
      reserved.add(body.intent)
    }
    if (type === 'tx.settled' && reserved.has(body.intent)) paid.add(body.intent)
  }
  return paid.size
}

/** Lines as the text of a request has them; ends with a newline. */
export function besideText(of: Beside): string {
  const { reservation, attempt, decisions, earlier } = of
  const { slot } = reservation
  const replaced = attempt.replaces === '' ? '' : `, in the place of ${attempt.replaces}`
  const lines: (readonly [string, string])[] = [
    ...limitsOf(of).map((line) => ['LIMIT', line] as const),
    ...(slot === '' ? [] : [['NONCE', slot] as const]),
    ['ATTEMPT', `${attempt.attempt}${replaced}`],
    ['BEFORE', earlier === 0 ? 'first time to this address' : `${earlier} to this address`],
    ...approvals(decisions).map((line) => ['APPROVED', line] as const),
    ['RESERVED', writeTime(reservation.t)],
  ]
  return lines.map(([label, value]) => `${label.padEnd(10)}${value}\n`).join('')
}

function limitsOf({ rulebook, reservation }: Beside): readonly string[] {
  return rulebook.limits.flatMap((limit) => {
    const use = reservation.limits.find(({ id }) => id === limit.id)
    return use === undefined || !covers(limit, reservation)
      ? []
      : [limitText(limit, use, reservation)]
  })
}

function limitText(limit: Limit, { used }: LimitUse, spend: Spend): string {
  const { measure, max } = limit
  const [decimals, unit] =
    measure.kind === 'sum' ? [measure.decimals, measure.unit] : ([0, 'times'] as const)
  const written = (amount: bigint) => decimalOf(amount, decimals)
  const left = max - used - weight(limit, spend)
  const before = `${written(used)} of ${written(max)} ${unit} used before`
  return `${limit.id}: ${before}, ${written(left)} left`
}

/** Only who said yes: with a no it is not admitted. */
function approvals(decisions: readonly DecisionRow[]): readonly string[] {
  return decisions
    .filter(({ decision }) => decision === 'approve')
    .map(({ person, t }) => `${person} ${writeTime(t)}`)
}

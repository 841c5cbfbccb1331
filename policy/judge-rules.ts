// Evaluation, the guards and the rules: every guard is judged, every rule is tried, exactly one
// rule may match. What cannot be at all (two networks, another contract, another class) matches no
// rule.
import type { Handle, VaultId } from '../proto/ids.ts'
import { refuse } from '../proto/refusal.ts'
import { callAllowed } from './calls.ts'
import type { Facts } from './facts.ts'
import type { Intent } from './intent.ts'
import { messageAllowed } from './messages.ts'
import { reaches } from './places.ts'
import { networkOf, type Rulebook } from './rulebook.ts'
import { misses, type Point } from './rules/box.ts'
import { judge, type RecordFacts } from './rules/guard.ts'
import type { Rule } from './rules/rule.ts'
import { byId, no, type Reason, type Step } from './verdict.ts'

export function judgeGuards(
  facts: Facts,
  rulebook: Rulebook,
): Step & { readonly hit: readonly Handle[] } {
  const { at, intent, nativeBeside, feeMax, history } = facts
  const { duplicateOf, frozen } = history
  const networkMaxFee = networkOf(rulebook, intent.vault)?.maxFee
  const record = recordOf(facts, rulebook)
  const seen = {
    at,
    op: intent.op,
    nativeBeside,
    feeMax,
    networkMaxFee,
    record,
    duplicateOf,
    frozen,
  }
  const judged = byId(rulebook.guards).map((guard) => ({ id: guard.id, ...judge(guard, seen) }))
  const hit = judged.filter((guard) => guard.hit)
  return {
    hit: hit.map(({ id }) => id),
    reasons: hit.map(({ id, code, compared }) => no(code, id, shown(compared))),
    trace: judged.map(({ id, hit: denies, compared }) => ({ compared, hit: denies, id })),
  }
}

function recordOf({ destination }: Facts, rulebook: Rulebook): RecordFacts | undefined {
  if (destination.kind === 'vault') return undefined
  const known = rulebook.destinations.get(destination.class)
  // A class that the policy does not know matches no rule; meanwhile its record cools for ever.
  const cooldownMs = known?.kind === 'book' ? known.cooldownMs : Number.MAX_SAFE_INTEGER
  const { status, activeFrom, activatedAt } = destination
  return { status, activeFrom, activatedAt, cooldownMs }
}

export interface Matching extends Step {
  readonly matched: Rule | undefined
  readonly ambiguous: boolean
}

export function judgeRules(facts: Facts, rulebook: Rulebook): Matching {
  const point = pointOf(facts, rulebook)
  const impossible = contradictions(facts, rulebook)
  const tried = byId(rulebook.rules).map((rule) => {
    if (rule.when !== 'always') refuse('NOT_SUPPORTED', `rule ${rule.id}: calendars`)
    return { rule, misses: misses(rule.box, point) }
  })
  const hits = impossible.length > 0 ? [] : tried.filter((item) => item.misses.length === 0)
  const names = hits.map(({ rule }) => rule.id)
  const trace = {
    impossible,
    point: { ...point, amount: `${point.amount}` },
    tried: tried.map(({ rule, misses: missed }) => {
      const interval = rule.box.amounts.get(point.asset)
      return { hi: `${interval?.hi ?? ''}`, id: rule.id, lo: `${interval?.lo ?? ''}`, missed }
    }),
  }
  const reasons = matchReasons(names, impossible)
  return {
    trace,
    reasons,
    matched: hits.length === 1 ? hits[0]?.rule : undefined,
    ambiguous: hits.length > 1,
  }
}

function matchReasons(names: readonly Handle[], impossible: readonly string[]): readonly Reason[] {
  if (names.length === 1) return []
  if (names.length > 1) return [no('ERROR', 'rules', `ambiguous: ${names.join(', ')} match`)]
  const why = impossible.length > 0 ? `: ${impossible.join(', ')} cannot be` : ''
  return [no('POLICY_DENIED', 'rules', `no rule matches${why}`)]
}

function pointOf({ intent, destination }: Facts, rulebook: Rulebook): Point {
  const { op, vault: from, asset, initiator, amount } = intent
  const point = { op, from, to: destination.class, asset, initiator, amount }
  const allowed = allowedAs(intent, rulebook)
  if (allowed === undefined || 'because' in allowed) return point
  return intent.call === undefined
    ? { ...point, message: allowed.id }
    : { ...point, call: allowed.id }
}

/** The entry of the call or message that the intent asks for; nothing where it asks for neither. */
function allowedAs(intent: Intent, { calls, messages }: Rulebook) {
  if (intent.call !== undefined) return callAllowed(calls, intent)
  return intent.message === undefined ? undefined : messageAllowed(messages, intent)
}

/** What the intent says of itself and the policy knows otherwise (schema rule 5). */
function contradictions(facts: Facts, rulebook: Rulebook): readonly string[] {
  const { intent, destination } = facts
  const network = networkOf(rulebook, intent.vault)
  const asset = rulebook.assets.get(intent.asset)
  const own = destination.kind === 'vault' ? destination : undefined
  const wrong: readonly (readonly [string, boolean])[] = [
    ['org', intent.org !== rulebook.org || intent.env !== rulebook.env],
    ['network', network?.caip2 !== intent.network],
    ['contract', asset === undefined || asset.contract !== intent.contract],
    ['dest', (own !== undefined) !== (intent.dest === '')],
    ['destination', own !== undefined && !holds(rulebook, own, network?.id)],
    ['way', !reaches(rulebook, pointOf(facts, rulebook))],
  ]
  const allowed = allowedAs(intent, rulebook)
  const names = wrong.filter(([, is]) => is).map(([name]) => name)
  return allowed !== undefined && 'because' in allowed ? [...names, allowed.because] : names
}

/** The own vault is really of that class, and on the network that the value moves on. */
function holds(
  rulebook: Rulebook,
  own: { readonly class: Handle; readonly vault: VaultId },
  network: Handle | undefined,
): boolean {
  const known = rulebook.destinations.get(own.class)
  const inClass = known?.kind === 'vaults' && known.vaults.has(own.vault)
  return inClass && rulebook.vaults.get(own.vault)?.network === network
}

function shown(compared: Readonly<Record<string, string>>): string {
  return Object.entries(compared)
    .map(([name, value]) => `${name} ${value === '' ? 'none' : value}`)
    .join(', ')
}

// Guards: what is denied whatever the rules say. Each guard is judged on its own and shows the
// values that it compared. Shape and judgement stand together, so that a guard which parses is a
// guard which is judged: the two kinds that this release cannot judge (lists, look-alikes) parse,
// are refused when a policy is loaded, and refuse here too. They are never skipped.
import type { Digest, Handle } from '../../proto/ids.ts'
import type { Json, JsonObject } from '../../proto/jcs.ts'
import type { ReasonCode } from '../../proto/reasons.ts'
import { refuse } from '../../proto/refusal.ts'
import { handle, integer, list, literal, object, type Reader } from '../../proto/shape.ts'
import { ops } from '../chain/chains.ts'
import { distinct } from '../document.ts'
import type { Op } from '../intent.ts'
import { durationMs, someMs } from '../units.ts'
import type { SpendRow } from '../view.ts'

export type Denial =
  | { readonly kind: 'op'; readonly allowed: readonly Op[] }
  | { readonly kind: 'value' }
  | { readonly kind: 'fee' }
  | { readonly kind: 'lists'; readonly lists: readonly Handle[]; readonly ageMs: number }
  | { readonly kind: 'record' }
  | { readonly kind: 'look-alike'; readonly prefix: number; readonly suffix: number }
  | { readonly kind: 'duplicate'; readonly windowMs: number }
  | { readonly kind: 'freeze' }

export type GuardKind = Denial['kind']

export interface Guard {
  readonly id: Handle
  readonly denial: Denial
}

/** The record that an intent names, as facts; own vaults need none. */
export interface RecordFacts {
  readonly status: 'active' | 'removed'
  readonly activeFrom: number
  /** Witnessed time of its activation; undefined for a record that only its service attested. */
  readonly activatedAt: number | undefined
  readonly cooldownMs: number
}

export interface GuardFacts {
  readonly at: number
  readonly op: Op
  /** Native coins that would move beside a token call. */
  readonly nativeBeside: bigint
  readonly feeMax: bigint
  /** Undefined when the vault's network is unknown: then no fee is lawful. */
  readonly networkMaxFee: bigint | undefined
  readonly record: RecordFacts | undefined
  readonly duplicateOf: Digest | ''
  readonly frozen: boolean
}

export interface Judged {
  readonly hit: boolean
  readonly code: ReasonCode
  /** What was compared, as text, for the trace. */
  readonly compared: Readonly<Record<string, string>>
}

export function judge({ id, denial }: Guard, facts: GuardFacts): Judged {
  switch (denial.kind) {
    case 'op':
      return {
        hit: !denial.allowed.includes(facts.op),
        code: 'OP_NOT_ALLOWED',
        compared: { op: facts.op, allowed: [...denial.allowed].sort().join(' ') },
      }
    case 'value':
      return {
        hit: facts.nativeBeside > 0n,
        code: 'OP_NOT_ALLOWED',
        compared: { nativeBeside: `${facts.nativeBeside}`, max: '0' },
      }
    case 'fee':
      return judgeFee(facts)
    case 'record':
      return judgeRecord(facts)
    case 'duplicate':
      return {
        hit: facts.duplicateOf !== '',
        code: 'POLICY_DENIED',
        compared: { duplicateOf: facts.duplicateOf },
      }
    case 'freeze':
      return { hit: facts.frozen, code: 'FROZEN', compared: { frozen: `${facts.frozen}` } }
    case 'lists':
    case 'look-alike':
      return refuse('NOT_SUPPORTED', `guard ${id}: ${denial.kind} is not supported yet`)
  }
}

/** The newest of these rows to the same address with the same amount within the window. */
export function duplicateOf(
  windowMs: number,
  rows: Iterable<SpendRow>,
  payment: { readonly to: string; readonly amount: bigint; readonly t: number },
): Digest | '' {
  // A call that moves no coin repeats no payment.
  if (payment.amount === 0n) return ''
  let newest: SpendRow | undefined
  for (const row of rows) {
    const same = row.to === payment.to && row.amount === payment.amount
    if (!same || row.t <= payment.t - windowMs) continue
    if (newest === undefined || row.seq > newest.seq) newest = row
  }
  return newest?.intent ?? ''
}

export const guardShape: Reader<Guard> = (value, path) => {
  const { id, deny } = object({ id: handle, deny: denial })(value, path)
  return { id, denial: deny }
}

function judgeFee({ feeMax, networkMaxFee }: GuardFacts): Judged {
  return {
    hit: networkMaxFee === undefined || feeMax > networkMaxFee,
    code: 'FEE',
    compared: { feeMax: `${feeMax}`, networkMaxFee: `${networkMaxFee ?? 'unknown'}` },
  }
}

// A cool-down counts from the witnessed activation, never from a time inside the record; a record
// that was never activated is lawful only where its class asks for no cool-down.
function judgeRecord({ at, record }: GuardFacts): Judged {
  if (record === undefined)
    return { hit: false, code: 'DEST_UNKNOWN', compared: { record: 'none' } }
  const { status, activeFrom, activatedAt, cooldownMs } = record
  const notActive = status !== 'active' || at < activeFrom
  const cooling = cooldownMs > 0 && (activatedAt === undefined || at < activatedAt + cooldownMs)
  return {
    hit: notActive || cooling,
    code: notActive ? 'DEST_UNKNOWN' : 'DEST_COOLDOWN',
    compared: {
      status,
      at: `${at}`,
      activeFrom: `${activeFrom}`,
      activatedAt: `${activatedAt ?? ''}`,
      cooldownMs: `${cooldownMs}`,
    },
  }
}

const yes = literal(true)

/** By the key that stands in `deny`. */
const denials: ReadonlyMap<string, Reader<Denial>> = new Map([
  denialOf(
    'op',
    object({ op: object({ notIn: distinct(list(literal(...ops), 1)) }) }),
    ({ op }) => ({ kind: 'op', allowed: op.notIn }),
  ),
  denialOf(
    'nativeValueBesideCall',
    object({ nativeValueBesideCall: object({ gt: literal('0') }) }),
    () => ({ kind: 'value' }),
  ),
  denialOf('fee', object({ fee: object({ gtNetworkMax: yes }) }), () => ({ kind: 'fee' })),
  denialOf(
    'destinationIn',
    object({ destinationIn: distinct(list(handle, 1)), orListOlderThan: durationMs }),
    ({ destinationIn, orListOlderThan }) => {
      return { kind: 'lists', lists: destinationIn, ageMs: orListOlderThan }
    },
  ),
  denialOf(
    'destinationRecord',
    object({ destinationRecord: object({ notActive: yes, insideCooldown: yes }) }),
    () => ({ kind: 'record' }),
  ),
  denialOf(
    'destinationLooksLike',
    object({
      destinationLooksLike: object({
        prefix: integer(1, 20),
        suffix: integer(1, 20),
        butNotEqualToBookEntry: yes,
      }),
    }),
    ({ destinationLooksLike: { prefix, suffix } }) => ({ kind: 'look-alike', prefix, suffix }),
  ),
  denialOf(
    'sameToAndAmountWithin',
    object({ sameToAndAmountWithin: someMs }),
    ({ sameToAndAmountWithin: windowMs }) => ({ kind: 'duplicate', windowMs }),
  ),
  denialOf('frozen', object({ frozen: yes }), () => ({ kind: 'freeze' })),
])

const denial: Reader<Denial> = (value, path) => {
  for (const key of keysOf(value)) {
    const read = denials.get(key)
    if (read !== undefined) return read(value, path)
  }
  return refuse('MALFORMED', `${path}: expected one of ${[...denials.keys()].join(', ')}`)
}

function denialOf<T>(
  key: string,
  read: Reader<T>,
  make: (written: T) => Denial,
): readonly [string, Reader<Denial>] {
  return [key, (value, path) => make(read(value, path))]
}

function keysOf(value: Json | undefined): readonly string[] {
  return typeof value === 'object' && !Array.isArray(value) ? Object.keys(value as JsonObject) : []
}

// Facts: everything that evaluation may look at, as one value and as one canonical text. What is
// evaluated is always what the text says, so the log's facts digest names the very input, and a
// value of the wrong type, a NaN or a broken string never reaches a comparison.
// Says nothing about where facts come from: `admit` and the sequencer gather and verify them.

import { fromUtf8, toUtf8 } from '../proto/crypto.ts'
import type { Digest, Handle, PersonId, VaultId } from '../proto/ids.ts'
import { type Json, parse, text } from '../proto/jcs.ts'
import { limits } from '../proto/limits.ts'
import {
  amount,
  bool,
  digestOrNone,
  handle,
  list,
  literal,
  object,
  type Reader,
  type Shaped,
  text as textShape,
  timeMillis,
  writeTimeMillis,
} from '../proto/shape.ts'
import { tags } from '../proto/tags.ts'
import { digestOfText, personId } from './document.ts'
import type { Intent } from './intent.ts'
import { encodeIntent, parseIntent } from './request.ts'
import { vaultId } from './vault.ts'
import type { HistoryFacts } from './view.ts'

/** Where the value would go, resolved by whoever verified the record or derived the address. */
export type DestinationFacts =
  | { readonly kind: 'vault'; readonly class: Handle; readonly vault: VaultId }
  | {
      readonly kind: 'record'
      readonly class: Handle
      readonly status: 'active' | 'removed'
      /** Milliseconds. */
      readonly activeFrom: number
      /** Witnessed time of its activation; undefined when only its service attested it. */
      readonly activatedAt: number | undefined
    }

/** One verified approval that still binds this intent, policy and directory. */
export interface ApprovalFacts {
  readonly person: PersonId
  /** The role in which the person signed; it fills no other slot. */
  readonly role: Handle
  /** Milliseconds; undefined while no cosigned head proves a time: then no hold can elapse. */
  readonly witnessedAt: number | undefined
}

export interface Facts {
  /** The instant of judgement: the `t` of a line, milliseconds. */
  readonly at: number
  readonly intent: Intent
  readonly destination: DestinationFacts
  /** Native coins beside a token call; 0 for everything that the decoders let through. */
  readonly nativeBeside: bigint
  /** The most that the transaction may cost. */
  readonly feeMax: bigint
  readonly history: HistoryFacts
  readonly approvals: readonly ApprovalFacts[]
  /** Whether somebody said no. */
  readonly rejected: boolean
}

/** Canonical text; throws for whatever is not a fact. */
export function factsText(facts: Facts): string {
  const { at, intent, destination, nativeBeside, feeMax, history, approvals, rejected } = facts
  return text({
    approvals: approvals.map(({ person, role, witnessedAt }) => {
      return { person, role, witnessedAt: writeTimeOrNone(witnessedAt) }
    }),
    at: writeTimeMillis(at),
    destination: destinationJson(destination),
    feeMax: `${feeMax}`,
    history: {
      duplicateOf: history.duplicateOf,
      frozen: history.frozen,
      limits: history.limits.map(({ id, used }) => ({ id, used: `${used}` })),
    },
    intent: fromUtf8(encodeIntent(intent)) ?? '',
    nativeBeside: `${nativeBeside}`,
    rejected,
  })
}

export function parseFacts(written: string): Facts {
  const { intent, ...facts } = factsShape(parse(toUtf8(written), limits.factsBytesMax), '')
  return { ...facts, intent: parseIntent(toUtf8(intent)).intent }
}

export function factsDigest(written: string): Digest {
  return digestOfText(tags.facts, written)
}

export function writeTimeOrNone(at: number | undefined): string {
  return at === undefined ? '' : writeTimeMillis(at)
}

function destinationJson(destination: DestinationFacts): Json {
  if (destination.kind === 'vault') return { ...destination }
  const { activeFrom, activatedAt } = destination
  return {
    ...destination,
    activeFrom: writeTimeMillis(activeFrom),
    activatedAt: writeTimeOrNone(activatedAt),
  }
}

export const timeOrNone: Reader<number | undefined> = (value, path) =>
  value === '' ? undefined : timeMillis(value, path)

const vaultShape = object({ kind: literal('vault'), class: handle, vault: vaultId })
const recordShape = object({
  kind: literal('record'),
  class: handle,
  status: literal('active', 'removed'),
  activeFrom: timeMillis,
  activatedAt: timeOrNone,
})

const destinationShape: Reader<Shaped<typeof vaultShape> | Shaped<typeof recordShape>> = (
  value,
  path,
) => {
  const own = typeof value === 'object' && 'vault' in value
  return own ? vaultShape(value, path) : recordShape(value, path)
}

export const approvalsShape: Reader<readonly ApprovalFacts[]> = list(
  object({ person: personId, role: handle, witnessedAt: timeOrNone }),
  0,
  limits.personsMax,
)

const factsShape = object({
  approvals: approvalsShape,
  at: timeMillis,
  destination: destinationShape,
  feeMax: amount,
  history: object({
    duplicateOf: digestOrNone,
    frozen: bool,
    limits: list(object({ id: handle, used: amount })),
  }),
  intent: textShape(limits.intentBytesMax),
  nativeBeside: amount,
  rejected: bool,
})

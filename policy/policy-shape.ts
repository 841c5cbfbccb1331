// The policy document as it is written: exact keys, exact forms, amounts still as text.
// There are no defaults: a key that is missing is a refusal, and "no constraint" is spelled
// (`always`, an empty `require`). What the names mean together is `rulebook.ts`.
import type { Handle } from '../proto/ids.ts'
import {
  bool,
  handle,
  integer,
  list,
  literal,
  mapOf,
  object,
  objectWith,
  type Shaped,
  text,
  time,
} from '../proto/shape.ts'
import { callShape } from './calls.ts'
import { ops } from './chain/chains.ts'
import { distinct, personId, versioned } from './document.ts'
import { messageShape } from './messages.ts'
import { assetShape, destinationShape, networkShape } from './places.ts'
import { guardShape } from './rules/guard.ts'
import { sweepShape, targetShape } from './treasury/targets.ts'
import { decimal, durationMs, windowMs } from './units.ts'
import { vaultId, vaultShape } from './vault.ts'

const names = distinct(list(handle, 1))
const vaultIds = distinct(list(vaultId, 1))
const nodeCount = integer(0, 64)

const requirement = object({ role: handle, count: integer(1, 64) })
const require = list(requirement, 1)
const changeShape = object({ require, delay: durationMs })

const matchShape = objectWith(
  {
    op: distinct(list(literal(...ops), 1)),
    from: vaultIds,
    to: names,
    asset: names,
    initiator: names,
    amount: objectWith({ lte: decimal }, { gt: decimal }),
    when: handle,
  },
  { call: names, message: names },
)

export const ruleShape = objectWith(
  { id: handle, match: matchShape, require: list(requirement), ttl: durationMs },
  { hold: durationMs },
)

/** Exactly one measure (`sum` or `count`) and one selector (`from` and `to`, or `rule`). */
export const limitShape = objectWith(
  { id: handle, window: windowMs, max: decimal },
  {
    sum: text(16, /^[A-Z][A-Z0-9]*$/),
    count: literal(true),
    from: vaultIds,
    to: names,
    rule: names,
    by: literal('destination'),
  },
)

const day = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)'
const clock = '(?:[01][0-9]|2[0-4]):[0-5][0-9]'
const spanForm = new RegExp(`^${day}(?:-${day})? ${clock}-${clock}$`)

const calendarShape = object({ tz: literal('UTC'), spans: list(text(24, spanForm), 1, 64) })

const roleShape = object({
  kind: literal('service', 'human'),
  members: distinct(list(personId, 1)),
})

const governanceShape = objectWith(
  {
    policy: object({ require, delay: durationMs, loosening: object({ delay: durationMs }) }),
    directory: changeShape,
    key: changeShape,
    ceremony: changeShape,
    book: changeShape,
    // No lists are judged yet, so a policy may name nobody who publishes them.
    lists: object({ publishers: distinct(list(personId)), removal: require }),
    freeze: object({ anyOf: names }),
    unfreeze: object({ require }),
  },
  /** By part in a ceremony: the roles of which its people are. */
  { seats: mapOf(names) },
)

export const policyShape = objectWith(
  {
    format: literal('custody-policy/v1'),
    ...versioned,
    notBefore: time,
    expires: time,
    engine: literal(1),
    quorumCrypto: object({ n: nodeCount, t: nodeCount, f: nodeCount }),
    log: object({
      origin: handle,
      coldOrigin: handle,
      trust: handle,
      witness: object({ n: nodeCount, f: nodeCount, quorum: nodeCount }),
      onWitnessLoss: literal('stop', 'local-cap'),
    }),
    networks: mapOf(networkShape),
    assets: mapOf(assetShape),
    vaults: mapOf(vaultShape),
    destinations: mapOf(destinationShape),
    roles: mapOf(roleShape),
    calendars: mapOf(calendarShape),
    guards: list(guardShape, 1),
    rules: list(ruleShape, 1),
    limits: list(limitShape, 1),
    governance: governanceShape,
    separation: objectWith(
      {
        initiatorMayApprove: bool,
        onePersonOneVote: literal(true),
        credentialOwnersDistinct: literal(true),
        minFactor: mapOf(literal('none', 'uv', 'hardware')),
      },
      { sitterMayApprove: bool },
    ),
  },
  {
    calls: mapOf(callShape),
    messages: mapOf(messageShape),
    targets: mapOf(targetShape),
    sweeps: mapOf(sweepShape),
  },
)

export type WrittenPolicy = Shaped<typeof policyShape>
export type WrittenRule = Shaped<typeof ruleShape>
export type WrittenLimit = Shaped<typeof limitShape>
export type Governance = Shaped<typeof governanceShape>
export type Calendar = Shaped<typeof calendarShape>
export type Named<T> = ReadonlyMap<Handle, T>

// What each line of a Record says: the closed list of its types and the exact keys of each body.
// Sentences stand in exceptions only; names are handles, and whatever is large is named by digest.
// INVARIANT: no body has room for a secret: no message of the protocol, no PIN, no randomness.
// Says nothing about who may write a line, and when: `record-chain.ts`, `judge.ts`.
import type { Handle } from '../../proto/ids.ts'
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import {
  amount,
  bool,
  digest,
  digestOrNone,
  handle,
  hex,
  integer,
  list,
  literal,
  object,
  objectWith,
  type Reader,
  type Shaped,
  text,
} from '../../proto/shape.ts'
import { nodeId } from '../audit/bodies.ts'
import { distinct, personId } from '../document.ts'
import { envs } from '../intent.ts'
import { vaultId } from '../vault.ts'
import { identifications, roles } from './people.ts'
import { ceremonyKinds } from './plan.ts'

/** What people read to each other: the name of what the digest is of. */
export const readings = [
  'build',
  'bundle',
  'log',
  'main-log',
  'plan',
  'token',
  'roster',
  'key',
  'address',
  'request',
  'display',
  'signature',
  'proof',
  'call-back',
  'record',
] as const

const size = integer(0, Number.MAX_SAFE_INTEGER)
const epoch = integer(0, Number.MAX_SAFE_INTEGER)
const role = literal(...roles)
const persons = distinct(list(personId, 1, 64))
/** No control, hidden or direction-changing character: it is read on paper and screens. */
export const sentence = text(512, /^[^\p{C}\p{Zl}\p{Zp}]+$/u)
/** Of a bag, a token, a card: as it is printed on it. */
export const mark = text(64, /^[!-~](?:[ -~]*[!-~])?$/)
const device = text(32, /^[a-z0-9.:@-]+$/)
const reason = text(64, /^[A-Z][A-Z0-9_]*$/)
const media = literal('a', 'b')
const share = { epoch, keyState: digest, medium: media, seal: digest, vault: vaultId }
const payment = { amount, tail: text(6, /^[0-9A-Za-z]{6}$/) }
const head = object({ root: digest, size })
const culprit: Reader<Handle | ''> = (value, path) => (value === '' ? '' : nodeId(value, path))

export const recordBodies = {
  /** `bundle`: digest of the manifest that was carried in; `checkpoint`: of the online log. */
  'record.genesis': object({
    bundle: digestOrNone,
    checkpoint: object({ root: digestOrNone, size }),
    env: literal(...envs),
    kind: literal(...ceremonyKinds),
    plan: digest,
  }),
  'person.present': object({ how: literal(...identifications), person: personId, role }),
  'person.left': object({ person: personId, role }),
  /** At an enrolment: the token whose key signs for this station from here on. */
  'token.enrolled': object({
    card: digest,
    identity: hex(65),
    node: nodeId,
    place: literal('daily', 'spare'),
    serial: mark,
  }),
  'item.checked': object({
    intact: bool,
    kind: literal('bag', 'token', 'medium', 'station', 'boot', 'network', 'paper', 'other'),
    number: mark,
    photo: digestOrNone,
  }),
  /**
   * `clock`: seconds that the station is ahead of the room. `log`: the head of its own copy;
   * `main`: of the main log, as the Bundle carries it.
   */
  'station.ready': objectWith(
    {
      build: digest,
      checks: integer(1, 1024),
      clock: integer(-86_400, 86_400),
      interfaces: list(device, 0, 32),
      module: digestOrNone,
      token: mark,
    },
    { log: head, main: head },
  ),
  'words.read': object({ by: personId, confirmed: persons, digest, what: literal(...readings) }),
  'request.shown': object({ display: digest, request: digest }),
  /** Of a payment with what was typed: the last six of the recipient, the amount in base units. */
  'request.confirmed': objectWith({ display: digest, request: digest }, payment),
  'message.sent': object({
    digest,
    length: integer(0, limits.bundleBytesMax),
    round: integer(0, 64),
    session: digest,
    to: distinct(list(nodeId, 1, limits.nodesMax)),
  }),
  /**
   * `head`: of this Record, as the station's acceptance of the session named it; `result`: what it
   * holds now: the key's state, or the digest that was signed.
   */
  'session.done': object({ head, request: digest, result: digest, session: digest }),
  'session.aborted': object({ culprit, reason, request: digest, session: digestOrNone }),
  'share.sealed': object({ ...share, tokens: distinct(list(mark, 1, 2)) }),
  'seal.tested': object({ ...share, token: mark }),
  /** `digest`: what the key signed; each signer writes what it verified itself. */
  'signature.made': object({ digest: hex(32), request: digest, signature: hex(65) }),
  'medium.destroyed': object({
    kind: literal('token', 'medium', 'card', 'boot', 'paper'),
    method: literal('shredded', 'burnt', 'drilled', 'wiped'),
    number: mark,
  }),
  exception: object({
    by: personId,
    decided: sentence,
    expected: sentence,
    happened: sentence,
    number: integer(1, limits.recordLinesMax),
  }),
  /** `noted`: names that the step chose or counted: signers by lot, sources of randomness. */
  'step.done': object({ confirmed: persons, noted: list(handle, 0, 32) }),
  /** `results`: digest of the results document. */
  'record.closed': object({ exceptions: integer(0, limits.recordLinesMax), results: digest }),
}

export type RecordType = keyof typeof recordBodies
export type RecordBody<T extends RecordType> = Shaped<(typeof recordBodies)[T]>

export function parseRecordType(written: string): RecordType {
  if (Object.hasOwn(recordBodies, written)) return written as RecordType
  return refuse('RECORD', 'line of an unknown type')
}

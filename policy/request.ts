// The signed Intent: strict parse, digest, the initiator's signature. A request is named by its
// intent's digest. Checked here is what needs no policy: forms, and that network, operation,
// contract and address belong together. Whether the initiator may ask is the policy's to say.
import { digestOf } from '../proto/crypto.ts'
import type { RequestId } from '../proto/ids.ts'
import { parsePersonId, parseVaultId } from '../proto/ids.ts'
import { encode, type JsonObject, parse } from '../proto/jcs.ts'
import { limits } from '../proto/limits.ts'
import { refuse } from '../proto/refusal.ts'
import {
  amount,
  digest,
  digestOrNone,
  handle,
  literal,
  objectWith,
  type Reader,
  text,
  time,
  writeTime,
} from '../proto/shape.ts'
import { open, type Signed } from '../proto/signed.ts'
import { tags } from '../proto/tags.ts'
import { isNobody, movesToken, ops, opsOf, parseAddress } from './chain/chains.ts'
import { callTextMax, encodeCall, parseCall } from './chain/evm-call.ts'
import { networkOfDomain, parseMessage } from './chain/evm-message.ts'
import { depositIndex } from './deposit-path.ts'
import {
  envs,
  type Intent,
  isCall,
  isCancel,
  isMessage,
  movesNothing,
  parseNetwork,
  parsePath,
} from './intent.ts'

export interface ReadIntent {
  readonly digest: RequestId
  readonly intent: Intent
}

/** Printable words and single spaces: nobody may push what people read aside with blanks. */
export const lineForm = /^[!-~]+(?: [!-~]+)*$/

const intentShape = objectWith(
  {
    amount,
    asset: handle,
    contract: text(64),
    created: time,
    dest: digestOrNone,
    env: literal(...envs),
    format: literal('custody-intent/v1'),
    id: handle,
    initiator: handle,
    maxFee: amount,
    network: text(41),
    notAfter: time,
    op: literal(...ops),
    org: handle,
    path: text(96),
    purpose: text(128, lineForm),
    to: text(64),
    vault: handle,
  },
  {
    call: text(callTextMax),
    message: text(limits.messageBytesMax),
    cancels: digest,
    toPath: text(96),
  },
)

/** The intent of exact canonical bytes; nothing is said about who signed it. */
export function parseIntent(bytes: Uint8Array): ReadIntent {
  const intent = readIntent(parse(bytes, limits.intentBytesMax), '')
  return { digest: digestOf(tags.intent, bytes), intent }
}

/** Verifies under the initiator's key, then parses; the key comes from the caller's roster. */
export function openIntent(signed: Signed, publicKey: Uint8Array): ReadIntent {
  if (signed.document.length > limits.intentBytesMax) {
    refuse('TOO_LARGE', `intent: expected at most ${limits.intentBytesMax} bytes`)
  }
  const read = { shape: readIntent, refuseWith: 'INTENT_SIG' } as const
  const { digest, value } = open(tags.intent, signed, publicKey, read)
  return { digest, intent: value }
}

/** Canonical bytes, for whoever makes an intent. */
export function encodeIntent(intent: Intent): Uint8Array {
  const written: JsonObject = {
    ...intent,
    format: 'custody-intent/v1',
    amount: intent.amount.toString(),
    maxFee: intent.maxFee.toString(),
    created: writeTime(intent.created),
    notAfter: writeTime(intent.notAfter),
  }
  return encode(written)
}

const readIntent: Reader<Intent> = (value, path) => {
  const { format: _, ...fields } = intentShape(value, path)
  const intent: Intent = {
    ...fields,
    vault: parseVaultId(fields.vault),
    initiator: parsePersonId(fields.initiator),
    network: parseNetwork(fields.network),
  }
  requireConsistent(intent)
  return intent
}

function requireConsistent(intent: Intent): void {
  const { network, op, contract, to } = intent
  parsePath(intent.path)
  const known = opsOf(network)
  if (!Object.values(known).includes(op)) {
    refuse('INVALID_INTENT', `expected an operation of ${network}, got ${op}`)
  }
  parseAddress(network, to, 'to')
  requireContract(intent)
  if (isNobody(network, to)) refuse('INVALID_INTENT', 'expected a recipient, got the zero address')
  if (to === contract) refuse('INVALID_INTENT', 'expected a recipient, got the token itself')
  requireCall(intent)
  requireMessage(intent)
  requireCancel(intent)
  requireToPath(intent)
  requireLife(intent)
}

/** `m` is not written, so one address has one form; no other path takes money. */
function requireToPath({ toPath, dest, op, network }: Intent): void {
  if (toPath === undefined) return
  if (depositIndex(toPath) === undefined) {
    refuse('INVALID_INTENT', 'toPath: expected the path of a deposit address, m/1/INDEX')
  }
  const { native, token } = opsOf(network)
  if (dest !== '' || (op !== native && op !== token)) {
    refuse('INVALID_INTENT', 'toPath: expected of a transfer to an own vault alone')
  }
}

/** Only a call may move nothing, and what moves nothing at all. */
function requireCall({ op, call, amount: moved }: Intent): void {
  if (isCall(op) !== (call !== undefined)) {
    refuse('INVALID_INTENT', `expected a call beside an operation of calls alone, got ${op}`)
  }
  if (call !== undefined) requireRoom(call)
  if (!isCall(op) && !movesNothing(op) && moved === 0n)
    refuse('INVALID_INTENT', 'expected an amount above zero')
}

/** Nothing moves with it and nothing is paid for it; it says itself whom it goes to. */
function requireMessage(intent: Intent): void {
  const { op, message, amount: moved, maxFee, to, dest, network } = intent
  if (isMessage(op) !== (message !== undefined)) {
    refuse('INVALID_INTENT', `expected a message beside an operation of messages alone, got ${op}`)
  }
  if (message === undefined) return
  if (moved !== 0n || maxFee !== 0n) {
    refuse('INVALID_INTENT', `expected no amount and no fee, got ${moved} and ${maxFee}`)
  }
  const read = parseMessage(message)
  if ((read.kind === 'declaration') !== (dest === '')) {
    refuse('INVALID_INTENT', 'expected a record for typed data, and none for a declaration')
  }
  if (read.kind === 'declaration') return
  const { verifyingContract } = read.typed.domain
  const of = networkOfDomain(read.typed.domain)
  if (to !== verifyingContract) {
    refuse('INVALID_INTENT', `to: expected the domain's contract ${verifyingContract}, got ${to}`)
  }
  if (network !== of) {
    refuse('INVALID_INTENT', `expected a message for ${network}, got one for ${of}`)
  }
}

/** It goes to the own address and pays nobody; that the address is own is compared with the key. */
function requireCancel({ op, cancels, amount: moved, dest }: Intent): void {
  if (isCancel(op) !== (cancels !== undefined)) {
    refuse('INVALID_INTENT', `expected a request to cancel beside a cancel alone, got ${op}`)
  }
  if (cancels !== undefined && (moved !== 0n || dest !== '')) {
    refuse('INVALID_INTENT', 'expected a cancel of no amount and without a record')
  }
}

/** Its bytes may be far longer than its text; what no transaction holds is not approved first. */
function requireRoom(call: string): void {
  const { length } = encodeCall(parseCall(call))
  const most = limits.calldataBytesMax
  if (length > most) {
    refuse('INVALID_INTENT', `call: expected at most ${most} bytes of calldata, got ${length}`)
  }
}

/** Bounded, because what was reserved may count until `notAfter`. */
function requireLife({ created, notAfter }: Intent): void {
  if (notAfter <= created) refuse('INVALID_INTENT', 'expected notAfter later than created')
  const most = created + limits.intentLifetimeMsMax
  if (notAfter > most) {
    const because = `expected notAfter by ${writeTime(most)}, got ${writeTime(notAfter)}`
    refuse('INVALID_INTENT', because)
  }
}

function requireContract({ network, op, contract }: Intent): void {
  if (movesToken(op)) {
    parseAddress(network, contract, 'contract')
  } else if (contract !== '') {
    refuse('INVALID_INTENT', `expected no contract beside ${op}`)
  }
}

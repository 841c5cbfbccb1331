// One request ready to be admitted, and a way to change any single thing about it. Signatures,
// digests and lines are made again after every change, so that a refusal is reached by the change
// alone; `after` tampers with what is finished.
import type { Submission } from '../../policy/admit.ts'
import { type Approval, signApproval } from '../../policy/approval.ts'
import { forms } from '../../policy/chain/chain.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import { type EvmTransaction, encodeUnsigned, transferCall } from '../../policy/chain/evm.ts'
import { feeLimitMax } from '../../policy/chain/tron-prices.ts'
import type { Own } from '../../policy/check-lines.ts'
import type { Destination } from '../../policy/destination.ts'
import { destinationDigest, destinationJson } from '../../policy/destination.ts'
import { displayDigest, type Named, render } from '../../policy/display.ts'
import { digestOfText } from '../../policy/document.ts'
import { type Intent, isMessage, movesNothing } from '../../policy/intent.ts'
import type { Evidence } from '../../policy/recipient.ts'
import { encodeIntent, parseIntent } from '../../policy/request.ts'
import { networkOf, parseRulebook, type Rulebook } from '../../policy/rulebook.ts'
import type { AttemptRow, DecisionRow, RequestView } from '../../policy/view.ts'
import { issue, parseWarrant, type Warrant } from '../../policy/warrant.ts'
import { digestOf, plainDigest, sha256, toUtf8 } from '../../proto/crypto.ts'
import {
  type Digest,
  type Handle,
  parseDigest,
  parseHandle,
  parseNodeId,
  parsePersonId,
} from '../../proto/ids.ts'
import { type Json, type JsonObject, text } from '../../proto/jcs.ts'
import { type Signed, sign } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'
import { payout, testKey } from './examples.ts'
import {
  addressOf,
  customerRecord,
  directoryText,
  instant,
  supported,
  vaults,
} from './scene-world.ts'

export const startedAt = instant('2026-12-07T10:30:00Z')
const recordedAt = instant('2026-12-07T10:21:31Z')

/** Everything that a scene is made from; a test changes what it wants to see refused. */
export interface Parts {
  readonly policy: JsonObject
  readonly directory: string
  readonly intent: Intent
  readonly initiator: { readonly key: string; readonly credential: string }
  /** Under this rule it was reserved. */
  readonly rule: string
  readonly record: Destination | undefined
  /** Records of the book `exchange`, which is in force. */
  readonly listed: readonly Destination[]
  /** The name of a key. */
  readonly attestedBy: string
  readonly transaction: Partial<EvmTransaction>
  readonly encode: (transaction: EvmTransaction) => Uint8Array
  /** The unsigned transaction where it is no EVM one. */
  readonly raw: Uint8Array | undefined
  /** Who approves, as what. */
  readonly approvers: readonly (readonly [person: string, role: string])[]
  readonly approval: Partial<Approval>
  readonly warrant: Partial<Warrant>
  readonly attempt: Partial<AttemptRow>
  /** Attempts before this one. */
  readonly before: (first: AttemptRow) => readonly AttemptRow[]
  readonly own: Partial<Own>
  /** Last: on the finished view. */
  readonly after: (view: RequestView) => RequestView
}

const parts: Parts = {
  policy: supported,
  directory: directoryText,
  intent: payout,
  initiator: { key: 'svc-payouts', credential: 'svc-payouts-1' },
  rule: 'payout-large',
  record: customerRecord,
  listed: [],
  attestedBy: 'svc-payouts',
  transaction: {},
  encode: encodeUnsigned,
  raw: undefined,
  approvers: [
    ['ana', 'ops'],
    ['eli', 'treasury'],
  ],
  approval: {},
  warrant: {},
  attempt: {},
  before: () => [],
  own: {},
  after: (view) => view,
}

export interface Scene extends Submission {
  readonly rulebook: Rulebook
  readonly warrantValue: Warrant
  readonly display: Digest
}

export function scene(change: Partial<Parts> = {}): Scene {
  const the: Parts = { ...parts, ...change }
  const policyText = text(the.policy)
  const rulebook = parseRulebook(policyText)
  const bookText = text(bookJson(the.listed))
  const digests = {
    policy: rulebook.digest,
    directory: digestOfText(tags.directory, the.directory),
    book: digestOfText(tags.book, bookText),
  }
  const intentBytes = encodeIntent(the.intent)
  const { digest: intentDigest } = parseIntent(intentBytes)
  const named = nameOf(the)
  const display = displayDigest(renderOr(the, rulebook, named))
  const approvals = the.approvers.map(([person, role]) =>
    approve({ person, role, intentDigest, display, digests, the }),
  )
  const unsigned = { ...build(the.raw === undefined ? the.intent : payout), ...the.transaction }
  const bytes = the.raw ?? the.encode(unsigned)
  const warrantValue: Warrant = {
    org: the.intent.org,
    env: the.intent.env,
    intent: sign(
      tags.intent,
      intentBytes,
      parseHandle(the.initiator.credential),
      testKey(the.initiator.key).sign,
    ),
    bytes,
    approvals: approvals.map(({ signed }) => signed),
    ruleset,
    dest: evidenceOf(the),
    heads: [],
    replaces: '',
    ...the.warrant,
  }
  const warrant = issue(warrantValue)
  const attempt = attemptRow(warrant, unsigned, the)
  const documents = new Map([
    [digests.policy, policyText],
    [digests.directory, the.directory],
    [digests.book, bookText],
  ])
  const view = the.after({
    ...rowsOf({ the, intentDigest, digests, rulebook, class: named.class }),
    decisions: approvals.map(({ approval, digest }, index) => decisionOf(approval, digest, index)),
    attempts: [...the.before({ ...attempt, attempt: 1, state: 'aborted' }), attempt],
    frozen: [],
    ceremony: undefined,
    vaults,
    shown: vaults.map(({ vault }) => vault),
    documents,
  })
  const own: Own = {
    view,
    clockMs: startedAt + 400,
    frozenLocally: false,
    witnessedAt: (seq) => view.decisions.find((row) => row.seq === seq)?.t ?? activatedAt,
    ...the.own,
  }
  return { warrant, attempt: attempt.attempt, own, rulebook, warrantValue, display }
}

interface Digests {
  readonly policy: Digest
  readonly directory: Digest
  readonly book: Digest
}

/** The rows of the created and the reserved line, and of the ruleset. */
function rowsOf({
  the: { intent, initiator, rule },
  intentDigest,
  digests,
  rulebook,
  class: dest,
}: {
  readonly the: Parts
  readonly intentDigest: Digest
  readonly digests: Digests
  readonly rulebook: Rulebook
  readonly class: Handle
}): Pick<RequestView, 'intent' | 'reservation' | 'ruleset'> {
  const { id, op, vault, notAfter, path, network, asset, amount, to, maxFee: feeMax } = intent
  const shared = { intent: intentDigest, op, vault, initiator: intent.initiator }
  const { policy, directory, book } = digests
  const isTron = network.startsWith('tron:')
  return {
    intent: {
      ...shared,
      seq: 20,
      t: intent.created + 120,
      id,
      credential: parseHandle(initiator.credential),
      notAfter,
      state: 'SIGNING',
      rule: parseHandle(rule),
      attempts: 1,
    },
    reservation: {
      ...shared,
      seq: 30,
      t: startedAt - 1_000,
      path,
      network,
      asset,
      amount,
      feeMax,
      to,
      dest,
      rule: parseHandle(rule),
      policy,
      directory,
      slot: isTron || isMessage(op) ? '' : '7',
      ...(intent.cancels && { cancelling: { request: intent.cancels, ...taken } }),
      limits: rulebook.limits.map((limit) => ({ id: limit.id, used: 0n })),
      duplicateOf: '',
    },
    ruleset: {
      digest: ruleset,
      root: parseDigest('aa'.repeat(32)),
      policy,
      directory,
      books: [{ seq: 4, t: activatedAt, name: parseHandle('exchange'), digest: book }],
    },
  }
}

/** What a cancel lies above. */
const taken = { before: '', price: 10_000_000_000n, tip: 500_000_000n } as const

function decisionOf(approval: Approval, digest: Digest, index: number): DecisionRow {
  const { intent, person, rule } = approval
  const line = { seq: 22 + index, t: recordedAt }
  return { ...line, intent, person, decision: 'approve', approval: digest, rule }
}

export const activatedAt = instant('2026-12-01T00:00:00Z')
const ruleset = parseDigest('bb'.repeat(32))

function bookJson(records: readonly Destination[]): JsonObject {
  return {
    format: 'custody-book/v1',
    org: payout.org,
    env: 'prod',
    name: 'exchange',
    version: 1,
    previous: '',
    records: records.map(destinationJson),
  }
}

/** The intent's own transaction, nonce 7, at fees far below its bound. */
export function build(intent: Intent): EvmTransaction {
  const native = intent.contract === ''
  return {
    chainId: 1n,
    nonce: 7n,
    tip: 1_000_000_000n,
    price: 20_000_000_000n,
    gasLimit: native ? 21_000n : 90_000n,
    to: native ? intent.to : intent.contract,
    value: native ? intent.amount : 0n,
    calldata: native ? new Uint8Array(0) : transferCall(intent.to, intent.amount),
  }
}

/** A document with some of its fields changed, at any depth; lists are replaced whole. */
export function patched(document: JsonObject, change: JsonObject): JsonObject {
  const isObject = (value: Json | undefined): value is JsonObject =>
    typeof value === 'object' && !Array.isArray(value)
  const fields = Object.entries(change).map(([key, value]) => {
    const before = document[key]
    return [key, isObject(value) && isObject(before) ? patched(before, value) : value] as const
  })
  return { ...document, ...Object.fromEntries(fields) }
}

export function toRecord(record: Destination, intent: Partial<Intent> = {}): Intent {
  return { ...payout, ...intent, to: record.address, dest: destinationDigest(record) }
}

function nameOf({ record, intent }: Parts): Named {
  if (record !== undefined) return { class: record.book, label: record.label }
  const { to, toPath } = intent
  const path = movesNothing(intent.op) ? intent.path : toPath
  const own = vaults.find(({ vault }) => addressOf(vault, path) === to)
  const label = own?.vault ?? 'nobody'
  const shown = toPath === undefined ? label : `${label} ${toPath}`
  return { class: parseHandle(label.split('-')[0]!), label: shown }
}

/** A scene that renders nothing still has a digest: nobody approves it. */
function renderOr({ intent, rule }: Parts, rulebook: Rulebook, named: Named): string {
  const known = rulebook.rules.some(({ id }) => id === rule)
  return known ? render(intent, rulebook, parseHandle(rule), named) : ''
}

function evidenceOf({ record, listed, attestedBy }: Parts): Evidence {
  if (record === undefined) return { kind: 'vault' }
  const document = toUtf8(text(destinationJson(record)))
  const digest = destinationDigest(record)
  if (listed.some((item) => destinationDigest(item) === digest)) {
    return { kind: 'book', record: text(destinationJson(record)) }
  }
  const signer = testKey(attestedBy)
  const signed = sign(tags.dest, document, parseHandle(`${attestedBy}-1`), signer.sign)
  return { kind: 'attested', record: signed }
}

interface Approving {
  readonly person: string
  readonly role: string
  readonly intentDigest: Digest
  readonly display: Digest
  readonly digests: Digests
  readonly the: Parts
}

function approve({ person, role, intentDigest, display, digests, the }: Approving): {
  readonly signed: Signed
  readonly approval: Approval
  readonly digest: Digest
} {
  const approval: Approval = {
    org: payout.org,
    env: 'prod',
    decision: 'approve',
    intent: intentDigest,
    policy: digests.policy,
    directory: digests.directory,
    rule: parseHandle(the.rule),
    as: parseHandle(role),
    person: parsePersonId(person),
    credential: parseHandle(`${person}-1`),
    display,
    issued: instant('2026-12-07T10:21:30Z'),
    expires: instant('2026-12-07T12:21:30Z'),
    nonce: sha256(toUtf8(`nonce/${person}`)).slice(0, 16),
    ...the.approval,
  }
  const signed = signApproval(approval, testKey(person).sign)
  return { signed, approval, digest: digestOf(tags.approval, toUtf8(signed.document)) }
}

function attemptRow(warrant: Uint8Array, built: EvmTransaction, the: Parts): AttemptRow {
  const { digest, warrant: read } = parseWarrant(warrant)
  return {
    seq: 31,
    t: startedAt,
    intent: digestOf(tags.intent, toUtf8(read.intent.document)),
    attempt: 1,
    warrant: digest,
    bytes: plainDigest(read.bytes),
    digest: chainOf('eip155:1').digest(read.bytes),
    epoch: 1,
    fee: { max: built.gasLimit * built.price, price: built.price, tip: built.tip },
    participants: [parseNodeId('signer-a'), parseNodeId('signer-c')],
    replaces: read.replaces,
    slot: built.nonce.toString(),
    until: 0,
    ruleset: read.ruleset,
    state: 'open',
    ...(the.raw === undefined ? {} : rawLine(the.raw, the)),
    ...the.attempt,
  }
}

/** What the attempt line says of other bytes, whether or not they are lawful. */
function rawLine(raw: Uint8Array, { intent, policy }: Parts): Partial<AttemptRow> {
  const { message, vault } = intent
  const chain = chainOf(message === undefined ? 'tron:0x2b6653dc' : 'eip155:1')
  const said = networkOf(parseRulebook(text(policy)), vault)?.prices
  const prices = said && { ...said, feeLimit: feeLimitMax }
  const accepts = { forms, message: message !== undefined && raw[0] === 0x19, prices }
  const { digest, fee, slot, until } = chain.decode(raw, accepts)
  return { digest, fee, slot, until: until ?? 0 }
}

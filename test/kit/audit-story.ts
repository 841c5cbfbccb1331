// A whole log with real documents: payouts from the signed intent to the settled transaction, every
// blob beside it, heads that were kept. What `verify` says OK to, and what tests then break.
import { type Approval, signApproval } from '../../policy/approval.ts'
import { historyFacts } from '../../policy/audit/history.ts'
import { rootOf } from '../../policy/audit/merkle.ts'
import { readSync } from '../../policy/audit/rows.ts'
import { resultOf } from '../../policy/audit/standing.ts'
import { parseBook, recordOf } from '../../policy/book.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import { encodeUnsigned, transferCall } from '../../policy/chain/evm.ts'
import { parseSignature } from '../../policy/chain/signature.ts'
import { destinationDigest, destinationJson } from '../../policy/destination.ts'
import { displayDigest, render } from '../../policy/display.ts'
import { digestOfText } from '../../policy/document.ts'
import { evaluate } from '../../policy/evaluate.ts'
import { type Facts, factsText } from '../../policy/facts.ts'
import type { Intent } from '../../policy/intent.ts'
import { encodeIntent } from '../../policy/request.ts'
import { parseRoster } from '../../policy/roster.ts'
import { trustText } from '../../policy/trust.ts'
import { traceDigest } from '../../policy/verdict.ts'
import { issue } from '../../policy/warrant.ts'
import { plainDigest, sha256, toHex, toUtf8 } from '../../proto/crypto.ts'
import {
  type Digest,
  parseHandle,
  parseNodeId,
  parsePersonId,
  parseVaultId,
} from '../../proto/ids.ts'
import { type JsonObject, text } from '../../proto/jcs.ts'
import { kinds, signBy } from '../../proto/node-documents.ts'
import { writeTime } from '../../proto/shape.ts'
import { type Signed, sign } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'
import * as house from './audit-documents.ts'
import { signature } from './audit-log.ts'
import { rulebook, Story } from './story.ts'

export const roster = parseRoster(house.directoryText)
const record = recordOf(parseBook(house.bookText), 'eip155:31337', house.customer)!
const token = rulebook.assets.get(parseHandle('usdt-eth'))!.contract

export const trust = trustText({
  root: house.rootDigest,
  log: { origin: parseHandle(house.origin), vkey: house.log },
  witnesses: house.witnesses,
  q: 2,
})

/** Body of a `share.receipt` line. */
export interface Released {
  readonly counter: number
  readonly node: string
  readonly receipt: Digest
}

/** One payout, and every step that it takes through the log. */
export class Payout {
  readonly story: Story
  readonly intent: Intent
  readonly signed: Signed
  readonly digest: Digest
  readonly rule: string
  readonly approvals: Signed[] = []
  #receipts: readonly Released[] | undefined
  nonce = 0n

  constructor(story: Story, name: string, whole: number) {
    const { t } = story.log
    this.story = story
    this.rule = whole > 100 ? 'payout-mid' : 'payout-auto'
    this.intent = {
      org: parseHandle(house.org),
      env: 'dev',
      id: parseHandle(name),
      created: t,
      notAfter: t + story.laws.lifeMs,
      vault: parseVaultId(story.laws.vault),
      path: 'm',
      network: 'eip155:31337',
      op: 'erc20.transfer',
      asset: parseHandle('usdt-eth'),
      contract: token,
      to: house.customer,
      dest: destinationDigest(record),
      amount: BigInt(whole) * 1_000_000n,
      maxFee: 10n ** 16n,
      purpose: `withdrawal/${name}`,
      initiator: parsePersonId('svc-payouts'),
    }
    const credential = parseHandle('svc-payouts-1')
    const key = house.keyOf('svc-payouts').sign
    this.signed = sign(tags.intent, encodeIntent(this.intent), credential, key)
    this.digest = story.keepSigned('intent', this.signed)
  }

  created(): this {
    const { id, initiator, notAfter, op, vault } = this.intent
    this.story.log.add('intent.created', {
      credential: this.signed.credential,
      id,
      initiator,
      intent: this.digest,
      notAfter: writeTime(notAfter),
      op,
      vault,
    })
    return this
  }

  evaluated(): this {
    this.story.log.add('intent.evaluated', this.evaluation())
    return this
  }

  evaluation(): JsonObject {
    const { log } = this.story
    const { intent } = this
    const { vault, asset, amount, to } = intent
    const payment = { vault, asset, amount, to, dest: parseHandle('customer') }
    const { status, activeFrom } = record
    const { rulebook: rules } = this.story.laws
    const facts: Facts = {
      at: log.t,
      intent,
      destination: {
        kind: 'record',
        class: parseHandle('customer'),
        status,
        activeFrom,
        activatedAt: undefined,
      },
      nativeBeside: 0n,
      feeMax: intent.maxFee,
      history: readSync(historyFacts(rules, payment, log.t), log.rows),
      approvals: this.approvals.map(({ credential }) => ({
        person: parsePersonId(credential.replace(/-1$/, '')),
        role: parseHandle('ops'),
        witnessedAt: undefined,
      })),
      rejected: false,
    }
    const verdict = evaluate(facts, rules, parseRoster(this.story.laws.directory))
    this.story.keep('trace', toUtf8(verdict.trace))
    return {
      engine: 1,
      facts: this.story.keep('facts', toUtf8(factsText(facts))),
      intent: this.digest,
      policy: this.story.laws.rulebook.digest,
      result: resultOf(verdict),
      rule: verdict.rule,
      trace: traceDigest(verdict),
    }
  }

  approved(person: string): this {
    const { log, laws } = this.story
    const named = { class: parseHandle('customer'), label: record.label }
    const approval: Approval = {
      org: this.intent.org,
      env: 'dev',
      decision: 'approve',
      intent: this.digest,
      policy: this.story.laws.rulebook.digest,
      directory: digestOfText(tags.directory, laws.directory),
      rule: parseHandle(this.rule),
      as: parseHandle('ops'),
      person: parsePersonId(person),
      credential: parseHandle(`${person}-1`),
      display: displayDigest(render(this.intent, laws.rulebook, parseHandle(this.rule), named)),
      issued: log.t,
      expires: log.t + 3_600_000,
      nonce: sha256(toUtf8(`nonce ${person}`)).slice(0, 16),
    }
    const signed = signApproval(approval, house.keyOf(person).sign)
    this.approvals.push(signed)
    const digest = this.story.keepSigned('approval', signed)
    const body = { approval: digest, intent: this.digest, person, rule: this.rule }
    log.add('approval.recorded', body)
    return this
  }

  reserved(): this {
    this.story.log.add('spend.reserved', this.reservation())
    return this
  }

  reservation(): JsonObject {
    const { vault, path, network, asset, amount, to, maxFee, op, initiator } = this.intent
    return {
      ...{ vault, path, network, asset, to, op, initiator },
      amount: `${amount}`,
      dest: 'customer',
      feeMax: `${maxFee}`,
      intent: this.digest,
      policy: this.story.laws.rulebook.digest,
      rule: this.rule,
      slot: `${this.nonce}`,
    }
  }

  /** The unsigned transaction, one unit more expensive for each attempt after the first. */
  bytes(): Uint8Array {
    return encodeUnsigned({
      chainId: 31337n,
      nonce: this.nonce,
      tip: 1_000_000_000n,
      price: 20_000_000_000n,
      gasLimit: 90_000n,
      to: token,
      value: 0n,
      calldata: transferCall(this.intent.to, this.intent.amount),
    })
  }

  warrant(): Uint8Array {
    return issue({
      org: this.intent.org,
      env: 'dev',
      intent: this.signed,
      bytes: this.bytes(),
      approvals: this.approvals,
      ruleset: this.story.laws.ruleset,
      dest: { kind: 'book', record: text(destinationJson(record)) },
      heads: [],
      replaces: '',
    })
  }

  attempt(number = 1): JsonObject {
    const bytes = this.bytes()
    const { fee, digest } = chainOf('eip155:31337').decode(bytes)
    return {
      attempt: number,
      bytes: plainDigest(bytes),
      digest: toHex(digest),
      epoch: 1,
      fee: { max: `${fee.max}`, price: `${fee.price}`, tip: `${fee.tip}` },
      intent: this.digest,
      participants: [...this.story.laws.called],
      replaces: '',
      slot: `${this.nonce}`,
      until: '',
      warrant: this.story.keep('warrant', this.warrant()),
    }
  }

  started(): this {
    this.story.log.add('session.started', this.attempt())
    return this
  }

  completion(): JsonObject {
    const bytes = this.bytes()
    const chain = chainOf('eip155:31337')
    const written = signature(this.story.laws.vault, toHex(chain.digest(bytes)))
    const parsed = parseSignature(Uint8Array.from(Buffer.from(written, 'hex')))
    return {
      attempt: 1,
      intent: this.digest,
      receipts: this.receipts().map(({ receipt }) => receipt),
      sid: this.sid,
      signature: written,
      txid: chain.attach(bytes, parsed).txid,
      warrant: this.story.keep('warrant', this.warrant()),
    }
  }

  get sid(): Digest {
    return plainDigest(toUtf8(`sid ${this.intent.id}`))
  }

  /** What the two nodes sign when they let their shares go, once. */
  receipts(): readonly Released[] {
    this.#receipts ??= ['node-a', 'node-b'].map((node) => this.receipt(node))
    return this.#receipts
  }

  receipt(node: string, change: JsonObject = {}): Released {
    const { story } = this
    const counter = story.nextCounter(node)
    const { size, frontier } = story.log.head
    const document: JsonObject = {
      format: 'custody-share-receipt/v1',
      org: house.org,
      env: house.env,
      node,
      counter,
      previous: '',
      sid: this.sid,
      intent: this.digest,
      attempt: 1,
      warrant: story.keep('warrant', this.warrant()),
      digest: toHex(chainOf('eip155:31337').digest(this.bytes())),
      size,
      root: toHex(rootOf(frontier)),
      ...change,
    }
    const by = { node: parseNodeId(node), sign: house.keyOf(`${node}-identity`).sign }
    const receipt = story.keepSigned('shareReceipt', signBy(kinds.receipt, document, by))
    return { counter, node, receipt }
  }

  completed(): this {
    this.story.log.add('sign.completed', this.completion())
    for (const released of this.receipts()) this.story.log.add('share.receipt', { ...released })
    return this
  }

  settled(): this {
    const { txid } = this.completion() as { txid: string }
    this.story.log
      .add('tx.broadcast', { intent: this.digest, txid })
      .wait(12)
      .add('tx.settled', { height: '7', intent: this.digest, txid })
    return this
  }
}

/** Two payouts, one without people and one with, both settled; a quiet line at the end. */
export function goodStory(): Story {
  const story = new Story()
  story.log.wait(60)
  new Payout(story, 'small', 50).created().evaluated().reserved().started().completed().settled()
  story.keepHead()
  story.log.wait(60)
  const large = new Payout(story, 'large', 400)
  large.nonce = 1n
  large.created().evaluated()
  story.log.wait(30)
  large.approved('bo').evaluated().reserved().started().completed()
  story.keepHead()
  large.settled()
  story.log.wait(30).add('log.heartbeat', {})
  return story
}

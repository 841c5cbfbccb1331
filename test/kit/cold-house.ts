// The log of cold vaults for a table of any size: n stations of which t sign, three light witnesses
// that cosign it, real orders and real warrants, so that stations judge them as they would anywhere.
// Online is here what the coordinator does between two sittings: plan, reserve, call, import.

import {
  checkpointBody,
  cosignCheckpoint,
  formatNote,
  signCheckpoint,
} from '../../policy/audit/checkpoint.ts'
import { rulesetDigest } from '../../policy/audit/fold-governance.ts'
import { historyFacts, requestView } from '../../policy/audit/history.ts'
import { rootOf } from '../../policy/audit/merkle.ts'
import { readSync } from '../../policy/audit/rows.ts'
import { resultOf } from '../../policy/audit/standing.ts'
import { get, tables } from '../../policy/audit/tables.ts'
import { parseBook, recordOf } from '../../policy/book.ts'
import type { BundleIn, Page } from '../../policy/ceremony/bundle-in.ts'
import { encodePlan, parsePlan, type ReadPlan } from '../../policy/ceremony/plan.ts'
import { termsOfPlan } from '../../policy/ceremony/planned.ts'
import type { WrittenResults } from '../../policy/ceremony/results.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import { encodeUnsigned, transferCall } from '../../policy/chain/evm.ts'
import type { Change, ChangeOf } from '../../policy/change.ts'
import { destinationDigest, destinationJson } from '../../policy/destination.ts'
import { parseRoot, type Root } from '../../policy/documents.ts'
import { evaluate } from '../../policy/evaluate.ts'
import type { Facts } from '../../policy/facts.ts'
import type { Intent } from '../../policy/intent.ts'
import { encodeIntent, parseIntent } from '../../policy/request.ts'
import { parseRoster } from '../../policy/roster.ts'
import { parseRulebook } from '../../policy/rulebook.ts'
import type { VaultRow } from '../../policy/view.ts'
import { issue } from '../../policy/warrant.ts'
import { digestOf, fromUtf8, plainDigest, toHex, toUtf8 } from '../../proto/crypto.ts'
import {
  type Digest,
  parseDigest,
  parseHandle,
  parseNodeId,
  parsePersonId,
  parseVaultId,
} from '../../proto/ids.ts'
import { type JsonObject, text } from '../../proto/jcs.ts'
import { writeTime } from '../../proto/shape.ts'
import { sign } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'
import type { DealOrder, SignOrder } from '../../signer-node/ceremony/hub-orders.ts'
import * as house from './audit-documents.ts'
import { digestNamed, genesisBody, TestLog } from './audit-log.ts'
import { Asked, asks, type Options } from './change-log.ts'
import { lights, planFor, rootJson, policy as smallPolicy } from './cold-log.ts'
import { plannedStation } from './planned.ts'
import { nodeJson, witnessOf } from './succession.ts'

const hour = 3_600_000
const letters = 'abcdefghijklmnop'
const record = recordOf(parseBook(house.bookText), 'eip155:31337', house.customer)!
const roster = parseRoster(house.directoryText)
export const vault = parseVaultId('cold-eth')

/** What a room is given for a request, and what the Hub is asked. */
export interface Sat {
  readonly bundle: BundleIn
  readonly request: Digest
}

export class ColdHouse {
  readonly names: readonly string[]
  readonly t: number
  readonly root: Root
  readonly log: TestLog
  readonly laws: NonNullable<Options['laws']>
  #plans = 0
  /** Of the last sitting. */
  #plan: (ReadPlan & { readonly bytes: Uint8Array }) | undefined
  #payments = 0
  #tries = 0

  constructor(n: number, t: number) {
    this.t = t
    this.names = [...letters.slice(0, n)].map((letter) => `node-${letter}`)
    const quorumCrypto = { n, t, f: t - 1 }
    // A release waits for its room.
    const policyText = text({ ...smallPolicy, quorumCrypto }).replaceAll(
      '"ttl":"2h"',
      '"ttl":"72h"',
    )
    const rulebook = parseRulebook(policyText)
    const genesis = { ...(rootJson['genesis'] as JsonObject), policy: rulebook.digest }
    const nodes = this.names.map((name, at) => nodeJson(name, at + 1))
    const rootText = text({ ...rootJson, genesis, nodes, quorumCrypto })
    this.root = parseRoot(rootText)
    const book = { name: parseHandle('customer'), digest: house.bookDigest, seq: 0, t: 0 }
    const directory = house.directoryDigest
    const made = (policy: Digest | '', roll: Digest | '', books: (typeof book)[]) =>
      rulesetDigest(this.root, { root: this.root.digest, policy, directory: roll, books })
    const policy = rulebook.digest
    this.laws = { rulebook, ruleset: made(policy, directory, [book]) }
    const named = { change: this.root.digest, version: 1 }
    this.log = new TestLog(this.root.digest)
      .add('log.genesis', genesisBody)
      .add('root.activated', { root: this.root.digest, ruleset: made('', '', []), version: 1 }, [
        rootText,
      ])
      .add('policy.activated', { ...named, policy, ruleset: made(policy, '', []) }, [policyText])
      .add('directory.activated', { ...named, directory, ruleset: made(policy, directory, []) }, [
        house.directoryText,
      ])
      .add(
        'book.activated',
        { ...named, book: house.bookDigest, name: 'customer', ruleset: this.laws.ruleset },
        [house.bookText],
      )
  }

  get plan(): ReadPlan & { readonly bytes: Uint8Array } {
    if (this.#plan === undefined) throw new Error('nothing was planned')
    return this.#plan
  }

  /** The stations of these places. */
  some(...xs: readonly number[]): readonly string[] {
    return xs.map((x) => this.names[x - 1] ?? '')
  }

  row(): VaultRow {
    const row = readSync(get(tables.vault, vault), this.log.rows)
    if (row === undefined) throw new Error('no key')
    return row
  }

  /** A first key, or other shares of it, asked for, allowed and planned; the clock is in the room. */
  keySitting(
    kind: 'genesis' | 'reshare',
    change?: Partial<Change>,
  ): Sat & { readonly deal: DealOrder } {
    this.#tries += 1
    const id = parseHandle(`key-${this.#tries}`)
    const { t } = this.log
    const base = kind === 'genesis' ? asks.create : asks.refresh
    const row = kind === 'genesis' ? undefined : this.row()
    const terms = row === undefined ? {} : { terms: { epoch: row.epoch, keyState: row.keyState } }
    const window = { created: t, notAfter: t + 400 * hour }
    const asked = this.#allowed({ ...base, ...window, vault, id, ...terms, ...change } as Change)
    const sat = this.#sitting(kind, asked.digest)
    const deal: DealOrder = {
      line: kind === 'genesis' ? 'key.created' : 'key.refreshed',
      change: asked.digest,
      order: asked.order,
      orderDigest: asked.carried.order,
      from: row?.epoch ?? 0,
      epoch: (row?.epoch ?? 0) + 1,
      attempt: 1,
      nodes: this.names,
      holders: this.names,
    }
    return { ...sat, deal: { ...deal } }
  }

  /** A payment that people need not approve, reserved and planned; every station is called. */
  signSitting(): Sat & { readonly order: SignOrder } {
    this.#payments += 1
    const payout = this.#payout(this.#payments)
    const { warrant } = payout
    let seq = 0
    const sat = this.#sitting('sign', payout.intent, () => {
      seq = this.log.head.size
      this.log.add('session.started', payout.attempt)
    })
    const { publicKey, chainCode } = this.row()
    const key = { publicKey, chainCode }
    const signers = this.names.slice(0, this.t)
    return { ...sat, order: { attempt: 1, seq, warrant, key, signers } }
  }

  /** What came of a sitting becomes lines, and the ceremony is over. */
  imported(lines: WrittenResults['lines'], documents: readonly string[] = []): this {
    this.log.wait(60)
    for (const { type, body } of lines) {
      this.log.add(type, body, documents)
    }
    return this.concluded()
  }

  concluded(): this {
    const plan = this.plan.digest
    this.log.add('ceremony.concluded', {
      plan,
      record: { size: 41, root: digestNamed(`record ${this.#plans}`) },
      statements: digestNamed('statements'),
      exceptions: 0,
      results: digestNamed('results'),
    })
    return this
  }

  /** The whole log, cosigned by these light witnesses. */
  bundle(cosigners: readonly string[] = lights): BundleIn {
    const page: Page = {
      from: 0,
      lines: [...this.log.lines],
      documents: [...this.log.enclosures],
      checkpoint: toUtf8(this.#note([])),
    }
    return {
      plan: this.plan,
      pages: [page],
      head: toUtf8(this.#note(cosigners)),
      heads: [],
      warrants: [],
    }
  }

  #note(cosigners: readonly string[]): string {
    const { size, frontier } = this.log.head
    const body = checkpointBody({ origin: house.origin, size, root: rootOf(frontier) })
    const at = this.log.t + 1_000
    return formatNote(body, [
      signCheckpoint(body, house.log, house.keyOf('log').sign),
      ...cosigners.map((name) =>
        cosignCheckpoint(body, witnessOf(name), at, house.keyOf(`${name}-witness`).sign),
      ),
    ])
  }

  /** A case that failed leaves its ceremony open: the next one is not about that. */
  giveUp(): void {
    const plan = this.plan.digest
    const row = readSync(get(tables.ceremony, plan), this.log.rows)
    if (row?.state !== 'planned' && row?.state !== 'exported') return
    const record = { size: 0, root: '' }
    this.log.add('ceremony.aborted', { plan, reason: 'COORDINATOR', record })
  }

  /** Planned for two hours' time, exported, and these are over. */
  #sitting(
    kind: 'genesis' | 'sign' | 'reshare',
    request: Digest,
    planned: () => void = () => {},
  ): Sat {
    this.#plans += 1
    const name = `sitting ${this.#plans}`
    const { t } = this.log
    const stations = this.names.map((node, at) => {
      return plannedStation(at + 1, { node: parseNodeId(node) })
    })
    const under = { root: this.root.digest, t: this.t, stations }
    const window = { from: t + 2 * hour, until: t + 48 * hour }
    const tBefore = kind === 'reshare' ? { tBefore: this.t } : {}
    const plan = { ...under, ...window, ...tBefore }
    const bytes = encodePlan(planFor(this.log, name, { kind, requests: [request], plan }))
    const read = parsePlan(bytes)
    this.#plan = { ...read, bytes }
    const terms = termsOfPlan(read)
    const change = {
      ...asks.create,
      id: parseHandle(`plan-${this.#plans}`),
      created: t,
      notAfter: t + 47 * hour,
      op: 'ceremony.plan',
      vault: parseVaultId('all'),
      terms,
    } as ChangeOf<'ceremony.plan'>
    const asked = new Asked(this.log, change, {
      laws: this.laws,
      approval: { expires: change.notAfter },
    })
    asked.record().approve().ripen()
    const written = { from: writeTime(terms.from), until: writeTime(terms.until) }
    const lists = { vaults: [...terms.vaults], requests: [...terms.requests] }
    const body = { ...asked.carried, ...terms, ...lists, ...written }
    this.log.add('ceremony.planned', body, [asked.orderText, fromUtf8(bytes) ?? ''])
    planned()
    const bundle = this.bundle()
    this.log.add('ceremony.exported', { plan: terms.plan, bundle: digestNamed(name) })
    this.log.wait(2 * 3_600)
    return { bundle, request }
  }

  #allowed(change: Change): Asked {
    // The heads prove when the request was seen: the delay begins there.
    const order: { heads: readonly string[] } = { heads: [] }
    const approval = { expires: change.notAfter }
    const asked = new Asked(this.log, change, { laws: this.laws, approval, order })
    asked.record().approve()
    order.heads = [this.#note(lights)]
    asked.ripen()
    const { rulebook } = this.laws
    this.log.add('intent.evaluated', {
      engine: 1,
      facts: digestNamed('facts'),
      intent: asked.digest,
      policy: rulebook.digest,
      result: 'allow',
      rule: asked.rule,
      trace: digestNamed('trace'),
    })
    return asked
  }

  #payout(whole: number): {
    readonly intent: Digest
    readonly warrant: Uint8Array
    readonly attempt: JsonObject
  } {
    const { log, laws } = this
    const { rulebook, ruleset } = laws
    const { t } = log
    const asset = parseHandle('usdt-eth')
    const token = rulebook.assets.get(asset)!.contract
    const intent: Intent = {
      org: parseHandle(house.org),
      env: 'dev',
      id: parseHandle(`payout-${whole}`),
      created: t,
      notAfter: t + 400 * hour,
      vault,
      path: 'm',
      network: 'eip155:31337',
      op: 'erc20.transfer',
      asset,
      contract: token,
      to: house.customer,
      dest: destinationDigest(record),
      amount: BigInt(whole) * 1_000_000n,
      maxFee: 10n ** 16n,
      purpose: `release ${whole}`,
      initiator: parsePersonId('svc-payouts'),
    }
    const bytes = encodeIntent(intent)
    const signed = sign(
      tags.intent,
      bytes,
      parseHandle('svc-payouts-1'),
      house.keyOf('svc-payouts').sign,
    )
    const { digest } = parseIntent(bytes)
    const { id, initiator, op } = intent
    const named = { credential: signed.credential, id, initiator, intent: digest, op, vault }
    log.add('intent.created', { ...named, notAfter: writeTime(intent.notAfter) })
    const rule = this.#judged(digest, intent)
    const slot = `${whole - 1}`
    log.add('spend.reserved', {
      ...{
        vault,
        path: 'm',
        network: intent.network,
        asset,
        to: intent.to,
        op,
        initiator,
        slot,
        rule,
      },
      amount: `${intent.amount}`,
      dest: 'customer',
      feeMax: `${intent.maxFee}`,
      intent: digest,
      policy: rulebook.digest,
    })
    const unsigned = encodeUnsigned({
      chainId: 31_337n,
      nonce: BigInt(whole - 1),
      tip: 1_000_000_000n,
      price: 20_000_000_000n,
      gasLimit: 90_000n,
      to: token,
      value: 0n,
      calldata: transferCall(intent.to, intent.amount),
    })
    const warrant = issue({
      org: intent.org,
      env: 'dev',
      intent: signed,
      bytes: unsigned,
      approvals: [],
      ruleset,
      dest: { kind: 'book', record: text(destinationJson(record)) },
      heads: [],
      replaces: '',
    })
    const { fee, digest: sighash } = chainOf(intent.network).decode(unsigned)
    const attempt = {
      attempt: 1,
      bytes: plainDigest(unsigned),
      digest: toHex(sighash),
      epoch: this.row().epoch,
      fee: { max: `${fee.max}`, price: `${fee.price}`, tip: `${fee.tip}` },
      intent: digest,
      participants: [...this.names],
      replaces: '',
      slot,
      until: '',
      warrant: parseDigest(warrantDigest(warrant)),
    }
    return { intent: digest, warrant, attempt }
  }

  #judged(digest: Digest, intent: Intent): string {
    const { log, laws } = this
    const { rulebook } = laws
    const dest = parseHandle('customer')
    const { asset, amount, to } = intent
    const { status, activeFrom } = record
    const facts: Facts = {
      at: log.t,
      intent,
      destination: { kind: 'record', class: dest, status, activeFrom, activatedAt: undefined },
      nativeBeside: 0n,
      feeMax: intent.maxFee,
      history: readSync(
        historyFacts(rulebook, { vault, asset, amount, to, dest }, log.t),
        log.rows,
      ),
      approvals: [],
      rejected: false,
    }
    const verdict = evaluate(facts, rulebook, roster)
    log.add('intent.evaluated', {
      engine: 1,
      facts: digestNamed('facts'),
      intent: digest,
      policy: rulebook.digest,
      result: resultOf(verdict),
      rule: verdict.rule,
      trace: digestNamed('trace'),
    })
    return verdict.rule
  }

  view(request: Digest) {
    return readSync(requestView(request), this.log.rows)
  }
}

const warrantDigest = (warrant: Uint8Array): string => digestOf(tags.warrant, warrant)

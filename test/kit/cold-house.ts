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
import { requestView } from '../../policy/audit/history.ts'
import { rootOf } from '../../policy/audit/merkle.ts'
import { readSync } from '../../policy/audit/rows.ts'
import { get, tables } from '../../policy/audit/tables.ts'
import type { BundleIn, Page } from '../../policy/ceremony/bundle-in.ts'
import { encodePlan, parsePlan, type ReadPlan } from '../../policy/ceremony/plan.ts'
import { termsOfPlan } from '../../policy/ceremony/planned.ts'
import type { WrittenResults } from '../../policy/ceremony/results.ts'
import type { Change, ChangeOf } from '../../policy/change.ts'
import { parseRoot, type Root } from '../../policy/documents.ts'
import { parseRulebook } from '../../policy/rulebook.ts'
import type { VaultRow } from '../../policy/view.ts'
import { fromUtf8, toUtf8 } from '../../proto/crypto.ts'
import { type Digest, parseHandle, parseNodeId, parseVaultId } from '../../proto/ids.ts'
import { type JsonObject, text } from '../../proto/jcs.ts'
import { writeTime } from '../../proto/shape.ts'
import type { DealOrder, ProveOrder, SignOrder } from '../../signer-node/ceremony/hub-orders.ts'
import * as house from './audit-documents.ts'
import { digestNamed, genesisBody, TestLog } from './audit-log.ts'
import { Asked, asks, type Options } from './change-log.ts'
import { lights, planFor, rootJson, policy as smallPolicy } from './cold-log.ts'
import { coldPayout, type PayoutWish } from './cold-payout.ts'
import { plannedStation } from './planned.ts'
import { nodeJson, witnessOf } from './succession.ts'

const hour = 3_600_000
const letters = 'abcdefghijklmnop'
export const vault = parseVaultId('cold-eth')

/** What a room is given for a request, and what the Hub is asked. */
export interface Sat {
  readonly bundle: BundleIn
  readonly request: Digest
}

export interface PaymentWish extends PayoutWish {
  /** Adds lines behind the attempt, before the Bundle is written. */
  readonly beside?: (payout: ReturnType<typeof coldPayout>) => void
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
    const policyText = text({ ...smallPolicy, quorumCrypto })
      .replaceAll('"ttl":"2h"', '"ttl":"72h"')
      .replaceAll('"max":"5"', '"max":"500"')
    const rulebook = parseRulebook(policyText)
    const genesis = { ...(rootJson['genesis'] as JsonObject), policy: rulebook.digest }
    const nodes = this.names.map((name, at) => nodeJson(name, at + 1))
    const rootText = text({ ...rootJson, genesis, nodes, quorumCrypto })
    this.root = parseRoot(rootText)
    const book = { name: parseHandle('customer'), digest: house.bookDigest, seq: 0, t: 0 }
    const directory = house.coldDirectoryDigest
    const made = (policy: Digest | '', roll: Digest | '', books: (typeof book)[]) =>
      rulesetDigest(this.root, { root: this.root.digest, policy, directory: roll, books })
    const policy = rulebook.digest
    this.laws = { rulebook, ruleset: made(policy, directory, [book]), directory }
    const named = { change: this.root.digest, version: 1 }
    this.log = new TestLog(this.root.digest)
      .add('log.genesis', genesisBody)
      .add('root.activated', { root: this.root.digest, ruleset: made('', '', []), version: 1 }, [
        rootText,
      ])
      .add('policy.activated', { ...named, policy, ruleset: made(policy, '', []) }, [policyText])
      .add('directory.activated', { ...named, directory, ruleset: made(policy, directory, []) }, [
        house.coldDirectoryText,
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

  /** A sentence that the key shall sign, asked for, allowed and planned. */
  proveSitting(): Sat & { readonly prove: ProveOrder } {
    this.#tries += 1
    const { t } = this.log
    const row = this.row()
    const { epoch, keyState } = row
    const change = {
      ...asks.prove,
      ...{ created: t, notAfter: t + 400 * hour, vault, id: parseHandle(`proof-${this.#tries}`) },
      terms: { ...asks.prove.terms, epoch, keyState },
    }
    const asked = this.#allowed(change)
    const sat = this.#sitting('drill', asked.digest)
    const prove: ProveOrder = {
      ...{ change, row, attempt: 1, network: 'eip155:31337' },
      changeDigest: asked.digest,
      order: asked.order,
      orderDigest: asked.carried.order,
      signers: this.names.slice(0, this.t),
    }
    return { ...sat, prove }
  }

  /** A payment that people need not approve, reserved and planned; every station is called. */
  signSitting({
    beside = () => {},
    ...wish
  }: PaymentWish = {}): Sat & { readonly order: SignOrder } {
    this.#payments += 1
    // What was asked for before counts in no limit any more.
    this.log.wait(3_700)
    const payout = coldPayout(this, vault, this.#payments, wish)
    const { warrant } = payout
    let seq = 0
    const sat = this.#sitting('sign', payout.intent, () => {
      seq = this.log.head.size
      this.log.add('session.started', payout.attempt)
      beside(payout)
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
    kind: 'genesis' | 'sign' | 'reshare' | 'drill',
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

  view(request: Digest) {
    return readSync(requestView(request), this.log.rows)
  }
}

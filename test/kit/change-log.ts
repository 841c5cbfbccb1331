// A log under a policy whose keys change by one director and one of risk, an hour after somebody
// asked, and everything that a change needs on it: its document, approvals, order and line. A test
// changes one thing and sees what the fold, or `admitChange`, says.

import { type Approval, signApproval } from '../../policy/approval.ts'
import { signedEnclosure } from '../../policy/audit/enclosures.ts'
import { rulesetDigest } from '../../policy/audit/fold-governance.ts'
import { requestView } from '../../policy/audit/history.ts'
import { confirmMessage, consentMessage } from '../../policy/audit/key-confirm.ts'
import { readSync } from '../../policy/audit/rows.ts'
import { get, tables } from '../../policy/audit/tables.ts'
import { type Change, type ChangeOf, encodeChange, parseChange } from '../../policy/change.ts'
import { refreshNamed } from '../../policy/covered-refresh.ts'
import { displayDigest } from '../../policy/display.ts'
import { displayChange } from '../../policy/display-change.ts'
import { freezeText, parseRoot } from '../../policy/documents.ts'
import { sectionOf } from '../../policy/judge-change.ts'
import { issueOrder, type Order, parseOrder } from '../../policy/order.ts'
import { parseRulebook, type Rulebook } from '../../policy/rulebook.ts'
import type { KeyFacts } from '../../policy/view.ts'
import { digestOf, fromUtf8, toHex, toUtf8 } from '../../proto/crypto.ts'
import {
  type Digest,
  type Handle,
  parseHandle,
  parseNodeId,
  parsePersonId,
  parseVaultId,
} from '../../proto/ids.ts'
import { type JsonObject, text } from '../../proto/jcs.ts'
import { writeTime } from '../../proto/shape.ts'
import { type Signed, sign } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'
import * as house from './audit-documents.ts'
import {
  digestNamed,
  genesisBody,
  keyBody,
  start,
  TestLog,
  type Type,
  vaultRow,
} from './audit-log.ts'

const governance = house.policy['governance'] as JsonObject
export const policy: JsonObject = {
  ...house.policy,
  governance: {
    ...governance,
    key: {
      require: [
        { role: 'director', count: 1 },
        { role: 'risk', count: 1 },
      ],
      delay: '1h',
    },
  },
}
export const policyText = text(policy)
export const rulebook = parseRulebook(policyText)
const genesis = { ...(house.root['genesis'] as JsonObject), policy: rulebook.digest }
export const rootText = text({ ...house.root, genesis })
export const root = parseRoot(rootText)
export const book = { name: parseHandle('customer'), digest: house.bookDigest, seq: 0, t: 0 }

/** What is in force at the end of the beginning. */
export const ruleset = rulesetDigest(root, {
  root: root.digest,
  policy: rulebook.digest,
  directory: house.directoryDigest,
  books: [book],
})

const hour = 3_600_000

export function bootedLog(): TestLog {
  const [change, policyOf] = [root.digest, rulebook.digest]
  const made = (policyNow: Digest | '', directory: Digest | '', books: (typeof book)[]) =>
    rulesetDigest(root, { root: root.digest, policy: policyNow, directory, books })
  const named = { change, version: 1 }
  const directory = house.directoryDigest
  return new TestLog(root.digest)
    .add('log.genesis', genesisBody)
    .add('root.activated', { root: change, ruleset: made('', '', []), version: 1 }, [rootText])
    .add('policy.activated', { ...named, policy: policyOf, ruleset: made(policyOf, '', []) }, [
      policyText,
    ])
    .add('directory.activated', { ...named, directory, ruleset: made(policyOf, directory, []) }, [
      house.directoryText,
    ])
    .add('book.activated', { ...named, book: house.bookDigest, name: 'customer', ruleset }, [
      house.bookText,
    ])
}

/** With a key in every vault. */
export function keyedLog(): TestLog {
  const log = bootedLog()
  for (const vault of ['hot-eth', 'warm-eth', 'hot-tron']) {
    log.add('key.generated', keyBody(vaultRow(vault)))
  }
  return log
}

export const hot = vaultRow('hot-eth')
export const network = 'eip155:31337'
const { epoch, keyState } = hot
const asked = {
  org: parseHandle(house.org),
  env: house.env,
  created: start,
  notAfter: start + 48 * hour,
  initiator: parsePersonId('bo'),
  vault: hot.vault,
  purpose: 'care of a key',
} as const

type Of<K extends Change['op']> = ChangeOf<K>

/** One lawful change of each operation on the vault `hot-eth`. */
export const asks = {
  create: { ...asked, id: parseHandle('create'), op: 'key.create', terms: {} } as Of<'key.create'>,
  refresh: {
    ...asked,
    id: parseHandle('refresh'),
    op: 'key.refresh',
    terms: { epoch, keyState },
  } as Of<'key.refresh'>,
  reshare: {
    ...asked,
    id: parseHandle('reshare'),
    op: 'key.reshare',
    terms: {
      from: epoch,
      keyState,
      dealers: [parseNodeId('node-a'), parseNodeId('node-c')],
      participants: hot.participants,
      t: 2,
    },
  } as Of<'key.reshare'>,
  import: {
    ...asked,
    id: parseHandle('import'),
    op: 'key.import',
    terms: {
      publicKey: hot.publicKey,
      chainCode: hot.chainCode,
      commitments: digestNamed('commitments'),
    },
  } as Of<'key.import'>,
  export: {
    ...asked,
    id: parseHandle('export'),
    op: 'key.export',
    terms: { recipient: house.keyOf('recipient').publicKey, keyState },
  } as Of<'key.export'>,
  destroy: {
    ...asked,
    id: parseHandle('destroy'),
    op: 'key.destroy',
    terms: { epoch, keyState },
  } as Of<'key.destroy'>,
  prove: {
    ...asked,
    id: parseHandle('prove'),
    op: 'key.prove',
    purpose: 'proof of reserve',
    terms: {
      epoch,
      keyState,
      path: 'm/0/7',
      audience: 'auditor',
      challenge: new Uint8Array(32).fill(0xc4),
    },
  } as Of<'key.prove'>,
  readmit: {
    ...asked,
    id: parseHandle('readmit'),
    op: 'peer.readmit',
    vault: parseVaultId('all'),
    terms: { node: parseNodeId('node-a'), peer: parseNodeId('node-b') },
  } as Of<'peer.readmit'>,
} as const

export type Voice = readonly [person: string, role: string]
export const bothVoices: readonly Voice[] = [
  ['jun', 'director'],
  ['oli', 'risk'],
]

export interface Options {
  /** The documents that people approve under. */
  readonly laws?: {
    readonly rulebook: Rulebook
    readonly ruleset: Digest
    /** Where it is not that of the house. */
    readonly directory?: Digest
  }
  readonly voices?: readonly Voice[]
  readonly approval?: Partial<Approval>
  readonly order?: Partial<Order>
  readonly credential?: string
}

/** A change on a log: recorded, approved by the voices, and ripe. */
export class Asked {
  readonly change: Change
  readonly digest: Digest
  readonly signed: Signed
  readonly log: TestLog
  readonly options: Options
  approvals: readonly Signed[] = []

  constructor(log: TestLog, change: Change, options: Options = {}) {
    this.log = log
    this.options = options
    this.change = change
    const bytes = encodeChange(change)
    this.digest = parseChange(bytes).digest
    const credential = options.credential ?? `${change.initiator}-1`
    const key = house.keyOf(credential.replace(/-1$/, '')).sign
    this.signed = sign(tags.intent, bytes, parseHandle(credential), key)
  }

  created(patch: JsonObject = {}): JsonObject {
    const { id, initiator, notAfter, op, vault } = this.change
    const { credential } = this.signed
    const named = { id, initiator, op, vault, credential, intent: this.digest }
    return { ...named, notAfter: writeTime(notAfter), ...patch }
  }

  record(): this {
    this.log.add('intent.created', this.created())
    return this
  }

  approve(voices = this.options.voices ?? bothVoices): this {
    for (const voice of voices) this.vote(this.approval(voice))
    return this
  }

  vote(signed: Signed): this {
    const approval = digestOf(tags.approval, toUtf8(signed.document))
    const { person } = JSON.parse(signed.document) as { person: string }
    const body = { approval, intent: this.digest, person, rule: this.rule }
    this.log.add('approval.recorded', body)
    this.approvals = [...this.approvals, signed]
    return this
  }

  approval([person, role]: Voice, patch: Partial<Approval> = {}): Signed {
    const row = readSync(get(tables.vault, this.change.vault), this.log.rows)
    const { t } = this.log
    const approval: Approval = {
      org: parseHandle(house.org),
      env: house.env,
      decision: 'approve',
      intent: this.digest,
      policy: this.laws.rulebook.digest,
      directory: this.laws.directory ?? house.directoryDigest,
      rule: this.rule,
      as: parseHandle(role),
      person: parsePersonId(person),
      credential: parseHandle(`${person}-1`),
      display: displayDigest(displayChange(this.change, { rulebook: this.laws.rulebook, row })),
      issued: t,
      expires: t + 24 * hour,
      nonce: new Uint8Array(16),
      ...this.options.approval,
      ...patch,
    }
    return signApproval(approval, house.keyOf(person).sign)
  }

  /** The section of the policy that its approvals name. */
  get rule(): Handle {
    return sectionOf(this.change.op, this.laws.rulebook).rule
  }

  get laws(): NonNullable<Options['laws']> {
    return this.options.laws ?? { rulebook, ruleset }
  }

  ripen(seconds = 3_600): this {
    this.log.wait(seconds)
    return this
  }

  get order(): Uint8Array {
    return issueOrder({
      org: parseHandle(house.org),
      env: house.env,
      change: this.signed,
      approvals: this.approvals,
      ruleset: this.laws.ruleset,
      heads: [],
      ...this.options.order,
    })
  }

  get orderText(): string {
    return fromUtf8(this.order) ?? ''
  }

  /** Names the change and the order that proves it. */
  get carried(): { readonly change: Digest; readonly order: Digest } {
    return { change: this.digest, order: parseOrder(this.order).digest }
  }

  /** The line of a key with new shares, which all its holders confirmed. */
  keyLine(key: Partial<KeyFacts> = {}, patch: JsonObject = {}): JsonObject {
    const row: KeyFacts = { ...hot, epoch: 2, keyState: digestNamed('next state'), ...key }
    const confirms = row.participants.map(({ node }) => ({
      node,
      signature: toHex(identity(node)(confirmMessage(row, node, this.digest))),
    }))
    return { ...keyBody(row), ...this.carried, confirms, ...patch }
  }

  /** The line of the refresh that an import carries, confirmed under this name. */
  coveredLine(key: Partial<KeyFacts> = {}, named = refreshNamed(this.digest)): JsonObject {
    const row: KeyFacts = { ...hot, epoch: 3, keyState: digestNamed('refreshed'), ...key }
    const confirms = row.participants.map(({ node }) => ({
      node,
      signature: toHex(identity(node)(confirmMessage(row, node, named))),
    }))
    return this.keyLine(row, { confirms })
  }

  /** The line of a key that signs no more. */
  retireLine(nodes: readonly string[], patch: JsonObject = {}): JsonObject {
    const confirms = nodes.map((node) => this.consent(node))
    const { vault } = this.change
    return { ...this.carried, confirms, epoch, keyState, vault, ...patch }
  }

  consent(node: string): { readonly node: string; readonly signature: string } {
    return { node, signature: toHex(identity(node)(consentMessage(this.digest, node))) }
  }

  outcome(type: Type, body: JsonObject): string {
    return this.log.outcome(type, body, [this.orderText])
  }

  add(type: Type, body: JsonObject): this {
    this.log.add(type, body, [this.orderText])
    return this
  }

  get view() {
    return readSync(requestView(this.digest), this.log.rows)
  }

  get state(): string {
    return this.view.intent?.state ?? ''
  }
}

function identity(node: string) {
  return house.keyOf(`${node}-identity`).sign
}

/** Recorded, approved and ripe, so that its line would fold. */
export function ripe(log: TestLog, change: Change, options: Options = {}): Asked {
  return new Asked(log, change, options).record().approve().ripen()
}

/** A freeze of everything, or of one vault, by somebody who may. */
export function freeze(log: TestLog, scope: string): void {
  const document = freezeText({
    org: parseHandle(house.org),
    env: house.env,
    scope: parseHandle(scope),
    person: parsePersonId('chen'),
    credential: parseHandle('chen-1'),
    issued: log.t,
    nonce: new Uint8Array(16),
  })
  const signed = sign(
    tags.freeze,
    toUtf8(document),
    parseHandle('chen-1'),
    house.keyOf('chen').sign,
  )
  const body = { freeze: digestOf(tags.freeze, toUtf8(document)), scope }
  log.add('freeze.set', body, [signedEnclosure(signed)])
}

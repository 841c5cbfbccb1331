// The log of cold vaults, for tests: the house of `change-log.ts` with its vaults cold, its nodes
// stations that witness nothing, three light witnesses, and everything that a ceremony needs on it:
// requests, the plan that people approve, and the lines of a ceremony from its plan to its end.
import { rulesetDigest } from '../../policy/audit/fold-governance.ts'
import { readSync } from '../../policy/audit/rows.ts'
import { nextNonce } from '../../policy/audit/slots.ts'
import {
  encodePlan,
  type Plan,
  type PlannedOp,
  type PlannedRequest,
  parsePlan,
} from '../../policy/ceremony/plan.ts'
import { termsOfPlan } from '../../policy/ceremony/planned.ts'
import { type Change, type ChangeOf, isChangeOp, type TermsOf } from '../../policy/change.ts'
import { parseRoot } from '../../policy/documents.ts'
import type { Op } from '../../policy/intent.ts'
import { parseRulebook } from '../../policy/rulebook.ts'
import { fromUtf8 } from '../../proto/crypto.ts'
import {
  type Digest,
  parseDigest,
  parseHandle,
  parseNodeId,
  parseVaultId,
} from '../../proto/ids.ts'
import { type JsonObject, text } from '../../proto/jcs.ts'
import { writeTime } from '../../proto/shape.ts'
import * as house from './audit-documents.ts'
import {
  digestNamed,
  genesisBody,
  Payment,
  start,
  stored as storedRow,
  TestLog,
  vaultRow,
} from './audit-log.ts'
import { Asked, asks, type Options, ripe, policy as warmPolicy } from './change-log.ts'
import { plannedStation, testPlan } from './planned.ts'
import { lightJson } from './succession.ts'

const hour = 3_600_000
const colder: readonly (readonly [string, string])[] = [
  ['hot-eth', 'cold-eth'],
  ['hot-tron', 'cold-tron'],
  ['warm-eth', 'cold-two'],
  ['"tier":"hot"', '"tier":"cold"'],
  ['"tier":"warm"', '"tier":"cold"'],
]
const renamed = colder.reduce((sum, [a, b]) => sum.replaceAll(a, b), text(warmPolicy))
const warm = JSON.parse(renamed) as JsonObject
const governance = warm['governance'] as JsonObject
const log = warm['log'] as JsonObject
export const policy: JsonObject = {
  ...warm,
  log: { ...log, coldOrigin: house.origin },
  governance: { ...governance, ceremony: governance['key']! },
  // What nobody is asked for waits for its ceremony; what people approved runs out before.
  rules: (warm['rules'] as JsonObject[]).map((rule) => {
    return rule['id'] === 'payout-auto' ? { ...rule, ttl: '30d' } : rule
  }),
}
export const policyText = text(policy)
export const rulebook = parseRulebook(policyText)
/** In force with the policy of this log. */
export const directory = house.coldDirectoryDigest
export const lights = ['light-a', 'light-b', 'light-c'] as const
export const rootJson: JsonObject = {
  ...house.root,
  cold: true,
  genesis: {
    ...(house.root['genesis'] as JsonObject),
    ...{ policy: rulebook.digest, directory },
  },
  witnesses: lights.map(lightJson),
}
export const rootText = text(rootJson)
export const root = parseRoot(rootText)
const book = { name: parseHandle('customer'), digest: house.bookDigest, seq: 0, t: 0 }
const made = (policyNow: Digest | '', roll: Digest | '', books: (typeof book)[]): Digest =>
  rulesetDigest(root, { root: root.digest, policy: policyNow, directory: roll, books })
export const ruleset = made(rulebook.digest, directory, [book])
export const laws = { rulebook, ruleset, directory }

/** Begun, with its documents in force; no vault has a key yet. */
export function coldLog(): TestLog {
  const [change, policyOf] = [root.digest, rulebook.digest]
  const named = { change, version: 1 }
  return new TestLog(root.digest)
    .add('log.genesis', genesisBody)
    .add('root.activated', { root: change, ruleset: made('', '', []), version: 1 }, [rootText])
    .add('policy.activated', { ...named, policy: policyOf, ruleset: made(policyOf, '', []) }, [
      policyText,
    ])
    .add('directory.activated', { ...named, directory, ruleset: made(policyOf, directory, []) }, [
      house.coldDirectoryText,
    ])
    .add('book.activated', { ...named, book: house.bookDigest, name: 'customer', ruleset }, [
      house.bookText,
    ])
}

export const cold = vaultRow('cold-eth')
export const other = vaultRow('cold-two')
const onCold = { vault: cold.vault, notAfter: start + 40 * 24 * hour } as const
export const coldAsks = {
  create: { ...asks.create, ...onCold },
  refresh: {
    ...asks.refresh,
    ...onCold,
    terms: { epoch: cold.epoch, keyState: cold.keyState },
  },
  reshare: {
    ...asks.reshare,
    ...onCold,
    terms: { ...asks.reshare.terms, keyState: cold.keyState },
  },
  prove: {
    ...asks.prove,
    ...onCold,
    terms: { ...asks.prove.terms, keyState: cold.keyState },
  },
} as const

type Terms = TermsOf['ceremony.plan']

export interface Planning {
  readonly kind: Terms['kind']
  /** Recorded on the log before. */
  readonly requests: readonly string[]
  readonly plan?: Partial<Plan>
  readonly terms?: Partial<Terms>
}

/** The plan document: three stations at three sites, of which two sign. */
export function planFor(log: TestLog, name: string, { kind, requests, plan }: Planning): Plan {
  const stations = house.nodeNames.map((node, at) => {
    return plannedStation(at + 1, { node: parseNodeId(node) })
  })
  const named = requests.map((request): PlannedRequest => {
    const { op, vault } = storedRow(log, 'intent', request) as { op: Op; vault: string }
    const of = isChangeOp(op) ? (op as PlannedOp) : 'payment'
    return {
      ...{ request: parseDigest(request), vault: parseVaultId(vault) },
      ...{ op: of, callBack: false },
    }
  })
  return testPlan(kind, {
    ...{ org: root.org, env: root.env, rehearsal: true, origin: root.log.origin },
    ...{ root: root.digest, purpose: `ceremony ${name}`, t: 2, stations },
    ...(kind === 'reshare' ? { tBefore: 2 } : {}),
    vaults: [...new Set(named.map(({ vault }) => vault))],
    requests: named,
    from: log.t + 24 * hour,
    until: log.t + 32 * hour,
    ...plan,
  })
}

/** A ceremony on a log: planned by people, and the lines that say how it went. */
export class Ceremony {
  readonly asked: Asked
  readonly name: string
  readonly document: string
  readonly terms: Terms

  constructor(log: TestLog, name: string, planning: Planning) {
    this.name = name
    const { t } = log
    const bytes = encodePlan(planFor(log, name, planning))
    this.document = fromUtf8(bytes) ?? ''
    this.terms = { ...termsOfPlan(parsePlan(bytes)), ...planning.terms }
    const change: ChangeOf<'ceremony.plan'> = {
      ...asks.create,
      id: parseHandle(`plan-${name}`),
      created: t,
      notAfter: t + 48 * hour,
      op: 'ceremony.plan',
      vault: parseVaultId('all'),
      terms: this.terms,
    }
    const approval = { expires: change.notAfter }
    this.asked = new Asked(log, change, { laws, approval })
  }

  get log(): TestLog {
    return this.asked.log
  }

  get plan(): Digest {
    return this.terms.plan
  }

  /** Approved and ripe. */
  ripe(): this {
    this.asked.record().approve().ripen()
    return this
  }

  body(patch: JsonObject = {}): JsonObject {
    const { from, until, vaults, requests, plan, kind } = this.terms
    const lists = { vaults: [...vaults], requests: [...requests] }
    const window = { from: writeTime(from), until: writeTime(until) }
    return { ...this.asked.carried, plan, kind, ...lists, ...window, ...patch }
  }

  get documents(): string[] {
    return [this.asked.orderText, this.document]
  }

  outcome(patch: JsonObject = {}, documents = this.documents): string {
    return this.log.outcome('ceremony.planned', this.body(patch), documents)
  }

  planned(): this {
    this.ripe()
    this.log.add('ceremony.planned', this.body(), this.documents)
    return this
  }

  exported(): this {
    this.log.add('ceremony.exported', this.export())
    return this
  }

  export(patch: JsonObject = {}): JsonObject {
    return { plan: this.plan, bundle: digestNamed(`bundle ${this.name}`), ...patch }
  }

  conclude(patch: JsonObject = {}): JsonObject {
    return {
      plan: this.plan,
      record: { size: 41, root: digestNamed(`record ${this.name}`) },
      statements: digestNamed('statements'),
      exceptions: 0,
      results: digestNamed('results'),
      ...patch,
    }
  }

  abort(patch: JsonObject = {}): JsonObject {
    return { plan: this.plan, reason: 'TIME', record: { size: 0, root: '' }, ...patch }
  }

  get state(): string {
    return String(storedRow(this.log, 'ceremony', this.plan)['state'])
  }
}

/** A change of a cold key that people have allowed: recorded, approved, judged. */
export function allowed(log: TestLog, change: Change, options: Options = {}): Asked {
  const approval = { expires: change.notAfter }
  const asked = ripe(log, change, { laws, approval, ...options })
  log.add('intent.evaluated', {
    ...new Payment('', 0).evaluated('allow', asked.rule),
    intent: asked.digest,
  })
  return asked
}

/** Keys of both vaults, made at a ceremony that is over. */
export function keyedColdLog(): TestLog {
  const log = coldLog()
  const rows = [cold, other]
  const made = rows.map(({ vault }) => {
    return allowed(log, { ...coldAsks.create, vault, id: parseHandle(`create-${vault}`) })
  })
  const requests = made.map(({ digest }) => digest).sort()
  const genesis = new Ceremony(log, 'genesis', { kind: 'genesis', requests }).planned()
  genesis.exported()
  for (const [at, asked] of made.entries()) asked.add('key.created', asked.keyLine(rows[at]))
  log.add('ceremony.concluded', genesis.conclude())
  return log
}

/** A payment of a cold vault that has its reservation. */
export function coldPayment(log: TestLog, name: string, vault = 'cold-eth'): Payment {
  const at = { vault: parseVaultId(vault), path: 'm' }
  const slot = String(readSync(nextNonce(at, log.t), log.rows))
  const payment = new Payment(name, log.t + 10 * 24 * hour, { vault })
  const inForce = { policy: rulebook.digest }
  log
    .add('intent.created', payment.created())
    .add('intent.evaluated', { ...payment.evaluated('allow'), policy: rulebook.digest })
    .add('spend.reserved', payment.reserved(slot, inForce))
  return payment
}

/** A payment of a cold vault, and the plan of a ceremony that signs it; not approved yet. */
export function signing(
  log = keyedColdLog(),
  name = 'one',
  { vaults = ['cold-eth'], ...more }: Partial<Planning> & { readonly vaults?: string[] } = {},
) {
  const payments = vaults.map((vault) => coldPayment(log, `pay-${name}-${vault}`, vault))
  const [payment] = payments as [Payment]
  const requests = payments.map(({ intent }) => intent)
  const ceremony = new Ceremony(log, name, { kind: 'sign', requests, ...more })
  return { log, payment, ceremony, request: parseDigest(payment.intent) }
}

/** An attempt line calls every station. */
export const calling = { participants: [...house.nodeNames] }

// Rulebook: the organisation's written policy, parsed and understood: every name resolved, every
// amount exact in base units, every rule a box. Section 3.3 of the policy design: whatever is
// unknown, missing, doubled, dangling or inexact is refused here and nowhere later.
// INVARIANT: the digest is that of the very text that was parsed.
// Whether this release can judge everything in it, and whether the rules fit together, is asked by
// `loadRulebook` in `analyse.ts`; only what that returns may be put in force.
import type { Digest, Handle, VaultId } from '../proto/ids.ts'
import { limits as bounds } from '../proto/limits.ts'
import { refuse } from '../proto/refusal.ts'
import { tags } from '../proto/tags.ts'
import { callsOf } from './calls.ts'
import { roles as seats } from './ceremony/people.ts'
import { readDocument } from './document.ts'
import type { Env } from './intent.ts'
import { messagesOf } from './messages.ts'
import {
  assetsOf,
  type DestinationClass,
  destinationsOf,
  type Network,
  networksOf,
  type Places,
} from './places.ts'
import { type Calendar, type Governance, policyShape, type WrittenPolicy } from './policy-shape.ts'
import type { Requirement } from './quorum.ts'
import { named, type Role, type Roles, requireRoles, rolesOf } from './roles.ts'
import type { Factor } from './roster.ts'
import { legsAtMost } from './rules/box.ts'
import type { Guard } from './rules/guard.ts'
import { type Limit, limitOf } from './rules/limit.ts'
import { type Rule, ruleOf } from './rules/rule.ts'
import { type Treasury, treasuryOf } from './treasury/targets.ts'
import { vaultsOf } from './vault.ts'

export interface Rulebook extends Places, Treasury {
  readonly digest: Digest
  readonly org: Handle
  readonly env: Env
  readonly version: number
  readonly previous: Digest | ''
  readonly notBefore: number
  readonly expires: number
  readonly engine: 1
  readonly quorumCrypto: WrittenPolicy['quorumCrypto']
  readonly log: WrittenPolicy['log']
  readonly roles: ReadonlyMap<Handle, Role>
  readonly calendars: ReadonlyMap<Handle, Calendar>
  readonly guards: readonly Guard[]
  readonly rules: readonly Rule[]
  readonly limits: readonly Limit[]
  readonly governance: Governance
  readonly initiatorMayApprove: boolean
  /** Who asked for or approved what a ceremony does may operate it or write its Record. */
  readonly sitterMayApprove: boolean
  /** By rule. */
  readonly minFactor: ReadonlyMap<Handle, Factor>
}

export function parseRulebook(text: string): Rulebook {
  const { digest, value: written } = readDocument(tags.policy, text, policyShape)
  const { org, env, version, previous, notBefore, expires, engine } = written
  if (notBefore >= expires) bad('expires: expected after notBefore')

  const assets = assetsOf(written.assets, written.networks)
  const networks = networksOf(written.networks, assets)
  const vaults = vaultsOf(written.vaults, networks)
  const destinations = destinationsOf(written.destinations, vaults)
  const calls = callsOf(written.calls ?? new Map(), written.networks)
  const messages = messagesOf(written.messages ?? new Map(), written.networks)
  const places = { networks, assets, vaults, destinations, calls, messages }
  const { targets, sweeps } = written
  const treasury = treasuryOf({ targets, sweeps }, places)
  const roles = rolesOf(written)
  requireAttesters(destinations, roles)

  distinctIds('guards', written.guards)
  onePerKind(written.guards)
  distinctIds('rules', written.rules)
  distinctIds('limits', written.limits)
  const names = { places, roles, calendars: written.calendars }
  if ([...written.calendars.keys()].some((name) => name === 'always')) {
    bad('calendars: always is no name for a calendar')
  }
  const rules = written.rules.map((rule) => ruleOf(rule, names))
  requireFewLegs(rules, places)
  const ids = new Set(rules.map((rule) => rule.id))
  const limits = written.limits.map((limit) => limitOf(limit, places, ids))
  const { initiatorMayApprove, sitterMayApprove = false, minFactor } = written.separation
  for (const id of minFactor.keys()) {
    if (!ids.has(id)) bad(`separation.minFactor: unknown ${id}`)
  }
  requireGovernance(written.governance, roles)
  requireLog(written.log, vaults)

  const { quorumCrypto, log, calendars, guards, governance } = written
  const head = { digest, org, env, version, previous, notBefore, expires, engine }
  const body = { roles, calendars, guards, rules, limits, governance, initiatorMayApprove }
  return {
    ...head,
    ...places,
    ...treasury,
    ...body,
    quorumCrypto,
    log,
    sitterMayApprove,
    minFactor,
  }
}

export function networkOf(rulebook: Rulebook, vault: VaultId): Network | undefined {
  const known = rulebook.vaults.get(vault)
  return known && rulebook.networks.get(known.network)
}

/** The class that holds this own vault; a vault is in one class at most. */
export function classOfVault(rulebook: Rulebook, vault: VaultId): DestinationClass | undefined {
  return [...rulebook.destinations.values()].find(
    (item) => item.kind === 'vaults' && item.vaults.has(vault),
  )
}

/** The class that this book fills; a book fills one class at most. */
export function classOfBook(
  rulebook: Rulebook,
  book: Handle,
): (DestinationClass & { readonly kind: 'book' }) | undefined {
  for (const item of rulebook.destinations.values()) {
    if (item.kind === 'book' && item.book === book) return item
  }
  return undefined
}

/** How far back the duplicate guard looks; undefined where the policy has none. */
export function duplicateWindowMs(rulebook: Rulebook): number | undefined {
  for (const { denial } of rulebook.guards) {
    if (denial.kind === 'duplicate') return denial.windowMs
  }
  return undefined
}

function requireAttesters(classes: ReadonlyMap<Handle, DestinationClass>, roles: Roles): void {
  const services = [...roles.values()].filter((role) => role.kind === 'service')
  for (const item of classes.values()) {
    const attester = item.kind === 'book' ? item.attestedBy : ''
    if (attester !== '' && !services.some((role) => role.members.has(attester))) {
      bad(`destinations.${item.id}.attestedBy: ${attester} is in no role of services`)
    }
  }
}

function requireGovernance(governance: Governance, roles: Roles): void {
  for (const { path, require } of governed(governance)) requireRoles(require, roles, path)
  for (const role of governance.freeze.anyOf) named(roles, role, 'governance.freeze')
  for (const [seat, names] of governance.seats ?? []) {
    const path = `governance.seats.${seat}`
    if (!seatNames.includes(seat)) bad(`${path}: no part of a ceremony`)
    const services = names.find((name) => named(roles, name, path).kind !== 'human')
    if (services !== undefined) bad(`${path}: ${services} is a role of services`)
  }
}

const seatNames: readonly string[] = seats

/** Every quorum that the governance section asks for. */
export function governed(
  governance: Governance,
): readonly { readonly path: string; readonly require: readonly Requirement[] }[] {
  const { policy, directory, key, ceremony, book, lists, unfreeze } = governance
  const removal = { require: lists.removal }
  const all = { policy, directory, key, ceremony, book, 'lists.removal': removal, unfreeze }
  return Object.entries(all).map(([name, { require }]) => ({
    path: `governance.${name}`,
    require,
  }))
}

/** Whether this is the policy of the log of cold vaults: then it says so of its own origin. */
export function isColdPolicy({ log }: Pick<Rulebook, 'log'>): boolean {
  return log.coldOrigin === log.origin
}

/** The cold log is another log, and nothing is released below the witness quorum. */
function requireLog(log: WrittenPolicy['log'], vaults: Places['vaults']): void {
  const { onWitnessLoss } = log
  if (isColdPolicy({ log }) && [...vaults.values()].some(({ tier }) => tier !== 'cold')) {
    bad('log.coldOrigin: expected another log than log.origin, or cold vaults alone')
  }
  if (onWitnessLoss !== 'stop') {
    refuse('NOT_SUPPORTED', `not supported yet: log.onWitnessLoss ${onWitnessLoss}`)
  }
}

/** Everybody walks all legs when a policy is loaded, so their number is bounded first. */
function requireFewLegs(rules: readonly Rule[], places: Places): void {
  const most = bounds.legsPerPolicyMax
  const legs = rules.reduce((sum, { box }) => sum + legsAtMost(box, places), 0)
  if (legs > most) bad(`rules: expected at most ${most} ways of value, got ${legs}`)
}

function distinctIds(path: string, items: readonly { readonly id: Handle }[]): void {
  const seen = new Set<Handle>()
  for (const { id } of items) {
    if (seen.has(id)) bad(`${path}: ${id} stands twice`)
    seen.add(id)
  }
}

/** Two guards of one kind would read one fact, the duplicate's window above all. */
function onePerKind(guards: readonly Guard[]): void {
  const seen = new Set<string>()
  for (const { id, denial } of guards) {
    if (seen.has(denial.kind)) bad(`guards.${id}: a second guard of the kind ${denial.kind}`)
    seen.add(denial.kind)
  }
}

function bad(because: string): never {
  return refuse('INVALID_POLICY', because)
}

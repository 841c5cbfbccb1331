// Whether the parts of a Plan fit each other: committee and threshold, who is called, tokens, the
// table's addresses, and requests of the kind of the sitting.
// Whether it fits a root and a directory is asked by whoever has them.
// Source: docs/ceremony.md; X-10 of its table. Knows no log.
import { toHex } from '../../proto/crypto.ts'
import { parseHandle } from '../../proto/ids.ts'
import { refuse } from '../../proto/refusal.ts'
import type { Root } from '../documents.ts'
import { inRoles } from '../roles.ts'
import type { Roster } from '../roster.ts'
import type { Rulebook } from '../rulebook.ts'
import type { Role } from './people.ts'
import type { CeremonyKind, Plan, PlannedOp, PlannedStation } from './plan.ts'

/** Holders before and after, one site below the threshold, and enough of them called. */
export function requireCommittee(plan: Plan): void {
  requireStations(plan)
  requireParts(plan)
  const { kind, t, tBefore } = plan
  if ((kind === 'reshare') !== (tBefore !== undefined)) {
    bad('tBefore: expected for a reshare, and for nothing else')
  }
  requireThreshold(holdersAfter(plan), t)
  requireSites(holdersAfter(plan), t)
  // Where the old committee lived together, a reshare is what mends it.
  if (tBefore !== undefined) requireThreshold(holdersBefore(plan), tBefore)
  requireCalled(plan)
  requireTokens(plan)
}

export function holdersAfter({ stations }: Plan): readonly PlannedStation[] {
  return stations.filter(({ part }) => part !== 'leaves')
}

export function holdersBefore({ stations }: Plan): readonly PlannedStation[] {
  return stations.filter(({ part }) => part !== 'joins')
}

/** Link-local addresses, each once; one's own machine serves a rehearsal. */
export function requireTable({ table, called, rehearsal, kind }: Plan): void {
  if (kind === 'enrolment' && table.way !== 'cards') bad('table: an enrolment has cards only')
  if (table.way === 'cards') return
  const nodes = table.stations.map(({ node }) => node)
  const isExact = nodes.length === called.length && called.every((node) => nodes.includes(node))
  if (!isExact) bad('table: expected an address for each called station, once')
  const addresses = [table.hub, ...table.stations.map(({ address }) => address)]
  requireDistinct(addresses, 'table: an address')
  const wrong = addresses.find((one) => !linkLocal.test(one) && !(rehearsal && loopback.test(one)))
  if (wrong !== undefined) bad(`table: expected link-local addresses, got ${wrong}`)
}

/** Requests of the kind of the sitting, each once, and the vaults that they are about. */
export function requireRequests(plan: Plan): void {
  const { kind, requests, vaults, root, scenarios } = plan
  const { ops, isFull } = does[kind]
  const wrong = requests.find(({ op }) => !ops.includes(op))
  if (wrong) bad(`requests: ${wrong.op} is nothing for a ${kind}`)
  const called = requests.find(({ callBack, op }) => callBack && op !== 'payment')
  if (called) bad(`requests: a call-back is for a payment, not for ${called.op}`)
  if (isFull && requests.length === 0) bad(`requests: expected at least one for a ${kind}`)
  requireDistinct(
    requests.map(({ request }) => request),
    'requests: a request',
  )
  const about = new Set(requests.map(({ vault }) => vault))
  const isSame = about.size === vaults.length && vaults.every((vault) => about.has(vault))
  if (!isSame) bad('vaults: expected exactly those of the requests')
  if (root === '' && kind !== 'enrolment') bad(`root: expected one for a ${kind}`)
  if (scenarios.length > 0 && kind !== 'drill') bad('scenarios: expected for a drill only')
  requireScenarios(plan)
}

/** What a scenario takes away leaves something to be played with. */
function requireScenarios({ scenarios, called, t, build }: Plan): void {
  if (scenarios.includes('custodian') && called.length <= t) {
    bad(`scenarios: custodian: expected more than ${t} called`)
  }
  if (scenarios.includes('vendor') && build.modules.length < 2) {
    bad('scenarios: vendor: expected modules of two vendors')
  }
}

/** Whether the committee after the ceremony is that of the root in force, at its places. */
export function requireRoot(plan: Plan, root: Root): void {
  const { org, env, origin, kind, t } = plan
  if (org !== root.org || env !== root.env || origin !== root.log.origin) {
    refuse('PLAN', `root: expected that of ${org} ${env}, log ${origin}`, 'X-6')
  }
  if (kind === 'enrolment') return
  if (plan.root !== root.digest) bad(`root: expected ${plan.root}, got ${root.digest}`)
  if (t !== root.quorumCrypto.t) bad(`t: the root has ${root.quorumCrypto.t}, the plan ${t}`)
  const places = (nodes: readonly { readonly node: string; readonly x: number }[]): string =>
    nodes
      .map(({ node, x }) => `${x} ${node}`)
      .sort()
      .join()
  if (places(holdersAfter(plan)) !== places(root.nodes)) {
    bad('stations: expected exactly the nodes of the root, each at its place')
  }
}

/** Who makes a Statement by credential has one that is valid as long as the window is open. */
export function requireKnown(plan: Plan, roster: Roster): void {
  const { people, from, until } = plan
  const byToken: readonly Role[] = ['custodian', 'recorder']
  // A custodian who does not come holds a share all the same.
  for (const { custodian } of holdersAfter(plan)) {
    if (roster.persons.get(custodian)?.kind !== 'human') {
      bad(`${custodian}: no human of the directory`)
    }
  }
  for (const { person, role } of people) {
    const known = roster.persons.get(person)
    const credentials = known?.kind === 'human' ? known.credentials : undefined
    if (credentials === undefined) bad(`${person}: no human of the directory`)
    const isValid = credentials?.some((one) => one.from <= from && until <= one.to)
    if (isValid !== true && !byToken.includes(role)) {
      bad(`${person}: no credential that is valid through the window`)
    }
  }
}

/** Where the policy says of which roles the people of a part are, they are. */
export function requireSeated(
  { people }: Plan,
  { governance, roles }: Pick<Rulebook, 'governance' | 'roles'>,
): void {
  for (const { person, role } of people) {
    const wanted = governance.seats?.get(parseHandle(role))
    if (wanted === undefined || inRoles(roles, person, wanted)) continue
    bad(`${person}: ${role}, and in none of the roles ${wanted.join(', ')}`)
  }
}

const does: Readonly<
  Record<CeremonyKind, { readonly ops: readonly PlannedOp[]; readonly isFull: boolean }>
> = {
  enrolment: { ops: [], isFull: false },
  genesis: { ops: ['key.create'], isFull: true },
  sign: { ops: ['payment'], isFull: true },
  reshare: { ops: ['key.reshare', 'key.refresh'], isFull: true },
  drill: { ops: ['key.prove'], isFull: true },
}

const octet = '(?:0|[1-9]\\d?|1\\d\\d|2[0-4]\\d|25[0-5])'
/** In one form only: no group begins with a zero, and the first one after `::` is none. */
const group = '[1-9a-f][0-9a-f]{0,3}'
const linkLocal6 = `fe80::${group}(?::(?:0|${group})){0,3}`
const linkLocal = new RegExp(`^(?:169\\.254\\.${octet}\\.${octet}|${linkLocal6})$`)
const loopback = new RegExp(`^127\\.0\\.0\\.${octet}$`)

function requireStations({ stations }: Plan): void {
  for (const field of ['node', 'custodian', 'color'] as const) {
    requireDistinct(
      stations.map((one) => one[field]),
      `stations: a ${field}`,
    )
  }
}

function requireParts(plan: Plan): void {
  const { kind, stations } = plan
  const moves = kind === 'reshare' || kind === 'enrolment'
  if (!moves && stations.some(({ part }) => part !== 'stays')) {
    bad(`stations: nobody joins or leaves at a ${kind}`)
  }
  for (const side of [holdersAfter(plan), holdersBefore(plan)]) {
    requireDistinct(
      side.map(({ x }) => x),
      'stations: an x',
    )
  }
}

function requireThreshold(holders: readonly PlannedStation[], t: number): void {
  const n = holders.length
  if (t > n || 2 * t <= n) bad(`t: expected more than half of ${n} and no more than them, got ${t}`)
}

function requireSites(holders: readonly PlannedStation[], t: number): void {
  for (const { site } of holders) {
    const together = holders.filter((one) => one.site === site).length
    if (together >= t) {
      bad(`site ${site}: ${together} custodians, expected fewer than t = ${t}`)
    }
  }
}

function requireCalled(plan: Plan): void {
  const { kind, called, stations, t, tBefore = t } = plan
  const comes = (one: PlannedStation): boolean => called.includes(one.node)
  if (called.some((node) => !stations.some((one) => one.node === node))) {
    bad('called: expected stations of this plan')
  }
  if (kind === 'genesis' || kind === 'reshare') {
    const absent = holdersAfter(plan).find((one) => !comes(one))
    if (absent) bad(`called: ${absent.node} holds a share afterwards and is not called`)
  }
  // The root that is in force names them no more: they have no seat and deal nothing.
  const gone = stations.find((one) => one.part === 'leaves' && comes(one))
  if (gone) bad(`called: ${gone.node} leaves, and is no station of the root`)
  const old = holdersBefore(plan).filter(comes).length
  if (kind !== 'enrolment' && old < tBefore) bad(`called: expected at least ${tBefore}, got ${old}`)
}

function requireTokens({ kind, stations, called, recordToken }: Plan): void {
  for (const { node, tokens } of stations) {
    const isMade = kind === 'enrolment' && called.includes(node)
    if (isMade !== (tokens === undefined)) {
      bad(`station ${node}: expected ${isMade ? 'no tokens before they are made' : 'its tokens'}`)
    }
  }
  const tokens = stations.flatMap(({ tokens: two }) => (two ? [two.daily, two.spare] : []))
  const all = [recordToken, ...tokens]
  requireDistinct(
    all.map(({ serial }) => serial),
    'tokens: a serial',
  )
  requireDistinct(
    all.map(({ identity }) => toHex(identity)),
    'tokens: an identity key',
  )
}

function requireDistinct(items: readonly (string | number)[], what: string): void {
  if (new Set(items).size !== items.length) bad(`${what} stands twice`)
}

function bad(because: string): never {
  return refuse('PLAN', because, 'X-10')
}

// A payment that was signed in a room, and what is in force on the day on which it comes home: each
// part of today as a single change to what stood in the room, for the tests of `admitAgain`.
import { admitAgain, type CameHome } from '../../policy/admit-again.ts'
import { type Approval, signApproval } from '../../policy/approval.ts'
import type { Attendee, Role } from '../../policy/ceremony/people.ts'
import { destinationJson } from '../../policy/destination.ts'
import { displayDigest, render } from '../../policy/display.ts'
import { digestOfText } from '../../policy/document.ts'
import { parseRulebook } from '../../policy/rulebook.ts'
import type { RequestState, RequestView } from '../../policy/view.ts'
import { digestOf, sha256, toHex, toUtf8 } from '../../proto/crypto.ts'
import {
  type Digest,
  parseDigest,
  parseHandle,
  parseNodeId,
  parsePersonId,
} from '../../proto/ids.ts'
import { type JsonObject, text } from '../../proto/jcs.ts'
import { tags } from '../../proto/tags.ts'
import { changed, type Loose, rootText } from '../policy/dev-fixture.ts'
import { payout, testKey } from './examples.ts'
import { patched, scene, startedAt } from './scene.ts'
import { type Change, other } from './scene-changes.ts'
import { customerRecord, directoryText, supported } from './scene-world.ts'

export const hour = 3_600_000

/** What is in force today, where it is another than in the room. */
export interface Today {
  readonly policy?: JsonObject
  readonly directory?: string
  readonly book?: string
  readonly root?: string
  readonly view?: (view: RequestView) => RequestView
  readonly home?: (home: CameHome) => CameHome
}

/** Brought home twenty minutes after its attempt. */
export function home(today: Today = {}, change: Change = {}): CameHome {
  const { warrant, own, warrantValue, rulebook } = scene(change)
  const signed: RequestView = {
    ...own.view,
    intent: { ...own.view.intent!, state: 'SIGNED' },
    attempts: own.view.attempts.map((row) => ({ ...row, state: 'completed' })),
  }
  const documents = new Map(signed.documents)
  const put = (tag: 'root' | 'policy' | 'directory' | 'book', written: string): Digest => {
    const digest = digestOfText(tags[tag], written)
    documents.set(digest, written)
    return digest
  }
  const { policy, directory, books } = signed.ruleset
  const ruleset = {
    digest: other,
    root: put('root', today.root ?? rootText),
    policy: today.policy === undefined ? policy : put('policy', text(today.policy)),
    directory: today.directory === undefined ? directory : put('directory', today.directory),
    books: books.map((row) =>
      today.book === undefined ? row : { ...row, seq: 40, digest: put('book', today.book) },
    ),
  }
  const law = today.policy === undefined ? rulebook : parseRulebook(text(today.policy))
  const come: CameHome = {
    view: (today.view ?? ((view) => view))({ ...signed, ruleset, documents }),
    attempt: 1,
    warrant,
    signers: [parseNodeId('signer-a'), parseNodeId('signer-c')],
    people: [],
    approvals: warrantValue.approvals,
    history: {
      limits: law.limits.map(({ id }) => ({ id, used: 0n })),
      duplicateOf: '',
      frozen: false,
    },
    cameAt: own.clockMs + hour / 3,
    clockMs: own.clockMs + hour / 3,
    newestAt: own.clockMs + hour / 3,
    witnessedAt: (seq) => own.witnessedAt(seq, []),
  }
  return today.home === undefined ? come : today.home(come)
}

export const said = (today: Today = {}, change: Change = {}): string => {
  const refused = admitAgain(home(today, change))
  return refused === undefined ? 'goes' : `${refused.check} ${refused.code}`
}
export const because = (today: Today): string => admitAgain(home(today))?.because ?? ''

/** The policy of today after one change to what stood in the room. */
export function policy(change: (json: Loose) => void): JsonObject {
  return JSON.parse(changed(text(supported), change)) as JsonObject
}
export const ruled = (change: JsonObject): JsonObject =>
  policy((json) => {
    json.rules = json.rules.map((rule: Loose) =>
      rule.id === 'payout-large' ? patched(rule, change) : rule,
    )
  })
export const limited = (id: string, max: string): JsonObject =>
  policy((json) => {
    json.limits = json.limits.map((one: Loose) => (one.id === id ? { ...one, max } : one))
  })
const directory = (change: (persons: Loose[]) => Loose[], before: string = directoryText): string =>
  changed(before, (json) => {
    json.persons = change(json.persons)
  })
/** The service asks for payments with one key, and says with another whose an address is. */
export const desk = 'svc-payouts-desk'
const twoKeys = directory((persons) =>
  persons.map((one) => {
    const [own] = one.credentials
    const publicKey = toHex(testKey(desk).publicKey)
    const second = { ...own, id: `${desk}-1`, publicKey }
    return one.handle === 'svc-payouts' ? { ...one, credentials: [own, second] } : one
  }),
)
export const apart: Change = { directory: twoKeys, attestedBy: desk }
/** A credential ends on the day after; the others go on. */
export function ends(id: string): string {
  const ended = (own: Loose): Loose =>
    own.id === id ? { ...own, to: '2026-12-08T00:00:00Z' } : own
  return directory(
    (persons) => persons.map((one) => ({ ...one, credentials: one.credentials.map(ended) })),
    twoKeys,
  )
}
export const without = (name: string): string =>
  directory((persons) => persons.filter(({ handle }) => handle !== name))
export const with2 = (patch: Partial<CameHome>): Today => ({
  home: (come) => ({ ...come, ...patch }),
})
export const cameAt = (at: number): Today => with2({ cameAt: at, clockMs: at, newestAt: at })
export const intent = (patch: object): Today => ({
  view: (view) => ({ ...view, intent: { ...view.intent!, ...patch } }),
})

export const sitter = (person: string, role: Role): Attendee => {
  return { person: parsePersonId(person), role, how: 'known', outside: false }
}

export const lapsing: RequestState = 'LAPSING'

export function asks(role: string, count: number): JsonObject {
  return {
    require: [
      { count, role },
      { count: 1, role: 'treasury' },
    ],
  }
}

export function upTo(lte: string): JsonObject {
  return { amount: { gt: '25000', lte } }
}

export function withoutRule(id: string): JsonObject {
  return policy((json) => {
    json.rules = json.rules.filter((rule: Loose) => rule.id !== id)
  })
}

export function renamed(from: string, to: string): JsonObject {
  return policy((json) => {
    for (const rule of json.rules) if (rule.id === from) rule.id = to
  })
}

export function denied(op: string): JsonObject {
  return policy((json) => {
    json.guards[0].deny.op.notIn = [op]
  })
}

export function unnamed(vault: string): JsonObject {
  const named = JSON.stringify(supported).replaceAll(`"${vault}"`, '"hot-other"')
  return JSON.parse(named) as JsonObject
}

export function ofHouse(org: string): JsonObject {
  return policy((json) => {
    json.org = org
  })
}

export function rekeyed(vault: string): JsonObject {
  return policy((json) => {
    json.vaults[vault].key = 'k-another'
  })
}

export function costs(maxFee: string): JsonObject {
  return policy((json) => {
    json.networks.eth.maxFee = maxFee
  })
}

export function ending(expires: string): JsonObject {
  return policy((json) => {
    json.expires = expires
  })
}

export function unseated(role: string, name: string): JsonObject {
  return policy((json) => {
    json.roles[role].members = json.roles[role].members.filter((one: string) => one !== name)
  })
}

export function rootWithout(name: string): string {
  return changed(rootText, (json) => {
    for (const one of json.nodes) if (one.node === name) one.node = 'signer-x'
  })
}

/** The address in a book in force: what a service attested of it counts no more. */
export function listed(): string {
  const book = parseHandle('exchange')
  return bookOf([destinationJson({ ...customerRecord, book, label: 'somebody else' })])
}

export function bookOf(records: readonly JsonObject[]): string {
  return text({
    ...{ format: 'custody-book/v1', org: payout.org, env: 'prod', name: 'exchange' },
    ...{ version: 2, previous: 'dd'.repeat(32), records: [...records] },
  })
}

export function attempted(patch: object): Today {
  return {
    view: (view) => ({
      ...view,
      attempts: view.attempts.map((row) => ({ ...row, ...patch })),
    }),
  }
}

export function reserved(patch: object): Today {
  return { view: (view) => ({ ...view, reservation: { ...view.reservation!, ...patch } }) }
}

export function opened(view: RequestView): RequestView {
  return { ...view, attempts: view.attempts.map((row) => ({ ...row, state: 'open' })) }
}

export function openAgain({ attempts }: RequestView) {
  const [first] = attempts
  return { ...first!, attempt: 2, seq: 50, state: 'open' as const }
}

export function lawless(view: RequestView): RequestView {
  return { ...view, ruleset: { ...view.ruleset, policy: '' } }
}

export function bent(come: CameHome): CameHome {
  return { ...come, warrant: scene({ warrant: { ruleset: parseDigest('77'.repeat(32)) } }).warrant }
}

/** What people are shown today. */
export function displayUnder(law: JsonObject): Digest {
  const named = { class: customerRecord.book, label: customerRecord.label }
  const rulebook = parseRulebook(text(law))
  return displayDigest(render(payout, rulebook, parseHandle('payout-large'), named))
}

/** Recorded today, under what is in force today. */
export function approvedBy(person: string, role: string, change: Partial<Approval> = {}) {
  return (come: CameHome): CameHome => {
    const { view } = come
    const [first] = come.approvals
    const before = JSON.parse(first!.document) as { display: Digest; intent: Digest }
    const approval: Approval = {
      ...{ org: payout.org, env: 'prod', decision: 'approve', intent: before.intent },
      policy: view.ruleset.policy as Digest,
      directory: view.ruleset.directory as Digest,
      ...{ rule: parseHandle('payout-large'), as: parseHandle(role) },
      ...{ person: parsePersonId(person), credential: parseHandle(`${person}-1`) },
      ...{ display: before.display, issued: startedAt + 1_200_000 },
      ...{ expires: startedAt + 3 * hour, nonce: sha256(toUtf8(person)).slice(0, 16) },
      ...change,
    }
    const signed = signApproval(approval, testKey(person).sign)
    const digest = digestOf(tags.approval, toUtf8(signed.document))
    const [row] = view.decisions
    const line = { seq: 45, t: startedAt + 1_200_000, person: approval.person, approval: digest }
    const decisions = [...view.decisions, { ...row!, ...line }]
    return { ...come, approvals: [...come.approvals, signed], view: { ...view, decisions } }
  }
}

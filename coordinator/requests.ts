// Requests at the border: submit, cancel, look up, list, try out. A signed intent is verified
// before it is stored; the rest is the desk's. Repeating a submit answers with the request that
// exists, whatever became of it; the same id for another intent is a conflict (the API design,
// 7.4). Nothing here waits for people.
import { below, tables } from '../policy/audit/tables.ts'
import { chainOf } from '../policy/chain/chains.ts'
import { type Change, claimsChange, everyVault, openChange } from '../policy/change.ts'
import { requireDealingOf } from '../policy/dealing.ts'
import type { Root } from '../policy/documents.ts'
import type { Intent } from '../policy/intent.ts'
import { recipientOf } from '../policy/recipient.ts'
import { openIntent } from '../policy/request.ts'
import { callerAt, credentialAt, type Roster } from '../policy/roster.ts'
import type { IntentRow } from '../policy/view.ts'
import { digestOf, toUtf8 } from '../proto/crypto.ts'
import { type Digest, type Handle, type PersonId, parseDigest } from '../proto/ids.ts'
import { parseDealing } from '../proto/import-documents.ts'
import { limits } from '../proto/limits.ts'
import { attempt, isRefusal, type Refusal, refusal, refuse } from '../proto/refusal.ts'
import { writeTime } from '../proto/shape.ts'
import type { Signed } from '../proto/signed.ts'
import { tags } from '../proto/tags.ts'
import { planBlobs } from './ceremony/plan-blob.ts'
import { boundElsewhere } from './desk/binding.ts'
import { nonceTaken } from './desk/cancelling.ts'
import { resolve } from './desk/case.ts'
import { judgeChangeAt, resolveChange } from './desk/change-case.ts'
import { judge } from './desk/judge.ts'
import type { Rules, RulesMemory } from './desk/rules.ts'
import type { Judged } from './desk/settle.ts'
import type { Notes } from './driver.ts'
import type { Nonces } from './nonces.ts'
import type { Copy } from './page.ts'
import type { Past } from './past-nonces.ts'
import type { Clock } from './ports.ts'
import type { Answer } from './proposal.ts'
import { type Shown, showRequest } from './request-view.ts'
import { signedContent } from './results.ts'
import type { Sequencer } from './sequencer.ts'
import type { Blob } from './store/blobs.ts'
import { putDealing } from './store/dealings.ts'
import {
  countOpen,
  findRequest,
  type ListPage,
  listRequests,
  type RequestRow,
  requestsSince,
} from './store/requests.ts'
import type { Store } from './store/store.ts'

export interface RequestsPorts {
  readonly store: Store
  readonly origin: string
  readonly copy: Copy
  readonly memory: RulesMemory
  readonly clock: Clock
  readonly sequencer: Sequencer
  readonly notes: Notes
  readonly nonces: Pick<Nonces, 'usedOf'>
  readonly otherPast: Past
}

/** The request as it stands, or that it is stored and no run has judged it yet. */
export type Submitted =
  | { readonly kind: 'request'; readonly shown: Shown }
  | { readonly kind: 'accepted'; readonly id: Digest; readonly intent: Asked }

/** What payments and changes are asked for by. */
type Asked = Pick<Intent, 'id' | 'initiator' | 'vault'>

type ReadAsked = { readonly digest: Digest } & (
  | { readonly kind: 'payment'; readonly intent: Intent }
  | { readonly kind: 'change'; readonly intent: Change }
)

export class Requests {
  readonly #ports: RequestsPorts

  constructor(ports: RequestsPorts) {
    this.#ports = ports
  }

  /**
   * `dealing`: what an import is carried out with, `plan`: what a ceremony is held by. Each comes
   * with its request and never later.
   */
  async submit(
    signed: Signed,
    records: readonly Signed[],
    dealing?: Uint8Array,
    plan?: Uint8Array,
  ): Promise<Submitted | Refusal> {
    const { copy, memory, sequencer, store } = this.#ports
    const rules = await memory.at(copy)
    const read = attempt(() => this.#open(signed, rules))
    if (isRefusal(read)) return read
    const known = (await this.#known(read)) ?? (await this.#hindrance(read))
    if (known !== undefined) return known
    const blobs = await this.#blobs(signed, records, read, rules)
    if (isRefusal(blobs)) return blobs
    const planned = attempt(() => {
      requireDealing(read, dealing)
      return planBlobs(read.kind === 'change' ? read.intent : undefined, plan)
    })
    if (isRefusal(planned)) return planned
    if (dealing !== undefined) await putDealing(store, read.digest, dealing)
    const content = { intent: read.digest }
    const all = [...blobs, ...planned]
    const { answer } = await sequencer.submit({ kind: 'submit', content, blobs: all })
    return this.#answerTo(read, answer)
  }

  /** By request id, or by caller's id. */
  async find(
    by: { id: string } | { initiator: string; callerId: string },
  ): Promise<Shown | Refusal> {
    const { store, origin } = this.#ports
    const row = 'id' in by ? undefined : await findRequest(store, origin, by)
    const id = 'id' in by ? attempt(() => parseDigest(by.id, 'request')) : row?.intent
    if (isRefusal(id)) return id
    const shown = id && (await this.show(id))
    return shown ?? refusal('REQUEST_NOT_FOUND', 'no such request')
  }

  /** Newest first; `before` is the created seq of the last one seen. */
  list(page: ListPage): Promise<readonly RequestRow[]> {
    const countMax = Math.min(Math.max(1, page.countMax), limits.listPageMax)
    return listRequests(this.#ports.store, this.#ports.origin, { ...page, countMax })
  }

  /** Those with a line at or after `seq`, in the order of their newest line. */
  since(seq: number): Promise<readonly RequestRow[]> {
    return requestsSince(this.#ports.store, this.#ports.origin, seq, limits.listPageMax)
  }

  /** Only its initiator, and only before the first attempt. */
  async cancel(id: string, by: string): Promise<Shown | Refusal> {
    const shown = await this.find({ id })
    if (isRefusal(shown)) return shown
    if (shown.initiator !== by) {
      return refusal('CALLER_NOT_ALLOWED', `expected a cancel by ${shown.initiator}, got ${by}`)
    }
    if (shown.state === 'CANCELLED') return shown
    const content = { intent: shown.id, by }
    const { answer } = await this.#ports.sequencer.submit({ kind: 'cancel', content })
    const answered = await answer
    const now = await this.find({ id })
    // Another coordinator may have cancelled it in between.
    const isDone = !isRefusal(answered) || (!isRefusal(now) && now.state === 'CANCELLED')
    return isDone ? now : answered
  }

  /** What the policy would say now; nothing is stored. */
  async simulate(signed: Signed, records: readonly Signed[]): Promise<Judged | Refusal> {
    const { copy, memory, clock } = this.#ports
    const rules = await memory.at(copy)
    const read = attempt(() => this.#open(signed, rules))
    if (isRefusal(read)) return read
    const row = { ...rowOf(read, signed.credential), t: clock.now() }
    if (read.kind === 'change') {
      const asked = await resolveChange(copy, rules, { row, signed, decisions: [] })
      // No line is written, so none can have been witnessed.
      return judgeChangeAt({ ...asked, witnessed: undefined }, clock.now())
    }
    const the = await resolve(copy, rules, { row, signed, decisions: [] }, records)
    return judge(copy, the, clock.now())
  }

  show(id: Digest): Promise<Shown | undefined> {
    const { copy, memory, origin, clock, notes } = this.#ports
    return showRequest(copy, id, { memory, origin, now: clock.now(), note: notes.get(id) })
  }

  #open(signed: Signed, { inForce, root }: Rules): ReadAsked {
    const { roster, rulebook } = inForce
    const now = this.#ports.clock.now()
    const credential = credentialAt(roster, signed.credential, now)
    if (credential === undefined) {
      return refuse('INTENT_SIG', `no valid credential ${signed.credential} in the directory`)
    }
    const read = openAsked(signed, credential.publicKey)
    requireOwn(read.intent, root, credential.person)
    requireTimes(read.intent, now)
    const { kind, intent } = read
    // What cannot be built and decoded here would only hold up a nonce or a limit.
    if (kind === 'payment') chainOf(intent.network)
    if (!rulebook.vaults.has(intent.vault) && intent.vault !== everyVault) {
      refuse('VAULT_NOT_FOUND', `the policy names no vault ${intent.vault}`)
    }
    return read
  }

  async #known({ digest, intent }: ReadAsked): Promise<Submitted | Refusal | undefined> {
    const { store, origin } = this.#ports
    const caller = { initiator: intent.initiator, callerId: intent.id }
    const row = await findRequest(store, origin, caller)
    if (row === undefined) return undefined
    if (row.intent !== digest) {
      const because = `${intent.initiator} used ${intent.id} for ${row.intent}, not ${digest}`
      return refusal('IDEMPOTENCY_CONFLICT', because)
    }
    const shown = await this.show(digest)
    return shown && { kind: 'request', shown }
  }

  /** What could only wait in vain is refused when it is asked for. */
  async #hindrance(read: ReadAsked): Promise<Refusal | undefined> {
    const { copy, clock, nonces, otherPast } = this.#ports
    if (read.kind === 'change') {
      return read.intent.op === 'key.import' ? otherPast(read.intent) : undefined
    }
    const taken = await nonceTaken(copy, read.intent, clock.now())
    if (isRefusal(taken)) return taken
    const used = taken && nonces.usedOf(taken)
    if (used !== undefined) return used
    return boundElsewhere(copy, read.intent, read.digest)
  }

  /** The intent, and the record that came with it if that is what vouches for the address. */
  async #blobs(
    signed: Signed,
    records: readonly Signed[],
    read: ReadAsked,
    rules: Rules,
  ): Promise<readonly Blob[] | Refusal> {
    const { store, origin, copy, clock } = this.#ports
    const { digest, intent } = read
    const open = await countOpen(store, origin, intent.initiator)
    if (open >= limits.pendingRequestsPerCallerMax) {
      return refusal('QUEUE_FULL', `${intent.initiator} has ${open} open requests`)
    }
    const own = { digest, kind: 'intent', content: signedContent(signed) } as const
    if (read.kind === 'change') return [own]
    const vaults = await copy.read(below(tables.vault))
    const known = {
      inForce: rules.inForce,
      vaults,
      // An attested record never speaks of an own vault.
      shown: [],
      createdAt: clock.now(),
      witnessedAt: () => undefined,
    }
    const vouching = records.filter((record) => {
      return !isRefusal(
        attempt(() => recipientOf(read.intent, { kind: 'attested', record }, known)),
      )
    })
    return [
      own,
      ...vouching.map((record) => ({
        digest: digestOf(tags.dest, toUtf8(record.document)),
        kind: 'dest',
        content: signedContent(record),
      })),
    ]
  }

  /** At most a second, then the caller looks again. */
  async #answerTo(read: ReadAsked, answer: Promise<Answer>): Promise<Submitted | Refusal> {
    const stop = new AbortController()
    const late = this.#ports.clock
      .sleep(limits.submitWaitMs, stop.signal)
      .then(() => 'late' as const)
    const answered = await Promise.race([answer, late])
    stop.abort()
    const accepted = { kind: 'accepted', id: read.digest, intent: read.intent } as const
    if (answered === 'late') return accepted
    // Somebody else may have stored the same intent in between.
    if (isRefusal(answered)) return (await this.#known(read)) ?? answered
    const shown = await this.show(read.digest)
    return shown === undefined ? accepted : { kind: 'request', shown }
  }
}

/** The person or service that calls with this TLS key; its certificate's name if none is listed. */
export function callerOf(
  roster: Roster,
  pin: Digest,
  name: Handle,
  now: number,
): PersonId | Handle {
  return callerAt(roster, pin, now)?.person ?? name
}

/** An import comes with the dealing that its terms name, and nothing else with any. */
function requireDealing(read: ReadAsked, dealing: Uint8Array | undefined): void {
  const change = read.kind === 'change' && read.intent.op === 'key.import' ? read.intent : undefined
  if (change === undefined && dealing === undefined) return
  if (change === undefined) refuse('INVALID_INTENT', 'a dealing goes with an import alone')
  if (dealing === undefined) refuse('DEALING', 'expected the dealing of this import')
  requireDealingOf(change, parseDealing(dealing))
}

/** A payment or a change, by the format that the document states. */
function openAsked(signed: Signed, publicKey: Uint8Array): ReadAsked {
  if (claimsChange(toUtf8(signed.document))) {
    const { digest, change } = openChange(signed, publicKey)
    return { kind: 'change', digest, intent: change }
  }
  return { kind: 'payment', ...openIntent(signed, publicKey) }
}

function requireOwn(
  { org, env, initiator }: Pick<Intent, 'org' | 'env' | 'initiator'>,
  root: Root,
  person: PersonId,
): void {
  if (org !== root.org || env !== root.env) {
    refuse('INVALID_INTENT', `expected an intent of ${root.org} ${root.env}, got ${org} ${env}`)
  }
  if (person !== initiator) {
    refuse('INTENT_SIG', `expected a credential of ${initiator}, got ${person}`)
  }
}

function requireTimes(
  { created, notAfter }: Pick<Intent, 'created' | 'notAfter'>,
  now: number,
): void {
  if (created > now + limits.clockSkewMs) {
    refuse('TIME', `created ${writeTime(created)}, it is ${writeTime(now)}`)
  }
  if (notAfter <= now) refuse('TIME', `notAfter ${writeTime(notAfter)}, it is ${writeTime(now)}`)
}

/** As the line would make it. */
function rowOf({ digest, intent }: ReadAsked, credential: Handle): IntentRow {
  const { id, initiator, op, vault, notAfter, created } = intent
  const named = { intent: digest, id, initiator, credential, op, vault, notAfter }
  return { ...named, state: 'AWAITING_APPROVAL', rule: '', attempts: 0, seq: 0, t: created }
}

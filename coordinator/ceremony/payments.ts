// The payments of a ceremony: for each the transaction is built, its Warrant issued and its attempt
// started, so that the log says what the room may sign before anybody goes there. Whoever is called
// is named; the room chooses t of them.
// INVARIANT: everything is built before the first attempt is started, and an attempt that stands is
// never started anew: asked again, a half-made preparation goes on where it stood.
import { requestView } from '../../policy/audit/history.ts'
import type { PlannedWarrant } from '../../policy/ceremony/bundle-in.ts'
import { calledStations, type Plan } from '../../policy/ceremony/plan.ts'
import { decode } from '../../policy/check-bytes.ts'
import { untilMarginMs } from '../../policy/lifetime.ts'
import type { Rule } from '../../policy/rules/rule.ts'
import type { AttemptRow, CeremonyRow, RequestView, VaultRow } from '../../policy/view.ts'
import { digestOf } from '../../proto/crypto.ts'
import type { Digest, NodeId } from '../../proto/ids.ts'
import { isRefusal, type Refusal, refuse } from '../../proto/refusal.ts'
import { writeTime, writeTimeMillis } from '../../proto/shape.ts'
import { tags } from '../../proto/tags.ts'
import { type Case, gather } from '../desk/case.ts'
import { countable } from '../desk/judge.ts'
import { type DriverPorts, writeLines } from '../driver.ts'
import { buildFirstBytes } from '../first-bytes.ts'
import { abandonedLines } from '../results.ts'
import { readBlob } from '../store/blobs.ts'
import { issueWarrant, readWarrant } from '../warrants.ts'

export interface Sitting {
  readonly plan: Plan
  /** Of the line that planned it. */
  readonly seq: number
}

/** A payment that is ready for its room. */
export interface Ready {
  readonly intent: Digest
  readonly warrant: Uint8Array
  /** Undefined where its attempt stands already. */
  readonly start: { readonly attempt: number; readonly epoch: number } | undefined
}

export async function readyPayment(
  ports: DriverPorts,
  sitting: Sitting,
  intent: Digest,
): Promise<Ready | Refusal> {
  const view = await ports.copy.read(requestView(intent))
  // Its key signs elsewhere: what goes into a room is not called back.
  const held = view.intent && ports.nonces.holdOf(view.intent.vault)
  if (held !== undefined) return held
  const last = view.attempts.at(-1)
  const standing = last?.state === 'open' && last.seq > sitting.seq ? last : undefined
  if (standing !== undefined) {
    return { intent, warrant: await keptWarrant(ports, standing), start: undefined }
  }
  const the = await gather(ports.copy, ports.memory, intent)
  requireWaiting(the, view)
  const vault = view.vaults.find((row) => row.vault === the.intent.vault)
  if (vault === undefined) return refuse('VAULT_NOT_FOUND', `${the.intent.vault} has no key`)
  const rule = the.inForce.rulebook.rules.find(({ id }) => id === view.reservation?.rule)
  if (rule === undefined) return refuse('RULE', 'the rule of the reservation is not in force')
  requireAlive(the, rule, { ...sitting, nowMs: ports.clock.now() })
  const bytes =
    last === undefined ? await built(ports, the, { view, vault }) : await again(ports, last)
  if (isRefusal(bytes)) return bytes
  requireOutlive(bytes, the, sitting)
  const replaces = last?.replaces ?? ''
  const warrant = issueWarrant(the, { rule, bytes, replaces, t: ports.clock.now() })
  const start = { attempt: (last?.attempt ?? 0) + 1, epoch: vault.epoch }
  return { intent, warrant, start }
}

/** Its attempt line, which names everybody who is called and holds a share. */
export async function startPayment(
  ports: DriverPorts,
  { plan }: Sitting,
  { intent, warrant, start }: Ready,
): Promise<Refusal | undefined> {
  if (start === undefined) return undefined
  const view = await ports.copy.read(requestView(intent))
  const vault = view.vaults.find((row) => row.vault === view.intent?.vault)
  const participants = calledHolders(plan, vault)
  const digest = digestOf(tags.warrant, warrant)
  const answer = await ports.sequencer.propose({
    kind: 'attempt',
    content: { intent, ...start, participants: [...participants], warrant: digest },
    blobs: [{ digest, kind: 'warrant', content: warrant }],
  })
  return isRefusal(answer) ? answer : undefined
}

/**
 * What a ceremony leaves open when it ends: nobody can prove that no share left, so the request
 * stays spent, and its next ceremony signs the same bytes.
 */
export async function closeAttempts(
  ports: DriverPorts,
  { requests, seq }: Pick<CeremonyRow, 'requests' | 'seq'>,
): Promise<Refusal | undefined> {
  for (const request of requests) {
    const last = (await ports.copy.read(requestView(request))).attempts.at(-1)
    if (last?.state !== 'open' || last.seq < seq) continue
    const answer = await writeLines(ports, abandonedLines(last))
    if (isRefusal(answer)) return answer
  }
  return undefined
}

export function plannedWarrant({ warrant }: Ready): PlannedWarrant {
  return { kind: 'warrant', digest: digestOf(tags.warrant, warrant), bytes: warrant }
}

/** Those of the key's holders who come, ascending by x. */
function calledHolders(plan: Plan, vault: VaultRow | undefined): readonly NodeId[] {
  const called = new Set<string>(calledStations(plan).map(({ node }) => node))
  return (vault?.participants ?? []).map(({ node }) => node).filter((node) => called.has(node))
}

/** Reserved, or tried before at a ceremony that brought nothing. */
function requireWaiting({ row }: Case, { attempts }: RequestView): void {
  const isRetry = row.state === 'SIGNING' && attempts.at(-1)?.state === 'aborted'
  if (row.state !== 'RESERVED' && !isRetry) {
    refuse('CEREMONY', `${row.intent}: expected a reserved request, got ${row.state}`)
  }
}

/** Until the room closes: request, rule and approvals, as every station asks of each (N18). */
function requireAlive(the: Case, rule: Rule, { plan, nowMs }: Sitting & { nowMs: number }): void {
  const { intent, row } = the
  const ends = (what: string, at: number): void => {
    if (at >= plan.until) return
    refuse('TIME', `${row.intent}: ${what} ends ${writeTimeMillis(at)}, before the ceremony may`)
  }
  ends('it', intent.notAfter)
  ends('the time of its rule', intent.created + rule.ttlMs)
  for (const { fact, expires } of countable(the, rule, nowMs)) {
    ends(`the approval of ${fact.person}`, expires)
  }
}

/**
 * Bytes that end (Tron) are bound for ever by their attempt: where they would end before the room
 * may, nothing is started, and the same is asked again nearer to it.
 */
function requireOutlive(bytes: Uint8Array, { intent, inForce }: Case, { plan }: Sitting): void {
  const { until } = decode(intent, bytes, inForce.rulebook)
  if (until === undefined || until - untilMarginMs >= plan.until) return
  const last = until - untilMarginMs
  const said = `expected to be signed until ${writeTime(plan.until)}`
  refuse('LIFETIME', `${said}, and the bytes can be until ${writeTimeMillis(last)}`)
}

/** At the highest price that the intent allows: nobody can bump it from a room. */
async function built(
  ports: DriverPorts,
  the: Case,
  { view, vault }: { readonly view: RequestView; readonly vault: VaultRow },
): Promise<Uint8Array | Refusal> {
  const reservation = view.reservation ?? refuse('LINE_MISSING', 'no reservation')
  const made = await buildFirstBytes(ports, the, {
    vault,
    slot: reservation.slot,
    isPatient: true,
  })
  return made.kind === 'later' ? refuse(made.code, made.because) : made.bytes
}

/** A retry signs the same bytes. */
async function again(ports: DriverPorts, last: AttemptRow): Promise<Uint8Array> {
  return (await readWarrant(ports.copy.session, last.warrant)).bytes
}

async function keptWarrant({ copy }: DriverPorts, { warrant }: AttemptRow): Promise<Uint8Array> {
  const blob = await readBlob(copy.session, warrant)
  return blob?.content ?? refuse('LINE_MISSING', `no warrant ${warrant} is kept`)
}

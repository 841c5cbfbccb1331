// From a reservation to a signature, one attempt after another: build the bytes, issue the Warrant,
// let the nodes sign, write what came of it. A retry signs the same bytes again; other bytes are
// only a fee bump (the walk, 7).
// INVARIANT: whatever happened in an attempt, a line says how it ended before the next one begins.
import { stateAt } from '../policy/audit/standing.ts'
import { get, tables } from '../policy/audit/tables.ts'
import { chainOf } from '../policy/chain/chains.ts'
import { derive } from '../policy/chain/derive.ts'
import { isMessage } from '../policy/intent.ts'
import { networkOf } from '../policy/rulebook.ts'
import type { ReservationRow, VaultRow } from '../policy/view.ts'
import { digestOf } from '../proto/crypto.ts'
import type { Digest, NodeId } from '../proto/ids.ts'
import { parseText } from '../proto/jcs.ts'
import { kinds } from '../proto/node-documents.ts'
import { isReasonCode, mayPass } from '../proto/reasons.ts'
import { isRefusal, type Refusal, Refused, refusal, refuse } from '../proto/refusal.ts'
import type { Signed } from '../proto/signed.ts'
import { tags } from '../proto/tags.ts'
import { Unavailable } from '../proto/unavailable.ts'
import { ceremonyNote, isCold } from './ceremony/cold.ts'
import { chooseNodes, wantsFresh } from './choose.ts'
import {
  again,
  type Driven,
  type DriverPorts,
  done,
  ledgerFor,
  type Next,
  parked,
  pause,
  wait,
  writeLines,
} from './driver.ts'
import { buildFirstBytes } from './first-bytes.ts'
import { abandonedLines, resultLines } from './results.ts'
import type { Attempted } from './signing.ts'
import { issueWarrant, readWarrant } from './warrants.ts'

/** A hot reservation that cannot start holds up the nonces behind it, so it is given back. */
const startPatienceMs = 30_000
const lookAgainMs = 1_000
/** Doubled with every attempt. */
const retryMs = 500
const retryMsMax = 30_000

/** State RESERVED: the first attempt. */
export async function startFirst(ports: DriverPorts, driven: Driven): Promise<Next> {
  const { the, view } = driven
  const reservation = view.reservation ?? refuse('LINE_MISSING', 'no reservation')
  if (isCold(the)) return waitForCeremony(driven)
  const made = await buildFirst(ports, driven, reservation)
  const failed = isRefusal(made) ? made : await sign(ports, driven, made)
  return isRefusal(failed) ? giveBack(ports, driven, reservation, failed) : failed
}

/** State SIGNING: how the last attempt ended, and what to do then. */
export async function continueSigning(ports: DriverPorts, driven: Driven): Promise<Next> {
  const { the, view } = driven
  // Its attempt is open until the room has said how it ended.
  if (isCold(the)) return waitForCeremony(driven)
  const last = view.attempts.at(-1) ?? refuse('LINE_MISSING', 'no attempt')
  const { intent } = the.row
  if (last.state === 'open') {
    if (ports.signing.isRunning(intent, last.attempt)) return wait(lookAgainMs)
    await writeLines(ports, abandonedLines(last))
    return again
  }
  if (await hasLapsed(ports, driven)) return wait(lookAgainMs)
  const { bytes } = await readWarrant(ports.copy.session, last.warrant)
  const next = {
    bytes,
    replaces: last.replaces,
    number: last.attempt + 1,
    avoid: last.participants,
  }
  const outcome = await sign(ports, driven, next)
  if (!isRefusal(outcome)) return outcome
  const later = driven.note(outcome, lookAgainMs)
  // The lease is given back: another coordinator may have the nodes that this one lacks.
  return outcome.code === 'NOT_ENOUGH_SIGNERS' ? done : later
}

/** Nothing may start any more, and how the last attempt ended is written. */
export async function hasLapsed(ports: DriverPorts, { the, view }: Driven): Promise<boolean> {
  if (view.attempts.at(-1)?.state === 'open') return false
  const row = await ports.copy.read(get(tables.intent, the.row.intent))
  return row !== undefined && stateAt(row, ports.clock.now()) === 'LAPSING'
}

/** State BROADCAST and stuck: the same effect with higher fees. */
export async function bump(ports: DriverPorts, driven: Driven): Promise<Next | undefined> {
  const { the, view } = driven
  const last = view.attempts.at(-1)
  const network = networkOf(the.inForce.rulebook, the.intent.vault)
  const slot = network?.slot
  if (last === undefined || slot?.kind !== 'nonce' || isCold(the)) return undefined
  if (view.intent?.cancelledBy !== undefined) return undefined
  const order = {
    intent: the.intent,
    from: addressOf(the.intent.path, vaultOf(driven), the.intent.network),
    slot: last.slot,
    now: ports.clock.now(),
    bump: { last: last.fee, percent: slot.bumpPercent },
    terms: network ?? {},
  }
  const built = await ledgerFor(ports, the.intent.network).build(order)
  if (built.kind === 'later') return undefined
  const { bytes } = built
  const number = last.attempt + 1
  const outcome = await sign(ports, driven, { bytes, replaces: last.warrant, number, avoid: [] })
  return isRefusal(outcome) ? undefined : outcome
}

interface Made {
  readonly bytes: Uint8Array
  readonly replaces: Digest | ''
  readonly number: number
  /** The set that failed last. */
  readonly avoid: readonly string[]
}

async function buildFirst(
  ports: DriverPorts,
  driven: Driven,
  { slot, cancelling }: ReservationRow,
): Promise<Made | Refusal> {
  const vault = vaultOf(driven)
  try {
    // A cancel that could not land is not signed: whoever used the nonce, nothing is left to stop.
    const used = cancelling && (await ports.nonces.askUsed(driven))
    if (used !== undefined) return used
    const built = await buildFirstBytes(ports, driven.the, { vault, slot, cancelling })
    if (built.kind === 'later') return refusal(built.code, built.because)
    return { bytes: built.bytes, replaces: '', number: 1, avoid: [] }
  } catch (error) {
    // Endpoints that are away hold up what is behind it as fees above `maxFee` do.
    if (error instanceof Refused) return error.refusal
    if (!(error instanceof Unavailable)) throw error
    return refusal(error.code ?? 'CHAIN_UNAVAILABLE', error.message)
  }
}

/** A Refusal when the attempt never came to be. */
async function sign(ports: DriverPorts, driven: Driven, made: Made): Promise<Next | Refusal> {
  const { the, view } = driven
  const { rulebook } = the.inForce
  const rule = rulebook.rules.find(({ id }) => id === view.reservation?.rule)
  if (rule === undefined) return refusal('RULE', 'the rule of the reservation is not in force')
  const vault = vaultOf(driven)
  const held = ports.nonces.holdOf(vault.vault)
  if (held !== undefined) return held
  const participants = nodesFor(ports, vault, made.avoid)
  if (isRefusal(participants)) return participants
  const { bytes, replaces, number: attempt } = made
  const warrant = issueWarrant(the, { rule, bytes, replaces, t: ports.clock.now() })
  const { intent } = the.row
  const attempted = await ports.signing.attempt({
    intent,
    attempt,
    epoch: vault.epoch,
    participants,
    warrant,
    fresh: wantsFresh(ports.links, { vault: the.intent.vault, rulebook, participants }),
    digest: chainOf(the.intent.network).digest(bytes),
    publicKey: derive(vault, the.intent.path).publicKey,
  })
  if (isRefusal(attempted)) return attempted
  const tried = { intent, attempt, warrant: digestOf(tags.warrant, warrant), bytes }
  const { network } = the.intent
  const written = await writeLines(ports, resultLines({ ...tried, network }, attempted))
  if (isRefusal(written)) {
    ports.report({ level: 'alarm', name: 'result.refused', because: written.because, intent })
  }
  return judgeFailure(ports, driven, { attempted, number: attempt })
}

function nodesFor(
  { links, tree }: DriverPorts,
  vault: VaultRow,
  avoid: readonly string[],
): readonly NodeId[] | Refusal {
  return chooseNodes({ vault, links: links.signers, size: tree.size, avoid })
}

/** What the own `admit` should have caught ends the driving: somebody has to look. */
function judgeFailure(
  ports: DriverPorts,
  driven: Driven,
  { attempted, number }: { readonly attempted: Attempted; readonly number: number },
): Next {
  const { intent } = driven.the.row
  if (attempted.kind === 'signed') {
    ports.notes.delete(intent)
    return again
  }
  const strange = attempted.refusals.map(codeOf).find((code) => !isPassing(code))
  if (strange === undefined) return pause(Math.min(retryMsMax, retryMs * 2 ** (number - 1)))
  const because = `a node refused what this coordinator admitted: ${strange}`
  ports.report({ level: 'alarm', name: 'node.refused', because, intent })
  driven.note({ code: 'NODE_REFUSED', because }, 0)
  return parked
}

/** Of a node's own state, or of its view of the log: another try, other nodes. */
const nodesOwn: ReadonlySet<string> = new Set([
  'EPOCH',
  'PEER_BANNED',
  'BRAKE',
  'VIEW',
  'STALE_ATTEMPT',
])

function isPassing(code: string): boolean {
  return nodesOwn.has(code) || (isReasonCode(code) && mayPass(code))
}

function codeOf({ document }: Signed): string {
  return kinds.refusal.shape(parseText(document), 'refusal').code
}

async function giveBack(
  ports: DriverPorts,
  driven: Driven,
  { t, cancelling }: ReservationRow,
  because: Refusal,
): Promise<Next> {
  if (because.code === 'STALE_ATTEMPT') return again
  // What it would cancel is over: nothing is left to wait for.
  const isUsed = cancelling !== undefined && because.code === 'NONCE'
  // The same message was tried for another request meanwhile.
  const isBound = isMessage(driven.the.intent.op) && because.code === 'ONE_EFFECT'
  const isMoot = isUsed || isBound || because.code === 'REQUEST_ENDED'
  const next = driven.note(because, lookAgainMs)
  if (ports.clock.now() - t < startPatienceMs && !isMoot) return next
  const { intent } = driven.the.row
  await ports.sequencer.propose({ kind: 'release', content: { intent } })
  return done
}

/** People carry it to a table and back: a line about it wakes whoever drives it. */
function waitForCeremony({ note }: Driven): Next {
  note(ceremonyNote, 0)
  return parked
}

function vaultOf({ the, view }: Driven): VaultRow {
  const vault = view.vaults.find((row) => row.vault === the.intent.vault)
  return vault ?? refuse('VAULT_NOT_FOUND', `${the.intent.vault} has no key`)
}

function addressOf(path: string, vault: VaultRow, network: string): string {
  return chainOf(network).address(derive(vault, path).publicKey)
}

// From a signature to the chain: send, send again, watch until final, write it down. Sending the
// same bytes twice is harmless. Endpoints are believed only to close a request: a line that closes
// frees no room, and DROPPED is written only when another transaction of this very log took the
// nonce.

import { type EntryOf, parseEntry } from '../policy/audit/entry.ts'
import { get, tables } from '../policy/audit/tables.ts'
import type { SignedTransaction } from '../policy/chain/chain.ts'
import { chainOf, movesToken } from '../policy/chain/chains.ts'
import { derive } from '../policy/chain/derive.ts'
import { parseSignature } from '../policy/chain/signature.ts'
import type { Intent } from '../policy/intent.ts'
import { plainDigest, toUtf8 } from '../proto/crypto.ts'
import type { Digest } from '../proto/ids.ts'
import { text } from '../proto/jcs.ts'
import { isRefusal, type Refusal, refusal, refuse } from '../proto/refusal.ts'
import { bump } from './attempts.ts'
import { heldBack } from './ceremony/held.ts'
import type { MinedAt, Moved } from './chain-rpc/rpc.ts'
import {
  again,
  type Driven,
  type DriverPorts,
  done,
  ledgerFor,
  type Next,
  wait,
  writeLines,
} from './driver.ts'
import { dropIfGone, txidOf } from './expiry.ts'
import type { Unseen } from './nonces.ts'
import { settledRival } from './rivals.ts'
import { readLinesOf } from './store/lines.ts'
import { readWarrant } from './warrants.ts'

const lookMs = 1_000
const resendMs = 15_000
const heldLookMs = 10_000
/** A transaction that no block took for so long is replaced, if its fees allow more. */
const bumpAfterMs = 120_000

/** State SIGNED. */
export async function send(ports: DriverPorts, driven: Driven): Promise<Next> {
  const { the } = driven
  const { intent } = the.row
  const seen = await observe(ports, driven)
  if (seen.kind === 'closed') return done
  const newest = seen.transactions.at(-1) ?? refuse('LINE_MISSING', 'no signature is kept')
  const { cancelledBy } = the.row
  if (cancelledBy !== undefined) {
    return driven.note({ code: 'REQUEST_ENDED', because: `cancelled by ${cancelledBy}` }, lookMs)
  }
  const held = await heldIfCold(ports, driven)
  if (held !== undefined) {
    tellHeld(ports, intent, held)
    return driven.note(held, heldLookMs)
  }
  ports.sentAt.set(intent, ports.clock.now())
  const answer = await ledgerFor(ports, the.intent.network).send(newest.raw)
  if (answer.kind !== 'taken' && !seen.mined) {
    const said = answer.kind === 'refused' ? 'no endpoint takes it' : 'perhaps it was taken'
    return driven.note({ code: 'CHAIN_UNAVAILABLE', because: `${said}: ${answer.because}` }, lookMs)
  }
  ports.notes.delete(intent)
  const body = { intent, txid: newest.txid }
  await writeLines(ports, { lines: [{ type: 'tx.broadcast', body }] })
  return again
}

/** States BROADCAST and LAPSING. */
export async function follow(ports: DriverPorts, driven: Driven): Promise<Next> {
  const seen = await observe(ports, driven)
  if (seen.kind === 'closed') return done
  const { the, view } = driven
  const { row, intent } = the
  const last = view.attempts.at(-1)
  if (seen.transactions.length === 0 || last === undefined) return done
  const isSent = await sendAgain(ports, driven, seen)
  // What lapsed is looked at now and then, by a tick: it may stay so for ever.
  if (row.state === 'LAPSING') return done
  const now = ports.clock.now()
  const isStuck = isSent && !seen.mined && row.state === 'BROADCAST' && now - last.t >= bumpAfterMs
  return (isStuck && now < intent.notAfter ? await bump(ports, driven) : undefined) ?? wait(lookMs)
}

/**
 * State SIGNING, and the chain was given an earlier transaction: once it is in a block its
 * replacement is not signed again, and until then it is sent again, or its nonce stays empty.
 */
export async function followReplaced(
  ports: DriverPorts,
  driven: Driven,
): Promise<Next | undefined> {
  const { attempts } = driven.view
  if (attempts.at(-1)?.state === 'open') return undefined
  if (!attempts.some(({ state }) => state === 'completed')) return undefined
  const seen = await observe(ports, driven)
  if (seen.kind === 'closed') return done
  await sendAgain(ports, driven, seen)
  return seen.mined ? wait(lookMs) : undefined
}

/** Whether it was time to. Of what waits for nothing more, only while nobody has said stop. */
async function sendAgain(
  ports: DriverPorts,
  driven: Driven,
  { transactions }: Open,
): Promise<boolean> {
  const { the, view } = driven
  const { intent, state } = the.row
  const newest = transactions.at(-1)
  const now = ports.clock.now()
  const isRecent = now - (ports.sentAt.get(intent) ?? 0) < resendMs
  if (newest === undefined || isRecent) return false
  if (state !== 'BROADCAST' && stopped({ the, view }) !== undefined) return false
  // It may still land, and settles then; but nobody helps it.
  if (the.row.cancelledBy !== undefined) return false
  if ((await heldIfCold(ports, driven)) !== undefined) return false
  ports.sentAt.set(intent, now)
  // Mined as well: it may be one endpoint's word, and sending again is harmless.
  await ledgerFor(ports, the.intent.network).send(newest.raw)
  return true
}

/** State SIGNING, and nothing may start any more: its chain may still have what nobody saw here. */
export async function followLapsed(ports: DriverPorts, driven: Driven): Promise<Next> {
  const next = await follow(ports, driven)
  return next.kind === 'done' ? wait(heldLookMs) : next
}

/**
 * A signature that came out of a room is older than what was said meanwhile: it stands in the log
 * as what it is, and goes to its chain only while `admit` would let it today. Hot nodes were asked
 * when their shares left. What the policy of today says of a vault's tier is no matter: only a log
 * of cold vaults has rooms.
 */
async function heldIfCold(ports: DriverPorts, { the }: Driven): Promise<Refusal | undefined> {
  return the.root.cold ? heldBack(ports, the.row.intent, ports.clock.now()) : undefined
}

/** Once for each reason. */
function tellHeld({ notes, report }: DriverPorts, intent: Digest, held: Refusal): void {
  const known = notes.get(intent)
  if (known?.code === held.code && known.because === held.because) return
  const because = `${held.code} ${held.because}`
  report({ level: 'alarm', name: 'payment.held', because, intent })
}

function stopped({ the, view }: Pick<Driven, 'the' | 'view'>): Refusal | undefined {
  if (view.frozen.length > 0) return refusal('FROZEN', `frozen: ${view.frozen.join(', ')}`)
  return the.decisions.some(({ decision }) => decision === 'reject')
    ? refusal('REJECTED', 'somebody rejected it after it was signed')
    : undefined
}

interface Open {
  readonly kind: 'open'
  readonly transactions: readonly SignedTransaction[]
  /** One of them is in a block, not deep enough yet. */
  readonly mined: boolean
}

type Seen = { readonly kind: 'closed' } | Open

/** Writes the line that closes the request, if its chain shows that it is over. */
async function observe(ports: DriverPorts, driven: Driven): Promise<Seen> {
  const { the } = driven
  const transactions = await signedTransactions(ports, driven)
  let mined = false
  const bound = transactions.length === 0 ? txidOf(driven) : undefined
  const txids = bound === undefined ? transactions.map(({ txid }) => txid) : [bound]
  for (const txid of txids) {
    const at = await ledgerFor(ports, the.intent.network).minedAt(txid)
    if (at?.final === true) return settle(ports, driven, txid, at)
    mined ||= at !== undefined
  }
  if (await dropIfReplaced(ports, driven, transactions)) return { kind: 'closed' }
  if (!mined && (await dropIfGone(ports, driven))) return { kind: 'closed' }
  const unseen = mined ? undefined : await ports.nonces.look(driven)
  if (unseen !== undefined && (await closeByUnseen(ports, driven, unseen, transactions))) {
    return { kind: 'closed' }
  }
  return { kind: 'open', transactions, mined }
}

/** Its nonce went to a signature that never came here, of this request or of another one. */
async function closeByUnseen(
  ports: DriverPorts,
  driven: Driven,
  { intent, txid }: Unseen,
  transactions: readonly SignedTransaction[],
): Promise<boolean> {
  const { the } = driven
  if (intent !== the.row.intent) return dropFor(ports, driven, transactions, intent)
  // The fold takes the word of a chain alone where no signature is known; else the found one is
  // in the log by now, and the next look sees its transaction.
  if (transactions.length > 0) return false
  const at = await ledgerFor(ports, the.intent.network).minedAt(txid)
  if (at?.final !== true) return false
  await settle(ports, driven, txid, at)
  return true
}

async function settle(
  ports: DriverPorts,
  { the }: Driven,
  txid: string,
  { height, succeeded, moved }: MinedAt,
): Promise<Seen> {
  const { intent } = the.row
  if (!succeeded) {
    const because = `${txid} is final and its call failed`
    ports.report({ level: 'alarm', name: 'transaction.reverted', because, intent })
  } else if (moved !== undefined) {
    const because = shortfall(the.intent, moved)
    if (because !== undefined) {
      ports.report({ level: 'alarm', name: 'transaction.short', because, intent })
    }
  }
  const body = { height: `${height}`, intent, txid }
  await writeLines(ports, { lines: [{ type: 'tx.settled', body }] })
  ports.notes.delete(intent)
  ports.sentAt.delete(intent)
  return { kind: 'closed' }
}

/** A token may take a fee, or say no without failing: what arrived is what its events say. */
function shortfall(intent: Intent, moved: readonly Moved[]): string | undefined {
  if (!movesToken(intent.op)) return undefined
  const arrived = moved
    .filter(({ contract, to }) => contract === intent.contract && to === intent.to)
    .reduce((sum, { amount }) => sum + amount, 0n)
  if (arrived === intent.amount) return undefined
  return `expected ${intent.amount} base units to arrive, got ${arrived}`
}

/** Its nonce went to another request of this log, whose transaction is final. */
async function dropIfReplaced(
  ports: DriverPorts,
  { the, view }: Driven,
  transactions: readonly SignedTransaction[],
): Promise<boolean> {
  const { intent } = the.row
  const { reservation, vaults } = view
  const key = vaults.find((row) => row.vault === the.intent.vault)
  if (reservation === undefined || reservation.slot === '' || key === undefined) return false
  const { path, slot, network } = reservation
  const rival = await ports.copy.read(settledRival(intent))
  if (rival === undefined) return false
  const from = chainOf(network).address(derive(key, path).publicKey)
  return (
    (await ledgerFor(ports, network).nonces?.consumed(from, BigInt(slot))) === true &&
    (await dropFor(ports, { the, view }, transactions, rival))
  )
}

/** Once what `holder` asked for has settled with the nonce, this can land no more. */
async function dropFor(
  ports: DriverPorts,
  { the, view }: Pick<Driven, 'the' | 'view'>,
  transactions: readonly SignedTransaction[],
  holder: Digest,
): Promise<boolean> {
  const { intent } = the.row
  const { reservation, vaults } = view
  const key = vaults.find((row) => row.vault === the.intent.vault)
  if (reservation === undefined || key === undefined) return false
  if ((await ports.copy.read(get(tables.intent, holder)))?.state !== 'SETTLED') return false
  const { path, slot, network } = reservation
  const from = chainOf(network).address(derive(key, path).publicKey)
  const written = toUtf8(text({ from, network, slot, takenBy: holder }))
  const evidence = plainDigest(written)
  const txid = transactions.at(-1)?.txid ?? noTxid
  const answer = await writeLines(ports, {
    lines: [{ type: 'tx.dropped', body: { evidence, intent, txid } }],
    blobs: [{ digest: evidence, kind: 'bytes', content: written }],
  })
  return !isRefusal(answer)
}

/** Where no signature was ever seen. */
const noTxid = `0x${'0'.repeat(64)}`

/** Every transaction of the request that has a signature, oldest first. */
async function signedTransactions(
  { copy }: Pick<DriverPorts, 'copy'>,
  { the }: Pick<Driven, 'the'>,
): Promise<readonly SignedTransaction[]> {
  const origin = the.root.log.origin
  const lines = await readLinesOf(copy.session, origin, the.row.intent)
  const completed = lines.map(parseEntry).filter(isCompleted)
  const all: SignedTransaction[] = []
  for (const { body } of completed) {
    const { bytes } = await readWarrant(copy.session, body.warrant)
    all.push(chainOf(the.intent.network).attach(bytes, parseSignature(body.signature)))
  }
  return all
}

function isCompleted(entry: { readonly type: string }): entry is EntryOf<'sign.completed'> {
  return entry.type === 'sign.completed'
}

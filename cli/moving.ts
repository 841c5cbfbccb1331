// What is on its way, by the requests of the log: those that have not ended, and those that ended
// too shortly before the block of the balances to be in them for certain. A coordinator that hides
// some can make a watcher ask too much or too often, and gets no more than the rules allow.

import { claimsChange } from '../policy/change.ts'
import { type Intent, isMessage } from '../policy/intent.ts'
import { parseIntent } from '../policy/request.ts'
import type { RequestState } from '../policy/view.ts'
import type { WireClient } from '../proto/io/channel-client.ts'
import type { ReplyOf } from '../proto/io/wire.ts'
import { limits } from '../proto/limits.ts'
import { refuse } from '../proto/refusal.ts'
import { must } from './verb.ts'

/** A payment as the coordinator tells of it; its intent is the one that its id names. */
export interface Payment {
  readonly id: string
  readonly state: string
  readonly txid: string
  readonly intent: Intent
}

type Wire = NonNullable<ReplyOf<'SigningService', 'GetRequest'>['request']>

const openStates: readonly RequestState[] = [
  'AWAITING_APPROVAL',
  'WAITING',
  'RESERVED',
  'SIGNING',
  'SIGNED',
  'BROADCAST',
  'LAPSING',
]

const over: ReadonlySet<string> = new Set(['DENIED', 'REJECTED', 'CANCELLED', 'EXPIRED', 'DROPPED'])

/** Ended, and no transaction of it lands any more. */
export function isNothing({ state }: Pick<Payment, 'state'>): boolean {
  return over.has(state)
}

/** Nothing may still come of it. */
export function isEnded(payment: Pick<Payment, 'state'>): boolean {
  return payment.state === 'SETTLED' || isNothing(payment)
}

/** Every payment that has not ended, by id; the newest of all, whatever became of them. */
export async function openPayments(
  client: WireClient,
): Promise<{ readonly open: ReadonlyMap<string, Payment>; readonly newest: ReadonlySet<string> }> {
  const newest = new Set<string>()
  for await (const { id } of listed(client, '')) {
    newest.add(id)
    if (newest.size === limits.listPageMax) break
  }
  const open = new Map<string, Payment>()
  for (const state of openStates) {
    for await (const one of listed(client, state)) open.set(one.id, one)
  }
  return { open, newest }
}

/** Those that were asked for after the newest of an earlier look. */
export async function paymentsAfter(
  client: WireClient,
  newest: ReadonlySet<string>,
): Promise<readonly Payment[]> {
  const found: Payment[] = []
  for await (const one of listed(client, '')) {
    if (newest.has(one.id)) break
    found.push(one)
  }
  return found
}

export async function paymentOf(client: WireClient, id: string): Promise<Payment> {
  const asked = { id, initiator: '', callerId: '' }
  const { request } = must(await client.SigningService.GetRequest(asked))
  const [payment] = request === null ? [] : read(request)
  return payment?.id === id ? payment : refuse('MALFORMED', `expected the request ${id}`)
}

async function* listed(client: WireClient, state: string): AsyncGenerator<Payment, void> {
  let pageToken = ''
  for (let pages = 0; pages < limits.requestPagesMax; pages += 1) {
    const asked = { state, open: state !== '', pageSize: limits.listPageMax, pageToken }
    const { requests, nextPageToken } = must(await client.SigningService.ListRequests(asked))
    for (const request of requests) yield* read(request)
    if (nextPageToken === '') return
    pageToken = nextPageToken
  }
  refuse('TOO_LARGE', `expected at most ${limits.requestPagesMax} pages of requests`)
}

function read(request: Wire): readonly Payment[] {
  if (claimsChange(request.intent)) return []
  const { digest, intent } = parseIntent(request.intent)
  if (digest !== request.id) refuse('MALFORMED', 'expected the intent of this request, got another')
  // It moves nothing, and ends as SIGNED.
  if (isMessage(intent.op)) return []
  const { id, state, txid } = request
  return [{ id, state, txid, intent }]
}

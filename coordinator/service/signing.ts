// SigningService for internal callers: translate, delegate, map. A certificate opens the door; what
// is submitted counts by its signature, and a cancel by the person whom the directory names for
// this key.

import { toUtf8 } from '../../proto/crypto.ts'
import { type Plain, readSigned } from '../../proto/frames.ts'
import type { Document__Output } from '../../proto/gen/custody/v1/Document.ts'
import { parseDigest } from '../../proto/ids.ts'
import type { Handlers } from '../../proto/io/handlers.ts'
import { parse } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { isRefusal, type Refusal, refuse } from '../../proto/refusal.ts'
import type { Signed } from '../../proto/signed.ts'
import { signedShape } from '../../proto/signed.ts'
import type { Coordinator } from '../coordinator.ts'
import type { Shown } from '../request-view.ts'
import { callerOf, type Submitted } from '../requests.ts'
import { watchRequests } from './watch.ts'
import { type WireRequest, wireRequest } from './wire-request.ts'

export function signingService(coordinator: Coordinator): Handlers['SigningService'] {
  const { requests, driver } = coordinator
  const reply = (shown: Shown | Refusal) =>
    isRefusal(shown) ? shown : { request: wireRequest(shown) }
  return {
    SubmitIntent: async ({ intent, documents }) => {
      const [dealing, plan] = [readOne(documents, 'dealing'), readOne(documents, 'plan')]
      const records = readRecords(documents)
      const submitted = await requests.submit(readSigned(intent), records, dealing, plan)
      return isRefusal(submitted) ? submitted : { request: wireSubmitted(submitted) }
    },
    GetRequest: async ({ id, initiator, callerId }) =>
      reply(await requests.find(id === '' ? { initiator, callerId } : { id })),
    ListRequests: async ({ state, pageSize, pageToken, open }) => {
      const countMax = pageSize === 0 ? limits.listPageMax : pageSize
      const rows = await requests.list({ state, open, before: readToken(pageToken), countMax })
      const shown = await Promise.all(rows.map(({ intent }) => requests.show(intent)))
      const last = rows.length < Math.min(countMax, limits.listPageMax) ? undefined : rows.at(-1)
      return {
        requests: shown.flatMap((one) => (one === undefined ? [] : [wireRequest(one)])),
        nextPageToken: last === undefined ? '' : String(last.createdSeq),
      }
    },
    WatchRequests: ({ fromSeq }, _caller, gone) => watchRequests(coordinator, fromSeq, gone),
    CancelRequest: async ({ id }, caller) => {
      const { roster } = (await driver.memory.at(driver.copy)).inForce
      const now = driver.clock.now()
      const person = callerOf(roster, parseDigest(caller.pin, 'pin'), caller.id, now)
      return reply(await requests.cancel(id, person))
    },
    SimulateIntent: async ({ intent, documents }) => {
      const judged = await requests.simulate(readSigned(intent), readRecords(documents))
      if (isRefusal(judged)) return judged
      const { result, rule, reasons, missing, trace } = judged.verdict
      return {
        result,
        rule,
        reasons: reasons.map(({ code, rule: by, because }) => ({ code, rule: by, because })),
        missing: missing.map(({ count, role }) => `${count} ${role}`),
        trace: toUtf8(trace),
      }
    },
  }
}

function wireSubmitted(submitted: Submitted): WireRequest {
  if (submitted.kind === 'request') return wireRequest(submitted.shown)
  const { id, intent } = submitted
  return {
    id,
    initiator: intent.initiator,
    callerId: intent.id,
    state: 'ACCEPTED',
    reasons: [],
    vault: intent.vault,
    rule: '',
    attempts: 0,
    missing: [],
    signedTransaction: new Uint8Array(0),
    signature: new Uint8Array(0),
    txid: '',
    changed: '',
    seq: 0,
    intent: new Uint8Array(0),
  }
}

/** Destination records that came with an intent. */
function readRecords(documents: readonly Plain<Document__Output>[]): readonly Signed[] {
  if (documents.length > limits.documentsPerSubmitMax) {
    refuse('TOO_LARGE', `documents: expected at most ${limits.documentsPerSubmitMax}`)
  }
  const records = documents.filter(({ kind }) => kind !== 'dealing' && kind !== 'plan')
  return records.map(({ kind, content }) => {
    if (kind !== 'dest') refuse('MALFORMED', `documents: expected dest, got ${kind}`)
    return signedShape(parse(content), 'documents')
  })
}

/** The dealing that came with an import, or the plan that came with its approval. */
function readOne(
  documents: readonly Plain<Document__Output>[],
  wanted: 'dealing' | 'plan',
): Uint8Array | undefined {
  const [found, ...more] = documents.filter(({ kind }) => kind === wanted)
  if (more.length > 0) refuse('MALFORMED', `documents: expected one ${wanted} at most`)
  return found?.content
}

/** The created seq before which the page lies. */
function readToken(token: string): number {
  if (token === '') return Number.MAX_SAFE_INTEGER
  if (!/^[0-9]{1,15}$/.test(token)) refuse('MALFORMED', 'page token: expected what a reply gave')
  return Number(token)
}

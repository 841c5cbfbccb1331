// Lines that are proposed as they are: results of attempts, receipts, freezes, keys, heartbeats.
// The fold alone says whether they are lawful; a receipt that is recorded already is left out,
// because nodes offer theirs until they see them.

import { bodies, type EntryType, isEntryType } from '../../policy/audit/bodies.ts'
import { readEnclosures } from '../../policy/audit/enclosures.ts'
import type { Json, JsonObject } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import { handle, list, object, type Reader, text } from '../../proto/shape.ts'
import type { Line, Page } from '../page.ts'
import { type Handler, recorded } from '../proposal.ts'
import { line } from './settle.ts'

/** What may be proposed this way: nothing that the desk itself has to judge. */
const plain: ReadonlySet<EntryType> = new Set<EntryType>([
  'session.aborted',
  'sign.completed',
  'tx.broadcast',
  'tx.settled',
  'tx.dropped',
  'freeze.set',
  'key.generated',
  'key.created',
  'key.imported',
  'key.refreshed',
  'key.reshared',
  'key.exported',
  'key.disabled',
  'key.proved',
  'peer.readmitted',
  'key.backup-tested',
  'addresses.opened',
  'peer.banned',
  'ceremony.planned',
  'ceremony.exported',
  'ceremony.concluded',
  'ceremony.aborted',
  'cold.anchored',
])

export function lineHandlers(): readonly (readonly [string, Handler])[] {
  return [
    ['lines', writeLines],
    ['heartbeat', heartbeat],
  ]
}

const receiptShape = bodies['share.receipt']

const anyObject: Reader<JsonObject> = (value, path) =>
  typeof value === 'object' && !Array.isArray(value)
    ? (value as JsonObject)
    : refuse('MALFORMED', `${path}: expected an object`)

const shape = object({
  receipts: list(anyObject, 0, 1_024),
  lines: list(object({ actor: handle, type: text(64), body: anyObject }), 0, 8),
  documents: list(text(2 * limits.documentBytesMax), 0, 4),
})

/** Receipts first, then every line or none. */
const writeLines: Handler = async (sheet, content) => {
  const { receipts, lines, documents } = shape(content, 'lines')
  for (const body of receipts) await writeReceipt(sheet, body)
  for (const proposed of lines) {
    await sheet.append(readLine(proposed), readEnclosures(documents))
  }
  return recorded(sheet)
}

async function writeReceipt(sheet: Page, body: Json): Promise<void> {
  const { node, counter, receipt } = receiptShape(body, 'receipt')
  await sheet.offer({ actor: node, type: 'share.receipt', body: { node, counter, receipt } })
}

function readLine({ actor, type, body }: { actor: string; type: string; body: JsonObject }): Line {
  if (!isEntryType(type) || !plain.has(type)) {
    return refuse('NOT_SUPPORTED', `${type} is not proposed as a plain line`)
  }
  return { actor, type, body }
}

/** A quiet log says so; another coordinator may have said it in between. */
const heartbeat: Handler = async (sheet) => {
  if (sheet.t - sheet.head.t >= limits.logHeartbeatMs) {
    await sheet.append(line('log.heartbeat', {}))
  }
  return recorded(sheet)
}

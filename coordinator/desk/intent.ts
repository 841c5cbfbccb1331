// Requests on the desk: created and judged in one run, judged again when something may have
// changed, cancelled, expired, given back. Signatures were verified at the border; whether a line
// is lawful is the fold's to say.
import { claimsChange, parseChange } from '../../policy/change.ts'
import { isMessage } from '../../policy/intent.ts'
import { parseIntent } from '../../policy/request.ts'
import { toUtf8 } from '../../proto/crypto.ts'
import type { Json } from '../../proto/jcs.ts'
import { refuse } from '../../proto/refusal.ts'
import { digest, handle, object, writeTime } from '../../proto/shape.ts'
import type { Page } from '../page.ts'
import { type Handler, recorded } from '../proposal.ts'
import { readBlob } from '../store/blobs.ts'
import { readSigned } from './case.ts'
import { lookAt, rowOf, settleRequest } from './request.ts'
import type { RulesMemory } from './rules.ts'
import { type CannotSign, line } from './settle.ts'

export interface IntentPorts {
  readonly memory: RulesMemory
  readonly cannotSign: CannotSign
}

export function intentHandlers(ports: IntentPorts): readonly (readonly [string, Handler])[] {
  return [
    ['submit', (sheet, content) => create(sheet, content, ports)],
    ['judge', (sheet, content) => judgeAgain(sheet, content, ports)],
    ['cancel', cancel],
    ['expire', (sheet, content) => expire(sheet, content, ports)],
    ['release', release],
  ]
}

const named = object({ intent: digest })
const namedBy = object({ intent: digest, by: handle })

async function create(sheet: Page, content: Json, ports: IntentPorts) {
  const { intent: id } = named(content, 'submit')
  const signed = readSigned(await readBlob(sheet.session, id), 'intent')
  const intent = readAsked(toUtf8(signed.document))
  await sheet.append({
    actor: intent.initiator,
    type: 'intent.created',
    body: {
      credential: signed.credential,
      id: intent.id,
      initiator: intent.initiator,
      intent: id,
      notAfter: writeTime(intent.notAfter),
      op: intent.op,
      vault: intent.vault,
    },
  })
  const { cannotSign } = ports
  await settleRequest(sheet, ports.memory, id, { cannotSign, isNews: true })
  return recorded(sheet)
}

async function judgeAgain(sheet: Page, content: Json, ports: IntentPorts) {
  const { intent: id } = named(content, 'judge')
  const { state } = await rowOf(sheet, id)
  if (state === 'AWAITING_APPROVAL' || state === 'WAITING') {
    const { cannotSign } = ports
    await settleRequest(sheet, ports.memory, id, { cannotSign, isNews: false })
  }
  return recorded(sheet)
}

const cancel: Handler = async (sheet, content) => {
  const { intent, by } = namedBy(content, 'cancel')
  await sheet.append({ actor: by, type: 'intent.cancelled', body: { by, intent } })
  return recorded(sheet)
}

/** Only when nothing can authorise it any more. */
async function expire(sheet: Page, content: Json, ports: IntentPorts) {
  const { intent: id } = named(content, 'expire')
  const { op, attempts } = await rowOf(sheet, id)
  // Whether a message that was tried may still be signed is the fold's to say.
  if (!isMessage(op) || attempts === 0) {
    const { endsAt } = (await lookAt(sheet, ports.memory, id, sheet.t)).judged
    if (sheet.t <= endsAt) refuse('TIME', `the request ends ${writeTime(endsAt)}`)
  }
  await sheet.append(line('intent.expired', { by: 'coordinator', intent: id }))
  return recorded(sheet)
}

/** A reservation that could not start: its nonce must not hold up the others. */
const release: Handler = async (sheet, content) => {
  const { intent } = named(content, 'release')
  await sheet.append(line('spend.released', { intent }))
  return recorded(sheet)
}

/** What both kinds of request are recorded with. */
function readAsked(document: Uint8Array) {
  return claimsChange(document) ? parseChange(document).change : parseIntent(document).intent
}

// submit, simulate, status, cancel: the caller's side. The intent is built here from what was typed
// and the documents in force as proved from the pinned root, because whoever could change an
// asset's decimals would change the amount; then it is signed with the caller's own key.
// Source: the API design 7.2 to 7.4. Sending the same id and intent again takes effect once.
import { readFileSync } from 'node:fs'
import { claimsChange, parseChange } from '../policy/change.ts'
import type { Intent } from '../policy/intent.ts'
import { encodeIntent, parseIntent } from '../policy/request.ts'
import { writeSigned } from '../proto/frames.ts'
import { parseDigest } from '../proto/ids.ts'
import type { ReplyOf } from '../proto/io/wire.ts'
import { encode, parse } from '../proto/jcs.ts'
import { isRefusal, type Refusal, refuse } from '../proto/refusal.ts'
import { type Signed, sign, signedJson, signedShape } from '../proto/signed.ts'
import { tags } from '../proto/tags.ts'
import { type ApproverKey, openKey } from './approver-key.ts'
import { typedCancel } from './cancel.ts'
import { atDesk, type Desk, onLine } from './desk.ts'
import { intentOptions, typedIntent } from './intent.ts'
import { keyOptions, profileOptions } from './profile.ts'
import { checkCode } from './show.ts'
import { type Answer, type Args, flag, must, UsageError, type Verb, type World } from './verb.ts'

const usage =
  '--cancel ID | --vault V (--message FILE | --asset A (--amount N | --call TEXT [--amount N])\n' +
  '    (--to ADDRESS | --to-vault V [--to-path P])) [--record FILE]\n' +
  '    --purpose TEXT [--max-fee N] [--id KEY] [--valid 8h] [--path m] [--as DIR]'
const options = { ...profileOptions, ...keyOptions, ...intentOptions }
const nothing = { min: 0, max: 0 }

export const submit: Verb = {
  about: 'ask for a transfer, a call, a signed message, or the cancel of a stuck payment',
  usage,
  words: nothing,
  options,
  run: (args, world) =>
    atDesk(args, world, ['caller'], async (desk) => {
      const ready = await signedIntent(args, desk, world)
      return requestAnswer(must(await desk.client.SigningService.SubmitIntent(ready)).request)
    }),
}

export const simulate: Verb = {
  about: 'what the policy would say now: nothing is reserved or logged',
  usage,
  words: nothing,
  options,
  run: (args, world) =>
    atDesk(args, world, ['caller'], async (desk) => {
      const ready = await signedIntent(args, desk, world)
      const said = must(await desk.client.SigningService.SimulateIntent(ready))
      const { result, rule, missing } = said
      const reasons = said.reasons.map((reason) => ({ ...reason }))
      const because = reasons.map((one) => `  ${one.code} ${one.rule}: ${one.because}\n`)
      const needs = missing.length === 0 ? '' : `, needs ${missing.join(' + ')}`
      const text = `${result}${rule === '' ? '' : ` by ${rule}`}${needs}\n${because.join('')}`
      const allowed = result === 'ALLOW' || result === 'NEED'
      return { exit: allowed ? 0 : 1, text, json: { result, rule, missing, reasons } }
    }),
}

export const status: Verb = {
  about: 'where a request stands',
  usage: '(ID | --id KEY) [--as DIR]',
  words: { min: 0, max: 1 },
  options: { ...profileOptions, id: { type: 'string' } },
  run: (args, world) =>
    onLine(args, world, ['caller'], async ({ client, profile }) => {
      const callerId = flag(args, 'id') ?? ''
      const [id = ''] = args.words
      if ((id === '') === (callerId === '')) throw new UsageError('expected ID or --id KEY')
      if (id !== '') parseDigest(id, 'ID')
      const initiator = id === '' ? profile.id : ''
      const asked = { id, initiator, callerId }
      return requestAnswer(must(await client.SigningService.GetRequest(asked)).request)
    }),
}

export const cancel: Verb = {
  about: 'take a request back, before its first attempt to sign',
  usage: 'ID [--as DIR]',
  words: { min: 1, max: 1 },
  options: profileOptions,
  run: (args, world) =>
    onLine(args, world, ['caller'], async ({ client }) => {
      const id = parseDigest(args.words[0] ?? '', 'ID')
      return requestAnswer(must(await client.SigningService.CancelRequest({ id })).request)
    }),
}

type Request = ReplyOf<'SigningService', 'GetRequest'>['request']

/** A denied request is a no; every other state is an answer. */
export function requestAnswer(request: Request): Answer {
  if (!request) return refuse('REQUEST_NOT_FOUND', 'expected a request, got nothing')
  const { state, rule, missing, attempts, txid, callerId, vault, seq } = request
  const isChange = claimsChange(request.intent)
  const { digest } = isChange ? parseChange(request.intent) : parseIntent(request.intent)
  if (digest !== request.id) refuse('MALFORMED', 'expected the intent of this request, got another')
  const reasons = request.reasons.map((reason) => ({ ...reason }))
  const lines = [
    `${state}  ${checkCode(digest)}  ${digest}`,
    ...(rule === '' ? [] : [`  rule ${rule}`]),
    ...(missing.length === 0 ? [] : [`  needs ${missing.join(' + ')}`]),
    ...reasons.filter(isNews).map((one) => `  ${one.code} ${one.rule}: ${one.because}`),
    ...(attempts === 0 ? [] : [`  attempts ${attempts}`]),
    ...(txid === '' ? [] : [`  transaction ${txid}`]),
    ...(request.signature.length === 0 ? [] : [`  signature 0x${hexOf(request.signature)}`]),
  ]
  const signedTransaction = hexOf(request.signedTransaction)
  const signature = hexOf(request.signature)
  return {
    exit: state === 'DENIED' ? 1 : 0,
    text: `${lines.join('\n')}\n`,
    json: {
      id: digest,
      check: checkCode(digest),
      ...{ callerId, state, vault, rule, missing, reasons, attempts, txid, signedTransaction },
      ...{ signature, seq },
    },
  }
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** Who is missing stands in a line of its own. */
function isNews({ code }: { readonly code: string }): boolean {
  return code !== 'APPROVAL_MISSING'
}

async function signedIntent(args: Args, desk: Desk, world: World) {
  const attested = recordFile(args)
  const intent =
    flag(args, 'cancel') === undefined
      ? await typedIntent(args, desk, attested, world)
      : await typedCancel(args, desk, world)
  return signedWith(intent, await openKey(desk.profile, args, world), attested)
}

/** The request that came of it, or the coordinator's refusal. */
export async function sendIntent(
  intent: Intent,
  { desk, signer, record }: { desk: Desk; signer: ApproverKey; record?: Signed | undefined },
): Promise<NonNullable<Request> | Refusal> {
  const answer = await desk.client.SigningService.SubmitIntent(signedWith(intent, signer, record))
  if (isRefusal(answer)) return answer
  return answer.request ?? refuse('REQUEST_NOT_FOUND', 'expected a request, got nothing')
}

function signedWith(intent: Intent, key: ApproverKey, record: Signed | undefined) {
  const bytes = encodeIntent(intent)
  // What we would not read ourselves is not signed.
  parseIntent(bytes)
  const signed = sign(tags.intent, bytes, key.credential, key.sign)
  const documents =
    record === undefined ? [] : [{ kind: 'dest', content: encode(signedJson(record)) }]
  return { intent: writeSigned(signed), documents }
}

function recordFile(args: Args): Signed | undefined {
  const file = flag(args, 'record')
  return file === undefined ? undefined : readRecord(file)
}

/** A destination record that a service signed. */
export function readRecord(file: string): Signed {
  return signedShape(parse(readFileSync(file)), 'record')
}

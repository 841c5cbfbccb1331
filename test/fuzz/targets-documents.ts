/** Decoders of documents and text: everything that is read before it is believed. */

import { parseCoordinatorConfig } from '../../coordinator/config.ts'
import { readAnswer } from '../../coordinator/proposal.ts'
import { openAddress, requireCertified } from '../../policy/address-certificate.ts'
import { loadRulebook } from '../../policy/analyse.ts'
import { openSigned } from '../../policy/approval.ts'
import { parseNoteText, parseVkey } from '../../policy/audit/checkpoint.ts'
import { readSignedEnclosure } from '../../policy/audit/enclosures.ts'
import { parseEntry } from '../../policy/audit/entry.ts'
import { type Files, readExport } from '../../policy/audit/export.ts'
import { parseBook } from '../../policy/book.ts'
import { parsePlan } from '../../policy/ceremony/plan.ts'
import { scriptHtml } from '../../policy/ceremony/script-html.ts'
import { scriptText } from '../../policy/ceremony/script-text.ts'
import { parseStationCard } from '../../policy/ceremony/station-card.ts'
import { parseChange } from '../../policy/change.ts'
import { parseChangeFacts } from '../../policy/change-facts.ts'
import { requireColdCertified } from '../../policy/cold-address.ts'
import { parseDestination } from '../../policy/destination.ts'
import { parseFreeze, parseRoot, parseRuleset } from '../../policy/documents.ts'
import { parseFacts } from '../../policy/facts.ts'
import { parseNetwork, parsePath } from '../../policy/intent.ts'
import { parseOrder } from '../../policy/order.ts'
import { openProof } from '../../policy/proof-file.ts'
import { parseIntent } from '../../policy/request.ts'
import { parseRoster } from '../../policy/roster.ts'
import { parseRulebook } from '../../policy/rulebook.ts'
import { parseRootSignatures } from '../../policy/succession.ts'
import { parseTrust } from '../../policy/trust.ts'
import { parseWarrant } from '../../policy/warrant.ts'
import { fromUtf8, toUtf8 } from '../../proto/crypto.ts'
import { exportPartKind, parseParcel, parseRecipientKey } from '../../proto/export-documents.ts'
import { parseHandle } from '../../proto/ids.ts'
import { invitationKind, parseDealing, parseInvitations } from '../../proto/import-documents.ts'
import { encode, parse } from '../../proto/jcs.ts'
import { keyCertificateShape } from '../../proto/key-documents.ts'
import { limits } from '../../proto/limits.ts'
import { kinds } from '../../proto/node-documents.ts'
import { parseRecoveryKey } from '../../proto/recovery-key.ts'
import { parseSeal } from '../../proto/seal-file.ts'
import { sign } from '../../proto/signed.ts'
import { type Tag, tags } from '../../proto/tags.ts'
import { parseTokenCard } from '../../proto/token-card.ts'
import { parseTokenFloor } from '../../proto/token-floor.ts'
import { parseLabel } from '../../signer-node/ceremony/label.ts'
import { parseSignerConfig } from '../../signer-node/config.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { judgeSpoiled, openParcel } from '../../signer-node/export-open.ts'
import { issuedMs } from '../kit/addresses.ts'
import * as house from '../kit/audit-documents.ts'
import { coldWord, keyCertificate } from '../kit/cold-addresses.ts'
import { root as coldRoot } from '../kit/cold-log.ts'
import { testKey } from '../kit/examples.ts'
import { directoryText } from '../kit/scene-world.ts'
import { firstRoot } from '../kit/succession.ts'
import { seedsOf } from './corpus.ts'
import { jsonTarget, type Target, textTarget } from './target.ts'

const ana = testKey('ana')
const pinned = firstRoot.root
const reading = { nowMs: issuedMs, ageMsMax: limits.addressAgeMsMax }
const roster = parseRoster(directoryText)
const recordedAt = Date.parse('2026-12-07T12:00:00Z')

/** The same of two nodes; what is no text stays what it is. */
function wordsOf(
  bytes: Uint8Array,
  [first, second] = ['node-a', 'node-b'],
  tag: Tag = tags.address,
) {
  return [first, second].map((node = '') => {
    const said = fromUtf8(bytes)?.replace(`"node":"${first}"`, `"node":"${node}"`)
    const by = house.keyOf(`${node}-identity`)
    return sign(tag, said === undefined ? bytes : toUtf8(said), parseHandle(node), by.sign)
  })
}

/** Of two witnesses, beside what the stations confirmed. */
function coldWords(bytes: Uint8Array) {
  const key = keyCertificateShape(keyCertificate(), '')
  const words = wordsOf(bytes, ['light-a', 'light-b'], tags.coldAddress)
  return requireColdCertified(coldRoot, { key, words }, reading)
}

/** The key of a file, in whose words nothing was changed: only the honest one is taken. */
function coldKey(bytes: Uint8Array): void {
  const words = ['light-a', 'light-b'].map((light) => coldWord(light))
  const key = keyCertificateShape(parse(bytes), '')
  requireColdCertified(coldRoot, { key, words }, reading)
  const honest = encode(keyCertificate())
  if (Buffer.compare(encode(parse(bytes)), honest) !== 0) throw new Error('taken, and another key')
}

/** What `parse` takes, it writes again byte for byte: else one document would have two forms. */
function canonical(bytes: Uint8Array): void {
  const again = encode(parse(bytes))
  if (Buffer.compare(again, bytes) !== 0) throw new Error('taken, and written in another form')
}

function prints(bytes: Uint8Array): void {
  const plan = parsePlan(bytes)
  if (
    !scriptText(plan)
      .split('\n')
      .every((line) => line.length <= 79)
  )
    throw new Error('too wide')
  if (/<(?:script|img|link)/.test(scriptHtml(plan))) throw new Error('a text became markup')
}

function filesIn(bytes: Uint8Array): Files {
  const files = Object.entries(parse(bytes)).map(([name, content]) => {
    return [name, toUtf8(typeof content === 'string' ? content : '')] as const
  })
  return new Map(files)
}

const curve = nativeCurve()
const { digest: root } = parseRoot(house.rootText)

function opens(bytes: Uint8Array): void {
  using secret = new Secret(house.keyOf('rita').publicKey.slice())
  const opened = openParcel(parseParcel(bytes), { curve, secret, root })
  if (opened.kind === 'opened') opened.key[Symbol.dispose]()
}

function nodeDocuments(): readonly Target[] {
  return Object.entries(kinds).map(([name, { shape }]) =>
    jsonTarget(name, seedsOf(name), (bytes) => shape(parse(bytes), '')),
  )
}

export function documentTargets(): readonly Target[] {
  const json = (name: string, run: (bytes: Uint8Array, text: string) => void, share = 0.3) =>
    jsonTarget(name, seedsOf(name), run, { share })
  return [
    // The files of an Export, by name.
    json('export', (bytes) => readExport(filesIn(bytes))),
    jsonTarget('jcs', seedsOf('intent'), canonical, { share: 0.5 }),
    json('intent', (bytes) => parseIntent(bytes)),
    json('destination', (bytes) => parseDestination(bytes)),
    json('book', (_, text) => parseBook(text)),
    json('directory', (_, text) => parseRoster(text)),
    json('policy', (_, text) => parseRulebook(text), 0.03),
    jsonTarget('policy-analysed', [seedsOf('policy')[0]], (_, text) => loadRulebook(text), {
      share: 0.02,
    }),
    json('root', (_, text) => parseRoot(text)),
    json('ruleset', (_, text) => parseRuleset(text)),
    json('freeze', (_, text) => parseFreeze(text)),
    json('facts', (_, text) => parseFacts(text), 0.1),
    json('warrant', (bytes) => parseWarrant(bytes), 0.1),
    json('enclosure', (_, text) => readSignedEnclosure(text)),
    json('entry', (bytes) => parseEntry(bytes)),
    json('seal', (bytes) => parseSeal(bytes)),
    json('token-card', (bytes) => parseTokenCard(bytes), 0.1),
    json('token-floor', (bytes) => parseTokenFloor(bytes), 0.1),
    json('station-card', (bytes) => parseStationCard(bytes), 0.1),
    json('label', (bytes) => parseLabel(bytes), 0.1),
    json('answer', (_, text) => readAnswer(text)),
    json('signer-config', (_, text) => parseSignerConfig(text, '/srv/n')),
    json('coordinator-config', (_, text) => parseCoordinatorConfig(text, '/srv/c')),
    json('change', (bytes) => parseChange(bytes)),
    json('control-proof', (bytes) => openProof(bytes), 0.1),
    json('address-file', (bytes) => openAddress(bytes, pinned.digest, reading), 0.1),
    // Signed anew by t nodes, so that it is refused for what it says.
    json('address-word', (bytes) => requireCertified(pinned, wordsOf(bytes), reading), 0.02),
    json('cold-address-file', (bytes) => openAddress(bytes, coldRoot.digest, reading), 0.05),
    json('cold-address-word', (bytes) => coldWords(bytes), 0.02),
    json('cold-address-key', (bytes) => coldKey(bytes), 0.05),
    json('change-facts', (_, text) => parseChangeFacts(text), 0.1),
    json('order', (bytes) => parseOrder(bytes), 0.1),
    // Read, and then printed: whatever can be read can be printed.
    json('plan', (bytes) => prints(bytes), 0.1),
    json('root-signatures', (_, text) => parseRootSignatures(text)),
    json('recovery-key', (bytes) => parseRecoveryKey(bytes)),
    json('recipient-key', (bytes) => parseRecipientKey(bytes)),
    json('export-part', (bytes) => exportPartKind.shape(parse(bytes), '')),
    // Read and then opened, as its recipient does it, and as whoever is shown the evidence.
    json('parcel', (bytes) => opens(bytes), 0.01),
    json('spoiled-part', (bytes) => judgeSpoiled(curve, bytes, root), 0.01),
    // Signed anew, so that what comes is refused for what it says and not for its signature.
    json(
      'approval',
      (bytes) => {
        const signed = sign(tags.approval, bytes, parseHandle('ana-1'), ana.sign)
        openSigned('approve', signed, roster, recordedAt)
      },
      0.02,
    ),
    json('invitation', (bytes) => invitationKind.shape(parse(bytes), '')),
    json('dealing', (bytes) => parseDealing(bytes)),
    json('invitations', (bytes) => parseInvitations(bytes)),
    ...nodeDocuments(),
    textTarget('note', seedsOf('note'), parseNoteText),
    textTarget('vkey', seedsOf('vkey'), parseVkey),
    textTarget('trust', seedsOf('trust'), parseTrust),
    textTarget('path', [toUtf8('m/0/2147483647'), toUtf8('m')], parsePath),
    textTarget('network', [toUtf8('eip155:31337'), toUtf8('tron:0x2b6653dc')], parseNetwork),
  ]
}

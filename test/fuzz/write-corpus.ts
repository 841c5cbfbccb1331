// Writes test/vectors/corpus again: `node test/fuzz/write-corpus.ts`. Small honest inputs for every
// target of the fuzzer, from the vectors and the examples of the tests. What the fuzzer found is
// kept beside them under names that begin with `found`, and stays.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { p256 } from '@noble/curves/nist.js'
import { addressFile } from '../../policy/address-certificate.ts'
import { ceremonyKinds, encodePlan } from '../../policy/ceremony/plan.ts'
import { parseRecordLine } from '../../policy/ceremony/record.ts'
import { parseStatements } from '../../policy/ceremony/statement.ts'
import { encodeUnsigned, transferCall } from '../../policy/chain/evm.ts'
import { encodeSignature } from '../../policy/chain/signature.ts'
import { encodeChange } from '../../policy/change.ts'
import { changeFactsText } from '../../policy/change-facts.ts'
import { rootSignaturesText } from '../../policy/succession.ts'
import { concat, fromUtf8, toUtf8 } from '../../proto/crypto.ts'
import { parcelDocument } from '../../proto/export-documents.ts'
import { parseDigest, parseHandle } from '../../proto/ids.ts'
import { type Codec, methods, statusDetails } from '../../proto/io/wire.ts'
import { encode, type JsonObject } from '../../proto/jcs.ts'
import { sealToTokens } from '../../proto/seal-token.ts'
import { parseTokenCard } from '../../proto/token-card.ts'
import { writeTokenFloor } from '../../proto/token-floor.ts'
import { writeLabel } from '../../signer-node/ceremony/label.ts'
import { ascii } from '../../signer-node/dkls23/bytes.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { word } from '../kit/addresses.ts'
import { keyedLog, ripe } from '../kit/change-log.ts'
import { changes } from '../kit/changes.ts'
import { coldFile, coldWord, keyCertificate } from '../kit/cold-addresses.ts'
import { rootText as coldRoot } from '../kit/cold-log.ts'
import { coldStory } from '../kit/cold-story.ts'
import { testKey } from '../kit/examples.ts'
import { ExportCase } from '../kit/export-case.ts'
import { coordinatorFrames, nodeFrames } from '../kit/frames.ts'
import { mainHeads } from '../kit/main-heads.ts'
import { Performance } from '../kit/performed.ts'

import { networkTable, testPlan, tokenSecret } from '../kit/planned.ts'
import { provedFile } from '../kit/proof-line.ts'
import { drive } from '../kit/protocol.ts'
import { recoveryDocument } from '../kit/recovery.ts'
import { RoomStory } from '../kit/room-story.ts'
import { dkgKey, keysharesOf } from '../kit/signing.ts'
import { testStation } from '../kit/station-card.ts'
import { firstRoot } from '../kit/succession.ts'
import { testCard } from '../kit/token-card.ts'
import { testBlock, usdtTransfer } from '../kit/tron-vectors.ts'
import { corpusFolder } from './corpus.ts'
import {
  coordinatorConfig,
  importDocuments,
  nodeDocuments,
  seated,
  signerConfig,
} from './examples.ts'
import { dashed, fuzzedStages } from './stages.ts'

const curve = nativeCurve()
const vectors = new URL('../vectors/', import.meta.url).pathname
const fileOf = (path: string): Uint8Array => readFileSync(join(vectors, path))
const allOf = (folder: string): readonly Uint8Array[] =>
  readdirSync(join(vectors, folder))
    .sort()
    .map((name) => fileOf(`${folder}/${name}`))
const log = 'logs/good'

/** A message with something in every field that is no message itself. */
function filled(codec: Codec<object>): object {
  const fields = Object.entries(codec.decode(Buffer.alloc(0))).map(([name, value]) => {
    if (typeof value === 'string') return [name, 'text']
    if (typeof value === 'number') return [name, 7]
    return [name, value instanceof Uint8Array ? new Uint8Array(3) : value]
  })
  return Object.fromEntries(fields)
}

/** Sealed to two tokens, of the profiles A and C. */
function tokenSeal(): Uint8Array {
  const { seal: point } = parseTokenCard(testCard('T1'))
  const [owner, credential] = [parseHandle('node-a'), parseHandle('secret')]
  const context = { org: parseHandle('acme'), env: 'dev', owner, credential } as const
  const keys = [
    { how: 'p256-ecdh', kdf: 'null', token: 'T1', point },
    { how: 'rsa-oaep-sha256', token: 'T2', modulus: new Uint8Array(384).fill(0xc1) },
  ] as const
  const fresh = new Uint8Array(32).fill(7)
  const random = { dek: fresh, perToken: [fresh, fresh] }
  return sealToTokens({ kind: 'identity', context }, fresh, keys, random)
}

function documentOf({ document }: { readonly document: string }): Uint8Array {
  return toUtf8(document)
}

function put(target: string, ...inputs: readonly Uint8Array[]): void {
  mkdirSync(join(corpusFolder, target), { recursive: true })
  for (const [at, input] of inputs.entries()) {
    writeFileSync(join(corpusFolder, target, String(at).padStart(2, '0')), input)
  }
}

const plans = ceremonyKinds.map((kind) => testPlan(kind))
put('plan', ...plans.map(encodePlan), encodePlan(testPlan('sign', { table: networkTable() })))

for (const name of ['book', 'destination', 'directory', 'freeze', 'intent', 'ruleset', 'warrant']) {
  put(name, fileOf(`documents/${name}.json`))
}
put('approval', fileOf('documents/approval.json'))
put('token-card', testCard('T1'))
put('station-card', testStation('node-1'))
put(
  'token-floor',
  writeTokenFloor({
    ...{
      about: parseDigest('5e'.repeat(32)),
      env: 'test',
      epoch: 1,
      seal: parseDigest('5e'.repeat(32)),
      record: '',
    },
    ...{
      cold: { size: 7, root: parseDigest('5e'.repeat(32)) },
      main: { size: 0, root: '' },
      count: 1,
    },
  }),
)
put(
  'label',
  writeLabel({
    ...{ org: parseHandle('acme'), env: 'test', origin: parseHandle('acme/cold') },
    ...{ node: parseHandle('node-1'), x: 1, color: 'red', medium: 'a' },
  }),
)
const exported = new ExportCase()
const parcel = exported.parcel()
const [{ statement, sealed }] = parcel.parts as [(typeof parcel.parts)[0]]
put('seal', fileOf('documents/seal.json'), tokenSeal(), toUtf8(sealed))
put('export-part', toUtf8(statement.document))
put('recipient-key', exported.recipientDocument())
put('parcel', parcelDocument(parcel))
put('spoiled-part', exported.evidence())
put('policy', fileOf('documents/policy-dev.json'), fileOf('documents/policy-full.json'))
put('trust', fileOf('documents/trust.txt'), fileOf('logs/good.trust'))
put('facts', ...allOf(`${log}/blobs/facts`).slice(0, 2))
put('enclosure', ...allOf(`${log}/blobs/shareReceipt`).slice(0, 2))
put('note', fileOf(`${log}/checkpoint`), ...allOf(`${log}/heads`).slice(0, 1))

put('change', ...Object.values(changes).map((one) => encodeChange(one)))
put('control-proof', provedFile())
const words = ['node-a', 'node-b'].map((node) => word(node))
put('address-file', addressFile([{ root: firstRoot.text, signatures: '' }], words))
put('address-word', ...words.slice(0, 1).map(({ document }) => toUtf8(document)))
const coldWords = ['light-a', 'light-b'].map((light) => coldWord(light))
put('cold-address-file', coldFile())
put('cold-address-word', ...coldWords.slice(0, 1).map(({ document }) => toUtf8(document)))
put('cold-address-key', encode(keyCertificate()))
put('order', ripe(keyedLog(), changes['key.refresh']).order)
put('recovery-key', recoveryDocument({ org: 'acme', env: 'dev', node: 'node-a' } as never))
const [key, signature] = [testKey('root'), new Uint8Array(64).fill(7)]
const rootSigned = { org: 'acme', env: 'dev', root: 'ab'.repeat(32) }
const signedBy = [{ key: key.publicKey, signature }]
put('root-signatures', toUtf8(rootSignaturesText({ ...rootSigned, signatures: signedBy } as never)))
const judged = {
  at: Date.parse('2026-12-07T12:00:00Z'),
  change: changes['key.refresh'],
  createdAt: undefined,
}
const voices = [{ person: 'ana', role: 'ops', witnessedAt: undefined }]
const noFaults = { approvals: voices, frozen: false, rejected: false, unfit: '' }
put('change-facts', toUtf8(changeFactsText({ ...judged, ...noFaults } as never)))

const lines = fileOf(`${log}/entries/00000000.jsonl`).toString().split('\n').slice(0, -1)
const byType = new Map(lines.map((line) => [/"type":"([^"]*)"/.exec(line)?.[1], line]))
// Of cold vaults: every type of line that no other log has, and a root that says so.
const cold = coldStory()
const anchored = { origin: 'log.acme.example/custody-cold', root: 'ab'.repeat(32), size: 7 }
const ofCeremonies = cold.story.log
  .force('ceremony.aborted', cold.ceremony.abort())
  .force('cold.anchored', anchored)
  .lines.filter((line) => /"type":"(?:ceremony|cold)\./.test(fromUtf8(line) ?? ''))
const cut = new Map(
  ofCeremonies.map((line) => [/"type":"([^"]*)"/.exec(fromUtf8(line) ?? '')?.[1], line]),
)
put('entry', ...[...byType.values()].map((line) => toUtf8(line)), ...cut.values())
put('root', fileOf('documents/root.json'), toUtf8(coldRoot))
put('vkey', toUtf8(/^log \S+ (\S+)$/m.exec(fileOf('logs/good.trust').toString())?.[1] ?? ''))

const payment = {
  chainId: 31_337n,
  nonce: 7n,
  tip: 10n ** 9n,
  price: 10n ** 10n,
  gasLimit: 65_000n,
}
const token = '0xdac17f958d2ee523a2206206994597c13d831ec7'
const to = '0x7a16ff8270133f063aab6c9977183d9e72835428'
put(
  'transaction',
  encodeUnsigned({ ...payment, to: token, value: 0n, calldata: transferCall(to, 42_000n) }),
  encodeUnsigned({ ...payment, to, value: 10n ** 18n, calldata: new Uint8Array() }),
)
put(
  'tron-transaction',
  ...[usdtTransfer, ...testBlock.transactions.slice(0, 2)].map(({ raw }) =>
    Buffer.from(raw, 'hex'),
  ),
)
put(
  'signature',
  encodeSignature({ r: new Uint8Array(32).fill(1), s: new Uint8Array(32).fill(2), v: 1 }),
)

const attach = methods.find(({ name }) => name === 'Attach')
put('node-frame', ...nodeFrames.map((frame) => attach!.request.encode(frame)))
put('coordinator-frame', ...coordinatorFrames.map((frame) => attach!.reply.encode(frame)))
put(
  'requests',
  ...methods
    .filter(({ name }) => name !== 'Attach')
    .map(({ request }, at) => concat(Uint8Array.of(at), request.encode(filled(request)))),
)
put('status', statusDetails.encode({ code: 3, message: 'no', details: [] } as never))
put(
  'export',
  encode({
    checkpoint: fileOf(`${log}/checkpoint`).toString(),
    'entries/00000000.jsonl': `${lines.slice(0, 2).join('\n')}\n`,
    [`blobs/facts/${'ab'.repeat(32)}`]: '{}',
    'heads/00000000': 'head',
  }),
)
for (const [kind, document] of Object.entries({ ...nodeDocuments, ...importDocuments }))
  put(kind, encode(document as JsonObject), ...(seated[kind] ?? []).map((one) => encode(one)))
put('main-head', ...mainHeads())
put('signer-config', toUtf8(JSON.stringify(signerConfig)))
put('coordinator-config', toUtf8(JSON.stringify(coordinatorConfig)))
put(
  'answer',
  ascii('{"kind":"recorded","seqs":[1,2]}'),
  ascii('{"because":"no","code":"VIEW","kind":"refused"}'),
)

// Signed by a library that gives the same signature again.
const room = new Performance(new RoomStory())
room.signWith = (serial, message) => p256.sign(message, tokenSecret(serial))
const said = room.lines()
const carried = room.carriedOut(said)
const textOf = (name: string) => Buffer.from(carried.get(name) ?? []).toString()
put('record-line', ...new Map(said.map((line) => [parseRecordLine(line).type, line])).values())
put('manifest', toUtf8(textOf('manifest.json')))
put('statements', toUtf8(textOf('statements.json')))
put(
  'statement',
  ...parseStatements(toUtf8(textOf('statements.json')))
    .slice(0, 2)
    .map(documentOf),
)
put('results', toUtf8(textOf('results.json')))
put(
  'ceremony',
  encode(
    Object.fromEntries(
      ['plan.json', 'record.jsonl', 'results.json', 'statements.json'].map((name) => {
        return [name, textOf(name)]
      }),
    ),
  ),
)

const [keyshare] = keysharesOf(curve, dkgKey).values()
put('keyshare', keyshare!.encode().bytes)

for (const { stage } of fuzzedStages(curve)) {
  drive(stage.begin('corpus').protocols, (number, from, _to, bytes) => {
    const name = stage.rounds.get(number)?.name ?? ''
    if (from === 1) put(`round-${dashed(name)}`, bytes)
    return bytes
  })
}

// What honest stations would bring home, made by a test that knows the whole key and every
// identity: the line of a key that all confirmed, of a signature with the receipts of three, of
// backups that were opened with the spare token.
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { blobDigest } from '../../policy/audit/blobs.ts'
import { emptyHead, extend } from '../../policy/audit/chain.ts'
import { type Entry, type EntryOf, parseEntry } from '../../policy/audit/entry.ts'
import { confirmMessage } from '../../policy/audit/key-confirm.ts'
import { readBundle } from '../../policy/ceremony/bundle.ts'
import { readBundleIn } from '../../policy/ceremony/bundle-in.ts'
import type { ReadPlan } from '../../policy/ceremony/plan.ts'
import type { WrittenResults } from '../../policy/ceremony/results.ts'
import {
  type SignedStatement,
  type Statement,
  statementMessage,
  statementText,
} from '../../policy/ceremony/statement.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import { encodeSignature, normalise } from '../../policy/chain/signature.ts'
import { parseIntent } from '../../policy/request.ts'
import type { KeyFacts } from '../../policy/view.ts'
import { parseWarrant } from '../../policy/warrant.ts'
import { testedDocument } from '../../proto/backup-documents.ts'
import { ed25519Signer, sha256, toHex, toUtf8 } from '../../proto/crypto.ts'
import {
  type Digest,
  parseDigest,
  parseHandle,
  parseNodeId,
  parseVaultId,
} from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { text } from '../../proto/jcs.ts'
import { kinds, signBy } from '../../proto/node-documents.ts'
import { sign, signedJson } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'
import { Performance } from '../kit/performed.ts'
import type { RoomStory } from '../kit/room-story.ts'
import { digestFor, seedOf } from '../policy/dev-fixture.ts'
import { type ColdHouse, root, stations } from './cold-house.ts'
import { anyDigest, vaultSecret } from './world.ts'

const secret = vaultSecret('cold')
/** Of the cold vault. */
export const publicKey = secp256k1.getPublicKey(secret, true)
const key: KeyFacts = {
  ...{ vault: parseVaultId('cold'), key: parseHandle('k-cold'), epoch: 1, t: 2 },
  participants: stations.map((node, at) => ({ node: parseNodeId(node), x: at + 1 })),
  publicKey,
  chainCode: Buffer.from(digestFor('chain code of cold'), 'hex'),
  keyState: anyDigest('key state of cold'),
}

export function keyBody(change: Digest, order: Digest): JsonObject {
  const { publicKey, chainCode, participants, ...rest } = key
  const confirms = stations.map((node) => {
    const signature = ed25519Signer(seedOf(node))(confirmMessage(key, node, change))
    return { node, signature: toHex(signature) }
  })
  const bytes = { chainCode: toHex(chainCode), publicKey: toHex(publicKey) }
  return { ...rest, ...bytes, participants: [...participants], change, order, confirms }
}

/** By the spare token, whose handle stands where a recovery key's would. */
export function testedBody(station: string): WrittenResults['lines'][number] {
  const { vault, epoch, keyState } = key
  const node = parseNodeId(station)
  const [backup, proof] = [anyDigest(`seal of ${station}`), anyDigest(`proof of ${station}`)]
  const said = { vault, epoch, keyState, node, backup, proof, recovery: parseHandle('spare') }
  const document = testedDocument({ ...said, org: root.org, env: root.env })
  const { signature } = sign(tags.backupTested, document, node, ed25519Signer(seedOf(station)))
  return { type: 'key.backup-tested', body: { ...said, signature: toHex(signature) } }
}

type Started = EntryOf<'session.started'>['body']

/** What the stations that signed say when their shares leave: texts, in their order. */
export function receiptsOf(started: Started, signers = started.participants.slice(0, 2)) {
  const { intent, attempt, warrant, digest } = started
  return signers.map((node, at): string => {
    const document = {
      ...{ format: 'custody-share-receipt/v1', org: root.org, env: root.env, node },
      ...{ counter: 1 + at, previous: '', sid: sidOf(started), intent, attempt, warrant },
      ...{ digest: toHex(digest), size: 1, root: '00'.repeat(32) },
    }
    const by = { node, sign: ed25519Signer(seedOf(node)) }
    return text(signedJson(signBy(kinds.receipt, document, by)))
  })
}

export function sidOf({ warrant, attempt }: Started): Digest {
  return parseDigest(toHex(sha256(toUtf8(`${warrant} ${attempt}`))))
}

/** The line of the signature, as the whole key would make it. */
export function completedBody(
  started: Started,
  bytes: Uint8Array,
  receipts: readonly string[],
  network = 'eip155:31337',
): JsonObject {
  const { intent, attempt, warrant, digest } = started
  const compact = secp256k1.sign(digest, secret, { prehash: false, format: 'recovered' })
  const [recovery = 0] = compact
  const nonce = new Uint8Array([recovery === 1 ? 3 : 2, ...compact.subarray(1, 33)])
  const made = normalise({ nonce, s: compact.slice(33) }, digest, key.publicKey)
  const { txid } = chainOf(network).attach(bytes, made)
  const named = { attempt, intent, sid: sidOf(started), txid, warrant }
  const signature = toHex(encodeSignature(made))
  const given = receipts.map((receipt) => blobDigest('shareReceipt', toUtf8(receipt)))
  return { ...named, signature, receipts: given }
}

export function signatureLines(started: Started, bytes: Uint8Array): WrittenResults['lines'] {
  const receipts = receiptsOf(started)
  const completed = completedBody(started, bytes, receipts)
  return [
    ...receipts.map((receipt, at) => {
      const digest = blobDigest('shareReceipt', toUtf8(receipt))
      const body = { node: started.participants[at] ?? '', counter: 1 + at, receipt: digest }
      return { type: 'share.receipt', body } as const
    }),
    { type: 'sign.completed', body: completed },
  ]
}

/** As `Performance`, with the credentials of this house. */
class Room extends Performance {
  override sign(statement: Statement): SignedStatement {
    const { role, person } = statement.actor
    if (role === 'custodian' || role === 'recorder') return super.sign(statement)
    const document = statementText(statement)
    const signature = ed25519Signer(seedOf(person))(statementMessage(document))
    return { by: 'credential', name: `${person}-1`, document, signature }
  }
}

/** The room in which the one payment of this plan is signed, as it should go. */
export async function roomOf(
  house: ColdHouse,
  plan: ReadPlan & { readonly bytes: Uint8Array },
): Promise<Performance> {
  const bundleIn = await house.coordinator.ceremonies.bundleIn(plan.digest)
  const bundle = readBundle(bundleIn, 'in')
  const { pages, warrants } = readBundleIn(bundle)
  const lines = pages.flatMap((page) => page.lines)
  const { head } = extend(emptyHead, lines)
  const started = lines.map((line) => parseEntry(line)).findLast(isStarted)
  if (started === undefined) throw new Error('no attempt')
  const { warrant } = parseWarrant(warrants[0]?.bytes ?? new Uint8Array(0))
  const { intent } = parseIntent(toUtf8(warrant.intent.document))
  const receipts = receiptsOf(started.body)
  const completed = completedBody(started.body, warrant.bytes, receipts, intent.network)
  const story = {
    ...{ plan, log: { head, lines }, bundle: bundle.digest, bundleIn, intent },
    ...{ request: started.body.intent, sid: sidOf(started.body) },
    receipts: () => receipts,
    completed: () => completed,
  }
  return new Room(story as unknown as RoomStory)
}

function isStarted(entry: Entry): entry is EntryOf<'session.started'> {
  return entry.type === 'session.started'
}

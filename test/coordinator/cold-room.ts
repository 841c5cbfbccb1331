// What honest stations would bring home, made by a test that knows the whole key and every identity:
// the line of a key that all confirmed, of a signature with the receipts of three, of backups that
// were opened with the spare token.
import { secp256k1 } from '@noble/curves/secp256k1.js'
import type { EntryOf } from '../../policy/audit/entry.ts'
import { confirmMessage } from '../../policy/audit/key-confirm.ts'
import type { WrittenResults } from '../../policy/ceremony/results.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import { encodeSignature, normalise } from '../../policy/chain/signature.ts'
import type { KeyFacts } from '../../policy/view.ts'
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
import { digestFor, seedOf } from '../policy/dev-fixture.ts'
import { root, stations } from './cold-house.ts'
import { anyDigest, vaultSecret } from './world.ts'

const secret = vaultSecret('cold')
const key: KeyFacts = {
  ...{ vault: parseVaultId('cold'), key: parseHandle('k-cold'), epoch: 1, t: 3 },
  participants: stations.map((node, at) => ({ node: parseNodeId(node), x: at + 1 })),
  publicKey: secp256k1.getPublicKey(secret, true),
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

/** Of the first three that were called. */
export function signatureLines(started: Started, bytes: Uint8Array): WrittenResults['lines'] {
  const { intent, attempt, warrant, digest } = started
  const sid = toHex(sha256(toUtf8(`${warrant} ${attempt}`)))
  const receipts = started.participants.slice(0, 3).map((node, at) => {
    const document = {
      ...{ format: 'custody-share-receipt/v1', org: root.org, env: root.env, node },
      ...{ counter: 1 + at, previous: '', sid, intent, attempt, warrant, digest: toHex(digest) },
      ...{ size: 1, root: '00'.repeat(32) },
    }
    const signed = signBy(kinds.receipt, document, { node, sign: ed25519Signer(seedOf(node)) })
    return { node, counter: 1 + at, receipt: anyDigest(text(signedJson(signed))) }
  })
  const compact = secp256k1.sign(digest, secret, { prehash: false, format: 'recovered' })
  const [recovery = 0] = compact
  const nonce = new Uint8Array([recovery === 1 ? 3 : 2, ...compact.subarray(1, 33)])
  const made = normalise({ nonce, s: compact.slice(33) }, digest, key.publicKey)
  const { txid } = chainOf('eip155:31337').attach(bytes, made)
  const named = { attempt, intent, sid: parseDigest(sid), txid, warrant }
  const signature = toHex(encodeSignature(made))
  const completed = { ...named, signature, receipts: receipts.map(({ receipt }) => receipt) }
  return [
    ...receipts.map((body) => ({ type: 'share.receipt', body }) as const),
    { type: 'sign.completed', body: completed },
  ]
}

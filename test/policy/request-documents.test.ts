// The documents that one request meets on its way, as files that other implementations can read:
// each file is the exact canonical text, `requests.json` lists digests, signers and signatures.
// Keys are SHA-256 of `test-seed/<name>` and Ed25519 is deterministic, so every byte is made again.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openApproval, openSigned, signApproval } from '../../policy/approval.ts'
import { parseInForce } from '../../policy/in-force.ts'
import { openIntent } from '../../policy/request.ts'
import { parseWarrant } from '../../policy/warrant.ts'
import {
  digestOf,
  fromHex,
  fromUtf8,
  plainDigest,
  sha256,
  toHex,
  toUtf8,
} from '../../proto/crypto.ts'
import { parseHandle, parsePersonId } from '../../proto/ids.ts'
import { openWithPassphrase, sealToPassphrase } from '../../proto/seal.ts'
import type { Signed } from '../../proto/signed.ts'
import { type Tag, tags } from '../../proto/tags.ts'
import { testKey } from '../kit/examples.ts'
import { scene } from '../kit/scene.ts'

const the = scene()
const { warrantValue, own, display } = the
const { roster, rulebook } = parseInForce(own.view.ruleset, own.view.documents)
const [approval] = warrantValue.approvals as readonly [Signed]
const row = own.view.decisions[0]!
const bindings = {
  org: rulebook.org,
  env: rulebook.env,
  intent: row.intent,
  policy: rulebook.digest,
  roster,
  rule: parseHandle('payout-large'),
  display,
  recordedAt: row.t,
  at: row.t,
}
const opened = openApproval('approve', approval, bindings).approval
const rejection = signApproval(
  {
    ...opened,
    decision: 'reject',
    person: parsePersonId('bo'),
    credential: parseHandle('bo-1'),
    nonce: sha256(toUtf8('nonce/bo')).slice(0, 16),
  },
  testKey('bo').sign,
)
const { dest } = warrantValue
const destination = dest.kind === 'attested' ? dest.record : approval

const identity = {
  kind: 'identity',
  context: {
    org: rulebook.org,
    env: rulebook.env,
    owner: parseHandle('ana'),
    credential: parseHandle('ana-1'),
  },
} as const
const passphrase = toUtf8('test passphrase')
const seal = sealToPassphrase(
  identity,
  testKey('ana').seed,
  { passphrase, cost: { n: 2 ** 15, r: 8, p: 1 } },
  { dek: sha256(toUtf8('test-seed/dek')), salt: sha256(toUtf8('test-seed/salt')).slice(0, 16) },
)

const file = (name: string): URL => new URL(`../vectors/documents/${name}`, import.meta.url)
const read = (name: string): string => readFileSync(file(name), 'utf8')

function described(tag: Tag, { credential, document, signature }: Signed) {
  const digest = digestOf(tag, toUtf8(document))
  return { tag, digest, credential, signature: toHex(signature) }
}

const texts = {
  'intent.json': warrantValue.intent.document,
  'approval.json': approval.document,
  'rejection.json': rejection.document,
  'destination.json': destination.document,
  'warrant.json': fromUtf8(the.warrant)!,
  'seal.json': fromUtf8(seal)!,
}
const index = {
  'intent.json': described(tags.intent, warrantValue.intent),
  'approval.json': described(tags.approval, approval),
  'rejection.json': described(tags.rejection, rejection),
  'destination.json': described(tags.dest, destination),
  'warrant.json': { tag: tags.warrant, digest: digestOf(tags.warrant, the.warrant) },
  'seal.json': { sha256: plainDigest(seal), passphrase: 'test passphrase' },
}

describe('the documents of a request', () => {
  it.each(Object.entries(texts))('%s is made again byte for byte', async (name, text) => {
    await expect(text).toMatchFileSnapshot(file(name).pathname)
  })

  it('are listed with their digests and signatures', async () => {
    const listed = `${JSON.stringify(index, undefined, 2)}\n`
    await expect(listed).toMatchFileSnapshot(file('requests.json').pathname)
  })

  it('open from the files alone', () => {
    const listed = JSON.parse(read('requests.json')) as typeof index
    const signedFrom = (name: 'intent.json' | 'approval.json' | 'rejection.json'): Signed => {
      const { credential, signature } = listed[name]
      return { credential, signature: fromHex(signature)!, document: read(name) }
    }
    const initiator = testKey('svc-payouts').publicKey
    expect(openIntent(signedFrom('intent.json'), initiator).digest).toBe(row.intent)
    const yes = openApproval('approve', signedFrom('approval.json'), bindings)
    expect(yes.digest).toBe(listed['approval.json'].digest)
    const no = openSigned('reject', signedFrom('rejection.json'), roster, row.t)
    expect(no).toMatchObject({ approval: { decision: 'reject', person: 'bo' } })
    const warrant = parseWarrant(toUtf8(read('warrant.json')))
    expect(warrant.digest).toBe(own.view.attempts[0]?.warrant)
    const seed = openWithPassphrase(toUtf8(read('seal.json')), identity, passphrase)
    expect(seed).toEqual(testKey('ana').seed)
  })
})

// A small organisation around one store: the development documents, a clock that moves when told,
// keys made of names, and requests and decisions signed by the people of the fixture. The vault's
// key is known to the test, so that real signatures can be made without a protocol.
import { secp256k1 } from '@noble/curves/secp256k1.js'
import type { Governed } from '../../coordinator/desk/bootstrap.ts'
import { handlersOf } from '../../coordinator/desk/desk.ts'
import { RulesMemory } from '../../coordinator/desk/rules.ts'
import type { CannotSign } from '../../coordinator/desk/settle.ts'
import { type Copy, committed } from '../../coordinator/page.ts'
import type { Clock, Event, LogSigner } from '../../coordinator/ports.ts'
import type { Answer } from '../../coordinator/proposal.ts'
import { Sequencer } from '../../coordinator/sequencer.ts'
import type { Blob } from '../../coordinator/store/blobs.ts'
import { RowCache } from '../../coordinator/store/row-cache.ts'
import type { Store } from '../../coordinator/store/store.ts'
import { Tree } from '../../coordinator/tree.ts'
import { type Approval, encodeApproval, tagOf } from '../../policy/approval.ts'
import { vkeyOf } from '../../policy/audit/checkpoint.ts'
import { createFold } from '../../policy/audit/fold.ts'
import { confirmMessage } from '../../policy/audit/key-confirm.ts'
import { destinationJson } from '../../policy/destination.ts'
import { freezeText, parseRoot } from '../../policy/documents.ts'
import type { Intent } from '../../policy/intent.ts'
import { encodeIntent } from '../../policy/request.ts'
import type { KeyFacts } from '../../policy/view.ts'
import { testedDocument } from '../../proto/backup-documents.ts'
import { digestOf, ed25519Signer, toHex, toUtf8 } from '../../proto/crypto.ts'
import {
  type Digest,
  parseDigest,
  parseHandle,
  parseNodeId,
  parsePersonId,
  parseVaultId,
} from '../../proto/ids.ts'
import { encode, text } from '../../proto/jcs.ts'
import { type Signed, sign, signedJson } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'
import {
  bookText,
  customer,
  digestFor,
  directoryText,
  notBefore,
  origin,
  policyText,
  publicKeyOf,
  rootText,
  seedOf,
  token,
} from '../policy/dev-fixture.ts'

export { customer, directoryText, origin, policyText, rootText, token }

export const nodes = ['signer-a', 'signer-b', 'signer-c']
export const root = parseRoot(rootText)
export const start = notBefore + 3_600_000

export interface TestClock extends Clock {
  advance(ms: number): void
}

/** Sleepers wake when told time has passed them. */
export function testClock(from = start): TestClock {
  let now = from
  const sleepers = new Set<{ readonly until: number; readonly wake: () => void }>()
  return {
    now: () => now,
    sleep: (ms, stop) =>
      new Promise((resolve) => {
        const sleeper = { until: now + ms, wake: resolve }
        sleepers.add(sleeper)
        stop?.addEventListener('abort', () => resolve(), { once: true })
        if (stop?.aborted === true) resolve()
      }),
    advance: (ms) => {
      now += ms
      for (const sleeper of [...sleepers]) {
        if (sleeper.until > now) continue
        sleepers.delete(sleeper)
        sleeper.wake()
      }
    },
  }
}

let drawn = 0
/** Distinct bytes, the same in every run of a test file. */
export function testRandom(length: number): Uint8Array {
  drawn += 1
  return digestBytes(`random ${drawn}`).slice(0, length)
}

function digestBytes(name: string): Uint8Array {
  return Buffer.from(digestFor(name), 'hex')
}

export const logSigner: LogSigner = {
  vkey: vkeyOf(origin, 'log', publicKeyOf('log')),
  sign: ed25519Signer(seedOf('log')),
}

export const governed: Governed = {
  root: rootText,
  policy: policyText,
  directory: directoryText,
  books: new Map([[parseHandle('customer'), bookText]]),
}

export interface World {
  readonly store: Store
  readonly clock: TestClock
  readonly tree: Tree
  readonly memory: RulesMemory
  readonly sequencer: Sequencer
  readonly copy: Copy
  readonly events: Event[]
  propose(kind: string, content: object, blobs?: readonly Blob[]): Promise<Answer>
}

export interface WorldOptions {
  readonly clock?: TestClock
  readonly cannotSign?: CannotSign
}

/** A sequencer over this store; several may share one. */
export function worldOn(store: Store, options: WorldOptions = {}): World {
  const { clock = testClock(), cannotSign = () => undefined } = options
  const [tree, memory] = [new Tree(), new RulesMemory()]
  const events: Event[] = []
  const sequencer = new Sequencer({
    store,
    origin,
    clock,
    random: testRandom,
    report: (event) => events.push(event),
    tree,
    cache: new RowCache(),
    fold: createFold({ rootDigest: root.digest, origin }),
    handlers: handlersOf({ memory, tree, cannotSign, log: logSigner, governed }),
  })
  const propose = (kind: string, content: object, blobs: readonly Blob[] = []) =>
    sequencer.propose({ kind, content: JSON.parse(JSON.stringify(content)), blobs })
  const copy = committed(store, origin)
  return { store, clock, tree, memory, sequencer, copy, events, propose }
}

export const bootstrap = (world: World): Promise<Answer> => world.propose('bootstrap', {})

export const vaultSecret = (vault: string): Uint8Array => digestBytes(`key of ${vault}`)

export function vaultRow(vault: string): KeyFacts {
  return {
    vault: parseVaultId(vault),
    key: parseHandle(`k-${vault}`),
    epoch: 0,
    t: 2,
    participants: nodes.map((node, at) => ({ node: parseNodeId(node), x: at + 1 })),
    publicKey: secp256k1.getPublicKey(vaultSecret(vault), true),
    chainCode: digestBytes(`chain code of ${vault}`),
    keyState: digestFor(`key state of ${vault}`),
  }
}

/** The line that all nodes confirmed. */
export function keyLine(vault: string) {
  const row = vaultRow(vault)
  const { chainCode, publicKey, ...rest } = row
  const confirms = nodes.map((node) => ({
    node,
    signature: toHex(ed25519Signer(seedOf(node))(confirmMessage(row, node))),
  }))
  const body = { ...rest, chainCode: toHex(chainCode), publicKey: toHex(publicKey), confirms }
  return { actor: 'coordinator', type: 'key.generated', body }
}

/** A node's statement that its backup of this vault's key was opened in a test. */
export function testedStatement(vault: string, name: string, change: object = {}): Signed {
  const { epoch, keyState } = vaultRow(vault)
  const [node, id] = [parseNodeId(name), parseVaultId(vault)]
  const [backup, proof] = [anyDigest(`backup of ${name}`), anyDigest(`proof of ${name}`)]
  const said = { vault: id, epoch, keyState, node, backup, proof, recovery: parseHandle('r-1') }
  const document = testedDocument({ ...said, org: root.org, env: root.env, ...change })
  return sign(tags.backupTested, document, node, ed25519Signer(seedOf(name)))
}

export async function makeKey(world: World, vault: string): Promise<Answer> {
  return world.propose('lines', { receipts: [], lines: [keyLine(vault)], documents: [] })
}

export function record(changes: Partial<typeof customer> = {}): Signed {
  const document = encode(destinationJson({ ...customer, ...changes }))
  return sign(
    tags.dest,
    document,
    credentialOf('svc-payouts'),
    ed25519Signer(seedOf('svc-payouts')),
  )
}

export function credentialOf(person: string) {
  return parseHandle(`${person}-1`)
}

let intents = 0
/** A payout of USDT from the hot vault to the customer, unless changed. */
export function payout(changes: Partial<Intent> = {}): Intent {
  intents += 1
  return {
    org: parseHandle('acme-dev'),
    env: 'dev',
    id: parseHandle(`payout-${intents}`),
    created: start,
    notAfter: start + 4 * 3_600_000,
    vault: parseVaultId('hot'),
    path: 'm',
    network: 'eip155:31337',
    op: 'erc20.transfer',
    asset: parseHandle('usdt'),
    contract: token,
    to: customer.address,
    dest: digestOf(tags.dest, encode(destinationJson(customer))),
    amount: 100_000_000n,
    maxFee: 10n ** 16n,
    purpose: `withdrawal/${intents}`,
    initiator: parsePersonId('svc-payouts'),
    ...changes,
  }
}

export function signIntent(intent: Intent): Signed {
  const { initiator } = intent
  const key = ed25519Signer(seedOf(initiator))
  return sign(tags.intent, encodeIntent(intent), credentialOf(initiator), key)
}

export function blobOf(kind: 'intent' | 'dest' | 'approval' | 'rejection', signed: Signed): Blob {
  return {
    digest: digestOf(tags[kind], toUtf8(signed.document)),
    kind,
    content: toUtf8(text(signedJson(signed))),
  }
}

export async function submit(
  world: World,
  intent: Intent,
): Promise<{ readonly id: Digest; readonly answer: Answer }> {
  const blob = blobOf('intent', signIntent(intent))
  return { id: blob.digest, answer: await world.propose('submit', { intent: blob.digest }, [blob]) }
}

export function signDecision(approval: Approval): Signed {
  const key = ed25519Signer(seedOf(approval.person))
  const tag = tagOf(approval.decision)
  return sign(tag, encodeApproval(approval), credentialOf(approval.person), key)
}

export const nonce = (name: string): Uint8Array => digestBytes(name).slice(0, 16)

export const anyDigest = (name: string): Digest => parseDigest(digestFor(name))

export function freezeOf(person: string, scope: string, now: number): Signed {
  const document = toUtf8(
    freezeText({
      org: root.org,
      env: root.env,
      scope: parseHandle(scope),
      person: parsePersonId(person),
      credential: credentialOf(person),
      issued: now,
      nonce: nonce(`freeze ${scope}`),
    }),
  )
  return sign(tags.freeze, document, credentialOf(person), ed25519Signer(seedOf(person)))
}

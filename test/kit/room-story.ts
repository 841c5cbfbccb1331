// A cold vault's log with a real payment on it, up to the moment at which people go into the room:
// intent, reservation, approved plan, the attempt that calls every station, the warrant, and the
// Bundle that is carried in. What a ceremony's results are judged on.
import { blobDigest } from '../../policy/audit/blobs.ts'
import {
  checkpointBody,
  cosignCheckpoint,
  formatNote,
  signCheckpoint,
} from '../../policy/audit/checkpoint.ts'
import { rootOf } from '../../policy/audit/merkle.ts'
import { parseBook, recordOf } from '../../policy/book.ts'
import { type BundleFiles, readBundle } from '../../policy/ceremony/bundle.ts'
import { writeBundleIn } from '../../policy/ceremony/bundle-in.ts'
import type { Attendee } from '../../policy/ceremony/people.ts'
import { parsePlan } from '../../policy/ceremony/plan.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import { encodeUnsigned, transferCall } from '../../policy/chain/evm.ts'
import { parseSignature } from '../../policy/chain/signature.ts'
import { destinationDigest, destinationJson } from '../../policy/destination.ts'
import type { Intent } from '../../policy/intent.ts'
import { encodeIntent } from '../../policy/request.ts'
import { parseTrust, trustText } from '../../policy/trust.ts'
import { issue } from '../../policy/warrant.ts'
import { digestOf, fromHex, plainDigest, toHex, toUtf8 } from '../../proto/crypto.ts'
import {
  type Digest,
  parseDigest,
  parseHandle,
  parseNodeId,
  parsePersonId,
  parseVaultId,
} from '../../proto/ids.ts'
import { encode, type JsonObject, text } from '../../proto/jcs.ts'
import { kinds, signBy } from '../../proto/node-documents.ts'
import { writeTime } from '../../proto/shape.ts'
import { sign, signedJson } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'
import * as house from './audit-documents.ts'
import { digestNamed, signature, type TestLog } from './audit-log.ts'
import { Ceremony, calling, keyedColdLog, lights, root, rulebook, ruleset } from './cold-log.ts'
import { witnessOf } from './succession.ts'

const minute = 60_000
const record = recordOf(parseBook(house.bookText), 'eip155:31337', house.customer)!
const token = rulebook.assets.get(parseHandle('usdt-eth'))!.contract

const attendee = (person: string, role: Attendee['role'], outside = false): Attendee => {
  return { person: parsePersonId(person), role, how: 'known', outside }
}
/** All but couriers, custodians and the recorder have a credential in the directory. */
export const people: readonly Attendee[] = [
  attendee('ada', 'administrator'),
  attendee('pia', 'second'),
  attendee('rita', 'recorder'),
  attendee('chen', 'witness'),
  attendee('bo', 'auditor', true),
  attendee('jun', 'controller'),
  attendee('oli', 'controller'),
  attendee('kim', 'courier'),
  attendee('kurt', 'courier'),
  ...['ana', 'ben', 'cleo'].map((person) => attendee(person, 'custodian')),
]

export const trust = parseTrust(
  trustText({
    root: root.digest,
    log: { origin: parseHandle(house.origin), vkey: house.log },
    witnesses: lights.map(witnessOf),
    q: root.witness.q,
  }),
)

/** The head over all lines, cosigned by these of the light witnesses. */
export function coldNote({ head, t }: TestLog, cosigners: readonly string[] = lights): string {
  const { size, frontier } = head
  const body = checkpointBody({ origin: house.origin, size, root: rootOf(frontier) })
  return formatNote(body, [
    signCheckpoint(body, house.log, house.keyOf('log').sign),
    ...cosigners.map((name) => {
      const { sign: by } = house.keyOf(`${name}-witness`)
      return cosignCheckpoint(body, witnessOf(name), t + 1_000, by)
    }),
  ])
}

/** One payment of 50 USDT out of `cold-eth`, ready for its ceremony. */
export class RoomStory {
  readonly log: TestLog
  readonly ceremony: Ceremony
  readonly request: Digest
  readonly warrant: Uint8Array
  readonly bytes: Uint8Array
  readonly sid = digestNamed('sid of the room')
  readonly bundleIn: BundleFiles
  readonly bundle: Digest
  readonly intent: Intent

  /** `late`: what is said before the Bundle leaves. */
  constructor(log: TestLog = keyedColdLog(), late: (story: RoomStory) => void = () => {}) {
    this.log = log
    this.intent = intentAt(log.t)
    const key = house.keyOf('svc-payouts').sign
    const bytes = encodeIntent(this.intent)
    const signed = sign(tags.intent, bytes, parseHandle('svc-payouts-1'), key)
    this.request = blobDigest('intent', encode(signedJson(signed)))
    this.#recorded()
    this.ceremony = new Ceremony(log, 'payment', {
      kind: 'sign',
      requests: [this.request],
      plan: { people, from: log.t + 61 * minute, until: log.t + 100 * minute },
    }).planned()
    this.bytes = encodeUnsigned({
      ...{ chainId: 31337n, nonce: 0n, tip: 1_000_000_000n, price: 20_000_000_000n },
      ...{ gasLimit: 90_000n, to: token, value: 0n },
      calldata: transferCall(this.intent.to, this.intent.amount),
    })
    this.warrant = issue({
      ...{ org: this.intent.org, env: 'dev', intent: signed, bytes: this.bytes, approvals: [] },
      ruleset: parseDigest(ruleset),
      dest: { kind: 'book', record: text(destinationJson(record)) },
      ...{ heads: [], replaces: '' },
    })
    log.add('session.started', this.#attempt())
    late(this)
    this.bundleIn = this.carriedIn()
    this.bundle = readBundle(this.bundleIn, 'in').digest
  }

  get plan() {
    const bytes = toUtf8(this.ceremony.document)
    return { ...parsePlan(bytes), bytes }
  }

  carriedIn(note = coldNote(this.log)): BundleFiles {
    const digest = digestOf(tags.warrant, this.warrant)
    const documents = [...new Set(this.log.enclosures)]
    const page = { from: 0, lines: this.log.lines, documents, checkpoint: toUtf8(note) }
    return writeBundleIn({
      ...{ plan: this.plan, pages: [page], head: toUtf8(note), heads: [] },
      warrants: [{ kind: 'warrant', digest, bytes: this.warrant }],
    })
  }

  /** What the two stations sign when their shares leave. */
  receipts(
    nodes: readonly string[] = ['node-a', 'node-b'],
    of: JsonObject = {},
  ): readonly string[] {
    const { size, frontier } = this.log.head
    return nodes.map((node) => {
      const document: JsonObject = {
        format: 'custody-share-receipt/v1',
        ...{ org: house.org, env: house.env, node, counter: 1, previous: '', sid: this.sid },
        ...{ intent: this.request, attempt: 1, warrant: digestOf(tags.warrant, this.warrant) },
        digest: toHex(chainOf('eip155:31337').digest(this.bytes)),
        ...{ size, root: toHex(rootOf(frontier)) },
        ...of,
      }
      const by = { node: parseNodeId(node), sign: house.keyOf(`${node}-identity`).sign }
      return text(signedJson(signBy(kinds.receipt, document, by)))
    })
  }

  /** The line of the signature, as the whole key would make it. */
  completed(receipts = this.receipts()): JsonObject {
    const chain = chainOf('eip155:31337')
    const written = signature('cold-eth', toHex(chain.digest(this.bytes)))
    const parsed = parseSignature(fromHex(written)!)
    return {
      attempt: 1,
      intent: this.request,
      receipts: receipts.map((receipt) => blobDigest('shareReceipt', toUtf8(receipt))),
      sid: this.sid,
      signature: written,
      txid: chain.attach(this.bytes, parsed).txid,
      warrant: digestOf(tags.warrant, this.warrant),
    }
  }

  #recorded(): void {
    const { id, initiator, notAfter, op, vault, amount, asset, maxFee, network, path, to } =
      this.intent
    const named = { intent: this.request, initiator, op, vault }
    this.log
      .add('intent.created', {
        ...{ ...named, credential: 'svc-payouts-1', id, notAfter: writeTime(notAfter) },
      })
      .add('intent.evaluated', {
        ...{ engine: 1, facts: digestNamed('facts'), intent: this.request },
        ...{ policy: rulebook.digest, result: 'allow', rule: 'payout-auto' },
        trace: digestNamed('trace'),
      })
      .add('spend.reserved', {
        ...{ ...named, asset, network, path, to, amount: `${amount}`, feeMax: `${maxFee}` },
        ...{ dest: 'customer', policy: rulebook.digest, rule: 'payout-auto', slot: '0' },
      })
  }

  #attempt(): JsonObject {
    const { fee, digest } = chainOf('eip155:31337').decode(this.bytes)
    return {
      ...{ attempt: 1, bytes: plainDigest(this.bytes), digest: toHex(digest), epoch: 1 },
      fee: { max: `${fee.max}`, price: `${fee.price}`, tip: `${fee.tip}` },
      ...{ intent: this.request, ...calling, replaces: '', slot: '0', until: '' },
      warrant: digestOf(tags.warrant, this.warrant),
    }
  }
}

function intentAt(t: number): Intent {
  return {
    ...{ org: parseHandle(house.org), env: 'dev', id: parseHandle('cold-payment') },
    ...{ created: t, notAfter: t + 119 * minute, vault: parseVaultId('cold-eth'), path: 'm' },
    ...{ network: 'eip155:31337', op: 'erc20.transfer', asset: parseHandle('usdt-eth') },
    ...{ contract: token, to: house.customer, dest: destinationDigest(record) },
    ...{ amount: 50_000_000n, maxFee: 10n ** 16n, purpose: 'withdrawal/cold' },
    initiator: parsePersonId('svc-payouts'),
  }
}

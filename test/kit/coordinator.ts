// An honest stand-in for the coordinator's face: it keeps a real log with the cluster's own keys,
// signs and cosigns real heads, judges nothing. Tests of the CLI speak to it over real TLS, and
// replace a handler where a rule needs a liar.

import { readFileSync } from 'node:fs'
import { parseCoordinatorConfig } from '../../coordinator/config.ts'
import { tagOf } from '../../policy/approval.ts'
import { append, emptyHead, type Head } from '../../policy/audit/chain.ts'
import {
  checkpointBody,
  cosignCheckpoint,
  formatNote,
  formatVkey,
  signCheckpoint,
} from '../../policy/audit/checkpoint.ts'
import type { Draft, Entry } from '../../policy/audit/entry.ts'
import { inclusionProof, MemoryTree, rootAt } from '../../policy/audit/merkle.ts'
import { derive } from '../../policy/chain/derive.ts'
import { evmAddress } from '../../policy/chain/evm.ts'
import { claimsChange, parseChange } from '../../policy/change.ts'
import { parseRoot } from '../../policy/documents.ts'
import { parseIntent } from '../../policy/request.ts'
import { digestOf, toUtf8 } from '../../proto/crypto.ts'
import { readSigned, writeSigned } from '../../proto/frames.ts'
import { parseHandle } from '../../proto/ids.ts'
import { serve } from '../../proto/io/channel-server.ts'
import type { Handlers } from '../../proto/io/handlers.ts'
import type { ReplyOf } from '../../proto/io/wire.ts'
import { type JsonObject, parse } from '../../proto/jcs.ts'
import { logKeyThing } from '../../proto/log-key.ts'
import { nodeKeyThing } from '../../proto/node-keys.ts'
import { refusal } from '../../proto/refusal.ts'
import { writeTime } from '../../proto/shape.ts'
import type { Signed } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'
import type { Place } from './cluster.ts'
import { certificateAt, factsOf, unseal, vaultOf } from './cluster-vault.ts'

type Wired = NonNullable<ReplyOf<'SigningService', 'GetRequest'>['request']>

interface Kept {
  readonly signed: Signed
  readonly record: Uint8Array
  readonly rule: string
  readonly request: Wired
}

export interface FakeCoordinator {
  readonly requests: Map<string, Kept>
  readonly decisions: Signed[]
  readonly freezes: Signed[]
  /** What the nodes answered. */
  invitations: readonly Signed[]
  readonly entries: readonly Entry[]
  /** Appends a line, whatever it means. */
  readonly add: (draft: Omit<Draft, 't' | 'actor'>) => Entry
  /** How many witnesses cosign from now on. */
  cosigners: number
  /** Set what differs; everything else stays honest. */
  readonly lies: { -readonly [S in keyof Handlers]?: Partial<Handlers[S]> }
  readonly honest: Omit<Handlers, 'NodeLinkService'>
  /** No lies, two cosigners. */
  readonly beHonest: () => void
  readonly close: () => Promise<void>
}

export async function fakeCoordinator(place: Place): Promise<FakeCoordinator> {
  const text = (path: string): string => readFileSync(path, 'utf8')
  const config = parseCoordinatorConfig(
    text(place.path('coordinator/config.json')),
    place.path('coordinator'),
  )
  const log = openLog(place)
  const state = {
    requests: new Map<string, Kept>(),
    decisions: [] as Signed[],
    freezes: [] as Signed[],
    invitations: [] as readonly Signed[],
    entries: log.entries,
    add: log.add,
    cosigners: 2,
    lies: {} as FakeCoordinator['lies'],
  }
  const honest = handlers(place, state, log)
  // A lie is looked up at each call, so that a test can change its mind.
  const mixed = Object.fromEntries(
    Object.entries(honest).map(([service, table]) => [
      service,
      Object.fromEntries(
        Object.keys(table).map((method) => [
          method,
          (...args: readonly unknown[]) => {
            const lie = Reflect.get(Reflect.get(state.lies, service) ?? {}, method)
            return Reflect.apply(lie ?? Reflect.get(table, method), undefined, args)
          },
        ]),
      ),
    ]),
  )
  const server = await serve(mixed as Partial<Handlers>, config.listen, {
    identity: { ca: text(config.tls.ca), cert: text(config.tls.cert), key: text(config.tls.key) },
    org: config.org,
    clients: new Map(config.clients.map(({ pin, role, id }) => [pin, { role, id }])),
    nowMs: Date.now,
    stallMs: 30_000,
    correlationId: () => 'c0ffee',
    onBug: (error) => console.error(error),
    onTurnedAway: () => {},
  })
  const beHonest = (): void => {
    state.cosigners = 2
    for (const service of Object.keys(state.lies)) Reflect.deleteProperty(state.lies, service)
  }
  return Object.assign(state, { honest, beHonest, close: () => server.close(100) })
}

interface Log {
  readonly entries: Entry[]
  readonly add: (draft: Omit<Draft, 't' | 'actor'>) => Entry
  readonly note: (cosigners: number) => Uint8Array
  readonly proof: (seq: number, size: number) => readonly Uint8Array[]
}

function openLog(place: Place): Log {
  const root = parseRoot(readFileSync(place.path('shared/root.json'), 'utf8'))
  const owner = (name: string) => ({ org: root.org, env: root.env, owner: parseHandle(name) })
  const logKey = unseal(place, 'coordinator', 'log', logKeyThing(owner('coordinator-1')))
  const witnesses = root.nodes.map(({ node, witness }) => ({
    vkey: witness,
    sign: unseal(place, `nodes/${node}`, 'witness', nodeKeyThing(owner(node), 'witness')),
  }))
  const { origin, vkey } = root.log
  const entries: Entry[] = []
  const tree = new MemoryTree()
  let head: Head = emptyHead
  const add: Log['add'] = (draft) => {
    const made = append(head, { ...draft, actor: 'coordinator-1', t: Date.now() })
    head = made.head
    entries.push(made.entry)
    tree.append(made.entry.leaf)
    return made.entry
  }
  const created = writeTime(Date.now())
  const genesis = { created, format: 'custody-log/v1', hash: 'sha256', leaf: 'rfc6962', origin }
  add({ type: 'log.genesis', body: { ...genesis, vkey: formatVkey(vkey) } })
  return {
    entries,
    add,
    proof: (seq, size) => inclusionProof(tree, seq, size),
    note: (cosigners) => {
      const size = entries.length
      const body = checkpointBody({ origin, size, root: rootAt(tree, size) })
      const cosigned = witnesses
        .slice(0, cosigners)
        .map((witness) => cosignCheckpoint(body, witness.vkey, Date.now(), witness.sign))
      return toUtf8(formatNote(body, [signCheckpoint(body, vkey, logKey), ...cosigned]))
    },
  }
}

type State = Pick<
  FakeCoordinator,
  'requests' | 'decisions' | 'freezes' | 'invitations' | 'cosigners'
>

function handlers(place: Place, state: State, log: Log): Omit<Handlers, 'NodeLinkService'> {
  const file = (name: string): Uint8Array => readFileSync(place.path(`shared/${name}`))
  const missing = refusal('REQUEST_NOT_FOUND', 'no such request')
  const recorded = (entry: Entry) => {
    const checkpoint = state.cosigners === 0 ? new Uint8Array(0) : log.note(state.cosigners)
    const proof = log.proof(entry.seq, log.entries.length)
    return { seq: entry.seq, checkpoint, proof, entry: entry.bytes }
  }
  const requestOf = async ({ id }: { readonly id: string }) => {
    const kept = state.requests.get(id)
    return kept === undefined ? missing : { request: kept.request }
  }
  return {
    SigningService: {
      SubmitIntent: async ({ intent, documents }) => {
        const signed = readSigned(intent)
        const request = wired(signed)
        const record = recordOf(place, signed, documents[0]?.content)
        const { intent: asked } = readAsked(signed.document)
        const amount = 'amount' in asked ? Number(asked.amount) : 0
        const byAmount = amount > 25e9 ? 'payout-large' : 'payout-mid'
        const rule = 'amount' in asked ? byAmount : 'governance.key'
        state.requests.set(request.id, { signed, request, record, rule })
        log.add({ type: 'intent.created', body: createdBody(signed) })
        return { request }
      },
      GetRequest: async ({ id, callerId }) => {
        const found = [...state.requests.values()].find(
          ({ request }) => request.callerId === callerId,
        )
        return requestOf({ id: id || (found?.request.id ?? '') })
      },
      ListRequests: async () => ({ requests: [], nextPageToken: '' }),
      WatchRequests: async function* () {},
      CancelRequest: requestOf,
      SimulateIntent: async () => ({
        result: 'NEED',
        rule: 'payout-mid',
        reasons: [],
        missing: ['1 ops'],
        trace: new Uint8Array(0),
      }),
    },
    ApprovalService: {
      ListPending: async () => ({
        pending: [...state.requests.values()].map(({ signed, request, rule }) => ({
          id: request.id,
          intent: toUtf8(signed.document),
          rule,
          missing: ['1 ops'],
          expires: writeTime(readAsked(signed.document).intent.notAfter),
        })),
        held: [],
      }),
      GetApprovalPackage: async ({ id }) => {
        const kept = state.requests.get(id)
        if (kept === undefined) return missing
        return {
          intent: { ...writeSigned(kept.signed) },
          record: kept.record,
          policy: file('policy.json'),
          directory: file('directory.json'),
          rule: kept.rule,
          decisions: [],
          state: kept.request.state,
          plan: new Uint8Array(),
          held: '',
        }
      },
      SubmitDecision: async ({ decision }) => {
        const signed = readSigned(decision)
        state.decisions.push(signed)
        const said = JSON.parse(signed.document)
        const approval = digestOf(tagOf(said.decision), toUtf8(signed.document))
        const type = said.decision === 'approve' ? 'approval.recorded' : 'approval.rejected'
        const { intent, person, rule } = said
        const entry = log.add({ type, body: { approval, intent, person, rule } })
        return { ...recorded(entry), state: said.decision === 'approve' ? 'RESERVED' : 'REJECTED' }
      },
    },
    PolicyService: {
      GetRuleset: async () => ({
        ruleset: '',
        root: file('root.json'),
        policy: file('policy.json'),
        directory: file('directory.json'),
        books: [{ kind: 'book', content: file('book-customer.json') }],
        roots: [
          {
            root: file('root.json'),
            signatures: new Uint8Array(0),
            entry: log.entries[1]?.bytes ?? new Uint8Array(0),
          },
        ],
      }),
      GetLimits: async () => ({
        limits: [{ id: 'payout-1h', unit: 'USDT', max: '1', used: '250000000', window: '' }],
      }),
      SubmitFreeze: async ({ freeze }) => {
        const signed = readSigned(freeze)
        state.freezes.push(signed)
        const digest = digestOf(tags.freeze, toUtf8(signed.document))
        const { scope } = JSON.parse(signed.document)
        return recorded(log.add({ type: 'freeze.set', body: { freeze: digest, scope } }))
      },
      SubmitRoot: async () => refusal('NOT_SUPPORTED', 'this stand-in keeps one root'),
    },
    VaultService: {
      ListVaults: async () => ({ vaults: [vaultOf(place, 'hot')] }),
      GetVault: async ({ vault }) =>
        vault === 'hot'
          ? { vault: vaultOf(place, vault) }
          : refusal('VAULT_NOT_FOUND', `no vault ${vault}`),
      CreateVault: async ({ vault }) => ({ vault: vaultOf(place, vault) }),
      GetInvitations: async () => ({ invitations: state.invitations.map(writeSigned) }),
      GetExport: async ({ vault }) =>
        refusal('LINE_MISSING', `the key of ${vault} was not exported`),
      CreateDepositAddress: async ({ vault, reference }) => {
        return { address: depositAt(place, vault, reference, 7) }
      },
      ListDepositAddresses: async ({ vault, from }) => ({
        addresses: from === 0 ? [depositAt(place, vault, 'customer-1', 7)] : [],
        next: from === 0 ? 8 : 0,
      }),
    },
    CeremonyService: {
      ListCeremonies: async () => ({ ceremonies: [] }),
      PrepareCeremony: async () => refusal('CEREMONY', 'this stand-in plans none'),
      GetBundle: async function* () {},
      PutBundlePart: async () => refusal('CEREMONY', 'this stand-in plans none'),
      ImportCeremony: async () => refusal('CEREMONY', 'this stand-in plans none'),
      AbortCeremony: async () => refusal('CEREMONY', 'this stand-in plans none'),
      AnchorCold: async () => ({ seq: 1, size: 1 }),
    },
    AuditService: {
      GetCheckpoint: async () => ({ checkpoint: log.note(state.cosigners) }),
      ReadEntries: async ({ fromSeq, countMax }) => ({
        entries: log.entries.slice(fromSeq, fromSeq + countMax).map(({ bytes }) => bytes),
      }),
      GetProof: async ({ seq, size }) => ({ proof: log.proof(seq, size) }),
      Export: async function* () {
        yield { path: 'checkpoint', content: log.note(state.cosigners), partial: false }
      },
      GetStatus: async () => ({ size: log.entries.length, nodes: [], witnessQuorum: 2 }),
    },
  }
}

function wired(signed: Signed): Wired {
  const { digest, intent } = readAsked(signed.document)
  return {
    id: digest,
    initiator: intent.initiator,
    callerId: intent.id,
    state: 'AWAITING_APPROVAL',
    reasons: [],
    vault: intent.vault,
    rule: 'payout-mid',
    attempts: 0,
    missing: ['1 ops'],
    signedTransaction: new Uint8Array(0),
    signature: new Uint8Array(0),
    txid: '',
    changed: '',
    seq: 1,
    intent: toUtf8(signed.document),
  }
}

function readAsked(document: string) {
  const bytes = toUtf8(document)
  if (!claimsChange(bytes)) return parseIntent(bytes)
  const { digest, change } = parseChange(bytes)
  return { digest, intent: change }
}

function createdBody({ credential, document }: Signed): JsonObject {
  const { digest: intent, intent: said } = readAsked(document)
  const { id, initiator, notAfter, op, vault } = said
  return { credential, id, initiator, intent, notAfter: writeTime(notAfter), op, vault }
}

/** The canonical record of the book that the intent names, or the one that came along. */
function recordOf(place: Place, signed: Signed, sent: Uint8Array | undefined): Uint8Array {
  if (sent !== undefined) {
    const written = parse(sent)
    if (typeof written === 'object' && 'document' in written)
      return toUtf8(String(written['document']))
  }
  const { intent } = readAsked(signed.document)
  if (!('dest' in intent)) return new Uint8Array(0)
  const { dest } = intent
  const book = JSON.parse(readFileSync(place.path('shared/book-customer.json'), 'utf8'))
  for (const record of book.records) {
    // A canonical book holds canonical records.
    const bytes = toUtf8(JSON.stringify(record))
    if (digestOf(tags.dest, bytes) === dest) return bytes
  }
  return new Uint8Array(0)
}

/** As a coordinator sends it. */
export function depositAt(place: Place, vault: string, reference: string, index: number) {
  const path = `m/1/${index}`
  const network = 'eip155:31337'
  const facts = factsOf(place, vault)
  const address = evmAddress(derive(facts, path).publicKey)
  return {
    ...{ vault, service: 'svc-payouts', reference, index, path, network, address },
    certificate: certificateAt(place, facts, path),
  }
}

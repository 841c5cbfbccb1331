// A log in memory for tests: drafts are folded and appended as the sequencer would do it, and can
// be forced in although they are void, as only a lying coordinator would do it.
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { append, emptyHead, type Head } from '../../policy/audit/chain.ts'
import {
  checkpointBody,
  cosignCheckpoint,
  formatNote,
  formatVkey,
  signCheckpoint,
} from '../../policy/audit/checkpoint.ts'
import { readEnclosures } from '../../policy/audit/enclosures.ts'
import type { Draft } from '../../policy/audit/entry.ts'
import { createFold, type Fold, type Folded } from '../../policy/audit/fold.ts'
import { rulesetDigest } from '../../policy/audit/fold-governance.ts'
import { confirmMessage } from '../../policy/audit/key-confirm.ts'
import { rootOf } from '../../policy/audit/merkle.ts'
import { MemoryRows, readSync } from '../../policy/audit/rows.ts'
import { parseRoot } from '../../policy/documents.ts'
import { madeHere } from '../../policy/key-standing.ts'
import type { KeyFacts, VaultRow } from '../../policy/view.ts'
import { type BackupTested, testedDocument } from '../../proto/backup-documents.ts'
import { plainDigest, sha256, tagged, toHex, toUtf8 } from '../../proto/crypto.ts'
import { parseDigest, parseHandle, parseNodeId, parseVaultId } from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { writeTime } from '../../proto/shape.ts'
import { tags } from '../../proto/tags.ts'
import * as house from './audit-documents.ts'

export type Type = Draft['type']
export const start = Date.parse('2026-12-01T00:00:00Z')
export const digestNamed = (name: string) => plainDigest(toUtf8(name))

export class TestLog {
  head: Head = emptyHead
  t = start
  readonly rows = new MemoryRows()
  readonly lines: Uint8Array[] = []
  readonly enclosures: string[] = []
  readonly #fold: Fold

  /** Under the house's own root, or under another one of the same log. */
  constructor(rootDigest = house.rootDigest) {
    this.#fold = createFold({ rootDigest, origin: house.origin })
  }

  /** What the next line would fold to; nothing is kept. */
  judge(type: Type, body: JsonObject, enclosures: readonly string[] = []): Folded {
    const { entry } = append(this.head, this.#draft(type, body))
    return readSync(this.#fold(entry, readEnclosures(enclosures)), this.rows)
  }

  /** "folded", or the code of void, or "missing". */
  outcome(type: Type, body: JsonObject, enclosures: readonly string[] = []): string {
    const folded = this.judge(type, body, enclosures)
    return folded.kind === 'void' ? folded.code : folded.kind
  }

  /** Appends a lawful line; a void one is a mistake of the test. */
  add(type: Type, body: JsonObject, enclosures: readonly string[] = []): this {
    const folded = this.judge(type, body, enclosures)
    if (folded.kind !== 'folded') throw new Error(`${type}: ${JSON.stringify(folded)}`)
    this.rows.apply(folded.writes)
    return this.force(type, body, enclosures)
  }

  /** Appends whatever it means. */
  force(type: Type, body: JsonObject, enclosures: readonly string[] = []): this {
    const { entry, head } = append(this.head, this.#draft(type, body))
    this.lines.push(entry.bytes)
    this.enclosures.push(...enclosures)
    this.head = head
    return this
  }

  wait(seconds: number): this {
    this.t += seconds * 1000
    return this
  }

  /** The signed head over all lines, cosigned by these witnesses. */
  note(cosigners: readonly number[] = [0, 1, 2], atMs = this.t + 1_000): string {
    const { size, frontier } = this.head
    const body = checkpointBody({ origin: house.origin, size, root: rootOf(frontier) })
    return formatNote(body, [
      signCheckpoint(body, house.log, house.keyOf('log').sign),
      ...cosigners.map((which) => cosign(body, which, atMs)),
    ])
  }

  #draft(type: Type, body: JsonObject): Draft {
    return { actor: 'coordinator', type, body, t: this.t }
  }
}

export function cosign(body: string, which: number, atMs: number): string {
  const key = house.keyOf(`${house.nodeNames[which]}-witness`)
  return cosignCheckpoint(body, house.witnesses[which]!, atMs, key.sign)
}

export const genesisBody: JsonObject = {
  created: writeTime(start),
  format: 'custody-log/v1',
  hash: 'sha256',
  leaf: 'rfc6962',
  origin: house.origin,
  vkey: formatVkey(house.log),
}

const { rootDigest: change } = house
const rulesetOf = (policy: boolean, directory: boolean, book: boolean) =>
  rulesetDigest(parseRoot(house.rootText), {
    root: house.rootDigest,
    policy: policy ? house.policyDigest : '',
    directory: directory ? house.directoryDigest : '',
    books: book ? [{ name: parseHandle('customer'), digest: house.bookDigest, seq: 0, t: 0 }] : [],
  })

export const bootstrap = {
  root: { root: change, ruleset: rulesetOf(false, false, false), version: 1 },
  policy: {
    change,
    policy: house.policyDigest,
    ruleset: rulesetOf(true, false, false),
    version: 1,
  },
  directory: {
    change,
    directory: house.directoryDigest,
    ruleset: rulesetOf(true, true, false),
    version: 1,
  },
  book: {
    book: house.bookDigest,
    change,
    name: 'customer',
    ruleset: rulesetOf(true, true, true),
    version: 1,
  },
}

/** The private key that no node has in whole: tests sign with it as the nodes together would. */
export const vaultSecret = (vault: string): Uint8Array => sha256(toUtf8(`test-vault/${vault}`))

export function vaultRow(vault: string): VaultRow {
  return {
    vault: parseVaultId(vault),
    key: parseHandle(`k-${vault}`),
    epoch: 1,
    t: 2,
    participants: house.nodeNames.map((node, at) => ({ node: parseNodeId(node), x: at + 1 })),
    publicKey: secp256k1.getPublicKey(vaultSecret(vault), true),
    chainCode: sha256(toUtf8(`test-chain-code/${vault}`)),
    keyState: digestNamed(`key-state ${vault}`),
    ...madeHere,
  }
}

export function keyBody(row: KeyFacts): JsonObject {
  return {
    chainCode: toHex(row.chainCode),
    confirms: row.participants.map(({ node }) => ({
      node,
      signature: toHex(house.keyOf(`${node}-identity`).sign(confirmMessage(row, node))),
    })),
    epoch: row.epoch,
    key: row.key,
    keyState: row.keyState,
    participants: row.participants.map(({ node, x }) => ({ node, x })),
    publicKey: toHex(row.publicKey),
    t: row.t,
    vault: row.vault,
  }
}

/** The word of a node that its backup of this key was opened in a test. */
export function testedBody(row: VaultRow, node: string, change: JsonObject = {}): JsonObject {
  const said = {
    backup: digestNamed(`backup of ${node}`),
    epoch: row.epoch,
    keyState: row.keyState,
    node,
    proof: digestNamed(`proof of ${node}`),
    recovery: 'r-1',
    vault: row.vault,
    ...change,
  }
  const { org, env } = parseRoot(house.rootText)
  const document = testedDocument({ ...said, org, env } as unknown as BackupTested)
  const { sign } = house.keyOf(`${node}-identity`)
  return { ...said, signature: toHex(sign(tagged(tags.backupTested, document))) }
}

/** A log with everything in force and a key in every vault. */
export function readyLog(): TestLog {
  const log = bootedLog()
  for (const vault of ['hot-eth', 'warm-eth', 'hot-tron']) {
    log.add('key.generated', keyBody(vaultRow(vault)))
  }
  return log
}

export function bootedLog(): TestLog {
  return new TestLog()
    .add('log.genesis', genesisBody)
    .add('root.activated', bootstrap.root, [house.rootText])
    .add('policy.activated', bootstrap.policy, [house.policyText])
    .add('directory.activated', bootstrap.directory, [house.directoryText])
    .add('book.activated', bootstrap.book, [house.bookText])
}

/** A digest that stands for the sighash of a test attempt. */
export const sighash = (name: string): string => toHex(sha256(toUtf8(`sighash ${name}`)))

/** r || s || v over a digest, by the whole key of the vault. */
export function signature(vault: string, digest: string, secret = vaultSecret(vault)): string {
  const bytes = Uint8Array.from(Buffer.from(parseDigest(digest), 'hex'))
  const recovered = secp256k1.sign(bytes, secret, { prehash: false, format: 'recovered' })
  return toHex(recovered.slice(1)) + toHex(recovered.slice(0, 1))
}

/** Bodies of the lines about one payment; digests stand for documents that the fold never opens. */
export class Payment {
  readonly intent: string
  readonly name: string
  readonly spend: JsonObject
  readonly notAfter: number

  constructor(name: string, notAfter: number, spend: JsonObject = {}) {
    this.name = name
    this.notAfter = notAfter
    this.intent = digestNamed(`intent ${name}`)
    this.spend = { ...defaultSpend, ...spend }
  }

  created(change: JsonObject = {}): JsonObject {
    const { initiator, op, vault } = this.spend as Record<string, string>
    return {
      credential: 'svc-payouts-1',
      id: this.name,
      initiator: initiator!,
      intent: this.intent,
      notAfter: writeTime(this.notAfter),
      op: op!,
      vault: vault!,
      ...change,
    }
  }

  evaluated(result: string, rule = 'payout-auto'): JsonObject {
    return {
      engine: 1,
      facts: digestNamed('facts'),
      intent: this.intent,
      policy: house.policyDigest,
      result,
      rule,
      trace: digestNamed('trace'),
    }
  }

  decided(person: string): JsonObject {
    const approval = digestNamed(`${person} on ${this.name}`)
    return { approval, intent: this.intent, person, rule: 'payout-mid' }
  }

  reserved(slot: string, change: JsonObject = {}): JsonObject {
    return { ...this.spend, intent: this.intent, policy: house.policyDigest, slot, ...change }
  }

  started(attempt: number, slot: string, change: JsonObject = {}): JsonObject {
    return {
      attempt,
      bytes: digestNamed(`bytes ${this.name}`),
      digest: sighash(this.name),
      epoch: 1,
      fee: { max: '2000', price: '100', tip: '10' },
      intent: this.intent,
      participants: ['node-a', 'node-b'],
      replaces: '',
      slot,
      until: '',
      warrant: digestNamed(`warrant ${this.name} ${attempt}`),
      ...change,
    }
  }

  aborted(attempt: number): JsonObject {
    const reason = 'SESSION_TIMEOUT'
    return { attempt, culprit: '', intent: this.intent, reason, receipts: [], refusals: [] }
  }

  completed(attempt: number, change: JsonObject = {}): JsonObject {
    return {
      attempt,
      intent: this.intent,
      receipts: [],
      sid: digestNamed('sid'),
      signature: signature(String(this.spend['vault']), sighash(this.name)),
      txid: this.txid,
      warrant: digestNamed(`warrant ${this.name} ${attempt}`),
      ...change,
    }
  }

  get txid(): string {
    const isTron = String(this.spend['network']).startsWith('tron:')
    return isTron ? sighash(this.name) : `0x${digestNamed(`tx ${this.name}`)}`
  }

  get followed(): JsonObject {
    return { intent: this.intent, txid: this.txid }
  }

  get settled(): JsonObject {
    return { ...this.followed, height: '100' }
  }

  get dropped(): JsonObject {
    return { ...this.followed, evidence: digestNamed('evidence') }
  }
}

const defaultSpend: JsonObject = {
  amount: '50000000',
  asset: 'usdt-eth',
  dest: 'customer',
  feeMax: '10000',
  initiator: 'svc-payouts',
  network: 'eip155:31337',
  op: 'erc20.transfer',
  path: 'm',
  rule: 'payout-auto',
  to: house.customer,
  vault: 'hot-eth',
}

export const tronSpend: JsonObject = {
  amount: '1000000',
  asset: 'trx-native',
  network: 'tron:0x2b6653dc',
  op: 'tron.transfer',
  rule: 'tron-auto',
  to: house.tronCustomer,
  vault: 'hot-tron',
}

export function stateOf(log: TestLog, payment: Payment): string {
  return String(stored(log, 'intent', payment.intent)['state'])
}

export function stored(log: TestLog, table: string, key: string): JsonObject {
  const [row] = log.rows.answer({ kind: 'get', table, key })
  if (row === undefined) throw new Error(`no row ${table} ${key}`)
  return JSON.parse(row.value) as JsonObject
}

export function count(log: TestLog, table: string): number {
  return log.rows.answer({ kind: 'scan', table, from: '', to: '~' }).length
}

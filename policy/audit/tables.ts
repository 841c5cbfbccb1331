// The tables of History: what the lines add up to, one row shape and one form of key for each.
// Stored values are canonical JSON; reading one goes through the same strict shape that names its
// type. Parts of a key are joined by `|`, which no handle contains; numbers in keys are padded, so
// that byte order is their order.
// INVARIANT: only the fold writes rows, and only for lines that are not void.
import { toHex } from '../../proto/crypto.ts'
import { type Json, parseText, text as write } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { remember } from '../../proto/remember.ts'
import {
  amount,
  bool,
  digest,
  digestOrNone,
  handle,
  hex,
  integer,
  list,
  literal,
  object,
  objectWith,
  type Reader,
  type Shaped,
  text,
} from '../../proto/shape.ts'
import { ceremonyKinds } from '../change.ts'
import { personId } from '../document.ts'
import { madeHere } from '../key-standing.ts'
import { vaultId } from '../vault.ts'
import { ceremonyStates, keyStandings, requestStates, type VaultRow } from '../view.ts'
import { fee, nodeId, op, requestOp } from './bodies.ts'
import type { Reading, Write } from './rows.ts'

export interface Table<T> {
  readonly name: string
  /** A row's text, strictly. The same text gives the same row, which nobody may change. */
  readonly read: (text: string) => T
}

export type RowOf<T> = T extends Table<infer R> ? R : never

const count = integer(0, Number.MAX_SAFE_INTEGER)
const line = { seq: count, t: count }
const word = text(128)
const handleOrNone: Reader<Shaped<typeof handle> | ''> = (value, path) =>
  value === '' ? '' : handle(value, path)
const member = object({ node: nodeId, x: integer(1, limits.nodesMax) })
const use = object({ id: handle, used: amount })

const spending = {
  amount,
  asset: handle,
  dest: handle,
  intent: digest,
  rule: handle,
  to: word,
  vault: vaultId,
}

/** `holder`: who was given the nonce last; `uses`: how many of its intents have a transaction. */
const slot = object({ holder: digestOrNone, nonce: count, uses: count })

const vaultShape = objectWith(
  {
    chainCode: hex(32),
    epoch: count,
    key: handle,
    keyState: digest,
    participants: list(member),
    publicKey: hex(33),
    t: integer(1, limits.nodesMax),
    vault: vaultId,
  },
  { standing: literal(...keyStandings), imported: bool, exported: bool },
)

/** A row that was written before keys had a standing is one of a key that was made here. */
const vaultRow: Reader<VaultRow> = (value, path) => ({ ...madeHere, ...vaultShape(value, path) })

/** Vaults, and spends in the windows of limits: those that every frame or payment asks for. */
const manyKept = 4_096
const fewKept = 64
/** These are long. */
const documentsKept = 16

export const tables = {
  /** One row, key `log`. */
  log: table('log', object({ origin: word, vkey: text(256) })),
  /** One row, key `now`: what is in force. */
  ruleset: table(
    'ruleset',
    object({
      books: list(object({ ...line, digest, name: handle })),
      digest,
      directory: digestOrNone,
      policy: digestOrNone,
      root: digest,
    }),
    fewKept,
  ),
  /** By version: every root and the line that brought it. */
  root: table('root', object({ ...line, root: digest, version: count }), fewKept),
  /** By digest: texts of governing documents and of freezes. */
  document: table('document', object({ text: text(2 * limits.documentBytesMax) }), documentsKept),
  /** By intent. */
  intent: table(
    'intent',
    objectWith(
      {
        ...line,
        /** How many of the attempts are aborted. */
        aborted: count,
        attempts: count,
        credential: handle,
        id: handle,
        initiator: personId,
        intent: digest,
        notAfter: count,
        op: requestOp,
        rejected: bool,
        rule: handleOrNone,
        state: literal(...requestStates),
        /** Of the newest attempt's bytes; 0 where the chain has none. */
        until: count,
        vault: vaultId,
      },
      { cancelledBy: digest },
    ),
  ),
  /** By initiator and id. */
  caller: table('caller', object({ intent: digest })),
  /** By intent and person. */
  decision: table(
    'decision',
    object({
      ...line,
      approval: digest,
      decision: literal('approve', 'reject'),
      intent: digest,
      person: personId,
      rule: handle,
    }),
  ),
  /** By intent: live reservations. */
  reservation: table(
    'reservation',
    objectWith(
      {
        ...line,
        ...spending,
        closesAt: count,
        directory: digest,
        duplicateOf: digestOrNone,
        feeMax: amount,
        initiator: personId,
        limits: list(use),
        network: word,
        op,
        path: word,
        policy: digest,
        slot: word,
      },
      { cancelling: object({ request: digest, before: digestOrNone, price: amount, tip: amount }) },
    ),
  ),
  /** By vault, closesAt and seq: amounts that limits count. */
  spend: table('spend', object({ ...line, ...spending, closesAt: count }), manyKept),
  /** By address (vault and path): the lowest nonce that nobody was given yet. */
  slots: table('slots', object({ next: count })),
  /** By address and nonce: nonces without a transaction; some are holes. */
  openSlot: table('open-slot', slot),
  /** By address and nonce: nonces that a transaction of one of their intents may use up. */
  usedSlot: table('used-slot', slot),
  /** By intent and attempt. */
  attempt: table(
    'attempt',
    object({
      ...line,
      attempt: count,
      bytes: digest,
      digest: hex(32),
      epoch: count,
      fee,
      intent: digest,
      participants: list(nodeId),
      replaces: digestOrNone,
      ruleset: digest,
      slot: word,
      state: literal('open', 'aborted', 'completed'),
      until: count,
      warrant: digest,
    }),
  ),
  /** By what the key signs. */
  digest: table('digest', object({ intent: digest })),
  /** By intent: ids of transactions with a verified signature. */
  completed: table('completed', object({ txids: list(word) })),
  /** By node and counter. */
  receipt: table('receipt', object({ receipt: digest })),
  /** By digest of the receipt. */
  receiptNamed: table('receipt-named', object({ counter: count, node: nodeId })),
  /** By scope. */
  freeze: table('freeze', object({ ...line, freeze: digest, scope: handle })),
  /** By vault. */
  vault: table('vault', vaultRow, manyKept),
  /** By vault, epoch and node: backups that were opened in a test. */
  backup: table(
    'backup',
    object({
      ...line,
      backup: digest,
      epoch: count,
      keyState: digest,
      node: nodeId,
      vault: vaultId,
    }),
  ),
  /** By vault: the epoch of which every node had a proven backup; its address may be shown. */
  shown: table('shown', object({ ...line, epoch: count, vault: vaultId }), manyKept),
  /** By vault: how many indices of deposit addresses are open; `from`: before the last line. */
  deposits: table(
    'deposits',
    object({ ...line, from: count, until: count, vault: vaultId }),
    manyKept,
  ),
  /** By vault: the newest export of its key, whose parts alone are still made. */
  exported: table(
    'exported',
    object({
      ...line,
      change: digest,
      keyState: digest,
      /** Who gives a part, in the order of their x. */
      nodes: list(nodeId, 1, limits.nodesMax),
      /** X25519. */
      recipient: hex(32),
      vault: vaultId,
    }),
  ),
  /** By node and peer: the newest ban. */
  ban: table('ban', object({ ...line, node: nodeId, number: count, peer: nodeId, reason: word })),
  /** By plan: every ceremony that was ever planned, so that no plan is used twice. */
  ceremony: table(
    'ceremony',
    objectWith(
      {
        ...line,
        bundle: digestOrNone,
        called: list(nodeId),
        change: digest,
        from: count,
        kind: literal(...ceremonyKinds),
        plan: digest,
        record: object({ root: digestOrNone, size: count }),
        requests: list(digest),
        state: literal(...ceremonyStates),
        until: count,
        vaults: list(vaultId),
      },
      { main: object({ root: digest, size: count }) },
    ),
  ),
  /** By vault: its one open ceremony. */
  openCeremony: table('open-ceremony', object({ plan: digest })),
  /** By origin: how far the log of cold vaults had come, as the main log says. */
  anchor: table('anchor', object({ ...line, origin: word, root: digest, size: count })),
  /** By node, peer and change: lines that let a banned peer in again. */
  readmission: table(
    'readmission',
    object({ ...line, change: digest, node: nodeId, peer: nodeId }),
  ),
} as const

export type IntentStored = RowOf<typeof tables.intent>
export type ReservationStored = RowOf<typeof tables.reservation>
export type SlotStored = RowOf<typeof tables.openSlot>
export type RulesetStored = RowOf<typeof tables.ruleset>

export function key(...parts: readonly (string | number)[]): string {
  return parts.map((part) => (typeof part === 'number' ? padded(part) : part)).join('|')
}

export function* get<T>(
  from: Table<T>,
  ...parts: readonly (string | number)[]
): Reading<T | undefined> {
  const [row] = yield { kind: 'get', table: from.name, key: key(...parts) }
  return row && from.read(row.value)
}

/** All rows whose key begins with these parts, in order. */
export function* below<T>(
  from: Table<T>,
  ...parts: readonly (string | number)[]
): Reading<readonly T[]> {
  const start = parts.map((part) => `${key(part)}|`).join('')
  // `}` comes right after `|`, and after everything that a key contains.
  const end = start === '' ? '}' : `${start.slice(0, -1)}}`
  return yield* between(from, start, end)
}

/** `from` inclusive, `to` exclusive. */
export function* between<T>(table: Table<T>, from: string, to: string): Reading<readonly T[]> {
  const rows = yield { kind: 'scan', table: table.name, from, to }
  return rows.map((row) => table.read(row.value))
}

export function put<T>(table: Table<T>, at: string, row: T): Write {
  return { kind: 'put', table: table.name, key: at, value: write(plain(row)) }
}

export function remove<T>(table: Table<T>, at: string): Write {
  return { kind: 'delete', table: table.name, key: at }
}

/** `kept`: how many parsed rows are remembered, of tables that are read again and again. */
function table<T>(name: string, shape: Reader<T>, kept = 0): Table<T> {
  const read = (text: string): T => shape(parseText(text), name)
  return { name, read: kept === 0 ? read : remember(kept, read) }
}

/** Amounts as decimal text, bytes as hex: what the shapes read back. */
function plain(value: unknown): Json {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Uint8Array) return toHex(value)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)]))
  }
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return value
  }
  throw new Error(`no row holds a ${typeof value}`)
}

function padded(value: number): string {
  return String(value).padStart(16, '0')
}

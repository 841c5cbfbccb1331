// What each line of the log says: the closed list of entry types and the exact keys of each body.
// Rules H-2, H-8 and H-9 of `docs/audit.md`: no free text, amounts as strings, one form for each
// value; anything large is a blob that the body names by digest.
// Says nothing about when a line is lawful: that is the fold.
import { type NodeId, parseNodeId } from '../../proto/ids.ts'
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import {
  amount,
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
  time,
} from '../../proto/shape.ts'
import { addressForm, ops } from '../chain/chains.ts'
import { ceremonyKinds, changeOps } from '../change.ts'
import { personId } from '../document.ts'
import { parseNetwork, parsePath } from '../intent.ts'
import { vaultId } from '../vault.ts'

export const nodeId: Reader<NodeId> = (value, path) => parseNodeId(handle(value, path))
const handleOrNone = orNone(handle, '')
const vkey = text(256, /^[!-*,-~]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+={0,2}$/)
const reason = text(64, /^[A-Z][A-Z0-9_]*$/)
const slot = text(20, /^(?:|0|[1-9][0-9]*)$/)
const height = text(20, /^(?:0|[1-9][0-9]*)$/)
const txid = text(66, /^(?:0x)?[0-9a-f]{64}$/)
const address = text(64, addressForm)
export const op = literal(...ops)
/** Of a payment or of a change. */
export const requestOp = literal(...ops, ...changeOps)
const network: Reader<string> = (value, path) => parseNetwork(text(48)(value, path))
const derivation: Reader<string> = (value, path) => {
  const written = text(96)(value, path)
  parsePath(written)
  return written
}
const counter = integer(1, Number.MAX_SAFE_INTEGER)
const version = integer(1, Number.MAX_SAFE_INTEGER)
const attempt = integer(1, Number.MAX_SAFE_INTEGER)
const epoch = integer(0, Number.MAX_SAFE_INTEGER)
const party = integer(1, limits.nodesMax)
const nodes = list(nodeId, 1, limits.nodesMax)
const evidence = list(digest, 0, limits.nodesMax)
export const fee = object({ max: amount, price: amount, tip: amount })

const governed = { change: digest, ruleset: digest, version }
const policyChange = object({ ...governed, policy: digest })
const directoryChange = object({ ...governed, directory: digest })
const confirms = list(object({ node: nodeId, signature: hex(64) }), 1, limits.nodesMax)
const keyFields = {
  chainCode: hex(32),
  confirms,
  epoch,
  key: handle,
  keyState: digest,
  participants: list(object({ node: nodeId, x: party }), 1, limits.nodesMax),
  publicKey: hex(33),
  t: party,
  vault: vaultId,
}
/** The approved request that the line carries out, and the order that proves the approval. */
const carriedOut = { change: digest, order: digest }
/** A tree of lines: a ceremony's Record, or another log. */
const size = integer(1, Number.MAX_SAFE_INTEGER)
const recordHead = object({ root: digest, size })
/** `size` 0 where a ceremony ended before it had a Record. */
const recordOrNone = object({ root: digestOrNone, size: integer(0, Number.MAX_SAFE_INTEGER) })
const decided = object({ approval: digest, intent: digest, person: personId, rule: handle })
const ended = object({ by: personId, intent: digest })

export const bodies = {
  'log.genesis': object({
    created: time,
    format: literal('custody-log/v1'),
    hash: literal('sha256'),
    leaf: literal('rfc6962'),
    origin: handle,
    vkey,
  }),
  'log.heartbeat': object({}),
  /** `signatures`: of every root but the first, which configurations pin. */
  'root.activated': objectWith({ root: digest, ruleset: digest, version }, { signatures: digest }),
  'policy.proposed': policyChange,
  'policy.activated': policyChange,
  'directory.proposed': directoryChange,
  'directory.activated': directoryChange,
  'book.activated': object({ ...governed, book: digest, name: handle }),
  'list.published': object({ ...governed, list: digest, name: handle }),
  'intent.created': object({
    credential: handle,
    id: handle,
    initiator: personId,
    intent: digest,
    notAfter: time,
    op: requestOp,
    vault: vaultId,
  }),
  'intent.evaluated': object({
    engine: integer(1, Number.MAX_SAFE_INTEGER),
    facts: digest,
    intent: digest,
    policy: digest,
    result: literal('allow', 'need', 'deny', 'error'),
    rule: handleOrNone,
    trace: digest,
  }),
  'approval.recorded': decided,
  'approval.rejected': decided,
  'intent.cancelled': ended,
  'intent.expired': ended,
  /** `cancels`: the request whose nonce a cancel takes. */
  'spend.reserved': objectWith(
    {
      amount,
      asset: handle,
      dest: handle,
      feeMax: amount,
      initiator: personId,
      intent: digest,
      network,
      op,
      path: derivation,
      policy: digest,
      rule: handle,
      slot,
      to: address,
      vault: vaultId,
    },
    { cancels: digest },
  ),
  'spend.released': object({ intent: digest }),
  'session.started': object({
    attempt,
    bytes: digest,
    digest: hex(32),
    epoch,
    fee,
    intent: digest,
    participants: nodes,
    replaces: digestOrNone,
    slot,
    until: orNone(time, 0),
    warrant: digest,
  }),
  'session.aborted': object({
    attempt,
    culprit: orNone(nodeId, ''),
    intent: digest,
    reason,
    receipts: evidence,
    refusals: evidence,
  }),
  'share.receipt': object({ counter, node: nodeId, receipt: digest }),
  'sign.completed': object({
    attempt,
    intent: digest,
    receipts: evidence,
    sid: digest,
    signature: hex(65),
    txid,
    warrant: digest,
  }),
  'tx.broadcast': object({ intent: digest, txid }),
  'tx.settled': object({ height, intent: digest, txid }),
  'tx.dropped': object({ evidence: digest, intent: digest, txid }),
  'freeze.set': object({ freeze: digest, scope: handle }),
  'freeze.cleared': object({ change: digest, scope: handle }),
  'key.generated': object(keyFields),
  'key.created': object({ ...keyFields, ...carriedOut }),
  'key.imported': object({ ...keyFields, ...carriedOut }),
  'key.refreshed': object({ ...keyFields, ...carriedOut }),
  'key.reshared': object({ ...keyFields, ...carriedOut, from: epoch }),
  'key.exported': object({
    ...carriedOut,
    confirms,
    epoch,
    keyState: digest,
    recipient: hex(32),
    vault: vaultId,
  }),
  'key.disabled': object({ ...carriedOut, confirms, epoch, keyState: digest, vault: vaultId }),
  'key.backup-tested': object({
    backup: digest,
    epoch,
    keyState: digest,
    node: nodeId,
    proof: digest,
    recovery: handle,
    signature: hex(64),
    vault: vaultId,
  }),
  /** Indices of deposit addresses that may be given out from this line on. */
  'addresses.opened': object({
    count: integer(1, limits.depositBlockMax),
    from: integer(0, limits.depositIndexMax),
    vault: vaultId,
  }),
  /** `digest`: what the sentence of the approved change comes to, signed at its path. */
  'key.proved': object({
    ...carriedOut,
    attempt,
    digest: hex(32),
    epoch,
    keyState: digest,
    receipts: evidence,
    sid: digest,
    signature: hex(65),
    vault: vaultId,
  }),
  'peer.readmitted': object({ ...carriedOut, confirms, node: nodeId, peer: nodeId }),
  'peer.banned': object({
    node: nodeId,
    number: counter,
    peer: nodeId,
    reason,
    signature: hex(64),
  }),
  /** In the log of cold vaults: what people approved, and the plan document beside it. */
  'ceremony.planned': object({
    ...carriedOut,
    from: time,
    kind: literal(...ceremonyKinds),
    plan: digest,
    requests: list(digest, 1, limits.plannedRequestsMax),
    until: time,
    vaults: list(vaultId, 1, limits.ceremonyVaultsMax),
  }),
  /** `main`: the head of the main log that the Bundle carries, where its plan names that log. */
  'ceremony.exported': objectWith(
    { bundle: digest, plan: digest },
    { main: object({ root: digest, size }) },
  ),
  'ceremony.concluded': object({
    exceptions: integer(0, 1_024),
    plan: digest,
    record: recordHead,
    results: digest,
    statements: digest,
  }),
  'ceremony.aborted': object({ plan: digest, reason, record: recordOrNone }),
  /** In the main log: how far the log of cold vaults had come. */
  'cold.anchored': object({ origin: handle, root: digest, size }),
}

export type EntryType = keyof typeof bodies
export type BodyOf<T extends EntryType> = Shaped<(typeof bodies)[T]>

export function isEntryType(written: string): written is EntryType {
  return Object.hasOwn(bodies, written)
}

export function parseEntryType(written: string): EntryType {
  return isEntryType(written) ? written : refuse('LOG_MALFORMED', 'entry of an unknown type')
}

/** As `read`, or `none` where the text is empty. */
function orNone<T, const N>(read: Reader<T>, none: N): Reader<T | N> {
  return (value, path) => (value === '' ? none : read(value, path))
}

// The two documents about a backup: the proof, which a recovery key signs after it has opened the
// file, and the statement, which the node signs after it has checked the proof. The statement has
// no field that its log line lacks, so the line alone carries it.
// Says nothing about when one is right: that is the node's (`backup-duty.ts`) and the fold's.
import { type NodeId, parseNodeId, parseVaultId, type VaultId } from './ids.ts'
import { encode, type JsonObject } from './jcs.ts'
import type { Kind } from './node-documents.ts'
import {
  digest,
  handle,
  hex,
  integer,
  literal,
  object,
  type Reader,
  type Shaped,
  time,
} from './shape.ts'
import { tags } from './tags.ts'

const nodeId: Reader<NodeId> = (value, path) => parseNodeId(handle(value, path))
const vaultId: Reader<VaultId> = (value, path) => parseVaultId(handle(value, path))
const env = literal('prod', 'test', 'dev')

/** Which share of which key, and which file. */
const subject = {
  org: handle,
  env,
  node: nodeId,
  vault: vaultId,
  epoch: integer(0, 0xffff_ffff),
  keyState: digest,
  /** SHA-256 of the file. */
  backup: digest,
  /** Id of the recovery key that opened it. */
  recovery: handle,
}

const proof = object({
  format: literal('custody-backup-proof/v1'),
  ...subject,
  /** Name of the key, as in the policy. */
  key: handle,
  nonce: hex(16),
  /** By the clock of the recovery machine: told, never compared. */
  at: time,
})

const tested = object({
  format: literal('custody-backup-tested/v1'),
  ...subject,
  /** Digest of the proof. */
  proof: digest,
})

export type BackupProof = Shaped<typeof proof>
export type BackupTested = Shaped<typeof tested>

export const backupKinds = {
  proof: { tag: tags.backupProof, shape: proof },
  tested: { tag: tags.backupTested, shape: tested },
} as const satisfies Record<string, Kind<unknown>>

/** The statement's canonical bytes. */
export function testedDocument(said: Omit<BackupTested, 'format'>): Uint8Array {
  const { org, env: of, node, vault, epoch, keyState, backup, recovery, proof: by } = said
  const document: JsonObject = { org, env: of, node, vault, epoch, keyState, backup, recovery }
  return encode({ ...document, proof: by, format: 'custody-backup-tested/v1' })
}

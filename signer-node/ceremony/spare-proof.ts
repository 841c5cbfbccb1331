// The statement of a Station that its spare Token opened a share, for the log: the same document a
// hot node says of its backups (`key.backup-tested`), with the spare Token in place of a recovery
// key and the Seal in place of the backup's file. The Token signs the proof behind it.
// INVARIANT: only the spare proves anything, and only a Seal that it has just opened.
import { backupKinds, testedDocument } from '../../proto/backup-documents.ts'
import { tagged, toHex } from '../../proto/crypto.ts'
import { parseHandle, parseNodeId } from '../../proto/ids.ts'
import { encode } from '../../proto/jcs.ts'
import { refuse } from '../../proto/refusal.ts'
import { writeTime } from '../../proto/shape.ts'
import { type Sign, type Signed, sign } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'
import { proofDigest } from '../tested.ts'
import type { ProvedSeal, StationToken } from './tokens.ts'

export interface SpareProof {
  /** By the identity key of the spare Token, P-256. */
  readonly proof: Signed
  /** By the identity of the Station: what the log's line is made of. */
  readonly statement: Signed
}

export async function spareProof(
  token: StationToken,
  proved: ProvedSeal,
  sign: Sign,
  fresh: { readonly nonce: Uint8Array; readonly nowMs: number },
): Promise<SpareProof> {
  const { id, serial, org, env, node } = token.card
  if (token.which !== 'spare') refuse('BACKUP', `${id}: expected the spare token`)
  if (proved.token.serial !== serial) refuse('BACKUP', `${id}: another token opened this Seal`)
  const { vault, epoch, keyState, seal, key } = proved
  const subject = { org, env, node: parseNodeId(node), vault, epoch, keyState, backup: seal }
  const document = encode({
    format: 'custody-backup-proof/v1',
    ...subject,
    ...{ key, recovery: id, nonce: toHex(fresh.nonce), at: writeTime(fresh.nowMs) },
  })
  const proof: Signed = {
    credential: parseHandle(id),
    document: new TextDecoder().decode(document),
    signature: await token.hsm.sign(tagged(tags.backupProof, document)),
  }
  const tested = testedDocument({ ...subject, recovery: id, proof: proofDigest(proof) })
  return { proof, statement: signed(tested, node, sign) }
}

function signed(document: Uint8Array, node: string, by: Sign): Signed {
  return sign(backupKinds.tested.tag, document, parseHandle(node), by)
}

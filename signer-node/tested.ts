// Which backups of this node were opened in a test: the proof that a recovery key signed, and this
// node's own statement about it, which is said again until the log shows it.
// INVARIANT: one statement for a vault and epoch, for ever.
import { digestOf, toUtf8 } from '../proto/crypto.ts'
import { type Digest, type Handle, parseHandle, parseVaultId, type VaultId } from '../proto/ids.ts'
import type { Signed } from '../proto/signed.ts'
import { tags } from '../proto/tags.ts'
import { bytesOf, numberOf, type Row, type Sql, textOf } from './store.ts'

export interface TestedBackup {
  readonly vault: VaultId
  readonly epoch: number
  readonly proof: Signed
  readonly statement: Signed
}

export class Tested {
  readonly #sql: Sql
  readonly #node: Handle

  constructor(sql: Sql, node: Handle) {
    this.#sql = sql
    this.#node = node
  }

  /** Inside a step. */
  keep({ vault, epoch, proof, statement }: TestedBackup): void {
    this.#sql.run(
      `insert into tested (vault, epoch, recovery, proof, proof_signature, document, signature)
       values (?, ?, ?, ?, ?, ?, ?)`,
      vault,
      epoch,
      proof.credential,
      proof.document,
      proof.signature,
      statement.document,
      statement.signature,
    )
  }

  of(vault: VaultId, epoch: number): TestedBackup | undefined {
    const row = this.#sql.first('select * from tested where vault = ? and epoch = ?', vault, epoch)
    return row && this.#read(row)
  }

  all(): readonly TestedBackup[] {
    return this.#sql.all('select * from tested order by vault, epoch').map((row) => this.#read(row))
  }

  #read(row: Row): TestedBackup {
    return {
      vault: parseVaultId(textOf(row, 'vault')),
      epoch: numberOf(row, 'epoch'),
      proof: {
        credential: parseHandle(textOf(row, 'recovery')),
        document: textOf(row, 'proof'),
        signature: bytesOf(row, 'proof_signature'),
      },
      statement: {
        credential: this.#node,
        document: textOf(row, 'document'),
        signature: bytesOf(row, 'signature'),
      },
    }
  }
}

export function proofDigest({ document }: Signed): Digest {
  return digestOf(tags.backupProof, toUtf8(document))
}

// The parts of exported keys that this node has made, as they left it: sealed to their recipients,
// so nothing here opens them. Asked again, the node gives the same bytes.
// INVARIANT: one part an export, the newest; an older one was made over pairings that are gone.
import type { Digest, Handle, VaultId } from '../proto/ids.ts'
import type { Signed } from '../proto/signed.ts'
import { bytesOf, type Sql, textOf } from './store.ts'

export interface MadePart {
  readonly statement: Signed
  readonly sealed: Uint8Array
}

export class ExportedParts {
  readonly #sql: Sql
  readonly #node: Handle

  constructor(sql: Sql, node: Handle) {
    this.#sql = sql
    this.#node = node
  }

  /** Inside a step. */
  keep(vault: VaultId, change: Digest, { statement, sealed }: MadePart): void {
    const { document, signature } = statement
    this.#sql.run(
      `insert or replace into export_part (change, vault, document, signature, sealed)
       values (?, ?, ?, ?, ?)`,
      ...[change, vault, document, signature, sealed],
    )
  }

  of(change: Digest): MadePart | undefined {
    const row = this.#sql.first('select * from export_part where change = ?', change)
    if (row === undefined) return undefined
    const [document, signature] = [textOf(row, 'document'), bytesOf(row, 'signature')]
    const statement = { credential: this.#node, document, signature }
    return { statement, sealed: bytesOf(row, 'sealed') }
  }

  /** Inside a step: of a vault whose key is gone, or went to somebody else after them. */
  dropOthers(vault: VaultId, kept: Digest | ''): boolean {
    const found = 'select 1 as one from export_part where vault = ? and change <> ?'
    if (this.#sql.first(found, vault, kept) === undefined) return false
    this.#sql.run('delete from export_part where vault = ? and change <> ?', vault, kept)
    return true
  }
}

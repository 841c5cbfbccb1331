// What this node has confirmed about new keys: whoever signed that a key is prepared may not change
// its mind (protocol document, 2.2), so the confirmation is durable and handed out again on
// request.
// INVARIANT: one confirmation for a vault and epoch, for ever.
import { fromHex, toHex } from '../proto/crypto.ts'
import { type Handle, parseVaultId, type VaultId } from '../proto/ids.ts'
import { refuse } from '../proto/refusal.ts'
import type { Signed } from '../proto/signed.ts'
import { bytesOf, numberOf, type Sql, textOf } from './store.ts'

export interface Confirmation {
  readonly sid: Uint8Array
  readonly confirm: Signed
}

export class Prepared {
  readonly #sql: Sql
  readonly #node: Handle

  constructor(sql: Sql, node: Handle) {
    this.#sql = sql
    this.#node = node
  }

  /** Inside a step; refuses when this epoch was confirmed before. */
  keep(vault: VaultId, epoch: number, { sid, confirm }: Confirmation): void {
    const said = this.#sql.first(
      'select sid from prepared where vault = ? and epoch = ?',
      vault,
      epoch,
    )
    if (said !== undefined) refuse('EPOCH', `${vault}: epoch ${epoch} was confirmed before`)
    this.#sql.run(
      'insert into prepared (vault, epoch, sid, document, signature) values (?, ?, ?, ?, ?)',
      vault,
      epoch,
      toHex(sid),
      confirm.document,
      confirm.signature,
    )
  }

  all(): readonly (Confirmation & { readonly vault: VaultId; readonly epoch: number })[] {
    return this.#sql.all('select * from prepared order by vault, epoch').map((row) => ({
      vault: parseVaultId(textOf(row, 'vault')),
      epoch: numberOf(row, 'epoch'),
      sid: fromHex(textOf(row, 'sid')) ?? new Uint8Array(),
      confirm: {
        credential: this.#node,
        document: textOf(row, 'document'),
        signature: bytesOf(row, 'signature'),
      },
    }))
  }
}

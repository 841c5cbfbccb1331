// The Keyshares that this node may sign with, opened once and held as Secrets while it runs. A
// pending one becomes active when the log says so under q cosignatures, and never by a
// coordinator's word.
// INVARIANT: what is held here is exactly the key, epoch and key state of the witnessed log.
import { readSync } from '../policy/audit/rows.ts'
import { below, tables } from '../policy/audit/tables.ts'
import type { VaultRow } from '../policy/view.ts'
import { toHex } from '../proto/crypto.ts'
import type { VaultId } from '../proto/ids.ts'
import { attempt, isRefusal } from '../proto/refusal.ts'
import type { Keyshare } from './dkls23/keyshare.ts'
import type { ExpectedKeyshare } from './keystore.ts'
import type { Parts } from './parts.ts'

export type KeysharesNeeds = Pick<Parts, 'keystore' | 'rows' | 'copy' | 'witness' | 'ports'>

export class Keyshares {
  readonly #needs: KeysharesNeeds
  readonly #held = new Map<VaultId, Keyshare>()
  /** Files that did not open are not tried again before a restart: each try takes its time. */
  readonly #closed = new Set<string>()

  constructor(needs: KeysharesNeeds) {
    this.#needs = needs
  }

  /** The Keyshare of exactly this row of the log. */
  of({ vault, epoch, keyState }: VaultRow): Keyshare | undefined {
    const keyshare = this.#held.get(vault)
    const isSame = keyshare?.facts.epoch === epoch && toHex(keyshare.keyState) === keyState
    return isSame ? keyshare : undefined
  }

  all(): readonly { readonly vault: VaultId; readonly keyshare: Keyshare }[] {
    return [...this.#held].map(([vault, keyshare]) => ({ vault, keyshare }))
  }

  /** After every page and head: opens what the log has made lawful. True when one was added. */
  review(): boolean {
    const before = this.#held.size
    for (const row of this.vaults()) {
      const isClosed = this.#closed.has(`${row.vault} ${row.epoch}`)
      if (!isClosed && this.of(row) === undefined && this.#isWitnessed(row)) this.#open(row)
    }
    return this.#held.size > before
  }

  vaults(): readonly VaultRow[] {
    return readSync(below(tables.vault), this.#needs.rows)
  }

  [Symbol.dispose](): void {
    for (const keyshare of this.#held.values()) keyshare[Symbol.dispose]()
    this.#held.clear()
  }

  #isWitnessed({ vault, epoch }: VaultRow): boolean {
    const { witness, copy } = this.#needs
    const seq = copy.keyLine(vault, epoch)
    return seq !== undefined && witness.coverage(seq).isCovered
  }

  #open(row: VaultRow): void {
    const { keystore, ports } = this.#needs
    const { vault, epoch } = row
    const found = keystore.held(vault).find((one) => one.epoch === epoch)
    if (found === undefined) return
    const opened = attempt(() => {
      // Opened before it is renamed: a file that does not open must not replace anything.
      const keyshare = keystore.open(expectedOfRow(row), found.state)
      keystore.activate(vault, epoch)
      return keyshare
    })
    if (isRefusal(opened)) {
      this.#closed.add(`${vault} ${epoch}`)
      ports.report({ level: 'alarm', name: 'keyshare-closed', vault, because: opened.because })
      return
    }
    this.#held.get(vault)?.[Symbol.dispose]()
    this.#held.set(vault, opened)
    ports.report({ level: 'info', name: 'keyshare-active', vault, because: `epoch ${epoch}` })
  }
}

function expectedOfRow(row: VaultRow): ExpectedKeyshare {
  const { vault, epoch, t: threshold, participants, publicKey, keyState } = row
  return { vault, epoch, threshold, parties: participants.length, publicKey, keyState }
}

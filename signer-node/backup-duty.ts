// What a node does about its backups: it takes the proof that one was opened, by a recovery key
// that its operator pinned, checks it against its own file and its own Keyshare, and says so in the
// log; and it deletes backups of dead epochs.
// INVARIANT: nothing is said of a file that is not the one that lies here, or of a key state other
// than the one in force; the last proven backup is deleted only after a later one was proven.
import { readSync } from '../policy/audit/rows.ts'
import { get, tables } from '../policy/audit/tables.ts'
import type { VaultRow } from '../policy/view.ts'
import { type BackupProof, backupKinds, testedDocument } from '../proto/backup-documents.ts'
import { type NodeFrame, writeSigned } from '../proto/frames.ts'
import { attempt, isRefusal, refuse } from '../proto/refusal.ts'
import { open, type Signed, sign } from '../proto/signed.ts'
import type { Parts } from './parts.ts'
import { proofDigest, Tested } from './tested.ts'

export class BackupDuty {
  readonly #parts: Parts
  readonly #tested: Tested
  readonly #everyone: () => Iterable<string>
  /** Vaults and epochs below which nothing is left to delete. */
  readonly #cleared = new Set<string>()

  constructor(parts: Parts, everyone: () => Iterable<string>) {
    this.#parts = parts
    this.#tested = new Tested(parts.store, parts.self.node)
    this.#everyone = everyone
  }

  /** Refuses what does not prove this node's own backup of the key in force. */
  proved(proof: Signed): void {
    const { store, ports } = this.#parts
    const said = this.#open(proof)
    const { vault, epoch } = said
    const row = this.#inForce(said)
    const known = this.#tested.of(vault, epoch)
    if (known === undefined) {
      this.#requireOwnFile(said, row)
      const statement = this.#statement(said, proof)
      store.step(() => this.#tested.keep({ vault, epoch, proof, statement }))
      ports.report({ level: 'info', name: 'backup-proved', vault, because: `epoch ${epoch}` })
    }
    for (const frame of this.statements()) {
      for (const coordinator of this.#everyone()) ports.send(coordinator, frame)
    }
    this.review()
  }

  /** What the log does not show yet of the keys in force. */
  statements(): readonly NodeFrame[] {
    const { rows, self, keyshares } = this.#parts
    const isDue = ({ vault, epoch }: VaultRow): boolean =>
      readSync(get(tables.backup, vault, epoch, self.node), rows) === undefined
    return keyshares.vaults().flatMap((row) => {
      const tested = this.#tested.of(row.vault, row.epoch)
      if (tested === undefined || !isDue(row)) return []
      const statement = writeSigned(tested.statement)
      return [{ frame: 'backupTested', backupTested: { statement } }]
    })
  }

  /** After anything that may have brought a new epoch into force. */
  review(): void {
    const { keystore, keyshares, ports } = this.#parts
    for (const row of keyshares.vaults()) {
      const { vault, epoch } = row
      const name = `${vault} ${epoch}`
      if (this.#cleared.has(name) || keyshares.forRefresh(row) === undefined) continue
      if (this.#tested.of(vault, epoch) === undefined) continue
      this.#cleared.add(name)
      const gone = attempt(() => keystore.backups.dropBelow(vault, epoch))
      if (isRefusal(gone)) {
        ports.report({ level: 'alarm', name: 'backup-left', vault, because: gone.because })
      } else if (gone.length > 0) {
        const because = `epoch ${gone.join(', ')}`
        ports.report({ level: 'info', name: 'backup-dropped', vault, because })
      }
    }
  }

  /** For the operator: `hot.1 proved`. */
  list(): readonly string[] {
    const files = attempt(() => this.#parts.keystore.backups.all())
    if (isRefusal(files)) return [files.because]
    const names = files.map(({ vault, epoch }) => {
      const word = this.#tested.of(vault, epoch) === undefined ? 'not proved' : 'proved'
      return `${vault}.${epoch} ${word}`
    })
    return names.sort()
  }

  #open(proof: Signed): BackupProof {
    const { self, keystore } = this.#parts
    const key = keystore.backups.keys.find(({ id }) => id === proof.credential)
    if (key === undefined) {
      return refuse('BACKUP', `no recovery key ${proof.credential} is pinned here`)
    }
    const { tag, shape } = backupKinds.proof
    const { value } = open(tag, proof, key.sign, { shape, refuseWith: 'BACKUP' })
    if (value.recovery !== key.id) {
      refuse('BACKUP', `${key.id} speaks for the recovery key ${value.recovery}`)
    }
    for (const field of ['org', 'env', 'node'] as const) {
      if (value[field] !== self[field]) {
        refuse('BACKUP', `a proof of ${value[field]}, this is ${self[field]}`)
      }
    }
    return value
  }

  /** The key that this proof is about, as the witnessed log has it. */
  #inForce({ vault, epoch, keyState, key }: BackupProof): VaultRow {
    const { rows, keyshares } = this.#parts
    const row = readSync(get(tables.vault, vault), rows)
    if (row === undefined || keyshares.forRefresh(row) === undefined) {
      return refuse('LOG_BEHIND', `no key of ${vault} is in force here yet`)
    }
    if (row.epoch !== epoch) {
      refuse('EPOCH', `a proof of ${vault} epoch ${epoch}, in force is epoch ${row.epoch}`)
    }
    if (row.keyState !== keyState || row.key !== key) {
      refuse('BACKUP', `a proof of another key state of ${vault} than is in force`)
    }
    return row
  }

  #requireOwnFile({ vault, epoch, backup }: BackupProof, { keyState }: VaultRow): void {
    const file = this.#parts.keystore.backups.find(vault, epoch)
    if (file === undefined) refuse('BACKUP', `no backup of ${vault}.${epoch} lies here`)
    else if (file.digest !== backup) {
      refuse('BACKUP', `a proof of the file ${backup}, here lies ${file.digest}`)
    } else if (file.context.commitments !== keyState) {
      refuse('BACKUP', `the backup of ${vault}.${epoch} is of another key state`)
    }
  }

  #statement(said: BackupProof, proof: Signed): Signed {
    const { self } = this.#parts
    const document = testedDocument({ ...said, proof: proofDigest(proof) })
    return sign(backupKinds.tested.tag, document, self.node, self.sign)
  }
}

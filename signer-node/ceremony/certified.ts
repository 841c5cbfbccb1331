// The certificates that a Station keeps beside its pending Seals: that all holders of a new key
// have confirmed it, in the words that this Station confirmed. INVARIANT: nothing is kept that is
// not about what this very Station confirmed; a first key without one is destroyed.
// Source: the ceremony's design, 4.6 to 4.8.
import { readSync } from '../../policy/audit/rows.ts'
import { get, tables } from '../../policy/audit/tables.ts'
import type { Plan } from '../../policy/ceremony/plan.ts'
import { equalBytes } from '../../proto/crypto.ts'
import type { Digest, VaultId } from '../../proto/ids.ts'
import { attempt, isRefusal, refuse } from '../../proto/refusal.ts'
import type { Own } from '../node.ts'
import type { Event } from '../ports.ts'
import { Prepared } from '../prepared.ts'
import { type Certificate, readCertificate } from './certificate.ts'
import type { CertificateFiles } from './station-files.ts'

export interface CertifiedHere {
  readonly vault: VaultId
  readonly epoch: number
  readonly change: Digest
  readonly keyState: Digest
}

export class StationCertificates {
  readonly #own: Own
  readonly #files: CertificateFiles

  constructor(own: Own, files: CertificateFiles) {
    this.#own = own
    this.#files = files
  }

  /** G-11: all holders have confirmed what this Station has confirmed, and it is on disk here. */
  take(content: Uint8Array): CertifiedHere {
    const own = this.#own
    const root = own.witness.root ?? refuse('LOG_BEHIND', 'the root is not known yet')
    const { change, key, confirms } = readCertificate(root, content)
    const { vault, epoch, keyState } = key
    const said = new Prepared(own.store, own.self.node)
      .all()
      .find((one) => one.vault === vault && one.epoch === epoch)
    const ours = confirms.find(({ node }) => node === own.self.node)
    if (said === undefined || ours === undefined) refuse('VIEW', `${vault}: nothing confirmed here`)
    if (!equalBytes(said.confirm.signature, ours.signature)) {
      refuse('VIEW', `${vault}: another key was confirmed here`)
    }
    this.#files.keep(vault, epoch, content)
    return { vault, epoch, change, keyState }
  }

  /** The epoch that all holders confirmed here for a request of this Plan. */
  for({ requests }: Pick<Plan, 'requests'>, vault?: string): number | undefined {
    const found = this.#own.keystore.pending().filter((one) => {
      if (one.vault !== vault) return false
      const change = this.#of(one.vault, one.epoch)?.change
      return requests.some(({ request }) => request === change)
    })
    return found.sort((a, b) => b.epoch - a.epoch)[0]?.epoch
  }

  /**
   * A first key that not everybody has confirmed never existed; of a later epoch the line decides.
   */
  dropOthers(report: (event: Event) => void): void {
    const { keystore, rows } = this.#own
    for (const { vault, epoch } of keystore.pending()) {
      if (readSync(get(tables.vault, vault), rows) !== undefined) continue
      if (this.#of(vault, epoch) !== undefined) continue
      keystore.dropPending(vault, epoch)
      const because = `epoch ${epoch}: no certificate of all holders`
      report({ level: 'warn', name: 'pending-dropped', vault, because })
    }
  }

  #of(vault: VaultId, epoch: number): Certificate | undefined {
    const { root } = this.#own.witness
    const written = this.#files.read(vault, epoch)
    if (root === undefined || written === undefined) return undefined
    const read = attempt(() => readCertificate(root, written))
    return isRefusal(read) || read.key.epoch !== epoch ? undefined : read
  }
}

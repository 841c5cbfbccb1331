// What a Station keeps on its card beside its database and its Seals: the certificates of keys that
// were made here, until the log shows them. A pending Seal of a first key is nothing without one.
// INVARIANT: replaced whole or not at all; what does not read back as a certificate is none.
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { VaultId } from '../../proto/ids.ts'
import { replaceFile } from '../floor-file.ts'

export class CertificateFiles {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  /** On disk when it returns. */
  keep(vault: VaultId, epoch: number, certificate: Uint8Array): void {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 })
    replaceFile(this.#pathOf(vault, epoch), certificate)
  }

  read(vault: VaultId, epoch: number): Uint8Array | undefined {
    try {
      return readFileSync(this.#pathOf(vault, epoch))
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      throw error
    }
  }

  /** Handles may have slashes, file names not. */
  #pathOf(vault: VaultId, epoch: number): string {
    return join(this.#directory, `${vault.replaceAll('/', '+')}.${epoch}.certificate.json`)
  }
}

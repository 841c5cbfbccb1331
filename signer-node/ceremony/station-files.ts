// What a Station keeps on its card beside its database and its Seals: the certificates of keys that
// were made here, until the log shows them (a pending Seal of a first key is nothing without one),
// and of each session that ended well what is still to be written of it.
// INVARIANT: replaced whole or not at all; what does not read back as what it is, is none; a link
// is refused.
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Digest, VaultId } from '../../proto/ids.ts'
import { replaceFile } from '../floor-file.ts'
import { onCard, readOwnFileIfThere } from '../own-file.ts'

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
    return readOwnFileIfThere(onCard(this.#pathOf(vault, epoch)))
  }

  /** Handles may have slashes, file names not. */
  #pathOf(vault: VaultId, epoch: number): string {
    return join(this.#directory, `${vault.replaceAll('/', '+')}.${epoch}.certificate.json`)
  }
}

/** By request: the newest session about it that ended well. */
export class SessionFiles {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  /** On disk when it returns. */
  keep(request: Digest, session: Uint8Array): void {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 })
    replaceFile(this.#pathOf(request), session)
  }

  read(request: Digest): Uint8Array | undefined {
    return readOwnFileIfThere(onCard(this.#pathOf(request)))
  }

  /** Another session about it begins. */
  forget(request: Digest): void {
    rmSync(this.#pathOf(request), { force: true })
  }

  #pathOf(request: Digest): string {
    return join(this.#directory, `${request}.session.json`)
  }
}

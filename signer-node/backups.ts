// The backup files of this node: each holds one Keyshare, sealed to the node's recovery keys, and
// nothing else. They lie in a directory of their own, best on another volume. The node cannot open
// them: whether one opens is proved elsewhere, and told here (`backup-duty.ts`).
// INVARIANT: a backup is on disk and read back before the Keyshare is kept and long before anybody
// hears of the key; a file is never written over.
import { readdirSync, readFileSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { equalBytes, plainDigest } from '../proto/crypto.ts'
import { type Digest, parseVaultId, type VaultId } from '../proto/ids.ts'
import type { RecoveryKey } from '../proto/recovery-key.ts'
import { attempt, isRefusal, refuse } from '../proto/refusal.ts'
import { type KeyshareContext, parseSeal } from '../proto/seal-file.ts'
import { sealToRecovery } from '../proto/seal-recovery.ts'
import { DiskFault, isFull } from './disk.ts'
import { Secret, SecretScope } from './dkls23/secret.ts'
import { replaceFile, syncDirectory } from './floor-file.ts'
import type { Random } from './ports.ts'

export interface BackupFile {
  readonly vault: VaultId
  readonly epoch: number
}

/** Where backups are kept; a Station keeps none, and says so. */
export type BackupPlace = Pick<Backups, keyof Backups> & { readonly isNone?: true }

const secretBytes = 32

export class Backups {
  readonly #directory: string
  readonly #random: Random
  /** One to four; the public halves that this node's operator pinned. */
  readonly keys: readonly RecoveryKey[]

  constructor(directory: string, keys: readonly RecoveryKey[], random: Random) {
    this.#directory = directory
    this.keys = keys
    this.#random = random
  }

  /** On disk and read back when this returns. */
  keep(context: KeyshareContext, plaintext: Secret): void {
    using dek = new Secret(this.#random(secretBytes))
    using secrets = new SecretScope()
    const ephemerals = this.keys.map(() => secrets.keep(this.#random(secretBytes)))
    const to = this.keys.map(({ seal }) => seal)
    const thing = { kind: 'backup', context } as const
    const sealed = sealToRecovery(thing, plaintext.bytes, to, { dek: dek.bytes, ephemerals })
    this.keepFile(context, sealed)
  }

  /** A whole file, as it was made here before. */
  keepFile({ epoch, ...context }: KeyshareContext, bytes: Uint8Array): void {
    const vault = parseVaultId(context.vault)
    const path = this.#path(vault, epoch)
    onVolume(`${vault}.${epoch}: the backup cannot be written`, () => {
      if (this.held(vault).includes(epoch)) refuse('BACKUP', `${vault}.${epoch}: is there already`)
      replaceFile(path, bytes)
      if (!equalBytes(readFileSync(path), bytes))
        refuse('BACKUP', 'it reads back as something else')
    })
  }

  /** The file with its digest; undefined where none is, or where it is no backup. */
  find(
    vault: VaultId,
    epoch: number,
  ): { readonly digest: Digest; readonly context: KeyshareContext } | undefined {
    if (!this.held(vault).includes(epoch)) return undefined
    const path = this.#path(vault, epoch)
    const bytes = onVolume('the backup cannot be read', () => readFileSync(path))
    const seal = attempt(() => parseSeal(bytes))
    if (isRefusal(seal) || seal.thing.kind !== 'backup') return undefined
    return { digest: plainDigest(bytes), context: seal.thing.context }
  }

  /** Epochs, ascending. */
  held(vault: VaultId): readonly number[] {
    const epochs = this.all().filter((one) => one.vault === vault)
    return epochs.map(({ epoch }) => epoch).sort((a, b) => a - b)
  }

  all(): readonly BackupFile[] {
    return this.#named('')
  }

  /** A process that died while it wrote left a whole share under a name that nobody restores. */
  unfinished(): readonly BackupFile[] {
    return this.#named('.new')
  }

  #named(ending: '' | '.new'): readonly BackupFile[] {
    const names = onVolume('the backups cannot be read', () => readdirSync(this.#directory))
    return names.flatMap((name) => {
      if (!name.endsWith(ending)) return []
      const [, vault, epoch] = fileForm.exec(name.slice(0, name.length - ending.length)) ?? []
      if (vault === undefined) return []
      return [{ vault: parseVaultId(vault.replaceAll('~', '/')), epoch: Number(epoch) }]
    })
  }

  /** Of dead epochs; what they hold signs nothing any more. Returns what went. */
  dropBelow(vault: VaultId, epoch: number): readonly number[] {
    const dead = this.held(vault).filter((one) => one < epoch)
    const unfinished = this.unfinished().filter((one) => one.vault === vault && one.epoch < epoch)
    onVolume('a backup of a dead epoch cannot be deleted', () => {
      for (const one of dead) unlinkSync(this.#path(vault, one))
      for (const one of unfinished) unlinkSync(`${this.#path(vault, one.epoch)}.new`)
      if (dead.length + unfinished.length > 0) syncDirectory(this.#directory)
    })
    return dead
  }

  #path(vault: string, epoch: number): string {
    return join(this.#directory, `${vault.replaceAll('/', '~')}.${epoch}.backup`)
  }
}

const fileForm = /^([a-z0-9][a-z0-9._~-]*)\.(0|[1-9][0-9]*)\.backup$/

/** The volume may be gone or full: then there is no new key, and the node goes on with the old. */
function onVolume<T>(what: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (isFull(error) || error instanceof DiskFault) refuse('BACKUP', `${what}: ${error.message}`)
    if (!(error instanceof Error && 'syscall' in error && 'code' in error)) throw error
    return refuse('BACKUP', `${what}: ${String(error.code)}`)
  }
}

// Invitations: one-time keys to which a dealer seals this node's share of an imported key. One for
// each vault without a key, sealed under the node's passphrase and on disk before anybody hears of
// it; asked for again it is the same one.
// INVARIANT: a key is gone as soon as the vault has a key under q cosignatures (this node has then
// sealed its share, and confirmed it), or an import that was asked for since has ended: one
// invitation, one request. So what was dealt opens nowhere afterwards. None is signed before its
// file has opened and shown that this node made it: what it says of itself is anybody's who can
// write to the disk, and whoever has a token's card can seal to that token.
// Keys of its files are derived beside the loop. Judges no dealing: that is `key-import.ts`.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inForce } from '../policy/audit/history.ts'
import { readSync } from '../policy/audit/rows.ts'
import { hasEnded } from '../policy/audit/standing.ts'
import { get, tables } from '../policy/audit/tables.ts'
import { parseRulebook } from '../policy/rulebook.ts'
import { concat, equalBytes, toHex, x25519PublicKey } from '../proto/crypto.ts'
import { type Handle, parseVaultId, type VaultId } from '../proto/ids.ts'
import { type Invitation, invitationKind } from '../proto/import-documents.ts'
import { text } from '../proto/jcs.ts'
import { limits } from '../proto/limits.ts'
import { digestOfSigned, signBy } from '../proto/node-documents.ts'
import { attempt, isRefusal, type Refusal, refusal, refuse } from '../proto/refusal.ts'
import type { Deriving } from '../proto/seal.ts'
import { type InvitationContext, parseSeal } from '../proto/seal-file.ts'
import type { Signed } from '../proto/signed.ts'
import { type Derivation, derive } from './deriving.ts'
import { Secret } from './dkls23/secret.ts'
import { replaceFile, syncDirectory } from './floor-file.ts'
import type { Parts } from './parts.ts'
import type { Hidden } from './shield.ts'

const secretBytes = 32
const fileForm = /^([a-z0-9][a-z0-9._~-]*)\.invitation$/

export type InvitationsNeeds = Pick<
  Parts,
  'self' | 'keystore' | 'rows' | 'copy' | 'witness' | 'ports'
>

type Told<T = InvitationContext> = (ended: T | Refusal) => void

interface UnderWay {
  readonly told: Told[]
  derivation?: Derivation
}

/** An invitation of this node that is open. */
export interface OpenInvitation {
  readonly signed: Signed
  readonly value: Invitation
  /** The caller disposes of it. */
  readonly secret: () => Secret
}

export class Invitations {
  readonly #needs: InvitationsNeeds
  /** Opened once: the seal takes its time. */
  readonly #hidden = new Map<VaultId, { readonly of: string; readonly hidden: Hidden }>()
  readonly #underWay = new Map<VaultId, UnderWay>()
  /** Why a file did not open, for whoever asks next; then it is tried again. */
  readonly #closed = new Map<VaultId, Refusal>()
  /** Files that were opened, or tried, without being asked for: once in a life. */
  readonly #tried = new Set<string>()
  /** Lines of the own copy when they were last looked through. */
  #swept = -1

  constructor(needs: InvitationsNeeds) {
    this.#needs = needs
  }

  /** Refused for a vault that the policy does not name, or that has a key; or as in `of`. */
  invite(vault: VaultId, told: Told<Signed>): void {
    const begun = attempt(() => {
      const key = this.#keyToInvite(vault)
      const known = this.#context(vault)
      // A key that the policy calls by another name now is another key.
      if (known !== undefined && known.key !== key) this.#destroy(vault)
      const context = this.#context(vault)
      const isOpen = context !== undefined && this.#isOpen(vault, context)
      const work = (): Deriving<InvitationContext> =>
        context === undefined ? this.#making(vault, key) : this.#opening(vault, context)
      return isOpen ? { context } : { work }
    })
    const ended = (made: InvitationContext | Refusal): void =>
      told(isRefusal(made) ? made : attempt(() => this.#signedStill(vault, made)))
    if (isRefusal(begun)) ended(begun)
    else if (begun.work === undefined) ended(begun.context)
    else this.#derive(vault, begun.work, ended)
  }

  /** Undefined where there is none; refused when its file does not open, or has not opened yet. */
  of(vault: VaultId): OpenInvitation | undefined {
    const context = this.#context(vault)
    if (context === undefined) return undefined
    const hidden = this.#opened(vault, context)
    const signed = this.#signed(context)
    const { shield } = this.#needs.keystore
    return { signed, value: documentOf(context), secret: () => shield.open(hidden) }
  }

  /** After every page and head. */
  review(): void {
    const { copy, witness } = this.#needs
    const size = copy.size()
    if (size === this.#swept) return
    const isWhole = witness.coverage(size - 1).isCovered
    if (isWhole) this.#swept = size
    for (const vault of this.#all()) {
      if (this.#hasKey(vault) || (isWhole && this.#isOver(vault))) this.#destroy(vault)
      else this.#openUnasked(vault)
    }
  }

  /** Of a node that left: no key is dealt to it any more. */
  destroyAll(): void {
    for (const vault of this.#all()) this.#destroy(vault)
  }

  [Symbol.dispose](): void {
    for (const { derivation } of this.#underWay.values()) derivation?.end()
    this.#underWay.clear()
    for (const vault of [...this.#hidden.keys()]) this.#forget(vault)
  }

  /** After a start, before what was dealt to it comes. */
  #openUnasked(vault: VaultId): void {
    const context = this.#context(vault)
    if (context === undefined || this.#tried.has(nameOf(context))) return
    this.#tried.add(nameOf(context))
    this.#open(vault, context)
  }

  /** By a line that q witnesses have seen. */
  #hasKey(vault: VaultId): boolean {
    const { rows, copy, witness } = this.#needs
    const row = readSync(get(tables.vault, vault), rows)
    const seq = row && copy.keyLine(vault, row.epoch)
    return seq !== undefined && witness.coverage(seq).isCovered
  }

  /** Of the lines that q witnesses have seen: all of the own copy. */
  #isOver(vault: VaultId): boolean {
    const { rows, copy } = this.#needs
    const { t } = copy.head()
    return copy.importsFrom(vault, this.#context(vault)?.size ?? 0).some((change) => {
      const asked = readSync(get(tables.intent, change), rows)
      return asked !== undefined && hasEnded(asked, t)
    })
  }

  #keyNamed(vault: VaultId): Handle {
    const { rows } = this.#needs
    const { policy } = readSync(inForce(), rows)
    const row = policy === '' ? undefined : readSync(get(tables.document, policy), rows)
    if (row === undefined) return refuse('RULESET_VERSION', 'no policy is in force yet')
    const named = parseRulebook(row.text).vaults.get(vault)
    if (named === undefined) return refuse('VAULT_NOT_FOUND', `the policy names no ${vault}`)
    if (named.tier === 'cold') refuse('NOT_SUPPORTED', 'a cold key changes at its ceremony')
    return named.key
  }

  /** The name of its key, where one may be dealt. */
  #keyToInvite(vault: VaultId): Handle {
    if (readSync(get(tables.vault, vault), this.#needs.rows) !== undefined) {
      refuse('KEY_EXISTS', `${vault} has a key`)
    }
    return this.#keyNamed(vault)
  }

  /** A line may have come while its file was opened or made. */
  #signedStill(vault: VaultId, context: InvitationContext): Signed {
    const key = this.#keyToInvite(vault)
    return key === context.key
      ? this.#signed(context)
      : refuse('BUSY', `the policy calls the key ${key} by now; ask again`)
  }

  /** One at a time for each vault; whoever asks meanwhile is told of the same. */
  #derive(vault: VaultId, begin: () => Deriving<InvitationContext>, told: Told): void {
    const running = this.#underWay.get(vault)
    if (running !== undefined) {
      running.told.push(told)
      return
    }
    const mine: UnderWay = { told: [told] }
    this.#underWay.set(vault, mine)
    const derivation = derive(begin(), this.#needs.ports, (ended) => {
      this.#underWay.delete(vault)
      for (const one of mine.told) one(ended)
    })
    if (!derivation.isOver) mine.derivation = derivation
  }

  *#making(vault: VaultId, key: Handle): Deriving<InvitationContext> {
    const { self, keystore, ports, copy } = this.#needs
    // This one is under way already.
    if (this.#all().length + this.#underWay.size > limits.invitationsMax) {
      refuse('BUSY', `${limits.invitationsMax} invitations are open; end an import first`)
    }
    using secret = new Secret(ports.random(secretBytes))
    const { org, env, node, x } = self
    const to = toHex(x25519PublicKey(secret.bytes))
    const context = { org, env, vault, key, node, x, to, size: copy.size() }
    using kept = new Secret(concat(secret.bytes, this.#signed(context).signature))
    const sealed = yield* keystore.sealing({ kind: 'invitation', context }, kept)
    // A line may have given it a key meanwhile.
    this.#keyToInvite(vault)
    replaceFile(this.#path(vault), sealed)
    this.#hidden.set(vault, { of: nameOf(context), hidden: keystore.shield.hide(secret) })
    ports.report({ level: 'info', name: 'invited', vault, because: `for the key ${key}` })
    return context
  }

  #isOpen(vault: VaultId, context: InvitationContext): boolean {
    return this.#hidden.get(vault)?.of === nameOf(context)
  }

  /** Opened once, and again when the file tells another story than it did. */
  #opened(vault: VaultId, context: InvitationContext): Hidden {
    if (!this.#isOpen(vault, context) && !this.#closed.has(vault)) this.#open(vault, context)
    const closed = this.#closed.get(vault)
    this.#closed.delete(vault)
    if (closed !== undefined) refuse(closed.code, closed.because)
    const known = this.#hidden.get(vault)
    return known?.of === nameOf(context)
      ? known.hidden
      : refuse('BUSY', `the invitation for ${vault} is being opened`)
  }

  #open(vault: VaultId, context: InvitationContext): void {
    const work = () => this.#opening(vault, context)
    this.#derive(vault, work, (ended) => {
      if (isRefusal(ended)) this.#closed.set(vault, ended)
    })
  }

  #forget(vault: VaultId): void {
    const known = this.#hidden.get(vault)
    if (known !== undefined) this.#needs.keystore.shield.forget(known.hidden)
    this.#hidden.delete(vault)
  }

  *#opening(vault: VaultId, context: InvitationContext): Deriving<InvitationContext> {
    const { keystore } = this.#needs
    const bytes = readFileSync(this.#path(vault))
    using kept = yield* keystore.unsealing({ kind: 'invitation', context }, bytes)
    using secret = new Secret(kept.bytes.slice(0, secretBytes))
    const isOwn = equalBytes(kept.bytes.subarray(secretBytes), this.#signed(context).signature)
    if (!isOwn || toHex(x25519PublicKey(secret.bytes)) !== context.to) {
      return refuse('SEAL', 'this file does not open here')
    }
    this.#forget(vault)
    this.#hidden.set(vault, { of: nameOf(context), hidden: keystore.shield.hide(secret) })
    return context
  }

  #signed(context: InvitationContext): Signed {
    const { to, ...rest } = documentOf(context)
    return signBy(invitationKind, { ...rest, to: toHex(to) }, this.#needs.self)
  }

  /** As the file says of itself; whether it is so shows when it is opened. */
  #context(vault: VaultId): InvitationContext | undefined {
    if (!this.#all().includes(vault)) return undefined
    const read = attempt(() => parseSeal(readFileSync(this.#path(vault))).thing)
    if (isRefusal(read) || read.kind !== 'invitation') return undefined
    const { self } = this.#needs
    const { org, env, node, x } = read.context
    const isOwn = org === self.org && env === self.env && node === self.node && x === self.x
    return isOwn && read.context.vault === vault ? read.context : undefined
  }

  #destroy(vault: VaultId): void {
    const { keystore, ports } = this.#needs
    this.#giveUp(vault)
    this.#forget(vault)
    keystore.discard(this.#path(vault))
    syncDirectory(keystore.directory)
    ports.report({ level: 'info', name: 'invitation-over', vault, because: 'its key is gone' })
  }

  /** What is under way with a file that goes. */
  #giveUp(vault: VaultId): void {
    const running = this.#underWay.get(vault)
    running?.derivation?.end()
    this.#underWay.delete(vault)
    this.#closed.delete(vault)
    const over = refusal('BUSY', `the invitation for ${vault} ended; ask again`)
    for (const told of running?.told ?? []) told(over)
  }

  #all(): readonly VaultId[] {
    return readdirSync(this.#needs.keystore.directory).flatMap((name) => {
      const [, vault] = fileForm.exec(name) ?? []
      return vault === undefined ? [] : [parseVaultId(vault.replaceAll('~', '/'))]
    })
  }

  #path(vault: VaultId): string {
    return join(this.#needs.keystore.directory, `${vault.replaceAll('/', '~')}.invitation`)
  }
}

export function invitationNamed(signed: Signed) {
  return digestOfSigned(invitationKind, signed)
}

function nameOf(context: InvitationContext): string {
  return text({ ...context })
}

function documentOf(context: InvitationContext): Invitation {
  const { size: _, to, ...rest } = context
  const format = 'custody-import-invitation/v1'
  return invitationKind.shape({ ...rest, format, to }, 'invitation')
}

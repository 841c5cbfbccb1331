// Sealed files at rest: the Keyshares of a node, from pending to active, or restored.
// INVARIANT: of a new Keyshare first the backup is on disk, then the share is written and opened
// again, before anybody hears of it; a pending one is kept until its epoch or a higher one is
// activated (protocol document, 2.2), or no line can ever bring it into force. A restored one is of
// a kind of its own under the seal: no name that its file is given makes it one that signs. How
// files are sealed, by passphrase or tokens, is `way-in.ts`; what takes long asks for its keys, and
// `deriving.ts` says where they are made.
import { readdirSync, readFileSync, renameSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type ScryptCost, toHex } from '../proto/crypto.ts'
import { type Digest, parseDigest, parseVaultId, type VaultId } from '../proto/ids.ts'
import type { InTurns } from '../proto/in-turns.ts'
import { attempt, isRefusal, refuse } from '../proto/refusal.ts'
import { atOnce, type Deriving } from '../proto/seal.ts'
import { type KeyshareContext, parseSeal, type SealedThing } from '../proto/seal-file.ts'
import type { BackupPlace } from './backups.ts'
import { Malformed } from './dkls23/bytes.ts'
import type { Curve } from './dkls23/curve.ts'
import { Keyshare } from './dkls23/keyshare.ts'
import type { Secret } from './dkls23/secret.ts'
import { replaceFile, syncDirectory } from './floor-file.ts'
import type { KeyOwner } from './own-keys.ts'
import type { Random } from './ports.ts'
import type { Shield } from './shield.ts'
import { PassphraseWay, type WayIn } from './way-in.ts'

/** Several attempts of one vault may be prepared; beyond this an operator looks. */
export const pendingMax = 4

export interface KeystoreOwner extends KeyOwner {
  readonly x: number
}

interface CommonPorts {
  readonly random: Random
  readonly curve: Curve
  readonly backups: BackupPlace
}

/** A passphrase is the caller's to wipe, once the keystore is made; a way is the keystore's. */
export type KeystorePorts = CommonPorts &
  (
    | { readonly way: WayIn }
    | { readonly passphrase: Secret; readonly cost: ScryptCost; readonly way?: never }
  )

/** What the opener knows of a Keyshare from the witnessed log. */
export interface ExpectedKeyshare {
  readonly vault: VaultId
  readonly epoch: number
  readonly threshold: number
  readonly parties: number
  readonly publicKey: Uint8Array
  readonly keyState: Digest
}

export interface Keeping {
  readonly vault: VaultId
  readonly keyshare: Keyshare
  readonly made: Digest
  readonly again?: () => InTurns
}

/** A restored one came from a backup: it signs nothing, and is the old share of a refresh. */
export type KeyshareState = 'pending' | 'active' | 'restored'

export class Keystore {
  readonly #directory: string
  readonly #owner: KeystoreOwner
  readonly #ports: CommonPorts
  readonly #way: WayIn

  constructor(directory: string, owner: KeystoreOwner, ports: KeystorePorts) {
    this.#directory = directory
    this.#owner = owner
    const { random, curve, backups } = ports
    this.#ports = { random, curve, backups }
    this.#way = ports.way ?? new PassphraseWay(ports.passphrase, ports.cost, ports.random)
  }

  /** Of this node: hides what is opened for long. */
  get shield(): Shield {
    return this.#way.shield
  }

  /** Nothing opens afterwards. */
  [Symbol.dispose](): void {
    this.#way[Symbol.dispose]()
  }

  get directory(): string {
    return this.#directory
  }

  get curve(): Curve {
    return this.#ports.curve
  }

  get backups(): BackupPlace {
    return this.#ports.backups
  }

  /**
   * On disk and opened again when this is over, and so is its backup. `made`: the approved change
   * that asked for it, or the keygen document of a first key. `again` refuses what has become
   * unlawful meanwhile: asked before anything is written, after the first key was derived.
   */
  *keeping({ vault, keyshare, made, again = nothingMore }: Keeping): Deriving<void> {
    this.#requireRoom(vault, keyshare)
    using plaintext = keyshare.encode()
    const expected = expectedOf(vault, keyshare)
    const thing = this.#thing(expected, made, 'pending')
    const sealed = yield* this.#way.sealing(thing, plaintext)
    using onFailure = new DisposableStack()
    onFailure.defer(() => this.#way.forget(sealed))
    yield
    yield* again()
    // Another may have been kept meanwhile.
    this.#requireRoom(vault, keyshare)
    this.backups.keep(this.#context(expected, made), plaintext)
    yield
    // Whoever destroys a key, or leaves, takes its backups with it.
    if (!this.backups.isNone && !this.backups.held(vault).includes(expected.epoch)) {
      refuse('EPOCH', `${vault}.${expected.epoch}: its backup is gone again`)
    }
    onFailure.move()
    yield* this.#write(expected, 'pending', sealed)
  }

  /** `keeping`, all in one. */
  keepPending(vault: VaultId, keyshare: Keyshare, made: Digest): void {
    atOnce(this.keeping({ vault, keyshare, made }))
  }

  /** From a backup that was opened: sealed anew as one that is not to sign. */
  keepRestored(vault: VaultId, keyshare: Keyshare, made: Digest): void {
    const { epoch } = keyshare.facts
    // Two epochs may both be wanted: the one in force, and a pending one whose line may come. In
    // which order they are brought back is nobody's care; nothing is ever written over.
    const there = this.held(vault).find(
      (one) => one.epoch === epoch || (one.state === 'active' && one.epoch > epoch),
    )
    if (there !== undefined) {
      const because = `a keyshare of epoch ${there.epoch} is here; move it away first`
      refuse('KEY_EXISTS', `${vault}: ${because}`)
    }
    using plaintext = keyshare.encode()
    const expected = expectedOf(vault, keyshare)
    const sealed = this.seal(this.#thing(expected, made, 'restored'), plaintext)
    atOnce(this.#write(expected, 'restored', sealed))
  }

  /** Of everything that was ever kept here of this vault, backups too; -1 for none. */
  highest(vault: VaultId): number {
    const kept = this.held(vault).map(({ epoch }) => epoch)
    return Math.max(-1, ...kept, ...this.backups.held(vault))
  }

  /**
   * The one way from pending to active; lower epochs are gone afterwards. Harmless to repeat. An
   * active or restored file is never replaced: a pending one of its epoch is dropped.
   */
  activate(vault: VaultId, epoch: number): void {
    const held = this.held(vault)
    const states = held.filter((one) => one.epoch === epoch).map(({ state }) => state)
    if (states.includes('pending')) {
      const pending = this.#path(vault, epoch, 'pending')
      if (states.length > 1) this.discard(pending)
      else renameSync(pending, this.#path(vault, epoch, 'active'))
      syncDirectory(this.#directory)
    }
    for (const lower of held.filter((one) => one.epoch < epoch)) {
      this.discard(this.#path(vault, lower.epoch, lower.state))
    }
    this.#dropUnfinished(vault)
    syncDirectory(this.#directory)
  }

  /**
   * Of a key that this node has no part in any more: all files up to this epoch, backups too. Gone,
   * not overwritten: on a disk that remembers, the seal is what protects what was. Returns how
   * many.
   */
  destroy(vault: VaultId, through: number): number {
    const dead = this.held(vault).filter(({ epoch }) => epoch <= through)
    for (const { epoch, state } of dead) this.discard(this.#path(vault, epoch, state))
    this.#dropUnfinished(vault)
    if (dead.length > 0) syncDirectory(this.#directory)
    return dead.length + this.backups.dropBelow(vault, through + 1).length
  }

  /**
   * Somebody is about to hold the whole key: the file says so, durable and opened again, when this
   * is over. The same share; the caller disposes of it.
   */
  *marking(expected: ExpectedKeyshare): Deriving<Keyshare> {
    const { vault, epoch } = expected
    const bytes = readFileSync(this.#path(expected.vault, expected.epoch, 'active'))
    const made = madeOf(parseSeal(bytes).thing)
    using keyshare = yield* this.opening(expected, 'active')
    using onFailure = new DisposableStack()
    const marked = onFailure.use(keyshare.markExported(this.#ports.curve))
    using plaintext = marked.encode()
    const sealed = yield* this.#way.sealing(this.#thing(expected, made, 'active'), plaintext)
    // The key was destroyed, or dealt anew, while this was derived: nothing is written again.
    const isHere = this.held(vault).some((one) => one.epoch === epoch && one.state === 'active')
    if (!isHere) {
      this.#way.forget(sealed)
      refuse('EPOCH', `${vault}.${epoch}: what was to be marked is gone`)
    }
    yield* this.#write(expected, 'active', sealed)
    this.#way.forget(bytes)
    onFailure.move()
    return marked
  }

  /** What lies pending, with what asked for it, as the files say of themselves. */
  pending(): readonly { readonly vault: VaultId; readonly epoch: number; readonly made: Digest }[] {
    return this.all().flatMap(({ vault, epoch, state }) => {
      if (state !== 'pending') return []
      const bytes = readFileSync(this.#path(vault, epoch, state))
      const made = attempt(() => madeOf(parseSeal(bytes).thing))
      return isRefusal(made) ? [] : [{ vault, epoch, made }]
    })
  }

  /** Of a key that can never come into force. Its backup stays, so its epoch is not used again. */
  dropPending(vault: VaultId, epoch: number): void {
    this.discard(this.#path(vault, epoch, 'pending'))
    syncDirectory(this.#directory)
  }

  /** Refused with one sentence when the file is not exactly the expected Keyshare of this node. */
  open(expected: ExpectedKeyshare, state: KeyshareState): Keyshare {
    return atOnce(this.opening(expected, state))
  }

  /** `open`, wherever its key is derived. */
  *opening(expected: ExpectedKeyshare, state: KeyshareState): Deriving<Keyshare> {
    const bytes = readFileSync(this.#path(expected.vault, expected.epoch, state))
    const made = attempt(() => madeOf(parseSeal(bytes).thing))
    if (isRefusal(made)) return refuse('SEAL', 'this file does not open here')
    const thing = this.#thing(expected, made, state)
    using opened = yield* this.#way.opening(bytes, thing)
    yield
    const keyshare = this.#parse(opened)
    if (toHex(keyshare.keyState) !== expected.keyState || keyshare.self.x !== this.#owner.x) {
      keyshare[Symbol.dispose]()
      return refuse('SEAL', 'this file does not open here')
    }
    return keyshare
  }

  /** `seal` and `unseal`, wherever their keys are derived. */
  sealing(thing: SealedThing, plaintext: Secret): Deriving<Uint8Array> {
    return this.#way.sealing(thing, plaintext)
  }

  unsealing(thing: SealedThing, bytes: Uint8Array): Deriving<Secret> {
    return this.#way.opening(bytes, thing)
  }

  /** The plaintext stays its owner's to wipe. */
  seal(thing: SealedThing, plaintext: Secret): Uint8Array {
    return this.#way.seal(thing, plaintext)
  }

  /** Refused with one sentence when the file is not exactly this thing of this node. */
  unseal(thing: SealedThing, bytes: Uint8Array): Secret {
    return this.#way.open(bytes, thing)
  }

  /** A sealed file of this directory, and its key, where it has one of its own. */
  discard(path: string): void {
    unlinkSync(path)
    // What stood in it by then may be another file than the one whose key is known.
    this.#way.forgetOthers(() => {
      const here = readdirSync(this.#directory, { withFileTypes: true })
      const files = here.filter((one) => one.isFile())
      return files.map(({ name }) => readFileSync(join(this.#directory, name)))
    })
  }

  /** What lies in the directory for one vault, ascending by epoch, the active one first. */
  held(vault: VaultId): readonly { readonly epoch: number; readonly state: KeyshareState }[] {
    return this.all()
      .filter((one) => one.vault === vault)
      .sort((a, b) => a.epoch - b.epoch || (a.state < b.state ? -1 : 1))
  }

  all(): readonly {
    readonly vault: VaultId
    readonly epoch: number
    readonly state: KeyshareState
  }[] {
    return readdirSync(this.#directory).flatMap((name) => {
      const [, vault, epoch, written = 'active'] = fileForm.exec(name) ?? []
      if (vault === undefined) return []
      const state = states.find((one) => one === written) ?? 'active'
      return [{ vault: parseVaultId(vault.replaceAll('~', '/')), epoch: Number(epoch), state }]
    })
  }

  /** A process that died while it wrote left a whole share under a name that nobody reads. */
  #dropUnfinished(vault: VaultId): void {
    for (const name of readdirSync(this.#directory)) {
      const [, of] = fileForm.exec(name.replace(/\.new$/, '')) ?? []
      if (!name.endsWith('.new') || of !== nameOf(vault)) continue
      unlinkSync(join(this.#directory, name))
    }
  }

  #parse(opened: Secret): Keyshare {
    try {
      return Keyshare.parse(this.#ports.curve, opened.bytes)
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      return refuse('SEAL', 'this file does not open here')
    }
  }

  #requireRoom(vault: VaultId, { facts: { epoch } }: Keyshare): void {
    const pending = this.held(vault).filter(({ state }) => state === 'pending')
    if (pending.length >= pendingMax) {
      refuse('BUSY', `${vault}: ${pendingMax} keys are pending already`)
    }
    // Somebody may have confirmed what lies here: nothing is ever written over it.
    const highest = this.highest(vault)
    if (epoch <= highest) refuse('EPOCH', `expected an epoch above ${highest}, got ${epoch}`)
  }

  *#write(expected: ExpectedKeyshare, state: KeyshareState, sealed: Uint8Array): Deriving<void> {
    replaceFile(this.#path(expected.vault, expected.epoch, state), sealed)
    yield
    using tested = yield* this.opening(expected, state)
    if (toHex(tested.keyState) !== expected.keyState) refuse('SEAL', 'test opening failed')
    const { vault, epoch } = expected
    const isHere = this.held(vault).some((one) => one.epoch === epoch && one.state === state)
    // A later epoch came into force, or its change ended, while it was opened.
    if (!isHere) refuse('EPOCH', `${vault}.${epoch}: what was kept is gone again`)
  }

  #thing(expected: ExpectedKeyshare, made: Digest, state: KeyshareState): SealedThing {
    const kind = state === 'restored' ? 'restored' : 'keyshare'
    return { kind, context: this.#context(expected, made) }
  }

  #context(expected: ExpectedKeyshare, made: Digest): KeyshareContext {
    const { org, env, x } = this.#owner
    const { vault, epoch, threshold, parties, publicKey, keyState } = expected
    const key = toHex(publicKey)
    // The key-state digest covers every public share, so it is the digest of the commitments.
    const context = { org, env, vault, key, commitments: keyState, epoch, party: x }
    return { ...context, threshold, parties, made }
  }

  #path(vault: string, epoch: number, state: KeyshareState): string {
    return join(this.#directory, keyshareFile(vault, epoch, state))
  }
}

/** The name of its file, here and on every medium that holds a copy. */
export function keyshareFile(vault: string, epoch: number, state: KeyshareState): string {
  return `${nameOf(vault)}.${epoch}${state === 'active' ? '' : `.${state}`}.keyshare`
}

/** A handle has no `~`, so the names of two vaults never meet. */
function nameOf(vault: string): string {
  return vault.replaceAll('/', '~')
}

const states = ['pending', 'active', 'restored'] as const
const fileForm = /^([a-z0-9][a-z0-9._~-]*)\.(0|[1-9][0-9]*)(?:\.(pending|restored))?\.keyshare$/

function* nothingMore(): InTurns {}

export function expectedOf(vault: VaultId, { facts, keyState }: Keyshare): ExpectedKeyshare {
  return {
    vault,
    epoch: facts.epoch,
    threshold: facts.threshold,
    parties: facts.participants.length,
    publicKey: facts.publicKey,
    keyState: parseDigest(toHex(keyState), 'key state'),
  }
}

/** The one part of the context that the log does not tell; the seal's mac covers it. */
function madeOf(thing: SealedThing): Digest {
  return 'made' in thing.context ? thing.context.made : refuse('SEAL', 'expected a keyshare')
}

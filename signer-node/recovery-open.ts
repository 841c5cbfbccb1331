// On the recovery machine: opens a recovery key with its passphrase, opens a backup with the
// recovery key, and signs that it did. Opening restores nothing: what was opened is checked whole
// (the share belongs to its public share, all lie on one polynomial, the key state names exactly
// this) and wiped.
// INVARIANT: a proof is signed only over a file whose share was in this process's hands, and it
// names the file by digest. Opens no file itself.
import { type BackupProof, backupKinds } from '../proto/backup-documents.ts'
import {
  ed25519PublicKey,
  ed25519Signer,
  equalBytes,
  fromUtf8,
  plainDigest,
  toHex,
  x25519PublicKey,
} from '../proto/crypto.ts'
import { type Handle, parseHandle, parseNodeId, parseVaultId } from '../proto/ids.ts'
import { encode } from '../proto/jcs.ts'
import {
  parseRecoveryKey,
  type RecoveryKey,
  recoverySecretBytes,
  recoveryThing,
} from '../proto/recovery-key.ts'
import { attempt, isRefusal, refuse } from '../proto/refusal.ts'
import { openWithPassphrase } from '../proto/seal.ts'
import { type KeyshareContext, parseSeal } from '../proto/seal-file.ts'
import { openWithRecovery } from '../proto/seal-recovery.ts'
import { writeTime } from '../proto/shape.ts'
import { type Signed, sign } from '../proto/signed.ts'
import { Malformed } from './dkls23/bytes.ts'
import type { Curve } from './dkls23/curve.ts'
import { Keyshare } from './dkls23/keyshare.ts'
import { Secret } from './dkls23/secret.ts'

export interface RecoveryFiles {
  /** `recovery.json`. */
  readonly document: Uint8Array
  /** `recovery.seal`. */
  readonly sealed: Uint8Array
}

/** A recovery key with its private half, for one scope. */
export class Recovery {
  readonly key: RecoveryKey
  /** X25519, then Ed25519. */
  readonly #secret: Secret

  constructor(key: RecoveryKey, secret: Secret) {
    this.key = key
    this.#secret = secret
  }

  get opening(): Uint8Array {
    return this.#secret.bytes.subarray(0, 32)
  }

  get signing(): Uint8Array {
    return this.#secret.bytes.subarray(32)
  }

  [Symbol.dispose](): void {
    this.#secret[Symbol.dispose]()
  }
}

export function openRecovery({ document, sealed }: RecoveryFiles, passphrase: Secret): Recovery {
  const key = parseRecoveryKey(document)
  const { org, env, node, id } = key
  const thing = recoveryThing({ org, env, owner: node }, id)
  const secret = new Secret(openWithPassphrase(sealed, thing, passphrase.bytes))
  const recovery = new Recovery(key, secret)
  if (secret.bytes.length === recoverySecretBytes && isPairOf(recovery)) return recovery
  recovery[Symbol.dispose]()
  return refuse('SEAL', 'this file does not open here')
}

export interface OpenedBackup extends Disposable {
  readonly keyshare: Keyshare
  readonly context: KeyshareContext
  /** Name of the key, as in the policy. */
  readonly keyId: Handle
}

/** The caller disposes of it. */
export function openBackup(curve: Curve, bytes: Uint8Array, recovery: Recovery): OpenedBackup {
  const { key } = recovery
  const seal = attempt(() => parseSeal(bytes))
  if (isRefusal(seal) || seal.thing.kind !== 'backup') return closed()
  const { context } = seal.thing
  if (context.org !== key.org || context.env !== key.env) {
    refuse(
      'CONFIG',
      `a backup of ${context.org} ${context.env}, the key is of ${key.org} ${key.env}`,
    )
  }
  using plaintext = new Secret(openWithRecovery(bytes, seal.thing, recovery.opening))
  return openSealedShare(curve, plaintext, { context, node: key.node })
}

/** Of what a sealed file held: exactly the share that its context names, of this very node. */
export function openSealedShare(
  curve: Curve,
  plaintext: Secret,
  { context, node }: { readonly context: KeyshareContext; readonly node: string },
): OpenedBackup {
  const keyshare = parseKeyshare(curve, plaintext)
  if (isOf(keyshare, context) && nodeOf(keyshare) === node) {
    const keyId = keyIdOf(keyshare)
    return { keyshare, context, keyId, [Symbol.dispose]: () => keyshare[Symbol.dispose]() }
  }
  keyshare[Symbol.dispose]()
  return closed()
}

export interface ProvedBackup {
  readonly proof: Signed
  readonly said: BackupProof
}

/** Opens, checks, wipes, and signs that it did. */
export function proveBackup(
  curve: Curve,
  bytes: Uint8Array,
  recovery: Recovery,
  fresh: { readonly nonce: Uint8Array; readonly nowMs: number },
): ProvedBackup {
  using opened = openBackup(curve, bytes, recovery)
  const { key } = recovery
  const { context, keyshare } = opened
  const document = encode({
    format: 'custody-backup-proof/v1',
    org: key.org,
    env: key.env,
    node: key.node,
    vault: parseVaultId(context.vault),
    key: opened.keyId,
    epoch: context.epoch,
    keyState: toHex(keyshare.keyState),
    backup: plainDigest(bytes),
    recovery: key.id,
    nonce: toHex(fresh.nonce),
    at: writeTime(fresh.nowMs),
  })
  const { tag, shape } = backupKinds.proof
  const proof = sign(tag, document, key.id, ed25519Signer(recovery.signing))
  return { proof, said: shape(JSON.parse(proof.document), 'proof') }
}

function isPairOf({ key, opening, signing }: Recovery): boolean {
  return (
    equalBytes(x25519PublicKey(opening), key.seal) &&
    equalBytes(ed25519PublicKey(signing), key.sign)
  )
}

function parseKeyshare(curve: Curve, plaintext: Secret): Keyshare {
  try {
    return Keyshare.parse(curve, plaintext.bytes)
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    return closed()
  }
}

/** The context is what was sealed; the share inside must be exactly that. */
function isOf({ facts, keyState, self }: Keyshare, context: KeyshareContext): boolean {
  return (
    toHex(keyState) === context.commitments &&
    toHex(facts.publicKey) === context.key &&
    facts.epoch === context.epoch &&
    facts.threshold === context.threshold &&
    facts.participants.length === context.parties &&
    self.x === context.party
  )
}

function nodeOf({ self }: Keyshare): string {
  return parseNodeId(fromUtf8(self.nodeId) ?? '')
}

function keyIdOf({ facts }: Keyshare): Handle {
  return parseHandle(fromUtf8(facts.keyId) ?? '')
}

function closed(): never {
  return refuse('SEAL', 'this file does not open here')
}

// A dealt share, sealed to the invitation of one node: X25519 with a fresh ephemeral secret, HKDF
// salted with both public keys, AES-256-GCM. The context names organisation, vault, key, node, its
// place, the invitation and the dealer's commitments, so a share opens nowhere but where it was
// dealt to, and beside nothing but its own commitments.
// INVARIANT: the ephemeral secret is fresh for every share, so every key is used once.
import {
  aesGcmOpen,
  aesGcmSeal,
  hkdfSha256,
  sha256,
  tagged,
  x25519,
  x25519PublicKey,
} from './crypto.ts'
import type { Digest } from './ids.ts'
import type { Invitation, SealedShare } from './import-documents.ts'
import { encode } from './jcs.ts'
import { refuse } from './refusal.ts'
import { tags } from './tags.ts'

export interface ShareContext {
  readonly invitation: Invitation
  /** Digest of that invitation. */
  readonly named: Digest
  readonly commitments: Digest
}

const nonce = new Uint8Array(12)
const shareBytes = 32

/** Share and ephemeral secret are the caller's to wipe. */
export function sealShare(
  context: ShareContext,
  share: Uint8Array,
  ephemeral: Uint8Array,
): SealedShare {
  const { node, x, to } = context.invitation
  if (share.length !== shareBytes) throw new Error(`a share has ${shareBytes} bytes`)
  const eph = x25519PublicKey(ephemeral)
  const key = keyOf(context, x25519(ephemeral, to), eph)
  if (key === undefined) return refuse('SEAL', `the invitation of ${node} has no key of x25519`)
  const sealed = aesGcmSeal(key, nonce, share, contextBytes(context))
  key.fill(0)
  return { node, x, invitation: context.named, eph, sealed }
}

/** Undefined when it was not sealed for exactly this; the caller wipes what it gets. */
export function openShare(
  context: ShareContext,
  { eph, sealed }: Pick<SealedShare, 'eph' | 'sealed'>,
  secret: Uint8Array,
): Uint8Array | undefined {
  const key = keyOf(context, x25519(secret, eph), eph)
  if (key === undefined) return undefined
  const share = aesGcmOpen(key, nonce, sealed, contextBytes(context))
  key.fill(0)
  return share
}

/** Wipes the shared secret; undefined when there is none. */
function keyOf(
  context: ShareContext,
  shared: Uint8Array | undefined,
  eph: Uint8Array,
): Uint8Array | undefined {
  if (shared === undefined) return undefined
  const salt = sha256(eph, context.invitation.to)
  const key = hkdfSha256(shared, salt, contextBytes(context), 32)
  shared.fill(0)
  return key
}

function contextBytes({ invitation, named, commitments }: ShareContext): Uint8Array {
  const { org, env, vault, key, node, x } = invitation
  const context = encode({ org, env, vault, key, node, x, invitation: named, commitments })
  return tagged(tags.importShare, context)
}

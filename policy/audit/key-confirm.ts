// A node's confirmation of a new key: its identity key signs exactly what the log line says, after
// it sealed its pending Keyshare and opened the seal again. A key is in force only when all n
// confirmed, so no node can be left behind with another view (protocol, key generation).
import { ed25519Verify, tagged, toHex } from '../../proto/crypto.ts'
import { encode } from '../../proto/jcs.ts'
import { tags } from '../../proto/tags.ts'
import type { VaultRow } from '../view.ts'

/** Canonical bytes; the node signs them under the tag `confirm`. */
export function confirmDocument(vault: VaultRow, node: string): Uint8Array {
  const { epoch, key, keyState, publicKey, chainCode, t, participants } = vault
  return encode({
    chainCode: toHex(chainCode),
    epoch,
    key,
    keyState,
    node,
    participants: participants.map(({ node: member, x }) => ({ node: member, x })),
    publicKey: toHex(publicKey),
    t,
    vault: vault.vault,
  })
}

/** What the identity key signs. */
export function confirmMessage(vault: VaultRow, node: string): Uint8Array {
  return tagged(tags.confirm, confirmDocument(vault, node))
}

export function confirmed(
  vault: VaultRow,
  node: string,
  given: { readonly identity: Uint8Array; readonly signature: Uint8Array },
): boolean {
  return ed25519Verify(given.identity, confirmMessage(vault, node), given.signature)
}

// Invitations that tests make themselves, with the keys of the nodes of the dev fixture, and what
// is sealed to them; for whoever tests a dealer without a house.
import { ed25519Signer, sha256, toHex, toUtf8, x25519PublicKey } from '../../proto/crypto.ts'
import { parseNodeId } from '../../proto/ids.ts'
import { invitationKind } from '../../proto/import-documents.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { signBy } from '../../proto/node-documents.ts'
import type { Signed } from '../../proto/signed.ts'
import { root } from '../coordinator/world.ts'
import { seedOf } from '../policy/dev-fixture.ts'

/** The private half; the same for every call. */
export const invitationSecret = (node: string): Uint8Array => sha256(toUtf8(`invitation/${node}`))

/** Signed by the node itself, or by another. */
export function invitationBy(node: string, change: JsonObject = {}, signer = node): Signed {
  const x = root.nodes.find((one) => one.node === node)?.x ?? 9
  const document = {
    format: 'custody-import-invitation/v1',
    org: root.org,
    env: root.env,
    vault: 'hot',
    key: 'k-hot',
    node,
    x,
    to: toHex(x25519PublicKey(invitationSecret(node))),
    ...change,
  }
  const by = { node: parseNodeId(node), sign: ed25519Signer(seedOf(signer)) }
  return signBy(invitationKind, document, by)
}

export const invitedNodes: readonly string[] = [...root.nodes]
  .sort((a, b) => a.x - b.x)
  .map(({ node }) => node)

export const allInvited = (change: JsonObject = {}): readonly Signed[] =>
  invitedNodes.map((node) => invitationBy(node, change))

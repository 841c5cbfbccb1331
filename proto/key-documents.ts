// What the holders of a key sign of it when it is made under an approved change, and the
// certificate with the words of all of them. INVARIANT: strict JCS with exactly these keys.
// Says nothing about whose words count: that is the root, in `policy/audit/key-confirm.ts`.
import { type NodeId, parseNodeId, parseVaultId, type VaultId } from './ids.ts'
import { limits } from './limits.ts'
import {
  digest,
  handle,
  hex,
  integer,
  list,
  literal,
  object,
  type Reader,
  type Shaped,
} from './shape.ts'

const count = integer(0, Number.MAX_SAFE_INTEGER)
const node: Reader<NodeId> = (value, path) => parseNodeId(handle(value, path))
const vault: Reader<VaultId> = (value, path) => parseVaultId(handle(value, path))

const terms = {
  /** That the holders confirmed it under. */
  change: digest,
  chainCode: hex(32),
  epoch: count,
  key: handle,
  keyState: digest,
  participants: list(object({ node, x: count }), 1, limits.nodesMax),
  publicKey: hex(33),
  t: count,
  vault,
}

export const confirmShape = object({ ...terms, node })

export const keyCertificateFormat = 'custody-key-certificate/v1'

export const keyCertificateShape = object({
  ...terms,
  format: literal(keyCertificateFormat),
  confirms: list(object({ node, signature: hex(64) }), 1, limits.nodesMax),
})

export type KeyCertificate = Shaped<typeof keyCertificateShape>

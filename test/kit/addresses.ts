// Words of nodes about an address, for the organisation of `audit-documents.ts`: each signed by the
// identity key of its node, honest or bent in any field.
import { addressWord } from '../../policy/address-word.ts'
import type { Root } from '../../policy/documents.ts'
import type { VaultRow } from '../../policy/view.ts'
import { addressKind } from '../../proto/address-documents.ts'
import { parseHandle } from '../../proto/ids.ts'
import { encode, type JsonObject } from '../../proto/jcs.ts'
import { type Signed, sign } from '../../proto/signed.ts'
import * as house from './audit-documents.ts'
import { vaultRow } from './audit-log.ts'
import { firstRoot } from './succession.ts'

export const issuedMs = Date.parse('2026-12-07T12:00:00Z')

export interface Said {
  readonly row?: VaultRow
  readonly network?: string
  readonly path?: string
  readonly root?: Root
  readonly issuedMs?: number
  readonly size?: number
  /** What the node writes instead of what is so. */
  readonly patch?: JsonObject
  /** Whose key signs. */
  readonly by?: string
}

export function word(node: string, said: Said = {}): Signed {
  const { row = vaultRow('hot-eth'), network = 'eip155:31337', path = 'm/1/7' } = said
  const { root = firstRoot.root, patch = {}, by = node } = said
  const own = { node, issuedMs: said.issuedMs ?? issuedMs, size: said.size ?? 41 }
  const document = { ...addressWord({ root, row, network, path }, own), ...patch }
  const key = house.keyOf(`${by}-identity`)
  return sign(addressKind.tag, encode(document), parseHandle(node), (message) => key.sign(message))
}

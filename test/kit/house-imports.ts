// Imports in a whole house that has no key: invitations of the real nodes, a dealing made of a key
// that the test knows, and the request that brings it in.
import { randomBytes } from 'node:crypto'
import { get, tables } from '../../policy/audit/tables.ts'
import type { ChangeOf } from '../../policy/change.ts'
import { termsOfDealing } from '../../policy/dealing.ts'
import type { VaultRow } from '../../policy/view.ts'
import { sha256, toUtf8 } from '../../proto/crypto.ts'
import { type Digest, parseVaultId } from '../../proto/ids.ts'
import { type Dealing, dealingDocument, openInvitations } from '../../proto/import-documents.ts'
import { isRefusal } from '../../proto/refusal.ts'
import type { Signed } from '../../proto/signed.ts'
import { type DealtFor, deal } from '../../signer-node/deal-import.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { root } from '../coordinator/world.ts'
import type { House } from './house.ts'
import { about, approvedWith } from './house-changes.ts'

const curve = nativeCurve()
const hot = parseVaultId('hot')

/** A key that exists elsewhere; the same name gives the same key. */
export const outside = (name: string): Uint8Array => sha256(toUtf8(`outside/${name}`))

export async function invitations(house: House, vault = hot): Promise<readonly Signed[]> {
  const gathered = await house.during(house.someCoordinator.invitations.gather(vault))
  if (isRefusal(gathered)) throw new Error(`${gathered.code}: ${gathered.because}`)
  return gathered
}

export function dealt(
  given: readonly Signed[],
  name = 'key',
  more: Partial<DealtFor> = {},
): Dealing {
  const invited = openInvitations(given, root)
  using key = new Secret(outside(name))
  const chainCode = sha256(toUtf8(`chain/${name}`))
  const random = (length: number) => new Uint8Array(randomBytes(length))
  return deal(curve, random, { invited, t: root.quorumCrypto.t, chainCode, ...more }, key)
}

export function importOf(house: House, dealing: Dealing): ChangeOf<'key.import'> {
  return { ...about(house), op: 'key.import', terms: termsOfDealing(dealing) }
}

/** Asked for and approved, with its dealing. */
export function imported(house: House, dealing: Dealing): Promise<Digest> {
  return approvedWith(house, importOf(house, dealing), dealingDocument(dealing))
}

export async function row(house: House): Promise<VaultRow | undefined> {
  const { copy } = house.someCoordinator.driver
  return house.during(copy.read(get(tables.vault, 'hot')))
}

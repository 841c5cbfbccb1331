// Exports in a whole house: what a recipient asks for, what it is brought, and what it finds in it.
import { vaultService } from '../../coordinator/service/vault.ts'
import type { ChangeOf } from '../../policy/change.ts'
import { fromUtf8, toHex, toUtf8, x25519PublicKey } from '../../proto/crypto.ts'
import {
  exportPartKind,
  type Parcel,
  parcelDocument,
  parseParcel,
  partThing,
} from '../../proto/export-documents.ts'
import { readSigned } from '../../proto/frames.ts'
import { isRefusal, type Refusal } from '../../proto/refusal.ts'
import { openWithRecovery } from '../../proto/seal-recovery.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { type OpenedKey, openParcel, type Spoiled } from '../../signer-node/export-open.ts'
import { governed, root } from '../coordinator/world.ts'
import { seedOf } from '../policy/dev-fixture.ts'
import type { House } from './house.ts'
import { about, keyOf } from './house-changes.ts'

const curve = nativeCurve()

/** Private half of a recipient's key. */
export const recipientSecret = (name: string): Uint8Array => seedOf(`recipient ${name}`)

export async function exportOf(house: House, name = 'rita'): Promise<ChangeOf<'key.export'>> {
  const { keyState } = await keyOf(house)
  const recipient = x25519PublicKey(recipientSecret(name))
  return { ...about(house), op: 'key.export', terms: { recipient, keyState } }
}

/** As a coordinator answers for it. */
export async function fetched(house: House): Promise<Parcel | Refusal> {
  const service = vaultService(house.someCoordinator)
  const caller = { role: 'operator', id: 'ops' } as never
  const given = await house.during(Promise.resolve(service.GetExport({ vault: 'hot' }, caller)))
  if (isRefusal(given)) return given
  const parts = given.parts.map(({ statement, sealed }) => {
    return { statement: readSigned(statement), sealed: fromUtf8(sealed)! }
  })
  const proved = { line: fromUtf8(given.line)!, checkpoint: fromUtf8(given.checkpoint)! }
  const written = { ...proved, root: governed.root, proof: given.proof, parts }
  return parseParcel(parcelDocument(written))
}

/** Once all parts are there and fit. */
export async function parcelOf(house: House): Promise<Parcel> {
  let parcel: Parcel | undefined
  await house.until('all parts are there', async () => {
    const found = await fetched(house)
    parcel = isRefusal(found) || found.checkpoint === '' ? undefined : found
    return parcel !== undefined
  })
  return parcel!
}

export function open(parcel: Parcel, name = 'rita'): OpenedKey | Spoiled {
  using secret = new Secret(recipientSecret(name))
  return openParcel(parcel, { curve, secret, root: root.digest })
}

/** The private key, of which only the public one is told. */
export function openedPublicKey(parcel: Parcel, name = 'rita'): string {
  const opened = open(parcel, name)
  if (opened.kind === 'spoiled') throw new Error(`${opened.node}: ${opened.because}`)
  using key = opened.key
  return Buffer.from(curve.points.multiplyBase(key.bytes)!).toString('hex')
}

/** The scalar of each part, and the key: what must be found nowhere. */
export function contentsOf(parcel: Parcel, name = 'rita'): readonly Uint8Array[] {
  const opened = open(parcel, name)
  if (opened.kind === 'spoiled') throw new Error(opened.because)
  using key = opened.key
  const publicKey = toHex(opened.facts.publicKey)
  const parts = parcel.parts.map(({ statement, sealed }) => {
    const said = exportPartKind.shape(JSON.parse(statement.document), 'part')
    const thing = partThing(said, publicKey)
    return openWithRecovery(toUtf8(sealed), thing, recipientSecret(name)).slice(0, 32)
  })
  return [key.bytes.slice(), ...parts]
}

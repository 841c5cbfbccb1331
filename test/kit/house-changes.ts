// Changes in a whole house: asked for, approved by the people whom the policy names, and carried out
// by real nodes; and what a test wants to know of the key afterwards.
import { readdirSync } from 'node:fs'
import { get, tables } from '../../policy/audit/tables.ts'
import { type Change, type ChangeOf, encodeChange } from '../../policy/change.ts'
import type { VaultRow } from '../../policy/view.ts'
import { ed25519Signer } from '../../proto/crypto.ts'
import {
  type Digest,
  parseHandle,
  parseNodeId,
  parsePersonId,
  parseVaultId,
} from '../../proto/ids.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { sign } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'
import { credentialOf, payout, root } from '../coordinator/world.ts'
import { seedOf } from '../policy/dev-fixture.ts'
import type { House } from './house.ts'
import { ready } from './house-open.ts'

export const board = [
  ['jun', 'director'],
  ['kat', 'director'],
  ['oli', 'risk'],
] as const

const dayMs = 86_400_000
let asked = 0

/** What every change says; good for a few days. */
export function about(house: House) {
  asked += 1
  const created = house.time.now
  return {
    org: root.org,
    env: root.env,
    id: parseHandle(`change-${asked}`),
    created,
    notAfter: created + 3 * dayMs,
    initiator: parsePersonId('ana'),
    vault: parseVaultId('hot'),
    purpose: 'care of the key',
  } as const
}

export async function keyOf(house: House): Promise<VaultRow> {
  const { copy } = house.someCoordinator.driver
  const row = await house.during(copy.read(get(tables.vault, 'hot')))
  if (row === undefined) throw new Error('the vault has no key')
  return row
}

export async function refreshOf(house: House): Promise<ChangeOf<'key.refresh'>> {
  const { epoch, keyState } = await keyOf(house)
  return { ...about(house), op: 'key.refresh', terms: { epoch, keyState } }
}

export async function proofOf(house: House, path = 'm'): Promise<ChangeOf<'key.prove'>> {
  const { epoch, keyState } = await keyOf(house)
  const challenge = new Uint8Array(32).fill(5)
  const terms = { epoch, keyState, path, audience: 'auditor', challenge }
  return { ...about(house), op: 'key.prove', terms }
}

/** To all nodes of the root in force. */
export async function reshareOf(
  house: House,
  dealers: readonly string[],
): Promise<ChangeOf<'key.reshare'>> {
  const { epoch: from, keyState } = await keyOf(house)
  const { nodes, quorumCrypto } = house.someCoordinator.roots.now
  const participants = [...nodes].sort((m, n) => m.x - n.x).map(({ node, x }) => ({ node, x }))
  const named = dealers.map((name) => parseNodeId(name))
  const terms = { from, keyState, dealers: named, participants, t: quorumCrypto.t }
  return { ...about(house), op: 'key.reshare', terms }
}

export async function ask(house: House, change: Change, dealing?: Uint8Array): Promise<Digest> {
  const key = ed25519Signer(seedOf(change.initiator))
  const signed = sign(tags.intent, encodeChange(change), credentialOf(change.initiator), key)
  const { requests } = house.someCoordinator
  const submitted = await house.during(requests.submit(signed, [], dealing))
  if (isRefusal(submitted)) throw new Error(`${submitted.code}: ${submitted.because}`)
  return submitted.kind === 'request' ? submitted.shown.id : submitted.id
}

/** Asked for and approved; what follows is the machines'. */
export function approved(house: House, change: Change): Promise<Digest> {
  return approvedWith(house, change)
}

/** The same, with what an import is carried out with. */
export async function approvedWith(
  house: House,
  change: Change,
  dealing?: Uint8Array,
): Promise<Digest> {
  const id = await ask(house, change, dealing)
  for (const [person, role] of board) {
    const said = await house.approve(id, person, role)
    if (said !== 'recorded') throw new Error(`${said.code}: ${said.because}`)
  }
  return id
}

/** Everybody who holds the key holds this epoch of it, and nothing else of it is left. */
export async function inForce(house: House, epoch: number): Promise<void> {
  await house.until(`epoch ${epoch}`, async () => (await keyOf(house)).epoch >= epoch)
  const { participants } = await keyOf(house)
  await house.until(`files of epoch ${epoch}`, () =>
    participants.every(({ node }) => sharesOf(house, node).includes(`hot.${epoch}.keyshare`)),
  )
}

/** In the order of their epochs. */
export const sharesOf = (house: House, name: string): readonly string[] =>
  readdirSync(house.at(name).directory('keyshares')).sort((a, b) => epochOf(a) - epochOf(b))

function epochOf(file: string): number {
  return Number(file.split('.')[1])
}

let cents = 0n

/** A payment as anybody would ask for it, no two of one amount. */
export async function pay(house: House): Promise<Digest> {
  cents += 1n
  const created = house.time.now
  const times = { created, notAfter: created + 3_600_000 }
  return house.submit(payout({ ...times, amount: 2_000_000n + cents }))
}

export async function pays(house: House): Promise<void> {
  await ready(house)
  await house.untilState(await pay(house), 'SETTLED')
}

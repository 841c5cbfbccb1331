// Whether a change fits the house as it stands: the vault that the policy names, the key in force,
// the nodes of the root. Terms name epoch and key state, so that what was approved for one state of
// the key cannot be carried out on another, and cannot be carried out twice.
// Who approved is another question: `judge-change.ts`.
import { toHex } from '../proto/crypto.ts'
import type { Handle, VaultId } from '../proto/ids.ts'
import { refuse } from '../proto/refusal.ts'
import { requireAllNodes } from './audit/key-confirm.ts'
import { type Change, type ChangeOf, type ChangeOp, coldOps } from './change.ts'
import type { Root } from './documents.ts'
import { requireStanding } from './key-standing.ts'
import { networkOf, type Rulebook } from './rulebook.ts'
import { requireTemper, type Vault } from './vault.ts'
import type { KeyStanding, VaultRow } from './view.ts'

export interface House {
  readonly root: Root
  readonly rulebook: Rulebook
  /** The change's vault as the log has it; undefined while it has no key. */
  readonly row: VaultRow | undefined
}

export type Fitted =
  | { readonly kind: 'new'; readonly key: Handle }
  | { readonly kind: 'key'; readonly row: VaultRow }
  | { readonly kind: 'peers' }
  | { readonly kind: 'ceremony' }

/** Freeze stops what cannot be taken back or gives somebody else a part in the key. */
export function stopsWhenFrozen(op: ChangeOp): boolean {
  switch (op) {
    case 'key.reshare':
    case 'key.export':
    case 'key.destroy':
    case 'peer.readmit':
    // A frozen key signs nothing at all.
    case 'key.prove':
      return true
    // A refresh heals and widens nothing; a new key holds nothing yet; a plan is no deed.
    case 'ceremony.plan':
    case 'key.create':
    case 'key.import':
    case 'key.refresh':
      return false
  }
}

export function requireFit(change: Change, house: House): Fitted {
  switch (change.op) {
    case 'peer.readmit':
      requirePeers(change, house)
      return { kind: 'peers' }
    case 'ceremony.plan':
      requireColdVaults(change, house)
      return { kind: 'ceremony' }
    case 'key.create':
    case 'key.import': {
      const key = keyNamed(change, house)
      if (house.row !== undefined) refuse('KEY_EXISTS', `${change.vault} has a key`)
      if (change.op === 'key.import') requireNonces(change, house)
      return { kind: 'new', key }
    }
    case 'key.refresh':
    case 'key.reshare':
    case 'key.export':
    case 'key.destroy':
    case 'key.prove': {
      const row = keyOf(change, house)
      requireStanding(row, lawful[change.op])
      requireState(change, row)
      requireMembers(change, row, house)
      return { kind: 'key', row }
    }
  }
}

type OnKey = ChangeOf<'key.refresh' | 'key.reshare' | 'key.export' | 'key.destroy' | 'key.prove'>

/** An exported key may go to its recipient again, when the first sending was lost. */
const lawful: { readonly [K in OnKey['op']]: readonly KeyStanding[] } = {
  'key.refresh': ['active', 'unrefreshed'],
  'key.reshare': ['active'],
  'key.export': ['active', 'exported'],
  'key.destroy': ['active', 'unrefreshed', 'exported'],
  'key.prove': ['active'],
}

/** The key that the policy names for the vault. */
function keyNamed({ op, vault }: Change, house: House): Handle {
  const named = vaultNamed(vault, house)
  requireTemper(named.tier, house.root)
  // Shares from outside, or for outside, pass no table.
  if (named.tier === 'cold' && !coldOps.has(op)) {
    refuse('NOT_SUPPORTED', `${op} of a cold key is no matter of a ceremony`)
  }
  return named.key
}

function requireNonces({ vault, terms }: ChangeOf<'key.import'>, { rulebook }: House): void {
  if (terms.nonces === undefined || networkOf(rulebook, vault)?.slot.kind === 'nonce') return
  refuse('NONCE', `nonces: accounts of the network of ${vault} have none`)
}

function vaultNamed(vault: VaultId, { rulebook }: House): Vault {
  const named = rulebook.vaults.get(vault)
  return named ?? refuse('VAULT_NOT_FOUND', `the policy names no vault ${vault}`)
}

/** What waits for its ceremony fits before that was planned; whether one is open is asked later. */
function requireColdVaults({ terms }: ChangeOf<'ceremony.plan'>, house: House): void {
  if (!house.root.cold) refuse('NOT_SUPPORTED', 'ceremonies are planned in the log of cold vaults')
  for (const vault of terms.vaults) requireTemper(vaultNamed(vault, house).tier, house.root)
}

function keyOf(change: Change, house: House): VaultRow {
  const key = keyNamed(change, house)
  const { row } = house
  if (row === undefined) return refuse('VAULT_NOT_FOUND', `vault ${change.vault} has no key`)
  if (row.key !== key) refuse('KEY_DISABLED', `expected the key ${key}, got ${row.key}`)
  return row
}

function requireState(change: OnKey, row: VaultRow): void {
  const epoch = epochOf(change)
  if (epoch !== undefined && epoch !== row.epoch) {
    refuse('EPOCH', `expected epoch ${row.epoch}, got ${epoch}`)
  }
  const { keyState } = change.terms
  if (keyState !== row.keyState) refuse('EPOCH', `expected key state ${row.keyState}`)
}

/** An export names the key state alone, which only one epoch has. */
function epochOf(change: OnKey): number | undefined {
  switch (change.op) {
    case 'key.refresh':
    case 'key.destroy':
    case 'key.prove':
      return change.terms.epoch
    case 'key.reshare':
      return change.terms.from
    case 'key.export':
      return undefined
  }
}

function requireMembers(change: OnKey, row: VaultRow, { root }: House): void {
  const known = new Set<string>(root.nodes.map(({ node }) => node))
  if (change.op === 'key.refresh') {
    const gone = row.participants.find(({ node }) => !known.has(node))
    if (gone !== undefined) refuse('PARTICIPANTS', `${gone.node} is no node of the root`)
  }
  if (change.op !== 'key.reshare') return
  requireAllNodes(change.terms, root)
  const { dealers, participants } = change.terms
  const places = dealers.map((node) => row.participants.find((one) => one.node === node)?.x ?? 0)
  const ascending = places.every((x, at) => x > (places[at - 1] ?? 0))
  if (!ascending || dealers.length < row.t || !dealers.every((node) => known.has(node))) {
    refuse('PARTICIPANTS', `dealers: expected at least ${row.t} holders that the root names`)
  }
  // The old share at that place would be another node's new one.
  const taken = participants.find(({ node, x }) => {
    const at = places.indexOf(x)
    return at >= 0 && dealers[at] !== node
  })
  if (taken !== undefined) refuse('PARTICIPANTS', `${taken.node} takes the place of a dealer`)
}

/** A Station is never online to be asked; one that was found at fault is replaced by a root. */
function requirePeers({ terms }: ChangeOf<'peer.readmit'>, { root }: House): void {
  if (root.cold) refuse('NOT_SUPPORTED', 'a station is not readmitted: another takes its place')
  for (const node of [terms.node, terms.peer]) {
    if (!root.nodes.some((known) => known.node === node)) {
      refuse('PARTICIPANTS', `${node} is no node of the root`)
    }
  }
}

/** A key line must carry over what makes the address. */
export function requireSameKey(
  expected: { readonly publicKey: Uint8Array; readonly chainCode: Uint8Array },
  got: { readonly publicKey: Uint8Array; readonly chainCode: Uint8Array },
): void {
  for (const field of ['publicKey', 'chainCode'] as const) {
    const [want, has] = [toHex(expected[field]), toHex(got[field])]
    if (want !== has) refuse('KEY_DISABLED', `${field}: expected ${want}, got ${has}`)
  }
}

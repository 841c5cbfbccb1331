// The slot rule of EVM addresses: which nonce a reservation gets, and which nonces become holes.
// The lowest hole, else one above all given. A hole is a nonce whose intents have all ended and
// of which none has a transaction that was not dropped. Only the last holder is remembered: a nonce
// is given again only when every earlier holder has ended, and that is for ever.
// A new intent on a hole may lose the race to an unseen signature of an old one; never two effects.
import type { Digest, VaultId } from '../../proto/ids.ts'
import { isCancel } from '../intent.ts'
import type { Reading, Write } from './rows.ts'
import { hasEnded } from './standing.ts'
import {
  below,
  get,
  type IntentStored,
  key,
  put,
  remove,
  type SlotStored,
  tables,
} from './tables.ts'

export interface Address {
  readonly vault: VaultId
  readonly path: string
}

/** Of a vault: every path with a nonce of its own but the first, `m`, and the deposit paths. */
export function* pathsBeside(vault: VaultId): Reading<readonly string[]> {
  const table = tables.slots.name
  const found: string[] = []
  for (const [from, to] of [
    [key(vault, 'm/'), key(vault, 'm/1/')],
    // `:` comes right after the digits.
    [key(vault, 'm/1/:'), `${vault}}`],
  ] as const) {
    const rows = yield { kind: 'scan', table, from, to }
    found.push(...rows.map((row) => row.key.slice(vault.length + 1)))
  }
  return found
}

/** The nonce that the rule gives at time `t`. */
export function* nextNonce({ vault, path }: Address, t: number): Reading<number> {
  for (const { nonce, holder } of yield* below(tables.openSlot, vault, path)) {
    if (holder === '') return nonce
    const row = yield* get(tables.intent, holder)
    if (row !== undefined && isOver(row, t)) return nonce
  }
  return (yield* get(tables.slots, vault, path))?.next ?? 0
}

/** An untried cancel holds it until it is given back: what it cancels may then go on. */
function isOver(row: IntentStored, t: number): boolean {
  return hasEnded(row, t) && !(isCancel(row.op) && row.attempts === 0)
}

export function* give(address: Address, nonce: number, intent: Digest): Reading<readonly Write[]> {
  const { vault, path } = address
  const next = (yield* get(tables.slots, vault, path))?.next ?? 0
  const raised = put(tables.slots, key(vault, path), { next: Math.max(next, nonce + 1) })
  return [raised, ...(yield* change(address, nonce, (row) => ({ ...row, holder: intent })))]
}

/** From `intent` alone: what ran out may have lost it to another request before a line says so. */
export function takeBack(
  address: Address,
  nonce: number,
  intent: Digest,
): Reading<readonly Write[]> {
  return change(address, nonce, (row) => (row.holder === intent ? { ...row, holder: '' } : row))
}

/** One more of its intents (`by` 1) or one less (`by` -1) may have the transaction that lands. */
export function count(address: Address, nonce: number, by: 1 | -1): Reading<readonly Write[]> {
  return change(address, nonce, (row) => ({ ...row, uses: row.uses + by }))
}

function* change(
  { vault, path }: Address,
  nonce: number,
  to: (row: SlotStored) => SlotStored,
): Reading<readonly Write[]> {
  const open = yield* get(tables.openSlot, vault, path, nonce)
  const used = open ?? (yield* get(tables.usedSlot, vault, path, nonce))
  const row = to(used ?? { holder: '', nonce, uses: 0 })
  const at = key(vault, path, nonce)
  return row.uses > 0
    ? [remove(tables.openSlot, at), put(tables.usedSlot, at, row)]
    : [remove(tables.usedSlot, at), put(tables.openSlot, at, row)]
}

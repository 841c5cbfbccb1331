// How a fenced node signs again (the walk, section 6: `rejoin`). A copy of its disk may be anywhere,
// so every share that such a copy can hold must be worth nothing: each vault of which this node has
// a share has one that was dealt in a change that was asked for after the fence.
// INVARIANT: by the witnessed log alone. A share that was pending when the disk was copied does not
// count, whenever its line came: it was dealt in an older change.
import { parseEntry } from '../policy/audit/entry.ts'
import { readSync } from '../policy/audit/rows.ts'
import { get, tables } from '../policy/audit/tables.ts'
import type { VaultRow } from '../policy/view.ts'
import type { Digest } from '../proto/ids.ts'
import type { Parts } from './parts.ts'

type Known = Pick<Parts, 'self' | 'copy' | 'rows' | 'meta' | 'keyshares'>

/** False while there is no key at all: nothing that was copied has been replaced then. */
export function hasRejoined(parts: Known): boolean {
  const { self, meta, keyshares } = parts
  const since = meta.fencedSince()
  if (since === undefined) return false
  const own = keyshares.vaults().filter(({ standing, participants }) => {
    return standing !== 'disabled' && participants.some(({ node }) => node === self.node)
  })
  return own.length > 0 && own.every((row) => isDealtSince(parts, row, since))
}

/** Held to sign with: so its line is witnessed, and the share is no restored one. */
function isDealtSince(parts: Known, row: VaultRow, since: number): boolean {
  const { copy, rows, keyshares } = parts
  const seq = copy.keyLine(row.vault, row.epoch)
  const change = seq === undefined ? undefined : changeOf(copy.line(seq))
  if (change === undefined || keyshares.of(row) === undefined) return false
  const asked = readSync(get(tables.intent, change), rows)?.seq
  return asked !== undefined && asked >= since
}

/** Undefined for a first key, which no change asked for. */
function changeOf(line: Uint8Array | undefined): Digest | undefined {
  const entry = line === undefined ? undefined : parseEntry(line)
  switch (entry?.type) {
    case 'key.created':
    case 'key.imported':
    case 'key.refreshed':
    case 'key.reshared':
      return entry.body.change
    default:
      return undefined
  }
}

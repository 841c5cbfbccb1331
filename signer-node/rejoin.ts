// How a fenced node signs again (the walk, section 6: `rejoin`). A copy of its disk may be
// anywhere, so every share that such a copy can hold must be worth nothing: each vault of which
// this node has a share has one that was dealt in a change that was asked for after the fence.
// What the lost disk had given away, counters of receipts, is not given again.
// INVARIANT: by the witnessed log alone. A share that was pending when the disk was copied does not
// count, whenever its line came: it was dealt in an older change.
import { parseEntry } from '../policy/audit/entry.ts'
import { readSync } from '../policy/audit/rows.ts'
import { get, tables } from '../policy/audit/tables.ts'
import type { VaultRow } from '../policy/view.ts'
import type { Digest } from '../proto/ids.ts'
import type { JournalHead } from './journal.ts'
import type { Parts } from './parts.ts'

/** Receipts that a node may have released before the log shows the first of them. */
const unseenMax = 256

type Receipts = Pick<Parts, 'self' | 'rows' | 'journal' | 'place'>
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

/**
 * The last receipt that the log or the second place knows of. Nobody signed the lines that name
 * receipts but the log, so they count only as far as they are about as many as they say.
 */
export function lastReceipt({ self, rows, journal, place }: Receipts): JournalHead {
  const { counter } = journal.head()
  let last: JournalHead = { counter, digest: '' }
  for (let at = counter + 1; at <= last.counter + unseenMax; at += 1) {
    const known = readSync(get(tables.receipt, self.node, at), rows)
    if (known !== undefined) last = { counter: at, digest: known.receipt }
  }
  const second = place.read()?.counter ?? 0
  return second > last.counter ? { counter: second, digest: '' } : last
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

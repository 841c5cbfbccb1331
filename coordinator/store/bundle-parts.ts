// Files of Bundles in parts: those that a coordinator made for a room, and those that somebody puts
// after one. Parts of a file come in order and join without a gap; the same part again is no harm.
// INVARIANT: nothing here was judged; whoever reads a Bundle compares it with its manifest.
import { concat, equalBytes, toHex } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import { bytesOf, numberOf, type Session, type Store, textOf } from './store.ts'

/** Whose files these are. */
export interface BundleOf {
  readonly origin: string
  readonly plan: Digest
  readonly bundle: Digest
}

export interface BundlePart {
  readonly name: string
  /** How many bytes of the file came before. */
  readonly offset: number
  readonly content: Uint8Array
}

/** Bytes of the file that are kept then. */
export function putBundlePart(store: Store, of: BundleOf, part: BundlePart): Promise<number> {
  return store.transaction(async (session) => {
    const { name, offset, content } = part
    const kept = await keptOf(session, of, name)
    const size = offset + content.length
    if (kept.length >= size && equalBytes(kept.subarray(offset, size), content)) return kept.length
    if (kept.length !== offset) {
      refuse('MALFORMED', `${name}: expected the bytes from ${kept.length} on, got ${offset}`)
    }
    await requireRoom(session, of, content.length)
    await insert(session, of, part)
    return size
  })
}

/** A whole Bundle at once; one that is there already stays as it is. */
export async function putBundle(
  session: Session,
  of: BundleOf,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  for (const [name, content] of files) await insert(session, of, { name, offset: 0, content })
}

/** Every file by its name; empty where nothing was put. */
export async function readBundle(
  session: Session,
  { origin, bundle }: Pick<BundleOf, 'origin' | 'bundle'>,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const rows = await session.query(
    `select name, content from bundle_part where origin = $1 and bundle = $2
     order by name, at`,
    [origin, bundle],
  )
  const parts = new Map<string, Uint8Array[]>()
  for (const row of rows) {
    const name = textOf(row, 'name')
    parts.set(name, [...(parts.get(name) ?? []), bytesOf(row, 'content')])
  }
  return new Map([...parts].map(([name, contents]) => [name, concat(...contents)]))
}

export async function dropBundle(
  session: Session,
  { origin, bundle }: Pick<BundleOf, 'origin' | 'bundle'>,
): Promise<void> {
  await session.query('delete from bundle_part where origin = $1 and bundle = $2', [origin, bundle])
}

async function keptOf(session: Session, of: BundleOf, name: string): Promise<Uint8Array> {
  const rows = await session.query(
    `select content from bundle_part where origin = $1 and bundle = $2 and name = $3 order by at`,
    [of.origin, of.bundle, name],
  )
  return concat(...rows.map((row) => bytesOf(row, 'content')))
}

async function insert(
  session: Session,
  { origin, plan, bundle }: BundleOf,
  { name, offset, content }: BundlePart,
): Promise<void> {
  await session.query(
    `insert into bundle_part (origin, plan, bundle, name, at, content)
     values ($1, $2, $3, $4, $5, decode($6, 'hex')) on conflict do nothing`,
    [origin, plan, bundle, name, offset, toHex(content)],
  )
}

async function requireRoom(session: Session, of: BundleOf, more: number): Promise<void> {
  const { bundleBytesMax, bundlesPerPlanMax } = limits
  const [bytes] = await session.query(
    `select coalesce(sum(length(content)), 0)::bigint as bytes from bundle_part
     where origin = $1 and bundle = $2`,
    [of.origin, of.bundle],
  )
  const size = (bytes === undefined ? 0 : numberOf(bytes, 'bytes')) + more
  if (size > bundleBytesMax) {
    refuse('TOO_LARGE', `bundle: expected at most ${bundleBytesMax} bytes, got ${size}`)
  }
  const [others] = await session.query(
    `select count(distinct bundle)::bigint as bundles from bundle_part
     where origin = $1 and plan = $2 and bundle <> $3`,
    [of.origin, of.plan, of.bundle],
  )
  if ((others === undefined ? 0 : numberOf(others, 'bundles')) >= bundlesPerPlanMax) {
    refuse('TOO_LARGE', `plan: expected at most ${bundlesPerPlanMax} Bundles`)
  }
}

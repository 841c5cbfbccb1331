// Files of Bundles in parts: those that a coordinator made for a room, and those that somebody puts
// after one. Parts of a file come in order and join without a gap; the same part again is no harm.
// INVARIANT: nothing here was judged; whoever reads a Bundle compares it with its manifest. So each
// operator has a few of their own for a plan, of which the one longest untouched makes room: a good
// Bundle can always be put, whatever was put before it and by whom.
import { concat, equalBytes, toHex } from '../../proto/crypto.ts'
import type { Digest, Handle } from '../../proto/ids.ts'
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import { bytesOf, numberOf, type Session, type Store, textOf } from './store.ts'

/** Whose files these are. */
export interface BundleOf {
  readonly origin: string
  readonly plan: Digest
  readonly bundle: Digest
  /** The operator who puts it; of the coordinator's own, nobody. */
  readonly by: Handle | ''
}

/** Which files: without the plan that they are for. */
type Named = Omit<BundleOf, 'plan'>

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
    const kept = await lengthOf(session, of, name)
    const size = offset + content.length
    if (kept >= size && equalBytes(await bytesFrom(session, of, part), content)) return kept
    if (kept !== offset) {
      refuse('MALFORMED', `${name}: expected the bytes from ${kept} on, got ${offset}`)
    }
    await requireRoom(session, of, content.length)
    if (offset === 0) await makeRoom(session, of)
    await insert(session, of, part)
    return size
  })
}

/** A whole Bundle or nothing of it; one that is there already stays as it is. */
export async function putBundle(
  store: Store,
  of: BundleOf,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  await store.transaction(async (session) => {
    for (const [name, content] of files) await insert(session, of, { name, offset: 0, content })
  })
}

/** Every file by its name; empty where nothing was put. */
export async function readBundle(
  session: Session,
  { origin, bundle, by }: Named,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const rows = await session.query(
    `select name, content from bundle_part where origin = $1 and bundle = $2 and put_by = $3
     order by name, at`,
    [origin, bundle, by],
  )
  const parts = new Map<string, Uint8Array[]>()
  for (const row of rows) {
    const name = textOf(row, 'name')
    parts.set(name, [...(parts.get(name) ?? []), bytesOf(row, 'content')])
  }
  return new Map([...parts].map(([name, contents]) => [name, concat(...contents)]))
}

/** Of this plan and of whoever put it all other ones: tries that came to nothing. */
export async function dropOthers(
  session: Session,
  of: Omit<BundleOf, 'bundle'> & { readonly bundle: Digest | '' },
): Promise<void> {
  await session.query(
    'delete from bundle_part where origin = $1 and plan = $2 and put_by = $3 and bundle <> $4',
    [of.origin, of.plan, of.by, of.bundle],
  )
}

export async function dropBundle(session: Session, { origin, bundle, by }: Named): Promise<void> {
  await session.query('delete from bundle_part where origin = $1 and bundle = $2 and put_by = $3', [
    origin,
    bundle,
    by,
  ])
}

/** By the last part alone: a file comes in thousands of them, and each is put by its own call. */
async function lengthOf(session: Session, of: BundleOf, name: string): Promise<number> {
  const [last] = await session.query(
    `select at + length(content) as size from bundle_part
     where origin = $1 and bundle = $2 and put_by = $3 and name = $4 order by at desc limit 1`,
    [of.origin, of.bundle, of.by, name],
  )
  return last === undefined ? 0 : numberOf(last, 'size')
}

/** As many as the part has, out of the parts that these bytes lie in. */
async function bytesFrom(
  session: Session,
  of: BundleOf,
  { name, offset, content }: BundlePart,
): Promise<Uint8Array> {
  const rows = await session.query(
    `select at, content from bundle_part
     where origin = $1 and bundle = $2 and put_by = $3 and name = $4 and at < $6 and at >= (
       select max(at) from bundle_part
       where origin = $1 and bundle = $2 and put_by = $3 and name = $4 and at <= $5)
     order by at`,
    [of.origin, of.bundle, of.by, name, offset, Math.max(offset + content.length, 1)],
  )
  const [first] = rows
  const from = first === undefined ? 0 : offset - numberOf(first, 'at')
  return concat(...rows.map((row) => bytesOf(row, 'content'))).subarray(from, from + content.length)
}

async function insert(
  session: Session,
  { origin, plan, bundle, by }: BundleOf,
  { name, offset, content }: BundlePart,
): Promise<void> {
  await session.query(
    `insert into bundle_part (origin, plan, bundle, put_by, name, at, content)
     values ($1, $2, $3, $4, $5, $6, decode($7, 'hex')) on conflict do nothing`,
    [origin, plan, bundle, by, name, offset, toHex(content)],
  )
}

async function requireRoom(
  session: Session,
  { origin, bundle, by }: Named,
  more: number,
): Promise<void> {
  const [kept] = await session.query(
    `select coalesce(sum(length(content)), 0)::bigint as bytes, count(*)::bigint as parts
     from bundle_part where origin = $1 and bundle = $2 and put_by = $3`,
    [origin, bundle, by],
  )
  const of = (column: string): number => (kept === undefined ? 0 : numberOf(kept, column))
  requireAtMost(limits.bundleBytesMax, 'bytes', of('bytes') + more)
  requireAtMost(limits.bundlePartsMax, 'parts', of('parts') + 1)
}

function requireAtMost(most: number, what: string, got: number): void {
  if (got > most) refuse('TOO_LARGE', `bundle: expected at most ${most} ${what}, got ${got}`)
}

/** Of what this operator has put for this plan, the Bundle longest untouched goes for a new one. */
async function makeRoom(session: Session, { origin, plan, bundle, by }: BundleOf): Promise<void> {
  await session.query(
    `delete from bundle_part where origin = $1 and plan = $2 and put_by = $3 and bundle in (
       select bundle from bundle_part
       where origin = $1 and plan = $2 and put_by = $3 and bundle <> $4
       group by bundle order by max(nth) desc offset $5)`,
    [origin, plan, by, bundle, limits.bundlesPerOperatorMax - 1],
  )
}

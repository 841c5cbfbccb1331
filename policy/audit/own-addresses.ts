// The own addresses that a log knows, by network: those of vaults, every path that an intent, a
// proof or an import names, and how many deposit addresses of each vault were opened. No address
// that anybody was ever told, or that anything was ever paid from, is missing.
// Read from lines that were verified; whoever verifies names the void ones.
import { fromUtf8, toUtf8 } from '../../proto/crypto.ts'
import type { Handle, VaultId } from '../../proto/ids.ts'
import { parse } from '../../proto/jcs.ts'
import { attempt, isRefusal } from '../../proto/refusal.ts'
import { signedShape } from '../../proto/signed.ts'
import { addressAt } from '../chain/address.ts'
import type { ExtendedKey } from '../chain/derive.ts'
import { parseChange } from '../change.ts'
import { depositIndex, ownPath } from '../deposit-path.ts'
import { parseIntent } from '../request.ts'
import { parseRulebook } from '../rulebook.ts'
import type { Entry } from './entry.ts'
import type { Blob } from './export.ts'

/** The deposit addresses of a vault that the log has opened: indices below `until`. */
export interface OpenedDeposits {
  readonly vault: VaultId
  readonly key: ExtendedKey
  readonly until: number
}

export interface OwnAddresses {
  /** Those that `deposits` does not cover. */
  readonly own: ReadonlySet<string>
  /** In the order of vaults. */
  readonly deposits: readonly OpenedDeposits[]
  /** Contracts of tokens that any policy of the export names. */
  readonly tokens: ReadonlySet<string>
}

/** Whether the path is one of these deposit addresses. */
export function isOpened(
  deposits: readonly Pick<OpenedDeposits, 'vault' | 'until'>[],
  vault: string,
  path: string,
): boolean {
  const index = depositIndex(path)
  const until = deposits.find((one) => one.vault === vault)?.until ?? 0
  return index !== undefined && index < until
}

export type Keys = ReadonlyMap<VaultId, ExtendedKey>

/** A vault has one key for ever. */
export function keysIn(entries: readonly Entry[]): Keys {
  return new Map(
    entries.flatMap(({ type, body }) => {
      const isKey = type === 'key.generated' || type === 'key.created' || type === 'key.imported'
      if (!isKey) return []
      const { vault, publicKey, chainCode } = body
      return [[vault, { publicKey, chainCode }] as const]
    }),
  )
}

interface Place {
  readonly vault: VaultId
  readonly path: string
}

export function ownOn(
  network: string,
  entries: readonly Entry[],
  { keys, blobs }: { readonly keys: Keys; readonly blobs: readonly Blob[] },
): OwnAddresses {
  const { vaults, tokens } = namedOn(network, blobs)
  const deposits = openedIn(entries, keys).filter(({ vault }) => vaults.has(vault))
  const contents = blobs.flatMap(({ kind, content }) => (kind === 'intent' ? [content] : []))
  const places = new Map<string, Place>()
  for (const vault of vaults) places.set(`${vault} ${ownPath}`, { vault, path: ownPath })
  for (const place of reservedOn(network, entries)) places.set(nameOf(place), place)
  const paid = new Map<string, string>()
  for (const content of contents) {
    const intent = documentIn(content, (document) => parseIntent(document).intent)
    for (const place of intent === undefined ? changed(content) : [intent]) {
      if (vaults.has(place.vault)) places.set(nameOf(place), place)
    }
    if (intent?.toPath !== undefined) paid.set(intent.to, intent.toPath)
  }
  const at = ({ vault, path }: Place): readonly string[] => {
    const key = keys.get(vault)
    const isElsewhere = key === undefined || isOpened(deposits, vault, path)
    return isElsewhere ? [] : [addressAt(network, key, path)]
  }
  const own = new Set([...places.values()].flatMap(at))
  // Whose it is, an intent does not say: a path below an own vault is that of one of them.
  for (const [to, path] of paid) {
    if ([...vaults].some((vault) => at({ vault, path }).includes(to))) own.add(to)
  }
  return { own, tokens, deposits }
}

function nameOf({ vault, path }: Place): string {
  return `${vault} ${path}`
}

function openedIn(entries: readonly Entry[], keys: Keys): readonly OpenedDeposits[] {
  const opened = new Map<VaultId, number>()
  for (const { type, body } of entries) {
    if (type !== 'addresses.opened') continue
    opened.set(body.vault, Math.max(opened.get(body.vault) ?? 0, body.from + body.count))
  }
  return [...opened]
    .flatMap(([vault, until]) => {
      const key = keys.get(vault)
      return key === undefined ? [] : [{ vault, key, until }]
    })
    .toSorted((a, b) => (a.vault < b.vault ? -1 : 1))
}

function reservedOn(network: string, entries: readonly Entry[]): readonly Place[] {
  return entries.flatMap(({ type, body }) => {
    return type === 'spend.reserved' && body.network === network ? [body] : []
  })
}

/** By every policy that was ever in force: what a vault did before the last one counts too. */
function namedOn(network: string, blobs: readonly Blob[]) {
  const [vaults, tokens] = [new Set<VaultId>(), new Set<string>()]
  for (const { kind, content } of blobs) {
    if (kind !== 'policy') continue
    const rulebook = attempt(() => parseRulebook(fromUtf8(content) ?? ''))
    if (isRefusal(rulebook)) continue
    const isHere = (id: Handle) => rulebook.networks.get(id)?.caip2 === network
    for (const { id, network: at } of rulebook.vaults.values()) if (isHere(at)) vaults.add(id)
    for (const { contract, network: at } of rulebook.assets.values()) {
      if (isHere(at) && contract !== '') tokens.add(contract)
    }
  }
  return { vaults, tokens }
}

/** What a proof names, and what the request of an import says was used before. */
function changed(content: Uint8Array): readonly Place[] {
  const change = documentIn(content, (document) => parseChange(document).change)
  if (change?.op === 'key.prove') return [{ vault: change.vault, path: change.terms.path }]
  if (change?.op !== 'key.import') return []
  return (change.terms.nonces ?? []).map(({ path }) => ({ vault: change.vault, path }))
}

/** Undefined where it is not in the export, or is none. */
export function documentIn<T extends object>(
  content: Uint8Array | undefined,
  parsed: (document: Uint8Array) => T,
): T | undefined {
  if (content === undefined || fromUtf8(content) === undefined) return undefined
  const read = attempt(() => parsed(toUtf8(signedShape(parse(content), 'intent').document)))
  return isRefusal(read) ? undefined : read
}

// What the log says was paid, line by line: for each reservation with a signature the address that
// pays, what it moves, its nonce, what it may cost, and every transaction that was signed for it.
// Read from lines that were verified; whoever verifies names the void ones.
import { fromUtf8, toUtf8 } from '../../proto/crypto.ts'
import type { Digest, Handle } from '../../proto/ids.ts'
import { parse } from '../../proto/jcs.ts'
import { attempt, isRefusal } from '../../proto/refusal.ts'
import { signedShape } from '../../proto/signed.ts'
import { addressAt } from '../chain/address.ts'
import { movesToken } from '../chain/chains.ts'
import type { ExtendedKey } from '../chain/derive.ts'
import { parseChange } from '../change.ts'
import type { Op } from '../intent.ts'
import { parseIntent } from '../request.ts'
import { parseRulebook } from '../rulebook.ts'
import type { Entry, EntryOf } from './entry.ts'
import type { Blob } from './export.ts'

export interface Paid {
  readonly intent: Digest
  readonly network: string
  readonly op: Op
  /** The own address. */
  readonly from: string
  readonly to: string
  /** Empty for the coin; undefined where the intent is not in the export. */
  readonly contract: string | undefined
  readonly amount: bigint
  /** The most that one of its transactions may cost. */
  readonly feeMax: bigint
  readonly slot: string
  readonly txids: readonly string[]
  readonly settled: { readonly txid: string; readonly height: bigint } | undefined
  readonly isDropped: boolean
  /** `seq` of the reservation. */
  readonly line: number
}

export interface OwnAddresses {
  readonly paid: readonly Paid[]
  /**
   * Every own address of the network that the lines know: of vaults, of paths that paid, and of
   * those that an imported key paid from before it came.
   */
  readonly own: ReadonlySet<string>
  /** Contracts of tokens that any policy of the export names. */
  readonly tokens: ReadonlySet<string>
}

export function paidOn(
  network: string,
  entries: readonly Entry[],
  blobs: readonly Blob[],
): OwnAddresses {
  const keys = new Map<string, ExtendedKey>()
  const own = new Set<string>()
  const past = new Map<string, readonly string[]>()
  const found = new Map<string, { -readonly [K in keyof Paid]: Paid[K] }>()
  const intents = new Map(
    blobs.flatMap(({ kind, digest, content }) => (kind === 'intent' ? [[digest, content]] : [])),
  )
  for (const entry of entries) {
    const { type, body } = entry
    if (type === 'key.generated' || type === 'key.created' || type === 'key.imported') {
      const { vault, publicKey, chainCode } = body
      keys.set(vault, { publicKey, chainCode })
      if (type === 'key.imported') past.set(vault, pathsBefore(intents.get(body.change)))
    } else if (type === 'spend.reserved' && body.network === network) {
      const key = keys.get(body.vault)
      if (key === undefined) continue
      found.set(body.intent, reservedBy(entry, key, intents.get(body.intent)))
    } else if (type === 'session.started') {
      const paid = found.get(body.intent)
      if (paid !== undefined && body.fee.max > paid.feeMax) paid.feeMax = body.fee.max
    } else if (type === 'sign.completed') {
      const paid = found.get(body.intent)
      if (paid !== undefined) paid.txids = [...paid.txids, body.txid]
    } else if (type === 'tx.settled' || type === 'tx.dropped') {
      const paid = found.get(body.intent)
      if (paid === undefined) continue
      if (type === 'tx.dropped') paid.isDropped = true
      else paid.settled = { txid: body.txid, height: BigInt(body.height) }
    }
  }
  for (const { from } of found.values()) own.add(from)
  const { vaults, tokens } = namedOn(network, blobs)
  for (const vault of vaults) {
    const key = keys.get(vault)
    if (key === undefined) continue
    for (const path of ['m', ...(past.get(vault) ?? [])]) own.add(addressAt(network, key, path))
  }
  return { paid: [...found.values()].filter(({ txids }) => txids.length > 0), own, tokens }
}

/** By every policy that was ever in force: what a vault did before the last one counts too. */
function namedOn(network: string, blobs: readonly Blob[]) {
  const [vaults, tokens] = [new Set<string>(), new Set<string>()]
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

function reservedBy(
  { body, seq }: EntryOf<'spend.reserved'>,
  key: ExtendedKey,
  intent: Uint8Array | undefined,
): Paid {
  const { network, op, path, to, amount, slot } = body
  return {
    ...{ intent: body.intent, network, op, to, amount, slot, line: seq },
    from: addressAt(network, key, path),
    contract: movesToken(op) ? contractOf(intent) : '',
    feeMax: 0n,
    txids: [],
    settled: undefined,
    isDropped: false,
  }
}

/** The token of a signed intent. */
function contractOf(content: Uint8Array | undefined): string | undefined {
  const read = documentOf(content, (document) => parseIntent(document).intent)
  return read?.contract
}

/** As the request of an import says. */
function pathsBefore(content: Uint8Array | undefined): readonly string[] {
  const change = documentOf(content, (document) => parseChange(document).change)
  const nonces = change?.op === 'key.import' ? change.terms.nonces : undefined
  return (nonces ?? []).map(({ path }) => path)
}

/** Undefined where it is not in the export, or is none. */
function documentOf<T extends object>(
  content: Uint8Array | undefined,
  parsed: (document: Uint8Array) => T,
): T | undefined {
  if (content === undefined || fromUtf8(content) === undefined) return undefined
  const read = attempt(() => parsed(toUtf8(signedShape(parse(content), 'intent').document)))
  return isRefusal(read) ? undefined : read
}

// What the log says was paid, line by line: for each reservation with a signature the address that
// pays, what it moves, its nonce, what it may cost, and every transaction that was signed for it.
// Read from lines that were verified; whoever verifies names the void ones.
import type { Digest, VaultId } from '../../proto/ids.ts'
import { addressAt } from '../chain/address.ts'
import { movesToken } from '../chain/chains.ts'
import type { ExtendedKey } from '../chain/derive.ts'
import type { Op } from '../intent.ts'
import { parseIntent } from '../request.ts'
import type { Entry, EntryOf } from './entry.ts'
import type { Blob } from './export.ts'
import { documentIn, keysIn, type OwnAddresses, ownOn } from './own-addresses.ts'

export interface Paid {
  readonly intent: Digest
  readonly network: string
  readonly op: Op
  readonly vault: VaultId
  readonly path: string
  /** The own address. */
  readonly from: string
  readonly to: string
  /** Of the own address that it pays, below an own vault. */
  readonly toPath?: string
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

/** What a network should show. */
export interface Known extends OwnAddresses {
  readonly paid: readonly Paid[]
}

export function paidOn(network: string, entries: readonly Entry[], blobs: readonly Blob[]): Known {
  const keys = keysIn(entries)
  const found = new Map<string, { -readonly [K in keyof Paid]: Paid[K] }>()
  const intents = new Map(
    blobs.flatMap(({ kind, digest, content }) => (kind === 'intent' ? [[digest, content]] : [])),
  )
  for (const entry of entries) {
    const { type, body } = entry
    if (type === 'spend.reserved' && body.network === network) {
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
  const paid = [...found.values()].filter(({ txids }) => txids.length > 0)
  return { paid, ...ownOn(network, entries, { keys, blobs }) }
}

function reservedBy(
  { body, seq }: EntryOf<'spend.reserved'>,
  key: ExtendedKey,
  intent: Uint8Array | undefined,
): Paid {
  const { network, op, vault, path, to, amount, slot } = body
  const signed = documentIn(intent, (document) => parseIntent(document).intent)
  return {
    ...{ intent: body.intent, network, op, vault, path, to, amount, slot, line: seq },
    from: addressAt(network, key, path),
    contract: movesToken(op) ? signed?.contract : '',
    ...(signed?.toPath === undefined ? {} : { toPath: signed.toPath }),
    feeMax: 0n,
    txids: [],
    settled: undefined,
    isDropped: false,
  }
}

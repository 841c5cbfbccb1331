// What the answers of one Tron endpoint say: a solidified block, checked as far as its own bytes
// go, and what became of a transaction. Strict, because java-tron writes `{}` for what it does not
// have and says with the same status that it failed.
import { toHex } from '../../proto/crypto.ts'
import { field, show, unavailable } from './post.ts'
import type { MinedAt } from './rpc.ts'
import { blockId, type TronHeader } from './tron-block.ts'
import { hexField, type TronEndpoint, textField, wholeField } from './tron-endpoint.ts'
import { movedIn } from './tron-events.ts'
import type { Reference } from './tron-rpc.ts'

/** The newest, or the one of this number; its id is computed from its header. */
export async function solidified(endpoint: TronEndpoint, number?: bigint): Promise<Reference> {
  const { reference } = await solidBlock(endpoint, number)
  return reference
}

interface SolidBlock {
  readonly reference: Reference
  /** As the endpoint tells them. */
  readonly transactions: readonly unknown[]
}

export async function solidBlock(endpoint: TronEndpoint, asked?: bigint): Promise<SolidBlock> {
  const block =
    asked === undefined
      ? await endpoint.ask('walletsolidity/getnowblock')
      : await endpoint.ask('walletsolidity/getblockbynum', { num: Number(asked) })
  const header = headerOf(block)
  const id = blockId(header)
  if (toHex(id) !== textField(block, 'blockID')) {
    throw unavailable(`${endpoint.name}: a block whose id is not that of its header`)
  }
  const transactions = field(block, 'transactions') ?? []
  if (!Array.isArray(transactions) || (asked !== undefined && header.number !== asked)) {
    throw unavailable(`${endpoint.name}: expected the transactions of block ${asked ?? 'now'}`)
  }
  const { number } = header
  return { reference: { number, id, timestamp: Number(header.timestamp) }, transactions }
}

function headerOf(block: unknown): TronHeader {
  const raw = field(field(block, 'block_header'), 'raw_data')
  const isRooted = textField(raw, 'accountStateRoot') !== ''
  return {
    timestamp: BigInt(wholeField(raw, 'timestamp')),
    txTrieRoot: hexField(raw, 'txTrieRoot', 32),
    parentHash: hexField(raw, 'parentHash', 32),
    number: BigInt(wholeField(raw, 'number')),
    witness: hexField(raw, 'witness_address', 21),
    version: BigInt(wholeField(raw, 'version')),
    accountStateRoot: isRooted ? hexField(raw, 'accountStateRoot', 32) : new Uint8Array(0),
  }
}

/** Undefined where the endpoint does not have it. */
export function infoOf(info: unknown, txid: string): Omit<MinedAt, 'final'> | undefined {
  if (isAbsent(info, 'id', txid)) return undefined
  const receipt = field(info, 'receipt') ?? {}
  // A plain transfer has no result of its own: it is in a block because it was made.
  const said = textField(receipt, 'result') || 'SUCCESS'
  const succeeded = said === 'SUCCESS' && textField(info, 'result') !== 'FAILED'
  return { height: BigInt(wholeField(info, 'blockNumber')), succeeded, moved: movedIn(info) }
}

/**
 * Java-tron writes `{}` for what it does not have. With the same status it says that it failed, and
 * what only failed to look has not said that nothing is there.
 */
export function isAbsent(answer: unknown, name: string, txid: string): boolean {
  const id = field(answer, name)
  if (id === txid) return false
  if (id !== undefined || Array.isArray(answer) || Object.keys(Object(answer)).length > 0) {
    throw unavailable(`expected the transaction or nothing, got ${show(JSON.stringify(answer))}`)
  }
  return true
}

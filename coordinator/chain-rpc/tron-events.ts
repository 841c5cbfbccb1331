// What the events of a Tron transaction say that tokens moved. Java-tron writes an event's contract
// as twenty bytes without the prefix, all of it in hex without 0x, and leaves an empty list out.
// An endpoint's word like any other: what has to agree is compared by whoever asks several.
import { tronText } from '../../policy/chain/tron-address.ts'
import { fromHex, toHex } from '../../proto/crypto.ts'
import { field, unavailable } from './post.ts'
import type { Moved } from './rpc.ts'
import { textField } from './tron-endpoint.ts'

/** `info` is the answer to `gettransactioninfobyid`. */
export function movedIn(info: unknown): readonly Moved[] {
  return transfersIn(info).map(({ contract, to, amount }) => ({ contract, to, amount }))
}

/** The same events, with who paid. */
export function transfersIn(info: unknown): readonly Transfer[] {
  const logs = field(info, 'log') ?? []
  if (!Array.isArray(logs)) throw unavailable('expected a list of events')
  return logs.flatMap(transferIn)
}

interface Transfer extends Moved {
  readonly from: string
}

/** Hash of `Transfer(address,address,uint256)`. */
const transferTopic = 'ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'

/** Other events, and those of other forms, say nothing. */
function transferIn(log: unknown): readonly Transfer[] {
  const topics = field(log, 'topics')
  if (!Array.isArray(topics) || topics.length !== 3 || topics[0] !== transferTopic) return []
  const contract = bytesOf(textField(log, 'address'), 20)
  const [from, to] = [bytesOf(topics[1], 32), bytesOf(topics[2], 32)]
  const amount = bytesOf(textField(log, 'data'), 32)
  if (contract === undefined || from === undefined || to === undefined || amount === undefined) {
    return []
  }
  const [payer, payee] = [from, to].map((word) => tronText(word.slice(12)))
  const moved = { contract: tronText(contract), from: payer ?? '', to: payee ?? '' }
  return [{ ...moved, amount: BigInt(`0x${toHex(amount)}`) }]
}

function bytesOf(text: unknown, length: number): Uint8Array | undefined {
  const bytes = typeof text === 'string' ? fromHex(text) : undefined
  return bytes?.length === length ? bytes : undefined
}

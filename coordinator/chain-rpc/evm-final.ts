// What an EVM network has made final, as its endpoints tell it: a transaction in a block, a nonce
// that was used. Final is what lies under enough blocks and, where the network has the tag, at or
// below the endpoint's finalized block; two endpoints have to say so where there are two.
// A receipt is asked for anew each time, because blocks can be replaced.
import { agreedAt, type Sighting } from './agree.ts'
import { allAnswers, requirePassing } from './answers.ts'
import { type Asked, type Endpoint, EndpointRefusal } from './endpoint.ts'
import type { Heads } from './heads.ts'
import { field, unavailable } from './post.ts'
import { isWord, quantity, readQuantity } from './quantity.ts'
import type { MinedAt, Moved, NoncePlace } from './rpc.ts'

/** What of a network is final. `finalized`: by the tag too, which not every chain has. */
export type Finality = 'confirmations' | 'finalized'

export interface Final {
  readonly endpoints: readonly Endpoint[]
  readonly heads: Heads
  /** Blocks on top of a transaction before it counts as final. */
  readonly confirmations: bigint
  readonly finality: Finality
}

const witnessesOfConsumption = 2

export async function minedAt(final: Final, txid: string): Promise<MinedAt | undefined> {
  const { endpoints } = final
  const seen = await allAnswers(endpoints, (_, at) => receiptAt(final, at, txid))
  return agreedAt(
    seen.flatMap((one) => one ?? []),
    endpoints.length,
  )
}

async function receiptAt(final: Final, at: number, txid: string): Promise<Sighting | undefined> {
  const endpoint = endpointAt(final, at)
  const receipt = await endpoint.ask('eth_getTransactionReceipt', [txid])
  // In this order: a head that is older than the receipt would say less, never more.
  const latest = await headOf(final, at)
  if (receipt === null) return undefined
  if (field(receipt, 'transactionHash') !== txid) {
    throw unavailable(`${endpoint.name}: the receipt of another transaction`)
  }
  const height = readQuantity(field(receipt, 'blockNumber'))
  const [block, logs] = [field(receipt, 'blockHash'), field(receipt, 'logs')]
  if (!isWord(block)) throw unavailable('expected the hash of a block')
  const succeeded = readQuantity(field(receipt, 'status')) === 1n
  const moved = Array.isArray(logs) ? logs.flatMap(movedIn) : undefined
  const events = moved?.map(({ contract, to, amount }) => `${contract} ${to} ${amount}`)
  const depth = await finalHeight(final, endpoint, latest)
  return {
    at: {
      ...{ height, succeeded, final: depth !== undefined && height <= depth },
      ...(moved === undefined ? {} : { moved }),
    },
    same: [block, height, succeeded, ...(events ?? ['untold'])].join(),
  }
}

async function headOf(final: Final, at: number): Promise<bigint> {
  const latest = readQuantity(await endpointAt(final, at).ask('eth_blockNumber', []))
  final.heads.saw(at, latest)
  return latest
}

/** Of the highest final block; undefined where there is none, or the endpoint knows none. */
async function finalHeight(
  { confirmations, finality }: Final,
  endpoint: Endpoint,
  latest: bigint,
): Promise<bigint | undefined> {
  if (latest < confirmations) return undefined
  const deep = latest - confirmations
  if (finality === 'confirmations') return deep
  const height = await finalizedHeight(endpoint)
  return height === undefined || height < deep ? height : deep
}

async function finalizedHeight(endpoint: Endpoint): Promise<bigint | undefined> {
  try {
    const block = await endpoint.ask('eth_getBlockByNumber', ['finalized', false])
    return block === null ? undefined : readQuantity(field(block, 'number'))
  } catch (error) {
    // It knows no such tag: it shows what is in a block, and makes nothing final.
    if (error instanceof EndpointRefusal) return undefined
    throw error
  }
}

/** Hash of `Transfer(address,address,uint256)`. */
const transferTopic = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'

/** Other events, and those of other forms, say nothing. */
function movedIn(log: unknown): readonly Moved[] {
  const topics = field(log, 'topics')
  const [contract, data] = [field(log, 'address'), field(log, 'data')]
  if (!Array.isArray(topics) || topics.length !== 3 || topics[0] !== transferTopic) return []
  const to: unknown = topics[2]
  if (typeof contract !== 'string' || !isWord(to) || !isWord(data)) return []
  return [{ contract: contract.toLowerCase(), to: `0x${to.slice(26)}`, amount: BigInt(data) }]
}

/**
 * Whether a final transaction used the nonce, by the word of two endpoints and of more than deny
 * it. A stale one has no word: of what came after its head it knows nothing.
 */
export async function consumed(final: Final, from: string, slot: bigint): Promise<boolean> {
  const [is] = await consumedAmong(final, [{ from, slot }])
  return is === true
}

/** Of each address by the same words: at most as many as hosts take in one message. */
export async function consumedAmong(
  final: Final,
  places: readonly NoncePlace[],
): Promise<readonly boolean[]> {
  const said = await finalCounts(
    final,
    places.map(({ from }) => from),
  )
  return places.map(({ slot }, at) => {
    const yes = said.filter((counts) => (counts[at] ?? -1n) > slot).length
    return yes >= witnessesOfConsumption && yes > said.length - yes
  })
}

/**
 * As two endpoints say it and more than say anything else; with one configured, as that one. One
 * that cannot tell what is final says nothing here, and above all not that none is used.
 */
export async function used(final: Final, from: string): Promise<bigint | undefined> {
  const said = (await finalCounts(final, [from])).flatMap(([count]) => count ?? [])
  const needed = Math.min(witnessesOfConsumption, final.endpoints.length)
  return said.find((count) => {
    const same = said.filter((other) => other === count).length
    return same >= needed && same > said.length - same
  })
}

/**
 * A count for each address, by each endpoint that answers and is not stale; none by one that knows
 * no final block.
 */
async function finalCounts(
  final: Final,
  addresses: readonly string[],
): Promise<readonly (readonly bigint[])[]> {
  const answers = await Promise.allSettled(
    final.endpoints.map(async (endpoint, at) => {
      const latest = await headOf(final, at)
      const height = await finalHeight(final, endpoint, latest)
      // On so short a chain nothing is final.
      if (height === undefined) return latest < final.confirmations ? addresses.map(() => 0n) : []
      const asked = addresses.map((from): Asked => {
        return ['eth_getTransactionCount', [from, quantity(height)]]
      })
      return (await endpoint.askAll(asked)).map(readQuantity)
    }),
  )
  for (const answer of answers) if (answer.status === 'rejected') requirePassing(answer.reason)
  return answers.flatMap((answer, at) =>
    answer.status === 'fulfilled' && !final.heads.isStale(at) ? [answer.value] : [],
  )
}

function endpointAt({ endpoints }: Final, at: number): Endpoint {
  const endpoint = endpoints[at]
  if (endpoint === undefined) throw new Error(`no endpoint ${at}`)
  return endpoint
}

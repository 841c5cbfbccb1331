// Which transaction used a nonce of an address, with the signature that proves it: whatever an
// endpoint says, only the key of the address makes a transaction that recovers to it. So one
// endpoint is enough to show it, and none can make it up. Where states of old blocks are not kept
// nothing is found, which says nothing.
import { Transaction } from 'ethers'
import { fromHex } from '../../proto/crypto.ts'
import { refuse } from '../../proto/refusal.ts'
import { requirePassing } from './answers.ts'
import type { Endpoint } from './endpoint.ts'
import { field } from './post.ts'
import { quantity, readQuantity } from './quantity.ts'
import type { SignedElsewhere } from './rpc.ts'

export async function signedAt(
  endpoints: readonly Endpoint[],
  from: string,
  slot: bigint,
): Promise<SignedElsewhere | undefined> {
  for (const endpoint of endpoints) {
    try {
      const height = await heightOfUse(endpoint, from, slot)
      if (height === undefined) continue
      const found = await signedIn(endpoint, height, { from, slot })
      if (found !== undefined) return found
    } catch (error) {
      requirePassing(error)
    }
  }
  return undefined
}

/** The block that took the count of its transactions above `slot`. */
async function heightOfUse(
  endpoint: Endpoint,
  from: string,
  slot: bigint,
): Promise<bigint | undefined> {
  const isUsedAt = async (height: bigint): Promise<boolean> => {
    const asked = [from, quantity(height)]
    return readQuantity(await endpoint.ask('eth_getTransactionCount', asked)) > slot
  }
  let used = readQuantity(await endpoint.ask('eth_blockNumber', []))
  if (!(await isUsedAt(used))) return undefined
  // Back in widening steps, because old states are kept by few; then by halves.
  let unused: bigint | undefined
  for (let step = 1n; unused === undefined && used > 0n; step *= 2n) {
    const height = used > step ? used - step : 0n
    if (await isUsedAt(height)) used = height
    else unused = height
  }
  let below = unused ?? used
  while (used - below > 1n) {
    const middle = (used + below) / 2n
    if (await isUsedAt(middle)) used = middle
    else below = middle
  }
  return used
}

async function signedIn(
  endpoint: Endpoint,
  height: bigint,
  { from, slot }: { readonly from: string; readonly slot: bigint },
): Promise<SignedElsewhere | undefined> {
  const block = await endpoint.ask('eth_getBlockByNumber', [quantity(height), true])
  const all = field(block, 'transactions')
  for (const one of Array.isArray(all) ? all : []) {
    if (field(one, 'from') !== from || readQuantity(field(one, 'nonce')) !== slot) continue
    const read = rebuilt(one)
    if (read?.from?.toLowerCase() !== from || BigInt(read.nonce) !== slot) continue
    const digest = fromHex(read.unsignedHash.slice(2))
    const txid = read.hash ?? ''
    return { txid, digest: digest ?? refuse('INTERNAL', 'a digest that is no hex') }
  }
  return undefined
}

/** From its fields: an id that an endpoint writes beside them is not looked at. */
function rebuilt(transaction: unknown): Transaction | undefined {
  const read = (name: string): unknown => field(transaction, name) ?? undefined
  const number = (name: string) => Number(readQuantity(read(name)))
  const type = read('type') === undefined ? 0 : number('type')
  const price =
    type < 2
      ? { gasPrice: read('gasPrice') }
      : {
          maxFeePerGas: read('maxFeePerGas'),
          maxPriorityFeePerGas: read('maxPriorityFeePerGas'),
        }
  const later = ['accessList', 'maxFeePerBlobGas', 'blobVersionedHashes', 'authorizationList']
  const fields = {
    ...{ type, ...price, nonce: number('nonce'), gasLimit: read('gas'), to: read('to') ?? null },
    ...{ value: read('value'), data: read('input'), chainId: read('chainId') },
    ...Object.fromEntries(later.flatMap((name) => (read(name) ? [[name, read(name)]] : []))),
    signature: { r: read('r'), s: read('s'), v: read('v') ?? read('yParity') },
  }
  try {
    return Transaction.from(fields as Parameters<typeof Transaction.from>[0])
  } catch {
    // Not a transaction of this library's forms, or of nobody.
    return undefined
  }
}

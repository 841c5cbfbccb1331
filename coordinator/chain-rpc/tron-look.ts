// A look at a Tron network that several endpoints share. Nodes keep no states of earlier blocks, so
// a balance is that of the newest solidified block an endpoint has, which is the block looked at or
// a later one; up to which one, it says. A payment that landed between the two may be in it or not,
// and whoever decides by it has to leave that address alone.
// INVARIANT: as in `look.ts`, nothing is said unless enough endpoints say the same.
import { trc20Call } from '../../policy/chain/tron.ts'
import { tronBytes } from '../../policy/chain/tron-address.ts'
import { concat, fromHex, toHex } from '../../proto/crypto.ts'
import { orNothing } from '../../proto/unavailable.ts'
import { ahead } from './ahead.ts'
import { agreeing, type Cost, type Look, reached, type Transfer } from './look.ts'
import { field, show, unavailable } from './post.ts'
import { middleEnergy, middlePrices } from './tron.ts'
import { infoOf, solidified } from './tron-answers.ts'
import { type TronEndpoint, textField, wholeField } from './tron-endpoint.ts'

interface TronLookOptions {
  readonly endpoints: readonly TronEndpoint[]
  /** How many have to say the same. */
  readonly witnesses: number
}

export interface TronLook extends Look {
  readonly kind: 'tron'
  /** Any question whose answer `read` turns into text: equal texts are one answer. */
  agreed(question: (endpoint: TronEndpoint) => Promise<string>): Promise<string>
}

/** Final is what is solidified: there are no confirmations to count. */
export function openTronLook({ endpoints, witnesses }: TronLookOptions): TronLook {
  const agreed: TronLook['agreed'] = (question) => agreeing(endpoints, witnesses, question)
  const blockAt: Look['blockAt'] = async (height) => {
    const said = await agreed(async (endpoint) => {
      const { id, timestamp } = await solidified(endpoint, height)
      return `${toHex(id)} ${timestamp}`
    })
    const [hash = '', at = ''] = said.split(' ')
    return { height, hash: `0x${hash}`, at: Number(at) }
  }
  return {
    kind: 'tron',
    witnesses,
    agreed,
    blockAt,
    block: async () => {
      return blockAt(
        await reached(endpoints, witnesses, async (one) => (await solidified(one)).number),
      )
    },
    balance: async ({ height }, account, contract) => {
      let upTo = height
      const said = await agreed(async (endpoint) => {
        const held = await heldNow(endpoint, account, contract)
        if (held.since < height) throw unavailable(`${endpoint.name}: behind the block looked at`)
        if (held.upTo > upTo) upTo = held.upTo
        return `${held.amount}`
      })
      return { amount: BigInt(said), upTo }
    },
    cost: (transfer) => costOf(endpoints, transfer),
    failedAt: async (txid) => {
      const said = await agreed(async (endpoint) => {
        const info = await solidInfo(endpoint, txid)
        return info === undefined || info.succeeded ? '' : `${info.height}`
      })
      return said === '' ? 0 : (await blockAt(BigInt(said))).at
    },
    landed: async ({ height }, txid) => {
      const said = await agreed(async (endpoint) => {
        const info = await solidInfo(endpoint, txid)
        return info !== undefined && info.height <= height ? 'yes' : 'no'
      })
      return said === 'yes'
    },
  }
}

/** Signed, with 65 bytes of signature and 64 for the result. */
const [coinBytes, tokenBytes] = [273n, 345n]
/** Of a call that would fail: what USDT needs where nobody holds any yet. */
const tokenEnergy = 131_000n

/** As if nothing were free: what an address has left of bandwidth today is nobody's promise. */
async function costOf(
  endpoints: readonly TronEndpoint[],
  { from, to, contract, amount }: Transfer,
): Promise<Cost> {
  const { energy: sun, bandwidth, activation } = await middlePrices(endpoints)
  const coin = coinBytes * bandwidth
  // What brings gas there may be the first that the address is sent.
  const first = { coin: coin + activation }
  if (contract === '') return { transfer: coin, ...first }
  const call = { from, contract, calldata: trc20Call(to, amount) }
  const used = await middleEnergy(endpoints, call)
  const burned = (used.kind === 'gas' ? used.gas : tokenEnergy) * sun
  return { transfer: burned + tokenBytes * bandwidth, ...first }
}

/** What one endpoint says that an address holds, in a block from one to another. */
export interface Held {
  /** Base units. */
  readonly amount: bigint
  readonly since: bigint
  readonly upTo: bigint
}

/** `contract` is empty for the coin. */
export async function heldNow(
  endpoint: TronEndpoint,
  account: string,
  contract: string,
): Promise<Held> {
  // In this order: the balance is not of an earlier block, and of none after the last head.
  const { number: since } = await solidified(endpoint)
  const amount = await amountOf(endpoint, account, contract)
  const { number: upTo } = await solidified(endpoint)
  return { amount, since, upTo }
}

/** Of several places, between two blocks; undefined of one about which it gave no good answer. */
export async function heldTogether(
  endpoint: TronEndpoint,
  places: readonly Place[],
): Promise<readonly (Held | undefined)[]> {
  const { number: since } = await solidified(endpoint)
  const amounts: (bigint | undefined)[] = []
  const ask = ({ address, contract }: Place) =>
    orNothing(() => amountOf(endpoint, address, contract))
  for await (const amount of ahead(places, placesAhead, ask)) amounts.push(amount)
  const { number: upTo } = await solidified(endpoint)
  return amounts.map((amount) => (amount === undefined ? undefined : { amount, since, upTo }))
}

const placesAhead = 8

/** What one address holds of one asset. */
export interface Place {
  readonly address: string
  /** Empty for the coin. */
  readonly contract: string
}

async function amountOf(
  endpoint: TronEndpoint,
  account: string,
  contract: string,
): Promise<bigint> {
  return BigInt(await (contract === '' ? coins : tokens)(endpoint, account, contract))
}

async function solidInfo(endpoint: TronEndpoint, txid: string) {
  const answer = await endpoint.ask('walletsolidity/gettransactioninfobyid', { value: txid })
  return infoOf(answer, txid)
}

/** Sun that can be paid; what is frozen is not in it. */
async function coins(endpoint: TronEndpoint, account: string): Promise<number> {
  const address = toHex(tronBytes(account))
  const answer = await endpoint.ask('walletsolidity/getaccount', { address })
  // Of an account that does not exist java-tron writes `{}`.
  if (JSON.stringify(answer) === '{}') return 0
  if (textField(answer, 'address') !== address) {
    throw unavailable(`${endpoint.name}: expected the account, got ${show(JSON.stringify(answer))}`)
  }
  return wholeField(answer, 'balance')
}

/** `balanceOf(address)`. */
const balanceOf = fromHex('70a08231') ?? new Uint8Array(0)

async function tokens(endpoint: TronEndpoint, account: string, contract: string): Promise<bigint> {
  const owner = tronBytes(account)
  const answer = await endpoint.ask('walletsolidity/triggerconstantcontract', {
    owner_address: toHex(owner),
    contract_address: toHex(tronBytes(contract)),
    data: toHex(concat(balanceOf, new Uint8Array(12), owner.subarray(1))),
  })
  const result = field(answer, 'result')
  const said = field(answer, 'constant_result')
  const [word] = Array.isArray(said) && said.length === 1 ? said : []
  const isSaid = field(result, 'result') === true && textField(result, 'message') === ''
  const bytes = isSaid && typeof word === 'string' ? fromHex(word) : undefined
  if (bytes?.length !== 32) {
    throw unavailable(`${endpoint.name}: expected a balance, got ${show(JSON.stringify(answer))}`)
  }
  return BigInt(`0x${toHex(bytes)}`)
}

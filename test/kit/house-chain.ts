// An EVM chain for a house, kept as a ledger: one transaction takes a nonce, blocks come by the clock,
// what is deep enough is final. It reads transactions with another library than the product decodes
// with, and remembers everything that anybody ever sent, so that a checker can ask it what was signed.
import { Transaction } from 'ethers'
import type { ChainRpc, MinedAt, NoncePlace, SendAnswer } from '../../coordinator/chain-rpc/rpc.ts'
import { Unavailable } from '../../proto/unavailable.ts'
import type { Time } from './house-time.ts'

/** A signed transaction as the chain understands it. */
export interface Seen {
  readonly txid: string
  readonly from: string
  readonly nonce: number
  /** r of the signature, hex. */
  readonly r: string
  /** Contract, calldata and value: what it does, apart from fees. */
  readonly effect: string
  readonly price: bigint
}

const blockMs = 2_000
const depthOfFinal = 2n

export class TestChain implements ChainRpc {
  /** Everything that was ever sent, also what was refused. */
  readonly seen = new Map<string, Seen>()
  /** What took its nonce, by address and nonce. */
  readonly mined = new Map<string, { readonly txid: string; readonly height: bigint }>()
  readonly #pool = new Map<string, Seen>()
  readonly #time: Time
  #height = 0n
  /** No endpoint answers. */
  isDown = false
  /** No block takes anything. */
  isStuck = false

  constructor(time: Time) {
    this.#time = time
    this.#mineLater()
  }

  async prices() {
    this.#up()
    return { base: 1_000_000_000n, tip: 1_000_000_000n }
  }

  async gas() {
    this.#up()
    return { kind: 'gas', gas: 60_000n } as const
  }

  async send(raw: Uint8Array): Promise<SendAnswer> {
    this.#up()
    const tx = read(raw)
    this.seen.set(tx.txid, tx)
    const place = placeOf(tx)
    const taken = this.mined.get(place)
    if (taken?.txid === tx.txid) return { kind: 'taken' }
    if (taken !== undefined) return { kind: 'refused', because: 'nonce too low' }
    const held = this.#pool.get(place)
    if (held === undefined || tx.price > held.price) this.#pool.set(place, tx)
    else if (held.txid !== tx.txid) return { kind: 'refused', because: 'underpriced' }
    return { kind: 'taken' }
  }

  async minedAt(txid: string): Promise<MinedAt | undefined> {
    this.#up()
    const at = [...this.mined.values()].find((one) => one.txid === txid)
    if (at === undefined) return undefined
    const final = this.#height - at.height >= depthOfFinal
    return { height: at.height, final, succeeded: true }
  }

  async consumedAmong(places: readonly NoncePlace[]): Promise<readonly boolean[]> {
    return Promise.all(places.map(({ from, slot }) => this.consumed(from, slot)))
  }

  async consumed(from: string, slot: bigint): Promise<boolean> {
    this.#up()
    const at = this.mined.get(`${from.toLowerCase()}/${slot}`)
    return at !== undefined && this.#height - at.height >= depthOfFinal
  }

  async used(from: string): Promise<bigint> {
    this.#up()
    const address = from.toLowerCase()
    const mined = [...this.mined].filter(([place, at]) => {
      return place.startsWith(`${address}/`) && this.#height - at.height >= depthOfFinal
    })
    return BigInt(mined.length)
  }

  async signedAt(): Promise<undefined> {
    this.#up()
  }

  #up(): void {
    if (this.isDown) throw new Unavailable('no endpoint answers', 'CHAIN_UNAVAILABLE')
  }

  #mineLater(): void {
    this.#time.after(blockMs, () => {
      this.#mine()
      this.#mineLater()
    })
  }

  /** A nonce is taken when all below it are. */
  #mine(): void {
    this.#height += 1n
    if (this.isStuck) return
    const waiting = [...this.#pool.values()].sort((a, b) => a.nonce - b.nonce)
    for (const tx of waiting) {
      const isNext = tx.nonce === 0 || this.mined.has(`${tx.from}/${tx.nonce - 1}`)
      if (!isNext) continue
      this.mined.set(placeOf(tx), { txid: tx.txid, height: this.#height })
      this.#pool.delete(placeOf(tx))
    }
  }
}

const placeOf = ({ from, nonce }: Seen): string => `${from}/${nonce}`

function read(raw: Uint8Array): Seen {
  const tx = Transaction.from(`0x${Buffer.from(raw).toString('hex')}`)
  const { hash, from, signature } = tx
  if (hash === null || from === null || signature === null) throw new Error('not signed')
  return {
    txid: hash,
    from: from.toLowerCase(),
    nonce: tx.nonce,
    r: signature.r,
    effect: `${tx.to} ${tx.data} ${tx.value}`.toLowerCase(),
    price: tx.maxFeePerGas ?? 0n,
  }
}

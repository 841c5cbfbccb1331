/**
 * A stand-in for a Tron network: it is no Tron node. It speaks the part of java-tron's HTTP interface
 * that clients use, and enforces what java-tron documents: id, reference block, expiration, signature
 * of the owner, duplicates, balances. Token calls run on a real EVM (anvil) in the owner's name; what
 * differs there (energy, precompiles) is not shown. Transactions are read with tronweb alone.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { blockId, type TronHeader } from '../../coordinator/chain-rpc/tron-block.ts'
import { fromHex, sha256, toHex, toUtf8 } from '../../proto/crypto.ts'
import type { Anvil } from './anvil.ts'
import { shownInBlock } from './tron-block-json.ts'
import { unsignedCall } from './tron-made.ts'
import { bandwidth, opened, type Raw, rawOf, signerOf, type Waiting, written } from './tron-sent.ts'
import { TronStates } from './tron-states.ts'

export interface SimOptions {
  /** Without it there are no contracts. */
  readonly anvil?: Anvil
  readonly now: () => number
}

interface Block {
  readonly header: TronHeader
  readonly id: string
}

interface Mined extends Waiting {
  readonly height: number
  readonly result: string
  readonly fee: number
  readonly energy: number
  readonly log: readonly object[]
}

const price = { energy: 100, bandwidth: 1_000, account: 1_000_000, create: 100_000 }
const windowBlocks = 65_536
const dayMs = 24 * 3_600_000

export class TronSim {
  readonly #options: SimOptions
  readonly #blocks: Block[] = []
  readonly #pool = new Map<string, Waiting>()
  readonly #mined = new Map<string, Mined>()
  readonly #servers: Server[] = []
  readonly #states: TronStates
  /** Sun, by the twenty bytes of an address in hex. */
  readonly balances = new Map<string, bigint>()
  /** Bytes that were taken for a block, oldest first. */
  readonly sent: string[] = []
  /** What the next broadcasts answer instead of what is true; whatever is sent is kept. */
  answers: string[] = []
  /** Nothing that is sent is kept. */
  isDeaf = false
  /** No block takes anything. */
  isStuck = false
  /** Blocks on top of one before it is solid; nineteen on the main network. */
  solidAfter = 2
  /** Every connection is reset. */
  isAway = false
  /** How often blocks were taken back. */
  #forks = 0

  constructor(options: SimOptions) {
    this.#options = options
    this.#states = new TronStates(options.anvil)
    this.#append(0)
  }

  /** CAIP-2. */
  get network(): string {
    return `tron:0x${this.#blocks[0]!.id.slice(-8)}`
  }

  get height(): number {
    return this.#blocks.length - 1
  }

  /** One more door to the same network; it may lie by always answering some paths in one way. */
  async listen(lies: Readonly<Record<string, object>> = {}, port = 0): Promise<string> {
    const server = createServer((request, response) => {
      if (this.isAway) {
        request.socket.resetAndDestroy()
        return
      }
      this.#serve(request, lies)
        .then((answer) => response.end(JSON.stringify(answer)))
        .catch((error: unknown) => response.end(JSON.stringify({ Error: String(error) })))
    })
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    this.#servers.push(server)
    const at = server.address()
    return `http://127.0.0.1:${typeof at === 'object' && at !== null ? at.port : 0}`
  }

  async close(): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }

  /** A block with everything that waits and is still alive. */
  async mine(blocks = 1): Promise<void> {
    for (let i = 0; i < blocks; i += 1) {
      const { timestamp } = this.#head()
      this.#append(Math.max(this.#options.now(), timestamp + 1_000))
      for (const waiting of this.isStuck ? [] : [...this.#pool.values()]) {
        if (rawOf(waiting.rawHex).expiration > timestamp) await this.#execute(waiting)
        // Not before: what comes once more while it runs is a duplicate.
        this.#pool.delete(waiting.txid)
      }
      await this.#states.keep(this.height, this.balances)
    }
  }

  /**
   * Others have made the newest blocks, and left them empty: what was in these is in no block, and in
   * no pool either. A solid block is not taken back.
   */
  async takeBack(blocks: number): Promise<void> {
    const kept = this.height - blocks
    if (kept < this.#solid()) throw new Error(`block ${kept + 1} is solid`)
    const lost = this.#blocks.splice(kept + 1)
    this.#forks += 1
    this.#pool.clear()
    for (const { txid, height } of [...this.#mined.values()]) {
      if (height > kept) this.#mined.delete(txid)
    }
    await this.#states.backTo(kept, this.balances)
    for (const { header } of lost) {
      this.#append(Number(header.timestamp))
      await this.#states.keep(this.height, this.balances)
    }
  }

  /** What waits for a block is in no pool any more. */
  forget(): void {
    this.#pool.clear()
  }

  #solid(): number {
    return Math.max(0, this.height - this.solidAfter)
  }

  #head(): { readonly timestamp: number; readonly id: string } {
    const { header, id } = this.#blocks.at(-1)!
    return { timestamp: Number(header.timestamp), id }
  }

  #append(timestamp: number): void {
    const parent = this.#blocks.at(-1)
    const number = BigInt(this.#blocks.length)
    const header: TronHeader = {
      timestamp: BigInt(timestamp),
      txTrieRoot: sha256(toUtf8(`root ${number}${' again'.repeat(this.#forks)}`)),
      parentHash: parent === undefined ? new Uint8Array(32).fill(1) : fromHex(parent.id)!,
      number,
      witness: new Uint8Array(21).fill(0x41),
      version: 31n,
    }
    this.#blocks.push({ header, id: toHex(blockId(header)) })
  }

  async #serve(request: IncomingMessage, lies: Readonly<Record<string, object>>): Promise<unknown> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://sim')
    const [, door, method = ''] = pathname.split('/')
    const body = { ...Object.fromEntries(searchParams), ...(await bodyOf(request)) }
    const lie = lies[`${door}/${method}`]
    if (lie !== undefined) return lie
    const last = door === 'walletsolidity' ? this.#solid() : this.height
    switch (method) {
      case 'getnowblock':
      case 'getblock':
        return this.#shown(last)
      case 'getblockbynum':
        return Number(body['num']) > last ? {} : this.#shown(Number(body['num']))
      case 'getchainparameters':
        return { chainParameter: parameters }
      case 'gettransactioninfobyid':
        return this.#info(String(body['value']), last)
      case 'gettransactioninfobyblocknum':
        return this.#minedIn(Number(body['num'])).map(({ txid }) => this.#info(txid, last))
      case 'gettransactionbyid':
        return this.#stored(String(body['value']), last)
      case 'triggerconstantcontract':
        return this.#states.constant(body, door === 'walletsolidity' ? last : undefined)
      case 'triggersmartcontract':
        return { result: { result: true }, transaction: unsignedCall(body, this.#head()) }
      case 'getcontract':
        return this.#states.contract(body)
      case 'getaccount':
        return this.#states.account(body, last)
      case 'broadcasttransaction':
        return withoutDefaults(this.#take(written(body)))
      case 'broadcasthex':
        return this.#take(opened(String(body['transaction'])))
      default:
        throw new Error(`the stand-in has no ${pathname}`)
    }
  }

  #shown(at: number): object {
    const { header, id } = this.#blocks[at]!
    const transactions = this.#minedIn(at).map(shownInBlock)
    return {
      ...(transactions.length === 0 ? {} : { transactions }),
      blockID: id,
      block_header: {
        raw_data: {
          number: Number(header.number),
          txTrieRoot: toHex(header.txTrieRoot),
          witness_address: toHex(header.witness),
          parentHash: toHex(header.parentHash),
          version: Number(header.version),
          timestamp: Number(header.timestamp),
        },
        witness_signature: '00'.repeat(65),
      },
    }
  }

  #minedIn(height: number): readonly Mined[] {
    return [...this.#mined.values()].filter((one) => one.height === height)
  }

  #info(txid: string, last: number): object {
    const found = this.#mined.get(txid)
    if (found === undefined || found.height > last) return {}
    const isCall = found.energy > 0
    return {
      id: txid,
      fee: found.fee,
      blockNumber: found.height,
      blockTimeStamp: Number(this.#blocks[found.height]!.header.timestamp),
      receipt: {
        net_usage: bandwidth(found.rawHex),
        ...(isCall ? { energy_usage_total: found.energy, result: found.result } : {}),
      },
      ...(found.log.length === 0 ? {} : { log: found.log }),
      ...(found.result === 'SUCCESS' ? {} : { result: 'FAILED' }),
    }
  }

  #stored(txid: string, last: number): object {
    const found = this.#mined.get(txid)
    if (found === undefined || found.height > last) return {}
    return { txID: txid, raw_data_hex: found.rawHex, signature: [found.signature] }
  }

  #take(sent: Waiting): object {
    const fault = this.#fault(sent)
    if (fault === undefined && !this.isDeaf) {
      this.#pool.set(sent.txid, sent)
      this.sent.push(sent.rawHex)
    }
    const code = this.answers.shift() ?? fault ?? 'SUCCESS'
    return code === 'SUCCESS'
      ? { result: true, code, txid: sent.txid, message: '' }
      : { result: false, code, txid: sent.txid, message: toHex(toUtf8(code.toLowerCase())) }
  }

  #fault({ txid, rawHex, signature }: Waiting): string | undefined {
    const digest = toHex(sha256(fromHex(rawHex)!))
    if (digest !== txid) return 'SIGERROR'
    if (this.#pool.has(txid) || this.#mined.has(txid)) return 'DUP_TRANSACTION_ERROR'
    const raw = rawOf(rawHex)
    const { timestamp } = this.#head()
    if (raw.expiration <= timestamp || raw.expiration > timestamp + dayMs) {
      return 'TRANSACTION_EXPIRATION_ERROR'
    }
    const recent = this.#blocks.slice(-windowBlocks).some(({ header, id }) => {
      const low = header.number.toString(16).padStart(4, '0').slice(-4)
      return low === raw.refBytes && id.slice(16, 32) === raw.refHash
    })
    if (!recent) return 'TAPOS_ERROR'
    if (signerOf(digest, signature) !== raw.owner) return 'SIGERROR'
    return this.#cost(raw, rawHex) > (this.balances.get(raw.owner) ?? 0n)
      ? 'CONTRACT_VALIDATE_ERROR'
      : undefined
  }

  /** What must be there before it runs: the amount, the bandwidth, the activation. */
  #cost(raw: Raw, rawHex: string): bigint {
    const burned = BigInt(bandwidth(rawHex) * price.bandwidth)
    if (raw.kind === 'call') return burned
    const isNew = !this.balances.has(raw.to)
    return raw.amount + burned + (isNew ? BigInt(price.account + price.create) : 0n)
  }

  async #execute(waiting: Waiting): Promise<void> {
    const raw = rawOf(waiting.rawHex)
    const cost = this.#cost(raw, waiting.rawHex)
    const held = this.balances.get(raw.owner) ?? 0n
    if (cost > held) return
    const ran = raw.kind === 'call' ? await this.#call(raw) : movedCoins
    const fee =
      cost - (raw.kind === 'transfer' ? raw.amount : 0n) + BigInt(ran.energy * price.energy)
    this.balances.set(raw.owner, held - cost - BigInt(ran.energy * price.energy))
    if (raw.kind === 'transfer') {
      this.balances.set(raw.to, (this.balances.get(raw.to) ?? 0n) + raw.amount)
    }
    const mined = { ...waiting, ...ran, fee: Number(fee), height: this.height }
    this.#mined.set(waiting.txid, mined)
  }

  async #call(raw: Raw): Promise<Ran> {
    const from = `0x${raw.owner}`
    const limit = Math.floor(raw.feeLimit / price.energy)
    await this.#evm('anvil_impersonateAccount', [from])
    await this.#evm('anvil_setBalance', [from, `0x${(10n ** 18n).toString(16)}`])
    const gas = `0x${(limit + 30_000).toString(16)}`
    const call = { from, to: `0x${raw.to}`, data: `0x${raw.data}`, gas }
    const hash = String(await this.#evm('eth_sendTransaction', [call]))
    const receipt = await receiptOf(this.#options.anvil, hash)
    const energy = Math.min(limit, Math.max(1, Number(receipt.gasUsed) - 21_000))
    if (receipt.status === '0x1') {
      return { result: 'SUCCESS', energy, log: receipt.logs.map(bare) }
    }
    return { result: energy === limit ? 'OUT_OF_ENERGY' : 'REVERT', energy, log: [] }
  }

  #evm(method: string, params: readonly unknown[]): Promise<unknown> {
    const { anvil } = this.#options
    if (anvil === undefined) throw new Error('no contracts without an EVM')
    return anvil.call(method, params)
  }
}

/** As java-tron writes it there: nothing that is 0, false or empty. */
function withoutDefaults(answer: object): object {
  const said = Object.entries(answer).filter(([, value]) => value && value !== 'SUCCESS')
  return Object.fromEntries(said)
}

type Ran = Pick<Mined, 'result' | 'energy' | 'log'>
const movedCoins: Ran = { result: 'SUCCESS', energy: 0, log: [] }

interface Log {
  readonly address: string
  readonly topics: readonly string[]
  readonly data: string
}

/** As java-tron writes it: hex without 0x, and the contract without its prefix. */
function bare({ address, topics, data }: Log): Log {
  const [at = '', said = '', ...rest] = [address, data, ...topics].map((text) => text.slice(2))
  return { address: at, topics: rest, data: said }
}

interface Receipt {
  readonly status: string
  readonly gasUsed: string
  readonly logs: readonly Log[]
}

/** anvil mines by itself, a moment after it has answered. */
export async function receiptOf(anvil: Anvil | undefined, hash: string) {
  for (let tries = 0; tries < 400; tries += 1) {
    const receipt = await anvil?.call('eth_getTransactionReceipt', [hash])
    if (typeof receipt === 'object' && receipt !== null) {
      return receipt as Receipt
    }
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`${hash} was not mined`)
}

async function bodyOf(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const parts: Uint8Array[] = []
  for await (const part of request) parts.push(part as Uint8Array)
  const text = Buffer.concat(parts).toString()
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
}

const parameters = [
  { key: 'getEnergyFee', value: price.energy },
  { key: 'getTransactionFee', value: price.bandwidth },
  { key: 'getCreateNewAccountFeeInSystemContract', value: price.account },
  { key: 'getCreateAccountFee', value: price.create },
]

/**
 * What the stand-in for Tron keeps beside its blocks: the state after each of them, so that a
 * solidified answer is about a solidified block. Coins are the stand-in's own, tokens are the EVM's.
 */
import { toHex, toUtf8 } from '../../proto/crypto.ts'
import type { Anvil } from './anvil.ts'
import { calldataOf, trc20Abi } from './tron-made.ts'

interface State {
  /** Sun, by the twenty bytes of an address in hex. */
  readonly balances: ReadonlyMap<string, bigint>
  /** The EVM's block then. */
  readonly evm: string
}

type Body = Readonly<Record<string, unknown>>

export class TronStates {
  readonly #anvil: Anvil | undefined
  readonly #states: State[] = []

  constructor(anvil: Anvil | undefined) {
    this.#anvil = anvil
  }

  async keep(height: number, balances: ReadonlyMap<string, bigint>): Promise<void> {
    const evm = await this.#anvil?.call('eth_blockNumber', [])
    this.#states[height] = { balances: new Map(balances), evm: String(evm) }
  }

  /** As it was after that block; what came after it is forgotten. */
  async backTo(height: number, balances: Map<string, bigint>): Promise<void> {
    const state = this.#states[height]
    if (state === undefined) throw new Error(`nothing is kept of block ${height}`)
    balances.clear()
    for (const [address, amount] of state.balances) balances.set(address, amount)
    this.#states.length = height + 1
    if (this.#anvil === undefined) return
    const blocks = Number(await this.#evm('eth_blockNumber', [])) - Number(state.evm)
    if (blocks > 0) await this.#evm('anvil_rollback', [blocks])
  }

  /** `getcontract`: whatever has code is shown as a token; `{}` where nothing stands. */
  async contract(body: Body): Promise<object> {
    const address = String(body['value'])
    const code = await this.#evm('eth_getCode', [`0x${address.slice(2)}`, 'latest'])
    return code === '0x' ? {} : { contract_address: address, abi: { entrys: trc20Abi } }
  }

  /** `getaccount`; of nobody it is empty. */
  account(body: Body, height: number): object {
    const address = String(body['address'])
    const balance = this.#states[height]?.balances.get(address.slice(2))
    if (balance === undefined) return {}
    return { address, ...(balance > 0n ? { balance: Number(balance) } : {}) }
  }

  /** `triggerconstantcontract`: the energy is that of now, the answer that of the block, if any. */
  async constant(body: Body, height?: number): Promise<object> {
    const call = {
      from: `0x${String(body['owner_address']).slice(2)}`,
      to: `0x${String(body['contract_address']).slice(2)}`,
      data: `0x${calldataOf(body)}`,
    }
    try {
      const gas = Number(await this.#evm('eth_estimateGas', [call]))
      const said = String(
        await this.#evm('eth_call', [call, this.#states[height ?? -1]?.evm ?? 'latest']),
      )
      const answer = { energy_used: gas - 21_000, constant_result: [said.slice(2)] }
      return { result: { result: true }, ...answer }
    } catch {
      const message = toHex(toUtf8('REVERT opcode executed'))
      return { result: { result: true, message }, energy_used: 500, constant_result: [''] }
    }
  }

  #evm(method: string, params: readonly unknown[]): Promise<unknown> {
    if (this.#anvil === undefined) throw new Error('no contracts without an EVM')
    return this.#anvil.call(method, params)
  }
}

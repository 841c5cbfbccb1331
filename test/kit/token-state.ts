// The development token at any address of a chain of tests, with balances as a test wants them.
import { readFileSync } from 'node:fs'
import { AbiCoder } from 'ethers'
import { fromHex, keccak256, toHex } from '../../proto/crypto.ts'
import type { Anvil } from './anvil.ts'

const coder = AbiCoder.defaultAbiCoder()
const balancesSlot = 5n

/** Mines a block. */
export async function putToken(anvil: Anvil, token: string): Promise<void> {
  const file = new URL('../../cli/dev-token.json', import.meta.url)
  const { bytecode } = JSON.parse(readFileSync(file, 'utf8')) as { bytecode: string }
  const [owner] = (await anvil.call('eth_accounts')) as string[]
  const data = `0x${bytecode}${coder.encode(['uint256'], [1n]).slice(2)}`
  const hash = await anvil.call('eth_sendTransaction', [{ from: owner, data, gas: '0x400000' }])
  await anvil.call('anvil_mine', ['0x1'])
  const receipt = await anvil.call('eth_getTransactionReceipt', [hash])
  const { contractAddress } = receipt as { contractAddress: string }
  const code = await anvil.call('eth_getCode', [contractAddress, 'latest'])
  await anvil.call('anvil_setCode', [token, code])
}

interface Given {
  readonly token: string
  readonly to: string
  readonly amount: bigint
  /** Of the contract's balances, where it is another contract. */
  readonly slot?: bigint
}

export async function giveToken(
  anvil: Anvil,
  { token, to, amount, slot: of = balancesSlot }: Given,
): Promise<void> {
  const place = coder.encode(['address', 'uint256'], [to, of])
  const slot = `0x${toHex(keccak256(fromHex(place.slice(2)) ?? new Uint8Array()))}`
  const units = `0x${amount.toString(16).padStart(64, '0')}`
  await anvil.call('anvil_setStorageAt', [token, slot, units])
}

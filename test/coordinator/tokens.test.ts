// What Tether's token does where others do not, on a real EVM, with two tokens that nobody here could
// have made agree: the own stand-in, and a port of Tether's contract that others compiled. Both pass
// one list of cases; the port with 6 decimals and with 18, as on BNB Smart Chain.
import { readFileSync } from 'node:fs'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { AbiCoder, Interface } from 'ethers'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openEvmRpc } from '../../coordinator/chain-rpc/evm.ts'
import { buildTransfer } from '../../coordinator/chain-rpc/evm-build.ts'
import type { ChainRpc } from '../../coordinator/chain-rpc/rpc.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import { evmAddress } from '../../policy/chain/evm.ts'
import { normalise } from '../../policy/chain/signature.ts'
import type { Intent } from '../../policy/intent.ts'
import { fromHex, keccak256, sha256, toHex, toUtf8 } from '../../proto/crypto.ts'
import { parseHandle, parsePersonId, parseVaultId } from '../../proto/ids.ts'
import { type Anvil, anvilInstalled, startAnvil } from '../kit/anvil.ts'
import { unwatched } from '../kit/chain-watch.ts'
import { giveToken, putToken } from '../kit/token-state.ts'

const secret = sha256(toUtf8('a key for token tests'))
const publicKey = secp256k1.getPublicKey(secret, true)
const from = evmAddress(publicKey)
const customer = '0x7a16ff8270133f063aab6c9977183d9e72835428'
const spender = '0x2222222222222222222222222222222222222222'

interface Token {
  readonly title: string
  readonly decimals: bigint
  /** Of this many base units, all of them with whoever deploys. */
  readonly creation: (supply: bigint) => string
  readonly pause: string
  readonly unpause: string
}

const file = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')
const abi = new Interface([
  'function transfer(address to, uint256 value)',
  'function balanceOf(address who) view returns (uint256)',
  'function allowance(address of, address spender) view returns (uint256)',
  'function addBlackList(address who)',
  'function removeBlackList(address who)',
  'function setParams(uint256 rate, uint256 most)',
  'function setPaused(bool on)',
  'function pause()',
  'function unpause()',
])
const encoded = (types: readonly string[], values: readonly unknown[]) =>
  AbiCoder.defaultAbiCoder().encode(types, values).slice(2)

const { bytecode: own } = JSON.parse(file('../../cli/dev-token.json')) as { bytecode: string }
const port = JSON.parse(file('../vectors/tokens/bad-erc20.json')) as { bytecode: string }
const others = (decimals: bigint): Token => ({
  title: `a port that others made, ${decimals} decimals`,
  decimals,
  creation: (supply) => {
    const types = ['uint256', 'string', 'string', 'uint256']
    return `0x${port.bytecode}${encoded(types, [supply, 'Tether USD', 'USDT', decimals])}`
  },
  pause: abi.encodeFunctionData('pause'),
  unpause: abi.encodeFunctionData('unpause'),
})
const tokens: readonly Token[] = [
  {
    title: 'the own stand-in, 6 decimals',
    decimals: 6n,
    creation: (supply) => `0x${own}${encoded(['uint256'], [supply])}`,
    pause: abi.encodeFunctionData('setPaused', [true]),
    unpause: abi.encodeFunctionData('setPaused', [false]),
  },
  others(6n),
  others(18n),
]

let anvil: Anvil
let rpc: ChainRpc
let owner: string

beforeAll(async () => {
  if (!anvilInstalled) return
  anvil = await startAnvil()
  const { network, url } = anvil
  rpc = openEvmRpc({ ...unwatched, network, urls: [url], confirmations: 0, timeoutMs: 5_000 })
  await anvil.call('anvil_setBalance', [from, '0x8ac7230489e80000'])
  owner = ((await anvil.call('eth_accounts')) as string[])[0]!
})
afterAll(() => anvil?.stop())

interface Receipt {
  readonly contractAddress: string
  readonly status: string
}

/** The hash comes back before the block is there. */
function mined(hash: unknown): Promise<Receipt> {
  return vi.waitFor(
    async () => {
      const receipt = await anvil.call('eth_getTransactionReceipt', [hash])
      if (receipt === null) throw new Error(`${String(hash)} is in no block`)
      return receipt as Receipt
    },
    { timeout: 5_000, interval: 20 },
  )
}

async function byOwner(transaction: object): Promise<string> {
  const asked = { from: owner, gas: '0x400000', ...transaction }
  const { contractAddress, status } = await mined(await anvil.call('eth_sendTransaction', [asked]))
  expect(status).toBe('0x1')
  return contractAddress
}

const asked = (contract: string, change: Partial<Intent> = {}): Intent => ({
  org: parseHandle('acme'),
  env: 'test',
  id: parseHandle('a'),
  created: 0,
  notAfter: 1,
  vault: parseVaultId('hot'),
  path: 'm',
  network: 'eip155:31337',
  op: 'erc20.transfer',
  asset: parseHandle('usdt'),
  contract,
  to: customer,
  dest: '',
  amount: 0n,
  maxFee: 10n ** 16n,
  purpose: 'test',
  initiator: parsePersonId('svc'),
  ...change,
})

const approving = (contract: string, value: bigint): Intent =>
  asked(contract, {
    op: 'evm.call',
    asset: parseHandle('eth'),
    contract: '',
    to: contract,
    call: `approve(address spender = ${spender}, uint256 value = ${value})`,
  })

async function builtOf(intent: Intent) {
  const slot = String(BigInt(String(await anvil.call('eth_getTransactionCount', [from, 'latest']))))
  return buildTransfer(rpc, { intent, from, slot })
}

/** Built, signed, sent and mined: what the endpoint says of it. */
async function paid(intent: Intent) {
  const made = await builtOf(intent)
  if (made.kind !== 'built') throw new Error(made.because)
  const { digest } = made.effect
  const compact = secp256k1.sign(digest, secret, { prehash: false, format: 'recovered' })
  const nonce = Uint8Array.of(compact[0] === 1 ? 3 : 2, ...compact.subarray(1, 33))
  const signature = normalise({ nonce, s: compact.slice(33) }, digest, publicKey)
  const { raw, txid } = chainOf(intent.network).attach(made.bytes, signature)
  expect(await rpc.send(raw)).toEqual({ kind: 'taken' })
  await mined(txid)
  return rpc.minedAt(txid)
}

describe.skipIf(!anvilInstalled).each(tokens)('$title', (token) => {
  const one = 10n ** token.decimals
  let contract: string

  beforeAll(async () => {
    contract = (await byOwner({ data: token.creation(1_000_000n * one) })).toLowerCase()
    await byOwner({ to: contract, data: abi.encodeFunctionData('transfer', [from, 1_000n * one]) })
  })

  const read = async (name: string, ...args: readonly unknown[]): Promise<bigint> => {
    const data = abi.encodeFunctionData(name, args)
    return BigInt(String(await anvil.call('eth_call', [{ to: contract, data }, 'latest'])))
  }
  const tell = (name: string, ...args: readonly unknown[]) =>
    byOwner({ to: contract, data: abi.encodeFunctionData(name, args) })

  it('pays exactly the base units of the intent, although its transfer returns nothing', async () => {
    const data = abi.encodeFunctionData('transfer', [customer, 1n])
    expect(await anvil.call('eth_call', [{ from, to: contract, data }, 'latest'])).toBe('0x')
    const before = await read('balanceOf', customer)
    const amount = 42n * one + 1n
    const at = await paid(asked(contract, { amount }))
    expect(at).toMatchObject({ succeeded: true, moved: [{ contract, to: customer, amount }] })
    expect((await read('balanceOf', customer)) - before).toBe(amount)
  })

  it('pays less where it takes a fee, and its events say how much arrived', async () => {
    await tell('setParams', 10n, 5n)
    const at = await paid(asked(contract, { amount: 100n * one }))
    const arrived = 100n * one - one / 10n
    expect(at?.moved).toContainEqual({ contract, to: customer, amount: arrived })
    expect(at?.moved).toHaveLength(2)
    await tell('setParams', 0n, 0n)
  })

  it('is not paid with while it is paused: building waits, says why, and then goes on', async () => {
    const payment = asked(contract, { amount: one })
    await byOwner({ to: contract, data: token.pause })
    const waits = await builtOf(payment)
    expect(waits).toMatchObject({ kind: 'later', code: 'CHAIN_UNAVAILABLE' })
    expect(waits).toMatchObject({ because: expect.stringContaining('would fail now') })
    await byOwner({ to: contract, data: token.unpause })
    expect(await paid(payment)).toMatchObject({ succeeded: true })
  })

  it('is not paid with from an address on its black list, and pays to one all the same', async () => {
    const payment = asked(contract, { amount: one })
    await tell('addBlackList', from)
    expect(await builtOf(payment)).toMatchObject({ kind: 'later', code: 'CHAIN_UNAVAILABLE' })
    await tell('removeBlackList', from)
    // Tether's transfer looks at the sender only: whoever is listed receives, and cannot move on.
    await tell('addBlackList', customer)
    expect(await paid(payment)).toMatchObject({ succeeded: true })
    await tell('removeBlackList', customer)
  })

  it('is approved through zero: a new allowance over an old one waits until that is gone', async () => {
    expect(await paid(approving(contract, 5n))).toMatchObject({ succeeded: true })
    expect(await read('allowance', from, spender)).toBe(5n)
    expect(await builtOf(approving(contract, 6n))).toMatchObject({ kind: 'later' })
    expect(await paid(approving(contract, 0n))).toMatchObject({ succeeded: true })
    expect(await paid(approving(contract, 6n))).toMatchObject({ succeeded: true })
    expect(await read('allowance', from, spender)).toBe(6n)
  })

  it('is not paid with beyond the balance', async () => {
    const payment = asked(contract, { amount: 1_000_000n * one })
    expect(await builtOf(payment)).toMatchObject({ kind: 'later', code: 'CHAIN_UNAVAILABLE' })
  })
})

// What an operator's endpoint says is Tether's code on Ethereum, on the chain of these tests:
// `CUSTODY_TETHER=https://... npx vitest run test/coordinator/tokens.test.ts`. Only code with the hash
// that is publicly known of it is run, and no token is moved there. Balances are its storage slot 2.
const tether = '0xdac17f958d2ee523a2206206994597c13d831ec7'
const tetherCode = 'b44fb4e949d0f78f87f79ee46428f23a2a5713ce6fc6e0beb3dda78c2ac1ea55'
const tetherUrl = process.env['CUSTODY_TETHER'] ?? ''

async function codeOf(url: string, address: string): Promise<string> {
  const asked = { jsonrpc: '2.0', id: 1, method: 'eth_getCode', params: [address, 'latest'] }
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(asked) })
  const { result } = (await answer.json()) as { readonly result?: unknown }
  return String(result)
}

function requireTether(code: string): string {
  const got = toHex(keccak256(fromHex(code.slice(2)) ?? new Uint8Array()))
  if (got !== tetherCode) throw new Error(`expected code with keccak ${tetherCode}, got ${got}`)
  return code
}

describe.skipIf(!anvilInstalled)('code from an endpoint', () => {
  beforeAll(() => putToken(anvil, spender))

  /** A payment of it is built, mined, and its one event believed. */
  async function paysWith(token: string, slot: bigint): Promise<void> {
    await giveToken(anvil, { token, to: from, amount: 100_000_000n, slot })
    const at = await paid(asked(token, { amount: 42_000_001n }))
    const moved = [{ contract: token, to: customer, amount: 42_000_001n }]
    expect(at).toMatchObject({ succeeded: true, moved })
    const left = abi.encodeFunctionData('balanceOf', [from])
    expect(BigInt(String(await anvil.call('eth_call', [{ to: token, data: left }])))).toBe(
      57_999_999n,
    )
  }

  it('is not run under the name of Tether where it has another hash, or none', async () => {
    expect(() => requireTether('0x')).toThrow(/got c5d24601/)
    const other = await codeOf(anvil.url, spender)
    expect(other.length).toBeGreaterThan(1_000)
    expect(() => requireTether(other)).toThrow(/expected code with keccak b44fb4e9/)
  })

  it('is put at its address and pays, as that of the own stand-in does', () =>
    paysWith(spender, 5n))

  it.skipIf(tetherUrl === '')('of Tether itself pays like the two tokens above', async () => {
    const code = requireTether(await codeOf(tetherUrl, tether))
    await anvil.call('anvil_setCode', [tether, code])
    await paysWith(tether, 2n)
    for (const [value, succeeded] of [
      [5n, true],
      [6n, false],
      [0n, true],
    ] as const) {
      const approved = await paid(approving(tether, value)).catch(() => undefined)
      expect(approved?.succeeded ?? false).toBe(succeeded)
    }
  })
})

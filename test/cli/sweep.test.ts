// A sweep on a real chain, with a token that returns nothing as Tether's does: five deposit addresses,
// gas first, then the token, and dust stays. The watcher is the real verb; whoever carries its
// intents out signs with the children of the vault's key, as its nodes would together.
import { readFileSync, writeFileSync } from 'node:fs'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { AbiCoder, Wallet } from 'ethers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tokenAddress } from '../../cli/dev-chain.ts'
import { addressAt } from '../../policy/chain/address.ts'
import { depositPath } from '../../policy/deposit-path.ts'
import { sha256, toHex, toUtf8 } from '../../proto/crypto.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { type Anvil, anvilInstalled, startAnvil } from '../kit/anvil.ts'
import { childOf } from '../kit/child-secret.ts'
import { custody, makeCluster, type Place } from '../kit/cluster.ts'
import { type FakeCoordinator, fakeCoordinator } from '../kit/coordinator.ts'
import { rewritePolicy } from '../kit/policied.ts'
import { freePort } from '../kit/ports.ts'
import { tellOf } from '../kit/swept-house.ts'
import { deposits, ownRules } from '../policy/treasury/treasury-policy.ts'

const one = 1_000_000n
const gas = 2n * 10n ** 15n
const secret = sha256(toUtf8('a key for sweeps'))
const publicKey = secp256k1.getPublicKey(secret, true)
const key = { publicKey, chainCode: new Uint8Array(32) }
const at = (path: string) => addressAt('eip155:31337', key, path)
const hot = at('m')
const paths = [0, 1, 2, 3, 4].map(depositPath)
const lies = [30n * one, 25n * one, 25n * one - 1n, 0n, 1_000n * one]

let place: Place
let house: FakeCoordinator
let anvil: Anvil
let owner: string

beforeAll(async () => {
  if (!anvilInstalled) return
  place = await makeCluster(await freePort())
  rewritePolicy(place, (policy) => ({
    ...policy,
    sweeps: { deposits },
    rules: [...(policy['rules'] as readonly JsonObject[]), ...ownRules],
  }))
  house = await fakeCoordinator(place)
  anvil = await startAnvil(31337, ['--block-time', '1'])
  const chains = [{ network: 'eip155:31337', rpc: [anvil.url], confirmations: 1 }]
  const endpoints = { format: 'custody-endpoints/v1', chains }
  writeFileSync(place.path('endpoints.json'), JSON.stringify(endpoints))
  tellOf(house, place, { network: 'eip155:31337', key, paths })
  owner = ((await anvil.call('eth_accounts')) as string[])[0]!
  await prepare()
})
afterAll(async () => {
  await anvil?.stop()
  await house?.close()
  place?.remove()
})

/** The token of the development chain, what lies at each address, and coin for the payer. */
async function prepare(): Promise<void> {
  const { bytecode } = JSON.parse(
    readFileSync(new URL('../../cli/dev-token.json', import.meta.url), 'utf8'),
  ) as { bytecode: string }
  const supply = AbiCoder.defaultAbiCoder()
    .encode(['uint256'], [10_000n * one])
    .slice(2)
  const contract = await byOwner({ data: `0x${bytecode}${supply}`, gas: '0x400000' })
  expect(contract).toBe(tokenAddress)
  for (const [index, path] of paths.entries()) {
    if (lies[index] !== 0n) {
      const words = [`0x${at(path).slice(2).padStart(64, '0')}`, lies[index]!]
      const data = `0xa9059cbb${AbiCoder.defaultAbiCoder().encode(['uint256', 'uint256'], words).slice(2)}`
      await byOwner({ to: tokenAddress, data })
    }
  }
  await anvil.call('anvil_setBalance', [hot, `0x${(10n ** 18n).toString(16)}`])
  await anvil.call('anvil_setBalance', [at(paths[4]!), `0x${gas.toString(16)}`])
  await anvil.call('anvil_mine', ['0x3'])
}

async function byOwner(transaction: object): Promise<string> {
  const hash = await anvil.call('eth_sendTransaction', [{ from: owner, ...transaction }])
  await anvil.call('anvil_mine', ['0x1'])
  const receipt = await anvil.call('eth_getTransactionReceipt', [hash])
  return String((receipt as { contractAddress: string }).contractAddress)
}

async function tokens(address: string): Promise<bigint> {
  const data = `0x70a08231${address.slice(2).padStart(64, '0')}`
  return BigInt(String(await anvil.call('eth_call', [{ to: tokenAddress, data }, 'latest'])))
}

const watch = () =>
  custody(place, 'services/svc-payouts', [
    ...['watch', '--endpoints', place.path('endpoints.json'), '--patience', '30s', '--once'],
  ])

/** Signs, sends and settles whatever waits, as the house would. */
async function carriedOut(): Promise<void> {
  for (const [id, kept] of house.requests) {
    if (kept.request.state === 'SETTLED') continue
    const intent = JSON.parse(kept.signed.document)
    const wallet = new Wallet(`0x${toHex(childOf(secret, key.chainCode, intent.path))}`)
    const nonce = Number(await anvil.call('eth_getTransactionCount', [wallet.address, 'latest']))
    const words = [`0x${intent.to.slice(2).padStart(64, '0')}`, BigInt(intent.amount)]
    const data = `0xa9059cbb${AbiCoder.defaultAbiCoder().encode(['uint256', 'uint256'], words).slice(2)}`
    const isToken = intent.op === 'erc20.transfer'
    const price = { maxFeePerGas: 20_000_000_000n, maxPriorityFeePerGas: 1_000_000_000n }
    const raw = await wallet.signTransaction({
      ...{ type: 2, chainId: 31337, nonce, ...price, gasLimit: isToken ? 90_000n : 21_000n },
      ...(isToken ? { to: tokenAddress, data } : { to: intent.to, value: BigInt(intent.amount) }),
    })
    const txid = String(await anvil.call('eth_sendRawTransaction', [raw]))
    await anvil.call('anvil_mine', ['0x2'])
    const receipt = await anvil.call('eth_getTransactionReceipt', [txid])
    expect((receipt as { status: string }).status).toBe('0x1')
    house.requests.set(id, { ...kept, request: { ...kept.request, state: 'SETTLED', txid } })
  }
}

describe.skipIf(!anvilInstalled)('a sweep', () => {
  const asked = async () => {
    const { json } = await watch()
    return json.proposals.map((one: { id: string; amount: string }) => `${one.id} ${one.amount}`)
  }

  it('brings in what is worth it: gas first, then the token, and dust stays', async () => {
    expect(await asked()).toEqual([
      'watch/gas/deposits/m/1/0/1 2000000000000000',
      'watch/gas/deposits/m/1/1/1 2000000000000000',
      'watch/sweep/deposits/m/1/4/1 1000000000',
    ])
    // Nothing is asked twice while it is on its way.
    expect(await asked()).toEqual([])
    await carriedOut()
    expect(await asked()).toEqual([
      'watch/sweep/deposits/m/1/0/1 30000000',
      'watch/sweep/deposits/m/1/1/1 25000000',
    ])
    await carriedOut()
    expect(await asked()).toEqual([])
    expect(await tokens(hot)).toBe(1_055n * one)
    expect(await Promise.all(paths.map((path) => tokens(at(path))))).toEqual([
      ...[0n, 0n, 25n * one - 1n, 0n, 0n],
    ])
    const gasSent = [...house.requests.values()].map(({ signed }) => JSON.parse(signed.document))
    expect(gasSent[0]).toMatchObject({ to: at(paths[0]!), toPath: 'm/1/0', dest: '', path: 'm' })
    expect(gasSent.at(-1)).toMatchObject({ to: hot, path: 'm/1/1', maxFee: `${gas}` })
  })

  const priced = async (gwei: bigint) => {
    const base = `0x${(gwei * 10n ** 9n).toString(16)}`
    await anvil.call('anvil_setNextBlockBaseFeePerGas', [base])
    await anvil.call('anvil_mine', ['0x1'])
  }

  it('tops gas up by what lacks, at the second deposit of a customer, once fees are low', async () => {
    const words = [`0x${at(paths[0]!).slice(2).padStart(64, '0')}`, 40n * one]
    const data = `0xa9059cbb${AbiCoder.defaultAbiCoder().encode(['uint256', 'uint256'], words).slice(2)}`
    await byOwner({ to: tokenAddress, data })
    await anvil.call('anvil_mine', ['0x2'])
    const left = BigInt(String(await anvil.call('eth_getBalance', [at(paths[0]!), 'latest'])))
    expect(left).toBeGreaterThan(0n)
    await priced(10_000n)
    const { json } = await watch()
    expect(json.proposals).toEqual([])
    expect(json.doubts).toContainEqual({
      ...{ name: 'watch/sweep/deposits' },
      because: expect.stringMatching(/^1 wait for lower fees: to move one costs [0-9]{17,} now$/),
    })
    await priced(1n)
    expect(await asked()).toEqual([`watch/gas/deposits/m/1/0/2 ${gas - left}`])
  })
})

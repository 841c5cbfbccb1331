// A look at Tron that several endpoints share: coins and tokens as of a solidified block, and one
// that lies, lags or writes nonsense neither decides nor stands in the way of two others. The
// network is a stand-in whose tokens are on a real EVM.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { TronEndpoint } from '../../coordinator/chain-rpc/tron-endpoint.ts'
import { openTronLook, type TronLook } from '../../coordinator/chain-rpc/tron-look.ts'
import { nobodyOnTron, tronText } from '../../policy/chain/tron-address.ts'
import { fromHex } from '../../proto/crypto.ts'
import { Unavailable } from '../../proto/unavailable.ts'
import { anvilInstalled } from '../kit/anvil.ts'
import { unwatched } from '../kit/chain-watch.ts'
import { type Lie, type LyingProxy, lyingProxy } from '../kit/lying-proxy.ts'
import { startTronChain, type TronChain, tronToken, twenty } from '../kit/tron-chain.ts'

const token = tronText(fromHex(tronToken)!)
const rich = tronText(new Uint8Array(20).fill(5))
const poor = tronText(new Uint8Array(20).fill(6))
const coins = 10_000_000_000n
const tokens = 1_000_000_000_000n
const fails = (promise: Promise<unknown>) => expect(promise).rejects.toBeInstanceOf(Unavailable)

let chain: TronChain
let liar: LyingProxy

/** Of so many honest endpoints, with the liar before them or without it. */
function look(honest: number, ...others: readonly string[]): TronLook {
  const urls = [...others, ...chain.urls.slice(0, honest)]
  const endpoints = urls.map((url, at) => {
    const genesis = chain.sim.network.slice(-8)
    return new TronEndpoint({
      ...unwatched,
      url,
      name: `endpoint ${at}`,
      genesis,
      timeoutMs: 2_000,
    })
  })
  return openTronLook({ endpoints, witnesses: 2 })
}

describe.runIf(anvilInstalled)('a look at Tron', () => {
  beforeAll(async () => {
    chain = await startTronChain(Date.now)
    await chain.fund(rich)
    await chain.sim.mine(3)
    liar = await lyingProxy(chain.urls[0]!, 'paths')
  })
  afterAll(async () => {
    await liar?.close()
    await chain?.stop()
  })
  afterEach(() => {
    liar.lies = {}
  })

  it('is at the newest block that two endpoints have solidified', async () => {
    const block = await look(2).block()
    expect(block.height).toBe(BigInt(chain.sim.height - 2))
    expect(block.hash).toMatch(/^0x[0-9a-f]{64}$/)
    expect(await look(2).blockAt(block.height)).toEqual(block)
    await fails(look(2).blockAt(block.height + 1n))
    await fails(look(1).block())
    expect(await look(1, liar.url).block()).toEqual(block)
  })

  it('reads coins and tokens, and nothing of who holds nothing', async () => {
    const seen = look(2)
    const block = await seen.block()
    expect(await seen.balance(block, rich, '')).toEqual({ amount: coins, upTo: block.height })
    expect(await seen.balance(block, rich, token)).toMatchObject({ amount: tokens })
    expect(await seen.balance(block, poor, '')).toMatchObject({ amount: 0n })
    expect(await seen.balance(block, poor, token)).toMatchObject({ amount: 0n })
    // A contract that is not there says nothing, which is not a balance of nothing.
    await fails(seen.balance(block, rich, nobodyOnTron))
  })

  it('counts what lies in solidified blocks alone', async () => {
    const seen = look(2)
    chain.sim.balances.set(twenty(poor), 7n)
    await chain.sim.mine()
    expect(await seen.balance(await seen.block(), poor, '')).toMatchObject({ amount: 0n })
    await chain.sim.mine(2)
    expect(await seen.balance(await seen.block(), poor, '')).toMatchObject({ amount: 7n })
  })

  const behind: Lie = (honest) => ({
    ...Object(honest),
    ...{ blockID: 'ff'.repeat(32) },
  })
  const word = (value: bigint) => value.toString(16).padStart(64, '0')
  it.each<[path: string, how: string, lie: Lie, contract: 'coin' | 'token']>([
    ['getaccount', 'more', (said) => ({ ...Object(said), balance: 9e15 }), 'coin'],
    ['getaccount', 'nothing', { instead: {} }, 'coin'],
    ['getaccount', 'an error', { error: 'no such account' }, 'coin'],
    ['getaccount', 'another account', (said) => ({ ...Object(said), address: '41' }), 'coin'],
    ['getaccount', 'less than nothing', (said) => ({ ...Object(said), balance: -1 }), 'coin'],
    [
      'triggerconstantcontract',
      'more',
      { instead: { result: { result: true }, constant_result: [word(tokens * 2n)] } },
      'token',
    ],
    [
      'triggerconstantcontract',
      'a failure',
      { instead: { result: { result: true, message: '41' }, constant_result: [word(tokens)] } },
      'token',
    ],
    ['triggerconstantcontract', 'nothing', { instead: {} }, 'token'],
    ['getnowblock', 'a block that nobody made', behind, 'coin'],
    ['getnowblock', 'no JSON', { body: '<html>' }, 'coin'],
  ])('believes two of three when %s says %s, and none of two', async (path, _, lie, which) => {
    const block = await look(2).block()
    const contract = which === 'coin' ? '' : token
    const true_ = which === 'coin' ? coins : tokens
    expect(await look(1, liar.url).balance(block, rich, contract)).toMatchObject({ amount: true_ })
    liar.lies = { [`walletsolidity/${path}`]: lie }
    expect(await look(2, liar.url).balance(block, rich, contract)).toMatchObject({ amount: true_ })
    await fails(look(1, liar.url).balance(block, rich, contract))
  })

  it('hears no balance from an endpoint that is behind the block looked at', async () => {
    const block = await look(2).block()
    const late = { ...block, height: block.height + 1n }
    await fails(look(2).balance(late, rich, ''))
    await chain.sim.mine()
    expect(await look(2).balance(late, rich, '')).toMatchObject({ amount: coins })
  })

  it('is misled about the newest block by one of three no more than by none', async () => {
    const block = await look(2).block()
    for (const lie of [behind, { instead: {} }, 'reset'] as const) {
      liar.lies = { 'walletsolidity/getnowblock': lie, 'walletsolidity/getblockbynum': lie }
      expect(await look(2, liar.url).block()).toEqual(block)
      await fails(look(1, liar.url).block())
    }
  })

  it('knows what has not landed, and hears nothing of it from one alone', async () => {
    const block = await look(2).block()
    const txid = 'ab'.repeat(32)
    expect(await look(2).landed(block, txid)).toBe(false)
    liar.lies = {
      'walletsolidity/gettransactioninfobyid': { instead: { id: txid, blockNumber: 1 } },
    }
    expect(await look(2, liar.url).landed(block, txid)).toBe(false)
    await fails(look(1, liar.url).landed(block, txid))
    const both = look(0, liar.url, `${liar.url}/`)
    expect(await both.landed(block, txid)).toBe(true)
    expect(await both.landed({ ...block, height: 0n }, txid)).toBe(false)
  })
})

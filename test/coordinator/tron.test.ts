import { readFileSync } from 'node:fs'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { TronWeb } from 'tronweb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTronRpc } from '../../coordinator/chain-rpc/tron.ts'
import { buildTronTransfer } from '../../coordinator/chain-rpc/tron-build.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import { parseSignature } from '../../policy/chain/signature.ts'
import { bandwidthOf } from '../../policy/chain/tron.ts'
import { tronAddress, tronBytes, tronText } from '../../policy/chain/tron-address.ts'
import { publishedPrices, type TronPrices } from '../../policy/chain/tron-prices.ts'
import type { Intent } from '../../policy/intent.ts'
import { concat, fromHex, sha256, toHex, toUtf8 } from '../../proto/crypto.ts'
import { parseHandle, parseVaultId } from '../../proto/ids.ts'
import { type Anvil, anvilInstalled, startAnvil } from '../kit/anvil.ts'
import { unwatched } from '../kit/chain-watch.ts'
import { payout } from '../kit/examples.ts'
import { receiptOf, TronSim } from '../kit/tron-sim.ts'

const secret = sha256(toUtf8('tron vault'))
const from = tronAddress(secp256k1.getPublicKey(secret))
const twenty = (address: string): string => toHex(tronBytes(address)).slice(2)
const fresh = (name: string): string => tronText(sha256(toUtf8(name)).slice(0, 20))
const account = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266'
const token = tronText(fromHex('5fbdb2315678afecb367f032d93f642f64180aa3')!)
const minute = 60_000

let now = Date.parse('2026-12-07T10:00:00Z')
let anvil: Anvil
let sim: TronSim
let urls: string[]

beforeAll(async () => {
  if (!anvilInstalled) return
  anvil = await startAnvil()
  const { bytecode } = JSON.parse(
    readFileSync(new URL('../../cli/dev-token.json', import.meta.url), 'utf8'),
  )
  const supply = (10n ** 15n).toString(16).padStart(64, '0')
  await evm({ data: `0x${bytecode}${supply}` })
  const data = `a9059cbb${twenty(from).padStart(64, '0')}${(10n ** 12n).toString(16).padStart(64, '0')}`
  await evm({ to: `0x${twenty(token)}`, data: `0x${data}` })
  sim = new TronSim({ anvil, now: () => now })
  sim.balances.set(twenty(from), 10_000_000_000n)
  urls = [await sim.listen(), await sim.listen()]
  await blocks(5)
})
afterAll(async () => {
  await sim?.close()
  await anvil?.stop()
})

async function evm(transaction: object): Promise<void> {
  const hash = await anvil.call('eth_sendTransaction', [{ from: account, ...transaction }])
  await receiptOf(anvil, String(hash))
}

async function blocks(count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    now += 3_000
    await sim.mine()
  }
}

async function tokensOf(address: string): Promise<bigint> {
  const data = `0x70a08231${twenty(address).padStart(64, '0')}`
  return BigInt(
    String(await anvil.call('eth_call', [{ to: `0x${twenty(token)}`, data }, 'latest'])),
  )
}

const rpcOf = (doors: readonly string[] = urls) =>
  openTronRpc({ ...unwatched, network: sim.network, urls: doors, timeoutMs: 2_000 })

const intentTo = (to: string, change: Partial<Intent> = {}): Intent => ({
  ...payout,
  vault: parseVaultId('hot-tron'),
  network: sim.network,
  op: 'trc20.transfer',
  asset: parseHandle('usdt-tron'),
  contract: token,
  to,
  amount: 5_000_000n,
  maxFee: 100_000_000n,
  ...change,
})
const coins = { op: 'tron.transfer', asset: parseHandle('trx-native'), contract: '' } as const

const build = (intent: Intent, lifetimeMs = 10 * minute, rpc = rpcOf()) =>
  buildTronTransfer(rpc, { intent, from, now, lifetimeMs })

async function signed(intent: Intent, lifetimeMs?: number) {
  const built = await build(intent, lifetimeMs)
  if (built.kind !== 'built') throw new Error(built.because)
  const { digest } = built.effect
  const made = secp256k1.sign(digest, secret, { prehash: false, format: 'recovered' })
  const signature = parseSignature(concat(made.slice(1), made.slice(0, 1)))
  return { ...built, ...chainOf(intent.network).attach(built.bytes, signature) }
}

describe.runIf(anvilInstalled)('a stand-in for Tron', () => {
  it('is driven by tronweb as it is', async () => {
    const tronweb = new TronWeb({ fullHost: urls[0]!, privateKey: toHex(secret) })
    const to = fresh('by tronweb')
    const made = await tronweb.transactionBuilder.sendTrx(to, 2_000_000, from)
    const mine = await tronweb.trx.sign(made)
    expect(await tronweb.trx.sendRawTransaction(mine)).toMatchObject({ result: true })
    await blocks(1)
    expect(sim.balances.get(twenty(to))).toBe(2_000_000n)
    const again = await tronweb.trx.sendRawTransaction(mine)
    expect(again).toMatchObject({ code: 'DUP_TRANSACTION_ERROR' })
    const info = await tronweb.trx.getUnconfirmedTransactionInfo(mine.txID)
    expect(info).toMatchObject({ id: mine.txID, fee: 1_100_000 + info.receipt.net_usage * 1_000 })
    const next = await tronweb.transactionBuilder.sendTrx(to, 1, from)
    const other = new TronWeb({ fullHost: urls[0]!, privateKey: toHex(sha256(secret)) })
    const theirs = await other.trx.sign({ ...next }, toHex(sha256(secret))).catch(() => undefined)
    expect(theirs).toBeUndefined()
    const forged = { ...next, signature: [mine.signature[0]!] }
    expect(await tronweb.trx.sendRawTransaction(forged)).toMatchObject({ code: 'SIGERROR' })
  })
})

describe.runIf(anvilInstalled)('a payment on Tron', () => {
  it('of a token is built, sent, mined, and final when its block is solid', async () => {
    const to = fresh('customer')
    const before = sim.balances.get(twenty(from))!
    const { raw, txid, effect } = await signed(intentTo(to))
    const rpc = rpcOf()
    expect(await rpc.minedAt(txid)).toBeUndefined()
    expect(await rpc.send(raw)).toEqual({ kind: 'taken' })
    expect(await rpc.send(raw)).toEqual({ kind: 'taken' })
    await blocks(1)
    expect(await rpc.minedAt(txid)).toMatchObject({ final: false, succeeded: true })
    expect(await rpc.send(raw)).toEqual({ kind: 'taken' })
    await blocks(2)
    expect(await rpc.minedAt(txid)).toMatchObject({
      ...{ final: true, succeeded: true },
      moved: [{ contract: token, to, amount: 5_000_000n }],
    })
    expect(await tokensOf(to)).toBe(5_000_000n)
    const spent = before - sim.balances.get(twenty(from))!
    expect(spent).toBeGreaterThan(0n)
    expect(spent).toBeLessThanOrEqual(effect.fee.max)
  })

  it('of the coin to an address that nobody holds costs what the fee says', async () => {
    const to = fresh('another customer')
    const before = sim.balances.get(twenty(from))!
    const { raw, txid, effect } = await signed(intentTo(to, { ...coins, amount: 7n }))
    await rpcOf().send(raw)
    await blocks(3)
    expect(await rpcOf().minedAt(txid)).toMatchObject({ final: true, succeeded: true })
    expect(sim.balances.get(twenty(to))).toBe(7n)
    expect(before - sim.balances.get(twenty(from))!).toBe(7n + effect.fee.max)
  })

  it('is not built when it would fail, or would cost more than the intent allows', async () => {
    const poor = await build(intentTo(fresh('x'), { amount: 10n ** 14n }))
    expect(poor).toMatchObject({ kind: 'later', code: 'CHAIN_UNAVAILABLE' })
    expect(await build(intentTo(fresh('x'), { maxFee: 1_000n }))).toMatchObject({ code: 'FEE' })
    const cheap = intentTo(fresh('x'), { ...coins, maxFee: 1_300_000n })
    expect(await build(cheap)).toMatchObject({ code: 'FEE' })
    const rpc = rpcOf()
    const dear = { ...rpc, prices: async () => ({ ...(await rpc.prices()), bandwidth: 1_001n }) }
    expect(await build(intentTo(fresh('x')), minute, dear)).toMatchObject({ code: 'FEE' })
  })

  it('is built by the prices of the policy, and not where the network charges more', async () => {
    const paying = (change: Partial<Intent>, prices: Partial<TronPrices>) =>
      buildTronTransfer(rpcOf(), {
        ...{ intent: intentTo(fresh('priced'), change), from, now, lifetimeMs: 10 * minute },
        prices: { ...publishedPrices, ...prices },
      })
    const [token_, honest] = [{}, await paying({}, {})]
    if (honest.kind !== 'built') throw new Error(honest.because)
    const limit = honest.effect.fee.max - bandwidthOf(honest.bytes) * 1_000n
    // At a hundred sun an energy, and 1,000 sun a byte, as the stand-in charges.
    const exact = { energy: 100n, bandwidth: 1_000n, activation: 1_100_000n, feeLimit: limit }
    expect(await paying(token_, exact)).toMatchObject({ kind: 'built' })
    expect(await paying(coins, exact)).toMatchObject({ kind: 'built' })
    const because = async (change: Partial<Intent>, prices: Partial<TronPrices>) => {
      const built = await paying(change, prices)
      return built.kind === 'later' ? `${built.code} ${built.because}` : built.kind
    }
    const charges = (name: string, got: number, most: number) =>
      `FEE ${name}: the network charges ${got}, expected at most ${most}`
    expect(await because(token_, { energy: 99n })).toBe(charges('energy', 100, 99))
    expect(await because(coins, { energy: 99n })).toBe('built')
    expect(await because(token_, { bandwidth: 999n })).toBe(charges('bandwidth', 1_000, 999))
    expect(await because(coins, { activation: 1n })).toBe(charges('activation', 1_100_000, 1))
    expect(await because(token_, { activation: 1n })).toBe('built')
    expect(await because(token_, { feeLimit: limit - 1n })).toBe(
      `FEE fee_limit: expected at most ${limit - 1n}, got ${limit}`,
    )
    const more = await paying(token_, { bandwidth: 2_000n })
    expect(more).toMatchObject({ effect: { fee: { max: honest.effect.fee.max + 345_000n } } })
  })

  it('waits when its amount is more than two encoders can say, or the chain can hold', async () => {
    for (const amount of [2n ** 53n + 1n, 2n ** 63n, 2n ** 64n]) {
      const built = await build(intentTo(fresh('whale'), { ...coins, amount }))
      expect(built).toMatchObject({ kind: 'later' })
    }
  })

  it('refers to a solid block and lives as long as it may', async () => {
    const built = await build(intentTo(fresh('x')))
    if (built.kind !== 'built') throw new Error(built.because)
    expect(built.effect.until).toBe(Math.floor((now + 10 * minute) / 1_000) * 1_000)
    const day = await build(intentTo(fresh('x')), 24 * 60 * minute)
    if (day.kind !== 'built') throw new Error(day.because)
    const solid = await rpcOf().reference()
    expect(day.effect.until).toBeLessThan(solid.timestamp + 24 * 60 * minute)
    expect(sim.height - Number(solid.number)).toBe(2)
  })

  it('is sent again as it is when the answer says nothing', async () => {
    const { raw, txid } = await signed(intentTo(fresh('busy')))
    sim.answers = ['SERVER_BUSY', 'OTHER_ERROR']
    expect(await rpcOf().send(raw)).toMatchObject({ kind: 'unclear' })
    // It was taken all the same, and the id shows it.
    await blocks(3)
    expect(await rpcOf().minedAt(txid)).toMatchObject({ final: true })
    expect(await rpcOf().send(raw)).toEqual({ kind: 'taken' })
  })

  it('is gone when its life is over in a solid block at two endpoints, and not before', async () => {
    const { raw, txid, effect } = await signed(intentTo(fresh('late')), 2 * minute)
    const until = effect.until!
    sim.isStuck = true
    await rpcOf().send(raw)
    await blocks(2)
    expect(await rpcOf().isGone(txid, until)).toBe(false)
    now = until + 1_000
    await blocks(3)
    expect(await rpcOf().isGone(txid, until)).toBe(false)
    now = until + 9 * minute
    await blocks(3)
    expect(await rpcOf().isGone(txid, until)).toBe(false)
    now = until + 11 * minute
    await blocks(3)
    expect(await rpcOf().isGone(txid, until)).toBe(true)
    expect(await rpcOf(urls.slice(1)).isGone(txid, until)).toBe(false)
    sim.isStuck = false
    await blocks(3)
    expect(await rpcOf().minedAt(txid)).toBeUndefined()
    expect(await rpcOf().send(raw)).toMatchObject({ kind: 'refused' })
    const mined = await signed(intentTo(fresh('in time')), 2 * minute)
    await rpcOf().send(mined.raw)
    await blocks(1)
    now += 15 * minute
    await blocks(3)
    expect(await rpcOf().isGone(mined.txid, mined.effect.until!)).toBe(false)
  })
})

describe.runIf(anvilInstalled)('an endpoint of Tron', () => {
  it('is not used when it belongs to another network, and another one is', async () => {
    const other = new TronSim({ now: () => now + 1 })
    other.balances.set('00', 1n)
    const foreign = await other.listen()
    const named = openTronRpc({
      ...unwatched,
      network: 'tron:0x2b6653dc',
      urls: [foreign],
      timeoutMs: 2_000,
    })
    await expect(named.prices()).rejects.toThrow(/no endpoint/)
    await other.close()
    const dead = [foreign, urls[0]!]
    expect(await rpcOf(dead).prices()).toMatchObject({ energy: 100n })
    await expect(rpcOf(dead).reference()).rejects.toThrow(/no two endpoints/)
    await expect(rpcOf([foreign]).minedAt('00')).rejects.toThrow(/no endpoint/)
    await expect(rpcOf([foreign]).send(new Uint8Array(3))).rejects.toThrow(/no endpoint/)
  })

  it('makes no block up, and no finality, that another one does not show', async () => {
    const { raw, txid } = await signed(intentTo(fresh('lied about')))
    await rpcOf().send(raw)
    await blocks(1)
    const liar = await sim.listen({
      'walletsolidity/gettransactioninfobyid': { id: txid, blockNumber: 1, receipt: {} },
      'walletsolidity/getnowblock': { blockID: '00'.repeat(32), block_header: { raw_data: {} } },
    })
    expect(await rpcOf([liar, ...urls]).minedAt(txid)).toMatchObject({ final: false })
    expect((await rpcOf([liar, ...urls]).reference()).number).toBe(BigInt(sim.height - 2))
    await blocks(2)
    expect(await rpcOf([liar, ...urls]).minedAt(txid)).toMatchObject({
      final: true,
      height: BigInt(sim.height - 2),
    })
  })

  it('is not taken to lack a transaction when it only fails to say, or keeps no results', async () => {
    const { raw, txid, effect } = await signed(intentTo(fresh('landed')), 2 * minute)
    await rpcOf().send(raw)
    await blocks(1)
    now = effect.until! + 15 * minute
    await blocks(3)
    const failing = { Error: 'class java.lang.RuntimeException : null' }
    const answers: (readonly [result: object, transaction: object])[] = [
      ...[failing, [], { id: '00'.repeat(32) }].map((said) => [said, {}] as const),
      ...[failing, [], { txID: txid }].map((said) => [{}, said] as const),
    ]
    for (const [said, stored] of answers) {
      const lies = {
        'wallet/gettransactioninfobyid': said,
        'walletsolidity/gettransactioninfobyid': said,
        'wallet/gettransactionbyid': stored,
      }
      const doors = [await sim.listen(lies), await sim.listen(lies)]
      expect(await rpcOf(doors).isGone(txid, effect.until!)).toBe(false)
    }
  })

  it('neither sets the fee_limit nor forbids the transfer alone: bytes are bound for ever', async () => {
    const order = intentTo(fresh('priced'))
    const honest = await build(order)
    if (honest.kind !== 'built') throw new Error(honest.because)
    const parameters = (energy: number) => ({
      chainParameter: [
        { key: 'getEnergyFee', value: energy },
        { key: 'getTransactionFee', value: 1_000 },
        { key: 'getCreateNewAccountFeeInSystemContract', value: 1_000_000 },
        { key: 'getCreateAccountFee', value: 100_000 },
      ],
    })
    const estimate = (used: object) => ({ result: { result: true }, ...used })
    const lies = [
      { 'wallet/triggerconstantcontract': estimate({ energy_used: 1 }) },
      { 'wallet/triggerconstantcontract': estimate({}) },
      { 'wallet/triggerconstantcontract': estimate({ energy_used: 9e14 }) },
      { 'wallet/triggerconstantcontract': { result: { message: '6e6f' } } },
      { 'wallet/getchainparameters': parameters(1) },
      { 'wallet/getchainparameters': parameters(9e14) },
    ]
    for (const lie of lies) {
      const built = await build(order, 10 * minute, rpcOf([await sim.listen(lie), ...urls]))
      expect(built).toMatchObject({ kind: 'built', effect: { fee: honest.effect.fee } })
    }
  })

  it('that asks for more than the network lets burn makes it wait, and ends no request', async () => {
    for (const energy_used of [150_000_001, 2 ** 53 - 1]) {
      const lie = { result: { result: true }, energy_used }
      const dear = rpcOf([await sim.listen({ 'wallet/triggerconstantcontract': lie })])
      const order = intentTo(fresh('dear'), { maxFee: 10n ** 12n })
      expect(await build(order, minute, dear)).toMatchObject({ kind: 'later', code: 'FEE' })
    }
    const silent = { result: { result: true } }
    const mute = rpcOf([await sim.listen({ 'wallet/triggerconstantcontract': silent })])
    await expect(build(intentTo(fresh('mute')), minute, mute)).rejects.toThrow(/no endpoint/)
  })

  it('that answers a broadcast with nothing readable does not undo what another one took', async () => {
    const { raw } = await signed(intentTo(fresh('two doors')))
    for (const said of [JSON.parse('null'), JSON.parse('"taken"'), {}]) {
      const door = await sim.listen({ 'wallet/broadcasthex': said })
      expect(await rpcOf([door, ...urls]).send(raw)).toEqual({ kind: 'taken' })
    }
  })
})

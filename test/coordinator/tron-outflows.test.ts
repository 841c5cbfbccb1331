// What an auditor collects on Tron and holds against the lines of a log: payments that landed, one
// that failed and burned its energy, one that no line has; an endpoint that lies about each answer.
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Range } from '../../coordinator/chain-rpc/kind.ts'
import { TronEndpoint } from '../../coordinator/chain-rpc/tron-endpoint.ts'
import { openTronLook, type TronLook } from '../../coordinator/chain-rpc/tron-look.ts'
import { collectTron } from '../../coordinator/chain-rpc/tron-outflows.ts'
import { type ChainFile, parseChainFile, writeChainFile } from '../../policy/audit/chain-file.ts'
import type { Paid } from '../../policy/audit/paid.ts'
import { reconcile } from '../../policy/audit/reconcile.ts'
import { tronAddress, tronText } from '../../policy/chain/tron-address.ts'
import type { Intent } from '../../policy/intent.ts'
import { sha256, toUtf8 } from '../../proto/crypto.ts'
import { parseDigest } from '../../proto/ids.ts'
import { type JsonObject, text } from '../../proto/jcs.ts'
import { attempt, isRefusal } from '../../proto/refusal.ts'
import { Unavailable } from '../../proto/unavailable.ts'
import { anvilInstalled } from '../kit/anvil.ts'
import { unwatched } from '../kit/chain-watch.ts'
import { type Lie, type LyingProxy, lyingProxy } from '../kit/lying-proxy.ts'
import { startTronChain, type TronChain } from '../kit/tron-chain.ts'
import { tronNetwork as network, tronUsdt as token } from '../kit/tron-documents.ts'
import { signedOnTron } from '../kit/tron-signed.ts'
import { payout } from './world.ts'

const one = 1_000_000n
const secret = sha256(toUtf8('an audited key'))
const hot = tronAddress(secp256k1.getPublicKey(secret, true))
const customer = tronText(new Uint8Array(20).fill(8))
/** Of the house too, and pays nothing. */
const own = tronText(new Uint8Array(20).fill(9))

let chain: TronChain
let liar: LyingProxy
let first: bigint
const paid: Paid[] = []

/** What a log says of a payment that settled at this height. */
function lineOf(
  intent: Intent,
  txid: string,
  { max, height }: { max: bigint; height: bigint },
): Paid {
  const { op, contract, to, amount } = intent
  return {
    ...{ intent: parseDigest('ab'.repeat(32)), network, op, contract, to, amount, from: hot },
    ...{
      vault: intent.vault,
      path: intent.path,
      feeMax: max,
      slot: '',
      txids: [txid],
      settled: { txid, height },
    },
    ...{ isDropped: false, line: 10 + paid.length },
  }
}

const coin = (amount: bigint) =>
  payout({ network, op: 'tron.transfer', contract: '', to: customer, amount, maxFee: 100n * one })
const usdt = (amount: bigint) =>
  payout({
    network,
    op: 'trc20.transfer',
    contract: token,
    to: customer,
    amount,
    maxFee: 100n * one,
  })

/** All in one block. */
async function landed(...intents: readonly Intent[]): Promise<readonly Paid[]> {
  const all = await Promise.all(intents.map((intent) => signedOnTron(chain.rpc, intent, secret)))
  for (const { raw } of all) expect(await chain.rpc.send(raw)).toEqual({ kind: 'taken' })
  await chain.sim.mine()
  const height = BigInt(chain.sim.height)
  await chain.sim.mine(2)
  return all.map(({ txid, effect }, at) =>
    lineOf(intents[at]!, txid, { max: effect.fee.max, height }),
  )
}

function look(...urls: readonly string[]): TronLook {
  const endpoints = urls.map((url, at) => {
    const genesis = network.slice(-8)
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

async function collected(...urls: readonly string[]): Promise<ChainFile> {
  return collectTron(look(...urls), await rangeOf())
}

async function rangeOf(more: Partial<Range> = {}): Promise<Range> {
  const range = { network, from: first, addresses: [hot, own], deposits: [], tokens: [token] }
  return { ...range, to: await look(...chain.urls).block(), ...more }
}

const found = (file: ChainFile) =>
  reconcile(file, {
    paid,
    own: new Set([hot, own]),
    tokens: new Set([token]),
    deposits: [],
  }).findings.map(({ word, code, because }) => `${word} ${code} ${because}`)

describe.runIf(anvilInstalled)('what own addresses did on Tron', () => {
  beforeAll(async () => {
    chain = await startTronChain(Date.now)
    liar = await lyingProxy(chain.urls[0]!, 'paths')
    await chain.fund(hot)
    await chain.sim.mine(3)
    first = BigInt(chain.sim.height) + 1n
    paid.push(...(await landed(usdt(400n * one), coin(5n * one))))
    paid.push(...(await landed(coin(6n * one))))
  })
  afterAll(async () => {
    await liar?.close()
    await chain?.stop()
  })

  it('is what the log says, and its file reads back as it was written', async () => {
    const file = await collected(...chain.urls)
    expect(found(file)).toEqual([])
    const { payments, transactions, accounts } = reconcile(file, {
      paid,
      own: new Set([hot, own]),
      tokens: new Set([token]),
      deposits: [],
    })
    expect({ payments, transactions, accounts }).toEqual({
      ...{ payments: 3, transactions: 3, accounts: [] },
    })
    expect(parseChainFile(writeChainFile(file))).toEqual(file)
    expect(file.accounts[0]?.moved).toMatchObject([{ contract: token, from: hot, to: customer }])
    // The first transfer to an address pays for its account.
    const [, created, plain] = file.accounts[0]?.sent ?? []
    expect(created!.fee - plain!.fee).toBe(1_100_000n)
  })

  const json = (file: ChainFile) => JSON.parse(Buffer.from(writeChainFile(file)).toString())
  it.each<[what: string, because: RegExp, bend: (account: JsonObject) => JsonObject]>([
    [
      'nonces',
      /tokens, what it received, no nonces, and balances of these/,
      (account) => ({ ...account, nonces: { after: '0', before: '0' } }),
    ],
    [
      'balances of what was not looked at',
      /tokens, what it received, no nonces, and balances of these/,
      (account) => ({ ...account, balances: [{ after: '0', contract: customer }] }),
    ],
    [
      'hidden receipts',
      /tokens, what it received, no nonces, and balances of these/,
      ({ received: _, ...account }) => account,
    ],
    [
      'addresses of EVM',
      /expected a Tron address/,
      (account) => ({ ...account, address: `0x${'11'.repeat(20)}` }),
    ],
  ])('has no %s in its file', async (_, because, bend) => {
    const { accounts, ...rest } = json(await collected(...chain.urls))
    const written = (all: readonly JsonObject[]) => toUtf8(text({ ...rest, accounts: all }))
    expect(parseChainFile(written(accounts)).accounts).toHaveLength(2)
    const refused = attempt(() => parseChainFile(written(accounts.map(bend))))
    expect(isRefusal(refused) ? refused.because : 'taken').toMatch(because)
  })

  const over =
    (change: object): Lie =>
    (said) => ({ ...Object(said), ...change })
  const infos = 'walletsolidity/gettransactioninfobyblocknum'
  const blocks = 'walletsolidity/getblockbynum'
  const each =
    (change: (one: JsonObject) => JsonObject): Lie =>
    (said) =>
      (said as JsonObject[]).map(change)
  it.each<[what: string, path: string, lie: Lie]>([
    ['hides the transactions of a block', blocks, over({ transactions: [] })],
    ['tells a block that nobody made', blocks, over({ blockID: '00'.repeat(32) })],
    ['has no result', infos, { instead: [] }],
    ['writes an error', infos, { error: 'no such block' }],
    ['tells another fee', infos, each((one) => ({ ...one, fee: 1 }))],
    ['tells another outcome', infos, each((one) => ({ ...one, result: 'FAILED' }))],
    ['tells another height', infos, each((one) => ({ ...one, blockNumber: 1 }))],
    ['hides an event', infos, each(({ log: _, ...one }) => one)],
  ])('is collected where one of three %s, and not where one of two does', async (_, path, lie) => {
    const honest = await collected(...chain.urls)
    liar.lies = { [path]: lie }
    expect(await collected(...chain.urls, liar.url)).toEqual(honest)
    await expect(collected(chain.urls[0]!, liar.url)).rejects.toBeInstanceOf(Unavailable)
    liar.lies = {}
    expect(await collected(chain.urls[0]!, liar.url)).toEqual(honest)
  })

  it('is named where the log says something else, in base units', async () => {
    const file = await collected(...chain.urls)
    const known = [...paid]
    const said = (...lines: readonly Paid[]) => {
      paid.splice(0, paid.length, ...lines)
      const all = found(file)
      paid.splice(0, paid.length, ...known)
      return all
    }
    const [token_, created, plain] = known as [Paid, Paid, Paid]
    expect(said(token_, created)).toEqual([
      expect.stringMatching(/^INCOMPLETE NONCE .*, 6000000 to T\w+: no line has it$/),
    ])
    expect(said(token_, created, { ...plain, amount: 7n * one })[0]).toMatch(
      /difference of -1000000/,
    )
    expect(said(token_, created, { ...plain, feeMax: 1n })[0]).toMatch(/^INCOMPLETE FEE .*cost/)
    expect(said({ ...token_, to: hot }, created, plain)[0]).toMatch(/BYTES_TO .*nothing/)
    const tokens = new Set([token, customer])
    const { findings } = reconcile(file, { paid, own: new Set([hot, own]), tokens, deposits: [] })
    expect(findings.map(({ because }) => because)).toEqual([
      `${hot}: expected a balance of ${customer}`,
      `${own}: expected a balance of ${customer}`,
    ])
    expect(said(token_, created, { ...plain, isDropped: true })[0]).toMatch(/ONE_EFFECT/)
  })

  it('is named where a payment failed in its block and burned its energy', async () => {
    const before = (await collected(...chain.urls)).accounts[0]!.sent.length
    const whole = await chain.held(hot)
    // Each of them could be paid when it was built, and only one of them can.
    paid.push(...(await landed(usdt(whole), usdt(whole - 1n))))
    const file = await collected(...chain.urls)
    const [, failed] = file.accounts[0]!.sent.slice(before)
    expect(failed).toMatchObject({ succeeded: false, to: token })
    expect(failed!.fee).toBeGreaterThan(345_000n)
    const seen = look(...chain.urls)
    const { at } = await seen.blockAt(BigInt(failed!.height))
    expect(await seen.failedAt(failed!.txid)).toBe(at)
    expect(await seen.failedAt(paid[0]!.txids[0]!)).toBe(0)
    expect(found(file)).toEqual([
      expect.stringMatching(/BYTES_AMOUNT .*it failed and moved 0.*difference of -/),
    ])
  })
})

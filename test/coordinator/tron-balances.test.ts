// Balances in the chain file of an auditor on Tron, whose nodes keep no earlier states: read at the
// end of a range, taken over by the file of the next one, and compared with what moved between.
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Range } from '../../coordinator/chain-rpc/kind.ts'
import { field } from '../../coordinator/chain-rpc/post.ts'
import { blockId } from '../../coordinator/chain-rpc/tron-block.ts'
import { closingsOf } from '../../coordinator/chain-rpc/tron-closings.ts'
import { TronEndpoint, textField, wholeField } from '../../coordinator/chain-rpc/tron-endpoint.ts'
import { openTronLook } from '../../coordinator/chain-rpc/tron-look.ts'
import { collectTron } from '../../coordinator/chain-rpc/tron-outflows.ts'
import { type ChainFile, parseChainFile, writeChainFile } from '../../policy/audit/chain-file.ts'
import { reconcile } from '../../policy/audit/reconcile.ts'
import { tronAddress, tronText } from '../../policy/chain/tron-address.ts'
import type { Intent } from '../../policy/intent.ts'
import { fromHex, sha256, toHex, toUtf8 } from '../../proto/crypto.ts'
import { Unavailable } from '../../proto/unavailable.ts'
import { anvilInstalled } from '../kit/anvil.ts'
import { unwatched } from '../kit/chain-watch.ts'
import { type LyingProxy, lyingProxy } from '../kit/lying-proxy.ts'
import { startTronChain, type TronChain, twenty } from '../kit/tron-chain.ts'
import { tronNetwork as network, tronUsdt as token } from '../kit/tron-documents.ts'
import { signedOnTron } from '../kit/tron-signed.ts'
import { payout } from './world.ts'

const one = 1_000_000n
const secret = sha256(toUtf8('an audited key'))
const hot = tronAddress(secp256k1.getPublicKey(secret, true))
/** Of the house too, and pays nothing. */
const own = tronText(new Uint8Array(20).fill(9))
const places = [
  [hot, ''],
  [hot, token],
  [own, ''],
  [own, token],
] as const

let chain: TronChain
let liar: LyingProxy
/** Between an answer about an account and the next question. */
let meanwhile: () => Promise<void> = async () => {}
/** Answers about a token that are no balance. */
let spoiled = 0

class Endpoint extends TronEndpoint {
  override async ask(path: string, body: Readonly<Record<string, unknown>> = {}) {
    const answer = await super.ask(path, body)
    if (path === 'walletsolidity/getaccount') await meanwhile()
    return path === 'walletsolidity/triggerconstantcontract' && spoiled-- > 0 ? {} : answer
  }
}

function look(...urls: readonly string[]) {
  const endpoints = urls.map((url, at) => {
    const about = { url, name: `endpoint ${at}`, genesis: network.slice(-8), timeoutMs: 2_000 }
    return new Endpoint({ ...unwatched, ...about })
  })
  return openTronLook({ endpoints, witnesses: 2 })
}

async function collected(from: bigint | ChainFile, more: Partial<Range> = {}, ...urls: string[]) {
  const after = typeof from === 'bigint' ? undefined : from
  return collectTron(look(...(urls.length > 0 ? urls : chain.urls)), {
    ...{ network, addresses: [hot, own], deposits: [], tokens: [token], closes: true },
    ...{ from: typeof from === 'bigint' ? from : BigInt(from.to) + 1n },
    ...(after === undefined ? {} : { after }),
    to: await look(...chain.urls).block(),
    ...more,
  })
}

const payment = (of: Partial<Intent>) =>
  payout({ network, to: own, maxFee: 100n * one, amount: one, ...of })
const coin = (amount: bigint) => payment({ op: 'tron.transfer', contract: '', amount })
const usdt = (amount: bigint) => payment({ op: 'trc20.transfer', contract: token, amount })

async function landed(...intents: readonly Intent[]): Promise<void> {
  const all = await Promise.all(intents.map((intent) => signedOnTron(chain.rpc, intent, secret)))
  for (const { raw } of all) expect(await chain.rpc.send(raw)).toEqual({ kind: 'taken' })
  await chain.sim.mine(3)
}

async function held(): Promise<readonly bigint[]> {
  return Promise.all(
    places.map(async ([address, contract]) =>
      contract === '' ? (chain.sim.balances.get(twenty(address)) ?? 0n) : chain.held(address),
    ),
  )
}

/** A thousand blocks on, with an id that is its own. */
function farBlock(said: object): object {
  const raw = field(field(said, 'block_header'), 'raw_data') as object
  const number = wholeField(raw, 'number') + 1_000
  const bytes = (name: string) => fromHex(textField(raw, name)) ?? new Uint8Array(0)
  const id = blockId({
    ...{ number: BigInt(number), timestamp: BigInt(wholeField(raw, 'timestamp')) },
    ...{ txTrieRoot: bytes('txTrieRoot'), parentHash: bytes('parentHash') },
    ...{ witness: bytes('witness_address'), version: BigInt(wholeField(raw, 'version')) },
  })
  return { blockID: toHex(id), block_header: { raw_data: { ...raw, number } } }
}

const balancesIn = (file: ChainFile) => file.accounts.flatMap(({ balances }) => balances)
const afters = (file: ChainFile) => balancesIn(file).map(({ after }) => after)
const known = { paid: [], own: new Set([hot, own]), tokens: new Set([token]), deposits: [] }
const unbalanced = (file: ChainFile) =>
  reconcile(file, known)
    .findings.filter(({ code }) => code === 'BALANCE')
    .map(({ because }) => because)

describe.runIf(anvilInstalled)('balances of own addresses on Tron', () => {
  let first: ChainFile
  beforeAll(async () => {
    chain = await startTronChain(Date.now)
    liar = await lyingProxy(chain.urls[0]!, 'paths')
    await chain.fund(hot)
    await chain.sim.mine(3)
    const from = BigInt(chain.sim.height) - 1n
    await landed(usdt(400n * one), coin(5n * one))
    first = await collected(from)
  })
  afterAll(async () => {
    await liar?.close()
    await chain?.stop()
  })

  it('are those of the end, and the first file has none before to compare them with', async () => {
    expect(afters(first)).toEqual(await held())
    expect(balancesIn(first).every(({ before }) => before === undefined)).toBe(true)
    expect(reconcile(first, known)).toMatchObject({ accounts: [], untold: 4 })
    expect(parseChainFile(writeChainFile(first))).toEqual(first)
    expect(first.accounts[1]?.received).toMatchObject([{ from: hot, amount: 5n * one }])
    // Of earlier blocks nobody can tell them.
    expect(balancesIn(await collected(BigInt(first.from), { closes: false }))).toEqual([])
  })

  it('come out where all that moved was seen, and by how much where it was not', async () => {
    await landed(usdt(7n * one), coin(3n * one), coin(2n * one))
    const next = await collected(first)
    expect(next.from).toBe(first.to + 1)
    expect(balancesIn(next).map(({ before }) => before)).toEqual(afters(first))
    expect(afters(next)).toEqual(await held())
    expect(unbalanced(next)).toEqual([])
    const { accounts, untold } = reconcile(next, known)
    expect(untold).toBe(0)
    expect(accounts.map((all) => all.in)).toEqual([0n, 0n, 5n * one, 7n * one])
    // Gone without a transaction of the key, and come without an event.
    chain.sim.balances.set(twenty(own), (chain.sim.balances.get(twenty(own)) ?? 0n) - 11n)
    await chain.give(own, 13n)
    await landed(coin(one))
    expect(unbalanced(await collected(next))).toEqual([
      `${own}: 11 of the coin are missing`,
      `${own}: 13 of ${token} are there too much`,
    ])
    expect(unbalanced(await collected(next, { closes: false }))).toEqual([])
  })

  it('that move while they are read are read again', async () => {
    let times = 1
    meanwhile = async () => {
      if (times-- > 0) await landed(coin(one), usdt(one))
    }
    const start = BigInt(chain.sim.height) - 1n
    const file = await collected(start)
    meanwhile = async () => {}
    expect(file.to).toBeGreaterThan(Number(start))
    expect(afters(file)).toEqual(await held())
    expect(file.accounts[0]?.sent).toHaveLength(2)
  })

  it('that move after they were read are those of the end all the same', async () => {
    // One token is not told at first: the coins are known then, and move before it is.
    spoiled = 1
    const pauses: number[] = []
    const pause = async (ms: number) => {
      pauses.push(ms)
      await landed(coin(one), usdt(one))
    }
    const file = await collected(BigInt(chain.sim.height) - 1n, { pause })
    expect(pauses).toHaveLength(1)
    expect(afters(file)).toEqual(await held())
    expect(file.accounts[0]?.sent).toHaveLength(2)
  })

  it('that never stand still are left out, and said to be', async () => {
    meanwhile = () => landed(coin(one))
    const file = await collected(BigInt(chain.sim.height) - 1n)
    meanwhile = async () => {}
    const told = balancesIn(file)
    expect(told.filter(({ contract }) => contract === '')).toEqual([])
    expect(told.map(({ after }) => after)).toEqual([await chain.held(hot), await chain.held(own)])
    expect(reconcile(file, known).untold).toBe(4)
  })

  it('are not told of blocks that lie after the last one that was read', async () => {
    const honest = await look(...chain.urls)
    const last = await honest.block()
    const told = async (of: typeof honest) => {
      const read = { found: new Map(), readTo: async () => {} }
      const coins = { address: hot, contract: '' }
      return (await closingsOf(of, [coins], read))(coins)
    }
    expect(await told(honest)).toBe((await held())[0])
    // Two of its endpoints are ahead, and the head that enough of them show is not.
    await landed(coin(one))
    expect(await told({ ...honest, block: async () => last })).toBeUndefined()
  })

  it('are told where one of three lies, and not where one of two does', async () => {
    const from = BigInt(first.from)
    const honest = await collected(from)
    const lies: Readonly<Record<string, (said: object) => object>> = {
      'walletsolidity/getaccount': (said) => ({ ...said, balance: 1 }),
      'walletsolidity/getnowblock': farBlock,
    }
    for (const [path, lie] of Object.entries(lies)) {
      liar.lies = { [path]: (said) => lie(Object(said)) }
      expect(await collected(from, {}, ...chain.urls, liar.url), path).toEqual(honest)
    }
    liar.lies = { 'walletsolidity/getaccount': (said) => ({ ...Object(said), balance: 1 }) }
    const two = await collected(from, {}, chain.urls[0]!, liar.url)
    expect(balancesIn(two).map(({ contract }) => contract)).toEqual([token, token])
    liar.lies = {}
  })

  it('go on from the file before, and from no other', async () => {
    const refused = async (after: ChainFile, because: RegExp) => {
      const asked = collected(first, { after })
      await expect(asked).rejects.toBeInstanceOf(Unavailable)
      await expect(asked).rejects.toThrow(because)
    }
    await refused({ ...first, to: first.to + 1 }, /ends with block/)
    await refused({ ...first, network: 'tron:0xcd8690dc' }, /ends with block/)
    await refused({ ...first, block: new Uint8Array(32) }, /another block/)
  })

  it('do not end with an endpoint that is away for a moment', async () => {
    const lies = { 'walletsolidity/gettransactioninfobyblocknum': { instead: { Error: 'busy' } } }
    liar.lies = lies
    const waits: number[] = []
    const pause = async (ms: number) => {
      waits.push(ms)
      liar.lies = {}
    }
    const urls = [chain.urls[0]!, liar.url]
    const file = await collected(BigInt(first.from), { pause }, ...urls)
    expect(waits.length).toBeGreaterThan(0)
    expect(file.accounts[0]?.sent.length).toBeGreaterThan(2)
    liar.lies = lies
    const never = collected(BigInt(first.from), { pause: async () => {} }, ...urls)
    await expect(never).rejects.toBeInstanceOf(Unavailable)
    liar.lies = {}
  })
})

// A vault's key that signs outside of the log, on a real EVM node: what says so, what does not, and
// what becomes of the vault. And a signature of the log's own bytes that never came to it.
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { Transaction, Wallet } from 'ethers'
import { afterEach, describe, expect, it } from 'vitest'
import { readWarrant } from '../../coordinator/warrants.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import { normalise } from '../../policy/chain/signature.ts'
import { toHex } from '../../proto/crypto.ts'
import { parseDigest } from '../../proto/ids.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { anvilInstalled } from '../kit/anvil.ts'
import { type EvmWalk, type EvmWalkOptions, evmWalk, hotAddress, paidTo } from './evm-walk.ts'
import { pgliteEngine } from './store-kit.ts'
import { payout, vaultRow, vaultSecret } from './world.ts'

const engine = pgliteEngine()
const walks: EvmWalk[] = []
const thief = '0x1111111111111111111111111111111111111111'
const secret = vaultSecret('hot')

afterEach(async () => {
  for (const walk of walks.splice(0)) await walk.close()
})

async function opened(options: Partial<EvmWalkOptions> = {}): Promise<EvmWalk> {
  const walk = await evmWalk(await engine.fresh(), { endpoints: 2, timeoutMs: 2_000, ...options })
  walks.push(walk)
  return walk
}

/** In a block, and so many on top. */
async function stolen({ anvil, mine }: EvmWalk, nonce: number, type = 2): Promise<string> {
  const price = 5_000_000_000n
  const fees =
    type === 2 ? { maxFeePerGas: price, maxPriorityFeePerGas: price } : { gasPrice: price }
  const common = { type, chainId: 31337, nonce, gasLimit: 21_000n, to: thief, value: 7n }
  const wallet = new Wallet(`0x${toHex(secret)}`)
  const raw = await wallet.signTransaction({ ...common, ...fees })
  await anvil.call('eth_sendRawTransaction', [raw])
  await mine(4)
  return Transaction.from(raw).hash!
}

let paid = 1_000_000n
async function submitted({ house, clock }: EvmWalk): Promise<string> {
  paid += 1n
  const created = clock.now()
  return house.submit(payout({ amount: paid, created, notAfter: created + 14_400_000 }))
}

const alarms = ({ house }: EvmWalk) =>
  house.events
    .filter(({ name }) => name.startsWith('nonce.'))
    .map(({ name, because }) => {
      return `${name}: ${because}`
    })

async function reasonsOf({ house }: EvmWalk, id: string): Promise<string[]> {
  const shown = await house.coordinator.requests.find({ id })
  return isRefusal(shown) ? [shown.code] : shown.reasons.map(({ code }) => code)
}

describe.skipIf(!anvilInstalled)('a nonce that a transaction of somewhere else used', () => {
  it('is an alarm, and nothing more is reserved or signed for the vault', async () => {
    const walk = await opened()
    const good = await submitted(walk)
    await walk.untilState(good, 'SETTLED', 'mining')
    await walk.pass(20_000)
    expect(alarms(walk)).toEqual([])
    const txid = await stolen(walk, 1)
    const id = await submitted(walk)
    await walk.until('an alarm', async () => alarms(walk).length > 0)
    expect(alarms(walk)).toEqual([
      `nonce.foreign: nonce 1 of hot m was used by ${txid}, which this log does not know`,
    ])
    const next = await submitted(walk)
    await walk.pass(5_000)
    expect(await walk.house.state(next)).toBe('WAITING')
    expect(await reasonsOf(walk, next)).toContain('FROZEN')
    expect(await walk.lines(next, 'spend.reserved')).toEqual([])
    expect(['SIGNED', 'BROADCAST']).toContain(await walk.house.state(id))
    await walk.pass(20_000)
    expect(alarms(walk)).toHaveLength(1)
  })

  it('is found where nothing is paid, at an address that the log gave no nonce of', async () => {
    const walk = await opened()
    await walk.house.jump(330_000)
    expect(alarms(walk)).toEqual([])
    const txid = await stolen(walk, 0, 0)
    await walk.house.jump(330_000)
    await walk.until('an alarm', async () => alarms(walk).length > 0)
    expect(alarms(walk)[0]).toContain(txid)
    const id = await submitted(walk)
    await walk.pass(3_000)
    expect(await reasonsOf(walk, id)).toContain('FROZEN')
  })

  it('is an alarm alone where the operator said so', async () => {
    const walk = await opened({ alarmOnly: true })
    await stolen(walk, 0)
    const id = await submitted(walk)
    await walk.until('an alarm', async () => alarms(walk).length > 0)
    expect(['SIGNED', 'BROADCAST']).toContain(await walk.house.state(id))
    // The nonce is used up by the signature, so what comes next can land: money can leave.
    const next = await submitted(walk)
    await walk.untilState(next, 'SETTLED', 'mining')
  })

  it('is believed of no single endpoint', async () => {
    const walk = await opened()
    const [liar] = walk.proxies
    liar!.lies = { eth_getTransactionCount: { instead: '0xff' } }
    const id = await submitted(walk)
    await walk.untilState(id, 'BROADCAST')
    await walk.mine(5)
    await walk.pass(40_000)
    await walk.house.jump(330_000)
    expect(alarms(walk)).toEqual([])
    await walk.untilState(id, 'SETTLED', 'mining')
  })

  it('is one, too, when no endpoint shows by what: no signature of the log was it', async () => {
    const walk = await opened()
    await stolen(walk, 0)
    for (const proxy of walk.proxies) {
      proxy.lies = {
        eth_getBlockByNumber: (block, [, isWhole]) =>
          isWhole === true ? { ...Object(block), transactions: [] } : block,
      }
    }
    await submitted(walk)
    await walk.until('an alarm', async () => alarms(walk).length > 0)
    expect(alarms(walk)[0]).toBe(
      'nonce.foreign: nonce 0 of hot m was used by a transaction that no endpoint shows, ' +
        'which this log does not know',
    )
  })

  it('is not what an endpoint makes up under the address', async () => {
    const walk = await opened()
    const txid = await stolen(walk, 0)
    const forged: (transaction: object) => object = (transaction) => ({
      ...transaction,
      ...{ to: paidTo, hash: `0x${'1'.repeat(64)}` },
    })
    const [liar] = walk.proxies
    liar!.lies = {
      eth_getBlockByNumber: (block, [, isWhole]) =>
        isWhole === true
          ? { ...Object(block), transactions: Object(block).transactions.map(forged) }
          : block,
    }
    await submitted(walk)
    await walk.until('an alarm', async () => alarms(walk).length > 0)
    expect(alarms(walk)[0]).toContain(txid)
  })
})

describe.skipIf(!anvilInstalled)('a signature of the log’s own bytes that never came to it', () => {
  it('settles the request by the transaction that landed, and holds no vault', async () => {
    const walk = await opened()
    const { house, anvil } = walk
    for (const node of house.nodes) node.script.silent = true
    const before = await walk.held(paidTo)
    const id = await submitted(walk)
    await walk.until('an attempt', async () => {
      return (await walk.lines(id, 'session.started')).length > 0
    })
    const [started] = await walk.lines(id, 'session.started')
    const warrant = parseDigest(String(Object(started).warrant))
    const { bytes } = await readWarrant(house.store, warrant)
    const chain = chainOf(anvil.network)
    const digest = chain.digest(bytes)
    const made = secp256k1.sign(digest, secret, { prehash: false, format: 'recovered' })
    const nonce = Uint8Array.of(made[0] === 1 ? 3 : 2, ...made.subarray(1, 33))
    const signature = normalise({ nonce, s: made.slice(33) }, digest, vaultRow('hot').publicKey)
    const { raw, txid } = chain.attach(bytes, signature)
    await anvil.call('eth_sendRawTransaction', [`0x${toHex(raw)}`])
    await walk.mine(4)
    await house.jump(17 * 30_000)
    await walk.untilState(id, 'SETTLED')
    expect(await walk.lines(id, 'tx.settled')).toMatchObject([{ txid }])
    expect((await walk.held(paidTo)) - before).toBe(paid)
    expect(Number(await anvil.call('eth_getTransactionCount', [hotAddress, 'latest']))).toBe(1)
    expect(alarms(walk)).toMatchObject([expect.stringContaining('nonce.unseen: nonce 0 of hot m')])
    expect(house.coordinator.driver.nonces.holdOf(vaultRow('hot').vault)).toBeUndefined()
  })
})

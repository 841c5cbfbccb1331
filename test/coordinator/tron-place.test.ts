// Payments as a coordinator builds and sends them, on the stand-in for Tron or on a test network
// that `CUSTODY_TRON` names (`test/kit/tron-place.ts`): what holds on one has to hold on the other.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MinedAt } from '../../coordinator/chain-rpc/rpc.ts'
import { tronText } from '../../policy/chain/tron-address.ts'
import { publishedPrices } from '../../policy/chain/tron-prices.ts'
import type { Intent } from '../../policy/intent.ts'
import { refusal } from '../kit/refused.ts'
import { hasTronPlace, openTronPlace, type TronPlace } from '../kit/tron-place.ts'
import { signedOnTron } from '../kit/tron-signed.ts'
import { payout } from './world.ts'

/** Of nobody: what is paid there is gone, and costs an account the first time alone. */
const customer = tronText(new Uint8Array(20).fill(8))
const hourMs = 3_600_000
const blocksMax = 60

let place: TronPlace

async function untilSolid(txid: string): Promise<MinedAt> {
  for (let tries = 0; tries < blocksMax; tries += 1) {
    const mined = await place.rpc.minedAt(txid)
    if (mined?.final === true) return mined
    await new Promise((resolve) => setTimeout(resolve, place.blockMs))
  }
  throw new Error(`${txid} is in no solid block after ${blocksMax} blocks`)
}

async function paid(change: Partial<Intent>): Promise<MinedAt> {
  const intent = payout({ network: place.network, to: customer, maxFee: 100_000_000n, ...change })
  const { raw, txid } = await signedOnTron(place.rpc, intent, place.secret)
  expect(await place.rpc.minedAt(txid)).toBeUndefined()
  expect(await place.rpc.send(raw)).toEqual({ kind: 'taken' })
  expect(await place.rpc.send(raw)).toEqual({ kind: 'taken' })
  return untilSolid(txid)
}

describe.runIf(hasTronPlace)('a Tron network', () => {
  beforeAll(async () => {
    place = await openTronPlace()
  })
  afterAll(async () => place?.close())

  it('shows a solid block to refer to, and charges no more than is counted', async () => {
    const { timestamp } = await place.rpc.reference()
    expect(Date.now() - timestamp).toBeLessThan(hourMs)
    const { bandwidth, activation, energy } = await place.rpc.prices()
    expect(energy).toBeGreaterThan(0n)
    expect(bandwidth).toBeLessThanOrEqual(publishedPrices.bandwidth)
    expect(activation).toBeLessThanOrEqual(publishedPrices.activation)
  })

  it('takes a payment of its coin, twice as one, and shows it in a solid block', async () => {
    const coin = { op: 'tron.transfer', contract: '', amount: 1_000_000n } as const
    expect(await paid(coin)).toMatchObject({ succeeded: true })
  }, 300_000)

  it('takes a payment of a token, and shows what moved', async () => {
    const { token: contract } = place
    if (contract === undefined) return expect(contract).toBeUndefined()
    const token = { op: 'trc20.transfer', contract, amount: 1n } as const
    expect(await paid(token)).toMatchObject({
      ...{ succeeded: true, moved: [{ contract, to: customer, amount: 1n }] },
    })
  }, 300_000)
})

describe('a test network of Tron', () => {
  it('is named with a key of its own, and is never the main one', async () => {
    const room = mkdtempSync(join(tmpdir(), 'custody-tron-place-'))
    try {
      const file = join(room, 'nile.json')
      const named = (change: object, secret = '5e'.repeat(32)) => {
        const honest = { network: 'tron:0xcd8690dc', rpc: ['https://nile.example'] }
        writeFileSync(file, JSON.stringify({ ...honest, secretFile: 'key', ...change }))
        writeFileSync(join(room, 'key'), secret)
        return refusal(openTronPlace(file))
      }
      expect(await named({ network: 'tron:0x2b6653dc' })).toMatch(/expected a test network of Tron/)
      expect(await named({ network: 'eip155:1' })).toMatch(/expected a test network of Tron/)
      expect(await named({ memo: 1 })).toContain('CONFIG')
      expect(await named({}, '5e')).toMatch(/secretFile: expected 64 hex/)
      writeFileSync(join(room, 'key'), `${'5e'.repeat(32)}\n`)
      const place_ = await openTronPlace(file)
      expect(place_).toMatchObject({ network: 'tron:0xcd8690dc', token: undefined })
    } finally {
      rmSync(room, { recursive: true })
    }
  })
})

// A key that has paid before it was brought in, over a real EVM node: the import says at which nonce
// its account goes on, endpoints are asked whether that is so, and the first payment lands.

import { Wallet } from 'ethers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { evmLedger } from '../../coordinator/chain-rpc/evm-kind.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import { derive } from '../../policy/chain/derive.ts'
import type { FirstNonce } from '../../policy/change.ts'
import { toHex } from '../../proto/crypto.ts'
import { dealingDocument } from '../../proto/import-documents.ts'
import { customer, payout } from '../coordinator/world.ts'
import { anvilInstalled } from '../kit/anvil.ts'
import { type EvmChain, startEvmChain } from '../kit/evm-chain.ts'
import type { House } from '../kit/house.ts'
import { approvedWith, ask, inForce, keyOf } from '../kit/house-changes.ts'
import { dealt, importOf, invitations, outside, row } from '../kit/house-imports.ts'
import { openHouse, ready } from '../kit/house-open.ts'
import { isState, until } from '../kit/house-real-chain.ts'

let house: House
let chain: EvmChain

const network = 'eip155:31337'
const wallet = new Wallet(`0x${toHex(outside('key'))}`)
const address = wallet.address.toLowerCase()

/** The old holder pays by itself. */
async function spends(nonce: number): Promise<void> {
  const price = 5_000_000_000n
  const fees = { maxFeePerGas: price, maxPriorityFeePerGas: price }
  const to = `0x${'11'.repeat(20)}`
  const sent = { type: 2, chainId: 31337, nonce, gasLimit: 21_000n, to, value: 7n, ...fees }
  await chain.anvil.call('eth_sendRawTransaction', [await wallet.signTransaction(sent)])
  await chain.mine()
}

const at = (next: number): readonly FirstNonce[] => [{ path: 'm', next }]

describe.runIf(anvilInstalled)('a key that has signed before', () => {
  beforeAll(async () => {
    let now = (): number => 0
    chain = await startEvmChain({ now: () => now() })
    house = await openHouse({
      seed: 'import-used',
      keyless: true,
      chains: (time) => {
        now = time
        return new Map([[network, evmLedger(chain.rpc)]])
      },
    })
    await chain.fund(address)
    for (const nonce of [0, 1, 2]) await spends(nonce)
    await chain.mine(3)
  })
  afterAll(async () => {
    await house.close()
    await chain.stop()
  })

  it('is not brought in as one that has not, or as one that has signed more', async () => {
    const dealing = dealt(await invitations(house))
    const asked = (nonces?: readonly FirstNonce[]) => {
      const change = importOf(house, dealing)
      const terms = nonces === undefined ? change.terms : { ...change.terms, nonces }
      return ask(house, { ...change, terms }, dealingDocument(dealing))
    }
    const expected = (got: number) => `NONCE: m: expected nonce 3 as endpoints say, got ${got}`
    await expect(asked()).rejects.toThrow(expected(0))
    for (const wrong of [2, 4]) await expect(asked(at(wrong))).rejects.toThrow(expected(wrong))
    const child = [...at(3), { path: 'm/0/3', next: 1 }]
    await expect(asked(child)).rejects.toThrow('m/0/3: expected nonce 0 as endpoints say, got 1')
    for (const proxy of chain.proxies) proxy.lies = { '*': 'reset' }
    await expect(asked(at(3))).rejects.toThrow('CHAIN_UNAVAILABLE')
    for (const proxy of chain.proxies) proxy.lies = {}
  })

  it('is asked about once more before it is dealt: its holder may have gone on', async () => {
    const dealing = dealt(await invitations(house))
    const change = importOf(house, dealing)
    const stale = { ...change, terms: { ...change.terms, nonces: at(3) } }
    const id = await ask(house, stale, dealingDocument(dealing))
    await spends(3)
    await chain.mine(3)
    for (const [person, role] of [
      ['jun', 'director'],
      ['kat', 'director'],
      ['oli', 'risk'],
    ] as const) {
      await house.approve(id, person, role)
    }
    await until(house, 'it says why it waits', async () => {
      const note = house.someCoordinator.driver.notes.get(id)
      return note?.because === 'm: expected nonce 4 as endpoints say, got 3'
    })
    expect(await row(house)).toBeUndefined()
    await house.during(house.someCoordinator.requests.cancel(id, 'ana'))
    expect(await house.state(id)).toBe('CANCELLED')
  })

  it('pays with the nonce after those that it used, and what it used is no alarm', async () => {
    await house.pass(5_000)
    const dealing = dealt(await invitations(house))
    const change = importOf(house, dealing)
    const right = { ...change, terms: { ...change.terms, nonces: at(4) } }
    const id = await approvedWith(house, right, dealingDocument(dealing))
    await until(house, 'the import', isState(house, id, 'ACTIVE'))
    await until(house, 'its refresh', async () => (await row(house))?.standing === 'active')
    await inForce(house, (await keyOf(house)).epoch)
    expect(chainOf(network).address(derive(await keyOf(house), 'm').publicKey)).toBe(address)
    await ready(house)
    const created = house.time.now
    const times = { created, notAfter: created + 3_600_000 }
    for (const amount of [3_000_000n, 4_000_000n]) {
      const paid = await house.submit(payout({ ...times, amount }))
      await until(house, 'the payment', isState(house, paid, 'SETTLED'), chain)
    }
    expect(await chain.held(customer.address)).toBe(7_000_000n)
    expect(await chain.landed(address)).toBe(6)
    const slots = (await house.entries()).flatMap((entry) =>
      entry.type === 'spend.reserved' ? [entry.body.slot] : [],
    )
    expect(slots).toEqual(['4', '5'])
    await house.pass(330_000)
    expect(house.record.events.filter(({ name }) => name.startsWith('nonce.'))).toEqual([])
    const { findings, word } = await house.verify()
    expect({ findings, word }).toEqual({ findings: [], word: 'OK' })
  })
})

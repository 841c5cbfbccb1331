// An EVM network in a whole house: real nodes cancel a payment that no block takes, and sign messages
// together, over a real EVM node. What comes out is held against ethers.

import { verifyMessage, verifyTypedData } from 'ethers'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { evmLedger } from '../../coordinator/chain-rpc/evm-kind.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import type { Intent } from '../../policy/intent.ts'
import { toHex } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'
import { text } from '../../proto/jcs.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { cancelling, nothing } from '../coordinator/evm-intents.ts'
import { customer, payout } from '../coordinator/world.ts'
import { anvilInstalled } from '../kit/anvil.ts'
import { type EvmChain, startEvmChain } from '../kit/evm-chain.ts'
import type { House } from '../kit/house.ts'
import { proveAll } from '../kit/house-backups.ts'
import { keyOf } from '../kit/house-changes.ts'
import { openHouse } from '../kit/house-open.ts'
import { isState, until } from '../kit/house-real-chain.ts'

vi.mock('../policy/dev-fixture.ts', async (original) => {
  const fixture = await original<typeof import('../policy/dev-fixture.ts')>()
  const { withCancels, withMessages } = await import('../kit/evm-documents.ts')
  const messages = withMessages(fixture.customer.address)
  return { ...fixture, ...withCancels(fixture, messages) }
})

let house: House
let chain: EvmChain
let from: string

const network = 'eip155:31337'
const domain = { chainId: '31337', name: 'Token', verifyingContract: customer.address }
const types = {
  Permit: [
    { name: 'spender', type: 'address' },
    { name: 'value', type: 'uint256' },
  ],
}
const permit = { spender: `0x${'22'.repeat(20)}`, value: '1000' }

const asking = (message: string, change: Partial<Intent> = {}): Intent =>
  payout({ ...nothing, op: 'evm.message', maxFee: 0n, message, ...change })

async function approved(intent: Intent): Promise<Digest> {
  const id = await house.submit(intent)
  await until(house, 'people are asked', isState(house, id, 'AWAITING_APPROVAL'))
  expect(await house.approve(id, 'ana', 'ops')).toBe('recorded')
  await until(house, 'a signature', isState(house, id, 'SIGNED'))
  return id
}

async function signatureOf(id: Digest): Promise<string> {
  const shown = await house.during(house.someCoordinator.requests.find({ id }))
  if (isRefusal(shown)) throw new Error(shown.because)
  return `0x${toHex(shown.signature)}`
}

describe.runIf(anvilInstalled)('three nodes on an EVM network', () => {
  beforeAll(async () => {
    let now = (): number => 0
    chain = await startEvmChain({ now: () => now() })
    house = await openHouse({
      chains: (time) => {
        now = time
        return new Map([[network, evmLedger(chain.rpc)]])
      },
    })
    from = chainOf(network).address((await keyOf(house)).publicKey)
    await chain.fund(from)
  })
  afterAll(async () => {
    await house.close()
    await chain.stop()
  })

  it('cancel a payment that no block takes, and pay what came after it', async () => {
    const id = await house.submit(payout())
    await until(house, 'it was sent', isState(house, id, 'BROADCAST'))
    const later = await house.submit(payout({ amount: 5_000_000n }))
    await until(house, 'so was the next', isState(house, later, 'BROADCAST'))
    const cancel = await house.submit(cancelling(id, { to: from }))
    await until(house, 'the cancel was sent', isState(house, cancel, 'BROADCAST'))
    for (const one of [cancel, later]) {
      await until(house, 'it settled', isState(house, one, 'SETTLED'), chain)
    }
    await until(house, 'it was dropped', isState(house, id, 'DROPPED'), chain)
    expect(house.record.sharesOf(id)).toHaveLength(2)
    expect(house.record.sharesOf(cancel)).toHaveLength(2)
    expect(await chain.held(customer.address)).toBe(5_000_000n)
    expect(await chain.landed(from)).toBe(2)
  })

  it('send no share for a payment from the reservation of its cancel on', async () => {
    const id = await house.submit(payout({ amount: 7_000_000n }))
    await until(house, 'it was sent', isState(house, id, 'BROADCAST'))
    const cancel = await house.submit(cancelling(id, { to: from }))
    await until(house, 'the cancel was sent', isState(house, cancel, 'BROADCAST'))
    // Long enough for fees to be raised: that of the cancel is.
    await house.pass(150_000)
    expect(house.record.sharesOf(id)).toHaveLength(2)
    expect(house.record.sharesOf(cancel)).toHaveLength(4)
    await until(house, 'it settled', isState(house, cancel, 'SETTLED'), chain)
    await until(house, 'it was dropped', isState(house, id, 'DROPPED'), chain)
    expect(await chain.landed(from)).toBe(3)
  })

  it('sign typed data and a declaration, which recover to the address', async () => {
    const typed = text({ domain, message: permit, primaryType: 'Permit', types })
    const allowed = await approved(asking(typed))
    expect(verifyTypedData(domain, types, permit, await signatureOf(allowed)).toLowerCase()).toBe(
      from,
    )
    // A vault speaks of itself once its backups are proven.
    proveAll(house, (await keyOf(house)).epoch)
    await house.pass(5_000)
    const declaration = 'This address is ours: 17'
    const change = { to: from, dest: '' } as const
    const ours = await approved(asking(text({ declaration }), change))
    expect(verifyMessage(declaration, await signatureOf(ours)).toLowerCase()).toBe(from)
    for (const id of [allowed, ours]) expect(house.record.sharesOf(id)).toHaveLength(2)
    // Nothing of them ever goes to a chain.
    await house.pass(20_000)
    expect(await house.state(ours)).toBe('SIGNED')
    expect(await chain.landed(from)).toBe(3)
  })

  it('leave an Export that a stranger finds OK', async () => {
    await house.pass(2_000)
    const { findings, word, checked } = await house.verify()
    expect({ findings, word, signatures: checked.signatures }).toEqual({
      ...{ findings: [], word: 'OK' },
      signatures: 8,
    })
  })
})

// Three real nodes on an EVM network, and a coordinator that wants other bytes signed than people
// approved: each kind that `transfer` could be mistaken for. No share leaves a node for them.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Digest } from '../../proto/ids.ts'
import { payout } from '../coordinator/world.ts'
import { bentPayment, evmBends } from '../kit/evm-lies.ts'
import type { House } from '../kit/house.ts'
import { openHouse } from '../kit/house-open.ts'
import { LyingCoordinator } from '../kit/lying-coordinator.ts'

const two = ['signer-a', 'signer-b']

let house: House
let liar: LyingCoordinator
let asked = 0n

/** Approved, reserved, and not begun by the honest one, which reaches no chain. */
async function reserved(): Promise<Digest> {
  asked += 1n
  const maxFee = 50_000_000_000_000_000n
  const amount = 2_000_000_000n + asked
  const id = await house.submit(payout({ amount, maxFee, created: house.time.now }))
  await house.approve(id, 'ana', 'ops')
  await house.untilState(id, 'RESERVED')
  return id
}

describe('three nodes on an EVM network', () => {
  beforeAll(async () => {
    house = await openHouse({ seed: 'hostile evm' })
    house.chain.isDown = true
    liar = new LyingCoordinator(house)
  })
  afterAll(() => house?.close())

  it('would sign what people approved: nothing was bent', async () => {
    const id = await reserved()
    await liar.ask(id, 1, two, { bytes: (intent, slot) => bentPayment(intent, slot, {}) })
    await house.untilState(id, 'SIGNED')
    const first = house.record.accepted.filter(
      ({ value }) => value.intent === id && value.attempt === 1,
    )
    expect(first).toHaveLength(2)
    expect(house.record.refusals(id)).toEqual([])
  })

  it.each(evmBends)('refuse %s, each by itself, with %s', async (_what, refusal, bend) => {
    const id = await reserved()
    await liar.tell(id, 1, two, {
      bytes: (intent, slot) => bentPayment(intent, slot, bend(intent)),
    })
    const said = house.record.refusals(id).map(({ value }) => `${value.check} ${value.code}`)
    expect(said).toEqual([refusal, refusal])
    expect(house.record.sharesOf(id)).toEqual([])
    expect(house.record.accepted.filter(({ value }) => value.intent === id)).toEqual([])
  })
})

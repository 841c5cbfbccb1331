// A coordinator that lies about what it wants signed. It holds the log's key and the database, so its
// lies stand in the log under a good checkpoint; the nodes read what people signed and refuse.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Digest } from '../../proto/ids.ts'
import { customer, payout } from '../coordinator/world.ts'
import { type House, names } from '../kit/house.ts'
import { linesOf } from '../kit/house-checks.ts'
import { openHouse } from '../kit/house-open.ts'
import { swappedBytes, withPath } from '../kit/lies.ts'
import { type Lie, LyingCoordinator } from '../kit/lying-coordinator.ts'

let house: House
let liar: LyingCoordinator
beforeAll(async () => {
  house = await openHouse({ seed: 'lies' })
  liar = new LyingCoordinator(house)
})
afterAll(() => house.close())

/** Approved, reserved, and not begun by the honest one, which reaches no chain. */
async function reserved(amount: bigint): Promise<Digest> {
  house.chain.isDown = true
  const maxFee = 50_000_000_000_000_000n
  const id = await house.submit(payout({ amount, maxFee, created: house.time.now }))
  await house.approve(id, 'ana', 'ops')
  await house.untilState(id, 'RESERVED')
  return id
}

function said(id: Digest): readonly string[] {
  return house.record.refusals(id).map(({ node, value }) => `${node} ${value.check} ${value.code}`)
}

describe('a coordinator that swaps', () => {
  const lies = [
    ['recipient', 'N15 BYTES_TO'],
    ['amount', 'N15 BYTES_AMOUNT'],
    ['fee', 'N15 FEE'],
  ] as const
  for (const [index, [swapped, reason]] of lies.entries()) {
    it(`the ${swapped} is refused by every node with the reason, and no share leaves`, async () => {
      const id = await reserved(2_000_000_000n + BigInt(index))
      const lie: Lie = { bytes: (intent, slot) => swappedBytes(swapped, intent, slot) }
      await liar.tell(id, 1, names.slice(0, 2), lie)
      await house.until('the attempt is closed', async () => {
        return linesOf(await house.story(id), 'session.aborted').length === 1
      })
      await liar.tell(id, 2, names.slice(1), lie)
      const all = [...names.slice(0, 2), ...names.slice(1)].map((node) => `${node} ${reason}`)
      expect([...said(id)].sort()).toEqual(all)
      await house.pass(3_000)
      expect(house.record.sharesOf(id)).toEqual([])
      expect(house.record.accepted.filter(({ value }) => value.intent === id)).toEqual([])
    })
  }

  it('the path is refused, and the honest one goes on with what people signed', async () => {
    const id = await reserved(3_000_000_000n)
    await liar.tell(id, 1, names.slice(0, 2), {
      bytes: (intent, slot) => swappedBytes('path', intent, slot),
      warrant: (honest) => withPath(honest, 'm/7'),
    })
    expect([...said(id)].sort()).toEqual(['signer-a N17 INTENT_SIG', 'signer-b N17 INTENT_SIG'])
    expect(house.record.sharesOf(id)).toEqual([])
    await house.untilState(id, 'SIGNED')
    const accepted = house.record.accepted.filter(({ value }) => value.intent === id)
    expect(new Set(accepted.map(({ value }) => value.path))).toEqual(new Set(['m']))
  })

  it('has held up nonces and signed nothing: only what people asked for reaches the chain', async () => {
    house.chain.isDown = false
    const id = await house.submit(payout({ amount: 7_000_000n, created: house.time.now }))
    await house.untilState(id, 'BROADCAST')
    await house.until('the other one too', () => house.chain.seen.size === 2)
    const effects = [...house.chain.seen.values()].map(({ effect }) => effect)
    expect(effects.every((effect) => effect.includes(customer.address.slice(2)))).toBe(true)
    expect(house.record.events.filter(({ name }) => name === 'peer-banned')).toEqual([])
  })
})

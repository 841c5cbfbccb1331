// Money inside the house, by real nodes: to a deposit address of another vault at the path that the
// intent names, and from a deposit address to a vault's own.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addressAt } from '../../policy/chain/address.ts'
import { parseVaultId } from '../../proto/ids.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { payout, root } from '../coordinator/world.ts'
import type { House } from '../kit/house.ts'
import { breaches } from '../kit/house-checks.ts'
import { openHouse } from '../kit/house-open.ts'
import { backupBytes, proofOf } from '../kit/recovery.ts'

let house: House
let warmAt: (path: string) => string
beforeAll(async () => {
  house = await openHouse({ seed: 'own-moves' })
  const made = await house.during(house.coordinator().keys.create(parseVaultId('warm')))
  if (isRefusal(made)) throw new Error(`${made.code}: ${made.because}`)
  const { publicKey, chainCode } = made
  warmAt = (path) => addressAt('eip155:31337', { publicKey, chainCode }, path)
  await house.until('every node has its share', () =>
    [...house.nodes.keys()].every((name) => house.at(name).node.status().vaults.includes('warm')),
  )
  for (const node of house.nodes.keys()) {
    const bytes = backupBytes(house.at(node).directory('backups'), 'warm.1')
    const owner = { org: root.org, env: root.env, node }
    house.at(node).node.backupProved(proofOf(bytes, owner))
  }
  await house.pass(2_000)
})
afterAll(() => house.close())

/** By a rule that asks nobody. */
const inside = (change: Parameters<typeof payout>[0]) =>
  house.submit(payout({ dest: '', purpose: 'inside', ...change }))

describe('a house that moves money between its own vaults', () => {
  it('pays a deposit address at the path that the intent names', async () => {
    const id = await inside({ to: warmAt('m/1/7'), toPath: 'm/1/7' })
    await house.untilState(id, 'SETTLED')
    expect(house.record.sharesOf(id)).toHaveLength(2)
  })

  it('pays none at another path, or at no path: nothing is signed', async () => {
    const wrong = [
      await inside({ to: warmAt('m/1/7'), toPath: 'm/1/8', amount: 7n }),
      await inside({ to: warmAt('m/1/7'), amount: 8n }),
      await inside({ to: warmAt('m'), toPath: 'm/1/7', amount: 9n }),
    ]
    for (const id of wrong) {
      await house.untilState(id, 'DENIED')
      expect(house.record.sharesOf(id)).toEqual([])
    }
  })

  it('brings in what lies at a deposit address, signed with its child of the key', async () => {
    const before = house.chain.mined.size
    const id = await inside({ path: 'm/1/3', to: warmAt('m'), amount: 30_000_000n })
    await house.untilState(id, 'SETTLED')
    expect(house.chain.mined.size).toBe(before + 1)
    const senders = new Set([...house.chain.seen.values()].map(({ from }) => from))
    expect(senders.size).toBe(2)
  })

  it('leaves an Export that a stranger finds OK', async () => {
    await house.pass(2_000)
    const report = await house.verify()
    expect(report.findings).toEqual([])
    expect(report.word).toBe('OK')
    expect(await breaches(house)).toEqual([])
  })
})

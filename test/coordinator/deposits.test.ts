// Deposit addresses at the coordinator: one index for each reference, whoever asks and however often,
// and no index twice, whatever the database forgot.
import { afterEach, describe, expect, it } from 'vitest'
import { writeHistory } from '../../coordinator/store/history.ts'
import type { Store } from '../../coordinator/store/store.ts'
import { parseEntry } from '../../policy/audit/entry.ts'
import { openedOf } from '../../policy/audit/fold-addresses.ts'
import { isShown } from '../../policy/audit/fold-backups.ts'
import { put, tables } from '../../policy/audit/tables.ts'
import { writeSigned } from '../../proto/frames.ts'
import { parseHandle, parseVaultId } from '../../proto/ids.ts'
import { limits } from '../../proto/limits.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { refusal } from '../kit/refused.ts'
import { type House, houseOn } from './house.ts'
import { pgliteEngine } from './store-kit.ts'
import { nodes, testClock, testedStatement } from './world.ts'

const engine = pgliteEngine()
const houses: House[] = []
const hot = parseVaultId('hot')

afterEach(async () => {
  for (const house of houses.splice(0)) await house.stop()
})

async function kept(house: House): Promise<House> {
  houses.push(house)
  return house
}

/** With every backup proven, so that addresses may be given out. */
async function built(store: Store): Promise<House> {
  const house = await kept(await houseOn(store))
  for (const node of house.nodes) {
    const statement = writeSigned(testedStatement('hot', node.name))
    node.send({ frame: 'backupTested', backupTested: { statement } })
  }
  await house.until('shown', () => house.coordinator.driver.copy.read(isShown(hot)))
  return house
}

/** The same process again, or another one, over the same database. */
const beside = async (house: House): Promise<House> =>
  kept(await houseOn(house.store, { nodes: house.nodes, keys: [], clock: house.clock }))

const payouts = parseHandle('svc-payouts')

async function allot(house: House, reference: string, service = payouts): Promise<number | string> {
  let answer: number | string | undefined
  void house.coordinator.deposits.allot(hot, { service, reference }).then(
    (given) => {
      answer = isRefusal(given) ? given.code : given.index
    },
    (error: unknown) => {
      answer = String(error)
    },
  )
  await house.until('an answer', () => answer !== undefined)
  return answer ?? 'none'
}

function witnessesBack({ nodes: all }: House): void {
  for (const node of all) {
    node.script.cosigns = true
    node.cosign()
  }
}

const opened = (house: House) => house.coordinator.driver.copy.read(openedOf(hot))

describe('a deposit address', () => {
  it('is the next one, and the same again for the same reference', async () => {
    const house = await built(await engine.fresh())
    expect(await allot(house, 'customer-1')).toBe(0)
    expect(await allot(house, 'customer-2')).toBe(1)
    expect(await allot(house, 'customer-1')).toBe(0)
    expect(await opened(house)).toBe(limits.depositBlockMax)
    const { deposits, proofs } = house.coordinator
    expect(await deposits.list(hot, 0, 10)).toEqual([
      { service: payouts, reference: 'customer-1', index: 0 },
      { service: payouts, reference: 'customer-2', index: 1 },
    ])
    expect(await deposits.list(hot, 1, 10)).toEqual([
      { service: payouts, reference: 'customer-2', index: 1 },
    ])
    expect(await deposits.list(hot, 0, 1)).toHaveLength(1)
    // The log knows how many, and no name.
    const lines = (await proofs.lines(0, 1_000)).map(parseEntry)
    const opens = lines.filter(({ type }) => type === 'addresses.opened')
    expect(opens.map(({ body }) => body)).toEqual([
      { count: limits.depositBlockMax, from: 0, vault: 'hot' },
    ])
  })

  it('is another one for the customer of another service by the same name', async () => {
    const house = await built(await engine.fresh())
    const shop = parseHandle('svc-shop')
    expect(await allot(house, '17')).toBe(0)
    expect(await allot(house, '17', shop)).toBe(1)
    expect([await allot(house, '17'), await allot(house, '17', shop)]).toEqual([0, 1])
    expect(await house.coordinator.deposits.list(hot, 0, 10)).toEqual([
      { service: payouts, reference: '17', index: 0 },
      { service: shop, reference: '17', index: 1 },
    ])
  })

  it('is one for one reference when many ask at the same time', async () => {
    const house = await built(await engine.fresh())
    const asked = ['a', 'b', 'a', 'c', 'b', 'a']
    const given = await Promise.all(asked.map((reference) => allot(house, reference)))
    expect(given).toEqual([0, 1, 0, 2, 1, 0])
  })

  it('is the same at two coordinators, and after a restart', async () => {
    const first = await built(await engine.fresh())
    expect(await allot(first, 'customer-1')).toBe(0)
    const second = await beside(first)
    expect(await allot(second, 'customer-1')).toBe(0)
    const block = limits.depositBlockMax
    expect(await allot(second, 'customer-2')).toBe(block)
    expect(await allot(first, 'customer-2')).toBe(block)
    expect(await allot(first, 'customer-3')).toBe(1)
    const [left, right] = await Promise.all([allot(first, 'both'), allot(second, 'both')])
    expect(left).toBe(right)
    // One that starts anew gives nothing of what another life opened.
    const third = await beside(first)
    expect(await allot(third, 'customer-3')).toBe(1)
    expect(await allot(third, 'customer-4')).toBe(2 * block)
  })

  it('is given to nobody else when the database forgot who had it', async () => {
    const first = await built(await engine.fresh())
    expect(await allot(first, 'customer-1')).toBe(0)
    expect(await allot(first, 'customer-2')).toBe(1)
    // Brought back from a copy that was made before.
    await first.store.query('delete from deposit_address where index = 1')
    const second = await beside(first)
    expect(await allot(second, 'customer-3')).toBe(limits.depositBlockMax)
    expect(await allot(second, 'customer-1')).toBe(0)
  })

  it('is refused before the backups are proven, of no witnessed line, and for no name', async () => {
    const clock = testClock()
    const house = await kept(await houseOn(await engine.fresh(), { clock }))
    expect(await allot(house, 'customer-1')).toBe('BACKUP')
    const { deposits } = house.coordinator
    for (const reference of ['', 'a b', 'ä', 'x'.repeat(limits.referenceLengthMax + 1)]) {
      expect(
        await refusal(deposits.allot(hot, { service: payouts, reference })),
        reference,
      ).toContain('MALFORMED')
    }
    for (const name of nodes) {
      const statement = writeSigned(testedStatement('hot', name))
      const node = house.nodes.find((one) => one.name === name)
      node?.send({ frame: 'backupTested', backupTested: { statement } })
    }
    await house.until('shown', () => house.coordinator.driver.copy.read(isShown(hot)))
    for (const node of house.nodes) node.script.cosigns = false
    expect(await allot(house, 'customer-1')).toBe('NOT_ENOUGH_WITNESSES')
    expect(await deposits.list(hot, 0, 10)).toEqual([])
    witnessesBack(house)
    expect(await allot(house, 'x'.repeat(limits.referenceLengthMax))).toBe(0)
  })

  it('costs no index while witnesses are away, however often it is asked for', async () => {
    const house = await built(await engine.fresh())
    for (const node of house.nodes) node.script.cosigns = false
    for (const reference of ['customer-1', 'customer-1', 'customer-2']) {
      expect(await allot(house, reference)).toBe('NOT_ENOUGH_WITNESSES')
    }
    expect(await opened(house)).toBe(limits.depositBlockMax)
    expect(await house.coordinator.deposits.list(hot, 0, 10)).toEqual([])
    witnessesBack(house)
    expect(await allot(house, 'customer-2')).toBe(0)
    expect(await allot(house, 'customer-1')).toBe(1)
    expect(await opened(house)).toBe(limits.depositBlockMax)
  })

  it('costs none at a coordinator that starts while witnesses are away', async () => {
    const first = await built(await engine.fresh())
    for (const node of first.nodes) node.script.cosigns = false
    expect(await allot(first, 'customer-1')).toBe('NOT_ENOUGH_WITNESSES')
    const second = await beside(first)
    for (const reference of ['customer-1', 'customer-2']) {
      expect(await allot(second, reference)).toBe('NOT_ENOUGH_WITNESSES')
    }
    expect(await opened(second)).toBe(limits.depositBlockMax)
    witnessesBack(second)
    expect(await allot(second, 'customer-2')).toBe(limits.depositBlockMax)
    expect(await allot(second, 'customer-1')).toBe(limits.depositBlockMax + 1)
    expect(await opened(second)).toBe(2 * limits.depositBlockMax)
  })

  it('ends at the bound of the index', async () => {
    const house = await built(await engine.fresh())
    const until = limits.depositIndexMax - 1
    const row = put(tables.deposits, hot, { vault: hot, from: 0, until, seq: 1, t: 1 })
    await writeHistory(house.store, house.coordinator.heads.origin, [row])
    expect(await allot(house, 'last')).toBe(until)
    expect(await allot(house, 'one-more')).toBe('TOO_LARGE')
    expect(await allot(house, 'last')).toBe(until)
  })

  it('is none where the table is full of what this process never gave out', async () => {
    const house = await built(await engine.fresh())
    await house.store.query(
      `insert into deposit_address (origin, vault, reference, index)
       select $1, 'hot', 'stranger-' || i, i from generate_series(0, 1000) as i`,
      [house.coordinator.heads.origin],
    )
    expect(await allot(house, 'customer-1')).toBe('INTERNAL')
  })
})

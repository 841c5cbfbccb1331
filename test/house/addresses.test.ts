// Addresses in a whole house of real nodes: what is certified can be moved by these nodes, whoever is
// away, through a refresh and across coordinators; and nothing is certified that they could not move.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { handlersFor } from '../../coordinator/service.ts'
import { openAddress } from '../../policy/address-certificate.ts'
import { openedOf } from '../../policy/audit/fold-addresses.ts'
import { parseHandle, parseVaultId } from '../../proto/ids.ts'
import { limits } from '../../proto/limits.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { payout, root } from '../coordinator/world.ts'
import { type House, names } from '../kit/house.ts'
import { proveAll } from '../kit/house-backups.ts'
import { about, approved, inForce, keyOf, refreshOf } from '../kit/house-changes.ts'
import { breaches } from '../kit/house-checks.ts'
import { openHouse, ready } from '../kit/house-open.ts'
import { digestFor } from '../policy/dev-fixture.ts'

const both = ['c1', 'c2'] as const
let house: House
beforeAll(async () => {
  house = await openHouse({ seed: 'addresses', coordinators: both })
})
afterAll(() => house.close())

const id = parseHandle('svc-payouts')
const caller = { role: 'caller', id, pin: digestFor('tls/svc-payouts') } as const

async function deposit(reference: string, coordinator: string = both[0]) {
  const { VaultService } = handlersFor(house.coordinator(coordinator))
  const asked = (async () =>
    VaultService.CreateDepositAddress({ vault: 'hot', reference }, caller))()
  const reply = await house.during(asked)
  if (isRefusal(reply)) return `${reply.code}: ${reply.because}`
  if (reply.address === null) throw new Error('no address')
  return reply.address
}

async function given(reference: string, coordinator?: string) {
  const address = await deposit(reference, coordinator)
  if (typeof address === 'string') throw new Error(address)
  const reading = { nowMs: house.time.now, ageMsMax: limits.addressAgeMsMax }
  return { ...address, said: openAddress(address.certificate, root.digest, reading) }
}

let cents = 0n
/** Pays from this path, and says from which address the money went. */
async function paidFrom(path: string): Promise<string | undefined> {
  const created = house.time.now
  const times = { created, notAfter: created + 3_600_000 }
  const known = new Set(house.chain.seen.keys())
  cents += 1n
  const paid = await house.submit(payout({ ...times, path, amount: 3_000_000n + cents }))
  await house.untilState(paid, 'SETTLED')
  const fresh = [...house.chain.seen.values()].filter(({ txid }) => !known.has(txid))
  return fresh.at(-1)?.from.toLowerCase()
}

describe('a deposit address in a whole house', () => {
  it('is none before every node has a proven backup', async () => {
    await ready(house)
    expect(await deposit('customer-1')).toContain('BACKUP')
    proveAll(house, (await keyOf(house)).epoch)
    const { copy } = house.coordinator().driver
    await house.until('the backups are in the log', async () => {
      return typeof (await deposit('customer-1')) !== 'string'
    })
    expect(await copy.read(openedOf('hot'))).toBe(limits.depositBlockMax)
  })

  it('is verified by t nodes, and these nodes pay from it', async () => {
    const { address, path, said } = await given('customer-1')
    expect(said).toMatchObject({ address, path, threshold: 2, holders: names })
    expect(said.by).toHaveLength(2)
    expect(await paidFrom(path)).toBe(address)
  })

  it('is the same at another coordinator, after it died, and while a node is away', async () => {
    const { address, index } = await given('customer-1')
    expect(await given('customer-1', both[1])).toMatchObject({ address, index })
    const other = await given('customer-2', both[1])
    expect(other.index).toBe(limits.depositBlockMax)
    house.at('signer-a').kill()
    house.killCoordinator(both[0])
    await house.startCoordinator(both[0])
    await house.until('c1 gives it', async () => typeof (await deposit('customer-2')) !== 'string')
    const again = await given('customer-2')
    expect(again).toMatchObject({ address: other.address, index: other.index })
    expect(again.said.by).toEqual(['signer-b', 'signer-c'])
    expect(await paidFrom(again.path)).toBe(other.address)
    house.at('signer-b').kill()
    await house.pass(2_000)
    expect(await deposit('customer-2')).toContain('NOT_ENOUGH_SIGNERS')
    for (const name of ['signer-a', 'signer-b']) house.at(name).start()
    await ready(house)
  })

  it('stays what it was through a refresh, in the words of the new epoch', async () => {
    const before = await given('customer-1')
    const { epoch } = await keyOf(house)
    await approved(house, await refreshOf(house))
    await inForce(house, epoch + 1)
    const after = await given('customer-1')
    expect(after.address).toBe(before.address)
    expect([before.said.epoch, after.said.epoch]).toEqual([epoch, epoch + 1])
    await ready(house)
    expect(await paidFrom(after.path)).toBe(before.address)
    expect(await breaches(house)).toEqual([])
  })

  it('is none any more once the key is destroyed', async () => {
    const { epoch, keyState } = await keyOf(house)
    const terms = { epoch, keyState }
    const vault = parseVaultId('hot')
    await approved(house, { ...about(house), vault, op: 'key.destroy', terms })
    await house.until('the key is gone', async () => (await keyOf(house)).standing === 'disabled')
    expect(await deposit('customer-1')).toContain('KEY_DISABLED')
    expect((await house.verify()).word).toBe('OK')
  })
})

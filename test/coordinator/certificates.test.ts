// Certificates at the coordinator: t words make a file that a payer can check, and fewer, bent or late
// ones make none; no address leaves without one.
import { afterEach, describe, expect, it } from 'vitest'
import { handlersFor } from '../../coordinator/service.ts'
import { openAddress } from '../../policy/address-certificate.ts'
import { isShown } from '../../policy/audit/fold-backups.ts'
import { derive } from '../../policy/chain/derive.ts'
import { evmAddress } from '../../policy/chain/evm.ts'
import { writeSigned } from '../../proto/frames.ts'
import { parseHandle, parseVaultId } from '../../proto/ids.ts'
import type { Caller } from '../../proto/io/identity.ts'
import { limits } from '../../proto/limits.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { digestFor } from '../policy/dev-fixture.ts'
import { type House, houseOn } from './house.ts'
import type { Script } from './scripted-node.ts'
import { pgliteEngine } from './store-kit.ts'
import { nodes, root, testedStatement, vaultRow } from './world.ts'

const engine = pgliteEngine()
const houses: House[] = []
afterEach(async () => {
  for (const house of houses.splice(0)) await house.stop()
})

async function built(isProven = true): Promise<House> {
  const house = await houseOn(await engine.fresh())
  houses.push(house)
  if (!isProven) return house
  for (const node of house.nodes) {
    const statement = writeSigned(testedStatement('hot', node.name))
    node.send({ frame: 'backupTested', backupTested: { statement } })
  }
  await house.until('shown', () => {
    return house.coordinator.driver.copy.read(isShown(parseVaultId('hot')))
  })
  return house
}

const caller: Caller = {
  role: 'caller',
  id: parseHandle('svc-payouts'),
  pin: digestFor('tls/svc-payouts'),
}

/** Lets time pass until the service has answered. */
async function answered<T>(house: House, asked: T | Promise<T>): Promise<T> {
  let answer: { readonly value: T } | undefined
  void Promise.resolve(asked).then((value) => {
    answer = { value }
  })
  await house.until('an answer', () => answer !== undefined)
  return answer!.value
}

const service = (house: House) => handlersFor(house.coordinator).VaultService
async function deposit(house: House, reference: string, vault = 'hot') {
  const reply = await answered(
    house,
    service(house).CreateDepositAddress({ vault, reference }, caller),
  )
  return isRefusal(reply) ? `${reply.code}: ${reply.because}` : reply.address!
}
async function shown(house: House) {
  const reply = await answered(house, service(house).GetVault({ vault: 'hot' }, caller))
  if (isRefusal(reply)) throw new Error(reply.because)
  return reply.vault!
}
const script = (house: House, which: number, how: Script['certify']): void => {
  const node = house.nodes[which]
  if (node === undefined) throw new Error('no such node')
  node.script.certify = how
}
const open = (house: House, file: Uint8Array) => {
  const reading = { nowMs: house.clock.now(), ageMsMax: limits.addressAgeMsMax }
  return openAddress(file, root.digest, reading)
}
const at = (path: string) => evmAddress(derive(vaultRow('hot'), path).publicKey)

describe('a deposit address at the service', () => {
  it('comes with a certificate that a payer can check', async () => {
    const house = await built()
    const given = await deposit(house, 'customer-1')
    if (typeof given === 'string') throw new Error(given)
    const { certificate, ...rest } = given
    expect(rest).toEqual({
      vault: 'hot',
      service: caller.id,
      reference: 'customer-1',
      index: 0,
      path: 'm/1/0',
      network: 'eip155:31337',
      address: at('m/1/0'),
    })
    const { by, ...said } = open(house, certificate)
    expect(said).toMatchObject({ path: 'm/1/0', address: at('m/1/0'), vault: 'hot' })
    expect(by).toHaveLength(2)
    // Nobody's name stands in it.
    expect(new TextDecoder().decode(certificate)).not.toContain('customer-1')
    expect(await deposit(house, 'customer-1')).toMatchObject({ index: 0 })
    expect(await deposit(house, 'customer-2')).toMatchObject({ index: 1, address: at('m/1/1') })
  })

  it('is listed in pages, each with its certificate', async () => {
    const house = await built()
    for (const name of ['a', 'b', 'c']) await deposit(house, name)
    const page = async (from: number, count: number) => {
      const asked = service(house).ListDepositAddresses({ vault: 'hot', from, count }, caller)
      const reply = await answered(house, asked)
      return isRefusal(reply) ? reply.code : reply
    }
    const first = await page(0, 2)
    if (typeof first === 'string') throw new Error(first)
    expect(first.next).toBe(2)
    expect(first.addresses.map(({ reference, address }) => [reference, address])).toEqual([
      ['a', at('m/1/0')],
      ['b', at('m/1/1')],
    ])
    for (const { certificate, path } of first.addresses) {
      expect(open(house, certificate).path).toBe(path)
    }
    expect(await page(2, 2)).toMatchObject({ next: 0, addresses: [{ reference: 'c' }] })
    expect(await page(3, 2)).toEqual({ addresses: [], next: 0 })
    for (const count of [0, limits.addressesPerCallMax + 1]) {
      expect(await page(0, count)).toBe('TOO_LARGE')
    }
  })

  it('is none of a vault without a key, or before the backups are proven', async () => {
    const house = await built(false)
    expect(await deposit(house, 'a')).toContain('BACKUP')
    expect(await deposit(house, 'a', 'warm')).toContain('VAULT_NOT_FOUND: no key')
    expect(await deposit(house, 'a', 'nowhere')).toContain('VAULT_NOT_FOUND: the policy')
  })

  it('does not leave without t words, and is the same when they come', async () => {
    const house = await built()
    for (const how of ['silent', 'refused', 'bent', 'fewer', 'early'] as const) {
      script(house, 0, how)
      // One of three may say what it likes.
      expect(await deposit(house, how), how).toMatchObject({ reference: how })
      script(house, 1, how)
      expect(typeof (await deposit(house, `${how}-again`)), how).toBe('string')
      script(house, 0, undefined)
      script(house, 1, undefined)
      expect(await deposit(house, `${how}-again`), how).toMatchObject({ vault: 'hot' })
    }
    const { deposits } = house.coordinator
    const kept = await deposits.list(parseVaultId('hot'), 0, 50)
    expect(kept.map(({ index }) => index)).toEqual(kept.map((_, index) => index))
  })

  it('says who refused and who was silent', async () => {
    const house = await built()
    for (const which of [0, 1]) script(house, which, 'refused')
    expect(await deposit(house, 'a')).toMatch(/^REFUSED: signer-. BACKUP: .*; signer-. BACKUP/)
    for (const which of [0, 1]) script(house, which, 'silent')
    expect(await deposit(house, 'a')).toBe(
      'NOT_ENOUGH_SIGNERS: no word in time of signer-a, signer-b',
    )
  })
})

describe('a vault at the service', () => {
  it('has its address with a certificate, or a reason why not', async () => {
    const house = await built()
    const { certificate, address, uncertified } = await shown(house)
    expect({ address, uncertified }).toEqual({ address: at('m'), uncertified: '' })
    expect(open(house, certificate)).toMatchObject({ path: 'm', address: at('m') })
    for (const which of [0, 1]) script(house, which, 'refused')
    const none = await shown(house)
    expect(none).toMatchObject({ address: '', uncertified: expect.stringContaining('BACKUP') })
    expect(none.certificate).toHaveLength(0)
    expect(nodes).toHaveLength(3)
  })

  it('has none, and asks nobody, while fewer than t nodes are here', async () => {
    const house = await houseOn(await engine.fresh())
    houses.push(house)
    const { certificates, links } = house.coordinator
    for (const node of nodes.slice(1)) links.attach(node, () => {}).close()
    const of = { row: { ...vaultRow('hot'), ...{ standing: 'active' as const } }, network: '' }
    const row = { ...of.row, imported: false, exported: false }
    const answer = await certificates.of({ row, network: 'eip155:31337' }, ['m'])
    expect(answer).toMatchObject({
      code: 'NOT_ENOUGH_SIGNERS',
      because: 'expected 2 nodes of hot, got signer-a',
    })
  })
})

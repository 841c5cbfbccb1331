// Addresses from the command line: none is shown without the words of t nodes, checked here, and a
// payer checks a certificate with the trust file alone.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../../cli/run.ts'
import { derive } from '../../policy/chain/derive.ts'
import { evmAddress } from '../../policy/chain/evm.ts'
import { fromHex, toHex } from '../../proto/crypto.ts'
import { limits } from '../../proto/limits.ts'
import { custody, makeCluster, type Place, testWorld } from '../kit/cluster.ts'
import { certificateAt, destroyed, factsOf, hotAddress, vaultOf } from '../kit/cluster-vault.ts'
import { depositAt, type FakeCoordinator, fakeCoordinator } from '../kit/coordinator.ts'
import { freePort } from '../kit/ports.ts'

let place: Place
let house: FakeCoordinator
beforeAll(async () => {
  place = await makeCluster(await freePort())
  house = await fakeCoordinator(place)
})
afterEach(() => house.beHonest())
afterAll(async () => {
  await house.close()
  place.remove()
})

const service = (words: readonly string[]) => custody(place, 'services/svc-payouts', words)
const operator = (words: readonly string[]) => custody(place, 'operator', words)
/** Whatever the profile of a person names. */
const trust = (): string => {
  const profile = JSON.parse(readFileSync(place.path('people/ana/config.json'), 'utf8'))
  return place.path(`people/ana/${profile.trust}`)
}
const at = (path: string) => evmAddress(derive(factsOf(place, 'hot'), path).publicKey)
const text = (words: readonly string[], as: string) =>
  run([...words, '--as', place.path(as)], testWorld())
const verify = async (file: string, more: readonly string[] = [], nowMs = Date.now()) => {
  const words = ['address', 'verify', file, '--trust', trust(), ...more]
  const printed = await run([...words, '--json'], testWorld([], { nowMs: () => nowMs }))
  return { ...printed, json: JSON.parse(printed.stdout || '{}') }
}

describe('vault list and show', () => {
  it('name the nodes that vouch for an address', async () => {
    const { exit, json } = await operator(['vault', 'show', 'hot'])
    expect(exit).toBe(0)
    expect(json).toMatchObject({ address: hotAddress, verifiedBy: ['node-1', 'node-2'] })
    expect((await text(['vault', 'show', 'hot'], 'operator')).stdout).toContain(
      'verified by node-1, node-2\n',
    )
    const list = await operator(['vault', 'list'])
    expect(list.json.vaults[0].verifiedBy).toEqual(['node-1', 'node-2'])
  })

  it('show none, loudly, where fewer than t nodes do', async () => {
    const none = { certificate: new Uint8Array(0), uncertified: 'NOT_ENOUGH_SIGNERS: got node-1' }
    const vault = { ...vaultOf(place, 'hot'), ...none }
    house.lies.VaultService = {
      GetVault: async () => ({ vault }),
      ListVaults: async () => ({ vaults: [vault] }),
    }
    for (const words of [
      ['vault', 'show', 'hot'],
      ['vault', 'list'],
    ]) {
      const { exit, json } = await operator(words)
      expect(exit).toBe(3)
      expect(JSON.stringify(json)).not.toContain(hotAddress)
      const printed = await text(words, 'operator')
      const said = `${printed.stdout}${printed.stderr}`
      expect(said).toContain('NO ADDRESS: its nodes do not vouch for it now')
      expect(said).toContain('NOT_ENOUGH_SIGNERS: got node-1')
      expect(said).not.toContain(hotAddress)
    }
    const lacking = { ...vault, uncertified: '' }
    house.lies.VaultService = { GetVault: async () => ({ vault: lacking }) }
    expect((await operator(['vault', 'show', 'hot'])).json.uncertified).toContain('no certificate')
  })

  it('warn of a destroyed key without asking anybody to vouch for it', async () => {
    const vault = { ...destroyed(place, vaultOf(place, 'hot')), certificate: new Uint8Array(0) }
    house.lies.VaultService = { GetVault: async () => ({ vault }) }
    const printed = await text(['vault', 'show', 'hot'], 'operator')
    expect(printed.exit).toBe(0)
    expect(printed.stdout).toContain(`send nothing to ${hotAddress}`)
  })

  it('refuse a certificate of another vault, path, epoch or time, and of one node', async () => {
    const hot = factsOf(place, 'hot')
    const lie = async (certificate: Uint8Array) => {
      const vault = { ...vaultOf(place, 'hot'), certificate }
      house.lies.VaultService = { GetVault: async () => ({ vault }) }
      return (await operator(['vault', 'show', 'hot'])).json.refused?.code
    }
    const sent = (facts: object = {}, path = 'm', more: object = {}) =>
      lie(certificateAt(place, { ...hot, ...facts }, path, more))
    expect(await sent()).toBeUndefined()
    expect(await sent({ vault: 'warm' })).toBe('BYTES_FROM')
    expect(await sent({}, 'm/1/0')).toBe('BYTES_FROM')
    expect(await sent({ epoch: 2 })).toBe('EPOCH')
    expect(await sent({ chainCode: new Uint8Array(32).fill(1) })).toBe('BYTES_FROM')
    expect(await sent({ publicKey: fromHex(`03${toHex(hot.publicKey).slice(2)}`) })).toBe(
      'BYTES_FROM',
    )
    expect(await sent({}, 'm', { nodes: ['node-3'] })).toBe('PARTICIPANTS')
    const old = Date.now() - limits.addressViewMsMax - 60_000
    expect(await sent({}, 'm', { at: old })).toBe('LIFETIME')
  })
})

describe('custody address deposit', () => {
  it('gives the address of a customer with who verified it, and its certificate as a file', async () => {
    const out = place.path('deposit.json')
    const words = ['address', 'deposit', 'hot', '--customer', 'c-17']
    const { exit, json } = await service([...words, '--out', out])
    expect(exit).toBe(0)
    const said = { address: at('m/1/7'), path: 'm/1/7', by: ['node-1', 'node-2'], vault: 'hot' }
    expect(json).toMatchObject({ ...said, reference: 'c-17', index: 7, out })
    expect((await verify(out)).json).toMatchObject(said)
    expect((await service([...words, '--out', out])).exit).not.toBe(0)
    rmSync(out)
    expect((await operator(words)).json.refused.code).toBe('CALLER_NOT_ALLOWED')
    expect((await service(['address', 'deposit', 'hot'])).exit).toBe(2)
  })

  it('shows nothing that a coordinator made up', async () => {
    const good = depositAt(place, 'hot', 'c-17', 7)
    const lie = async (address: object) => {
      const sent = { address: { ...good, ...address } }
      house.lies.VaultService = { CreateDepositAddress: async () => sent }
      return service(['address', 'deposit', 'hot', '--customer', 'c-17'])
    }
    expect((await lie({})).json.address).toBe(at('m/1/7'))
    // The address beside the certificate is not even looked at.
    expect((await lie({ address: `0x${'ee'.repeat(20)}` })).json.address).toBe(at('m/1/7'))
    expect((await lie({ index: 8 })).json.refused.code).toBe('BYTES_FROM')
    expect((await lie({ reference: 'c-18' })).json.refused.code).toBe('BYTES_FROM')
    expect((await lie({ service: 'svc-shop' })).json.refused.code).toBe('BYTES_FROM')
    expect((await lie({ certificate: new Uint8Array(0) })).json.refused.code).toBe(
      'NOT_ENOUGH_SIGNERS',
    )
    house.lies.VaultService = { CreateDepositAddress: async () => ({ address: null }) }
    const none = await service(['address', 'deposit', 'hot', '--customer', 'c'])
    expect(none.json.refused.code).toBe('LINE_MISSING')
  })
})

describe('custody address list and show', () => {
  it('list what was given out, each verified here', async () => {
    const { json } = await operator(['address', 'list', 'hot'])
    const first = {
      index: 7,
      service: 'svc-payouts',
      reference: 'customer-1',
      address: at('m/1/7'),
    }
    expect(json).toMatchObject({ addresses: [first], next: 8 })
    expect((await text(['address', 'list', 'hot'], 'operator')).stdout).toContain(
      `${at('m/1/7')}  svc-payouts customer-1  verified by node-1, node-2\nmore: --from 8\n`,
    )
    const rest = await operator(['address', 'list', 'hot', '--from', '8'])
    expect(rest.json).toEqual({ addresses: [], next: 0 })
    expect((await operator(['address', 'list', 'hot', '--from', '-1'])).exit).toBe(2)
    const bent = { ...depositAt(place, 'hot', 'customer-1', 7), index: 6 }
    house.lies.VaultService = {
      ListDepositAddresses: async () => ({ addresses: [bent], next: 0 }),
    }
    expect((await operator(['address', 'list', 'hot'])).json.refused.code).toBe('BYTES_FROM')
  })

  it('show the own address of a vault, with its certificate', async () => {
    const out = place.path('hot.json')
    const shown = await operator(['address', 'show', 'hot', '--out', out])
    expect(shown.json).toMatchObject({ address: hotAddress, path: 'm', by: ['node-1', 'node-2'] })
    expect((await verify(out)).json).toMatchObject({ address: hotAddress, path: 'm' })
    rmSync(out)
    const none = { certificate: new Uint8Array(0), uncertified: 'BACKUP: not proven' }
    const vault = { ...vaultOf(place, 'hot'), ...none }
    house.lies.VaultService = { GetVault: async () => ({ vault }) }
    const refused = (await operator(['address', 'show', 'hot'])).json.refused
    expect(refused).toMatchObject({ code: 'NOT_ENOUGH_SIGNERS' })
    expect(refused.because).toContain('BACKUP: not proven')
  })
})

describe('custody address verify', () => {
  const write = (name: string, bytes: Uint8Array): string => {
    writeFileSync(place.path(name), bytes)
    return place.path(name)
  }

  it('says whose address it is, on which network, and who said so', async () => {
    const file = write('good.json', certificateAt(place, factsOf(place, 'hot'), 'm/1/3'))
    expect((await verify(file)).json).toMatchObject({
      address: at('m/1/3'),
      network: 'eip155:31337',
      vault: 'hot',
      path: 'm/1/3',
      by: ['node-1', 'node-2'],
    })
    const words = ['address', 'verify', file, '--trust', trust()]
    const { stdout } = await run(words, testWorld())
    expect(stdout).toContain(`${at('m/1/3')}\n`)
    expect(stdout).toContain('verified   by node-1, node-2: 2 of 3, 2 needed')
    expect(stdout).not.toContain('imported')
  })

  it('refuses what is old, bent, of too few nodes or of another house', async () => {
    const now = Date.now()
    const bytes = certificateAt(place, factsOf(place, 'hot'), 'm/1/3')
    const file = write('good.json', bytes)
    const day = 86_400_000
    expect((await verify(file, [], now + 29 * day)).exit).toBe(0)
    expect((await verify(file, [], now + 31 * day)).json.refused.code).toBe('LIFETIME')
    expect((await verify(file, ['--max-age', '60'], now + 31 * day)).exit).toBe(0)
    expect((await verify(file, ['--max-age', '1'], now + 2 * day)).json.refused.code).toBe(
      'LIFETIME',
    )
    const json = readFileSync(file, 'utf8')
    const bent = write('bent.json', new TextEncoder().encode(json.replace('m/1/3', 'm/1/4')))
    expect((await verify(bent)).json.refused.code).toBe('VIEW')
    const { stderr } = await run(['address', 'verify', bent, '--trust', trust()], testWorld())
    expect(stderr).toMatch(/refused VIEW.*\n {2}send nothing to this address/)
    const one = certificateAt(place, factsOf(place, 'hot'), 'm', { nodes: ['node-1'] })
    expect((await verify(write('one.json', one))).json.refused.code).toBe('PARTICIPANTS')
    const other = place.path('other-trust')
    const pinned = readFileSync(trust(), 'utf8')
    writeFileSync(other, pinned.replace(/^root .*$/m, `root ${'ab'.repeat(32)}`))
    const elsewhere = await run(
      ['address', 'verify', file, '--trust', other, '--json'],
      testWorld(),
    )
    expect(JSON.parse(elsewhere.stdout).refused.code).toBe('RULESET_VERSION')
    for (const days of ['0', 'x', '99999']) {
      const words = ['address', 'verify', file, '--trust', other, '--max-age', days]
      expect((await run(words, testWorld())).exit, days).toBe(2)
    }
    expect((await run(['address', 'verify', file], testWorld())).exit).toBe(2)
  })
})

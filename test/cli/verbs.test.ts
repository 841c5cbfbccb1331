// freeze, limits, vault, audit checkpoint and export against a coordinator over real TLS: a freeze is
// effective when it is proved, an address is shown when it is that of its key.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { devBook } from '../../cli/dev-documents.ts'
import { run } from '../../cli/run.ts'
import { parseBook } from '../../policy/book.ts'
import { parseFreeze } from '../../policy/documents.ts'
import { toUtf8 } from '../../proto/crypto.ts'
import { custody, makeCluster, type Place, type TestWorld, testWorld } from '../kit/cluster.ts'
import { destroyed, hotAddress, vaultOf } from '../kit/cluster-vault.ts'
import { type FakeCoordinator, fakeCoordinator } from '../kit/coordinator.ts'
import { freePort } from '../kit/ports.ts'

const out = mkdtempSync(join(tmpdir(), 'custody-book-'))
let place: Place
let house: FakeCoordinator
beforeAll(async () => {
  place = await makeCluster(await freePort())
  house = await fakeCoordinator(place)
})
afterAll(async () => {
  await house.close()
  place.remove()
  rmSync(out, { recursive: true })
})
beforeEach(() => house.beHonest())

const ana = (words: readonly string[], world?: TestWorld) =>
  custody(place, 'people/ana', words, world)
const bot = (words: readonly string[]) => custody(place, 'services/svc-payouts', words)

describe('freeze', () => {
  it('signs the scope and says effective when it is proved', async () => {
    const { exit, json } = await ana(['freeze', 'hot'], testWorld(['hot']))
    expect(exit).toBe(0)
    expect(json).toMatchObject({ scope: 'hot' })
    const freeze = parseFreeze(house.freezes.at(-1)!.document)
    expect(freeze).toMatchObject({ scope: 'hot', person: 'ana', credential: 'ana-1' })
    expect(freeze.digest).toBe(json.freeze)
  })

  it('advises to freeze at the nodes when nothing is proved', async () => {
    house.cosigners = 1
    const { exit, json } = await ana(['freeze', 'all', '--yes', '--wait', '0'])
    expect(exit).toBe(3)
    expect(json.unavailable).toMatch(/freeze at the nodes too/)
  })

  it('is not effective by a line of another scope', async () => {
    house.lies.PolicyService = {
      SubmitFreeze: async (request) => {
        const { PolicyService } = house.honest
        const honest = (await PolicyService.SubmitFreeze(request, undefined as never)) as {
          entry: Uint8Array
        }
        const entry = Buffer.from(honest.entry).toString().replace('"scope":"all"', '"scope":"hot"')
        return { ...honest, entry: Buffer.from(entry) } as never
      },
    }
    const { json } = await ana(['freeze', 'all', '--yes', '--wait', '0'])
    expect(json.refused.because).toMatch(/expected the one about this document/)
  })

  it('freezes nothing when the person types another word or is not there', async () => {
    const before = house.freezes.length
    expect((await ana(['freeze', 'all'], testWorld(['hot']))).json.refused.code).toBe('REFUSED')
    expect((await ana(['freeze', 'all'])).exit).toBe(2)
    expect((await bot(['freeze', 'all', '--yes'])).json.refused.code).toBe('CALLER_NOT_ALLOWED')
    expect(house.freezes.length).toBe(before)
  })
})

describe('limits, vault, audit checkpoint and export', () => {
  it('limits shows what is left, maxima from the policy proved here', async () => {
    const { json } = await ana(['limits'])
    const hour = json.limits.find(({ id }: { id: string }) => id === 'payout-1h')
    expect(hour).toMatchObject({ max: '250000', used: '250', left: '249750', unit: 'USDT' })
    house.lies.PolicyService = {
      GetLimits: async () => ({
        limits: [{ id: 'payout-1h', unit: '', max: '', used: 'x', window: '' }],
      }),
    }
    expect((await ana(['limits'])).exit).toBe(2)
  })

  it('vault shows an address only when every node of the root signed its key', async () => {
    const operator = (words: readonly string[]) => custody(place, 'operator', words)
    expect((await operator(['vault', 'list'])).json.vaults[0].address).toBe(hotAddress)
    const shown = await operator(['vault', 'show', 'hot'])
    expect(shown.json.confirms).toEqual(['node-1', 'node-2', 'node-3'])
    expect((await operator(['vault', 'create', 'warm'])).json.vault).toBe('warm')
    expect((await ana(['vault', 'create', 'warm'])).json.refused.code).toBe('CALLER_NOT_ALLOWED')
  })

  it('vault shows no address before every node of the key has a proven backup', async () => {
    const operator = (words: readonly string[]) => custody(place, 'operator', words)
    const lie = (vault: ReturnType<typeof vaultOf>) => {
      house.lies.VaultService = { GetVault: async () => ({ vault }) }
      return operator(['vault', 'show', 'hot'])
    }
    const hot = vaultOf(place, 'hot')
    expect((await lie(hot)).json).toMatchObject({ address: hotAddress, unproven: [] })
    const [one, two] = hot.backups
    for (const backups of [[], [one!, two!], [one!, two!, two!]]) {
      const { json } = await lie({ ...hot, backups })
      expect(json).toMatchObject({ address: '', publicKey: '', unproven: expect.any(Array) })
      expect(json.unproven).toContain('node-3')
      expect(json.confirms).toEqual(['node-1', 'node-2', 'node-3'])
    }
    const shown = await run(['vault', 'show', 'hot', '--as', place.path('operator')], testWorld())
    expect(shown.stdout).toContain('no address before its backups are proven: node-3')
    expect(shown.stdout).toContain('backup proven by node-1, node-2')
    const pay = ['--vault', 'warm', '--to-vault', 'hot', '--asset', 'usdt', '--amount', '1']
    const paid = await ana(['submit', ...pay, '--purpose', 'refill/1'])
    expect(paid.json.refused).toMatchObject({ code: 'VAULT_NOT_FOUND' })
  })

  it('vault takes the word on a backup of its own node and of exactly this key', async () => {
    const operator = (words: readonly string[]) => custody(place, 'operator', words)
    const hot = vaultOf(place, 'hot')
    const [one, two, three] = hot.backups as [Uint8Array, Uint8Array, Uint8Array]
    const lie = async (line: Uint8Array) => {
      const vault = { ...hot, backups: [one, two, line] }
      house.lies.VaultService = { GetVault: async () => ({ vault }) }
      return (await operator(['vault', 'show', 'hot'])).json.refused?.code
    }
    const swap = (from: string, to: string) =>
      toUtf8(new TextDecoder().decode(three).replace(from, to))
    expect(await lie(three)).toBeUndefined()
    expect(await lie(swap('"node":"node-3"', '"node":"node-1"'))).toBe('BACKUP')
    expect(await lie(swap('"node":"node-3"', '"node":"node-9"'))).toBe('PARTICIPANTS')
    expect(await lie(swap('"epoch":1', '"epoch":2'))).toBe('EPOCH')
    expect(await lie(swap('ab'.repeat(32), 'ac'.repeat(32)))).toBe('EPOCH')
    expect(await lie(swap('0b'.repeat(32), '0a'.repeat(32)))).toBe('BACKUP')
    expect(await lie(hot.line)).toBe('BYTES_FROM')
    expect(await lie(vaultOf(place, 'warm').backups[2]!)).toBe('EPOCH')
  })

  it('vault warns of the address of a key that is destroyed', async () => {
    const vault = destroyed(place, vaultOf(place, 'hot'))
    house.lies.VaultService = { GetVault: async () => ({ vault }) }
    const shown = await run(['vault', 'show', 'hot', '--as', place.path('operator')], testWorld())
    expect(shown.stdout).toContain(`send nothing to ${hotAddress} (epoch 1, disabled)`)
  })

  it('vault says which nodes lack a proven backup of a later epoch, and shows the address', async () => {
    const vault = { ...vaultOf(place, 'hot'), unproven: ['node-2'] }
    house.lies.VaultService = { GetVault: async () => ({ vault }) }
    const shown = await run(['vault', 'show', 'hot', '--as', place.path('operator')], testWorld())
    expect(shown.stdout).toContain(hotAddress)
    expect(shown.stdout).toContain('backup of epoch 1, in force, not proven yet by node-2')
  })

  it('vault shows no address that a coordinator made up', async () => {
    const operator = (words: readonly string[]) => custody(place, 'operator', words)
    const lie = (vault: ReturnType<typeof vaultOf>) => {
      house.lies.VaultService = { ListVaults: async () => ({ vaults: [vault] }) }
      return operator(['vault', 'list'])
    }
    const hot = vaultOf(place, 'hot')
    const told = await lie({ ...hot, address: `0x${'ee'.repeat(20)}` })
    expect(told.json.vaults[0].address).toBe(hotAddress)
    const none = await lie({ ...hot, line: new Uint8Array(0) })
    expect(none.json.vaults[0].address).toBe('')
    const swap = (from: string, to: string) =>
      toUtf8(new TextDecoder().decode(hot.line).replace(from, to))
    const forged = [
      [swap(hot.publicKey, `02${hot.publicKey.slice(2, -2)}9a`), /MALFORMED|PARTICIPANTS/],
      [swap('"x":2', '"x":4'), /PARTICIPANTS/],
      [swap('"t":2,"vault"', '"t":1,"vault"'), /PARTICIPANTS|MALFORMED/],
      [vaultOf(place, 'warm').line, /BYTES_FROM/],
    ] as const
    for (const [line, code] of forged) {
      expect((await lie({ ...hot, line })).json.refused.code).toMatch(code)
    }
  })

  it('audit checkpoint counts the cosignatures against the trust file', async () => {
    expect(await ana(['audit', 'checkpoint'])).toMatchObject({ exit: 0, json: { enough: true } })
    house.cosigners = 1
    expect(await ana(['audit', 'checkpoint'])).toMatchObject({ exit: 3, json: { enough: false } })
  })

  it('audit export writes what the coordinator sends into a new directory', async () => {
    const at = place.path('export')
    expect((await ana(['audit', 'export', at])).json).toEqual({ directory: at, files: 1 })
    expect((await ana(['audit', 'export', at])).exit).toBe(2)
    rmSync(at, { recursive: true })
    house.lies.AuditService = {
      Export: async function* () {
        yield { path: '../../escape', content: new Uint8Array(1), partial: false }
      },
    }
    expect((await ana(['audit', 'export', at])).json.refused.because).toMatch(/relative path/)
  })
})

describe('a coordinator that is not there', () => {
  it('is something that could not be told', async () => {
    const config = JSON.parse(readFileSync(place.path('people/ana/config.json'), 'utf8'))
    config.server.address = `127.0.0.1:${await freePort()}`
    const as = place.path('people/ana/lonely.json')
    writeFileSync(as, JSON.stringify(config))
    const printed = await run(['pending', '--as', as], testWorld())
    expect(printed.exit).toBe(3)
    expect(printed.stderr).toMatch(/^could not tell: /)
  })
})

const write = (name: string, more: readonly string[] = [], book = 'warm') => {
  const words = ['vault', 'destination', 'hot', '--book', book, '--out', join(out, name)]
  return custody(place, 'operator', [...words, ...more])
}
const bookAt = (name: string) => parseBook(readFileSync(join(out, name), 'utf8'))

describe('vault destination', () => {
  it('writes a book with the address that is derived here', async () => {
    const { exit, json } = await write('first.json')
    expect(exit).toBe(0)
    const { name, version, previous, records, digest } = bookAt('first.json')
    expect({ name, version, previous, digest }).toEqual({
      ...{ name: 'warm', version: 1, previous: '' },
      digest: json.digest,
    })
    const [record] = records.values()
    expect(record).toMatchObject({ address: hotAddress, status: 'active', book: 'warm' })
    expect(record?.label).toBe('vault hot of acme-dev/log')
  })

  it('adds to a book as its next version, and to another book not', async () => {
    const before = devBook({ org: 'acme-dev', name: 'warm', records: [] })
    writeFileSync(join(out, 'empty.json'), before)
    const to = ['--to', join(out, 'empty.json')]
    expect((await write('other.json', to, 'cold')).exit).toBe(2)
    expect((await write('next.json', to)).exit).toBe(0)
    const previous = parseBook(before).digest
    expect(bookAt('next.json')).toMatchObject({ version: 2, previous })
  })

  it('writes nothing while a backup is not proven, and nothing of a key that does not sign', async () => {
    const hot = vaultOf(place, 'hot')
    house.lies.VaultService = { GetVault: async () => ({ vault: { ...hot, backups: [] } }) }
    expect((await write('none.json')).json.refused.code).toBe('BACKUP')
    house.lies.VaultService = { GetVault: async () => ({ vault: destroyed(place, hot) }) }
    expect((await write('none.json')).json.refused.code).toBe('KEY_DISABLED')
  })

  it('writes nothing that nobody vouches for now, and no other vault than was asked for', async () => {
    const hot = vaultOf(place, 'hot')
    const none = { ...hot, certificate: new Uint8Array(0), uncertified: 'FROZEN: frozen: hot' }
    house.lies.VaultService = { GetVault: async () => ({ vault: none }) }
    const { code, because } = (await write('none.json')).json.refused
    expect([code, because]).toEqual(['NOT_ENOUGH_SIGNERS', expect.stringContaining('FROZEN')])
    const warm = vaultOf(place, 'warm')
    house.lies.VaultService = { GetVault: async () => ({ vault: warm }) }
    expect((await write('none.json')).json.refused.code).toBe('VAULT_NOT_FOUND')
    expect(existsSync(join(out, 'none.json'))).toBe(false)
  })
})

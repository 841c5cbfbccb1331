// The `custody` program: verbs are found, arguments are read strictly, every ending has its exit code,
// and passphrases come from where they may.
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openKey } from '../../cli/approver-key.ts'
import { openProfile } from '../../cli/profile.ts'
import { run } from '../../cli/run.ts'
import { typedAddress } from '../../policy/chain/chains.ts'
import { makeCluster, type Place, testWorld } from '../kit/cluster.ts'

let place: Place
beforeAll(async () => {
  place = await makeCluster()
})
afterAll(() => place.remove())

const custody = (...words: readonly string[]) => run(words, testWorld())
const main = join(import.meta.dirname, '../../cli/main.ts')

describe('custody', () => {
  it('lists its verbs, and says which one it does not know', async () => {
    for (const asked of [[], ['--help'], ['-h']]) {
      const { exit, stdout } = await custody(...asked)
      expect(exit).toBe(0)
      expect(stdout).toMatch(/policy check +what the analyser says/)
    }
    expect(await custody('aprove')).toMatchObject({ exit: 2, stdout: '' })
    expect((await custody('vault', 'drop')).stderr).toMatch(/^unknown verb vault drop/)
    expect((await custody('toString')).exit).toBe(2)
  })

  it('has help for a group: its verbs alone, each with its usage', async () => {
    const help = await custody('audit', '--help')
    expect(help).toMatchObject({ exit: 0, stderr: '' })
    expect(help.stdout).toContain('custody audit verify ')
    expect(help.stdout).not.toContain('custody vault')
    const mistyped = await custody('audit', 'verfy')
    expect(mistyped).toMatchObject({ exit: 2, stdout: '' })
    expect(mistyped.stderr).toContain('unknown verb audit verfy')
    expect(mistyped.stderr).toContain('custody audit verify ')
  })

  it('has help for each verb', async () => {
    const { stdout } = await custody()
    const names = [...stdout.matchAll(/^ {2}(\w+(?: \w+)?) {2,}/gm)].map((match) => match[1]!)
    expect(names.length).toBeGreaterThan(15)
    for (const name of names) {
      const help = await custody(...name.split(' '), '--help')
      expect(help).toMatchObject({ exit: 0 })
      expect(help.stdout).toMatch(new RegExp(`^custody ${name} `))
    }
  })

  it('refuses unknown flags, too many arguments, files that are not there: exit 2', async () => {
    const policy = place.path('shared/policy.json')
    for (const words of [
      ['policy', 'check', policy, '--loud'],
      ['policy', 'check'],
      ['policy', 'check', policy, policy],
      ['policy', 'check', place.path('nowhere.json')],
      ['policy', 'check', place.path('shared')],
      ['pending'],
      ['pending', '--as', place.path('nowhere')],
      ['pending', '--as', policy],
      ['submit', '--as', place.path('services/svc-payouts'), '--id'],
    ]) {
      const { exit, stdout, stderr } = await custody(...words)
      expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' })
      expect(stderr).not.toBe('')
      const inJson = await custody(...words, '--json')
      expect(inJson.exit).toBe(2)
      expect(Object.keys(JSON.parse(inJson.stdout))).toHaveLength(1)
    }
  })

  it('lets a bug be seen', async () => {
    const world = testWorld([], {
      nowMs: () => {
        throw new TypeError('clock')
      },
    })
    await expect(run(['init', place.path('other')], world)).rejects.toThrow(TypeError)
  })

  it('runs as a program', () => {
    const policy = place.path('shared/policy.json')
    const printed = execFileSync(process.execPath, [main, 'policy', 'check', policy, '--json'])
    expect(JSON.parse(printed.toString())).toMatchObject({ good: true })
    const asked = spawnSync(process.execPath, [main, 'approve', 'x'], { input: '' })
    expect(asked.status).toBe(2)
    expect(asked.stderr.toString()).toMatch(/expected --as DIR/)
    const env = { ...process.env, CUSTODY_PROFILE: place.path('people/ana') }
    const profile = spawnSync(process.execPath, [main, 'show', 'x'], { env })
    expect(profile.stderr.toString()).toMatch(/could not tell/)
  })
})

describe('policy check', () => {
  const beside = () => [
    '--directory',
    place.path('shared/directory.json'),
    '--root',
    place.path('shared/root.json'),
  ]

  it('says that the development policy could be put in force, and what it exposes', async () => {
    const { exit, stdout } = await custody(
      'policy',
      'check',
      place.path('shared/policy.json'),
      ...beside(),
    )
    expect(exit).toBe(0)
    expect(stdout).toContain('hot -> customer: at most 100000 USDT a request')
    expect(stdout).toMatch(/could be put in force\n$/)
  })

  it('exits 1 for findings that refuse the load, 2 for what is no policy', async () => {
    const honest = readFileSync(place.path('shared/policy.json'), 'utf8')
    const file = place.path('policy.json')
    const check = async (policy: string) => {
      writeFileSync(file, policy)
      return custody('policy', 'check', file, ...beside())
    }
    const overlap = honest.replace('"gt":"1000","lte":"25000"', '"gt":"900","lte":"25000"')
    expect(overlap).not.toBe(honest)
    expect(await check(overlap)).toMatchObject({ exit: 1 })
    expect((await check(overlap)).stderr).toMatch(/error overlap/)
    const later = honest.replace('"onWitnessLoss":"stop"', '"onWitnessLoss":"local-cap"')
    expect(later).not.toBe(honest)
    expect((await check(later)).stderr).toMatch(/not supported yet/)
    expect((await check('{}')).exit).toBe(2)
  })
})

describe('the key of a person', () => {
  const open = (flags: Record<string, string>, answers: readonly string[] = []) => {
    const args = { words: [], flags: { as: place.path('people/ana'), ...flags } }
    const world = testWorld(answers)
    return openKey(openProfile(args, world), args, world)
  }

  it('opens with the passphrase of a file, of a descriptor, or typed', async () => {
    const file = place.path('people/ana/credential')
    const fromFile = await open({})
    const descriptor = openSync(file, 'r')
    const fromDescriptor = await open({ 'passphrase-fd': String(descriptor) })
    closeSync(descriptor)
    const config = JSON.parse(readFileSync(place.path('people/ana/config.json'), 'utf8'))
    const { credential: _, ...prompting } = config
    const as = place.path('people/ana/prompting.json')
    writeFileSync(as, JSON.stringify(prompting))
    const typed = await open({ as }, [readFileSync(file, 'utf8').trim()])
    for (const key of [fromDescriptor, typed]) expect(key.publicKey).toEqual(fromFile.publicKey)
    await expect(open({ as }, [])).rejects.toThrow(/no terminal to ask at/)
    await expect(open({ as }, ['wrong'])).rejects.toThrow(/does not open here/)
  })

  it('refuses a passphrase that others can read, and a descriptor that is none', async () => {
    const credential = place.path('open-credential')
    writeFileSync(credential, 'x')
    chmodSync(credential, 0o644)
    await expect(open({ credential })).rejects.toThrow(/others can read it/)
    await expect(open({ 'passphrase-fd': 'zero' })).rejects.toThrow(/expected a number/)
  })

  it('of another person does not open with this one', async () => {
    const credential = place.path('people/bo/credential')
    await expect(open({ credential })).rejects.toThrow(/does not open here/)
  })

  it('is not there for an operator', async () => {
    await expect(open({ as: place.path('operator') })).rejects.toThrow(/no signing key/)
  })
})

describe('a typed address', () => {
  const good = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8'

  it('is lower case for documents, and its checksum is right when it has one', () => {
    const network = 'eip155:1'
    expect(typedAddress(network, good)).toBe(good.toLowerCase())
    expect(typedAddress(network, good.toLowerCase())).toBe(good.toLowerCase())
    expect(typedAddress(network, `0x${good.slice(2).toUpperCase()}`)).toBe(good.toLowerCase())
    expect(() => typedAddress(network, good.replace('dc3A', 'dc3a'))).toThrow(/checksum/)
    expect(() => typedAddress(network, good.slice(0, -1))).toThrow()
    expect(() => typedAddress(network, 'vitalik.eth')).toThrow()
    const tron = 'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t'
    expect(typedAddress('tron:0x2b6653dc', tron)).toBe(tron)
  })
})

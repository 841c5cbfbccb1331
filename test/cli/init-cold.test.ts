// `custody init cold`: the online side of a log of cold vaults hangs together under a root that
// names the stations by their cards, and no program that it configures is a station.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { devBook } from '../../cli/dev-documents.ts'
import { init } from '../../cli/init.ts'
import { initCold } from '../../cli/init-cold.ts'
import { openProfile, openTrust } from '../../cli/profile.ts'
import { parseCoordinatorConfig } from '../../coordinator/config.ts'
import { loadRulebook } from '../../policy/analyse.ts'
import { parseStationCard, stationCardDocument } from '../../policy/ceremony/station-card.ts'
import { parseRoot } from '../../policy/documents.ts'
import { parseRoster } from '../../policy/roster.ts'
import { ed25519Signer } from '../../proto/crypto.ts'
import { parseHandle, parsePersonId } from '../../proto/ids.ts'
import { Refused } from '../../proto/refusal.ts'
import { parseLightConfig } from '../../signer-node/light-config.ts'
import { testWorld } from '../kit/cluster.ts'
import { stationFacts } from '../kit/station-card.ts'
import { secretOf, testCard } from '../kit/token-card.ts'
import { digestFor } from '../policy/dev-fixture.ts'

const place = mkdtempSync(join(tmpdir(), 'custody-cold-'))
const at = (...names: readonly string[]): string => join(place, ...names)
const read = (path: string): string => readFileSync(at('log', path), 'utf8')

/** Of station x, in a file of its own. */
function card(x: number, org = 'acme-dev'): string {
  const node = `station-${x}`
  const own = { org: parseHandle(org), env: 'dev' as const, node }
  const document = stationCardDocument(
    {
      ...stationFacts(node, x),
      ...{ org: own.org, env: own.env, transport: digestFor(`tls/${node}`) },
      daily: testCard(`${node} daily`, { ...own, id: 'daily' }),
      spare: testCard(`${node} spare`, { ...own, id: 'spare' }),
    },
    ed25519Signer(secretOf(`${node} identity`)),
  )
  const file = at(`${org}-${x}.card`)
  writeFileSync(file, document)
  return file
}

const make = (directory: string, flags: Record<string, string | boolean>) =>
  initCold.run({ words: [at(directory)], flags }, testWorld())
const codeOf = async (work: Promise<unknown>): Promise<string> => {
  const failed = await work.catch((error: unknown) => error)
  return failed instanceof Refused ? failed.refusal.code : 'done'
}

beforeAll(async () => {
  const stations = [3, 1, 2].map((x) => card(x)).join(',')
  await make('log', { stations, people: 'carl,cora' })
})
afterAll(() => rmSync(place, { recursive: true }))

describe('custody init cold', () => {
  it('makes a root that says cold and names the stations by their cards', () => {
    const root = parseRoot(read('shared/root.json'))
    expect(root).toMatchObject({ cold: true, quorumCrypto: { n: 3, t: 2 } })
    expect(root.witness).toEqual({ w: 3, f: 0, q: 2 })
    for (const { node, x, identity, transport } of root.nodes) {
      const known = parseStationCard(readFileSync(at(`acme-dev-${x}.card`)))
      expect({ node, identity, transport }).toEqual({
        ...{ node: known.node, identity: known.identity, transport: known.transport },
      })
    }
    const roster = parseRoster(read('shared/directory.json'))
    const rulebook = loadRulebook(read('shared/policy.json'), { root, roster })
    expect([...rulebook.vaults.values()].map(({ tier }) => tier)).toEqual(['cold'])
  })

  it('has custodians and attendees in the directory, and no attendee in a role of the policy', () => {
    const root = parseRoot(read('shared/root.json'))
    const roster = parseRoster(read('shared/directory.json'))
    const { roles } = loadRulebook(read('shared/policy.json'), { root, roster })
    const cards = [1, 2, 3].map((x) => parseStationCard(readFileSync(at(`acme-dev-${x}.card`))))
    for (const name of ['carl', 'cora', ...cards.map(({ custodian }) => custodian)]) {
      const person = parsePersonId(name)
      expect(roster.persons.get(person)).toMatchObject({ kind: 'human' })
    }
    const members = [...roles.values()].flatMap((role) => [...role.members])
    expect(members.filter((name) => ['carl', 'cora'].includes(name))).toEqual([])
    expect(members).toContain('jun')
  })

  it('configures a coordinator and light witnesses, and lets no station in', () => {
    const root = parseRoot(read('shared/root.json'))
    const home = at('log', 'coordinator')
    const config = parseCoordinatorConfig(read('coordinator/config.json'), home)
    expect(config).toMatchObject({ root: root.digest, origin: 'acme-dev/log-cold' })
    const nodes = config.clients.filter(({ role }) => role === 'node').map(({ id }) => id)
    expect(nodes).toEqual(readdirSync(at('log', 'witnesses')))
    for (const name of nodes) {
      const file = `witnesses/${name}/config.json`
      expect(parseLightConfig(read(file), at('log', `witnesses/${name}`)).root).toBe(root.digest)
    }
    expect(readdirSync(at('log'))).not.toContain('nodes')
    const flags = { as: at('log', 'operator') }
    const trust = openTrust(openProfile({ words: [], flags }, testWorld()))
    expect(trust).toMatchObject({ root: root.digest, q: 2 })
  })

  it('takes no card of another house, no place twice and no gap', async () => {
    const [one, two, three] = [card(1), card(2), card(3)]
    const strange = card(2, 'other-dev')
    expect(await codeOf(make('a', { stations: `${one},${strange}` }))).toBe('CONFIG')
    expect(await codeOf(make('a', { stations: `${one},${one}` }))).toBe('CONFIG')
    expect(await codeOf(make('a', { stations: `${one},${three}` }))).toBe('CONFIG')
    const file = at('book.json')
    writeFileSync(file, devBook({ org: 'acme-dev', name: 'customer', records: [] }))
    const stations = `${one},${two}`
    expect(await codeOf(make('a', { stations, book: file, t: '2' }))).toBe('CONFIG')
    await expect(make('a', { stations, t: '3' })).rejects.toThrow('--t')
    for (const witnesses of ['0', '1', '8']) {
      await expect(make('a', { stations, witnesses })).rejects.toThrow('expected 2 to 7')
    }
  })
})

describe('custody init --cold-elsewhere', () => {
  it('makes a main log without a cold vault, and with a book for their addresses', async () => {
    await init.run({ words: [at('main')], flags: { 'cold-elsewhere': true } }, testWorld())
    const text = (path: string): string => readFileSync(at('main', path), 'utf8')
    const root = parseRoot(text('shared/root.json'))
    expect([...root.genesis.books.keys()].sort()).toEqual(['cold', 'customer'])
    const rulebook = loadRulebook(text('shared/policy.json'), { root })
    expect([...rulebook.vaults.values()].map(({ tier }) => tier)).toEqual(['hot', 'warm'])
    expect(rulebook.log.coldOrigin).toBe('acme-dev/log-cold')
    const home = at('main', 'coordinator')
    const config = parseCoordinatorConfig(text('coordinator/config.json'), home)
    expect([...config.documents.books.keys()].sort()).toEqual(['cold', 'customer'])
  })
})

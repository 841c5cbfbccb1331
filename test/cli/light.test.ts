// Light witnesses as people make them: a development cluster with one, one made where it will run, and
// the root that takes it in.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { devCluster } from '../../cli/init-cluster.ts'
import { parseCard } from '../../cli/node-card.ts'
import { run } from '../../cli/run.ts'
import { loadRulebook } from '../../policy/analyse.ts'
import { parseRoot } from '../../policy/documents.ts'
import { parseRoster } from '../../policy/roster.ts'
import { parseTrust } from '../../policy/trust.ts'
import { parseLightConfig } from '../../signer-node/light-config.ts'
import { counted, custody, makeCluster, type Place, testWorld } from '../kit/cluster.ts'
import { type FakeCoordinator, fakeCoordinator } from '../kit/coordinator.ts'
import { freePort } from '../kit/ports.ts'

const room = mkdtempSync(join(tmpdir(), 'custody-light-'))
const home = join(room, 'cluster')
const file = (path: string) => readFileSync(path, 'utf8')
afterAll(() => rmSync(room, { recursive: true }))

describe('custody init --witnesses 1', () => {
  beforeAll(async () => {
    const { exit } = await run(['init', home, '--witnesses', '1', '--json'], testWorld())
    expect(exit).toBe(0)
  })

  it('makes a cluster in which one witness may be corrupt and one may be down', () => {
    const root = parseRoot(file(join(home, 'shared/root.json')))
    expect(root.witness).toEqual({ w: 4, f: 1, q: 3 })
    expect(root.witnesses.map(({ node }) => node)).toEqual(['witness-1'])
    const roster = parseRoster(file(join(home, 'shared/directory.json')))
    const rulebook = loadRulebook(file(join(home, 'shared/policy.json')), { root, roster })
    expect(rulebook.digest).toBe(root.genesis.policy)
    const trust = parseTrust(file(join(home, 'shared/trust.txt')))
    expect([trust.witnesses.length, trust.q]).toEqual([4, 3])
  })

  it('gives the light one a configuration of its own, and nothing that belongs to shares', () => {
    const directory = join(home, 'witnesses/witness-1')
    const config = parseLightConfig(file(join(directory, 'config.json')), directory)
    expect(config.node).toBe('witness-1')
    for (const path of [...Object.values(config.keys), ...Object.values(config.tls)]) {
      expect(existsSync(path)).toBe(true)
    }
    expect(readdirSync(join(directory, 'keys')).sort()).toEqual(['identity.seal', 'witness.seal'])
    expect(existsSync(join(home, 'recovery/witness-1'))).toBe(false)
    expect(statSync(config.credential).mode & 0o077).toBe(0)
  })

  it('is refused more than there may be', async () => {
    for (const many of ['5', '-1', 'x']) {
      const words = ['init', join(room, 'other'), `--witnesses=${many}`]
      expect((await run(words, testWorld())).exit).toBe(2)
    }
  })

  it('has the least quorum for every number', async () => {
    const wish = {
      org: 'acme',
      portBase: 7100,
      rpc: [],
      layout: 'local',
      nowMs: Date.now(),
    } as const
    const numbers = async (lights: number) => {
      const { files } = await devCluster({ ...wish, lights, random: counted(`${lights}`) })
      const root = files.find(({ path }) => path === 'shared/root.json')
      return parseRoot(String(root?.content)).witness
    }
    expect(await numbers(0)).toEqual({ w: 3, f: 0, q: 2 })
    expect(await numbers(2)).toEqual({ w: 5, f: 1, q: 4 })
    expect(await numbers(4)).toEqual({ w: 7, f: 1, q: 5 })
  })
})

describe('a light witness for a cluster that runs', () => {
  let place: Place
  let house: FakeCoordinator
  const directory = join(room, 'witness-1')
  const draft = join(room, 'draft')
  beforeAll(async () => {
    place = await makeCluster(await freePort())
    house = await fakeCoordinator(place)
    house.add({ type: 'log.heartbeat', body: {} })
  })
  afterAll(async () => {
    await house.close()
    place.remove()
  })

  const initLight = (...more: readonly string[]) =>
    run(
      [
        ...['init', 'node', directory, '--node', 'witness-1', '--light'],
        ...['--shared', place.path('shared'), '--ca-key', place.path('operator/ca.key'), ...more],
      ],
      testWorld(),
    )

  it('is made where it will run, with a card that has no place', async () => {
    expect((await initLight()).exit).toBe(0)
    expect(readdirSync(directory).sort()).toEqual(
      ['card.json', 'config.json', 'credential', 'data', 'floor', 'keys', 'run', 'tls'].sort(),
    )
    const card = parseCard(file(join(directory, 'card.json')))
    expect([card.node, card.x]).toEqual(['witness-1', undefined])
    expect(parseLightConfig(file(join(directory, 'config.json')), directory).node).toBe('witness-1')
  })

  it('comes with a root that says so in words, with the least quorum that meets the old one', async () => {
    const card = join(directory, 'card.json')
    const words = ['root', 'draft', draft, '--add', card, '--witness-f', '1']
    const { exit, json } = await custody(place, 'operator', words)
    expect(exit).toBe(0)
    const said = json.words.join('\n')
    expect(said).toMatch(/COMES {4}witness-1, light, identity /)
    expect(said).toContain('  LOG      witnesses 2 of 3, f 0 -> 4 of 4, f 1')
    expect(said).toContain('  ANEW     policy: log changed')
    const root = parseRoot(file(join(draft, 'root.json')))
    expect([root.nodes.length, root.witnesses.length]).toEqual([3, 1])
  })

  it('goes by its name; a name that nobody has is refused', async () => {
    const words = ['root', 'draft', join(room, 'none'), '--remove', 'witness-1']
    const { exit, json } = await custody(place, 'operator', words)
    expect([exit, json.refused.code]).toEqual([1, 'PARTICIPANTS'])
  })
})

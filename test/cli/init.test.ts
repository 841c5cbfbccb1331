// `custody init`: every program and person finds its files, nobody finds another's key.
import { createPublicKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openKey } from '../../cli/approver-key.ts'
import { init } from '../../cli/init.ts'
import { standIn } from '../../cli/init-cluster.ts'
import { readPayout } from '../../cli/payout-file.ts'
import { openProfile, openTrust } from '../../cli/profile.ts'
import { parseCoordinatorConfig } from '../../coordinator/config.ts'
import { analyse, loadRulebook } from '../../policy/analyse.ts'
import { parseBook } from '../../policy/book.ts'
import { parseRoot } from '../../policy/documents.ts'
import { parseRoster } from '../../policy/roster.ts'
import { ed25519PublicKey, toHex, toUtf8 } from '../../proto/crypto.ts'
import { parseHandle } from '../../proto/ids.ts'
import { readCaller } from '../../proto/io/identity.ts'
import { logKeyThing } from '../../proto/log-key.ts'
import { nodeKeyThing } from '../../proto/node-keys.ts'
import { openWithPassphrase } from '../../proto/seal.ts'
import type { SealedThing } from '../../proto/seal-file.ts'
import { parseSignerConfig } from '../../signer-node/config.ts'
import { makeCluster, type Place, testWorld } from '../kit/cluster.ts'

let place: Place
beforeAll(async () => {
  place = await makeCluster()
})
afterAll(() => place.remove())

const read = (path: string): string => readFileSync(place.path(path), 'utf8')
const pems = { ca: 'shared/ca.pem' }
const nodes = ['node-1', 'node-2', 'node-3']
const root = () => parseRoot(read('shared/root.json'))
const coordinatorConfig = () =>
  parseCoordinatorConfig(read('coordinator/config.json'), place.path('coordinator'))
const nodeConfig = (node: string) =>
  parseSignerConfig(read(`nodes/${node}/config.json`), place.path(`nodes/${node}`))

function everyFile(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((item) => {
    const path = join(directory, item.name)
    return item.isDirectory() ? [`${path}/`, ...everyFile(path)] : [path]
  })
}

function unseal(file: string, credential: string, thing: SealedThing): Uint8Array {
  const passphrase = toUtf8(readFileSync(credential, 'utf8').trim())
  return openWithPassphrase(readFileSync(file), thing, passphrase)
}

describe('what is there to try', () => {
  it('is a file of payments that the policy allows, and a target with a way that it allows', () => {
    const rulebook = loadRulebook(read('shared/policy.json'))
    const { lines, faults } = readPayout(toUtf8(read('shared/payouts.csv')), 'csv')
    expect(faults).toEqual([])
    expect(lines.map(({ asset }) => rulebook.assets.get(parseHandle(asset))?.unit)).toEqual([
      'USDT',
      'USDT',
    ])
    const [target] = rulebook.targets.values()
    expect(target).toMatchObject({ at: { vault: 'hot' }, surplus: { vault: 'warm' } })
    const found = analyse(rulebook).filter(({ where }) => where.startsWith('targets'))
    expect(found).toEqual([])
    const { chains } = JSON.parse(read('shared/endpoints.json'))
    expect(chains).toMatchObject([{ rpc: coordinatorConfig().chains[0]?.rpc }])
  })
})

describe('a cluster for docker-compose.yml', () => {
  it('has the names, ports and volumes of that file', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'custody-compose-'))
    try {
      const flags = { compose: true, 'port-base': '7400' }
      const made = await init.run({ words: [directory], flags }, testWorld())
      expect(made.text).toContain('docker-compose up --build')
      const text = (path: string) => readFileSync(join(directory, path), 'utf8')
      const home = join(directory, 'coordinator')
      const coordinator = parseCoordinatorConfig(text('coordinator/config.json'), home)
      expect(coordinator.listen).toEqual({ host: '0.0.0.0', port: 7400 })
      const url = 'postgres://custody@database:5432/custody'
      expect(coordinator.store).toEqual({ kind: 'postgres', url })
      const password = text('database/password')
      expect(text('database/pgpass')).toBe(`database:5432:custody:custody:${password}\n`)
      const node = parseSignerConfig(text('nodes/node-1/config.json'), `${directory}/nodes/node-1`)
      expect(node.coordinators[0]?.address).toEqual({ host: 'coordinator', port: 7400 })
      expect(node.dataDir).toBe('/var/lib/custody/data')
      const compose = readFileSync(join(import.meta.dirname, '../../docker-compose.yml'), 'utf8')
      for (const name of ['coordinator:', 'database:', ':/var/lib/custody-floor', '7400:7400']) {
        expect(compose).toContain(name)
      }
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})

describe('the documents', () => {
  it('hang together under the root', () => {
    const { genesis } = root()
    const roster = parseRoster(read('shared/directory.json'))
    const rulebook = loadRulebook(read('shared/policy.json'), { roster, root: root() })
    const book = parseBook(read('shared/book-customer.json'))
    expect(genesis).toMatchObject({ policy: rulebook.digest, directory: roster.digest })
    expect(genesis.books.get(parseHandle('customer'))).toBe(book.digest)
    expect(book.records.size).toBe(3)
    const contract = rulebook.assets.get(parseHandle('usdt'))?.contract
    expect(contract).toBe('0x5fbdb2315678afecb367f032d93f642f64180aa3')
    expect(standIn()).toBe(contract)
  })

  it('are pinned by the trust file and by every configuration', () => {
    const profile = openProfile({ words: [], flags: { as: place.path('people/ana') } }, testWorld())
    const trust = openTrust(profile)
    const { digest, log, nodes: members } = root()
    expect(trust).toMatchObject({ root: digest, q: 2 })
    expect(trust.log.vkey).toEqual(log.vkey)
    expect(trust.witnesses).toEqual(members.map((node) => node.witness))
    expect(coordinatorConfig().root).toBe(digest)
    for (const node of nodes) expect(nodeConfig(node).root).toBe(digest)
  })
})

describe('the configurations', () => {
  it('name files that are there', () => {
    const coordinator = coordinatorConfig()
    const named = [
      coordinator.logKey,
      coordinator.credential,
      ...Object.values(coordinator.tls),
      coordinator.documents.root,
      coordinator.documents.policy,
      coordinator.documents.directory,
      ...coordinator.documents.books.values(),
      dirname(`${coordinator.dataDir}/x`),
    ]
    for (const node of nodes) {
      const { tls, keys, credential, dataDir, floorDir, adminSocket } = nodeConfig(node)
      named.push(...Object.values(tls), ...Object.values(keys), credential)
      named.push(dataDir, floorDir, dirname(adminSocket))
    }
    for (const path of named) expect(statSync(path)).toBeTruthy()
  })

  it('pin every client for its role, and the coordinator for everyone', () => {
    const pins = new Map(coordinatorConfig().clients.map(({ pin, ...who }) => [pin, who]))
    expect(pins.size).toBe(3 + 2 * 10 + 1 + 1)
    const certificates = everyFile(place.directory).filter((path) => /tls\/\w+\.pem$/.test(path))
    expect(certificates).toHaveLength(pins.size + 1)
    const asked = { org: 'acme-dev', nowMs: Date.now() }
    for (const path of certificates) {
      const { raw, verify, publicKey } = new X509Certificate(readFileSync(path))
      expect(verify).toBeTypeOf('function')
      expect(publicKey.asymmetricKeyType).toBe('ec')
      if (path.includes('coordinator')) continue
      const caller = readCaller(raw, { ...asked, use: 'client' }, pins)
      expect(path).toContain(`/${caller.role}.pem`)
    }
    const { pin } = nodeConfig('node-1').coordinators[0]!
    const own = new X509Certificate(read('coordinator/tls/coordinator.pem'))
    const server = new Map([[pin, { role: 'coordinator' as const, id: 'coordinator-1' }]])
    expect(readCaller(own.raw, { ...asked, use: 'server' }, server).id).toBe('coordinator-1')
  })

  it('give everyone a port of their own', () => {
    const { listen, httpListen } = coordinatorConfig()
    const all = [listen, httpListen, ...nodes.map((node) => nodeConfig(node).healthListen)]
    expect(all.map(({ port }) => port)).toEqual([7100, 7101, 7111, 7112, 7113])
  })
})

describe('the keys', () => {
  it('of each node open with its own passphrase and are those of the root', () => {
    for (const [index, node] of nodes.entries()) {
      const { keys, credential, org, env } = nodeConfig(node)
      const owner = { org, env, owner: parseHandle(node) }
      const member = root().nodes[index]!
      const identity = unseal(keys.identity, credential, nodeKeyThing(owner, 'identity'))
      expect(toHex(ed25519PublicKey(identity))).toBe(toHex(member.identity))
      const witness = unseal(keys.witness, credential, nodeKeyThing(owner, 'witness'))
      expect(toHex(ed25519PublicKey(witness))).toBe(toHex(member.witness.publicKey))
      const secret = unseal(keys.secret, credential, nodeKeyThing(owner, 'secret'))
      expect(secret).toHaveLength(32)
      expect(new Set([identity, witness, secret].map(toHex)).size).toBe(3)
      expect(member.x).toBe(index + 1)
    }
  })

  it('of the log is the one that the root names', () => {
    const { logKey, credential, org, env, name } = coordinatorConfig()
    const seed = unseal(logKey, credential, logKeyThing({ org, env, owner: name }))
    expect(toHex(ed25519PublicKey(seed))).toBe(toHex(root().log.vkey.publicKey))
  })

  it('of each person is the one in the directory', async () => {
    const roster = parseRoster(read('shared/directory.json'))
    for (const who of ['people/ana', 'services/svc-payouts']) {
      const args = { words: [], flags: { as: place.path(who) } }
      const profile = openProfile(args, testWorld())
      const key = await openKey(profile, args, testWorld())
      const credential = roster.credentials.get(key.credential)
      expect(credential?.person).toBe(profile.id)
      expect(toHex(credential!.publicKey)).toBe(toHex(key.publicKey))
    }
  })

  it('appear nowhere outside the directory of their owner', () => {
    const files = everyFile(place.directory).filter((path) => !path.endsWith('/'))
    const ownerOf = (path: string): string => relative(place.directory, path).split('/')[0]!
    for (const path of files.filter((name) => /private|\.key$|\.seal$|credential$/.test(name))) {
      expect(ownerOf(path)).not.toBe('shared')
    }
    const keys = files.filter((path) => path.endsWith('.key'))
    const secrets = [
      ...keys.map((path) => readFileSync(path, 'utf8').split('\n')[1]!),
      ...files
        .filter((path) => path.endsWith('credential'))
        .map((path) => readFileSync(path, 'utf8')),
    ]
    expect(secrets.length).toBeGreaterThan(30)
    for (const secret of secrets) {
      const found = files.filter((path) => readFileSync(path).includes(secret.trim()))
      expect(found).toHaveLength(1)
    }
    expect(createPublicKey(read('operator/ca.key')).export({ format: 'jwk' })).toEqual(
      new X509Certificate(read(pems.ca)).publicKey.export({ format: 'jwk' }),
    )
  })

  it('are closed to others: 0700 and 0400', () => {
    const modes = (wanted: RegExp): Set<number> =>
      new Set(
        everyFile(place.directory)
          .filter((path) => wanted.test(path))
          .map((path) => statSync(path).mode & 0o777),
      )
    expect(modes(/\/$/)).toEqual(new Set([0o700]))
    expect(modes(/(\.key|\.seal|credential)$/)).toEqual(new Set([0o400]))
  })
})

describe('custody init', () => {
  const room = mkdtempSync(join(tmpdir(), 'custody-init-'))
  afterAll(() => rmSync(room, { recursive: true }))
  const run = (at: string, flags = {}) => init.run({ words: [at], flags }, testWorld())

  it('makes a cluster in a new directory and never in one that holds something', async () => {
    const at = join(room, 'new')
    const answer = await run(at, { 'port-base': '9000', org: 'acme' })
    expect(answer).toMatchObject({ exit: 0, json: { origin: 'acme/log' } })
    const config = parseCoordinatorConfig(
      readFileSync(join(at, 'coordinator/config.json'), 'utf8'),
      at,
    )
    expect(config.listen.port).toBe(9000)
    expect(config.chains[0]?.rpc).toEqual(['http://127.0.0.1:9002'])
    await expect(run(at)).rejects.toThrow(/expected an empty directory/)
  })

  it('refuses a port or an organisation that cannot be', async () => {
    await expect(run(join(room, 'p'), { 'port-base': '80' })).rejects.toThrow(/1024 to 65000/)
    await expect(run(join(room, 'o'), { org: 'Acme' })).rejects.toThrow(/org/)
  })
})

// Configurations: what stands there is read, everything else is refused with its place.
import { describe, expect, it } from 'vitest'
import { networksOnTrust, parseCoordinatorConfig } from '../../coordinator/config.ts'
import { parseSignerConfig } from '../../signer-node/config.ts'
import { coordinatorConfig, signerConfig } from '../fuzz/examples.ts'

const [coordinator, signer] = [coordinatorConfig, signerConfig]
const readCoordinator = (change: object = {}) =>
  parseCoordinatorConfig(JSON.stringify({ ...coordinator, ...change }), '/srv/c')
const readSigner = (change: object = {}) =>
  parseSignerConfig(JSON.stringify({ ...signer, ...change }), '/srv/n')
const { dataDir: _, ...withoutDataDir } = coordinator

describe('the configuration of a coordinator', () => {
  it('is read, with paths beside the file', () => {
    const config = readCoordinator()
    expect(config.store).toEqual({ kind: 'pglite', directory: '/srv/c/data' })
    expect(config.listen).toEqual({ host: '127.0.0.1', port: 7000 })
    expect(config.httpListen).toEqual({ host: '::1', port: 7001 })
    expect(config.tls).toEqual({
      ca: '/srv/c/ca.pem',
      cert: '/srv/c/cert.pem',
      key: '/etc/key.pem',
    })
    expect([...config.documents.books.values()]).toEqual(['/srv/c/b'])
  })

  it('may name a database instead of a directory, and in prod must', () => {
    const databaseUrl = 'postgres://custody@db/custody'
    const rpc = ['https://a.example', 'https://b.example']
    const chains = [{ ...coordinator.chains[0], rpc }]
    const prod = { ...withoutDataDir, databaseUrl, env: 'prod', chains }
    expect(parseCoordinatorConfig(JSON.stringify(prod), '/').store).toEqual({
      kind: 'postgres',
      url: databaseUrl,
    })
    expect(() => readCoordinator({ env: 'prod' })).toThrow(/not for env prod/)
    expect(() => readCoordinator({ databaseUrl })).toThrow(/either databaseUrl or dataDir/)
    const neither = JSON.stringify(withoutDataDir)
    expect(() => parseCoordinatorConfig(neither, '/')).toThrow(/either databaseUrl or dataDir/)
  })

  it.each([
    ['one endpoint', ['https://a.example/x'], 1],
    ['two paths of one host', ['https://a.example/x', 'https://a.example/y'], 1],
    ['two ports of one host', ['http://a.example:8545', 'http://a.example:8546'], 1],
    ['two schemes', ['http://a.example', 'https://A.EXAMPLE.'], 1],
    ['two spellings of one address', ['http://127.0.0.1:1', 'http://0x7f.1:2'], 1],
    ['two hosts', ['https://a.example', 'https://b.example'], 2],
    ['two hosts, one of them twice', ['http://a', 'http://b', 'http://b:81'], 2],
  ])('names two hosts of every network in prod: %s', (_, rpc, hosts) => {
    const chains = [{ ...coordinator.chains[0], rpc }]
    const databaseUrl = 'postgres://custody@db/custody'
    const read = (env: string) => () =>
      parseCoordinatorConfig(
        JSON.stringify({ ...withoutDataDir, databaseUrl, env, chains }),
        '/srv/c',
      )
    const onTrust = hosts === 1 ? [{ network: 'eip155:31337', hosts }] : []
    expect(networksOnTrust(read('test')().chains)).toEqual(onTrust)
    expect(networksOnTrust(read('dev')().chains)).toEqual(onTrust)
    if (hosts === 2) return expect(read('prod')().chains).toHaveLength(1)
    const because = 'CONFIG: eip155:31337: expected endpoints on 2 hosts in prod, got 1'
    expect(read('prod')).toThrow(because)
  })

  it('is refused with the place of the fault', () => {
    const refused = (change: object, because: string): void => {
      expect(() => readCoordinator(change)).toThrow(`CONFIG: ${because}`)
    }
    refused({ extra: 1 }, ': unknown key "extra"')
    refused({ chains: [null] }, '0: expected no null')
    refused({ root: 'ab' }, 'root: expected 64')
    refused({ listen: '127.0.0.1' }, 'listen: expected host:port')
    refused({ listen: 'a:70000' }, 'listen: expected host:port')
    refused({ tls: { ...coordinator.tls, key: '' } }, 'tls.key: expected the form')
    refused({ chains: [{ ...coordinator.chains[0], rpc: [] }] }, 'chains[0].rpc: expected 1')
    refused({ chains: [coordinator.chains[0], coordinator.chains[0]] }, 'chains: eip155:31337')
    const chain = coordinator.chains[0]
    refused({ chains: [{ ...chain, finality: 'soon' }] }, 'chains[0].finality: expected')
    refused({ chains: [{ ...chain, stillSeconds: 9 }] }, 'chains[0].stillSeconds: expected')
    const tron = { ...chain, network: 'tron:0x2b6653dc', finality: 'finalized' }
    refused({ chains: [tron] }, 'chains[0].finality: expected a network of eip155')
    const held = { ...chain, network: tron.network, foreignNonce: 'hold' }
    refused({ chains: [held] }, 'chains[0].foreignNonce: expected a network of eip155')
    const said = { ...chain, finality: 'finalized', foreignNonce: 'alarm', stillSeconds: 60 }
    const read = parseCoordinatorConfig(
      JSON.stringify({ ...coordinator, chains: [said] }),
      '/etc/c',
    )
    expect(read.chains).toEqual([said])
    // One endpoint is one witness, however often it is written.
    for (const rpc of [
      ['http://a/x', 'http://a/x'],
      ['http://a', 'http://A:80/'],
      ['https://a/x', 'http://b', 'https://a:443/x/'],
      ['https://node.example', 'https://NODE.example:443/'],
    ]) {
      refused({ chains: [{ ...coordinator.chains[0], rpc }] }, 'chains[0].rpc: an endpoint stands')
    }
    for (const url of ['http://:', 'http://[']) {
      const because = 'chains[0].rpc: expected addresses'
      refused({ chains: [{ ...coordinator.chains[0], rpc: [url] }] }, because)
    }
    const [client] = coordinator.clients
    refused({ clients: [client, { ...client, id: 'other' }] }, 'clients: 0101')
    const nodes = Array.from({ length: 17 }, (_item, i) => ({
      pin: String(i).padStart(64, '0'),
      role: 'node',
      id: `node-${i}`,
    }))
    refused({ clients: nodes }, 'clients: expected at most 16 nodes')
    expect(() => parseCoordinatorConfig('{', '/')).toThrow('CONFIG: expected json')
    expect(() => parseCoordinatorConfig('null', '/')).toThrow('CONFIG: document: expected no null')
  })
})

describe('the configuration of a node', () => {
  it('is read', () => {
    expect(readSigner()).toMatchObject({
      node: 'node-1',
      floorDir: '/srv/n/floor',
      curve: 'native',
    })
  })

  it('keeps credential, floor and backups outside the data directory', () => {
    const [one] = signer.backups.recovery
    const inside = { ...signer.backups, directory: 'data/backups' }
    expect(() => readSigner({ backups: inside })).toThrow(/backups: expected a place/)
    const many = { ...signer.backups, recovery: [one, one, one, one, one] }
    expect(() => readSigner({ backups: many })).toThrow(/backups.recovery: expected 1 to 4/)
    const none = { ...signer.backups, recovery: [] }
    expect(() => readSigner({ backups: none })).toThrow(/backups.recovery: expected 1 to 4/)
    expect(() => readSigner({ credential: 'data/pass' })).toThrow(/credential: expected a place/)
    expect(() => readSigner({ floorDir: 'data' })).toThrow(/floorDir: expected a place/)
    expect(readSigner({ floorDir: 'data-floor' }).floorDir).toBe('/srv/n/data-floor')
  })

  it('says how its files are sealed: by passphrase unless it says otherwise, never so in production', () => {
    const passphrase = { stanza: 'passphrase' }
    expect(readSigner().keystore).toEqual(passphrase)
    expect(readSigner({ env: 'prod', keystore: passphrase }).keystore).toEqual(passphrase)
    expect(() => readSigner({ env: 'prod' })).toThrow(/keystore: expected the stanza/)
    const token = {
      stanza: 'token',
      module: { file: '/usr/lib/hsm.so', digest: 'ab'.repeat(32), parameters: '' },
      tokens: [{ file: 'token-1.json', digest: 'cd'.repeat(32) }],
      pin: 'attended',
    }
    const { keystore } = readSigner({ keystore: token })
    expect(keystore).toMatchObject({ tokens: [{ file: '/srv/n/token-1.json' }] })
    const twin = { ...token, module: { ...token.module, file: 'software:token' } }
    expect(readSigner({ keystore: twin }).keystore).toMatchObject({
      module: { file: 'software:/srv/n/token' },
    })
    const odd = [
      { ...token, pin: 'environment' },
      { ...token, tokens: [] },
      { ...token, tokens: Array.from({ length: 5 }, () => token.tokens[0]) },
      { ...token, passphrase: 'x' },
      { ...token, module: { file: '/usr/lib/hsm.so' } },
      { stanza: 'both' },
      { ...passphrase, pin: 'attended' },
      'token',
    ]
    for (const one of odd) expect(() => readSigner({ keystore: one })).toThrow(/CONFIG: keystore/)
  })

  it('is refused without a coordinator, with one twice, with a curve nobody knows', () => {
    const [one] = signer.coordinators
    expect(() => readSigner({ coordinators: [] })).toThrow(/at least one/)
    expect(() => readSigner({ coordinators: [one, one] })).toThrow(/stands there twice/)
    expect(() => readSigner({ curve: 'p256' })).toThrow(/curve: expected native or wasm or noble/)
  })
})

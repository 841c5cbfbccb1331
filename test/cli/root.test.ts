// `custody init node` and `custody root`: a new node's card, the next root drawn up, read in words,
// signed by directors and handed over; and the chain of roots as the CLI proves it.

import { X509Certificate } from 'node:crypto'
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { makeRecoveryKey } from '../../cli/recovery-key.ts'
import { run } from '../../cli/run.ts'
import { parseRoot } from '../../policy/documents.ts'
import { parseRootSignatures } from '../../policy/succession.ts'
import { toUtf8 } from '../../proto/crypto.ts'
import { parseHandle } from '../../proto/ids.ts'
import { parseSignerConfig } from '../../signer-node/config.ts'
import { counted, custody, makeCluster, type Place, testWorld } from '../kit/cluster.ts'
import { type FakeCoordinator, fakeCoordinator } from '../kit/coordinator.ts'
import { freePort } from '../kit/ports.ts'

let place: Place
let house: FakeCoordinator
const room = mkdtempSync(join(tmpdir(), 'custody-root-'))
const drafted = join(room, 'draft')
const card = join(room, 'node-4', 'card.json')

beforeAll(async () => {
  place = await makeCluster(await freePort())
  house = await fakeCoordinator(place)
  // Where an honest log has its first root.
  house.add({ type: 'log.heartbeat', body: {} })
})
afterEach(() => house.beHonest())
afterAll(async () => {
  await house.close()
  place.remove()
  rmSync(room, { recursive: true })
})

const as = (owner: string, words: readonly string[], answers: readonly string[] = []) =>
  custody(place, owner, words, testWorld(answers))
const file = (path: string) => readFileSync(path, 'utf8')
const shared = () => place.path('shared')

/** The public half of a recovery key that was made on another machine. */
function recovery(node: string): readonly string[] {
  const owner = { org: parseHandle('acme-dev'), env: 'dev', id: parseHandle('recovery-1') } as const
  const cost = { n: 2 ** 15, r: 8, p: 1 }
  const passphrase = toUtf8('a passphrase of the safe')
  const made = makeRecoveryKey(
    { ...owner, node: parseHandle(node) },
    { passphrase, cost },
    counted(node),
  )
  const path = join(room, `${node}-recovery.json`)
  writeFileSync(path, made.document)
  return ['--recovery', path]
}

async function initNode(name: string, ...more: readonly string[]) {
  const words = [
    'init',
    'node',
    join(room, name),
    '--node',
    name,
    '--shared',
    shared(),
    ...recovery(name),
    ...more,
  ]
  const printed = await run([...words, '--json'], testWorld())
  return { ...printed, json: JSON.parse(printed.stdout || '{}') }
}

/** The root of the draft, its signatures and the line that brings it, as the wire carries them. */
function step(directory = drafted) {
  const root = file(join(directory, 'root.json'))
  const names = readdirSync(join(directory, 'signatures'))
  const all = names.map((name) => JSON.parse(file(join(directory, 'signatures', name))))
  const [first] = all
  const signatures = all.flatMap((one) => one.signatures).sort((a, b) => (a.key < b.key ? -1 : 1))
  const written = JSON.stringify({ ...first, signatures })
  return { root: toUtf8(root), signatures: toUtf8(written) }
}

describe('custody init node', () => {
  it('makes a node whose certificate, configuration and card agree', async () => {
    const { exit, json } = await initNode(
      'node-4',
      '--x',
      '3',
      '--ca-key',
      place.path('operator/ca.key'),
    )
    expect(exit).toBe(0)
    const at = (path: string) => join(room, 'node-4', path)
    const authority = new X509Certificate(file(place.path('shared/ca.pem')))
    const leaf = new X509Certificate(file(at('tls/node.pem')))
    expect(leaf.verify(authority.publicKey)).toBe(true)
    expect(leaf.subjectAltName).toBe('URI:spiffe://acme-dev/node/node-4')
    expect(JSON.parse(file(card))).toMatchObject({
      node: 'node-4',
      x: 3,
      transport: json.transport,
    })
    const config = parseSignerConfig(file(at('config.json')), at('.'))
    expect(config).toMatchObject({ node: 'node-4', x: 3 })
    expect(config.root).toBe(parseRoot(file(place.path('shared/root.json'))).digest)
    for (const secret of ['credential', 'tls/node.key', 'keys/identity.seal']) {
      expect(statSync(at(secret)).mode & 0o777).toBe(0o400)
    }
  })

  it('leaves a request where the authority is elsewhere', async () => {
    expect((await initNode('node-5', '--x', '5')).exit).toBe(0)
    const files = readdirSync(join(room, 'node-5', 'tls'))
    expect(files.sort()).toEqual(['ca.pem', 'node.csr', 'node.key'])
    expect(file(join(room, 'node-5', 'tls', 'node.csr'))).toContain('CERTIFICATE REQUEST')
  })

  it('writes over nothing and guesses nothing', async () => {
    expect((await initNode('node-4', '--x', '3')).exit).toBe(2)
    expect((await initNode('node-6')).exit).toBe(2)
    expect((await initNode('node-6', '--x', '17')).exit).toBe(2)
    expect((await initNode('node-6', '--x', '6', ...recovery('node-7'))).exit).toBe(2)
  })
})

describe('custody root draft', () => {
  it('names who comes and goes, the least lawful quorum, and the policy with the same numbers', async () => {
    const words = ['root', 'draft', drafted, '--add', card, '--remove', 'node-3']
    const { exit, json } = await as('operator', words)
    expect(exit).toBe(0)
    expect(json.words[0]).toBe('root 1 -> 2 of acme-dev dev')
    expect(json.words.join('\n')).toMatch(/GOES {5}node-3 at x 3/)
    expect(json.words.join('\n')).toMatch(/COMES {4}node-4 at x 3/)
    expect(json.words).toContain('  LOG      witnesses 2 of 3, f 0 -> 3 of 3, f 0')
    expect(json.words).toContain('  ANEW     policy: log changed')
    const root = parseRoot(file(join(drafted, 'root.json')))
    expect(root.witness).toEqual({ w: 3, f: 0, q: 3 })
    expect(root.previous).toBe(parseRoot(file(place.path('shared/root.json'))).digest)
  })

  it('refuses what could not follow the root in force', async () => {
    const draft = (...more: string[]) =>
      as('operator', [
        'root',
        'draft',
        join(room, `bad-${more.join('-').replaceAll('/', '')}`),
        ...more,
      ])
    expect((await draft('--add', card, '--remove', 'node-3', '--q', '2')).json.refused.code).toBe(
      'LOG_FORK',
    )
    expect((await draft('--remove', 'node-9')).json.refused.code).toBe('PARTICIPANTS')
    expect((await draft('--add', card)).exit).not.toBe(0)
    expect((await draft('--q', 'many')).exit).toBe(2)
    expect((await as('operator', ['root', 'draft', drafted])).exit).toBe(2)
  })
})

describe('custody root sign and submit', () => {
  it('shows the draft in words, and signs when the director types its digest', async () => {
    const digest = parseRoot(file(join(drafted, 'root.json'))).digest
    const wrong = await as('people/jun', ['root', 'sign', drafted], ['00000000'])
    expect(wrong.json.refused.code).toBe('REFUSED')
    const signed = await as('people/jun', ['root', 'sign', drafted], [digest.slice(0, 8)])
    expect(signed.exit).toBe(0)
    expect(signed.world.said.join('')).toMatch(/COMES {4}node-4/)
    const written = file(join(drafted, 'signatures', 'jun.json'))
    expect(parseRootSignatures(written)).toMatchObject({ root: digest })
  })

  it('takes no signature of who holds no governance key', async () => {
    const { exit, json } = await as('people/ana', ['root', 'sign', drafted, '--yes'])
    expect({ exit, code: json.refused.code }).toEqual({ exit: 1, code: 'GOV_QUORUM' })
  })

  it('hands over nothing that too few have signed, or whose documents are missing', async () => {
    const { json } = await as('operator', ['root', 'submit', drafted])
    expect(json.refused.code).toBe('GOV_QUORUM')
    const bare = join(room, 'bare')
    cpSync(drafted, bare, { recursive: true })
    rmSync(join(bare, 'policy.json'))
    const { json: missing } = await as('people/kat', ['root', 'sign', bare, '--yes'])
    expect(missing.refused).toMatchObject({ code: 'LINE_MISSING' })
  })

  it('is effective when the witnesses of the root before have seen the line', async () => {
    expect((await as('people/kat', ['root', 'sign', drafted, '--yes'])).exit).toBe(0)
    let documents: readonly string[] = []
    house.lies.PolicyService = {
      SubmitRoot: async (sent) => {
        documents = sent.documents.map(({ kind }) => kind)
        const root = parseRoot(Buffer.from(sent.root).toString())
        const { digest: signatures } = parseRootSignatures(Buffer.from(sent.signatures).toString())
        const body = { root: root.digest, ruleset: root.digest, signatures, version: 2 }
        const { seq, bytes } = house.add({ type: 'root.activated', body })
        return { seq, checkpoint: new Uint8Array(0), proof: [], entry: bytes }
      },
    }
    const { exit, json } = await as('operator', ['root', 'submit', drafted])
    expect(exit).toBe(0)
    expect(documents).toEqual(['policy'])
    expect(json).toMatchObject({
      version: 2,
      effective: { witnesses: [expect.any(String), expect.any(String)] },
    })
  })
})

describe('the chain of roots', () => {
  const line = () => house.entries.findLast(({ type }) => type === 'root.activated')!
  const first = () => ({
    root: toUtf8(file(place.path('shared/root.json'))),
    signatures: new Uint8Array(0),
    entry: house.entries[0]!.bytes,
  })
  const shown = (change: object = {}, more: object = {}) => {
    house.lies.PolicyService = {
      GetRuleset: async () => ({
        ruleset: '',
        root: step().root,
        policy: toUtf8(file(join(drafted, 'policy.json'))),
        directory: toUtf8(file(place.path('shared/directory.json'))),
        books: [{ kind: 'book', content: toUtf8(file(place.path('shared/book-customer.json'))) }],
        roots: [first(), { ...step(), entry: line().bytes, ...change }],
        ...more,
      }),
    }
    return as('operator', ['root', 'show'])
  }

  it('is proved from the trust file, by signatures and by the line in the witnessed tree', async () => {
    const { exit, json } = await shown()
    expect(exit).toBe(0)
    expect(json).toMatchObject({ version: 2, roots: [{ line: 1 }, { line: line().seq }] })
  })

  it('is refused with one signature less, another line, or a root that is not its last', async () => {
    const { signatures } = step()
    const less = JSON.parse(Buffer.from(signatures).toString())
    less.signatures.pop()
    const code = async (change: object, more: object = {}) =>
      (await shown(change, more)).json.refused?.code
    expect(await code({ signatures: toUtf8(JSON.stringify(less)) })).toBe('GOV_QUORUM')
    expect(await code({ entry: house.entries[0]!.bytes })).toBe('LINE_MISSING')
    expect(await code({}, { roots: [first()] })).toBe('RULESET_VERSION')
    expect(await code({}, { roots: [step()] })).toBe('RULESET_VERSION')
  })

  it('is refused while nobody has witnessed its newest line, and when the line is not in the log', async () => {
    house.cosigners = 1
    expect((await shown()).json.refused.code).toBe('NOT_ENOUGH_WITNESSES')
    house.beHonest()
    house.lies.AuditService = { GetProof: async () => ({ proof: [new Uint8Array(32)] }) }
    expect((await shown()).json.refused.code).toBe('LINE_MISSING')
  })
})

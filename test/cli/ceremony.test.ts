// What is on paper before a ceremony: a plan made of a small file and of cards, checked against the
// root and the directory; its script; and words of files. No server, no token.
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../../cli/run.ts'
import { parsePlan } from '../../policy/ceremony/plan.ts'
import { stationCardDocument } from '../../policy/ceremony/station-card.ts'
import { parseRoot } from '../../policy/documents.ts'
import { ed25519Signer, sha256, toHex, toUtf8 } from '../../proto/crypto.ts'
import { parseDigest, parseHandle } from '../../proto/ids.ts'
import { softwareMaker } from '../../proto/token-card.ts'
import { wordsOf } from '../../proto/words.ts'
import { directoryOf } from '../kit/ceremony-people.ts'
import { testWorld } from '../kit/cluster.ts'
import { someDigest } from '../kit/planned.ts'
import { stationFacts } from '../kit/station-card.ts'
import { firstRoot, nextRoot } from '../kit/succession.ts'
import { secretOf, testCard } from '../kit/token-card.ts'

const home = mkdtempSync(join(tmpdir(), 'custody-ceremony-cli-'))
afterAll(() => rmSync(home, { recursive: true }))

const path = (name: string) => join(home, name)
const custody = async (...words: readonly string[]) => {
  const { exit, stdout, stderr } = await run(words, testWorld())
  return { exit, stdout, stderr }
}
const answer = async (...words: readonly string[]) => {
  const { exit, stdout } = await custody(...words, '--json')
  return { exit, ...JSON.parse(stdout) }
}

const sites = ['bern', 'chur', 'genf']
const owners = ['ana', 'ben', 'cleo']
const colors = ['red', 'blue', 'green'] as const
const env = 'dev' as const
const root = parseRoot(firstRoot.text)
const people = {
  administrator: ['ada'],
  second: ['sam'],
  recorder: ['rita'],
  witness: ['will', { person: 'wanda', outside: true, how: 'document' }],
  auditor: ['aldo'],
  controller: ['carl', 'cora'],
  courier: ['kim', 'kurt'],
}
const everybody = [
  ...owners,
  ...['ada', 'sam', 'rita', 'will', 'wanda', 'aldo', 'carl', 'cora', 'kim', 'kurt'],
]
const request = { request: someDigest('one'), vault: 'cold-eth' }

function draft(name: string, change: object = {}): string {
  const written = {
    ...{ org: 'acme', env, origin: root.log.origin, number: 3 },
    purpose: 'first light',
    from: '2026-12-07T08:00:00Z',
    until: '2026-12-07T18:00:00Z',
    t: 2,
    root: 'root.json',
    requests: [request],
    people,
    stations: ['station-1.json', 'station-2.json', 'station-3.json'],
    recordToken: 'record-token.json',
    build: {
      program: someDigest('program'),
      image: someDigest('image'),
      modules: [someDigest('module')],
      node: '24.21.0',
      flags: [],
    },
    ...change,
  }
  writeFileSync(path(name), JSON.stringify(written, undefined, 2))
  return path(name)
}

beforeAll(() => {
  writeFileSync(path('root.json'), firstRoot.text)
  writeFileSync(path('directory.json'), directoryOf(everybody))
  writeFileSync(path('record-token.json'), testCard('record', { env }))
  for (const [at, { node, x }] of root.nodes.entries()) {
    const token = (id: string) => testCard(`${node} ${id}`, { node, id, env })
    const facts = {
      ...stationFacts(node, x),
      ...{ env, color: colors[at] ?? 'red', daily: token('daily'), spare: token('spare') },
      ...{ custodian: parseHandle(owners[at] ?? ''), site: parseHandle(sites[at] ?? '') },
    }
    const card = stationCardDocument(facts, ed25519Signer(secretOf(`${node} identity`)))
    writeFileSync(path(`station-${at + 1}.json`), card)
  }
})

describe('ceremony plan', () => {
  it('is made of a small file, the root and the cards, and says all that follows', async () => {
    const file = draft('draft-1.json')
    const made = await answer('ceremony', 'plan', 'sign', file, '--out', path('plan.json'))
    const bytes = new Uint8Array(readFileSync(path('plan.json')))
    const { digest, plan } = parsePlan(bytes)
    expect(made).toMatchObject({ exit: 0, digest, kind: 'sign', number: 3, rehearsal: true })
    expect(made.words).toEqual(wordsOf(digest, 16))
    expect(plan.root).toBe(root.digest)
    expect(plan.stations.map(({ custodian, color }) => [custodian, color])).toEqual([
      ['ana', 'red'],
      ['ben', 'blue'],
      ['cleo', 'green'],
    ])
    expect(plan.stations[1]?.tokens?.spare.serial).toBe(`${root.nodes[1]?.node} spare`)
    expect(plan.requests).toEqual([{ ...request, op: 'payment', callBack: false }])
    expect(plan.called).toEqual(root.nodes.map(({ node }) => node))
    expect(plan.people.filter(({ role }) => role === 'custodian').length).toBe(3)
  })

  it('is shown with its words, and fits the root and the directory that lie beside it', async () => {
    const beside = ['--root', path('root.json'), '--directory', path('directory.json')]
    const { exit, stdout } = await custody('ceremony', 'plan', path('plan.json'), ...beside)
    expect(exit).toBe(0)
    const { digest } = parsePlan(new Uint8Array(readFileSync(path('plan.json'))))
    for (const word of wordsOf(digest, 16)) expect(stdout).toContain(word)
    expect(stdout).toContain('REHEARSAL (dev)')
    expect(stdout).toContain('Ceremony 3 of acme: cold signing')
    expect(stdout).toMatch(/red 1 +\S+ +bern +ana/)
    expect(stdout).toContain('the plan can be put before its approvers')
  })

  it('is refused against another root, and with people whom the directory does not know', async () => {
    const check = (...beside: readonly string[]) =>
      answer('ceremony', 'plan', path('plan.json'), ...beside)
    writeFileSync(path('few.json'), directoryOf(everybody.filter((name) => name !== 'wanda')))
    const few = await check('--directory', path('few.json'))
    expect(few).toMatchObject({ exit: 1, refused: { code: 'PLAN', rule: 'X-10' } })
    writeFileSync(path('other.json'), nextRoot().text)
    const refused = await check('--root', path('other.json'))
    expect(refused).toMatchObject({ exit: 1, refused: { code: 'PLAN', rule: 'X-10' } })
  })

  it('is made for an enrolment of what the draft itself says', async () => {
    const stations = root.nodes.map(({ node, x }, at) => {
      const own = at === 2 ? { color: 'violet' } : {}
      return { node, x, site: sites[at], custodian: owners[at], ...own }
    })
    const { root: _, requests: __, ...rest } = JSON.parse(readFileSync(draft('d.json'), 'utf8'))
    writeFileSync(path('draft-2.json'), JSON.stringify({ ...rest, stations }))
    const out = path('enrolment.json')
    const made = await answer('ceremony', 'plan', 'enrolment', path('draft-2.json'), '--out', out)
    expect(made).toMatchObject({ exit: 0, kind: 'enrolment' })
    const { plan } = parsePlan(new Uint8Array(readFileSync(out)))
    expect(plan.stations.map(({ color, part }) => `${color} ${part}`)).toEqual([
      'red joins',
      'blue joins',
      'violet joins',
    ])
    expect([plan.root, plan.vaults, plan.requests]).toEqual(['', [], []])
    const card = draft('draft-3.json', { stations: [{ node: 'node-a' }] })
    const bare = await answer('ceremony', 'plan', 'enrolment', card, '--out', path('no.json'))
    expect(bare).toMatchObject({ exit: 2, refused: { code: 'CONFIG' } })
  })

  it('is not made of what does not fit, and writes nothing over', async () => {
    const make = (change: object, name: string, kind = 'sign') =>
      answer('ceremony', 'plan', kind, draft(`${name}.draft`, change), '--out', path(name))
    expect(await make({ t: 1 }, 'no-1')).toMatchObject({ exit: 1, refused: { rule: 'X-10' } })
    expect(await make({ purpos: 'x' }, 'no-2')).toMatchObject({ exit: 2 })
    expect(await make({ people: { ...people, auditor: ['ana'] } }, 'no-3')).toMatchObject({
      refused: { code: 'PLAN', rule: 'X-10' },
    })
    expect(await make({}, 'no-4', 'party')).toMatchObject({ exit: 2 })
    for (const name of ['no-1', 'no-2', 'no-3', 'no-4'])
      expect(() => statSync(path(name))).toThrow()
    expect(await make({}, 'plan.json')).toMatchObject({ exit: 2 })
    const { exit } = await custody('ceremony', 'plan', draft('draft-4.json'), '--out', path('x'))
    expect(exit).toBe(2)
    expect((await custody('ceremony', 'plan', 'sign', draft('draft-5.json'))).exit).toBe(2)
  })

  it('is made for production of no token in software, of a custodian or of the record (X-5)', async () => {
    const maker = { manufacturer: softwareMaker }
    const daily = testCard('node-a daily', { node: 'node-a', id: 'daily', ...maker })
    const facts = { ...stationFacts('node-a', 1), daily }
    const signer = ed25519Signer(secretOf('node-a identity'))
    writeFileSync(path('station-soft.json'), stationCardDocument(facts, signer))
    writeFileSync(path('record-soft.json'), testCard('record', maker))
    const stations = ['station-soft.json', 'station-2.json', 'station-3.json']
    for (const [at, soft] of [{ stations }, { recordToken: 'record-soft.json' }].entries()) {
      const file = draft(`soft-${at}.draft`, { ...soft, env: 'prod' })
      const made = await answer('ceremony', 'plan', 'sign', file, '--out', path(`soft-${at}`))
      expect(made).toMatchObject({ refused: { code: 'TOKEN_WRONG', rule: 'X-5' } })
      expect(made['refused'].because).toContain(`got one by ${softwareMaker}`)
      expect(existsSync(path(`soft-${at}`))).toBe(false)
    }
  })
})

describe('ceremony script', () => {
  it('is printed as text or HTML, to a file once', async () => {
    const plan = path('plan.json')
    const { stdout } = await custody('ceremony', 'script', plan)
    expect(stdout).toContain('S-3   custodian, each station, 2 of 3 at least')
    const out = path('script.html')
    const said = await answer('ceremony', 'script', plan, '--html', '--out', out)
    const { digest } = parsePlan(new Uint8Array(readFileSync(plan)))
    expect(said).toMatchObject({ exit: 0, plan: digest, form: 'html', foot: wordsOf(digest, 4) })
    expect(readFileSync(out, 'utf8')).toContain('<!doctype html>')
    expect((await custody('ceremony', 'script', plan, '--out', out)).exit).toBe(2)
    writeFileSync(path('bent.json'), `${readFileSync(plan, 'utf8')}\n`)
    expect((await custody('ceremony', 'script', path('bent.json'))).exit).toBe(2)
  })
})

describe('words', () => {
  it('of a plan are those of its digest, of any other file of its SHA-256', async () => {
    const { digest } = parsePlan(new Uint8Array(readFileSync(path('plan.json'))))
    expect(await answer('words', path('plan.json'))).toEqual({
      ...{ exit: 0, what: 'custody/v1/plan', digest, words: wordsOf(digest, 16) },
    })
    for (const text of ['anything', '{"format":"custody-other/v1"}', '{"format":', '[1]', '{}']) {
      writeFileSync(path('some.txt'), text)
      const plain = parseDigest(toHex(sha256(toUtf8(text))))
      const said = await answer('words', path('some.txt'))
      expect(said).toMatchObject({ what: 'sha-256', digest: plain, words: wordsOf(plain, 16) })
      expect(await answer('words', plain)).toMatchObject({ what: 'digest', digest: plain })
    }
  })

  it('stand in two lines of eight, with hex in groups of four', async () => {
    const digest = someDigest('shown')
    const { stdout } = await custody('words', digest)
    const [what, ...lines] = stdout.trimEnd().split('\n')
    expect(what).toBe('digest')
    expect(lines.map((line) => line.trim().split(/ +/).length)).toEqual([8, 8, 8])
    expect(lines[2]?.replaceAll(' ', '')).toBe(digest.slice(0, 32))
    expect((await custody('words', path('absent'))).exit).toBe(2)
    expect((await custody('words')).exit).toBe(2)
  })
})

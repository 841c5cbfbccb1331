// ceremony propose, list, prepare, export, import and abort over real TLS against the coordinator of a
// cold log: what is written is what a station reads, and what is brought home was judged here first.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { auditService } from '../../coordinator/service/audit.ts'
import { ceremonyService } from '../../coordinator/service/ceremony.ts'
import { policyService } from '../../coordinator/service/policy.ts'
import {
  checkpointBody,
  formatNote,
  parseNote,
  signCheckpoint,
} from '../../policy/audit/checkpoint.ts'
import { readBundle } from '../../policy/ceremony/bundle.ts'
import { mainFault, readMainHead } from '../../policy/ceremony/main-head.ts'
import { parseRecordLine, recordLeaf } from '../../policy/ceremony/record.ts'
import { witnessesOf } from '../../policy/documents.ts'
import { trustText } from '../../policy/trust.ts'
import { ed25519Signer, toUtf8 } from '../../proto/crypto.ts'
import { readSigned } from '../../proto/frames.ts'
import { readBundleFiles, writeBundleFiles } from '../../proto/io/bundle-files.ts'
import { refusal } from '../../proto/refusal.ts'
import { type ColdHouse, coldHouse, root, vkey } from '../coordinator/cold-house.ts'
import { planOf, preparedRelease } from '../coordinator/cold-planned.ts'
import { roomOf } from '../coordinator/cold-room.ts'
import { pgliteEngine } from '../coordinator/store-kit.ts'
import { anyDigest } from '../coordinator/world.ts'
import { custody, makeCluster, type Place, testWorld } from '../kit/cluster.ts'
import { type FakeCoordinator, fakeCoordinator } from '../kit/coordinator.ts'
import { MainLog } from '../kit/main-log.ts'
import { freePort } from '../kit/ports.ts'
import { seedOf } from '../policy/dev-fixture.ts'

const out = mkdtempSync(join(tmpdir(), 'custody-bundles-'))
const engine = pgliteEngine()
let place: Place
let face: FakeCoordinator
let house: ColdHouse
let planned: Awaited<ReturnType<typeof preparedRelease>>
beforeAll(async () => {
  house = await coldHouse(await engine.fresh())
  planned = await preparedRelease(house)
  writeFileSync(join(out, 'plan.json'), planned.plan.bytes)
  place = await makeCluster(await freePort())
  face = await fakeCoordinator(place)
  const { digest, log, witness } = root
  const trust = { root: digest, log, witnesses: witnessesOf(root), q: witness.q }
  rmSync(place.path('shared/trust.txt'))
  writeFileSync(place.path('shared/trust.txt'), trustText(trust))
})
beforeEach(() => {
  face.beHonest()
  face.lies.CeremonyService = ceremonyService(house.coordinator)
  face.lies.AuditService = auditService(house.coordinator)
  face.lies.PolicyService = policyService(house.coordinator)
})
afterAll(async () => {
  await face.close()
  place.remove()
  rmSync(out, { recursive: true })
  await house.stop()
})

const blank = {
  ...{ plan: '', change: '', kind: 'sign', vaults: [], requests: [], from: '', until: '' },
  ...{ state: 'concluded', bundle: '', seq: 1 },
}
const at = (name: string): string => join(out, name)
const operator = (words: readonly string[], world?: ReturnType<typeof testWorld>) =>
  custody(place, 'operator', ['ceremony', ...words], world)

describe('ceremony prepare and export', () => {
  it('write the Bundle that the log names, and say its words', async () => {
    const { exit, json } = await operator(['prepare', at('plan.json'), '--out', at('in')])
    expect(exit).toBe(0)
    const [{ bundle } = { bundle: '' }] = await house.coordinator.ceremonies.list()
    expect(json).toMatchObject({ plan: planned.plan.digest, bundle })
    expect(json.words.split(' ')).toHaveLength(16)
    const first = readBundleFiles(at('in'))
    expect(readBundle(first, 'in').digest).toBe(bundle)
    expect((await operator(['export', at('plan.json'), '--out', at('again')])).exit).toBe(0)
    expect(readBundleFiles(at('again'))).toEqual(first)
  })

  it('write nothing that a coordinator has bent', async () => {
    const { bundleIn } = house.coordinator.ceremonies
    const files = await bundleIn.call(house.coordinator.ceremonies, planned.plan.digest)
    face.lies.CeremonyService = {
      GetBundle: async function* () {
        for (const [name, content] of files) {
          const bent =
            name === 'head' ? content.map((byte, i) => (i === 9 ? byte ^ 1 : byte)) : content
          yield { name, content: bent, partial: false }
        }
      },
    }
    const told = await operator(['export', at('plan.json'), '--out', at('bent')])
    expect(told.json.refused).toMatchObject({ code: 'BUNDLE' })
    expect(() => readFileSync(at('bent/head'))).toThrow()
  })

  it('bring the head of the main log that the plan names, grown from what rooms had before', async () => {
    const main = new MainLog({ org: root.org, env: root.env }).grow(9)
    const { requests } = planned.plan.plan
    const plan = planOf(house, 'sign', requests, { mainRoot: main.first.root.digest })
    writeFileSync(at('main.json'), plan.bytes)
    const brought: Uint8Array[] = []
    let carried = [5, 7]
    face.lies.CeremonyService = {
      ListCeremonies: async () => ({
        ceremonies: carried.map((mainSize) => ({ ...blank, mainSize })),
      }),
      PrepareCeremony: async ({ main: bytes }) => {
        brought.push(bytes)
        return refusal('BUSY', 'this is as far as it goes')
      },
    }
    face.lies.AuditService = {
      GetCheckpoint: async () => ({ checkpoint: toUtf8(main.head()) }),
      GetProof: async ({ oldSize, size }) => ({ proof: [...main.grown(oldSize, size)] }),
    }
    const none = new Uint8Array()
    const documents = { policy: none, directory: none, books: [], roots: [], ruleset: '' }
    face.lies.PolicyService = {
      GetRuleset: async () => ({ ...documents, root: toUtf8(main.first.text) }),
    }
    const prepare = (...more: string[]) =>
      operator(['prepare', at('main.json'), '--out', at('none'), ...more])
    const of = ['--main', place.path('people/ana')]
    expect((await prepare(...of, '--seen', '3')).json.refused.code).toBe('BUSY')
    const head = readMainHead(brought[0] ?? none, plan.plan)
    for (const size of [3, 5, 7]) expect(mainFault(head, main.seen(size))).toBeUndefined()
    expect(mainFault(head, main.seen(4))).toContain('no proof')
    // Older than what a room had before: nothing is asked of the cold coordinator.
    carried = [main.size + 1]
    expect((await prepare(...of)).json.refused).toMatchObject({ code: 'LOG_BEHIND' })
    const usage = await Promise.all([prepare(), prepare(...of, '--seen', 'x')])
    expect(usage.map(({ exit }) => exit)).toEqual([2, 2])
    expect(brought).toHaveLength(1)
  })

  it('are for operators, and list is for everybody', async () => {
    const ana = (words: readonly string[]) => custody(place, 'people/ana', ['ceremony', ...words])
    const refused = await ana(['prepare', at('plan.json'), '--out', at('no')])
    expect(refused.json.refused.code).toBe('CALLER_NOT_ALLOWED')
    const { json } = await ana(['list'])
    const states = json.ceremonies.map(({ state }: { state: string }) => state)
    expect(states).toEqual(['exported', 'concluded'])
  })
})

describe('ceremony propose', () => {
  it('sends the plan with a request that names it, and only a plan of this log', async () => {
    const sent: { kinds: string[]; op: string }[] = []
    face.lies.SigningService = {
      SubmitIntent: async ({ intent, documents }) => {
        const { op } = JSON.parse(readSigned(intent).document)
        sent.push({ kinds: documents.map(({ kind }) => kind), op })
        return refusal('QUEUE_FULL', 'this is as far as it goes')
      },
    }
    const eli = (plan: string) =>
      custody(place, 'people/eli', [
        'ceremony',
        'propose',
        plan,
        '--purpose',
        'x',
        '--valid',
        '60d',
      ])
    const told = await eli(at('plan.json'))
    expect(told.json.refused.code).toBe('QUEUE_FULL')
    expect(sent).toEqual([{ kinds: ['plan'], op: 'ceremony.plan' }])
    const { requests } = planned.plan.plan
    const strange = planOf(house, 'sign', requests, { root: anyDigest('another root') })
    writeFileSync(at('strange.json'), strange.bytes)
    expect((await eli(at('strange.json'))).json.refused.code).toBe('PLAN')
    expect(sent).toHaveLength(1)
  })
})

describe('ceremony anchor', () => {
  it('carries the head of the cold log that its witnesses cosigned, and no other', async () => {
    const heads: Uint8Array[] = []
    face.lies.CeremonyService = {
      AnchorCold: async ({ checkpoint }) => {
        heads.push(checkpoint)
        return { seq: 7, size: parseNote(checkpoint).checkpoint.size }
      },
    }
    const anchor = () => operator(['anchor', '--cold', place.path('people/ana')])
    const { size } = house.coordinator.tree
    expect((await anchor()).json).toMatchObject({ origin: root.log.origin, size, seq: 7 })
    const bare = parseNote(heads[0]!)
    const body = checkpointBody(bare.checkpoint)
    const own = signCheckpoint(body, vkey, ed25519Signer(seedOf('cold-log')))
    const alone = toUtf8(formatNote(body, [own]))
    face.lies.AuditService = { GetCheckpoint: async () => ({ checkpoint: alone }) }
    expect((await anchor()).json.refused.code).toBe('COSIGN')
    expect(heads).toHaveLength(1)
  })
})

describe('ceremony abort', () => {
  it('names the Record of this plan that came out, whole though nobody agreed', async () => {
    const sent: object[] = []
    face.lies.CeremonyService = {
      AbortCeremony: async ({ recordSize, recordRoot }) => {
        sent.push({ recordSize, recordRoot })
        return refusal('CEREMONY', 'this is as far as it goes')
      },
    }
    const room = await roomOf(house, planned.plan)
    const lines = room.lines()
    const files = room.carriedOut(lines, (one) => ({
      ...one,
      verdict: 'do-not-agree',
      because: 'no',
    }))
    writeBundleFiles(at('dissent'), files)
    const abort = (...more: readonly string[]) => operator(['abort', at('plan.json'), ...more])
    await abort('--record', at('dissent'))
    await abort()
    const record = room.spoken(lines)[0]?.record
    expect(sent).toEqual([
      { recordSize: record?.size, recordRoot: record?.root },
      { recordSize: 0, recordRoot: '' },
    ])
    const open = room.carriedOut(lines.slice(0, -1))
    writeBundleFiles(at('open'), open)
    expect((await abort('--record', at('open'))).json.refused.code).toBe('RECORD')
    expect(sent).toHaveLength(2)
    face.lies.CeremonyService = {}
  })
})

describe('ceremony import', () => {
  it('judges here first, asks for every exception, and brings home once', async () => {
    const room = await roomOf(house, planned.plan)
    const told = [...room.opening(), room.exception(1, 'S-1'), ...room.own()]
    const lines = room.lines([...told, ...room.closing(1)])
    writeBundleFiles(at('out'), room.carriedOut(lines))

    const bent = new Map(room.carriedOut(lines)).set('statements.json', new Uint8Array([1]))
    writeBundleFiles(at('torn'), bent)
    const torn = await operator(['import', at('torn')])
    expect(torn.exit).not.toBe(0)
    expect(torn.json.findings[0].check).toMatch(/^I/)

    expect((await operator(['import', at('out')], testWorld(['7']))).json.refused.code).toBe(
      'REFUSED',
    )
    expect((await operator(['import', at('out')])).exit).toBe(2)
    expect((await operator(['list'])).json.ceremonies[0].state).toBe('exported')

    const home = await operator(['import', at('out')], testWorld(['1']))
    expect(home).toMatchObject({ exit: 0, json: { ceremony: { state: 'concluded' } } })
    expect(home.json.results).toMatchObject([{ line: 'sign.completed', kept: '' }])
    const exception = lines.map(parseRecordLine).find(({ type }) => type === 'exception')
    const named = ['--exceptions', recordLeaf(exception!)]
    expect((await operator(['import', at('out'), ...named])).json).toEqual(home.json)
    const ended = await operator(['abort', at('plan.json'), '--reason', 'TIME'])
    expect(ended.json.refused.code).toBe('CEREMONY')
  })
})

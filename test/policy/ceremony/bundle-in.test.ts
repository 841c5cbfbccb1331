import { describe, expect, it } from 'vitest'
import { type Export, readExport } from '../../../policy/audit/export.ts'
import { type BundleFiles, readBundle, writeBundle } from '../../../policy/ceremony/bundle.ts'
import { type BundleIn, readBundleIn, writeBundleIn } from '../../../policy/ceremony/bundle-in.ts'
import {
  bundleOutFiles,
  readBundleOut,
  writeBundleOut,
} from '../../../policy/ceremony/bundle-out.ts'
import { encodePlan, type Plan, parsePlan } from '../../../policy/ceremony/plan.ts'
import { digestOf, fromUtf8, toUtf8 } from '../../../proto/crypto.ts'
import { readExport as readFiles } from '../../../proto/io/export-files.ts'
import { encode, type JsonObject, parse } from '../../../proto/jcs.ts'
import { tags } from '../../../proto/tags.ts'
import { seedsOf } from '../../fuzz/corpus.ts'
import { MainLog } from '../../kit/main-log.ts'
import { testPlan } from '../../kit/planned.ts'
import { refusedWith } from '../../kit/refused.ts'

const exported: Export = readExport(
  readFiles(new URL('../../vectors/logs/good', import.meta.url).pathname),
)
const plain = (bytes: Uint8Array) => new Uint8Array(bytes)
const log = {
  ...exported,
  lines: exported.lines.map(plain),
  checkpoint: plain(exported.checkpoint),
}
const warrant = exported.blobs.find(({ kind }) => kind === 'warrant')
const [order] = seedsOf('order')

function planned(plan: Plan) {
  const bytes = encodePlan(plan)
  return { ...parsePlan(bytes), bytes }
}

const plan = planned(testPlan('sign'))
const given: BundleIn = {
  plan,
  pages: [{ from: 0, lines: log.lines, documents: ['{"a":1}'], checkpoint: log.checkpoint }],
  head: log.checkpoint,
  heads: log.heads.map((head) => fromUtf8(head) ?? ''),
  warrants: [
    {
      kind: 'warrant',
      digest: warrant?.digest ?? plan.digest,
      bytes: plain(warrant?.content ?? order),
    },
  ],
}
const files = writeBundleIn(given)
const read = (all: BundleFiles) => readBundleIn(readBundle(all, 'in'))

/** The Bundle with some files exchanged or, where undefined, taken out, under a true manifest. */
function bent(change: Readonly<Record<string, Uint8Array | undefined>>, of: Partial<Plan> = {}) {
  const all = new Map([...files].filter(([name]) => name !== 'manifest.json'))
  for (const [name, content] of Object.entries(change)) {
    if (content === undefined) all.delete(name)
    else all.set(name, content)
  }
  const { org, env } = { ...plan.plan, ...of }
  return refusedWith(() => read(writeBundle(all, { direction: 'in', org, env, plan: plan.digest })))
}

function page(change: JsonObject): Uint8Array {
  const written = parse(files.get('page-00.json') ?? new Uint8Array(0), 1e7) as JsonObject
  return encode({ ...written, ...change })
}

describe('what is carried in', () => {
  it('reads back: plan, pages, heads, and a warrant or order for each request', () => {
    expect(read(files)).toEqual(given)
    expect(bent({})).toBe('accepted')
    const drill = planned(testPlan('drill'))
    const withOrder = {
      ...given,
      plan: drill,
      warrants: [{ kind: 'order', digest: digestOf(tags.order, order), bytes: order }],
    } as const
    const again = read(writeBundleIn({ ...given, ...withOrder, build: toUtf8('list') }))
    expect(again.warrants[0]?.kind).toBe('order')
    expect(again.build).toEqual(toUtf8('list'))
  })

  it('has a head of the main log exactly where its plan names that log', () => {
    const main = new MainLog({ env: 'test' }).grow(3)
    const naming = planned(testPlan('sign', { mainRoot: main.first.root.digest }))
    const carried = { ...given, plan: naming, main: { bytes: main.carried() } }
    const { size, root } = main.seen()
    expect(read(writeBundleIn(carried)).main).toMatchObject({ size, root })
    const { main: _, ...without } = carried
    expect(refusedWith(() => read(writeBundleIn(without)))).toBe('BUNDLE X-7')
    expect(refusedWith(() => read(writeBundleIn({ ...carried, plan })))).toBe('BUNDLE X-7')
    const weak = { bytes: main.carried([], ['node-a']) }
    expect(refusedWith(() => read(writeBundleIn({ ...carried, main: weak })))).toBe('COSIGN X-8')
  })

  it('misses nothing', () => {
    for (const name of ['plan.json', 'head', 'heads.json', 'page-00.json', 'request-00.json']) {
      expect([name, bent({ [name]: undefined })]).toEqual([name, 'BUNDLE X-7'])
    }
  })

  it('has no file that no station would read', () => {
    expect(bent({ 'readme.txt': toUtf8('hello') })).toBe('BUNDLE X-7')
    expect(bent({ 'request-01.json': order })).toBe('BUNDLE X-7')
  })

  it('is of the plan, the organisation and the environment that its manifest names (X-6)', () => {
    const other = encodePlan(testPlan('sign', { number: 8 }))
    expect(bent({ 'plan.json': other })).toBe('BUNDLE X-7')
    expect(bent({}, { env: 'prod' })).toBe('BUNDLE X-6')
  })

  it('has the log from its first line on, each page under a head of its last line', () => {
    const text = (lines: readonly Uint8Array[]) => lines.map((line) => fromUtf8(line) ?? '')
    expect(bent({ 'page-00.json': page({}) })).toBe('accepted')
    expect(bent({ 'page-00.json': page({ from: 1 }) })).toBe('BUNDLE X-7')
    expect(bent({ 'page-00.json': page({ lines: text(log.lines.slice(1)) }) })).toBe('BUNDLE X-7')
    expect(bent({ 'page-00.json': page({ lines: [] }) })).toBe('MALFORMED')
    expect(bent({ head: log.heads[0] })).toBe('BUNDLE X-7')
    expect(bent({ head: toUtf8('x') })).toBe('MALFORMED')
    expect(bent({ 'page-01.json': page({}) })).toBe('BUNDLE X-7')
  })

  it('judges each request by a document that is one', () => {
    expect(bent({ 'request-00.json': order })).toBe('accepted')
    expect(bent({ 'request-00.json': toUtf8('{}') })).toBe('MALFORMED')
    expect(bent({ 'request-00.json': Uint8Array.of(0xff) })).toBe('BUNDLE X-7')
  })
})

describe('what is carried out', () => {
  const out = {
    plan,
    record: toUtf8('{}\n'),
    results: toUtf8('{}'),
    scripts: new Map([['script.txt', toUtf8('read this')]]),
  }
  const outFiles = bundleOutFiles(out)
  const reading = (all: BundleFiles, of: Partial<Plan> = {}) => {
    const { org, env } = { ...plan.plan, ...of }
    const bundle = writeBundle(all, { direction: 'out', org, env, plan: plan.digest })
    return refusedWith(() => readBundleOut(readBundle(bundle, 'out')))
  }

  it('reads back: plan, record, results, scripts', () => {
    const written = writeBundleOut(out, toUtf8('signed'))
    const bundle = readBundle(written, 'out')
    expect(readBundleOut(bundle)).toEqual(out)
    expect(bundle.statements).toEqual(toUtf8('signed'))
  })

  it('misses nothing, is of one plan and environment, and has no place for a Seal', () => {
    expect(reading(outFiles)).toBe('accepted')
    for (const name of ['plan.json', 'record.jsonl', 'results.json']) {
      expect(reading(new Map([...outFiles].filter(([one]) => one !== name)))).toBe('BUNDLE X-7')
    }
    expect(reading(new Map(outFiles).set('keyshare.seal', toUtf8('{}')))).toBe('BUNDLE X-7')
    expect(reading(outFiles, { env: 'prod' })).toBe('BUNDLE X-6')
  })
})

import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import {
  type BundleFiles,
  isBundleName,
  manifestName,
  manifestOf,
  parseManifest,
  readBundle,
  statementsName,
  writeBundle,
} from '../../../policy/ceremony/bundle.ts'
import { digestOf, toUtf8 } from '../../../proto/crypto.ts'
import { parseHandle } from '../../../proto/ids.ts'
import { readBundleFiles, writeBundleFiles } from '../../../proto/io/bundle-files.ts'
import { encode, type JsonObject, parse } from '../../../proto/jcs.ts'
import { limits } from '../../../proto/limits.ts'
import { tags } from '../../../proto/tags.ts'
import { digestOfName } from '../../kit/record.ts'
import { refusedWith } from '../../kit/refused.ts'

const of = {
  direction: 'in',
  org: parseHandle('acme'),
  env: 'test',
  plan: digestOfName('plan'),
} as const
const files: BundleFiles = new Map([
  ['plan.json', toUtf8('the plan')],
  ['page-00.json', toUtf8('a page')],
])
const whole = writeBundle(files, of)

const read = (all: BundleFiles) => refusedWith(() => readBundle(all, 'in'))
const withFile = (name: string, content: string) => new Map(whole).set(name, toUtf8(content))
const manifest = parse(whole.get(manifestName) ?? new Uint8Array(0)) as JsonObject

describe('a Bundle', () => {
  it('is the files that its manifest names, and the digest of that', () => {
    const bundle = readBundle(whole, 'in')
    expect([...bundle.files.keys()].sort()).toEqual(['page-00.json', 'plan.json'])
    expect(bundle.manifest.plan).toBe(of.plan)
    expect(bundle.digest).toBe(digestOf(tags.bundle, manifestOf(files, of)))
    expect(read(whole)).toBe('accepted')
  })

  it('is refused with a file more, a file less, or a byte changed (X-7)', () => {
    expect(read(withFile('notes.txt', 'a note'))).toBe('BUNDLE X-7')
    expect(read(withFile('plan.json', 'the plaN'))).toBe('BUNDLE X-7')
    expect(read(withFile('plan.json', 'the plan '))).toBe('BUNDLE X-7')
    for (const name of whole.keys()) {
      const less = new Map([...whole].filter(([one]) => one !== name))
      expect([name, read(less)]).toEqual([name, 'BUNDLE X-7'])
    }
  })

  it('goes one way', () => {
    expect(refusedWith(() => readBundle(whole, 'out'))).toBe('BUNDLE X-7')
    const out = writeBundle(files, { ...of, direction: 'out' })
    expect(read(out)).toBe('BUNDLE X-7')
    expect(refusedWith(() => readBundle(out, 'out'))).toBe('accepted')
  })

  it('has Statements beside the manifest on its way out, and only then', () => {
    const out = { ...of, direction: 'out' } as const
    const signed = writeBundle(files, out, toUtf8('statements'))
    const bundle = readBundle(signed, 'out')
    expect(bundle.statements).toEqual(toUtf8('statements'))
    expect(bundle.digest).toBe(readBundle(writeBundle(files, out), 'out').digest)
    expect(read(withFile(statementsName, 'statements'))).toBe('BUNDLE X-7')
  })
})

describe('the manifest of a Bundle', () => {
  const written = (change: JsonObject) =>
    refusedWith(() => parseManifest(encode({ ...manifest, ...change })))
  const file = (name: string, length = 1) => ({ name, length, sha256: of.plan })

  it('is read strictly', () => {
    expect(written({})).toBe('accepted')
    for (const key of Object.keys(manifest)) {
      const { [key]: _, ...less } = manifest
      expect(refusedWith(() => parseManifest(encode(less)))).toBe('BUNDLE X-7')
    }
    expect(written({ more: 1 })).toBe('BUNDLE X-7')
    expect(written({ direction: 'up' })).toBe('BUNDLE X-7')
  })

  it('names each file once, in order, and neither itself nor what is signed over it', () => {
    expect(written({ files: [file('a'), file('b')] })).toBe('accepted')
    expect(written({ files: [file('b'), file('a')] })).toBe('BUNDLE X-7')
    expect(written({ files: [file('a'), file('a')] })).toBe('BUNDLE X-7')
    expect(written({ files: [file(manifestName)] })).toBe('BUNDLE X-7')
    expect(written({ files: [file(statementsName)] })).toBe('BUNDLE X-7')
  })

  it('has names that are the same on every medium', () => {
    const bad = ['', '.', '..', '.hidden', '-rf', 'A', 'a b', 'a/b', 'ä', 'a\u0000', 'x'.repeat(65)]
    for (const name of bad) {
      expect([name, isBundleName(name)]).toEqual([name, false])
      expect([name, written({ files: [file(name)] })]).toEqual([name, 'BUNDLE X-7'])
    }
    expect(isBundleName('a.b-c.0')).toBe(true)
  })

  it('is bounded in files and bytes', () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, at) => file(`f-${String(at).padStart(3, '0')}`))
    expect(written({ files: many(limits.bundleFilesMax) })).toBe('accepted')
    expect(written({ files: many(limits.bundleFilesMax + 1) })).toBe('BUNDLE X-7')
    expect(written({ files: [] })).toBe('BUNDLE X-7')
    const half = limits.bundleBytesMax / 2
    expect(written({ files: [file('a', half), file('b', half)] })).toBe('accepted')
    expect(written({ files: [file('a', half), file('b', half + 1)] })).toBe('BUNDLE X-7')
  })
})

describe('a Bundle on a medium', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bundle-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const made = (name: string): string => {
    const place = join(folder, name)
    writeBundleFiles(place, whole)
    return place
  }
  const reading = (place: string) => refusedWith(() => readBundleFiles(place))

  it('is read back as it was written, into a new directory', () => {
    const place = made('whole')
    expect(new Map(readBundleFiles(place))).toEqual(new Map(whole))
    expect(refusedWith(() => writeBundleFiles(place, whole))).toBe('CONFIG')
    expect(() => writeBundleFiles(join(folder, 'no', 'where'), whole)).toThrow(/ENOENT/)
  })

  it('has no link, no second name of a file and no directory in it', () => {
    const [soft, hard, deep, odd] = ['soft', 'hard', 'deep', 'odd'].map(made) as [
      string,
      string,
      string,
      string,
    ]
    const outside = join(folder, 'outside')
    writeFileSync(outside, 'x')
    symlinkSync(outside, join(soft, 'link'))
    linkSync(outside, join(hard, 'link'))
    mkdirSync(join(deep, 'below'))
    writeFileSync(join(odd, 'Notes'), 'x')
    for (const place of [soft, hard, deep, odd]) expect(reading(place)).toBe('BUNDLE X-7')
  })

  it('is bounded before it is opened', () => {
    const big = made('big')
    writeFileSync(join(big, 'sparse'), '')
    truncateSync(join(big, 'sparse'), limits.bundleBytesMax + 1)
    expect(reading(big)).toBe('TOO_LARGE X-7')
    const many = new Map(
      Array.from({ length: 67 }, (_, at) => [`f${at}`, new Uint8Array(1)] as const),
    )
    expect(refusedWith(() => writeBundleFiles(join(folder, 'many'), many))).toBe('TOO_LARGE X-7')
  })
})

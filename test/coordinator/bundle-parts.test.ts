// Files of Bundles in parts: what joins without a gap is a file, and what is too much is refused.
import { describe, expect, it } from 'vitest'
import {
  dropBundle,
  putBundle,
  putBundlePart,
  readBundle,
} from '../../coordinator/store/bundle-parts.ts'
import { plainDigest, toUtf8 } from '../../proto/crypto.ts'
import { limits } from '../../proto/limits.ts'
import { pgliteEngine } from './store-kit.ts'

const digest = (name: string) => plainDigest(toUtf8(name))
const of = { origin: 'acme/log-cold', plan: digest('plan'), bundle: digest('bundle') }
const part = (name: string, offset: number, content: string) => ({
  name,
  offset,
  content: toUtf8(content),
})

describe('a Bundle that is put in parts', () => {
  const engine = pgliteEngine()

  it('is its files, each joined in order', async () => {
    const store = await engine.fresh()
    expect(await putBundlePart(store, of, part('record', 0, 'one'))).toBe(3)
    expect(await putBundlePart(store, of, part('results', 0, 'other'))).toBe(5)
    expect(await putBundlePart(store, of, part('record', 3, 'two'))).toBe(6)
    const files = await readBundle(store, of)
    expect([...files.keys()]).toEqual(['record', 'results'])
    expect(files.get('record')).toEqual(toUtf8('onetwo'))
  })

  it('takes the same part again as what it is, and no gap or other bytes', async () => {
    const store = await engine.fresh()
    await putBundlePart(store, of, part('record', 0, 'one'))
    expect(await putBundlePart(store, of, part('record', 0, 'one'))).toBe(3)
    for (const wrong of [part('record', 0, 'two'), part('record', 4, 'x')]) {
      await expect(putBundlePart(store, of, wrong)).rejects.toThrow('expected the bytes from 3 on')
    }
    expect((await readBundle(store, of)).get('record')).toEqual(toUtf8('one'))
  })

  it('has a bound, and so have the Bundles of one plan', async () => {
    const store = await engine.fresh()
    for (let at = 1; at <= limits.bundlesPerPlanMax; at += 1) {
      await putBundlePart(store, { ...of, bundle: digest(`b${at}`) }, part('a', 0, 'x'))
    }
    await expect(putBundlePart(store, of, part('a', 0, 'x'))).rejects.toThrow('Bundles')
    const plan = digest('another plan')
    expect(await putBundlePart(store, { ...of, plan }, part('a', 0, 'x'))).toBe(1)
    await store.query(
      `insert into bundle_part select origin, plan, bundle, 'big', 0, repeat('x', $1)::bytea
       from bundle_part where bundle = $2`,
      [limits.bundleBytesMax - 1, of.bundle],
    )
    await expect(putBundlePart(store, { ...of, plan }, part('b', 0, 'x'))).rejects.toThrow('bytes')
  })

  it('is dropped alone', async () => {
    const store = await engine.fresh()
    const other = { ...of, bundle: digest('other') }
    await putBundle(store, of, new Map([['a', toUtf8('1')]]))
    await putBundle(store, of, new Map([['a', toUtf8('2')]]))
    await putBundle(store, other, new Map([['a', toUtf8('3')]]))
    expect((await readBundle(store, of)).get('a')).toEqual(toUtf8('1'))
    await dropBundle(store, of)
    expect((await readBundle(store, of)).size).toBe(0)
    expect((await readBundle(store, other)).size).toBe(1)
  })
})

// Files of Bundles in parts: what joins without a gap is a file, and what is too much is refused.
import { describe, expect, it } from 'vitest'
import {
  dropBundle,
  putBundle,
  putBundlePart,
  readBundle,
} from '../../coordinator/store/bundle-parts.ts'
import type { Store } from '../../coordinator/store/store.ts'
import { plainDigest, toUtf8 } from '../../proto/crypto.ts'
import { parseHandle } from '../../proto/ids.ts'
import { limits } from '../../proto/limits.ts'
import { pgliteEngine } from './store-kit.ts'

const digest = (name: string) => plainDigest(toUtf8(name))
const by = parseHandle('operator')
const of = { origin: 'acme/log-cold', plan: digest('plan'), bundle: digest('bundle'), by }
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

  it('is put part by part without reading what was put before', async () => {
    const store = await engine.fresh()
    let read = 0
    const counting: Store = {
      ...store,
      query: (...asked) => store.query(...asked),
      transaction: (work) =>
        store.transaction((session) =>
          work({
            ...session,
            query: async (...asked) => {
              const rows = await session.query(...asked)
              for (const { content } of rows)
                if (content instanceof Uint8Array) read += content.length
              return rows
            },
          }),
        ),
    }
    const many = Array.from({ length: 40 }, (_, at) =>
      part('record', 10 * at, `part ${at + 10}...`),
    )
    for (const one of many) await putBundlePart(counting, of, one)
    expect(read).toBe(0)
    // Again, as a client whose answers were lost: each as it lies, also where it lies in two.
    for (const one of many) expect(await putBundlePart(counting, of, one)).toBe(400)
    expect(read).toBe(400)
    const across = part('record', 15, '11...part ')
    expect(await putBundlePart(counting, of, { ...across, content: toUtf8('11...part ') })).toBe(
      400,
    )
    const wrong = putBundlePart(counting, of, part('record', 15, '11...part x'))
    await expect(wrong).rejects.toThrow('expected the bytes from 400 on')
  })

  it('takes the place of the one longest untouched, where its operator has many of a plan', async () => {
    const store = await engine.fresh()
    const most = limits.bundlesPerOperatorMax
    const named = (at: number) => ({ ...of, bundle: digest(`b${at}`) })
    const whole = async (one: typeof of) => [...(await readBundle(store, one)).keys()].join()
    for (let at = 1; at <= most; at += 1) await putBundlePart(store, named(at), part('a', 0, 'x'))
    // A further part of one is no new one, and makes the second the longest untouched.
    await putBundlePart(store, named(1), part('b', 0, 'y'))
    const plan = digest('another plan')
    for (const beside of [
      { ...of, plan },
      { ...of, by: parseHandle('other') },
    ]) {
      await putBundlePart(store, { ...beside, bundle: digest('beside') }, part('a', 0, 'x'))
    }
    expect(await whole(named(2))).toBe('a')
    await putBundlePart(store, named(most + 1), part('a', 0, 'x'))
    expect(await whole(named(2))).toBe('')
    const left = [1, 3, most, most + 1].map(named)
    expect(await Promise.all(left.map(whole))).toEqual(['a,b', 'a', 'a', 'a'])
    // However many come, the last can be put, and the one that went in stays.
    await putBundle(store, { ...of, by: '' }, new Map([['in', toUtf8('1')]]))
    for (let at = 10; at < 30; at += 1) await putBundlePart(store, named(at), part('a', 0, 'x'))
    expect(await whole(named(29))).toBe('a')
    const rows = await store.query(
      'select distinct bundle from bundle_part where plan = $1 and put_by = $2',
      [of.plan, by],
    )
    expect(rows).toHaveLength(most)
    expect([...(await readBundle(store, { ...of, by: '' })).keys()]).toEqual(['in'])
  })

  it('is its operator’s own: what another puts under the same name stands in no way', async () => {
    const store = await engine.fresh()
    const other = { ...of, by: parseHandle('other') }
    await putBundlePart(store, other, part('record', 0, 'junk'))
    expect(await putBundlePart(store, of, part('record', 0, 'one'))).toBe(3)
    expect((await readBundle(store, of)).get('record')).toEqual(toUtf8('one'))
    await dropBundle(store, of)
    expect((await readBundle(store, other)).get('record')).toEqual(toUtf8('junk'))
  })

  it('has a bound in bytes and in parts', async () => {
    const store = await engine.fresh()
    await putBundlePart(store, of, part('a', 0, 'x'))
    const filled = (name: string, size: string, count: string) =>
      store.query(
        `insert into bundle_part (origin, plan, bundle, put_by, name, at, content)
         select origin, plan, bundle, put_by, $1, n, repeat('x', ${size})::bytea
         from bundle_part, generate_series(1, ${count}) n where name = 'a'`,
        [name],
      )
    await filled('many', '1', `${limits.bundlePartsMax - 1}`)
    await expect(putBundlePart(store, of, part('b', 0, 'x'))).rejects.toThrow('parts')
    await store.query(`delete from bundle_part where name = 'many'`)
    await filled('big', `${limits.bundleBytesMax - 1}`, '1')
    await expect(putBundlePart(store, of, part('b', 0, 'x'))).rejects.toThrow('bytes')
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

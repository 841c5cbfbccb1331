// What the embedded store does alone: it is refused where money is, and writes nothing on a full disk,
// where a write that fails would stop its engine for good.
import { describe, expect, it } from 'vitest'
import { openPglite } from '../../coordinator/store/pglite.ts'
import { Unavailable } from '../../proto/unavailable.ts'

describe('the embedded store alone', () => {
  it('is refused in production', async () => {
    await expect(openPglite('prod')).rejects.toThrow(/CONFIG/)
  })

  it('writes nothing while its disk is nearly full, still answers, and then writes', async () => {
    let shortage = ''
    const store = await openPglite('test', '', { shortage: () => shortage })
    await store.query('create table kept (id int)')
    shortage = '7 bytes are free'
    const work = () => store.transaction((session) => session.query('insert into kept values (1)'))
    await expect(work()).rejects.toThrow('no room: 7 bytes are free')
    await expect(store.query('insert into kept values (1)')).rejects.toBeInstanceOf(Unavailable)
    expect(await store.query('select id from kept')).toEqual([])
    shortage = ''
    await work()
    expect(await store.query('select id from kept')).toEqual([{ id: 1 }])
    await store.close()
  })
})

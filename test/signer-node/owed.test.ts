import { describe, expect, it } from 'vitest'
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import { DiskFault } from '../../signer-node/disk.ts'
import { Owed } from '../../signer-node/owed.ts'

describe('what found no room', () => {
  it('is written in order when there is room, the newest of too many', () => {
    let isFull = true
    const owed = new Owed((work) => (isFull ? refuse('DISK_FULL', '') : work()))
    const done: number[] = []
    const all = Array.from({ length: limits.owedWritesMax + 2 }, (_, at) => at)
    for (const at of all) {
      expect(
        owed.write(
          () => {},
          () => done.push(at),
        ),
      ).toBe(false)
    }
    owed.again()
    expect(done).toEqual([])
    isFull = false
    owed.again()
    expect(done).toEqual(all.slice(2))
    owed.again()
    expect(done).toHaveLength(limits.owedWritesMax)
    expect(owed.write(() => {})).toBe(true)
  })

  it('is nothing that a failed disk, or another refusal, kept from being written', () => {
    const broken = new Owed(() => {
      throw new DiskFault('gone')
    })
    expect(() => broken.write(() => {})).toThrow(DiskFault)
    const refusing = new Owed(() => refuse('MALFORMED', 'a bug'))
    expect(() => refusing.write(() => {})).toThrow('a bug')
    broken.again()
    refusing.again()
  })
})

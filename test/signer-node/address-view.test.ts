// How many addresses a node or a witness says in a minute, and to whom.
import { describe, expect, it } from 'vitest'
import { limits } from '../../proto/limits.ts'
import { Tally } from '../../signer-node/address-view.ts'
import { refusedWith } from '../kit/refused.ts'
import { TestClock } from './world.ts'

describe('the addresses that are said in a minute', () => {
  it('are counted for each coordinator: one that asks for ever takes from no other', () => {
    const clock = new TestClock()
    const tally = new Tally(clock)
    const most = limits.addressesPerMinuteMax
    tally.count('c1', most)
    expect(refusedWith(() => tally.count('c1', 1))).toBe('BUSY')
    expect(refusedWith(() => tally.count('c2', most + 1))).toBe('BUSY')
    tally.count('c2', most)
    clock.advance(59_999)
    expect(refusedWith(() => tally.count('c1', 1))).toBe('BUSY')
    clock.advance(1)
    tally.count('c1', most)
  })
})

// A copy of the present disk of a node, and a coordinator with two logs that shows each instance another
// one: the pair is one corrupt witness, and one is what four witnesses with a quorum of three stand.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dealt } from '../kit/dealt-pairings.ts'
import { doneTwice } from '../kit/rollback.ts'
import { playSplit, type SplitHouse, splitHouse, twin } from '../kit/split-house.ts'

let split: SplitHouse
beforeAll(async () => {
  split = await splitHouse('clone split', dealt)
})
afterAll(async () => {
  await split.house.close()
  await split.other.close()
})

describe('a node that runs twice, with a log of its own for each', () => {
  it('makes no quorum for a second log, and both stop when one common witness is heard', async () => {
    expect(await playSplit(split)).toEqual([])
    const { accepted, shares, events } = split.house.record
    // It accepted, as a node alone in its world does: what lacked is the third witness.
    expect(accepted.map(({ node }) => node)).toContain(twin)
    expect(shares.length).toBeGreaterThan(0)
    expect(doneTwice(split.house)).toEqual([])
    const said = events.filter(({ name }) => name === 'second-instance')
    expect(new Set(said.map(({ process }) => process))).toContain('signer-a')
  })
})

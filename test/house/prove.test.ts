// A control proof in a whole house: asked for, approved by people over the very sentence, signed by
// t nodes that each made it for themselves, in the log by one line, checked by a stranger.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ChangeOf } from '../../policy/change.ts'
import { controlProof } from '../../policy/control-proof.ts'
import { toHex } from '../../proto/crypto.ts'
import type { House } from '../kit/house.ts'
import { about, ask, board, keyOf, pays } from '../kit/house-changes.ts'
import { breaches, linesOf } from '../kit/house-checks.ts'
import { openHouse, ready } from '../kit/house-open.ts'

let house: House
beforeAll(async () => {
  house = await openHouse({ seed: 'prove' })
})
afterAll(() => house.close())

async function proofOf(path = 'm'): Promise<ChangeOf<'key.prove'>> {
  const { epoch, keyState } = await keyOf(house)
  const terms = {
    epoch,
    keyState,
    path,
    audience: 'auditor',
    challenge: new Uint8Array(32).fill(5),
  }
  return { ...about(house), op: 'key.prove', terms }
}

describe('a control proof', () => {
  it('is signed when people have approved its sentence, and not before', async () => {
    await ready(house)
    const change = await proofOf()
    const id = await ask(house, change)
    await house.pass(10_000)
    expect(await house.state(id)).toBe('AWAITING_APPROVAL')
    for (const [person, role] of board) await house.approve(id, person, role)
    await house.untilState(id, 'ACTIVE')
    const [line] = linesOf(await house.story(id), 'key.proved')
    const { digest } = controlProof(change, await keyOf(house), 'eip155:31337')
    expect(toHex(line!.body.digest)).toBe(toHex(digest))
    await pays(house)
    expect(await breaches(house)).toEqual([])
  })
})

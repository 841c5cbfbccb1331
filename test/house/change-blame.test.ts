// A node that deals wrong shares in a change of a key: the others keep what convicts it before a
// stranger, no share of that try is confirmed, and the next try, dealt honestly, is the new key.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Change } from '../../policy/change.ts'
import { parseNodeId } from '../../proto/ids.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { verifyEvidence } from '../../signer-node/evidence.ts'
import { Sessions } from '../../signer-node/sessions.ts'
import { bent, type Twist } from '../kit/bent.ts'
import type { House } from '../kit/house.ts'
import { about, approved, inForce, keyOf, pays, refreshOf } from '../kit/house-changes.ts'
import { openHouse } from '../kit/house-open.ts'

const [a, b, c] = ['signer-a', 'signer-b', 'signer-c'] as const

/** The last byte of a dealing is the last of the share. */
const wrongShare: Twist = (said) => {
  if (said.round !== 2) return [said]
  const bytes = said.bytes.slice()
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  return [{ ...said, bytes }]
}

// Node b is the one that has a and c as its counterparts, in sessions of a vault.
let isCrooked = false
const { start } = Sessions.prototype
Sessions.prototype.start = function (sid, coordinator, plan) {
  const others = [...plan.counterparts.values()].map(({ node }) => String(node)).join()
  const isB = isCrooked && others === `${a},${c}` && plan.vault !== undefined
  const stepper = isB ? bent(plan.stepper, wrongShare) : plan.stepper
  start.call(this, sid, coordinator, { ...plan, stepper } as never)
}

let house: House
beforeAll(async () => {
  house = await openHouse({ seed: 'change blame' })
})
afterAll(async () => {
  Sessions.prototype.start = start
  await house.close()
})

const kept = (node: string) => house.at(node).node.evidence()

/** The first try is dealt crooked, all others are honest. */
async function isConvicted(change: Change, kind: string): Promise<void> {
  const { epoch } = await keyOf(house)
  const known = kept(a).length
  isCrooked = true
  const id = await approved(house, change)
  await house.until(
    'both have evidence',
    () => [a, c].every((node) => kept(node).length > known),
    120_000,
  )
  isCrooked = false
  const { nodes } = house.coordinator().roots.now
  const { org, env } = about(house)
  for (const node of [a, c]) {
    const { document, peer } = kept(node).at(-1) ?? { document: '', peer: '' }
    const proved = verifyEvidence(document, { org, env, nodes }, nativeCurve())
    expect([peer, proved.accused, proved.by, proved.kind]).toEqual([b, b, node, kind])
  }
  expect((await keyOf(house)).epoch).toBe(epoch)
  await house.untilState(id, 'ACTIVE', 300_000)
  await inForce(house, (await keyOf(house)).epoch)
  await pays(house)
  expect(house.at(b).node.evidence()).toEqual([])
}

describe('a node that deals wrong shares', () => {
  it('of a refresh is convicted by what every other node keeps', async () => {
    await isConvicted(await refreshOf(house), 'wrong-refresh-share')
  })

  it('of a reshare likewise', async () => {
    const { epoch: from, keyState, participants, t } = await keyOf(house)
    const terms = { from, keyState, dealers: [a, b].map(parseNodeId), participants, t }
    const change: Change = { ...about(house), op: 'key.reshare', terms }
    await isConvicted(change, 'wrong-reshare-share')
  })
})

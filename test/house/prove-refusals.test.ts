// What a node refuses when it is asked to sign a control proof: a coordinator that bends the order,
// the document or the choice of signers gets a signed no, and nothing but the sentence that people
// approved is ever signed. The same proof without the lie goes through.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { issueOrder, parseOrder } from '../../policy/order.ts'
import { digestOf, fromUtf8, toUtf8 } from '../../proto/crypto.ts'
import type { CoordinatorFrame, CoordinatorPart } from '../../proto/frames.ts'
import type { Digest } from '../../proto/ids.ts'
import { encode, type JsonObject } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { tags } from '../../proto/tags.ts'
import { type House, names } from '../kit/house.ts'
import { approved, keyOf, pays, proofOf, refreshOf } from '../kit/house-changes.ts'
import { breaches } from '../kit/house-checks.ts'
import { openHouse, ready } from '../kit/house-open.ts'

type Prepare = CoordinatorPart<'prepare'>
type Bend = (part: Prepare) => Prepare

let house: House
let id: Digest
/** Of an approved change that is none of proving, as it went to the nodes. */
let other: Prepare
/** Of the proof, as it would have gone. */
let honest: Prepare
const drop = (_place: unknown, frame: CoordinatorFrame) =>
  frame.frame === 'prepare' ? undefined : frame

beforeAll(async () => {
  house = await openHouse({ seed: 'prove refusals' })
  const seen: Prepare[] = []
  house.down = (_place, frame) => {
    if (frame.frame !== 'prepare') return frame
    if (frame.prepare.keygen.length > 0) seen.push(frame.prepare)
    return undefined
  }
  const refresh = await approved(house, await refreshOf(house))
  await house.until('a refresh is asked for', () => seen.length > 0)
  other = seen[0]!
  house.down = (_place, frame) => frame
  await house.untilState(refresh, 'ACTIVE', 300_000)
  house.down = drop
  id = await approved(house, await proofOf(house))
})
afterAll(() => house.close())

function bent(part: Prepare, change: JsonObject): Prepare {
  const document = JSON.parse(fromUtf8(part.keygen) ?? '') as JsonObject
  return { ...part, keygen: encode({ ...document, ...change }) }
}

/** With another order, which the document names. */
function ordered(part: Prepare, order: Uint8Array): Prepare {
  return bent({ ...part, order }, { order: digestOf(tags.order, order) })
}

/** How the first node that is asked answers when its Prepare is bent. */
async function answer(bend: Bend): Promise<string> {
  const said: string[] = []
  house.down = (_place, frame): CoordinatorFrame => {
    if (frame.frame !== 'prepare' || frame.prepare.keygen.length === 0) return frame
    honest = frame.prepare
    return { ...frame, prepare: bend(frame.prepare) }
  }
  house.up = (_place, frame) => {
    if (frame.frame === 'accepted') said.push('accepted')
    if (frame.frame === 'refused') {
      said.push(JSON.parse(fromUtf8(frame.refused.refusal.document) ?? '').code)
    }
    return frame
  }
  await house.until('an answer', () => said.length > 0, 600_000)
  house.up = (_place, frame) => frame
  house.down = drop
  return said[0] ?? ''
}

describe('a node that is asked to sign a control proof', () => {
  const zero = 'ab'.repeat(32)
  const unapproved = ({ order }: Prepare) =>
    issueOrder({ ...parseOrder(order).order, approvals: [] })
  const lies: readonly (readonly [string, string, Bend])[] = [
    ['another order than the document names', 'WARRANT', (part) => bent(part, { order: zero })],
    ['an order that is none', 'MALFORMED', (part) => ordered(part, toUtf8('{}'))],
    ['an order that nobody approved', 'QUORUM', (part) => ordered(part, unapproved(part))],
    ['the order of another change', 'INTENT_SIG', (part) => ordered(part, other.order)],
    ['a request that it has no line of', 'LINE_MISSING', (part) => bent(part, { change: zero })],
    ['no order at all', 'MALFORMED', (part) => ({ ...part, order: new Uint8Array(0) })],
    ['a document with more in it', 'MALFORMED', (part) => bent(part, { digest: zero })],
    ['fewer signers than t', 'PARTICIPANTS', (part) => bent(part, { participants: ['signer-a'] })],
    [
      'a signer twice',
      'PARTICIPANTS',
      (part) => bent(part, { participants: ['signer-a', 'signer-a'] }),
    ],
    [
      'more tries than there may be',
      'STALE_ATTEMPT',
      (part) => bent(part, { attempt: limits.proofAttemptsMax + 1 }),
    ],
    [
      'the document of another kind of change',
      'WARRANT',
      (part) => {
        const { participants: _, ...run } = JSON.parse(fromUtf8(part.keygen) ?? '')
        const document = { ...run, format: 'custody-change-run/v1', epoch: 9 }
        return { ...part, keygen: encode(document) }
      },
    ],
    [
      'a proof of a change that is none of proving',
      'REQUEST_ENDED',
      (part) => {
        const { change } = JSON.parse(fromUtf8(other.keygen) ?? '') as JsonObject
        return bent(ordered(part, other.order), { change: change ?? '' })
      },
    ],
  ]
  for (const [what, code, bend] of lies) {
    it(`refuses ${what}`, async () => {
      expect(await answer(bend)).toBe(code)
    })
  }

  it('refuses to sign in the place of others', async () => {
    const said: string[] = []
    const others: Readonly<Record<string, readonly string[]>> = {
      'signer-a': ['signer-b', 'signer-c'],
      'signer-b': ['signer-a', 'signer-c'],
      'signer-c': ['signer-a', 'signer-b'],
    }
    house.up = (_place, frame) => {
      if (frame.frame === 'refused') {
        said.push(JSON.parse(fromUtf8(frame.refused.refusal.document) ?? '').code)
      }
      return frame
    }
    house.down = ({ node }, frame) => {
      if (frame.frame !== 'prepare' || frame.prepare.keygen.length === 0) return frame
      return { ...frame, prepare: bent(frame.prepare, { participants: others[node] ?? [] }) }
    }
    await house.until('an answer', () => said.length > 0, 600_000)
    expect(said[0]).toBe('PARTICIPANTS')
    house.up = (_place, frame) => frame
    house.down = drop
  })

  it('accepts a number once: after it only higher ones, also after a restart', async () => {
    expect(await answer((part) => bent(part, { attempt: 40 }))).toBe('accepted')
    await house.pass(60_000)
    expect(await answer((part) => bent(part, { attempt: 40 }))).toBe('STALE_ATTEMPT')
    for (const name of names) house.at(name).stop()
    await house.pass(1_000)
    for (const name of names) house.at(name).start()
    await ready(house)
    expect(await answer((part) => bent(part, { attempt: 40 }))).toBe('STALE_ATTEMPT')
    expect(await answer((part) => bent(part, { attempt: 1 }))).toBe('STALE_ATTEMPT')
  })

  it('signs it when nothing is bent, and never again once it is done', async () => {
    house.down = (_place, frame) => frame
    await house.untilState(id, 'ACTIVE', 600_000)
    const shares = house.record.sharesOf(id).length
    expect(shares).toBeGreaterThanOrEqual(2)
    house.down = drop
    await approved(house, await proofOf(house))
    const { keygen, order } = honest
    const run = (part: Prepare) => bent({ ...part, keygen, order }, { attempt: 200 })
    expect(await answer(run)).toBe('REQUEST_ENDED')
    expect(house.record.sharesOf(id)).toHaveLength(shares)
    house.down = (_place, frame) => frame
    await pays(house)
    expect((await keyOf(house)).standing).toBe('active')
    expect(await breaches(house)).toEqual([])
  })
})

// Two coordinators over one database that drive one change of a key at the same time, and one that
// lies about it: two epochs at once, an order replayed, the order of another change, frames of one
// run sent into the other. One line, no dead key, and no place for a pending share is used up.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { fromUtf8 } from '../../proto/crypto.ts'
import type { CoordinatorFrame, CoordinatorPart } from '../../proto/frames.ts'
import type { Digest } from '../../proto/ids.ts'
import { encode, type JsonObject } from '../../proto/jcs.ts'
import { type House, names } from '../kit/house.ts'
import { approved, ask, inForce, keyOf, pays, refreshOf, sharesOf } from '../kit/house-changes.ts'
import { breaches, linesOf } from '../kit/house-checks.ts'
import { openHouse, ready } from '../kit/house-open.ts'
import type { Place } from '../kit/house-wires.ts'

// Runs are driven over and over until one is through.
vi.setConfig({ testTimeout: 300_000 })

type Prepare = CoordinatorPart<'prepare'>
const both = ['c1', 'c2'] as const
const [a, b, c] = ['signer-a', 'signer-b', 'signer-c'] as const
let house: House
beforeAll(async () => {
  house = await openHouse({ seed: 'two drivers', coordinators: both })
})
afterAll(() => house.close())

const honest = (_: Place, frame: CoordinatorFrame): CoordinatorFrame => frame
const isOrder = (frame: CoordinatorFrame): frame is CoordinatorFrame & { prepare: Prepare } =>
  frame.frame === 'prepare' && frame.prepare.order.length > 0
const pending = () =>
  names.flatMap((name) => sharesOf(house, name).filter((file) => file.includes('pending')))

/** Both drive it, over and over, whatever lease the one has. */
async function drivenByBoth(id: Digest): Promise<void> {
  await house.until(
    'the change is carried out',
    async () => {
      await house.store.query('update job set lease_until = 0')
      for (const name of both) void house.coordinator(name).changes.drive(id)
      return (await house.state(id)) === 'ACTIVE'
    },
    300_000,
  )
}

async function oneLine(id: Digest, above: number): Promise<void> {
  const lines = linesOf(await house.story(id), 'key.refreshed')
  expect(lines).toHaveLength(1)
  const { epoch } = await keyOf(house)
  expect(epoch).toBeGreaterThan(above)
  await inForce(house, epoch)
  expect(pending()).toEqual([])
  await pays(house)
}

/** The document of a run with one thing changed. */
function bent({ prepare }: { readonly prepare: Prepare }, change: JsonObject): CoordinatorFrame {
  const document = JSON.parse(fromUtf8(prepare.keygen) ?? '') as JsonObject
  return { frame: 'prepare', prepare: { ...prepare, keygen: encode({ ...document, ...change }) } }
}

/** How these nodes answer a Prepare that nobody honest sends. */
async function answers(frame: CoordinatorFrame, ...nodes: string[]): Promise<readonly string[]> {
  const said: string[] = []
  house.up = ({ node }, answer) => {
    if (answer.frame === 'accepted' && nodes.includes(node)) said.push('ACCEPTED')
    if (answer.frame === 'refused' && nodes.includes(node)) {
      said.push(JSON.parse(fromUtf8(answer.refused.refusal.document) ?? '').code)
    }
    return answer
  }
  for (const node of nodes) house.at(node).end()?.receive('c1', frame)
  await house.until('an answer of each', () => said.length >= nodes.length)
  house.up = (_place, answer) => answer
  return said
}

const crossedMs = 200

/** What both send at one moment comes to some nodes in the one order, to some in the other. */
function crossed({ node, coordinator }: Place, frame: CoordinatorFrame) {
  const isLate = isOrder(frame) && (node === a) === (coordinator === 'c1')
  if (!isLate) return frame
  house.time.after(crossedMs, () => house.at(node).end()?.receive(coordinator, frame))
  return undefined
}

/** As between clocks that are hours apart: whatever is taken has run out. */
const noLease = `
  create or replace function no_lease() returns trigger language plpgsql
    as 'begin new.lease_until := 0; return new; end';
  create trigger no_lease before insert or update on job for each row execute function no_lease()`

/** Runs in which nodes waited for each other in vain, since this many events. */
const hindered = (since: number) =>
  house.record.events.slice(since).filter(({ name }) => name === 'keygen-failed')

describe('two honest coordinators whose orders cross on their way', () => {
  it('bring a change to its line in one run, because one of them has the lease', async () => {
    await ready(house)
    const { epoch } = await keyOf(house)
    const since = house.record.events.length
    house.down = crossed
    const id = await approved(house, await refreshOf(house))
    await house.untilState(id, 'ACTIVE')
    house.down = honest
    expect(hindered(since)).toEqual([])
    await oneLine(id, epoch)
  })

  it('get through where no lease holds, because each tries again at moments of its own', async () => {
    await ready(house)
    const { epoch } = await keyOf(house)
    const since = house.record.events.length
    await house.store.query(noLease)
    house.down = crossed
    const id = await approved(house, await refreshOf(house))
    for (const name of both) void house.coordinator(name).changes.drive(id)
    await house.untilState(id, 'ACTIVE')
    house.down = honest
    await house.store.query('drop trigger no_lease on job')
    expect(hindered(since).length).toBeGreaterThan(0)
    await oneLine(id, epoch)
  })
})

describe('two coordinators that drive one change', () => {
  it('bring it to one line, whichever comes first', async () => {
    await ready(house)
    const { epoch } = await keyOf(house)
    const id = await approved(house, await refreshOf(house))
    await drivenByBoth(id)
    await oneLine(id, epoch)
  })

  it('of which one names epochs as it likes bring it to one line', async () => {
    const { epoch } = await keyOf(house)
    house.down = ({ coordinator }, frame) =>
      coordinator === 'c2' && isOrder(frame) ? bent(frame, { epoch: epoch + 9 }) : frame
    const id = await approved(house, await refreshOf(house))
    await drivenByBoth(id)
    house.down = honest
    await oneLine(id, epoch)
  })

  it('of which one dies when all have confirmed leave the line to the other', async () => {
    const { epoch } = await keyOf(house)
    house.up = ({ coordinator }, frame) =>
      coordinator === 'c1' && frame.frame === 'keyConfirm' ? undefined : frame
    const confirmed = () => house.record.events.filter(({ name }) => name === 'key-confirmed')
    const known = confirmed().length
    const id = await approved(house, await refreshOf(house))
    await house.until('all have confirmed', () => confirmed().length >= known + 3, 300_000)
    house.killCoordinator('c1')
    house.up = (_place, frame) => frame
    await house.untilState(id, 'ACTIVE', 300_000)
    await house.startCoordinator('c1')
    await oneLine(id, epoch)
  })
})

describe('a coordinator that lies about a change', () => {
  it('and names two epochs in one run gets no run, and nothing is kept', async () => {
    await ready(house)
    const { epoch } = await keyOf(house)
    const stopped: string[] = []
    let lies = true
    house.down = ({ node }, frame) =>
      lies && node === a && isOrder(frame) ? bent(frame, { epoch: epoch + 7 }) : frame
    house.up = (_place, frame) => {
      if (frame.frame === 'stopped') stopped.push(frame.stopped.reason)
      return frame
    }
    const id = await approved(house, await refreshOf(house))
    await house.until('it is seen', () => stopped.length >= names.length, 300_000)
    expect([new Set(stopped), pending()]).toEqual([new Set(['VIEW']), []])
    lies = false
    house.up = (_place, frame) => frame
    await drivenByBoth(id)
    await oneLine(id, epoch)
    for (const name of names) expect(house.at(name).node.status().strikes).toEqual({})
  })

  it('cannot have an order carried out a second time, nor for another change', async () => {
    const orders: (CoordinatorFrame & { readonly prepare: Prepare })[] = []
    house.down = ({ node }, frame) => {
      if (node === c && isOrder(frame)) orders.push(frame)
      return frame
    }
    const { epoch } = await keyOf(house)
    const id = await approved(house, await refreshOf(house))
    await drivenByBoth(id)
    await oneLine(id, epoch)
    const [order] = orders
    if (order === undefined) throw new Error('no order was seen')
    const now = (await keyOf(house)).epoch
    const again = bent(order, { epoch: now + 1 })
    expect(new Set(await answers(again, a, b, c))).toEqual(new Set(['REQUEST_ENDED']))
    // A change that nobody has approved, under the order of one that everybody has.
    const open = await ask(house, await refreshOf(house))
    await house.pass(2_000)
    const other = bent(order, { epoch: now + 1, change: open })
    expect(new Set(await answers(other, a, b, c))).toEqual(new Set(['INTENT_SIG']))
    expect(await house.state(open)).toBe('AWAITING_APPROVAL')
    expect(pending()).toEqual([])
    house.down = honest
  })

  it('and lets one run of two hear the frames of the other gets one line all the same', async () => {
    const { epoch } = await keyOf(house)
    const kept = new Map<string, CoordinatorFrame>()
    house.down = ({ node, coordinator }, frame) => {
      if (frame.frame !== 'envelope') return frame
      const key = `${node} ${frame.envelope.from} ${frame.envelope.round}`
      const other = kept.get(key)
      if (other === undefined) kept.set(key, frame)
      return coordinator === 'c2' ? (other ?? frame) : frame
    }
    const id = await approved(house, await refreshOf(house))
    await drivenByBoth(id)
    house.down = honest
    await oneLine(id, epoch)
    expect(names.flatMap((name) => house.at(name).node.status().banned)).toEqual([])
  })
})

describe('a house whose coordinators drove all this', () => {
  it('breaks no rule that the world can check', async () => {
    await house.pass(2_000)
    expect(await breaches(house)).toEqual([])
  })
})

// A coordinator that shows different logs to different nodes: two databases that were one, under the
// same log key. No signature comes of it, and the node that is shown both faces keeps the proof.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Store } from '../../coordinator/store/store.ts'
import { toUtf8 } from '../../proto/crypto.ts'
import type { NodeFrame, WireSigned } from '../../proto/frames.ts'
import type { Digest } from '../../proto/ids.ts'
import { payout, root } from '../coordinator/world.ts'
import { type House, names } from '../kit/house.ts'
import { openHouse } from '../kit/house-open.ts'
import type { Place } from '../kit/house-wires.ts'
import { swappedBytes } from '../kit/lies.ts'
import { LyingCoordinator } from '../kit/lying-coordinator.ts'
import { copyOf } from '../kit/store-copy.ts'

const [a, b, c] = ['signer-a', 'signer-b', 'signer-c'] as const
let house: House
let id: Digest
let other: Store | undefined

/** One request is reserved in both logs; then a stranger's request stands in one of them only. */
beforeAll(async () => {
  house = await openHouse({ seed: 'split', coordinators: ['c1', 'c2'], started: ['c1'] })
  house.chain.isDown = true
  id = await house.submit(payout({ created: house.time.now }))
  await house.untilState(id, 'RESERVED')
  await house.pass(1_000)
  other = await copyOf(house.store)
  house.wires.pull({ node: c, coordinator: 'c1' })
  for (const node of [a, b]) house.wires.pull({ node, coordinator: 'c2' })
  await house.submit(payout({ amount: 5_000_000n, created: house.time.now }))
  await house.startCoordinator('c2', other)
  await house.until('each node has its log', () => sizes().every((size) => size > 0))
  await house.pass(5_000)
})
afterAll(async () => {
  await house.close()
  await other?.close()
})

const sizes = () => names.map((name) => house.at(name).node.status().size)

interface Said {
  readonly ticket: Uint8Array
  readonly acceptance: WireSigned
}

/** Carries a session between a node that sees one log and a node that sees the other. */
function bridge(): void {
  const accepted = new Map<string, Said>()
  const coordinatorOf = (node: string): string => (node === c ? 'c2' : 'c1')
  const give = (
    node: string,
    frame: Parameters<NonNullable<ReturnType<typeof end>>['receive']>[1],
  ) => end(node)?.receive(coordinatorOf(node), frame)
  const end = (node: string) => house.at(node).end()
  house.up = ({ node }: Place, frame: NodeFrame) => {
    if (frame.frame === 'envelope') {
      give(frame.envelope.to, frame)
      return undefined
    }
    if (frame.frame !== 'accepted') return frame
    accepted.set(node, frame.accepted)
    const [one, two] = [accepted.get(a), accepted.get(c)]
    if (one === undefined || two === undefined) return undefined
    const acceptances = [one.acceptance, two.acceptance]
    give(a, { frame: 'start', start: { ticket: one.ticket, acceptances } })
    give(c, { frame: 'start', start: { ticket: two.ticket, acceptances } })
    return undefined
  }
}

describe('a coordinator with two logs', () => {
  it('gets no signature of two nodes that see different ones, although both finish the rounds', async () => {
    // Nobody honest drives anything any more.
    for (const name of ['c1', 'c2']) await house.during(house.coordinator(name).jobs.stop())
    bridge()
    const lie = {
      bytes: (intent: Parameters<typeof swappedBytes>[1], slot: string) =>
        swappedBytes('path', intent, slot),
    }
    await new LyingCoordinator(house, 'c1').ask(id, 1, [a, c], lie)
    await new LyingCoordinator(house, 'c2').ask(id, 1, [a, c], lie)
    await house.pass(30_000)
    house.up = (_place, frame) => frame
    const accepted = house.record.accepted.filter(({ value }) => value.intent === id)
    expect(new Set(accepted.map(({ node }) => node))).toEqual(new Set([a, c]))
    // Its own log has q witnesses, so the first one may release; the other never sees a second.
    expect(house.record.sharesOf(id).map(({ node }) => node)).toEqual([a])
    const withheld = house.record.events.filter(({ name }) => name === 'share-withheld')
    expect(withheld).toEqual([
      expect.objectContaining({ process: c, because: 'expected 2 witnesses, got 1' }),
    ])
  })

  it('adds no line of the one to a node that holds the other', async () => {
    // The log that b has not seen is the longer one, or that coordinator would take itself for behind.
    for (let more = 0; sizes()[2]! <= sizes()[1]!; more += 1) {
      const amount = 6_000_000n + BigInt(more)
      await house.submit(payout({ amount, created: house.time.now }), [], 'c2')
      await house.pass(1_000)
    }
    const size = sizes()[1]
    house.wires.plug({ node: b, coordinator: 'c2' })
    await house.until('an alarm', () => {
      return house.record.events.some((one) => one.process === b && one.name === 'page-refused')
    })
    expect(sizes()[1]).toBe(size)
  })

  it('has proved its lie to the first node that holds a signed head of each, and that one stops', async () => {
    const size = house.at(b).node.status().size
    const note = toUtf8(house.coordinator('c2').heads.checkpoint(size))
    const heads = { origin: root.log.origin, heads: [note] }
    house.at(b).end()?.receive('c2', { frame: 'heads', heads })
    // A frame is worked off in parts.
    await house.pass(1)
    expect(house.at(b).node.status().state).toBe('forked')
    expect(house.at(b).store.first('select count(*) as n from fork')).toEqual({ n: 1 })
    house.at(b).kill()
    await house.pass(1_000)
    house.at(b).start()
    await house.pass(20_000)
    expect(house.at(b).node.status().state).toBe('forked')
    expect(house.record.shares.map(({ node }) => node)).toEqual([a])
  })
})

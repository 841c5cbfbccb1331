// A cold vault of Tron: its key, a release and its ceremony, from the plan to the settled transaction,
// over the HTTP of the stand-in. What is its own: the bytes end within a day, and are bound for ever.

import { afterEach, describe, expect, it } from 'vitest'
import { tronLedger } from '../../coordinator/chain-rpc/tron-kind.ts'
import { readBundle } from '../../policy/ceremony/bundle.ts'
import { readBundleIn } from '../../policy/ceremony/bundle-in.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import { tronAddress } from '../../policy/chain/tron-address.ts'
import { destinationDigest } from '../../policy/destination.ts'
import { parseRoot } from '../../policy/documents.ts'
import type { Intent } from '../../policy/intent.ts'
import { parseWarrant } from '../../policy/warrant.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { anvilInstalled } from '../kit/anvil.ts'
import { startTronChain, type TronChain } from '../kit/tron-chain.ts'
import { tronDocuments } from '../kit/tron-documents.ts'
import { type ColdHouse, coldHouse, policyText, rootText, warm } from './cold-house.ts'
import { hour, plannedAgain, plannedRelease, put, typesAbout } from './cold-planned.ts'
import { publicKey, roomOf } from './cold-room.ts'
import { pgliteEngine } from './store-kit.ts'
import { testClock } from './world.ts'

const engine = pgliteEngine()
const documents = tronDocuments({ policyText, rootText, customer: warm }, 'warm')
const { customer } = documents
const open: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

interface Walk extends TronChain {
  readonly house: ColdHouse
}

async function opened(): Promise<Walk> {
  const clock = testClock()
  const chain = await startTronChain(clock.now)
  open.push(chain.stop)
  await chain.fund(tronAddress(publicKey))
  const house = await coldHouse(await engine.fresh(), clock, documents.rootText, {
    ...documents,
    chains: new Map([[chain.sim.network, tronLedger(chain.rpc)]]),
    breath: () => new Promise((resolve) => setTimeout(resolve, 10)),
  })
  open.unshift(() => house.stop())
  return { ...chain, house }
}

const release = ({ sim }: TronChain): Partial<Intent> => ({
  ...{ network: sim.network, op: 'trc20.transfer', contract: documents.token },
  ...{ to: customer.address, dest: destinationDigest(customer), maxFee: 100_000_000n },
})

/** What the room is given to sign. */
async function bytesIn({ house, sim }: Walk, plan: Parameters<typeof roomOf>[1]) {
  const files = await house.coordinator.ceremonies.bundleIn(plan.digest)
  const [warrant] = readBundleIn(readBundle(files, 'in')).warrants
  const { bytes } = parseWarrant(warrant?.bytes ?? new Uint8Array(0)).warrant
  return { bytes, effect: chainOf(sim.network).decode(bytes) }
}

describe.runIf(anvilInstalled)('a cold vault of Tron', () => {
  it('pays through its ceremony, from the plan to the settled transaction', async () => {
    const walk = await opened()
    const { house, sim, held } = walk
    const { request, plan } = await plannedRelease(house, 72 * hour, release(walk))
    const prepared = await house.during(house.coordinator.ceremonies.prepare(plan.digest))
    expect(prepared).toMatchObject({ state: 'exported' })
    const { effect } = await bytesIn(walk, plan)
    // A day at the most, and longer than the room may last.
    expect(effect.until).toBeLessThanOrEqual(house.clock.now() + 24 * hour)
    expect(effect.until).toBeGreaterThan(plan.plan.until)
    const room = await roomOf(house, plan)
    const of = await put(house, plan.digest, room.carriedOut())
    expect(await house.during(house.coordinator.ceremonies.import(of, []))).toMatchObject({
      ceremony: { state: 'concluded' },
      results: [{ about: request, line: 'sign.completed', kept: '' }],
    })
    await house.until('settled', async () => {
      await sim.mine()
      return (await house.state(request)) === 'SETTLED'
    })
    expect(await held(customer.address)).toBe(1_000_000_000n)
    expect(sim.sent).toHaveLength(1)
  }, 180_000)

  it('starts nothing whose bytes end before the room may, and signs the same bytes ever after', async () => {
    const walk = await opened()
    const { house } = walk
    const { request, plan } = await plannedRelease(house, 72 * hour, release(walk))
    const { ceremonies } = house.coordinator
    await house.during(ceremonies.abort(plan.digest, 'TIME'))
    const from = Math.floor(house.clock.now() / 1_000) * 1_000 + hour
    const later = await plannedAgain(house, request, { from, until: from + 24 * hour })
    const early = house.during(ceremonies.prepare(later.digest))
    await expect(early).rejects.toThrow(/LIFETIME: expected to be signed until/)
    expect(await typesAbout(house, 'session.started')).toEqual([])
    await house.jump(1.5 * hour)
    await walk.sim.mine(25)
    expect(await house.during(ceremonies.prepare(later.digest))).toMatchObject({
      state: 'exported',
    })
    const first = await bytesIn(walk, later)
    // The room came to nothing: what it had is all that this request ever is.
    await house.during(ceremonies.abort(later.digest, 'TIME'))
    const again = await plannedAgain(house, request)
    const prepared = await house.during(ceremonies.prepare(again.digest))
    expect(isRefusal(prepared) ? prepared : prepared.state).toBe('exported')
    expect((await bytesIn(walk, again)).bytes).toEqual(first.bytes)
    await house.during(ceremonies.abort(again.digest, 'TIME'))
    await house.jump(30 * hour)
    expect(await house.state(request)).toMatch(/LAPSING|DROPPED|EXPIRED/)
    const dead = plannedAgain(house, request)
    await expect(dead).rejects.toThrow()
  }, 180_000)
})

describe('the documents of that vault', () => {
  it('are of Tron, and of nothing else', () => {
    expect(parseRoot(documents.rootText).cold).toBe(true)
    expect(documents.policyText).not.toContain('eip155')
  })
})

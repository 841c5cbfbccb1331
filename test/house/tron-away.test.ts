// Three real nodes and a coordinator on a Tron network that is away: for an hour in which it makes no
// block and all of them die, and for half of one in which its endpoints alone are away and blocks go
// on. What was signed settles where it lands or is DROPPED when its life is over, what was not signed
// begins when the network is back, and nothing is signed, and so paid, twice.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openTronRpc } from '../../coordinator/chain-rpc/tron.ts'
import { tronLedger } from '../../coordinator/chain-rpc/tron-kind.ts'
import { tronAddress } from '../../policy/chain/tron-address.ts'
import type { Intent } from '../../policy/intent.ts'
import { fromHex, sha256, toHex } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'
import { payout } from '../coordinator/world.ts'
import { anvilInstalled } from '../kit/anvil.ts'
import type { House } from '../kit/house.ts'
import { keyOf } from '../kit/house-changes.ts'
import { breaches, linesOf } from '../kit/house-checks.ts'
import { openHouse, ready } from '../kit/house-open.ts'
import { isState, until } from '../kit/house-real-chain.ts'
import { startTronChain, type TronChain } from '../kit/tron-chain.ts'

vi.mock('../policy/dev-fixture.ts', async (original) => {
  const fixture = await original<typeof import('../policy/dev-fixture.ts')>()
  const { tronDocuments } = await import('../kit/tron-documents.ts')
  return { ...fixture, ...tronDocuments(fixture) }
})

const minute = 60_000
/** By a rule that wants nobody and gives ten minutes to begin; by one that wants a person and gives two hours. */
const [small, mid] = [100_000_000n, 2_000_000_000n]

let house: House
let chain: TronChain
let asked = 0n

/** Each of another amount: two of the same look like one asked for twice. */
function payment(amount: bigint): Intent {
  asked += 1n
  const created = house.time.now
  return payout({
    ...{ network: chain.sim.network, op: 'trc20.transfer', maxFee: 100_000_000n },
    ...{ amount: amount + asked, created, notAfter: created + 240 * minute },
  })
}

interface Asked {
  readonly id: Digest
  readonly amount: bigint
}

async function ask(amount: bigint): Promise<Asked> {
  const intent = payment(amount)
  const id = await house.submit(intent)
  if (amount === mid) expect(await house.approve(id, 'ana', 'ops')).toBe('recorded')
  return { id, amount: intent.amount }
}

const untilState = ({ id }: Asked, state: string, mining?: { mine(): Promise<void> }) =>
  until(house, `${state} of ${id}`, isState(house, id, state), mining)
const stateOf = ({ id }: Asked) => house.state(id)
const blocks = { mine: () => chain.sim.mine(4) }

/** The network goes away as soon as it is signed, and hears nothing of it. */
async function signedOnly(amount: bigint): Promise<Asked> {
  house.up = (_place, frame) => {
    if (frame.frame === 'share') chain.sim.isAway = true
    return frame
  }
  const one = await ask(amount)
  await untilState(one, 'SIGNED')
  house.up = (_place, frame) => frame
  return one
}

/** Much time in which endpoints are asked for real; every so often the network goes on. */
async function away(minutes: number, each: () => Promise<void> = async () => {}): Promise<void> {
  for (let passed = 0; passed < minutes; passed += 1) {
    await new Promise((resolve) => setTimeout(resolve, 3))
    await house.jump(minute / 2)
    await new Promise((resolve) => setTimeout(resolve, 3))
    await house.jump(minute / 2)
    await each()
  }
}

/** Of all processes nothing is left but what they wrote. */
async function everybodyDies(): Promise<void> {
  house.killCoordinator('c1')
  for (const node of house.nodes.values()) node.kill()
  await house.pass(10_000)
  await house.startCoordinator('c1')
  for (const node of house.nodes.values()) node.start()
  await ready(house)
}

async function signedOnce(all: readonly Asked[]): Promise<void> {
  for (const { id } of all) {
    expect(linesOf(await house.story(id), 'session.started')).toHaveLength(1)
    expect(house.record.sharesOf(id)).toHaveLength(2)
  }
}

async function nothingSigned({ id }: Asked): Promise<void> {
  expect(linesOf(await house.story(id), 'session.started')).toEqual([])
  expect(house.record.sharesOf(id)).toEqual([])
}

const sum = (all: readonly Asked[]): bigint => all.reduce((total, { amount }) => total + amount, 0n)

describe.runIf(anvilInstalled)('a Tron network that is away', () => {
  beforeAll(async () => {
    let now = (): number => 0
    chain = await startTronChain(() => now())
    house = await openHouse({
      seed: 'tron away',
      chains: (time) => {
        now = time
        const { urls, sim } = chain
        const options = { network: sim.network, urls, timeoutMs: 2_000, stillMs: 300_000 }
        const rpc = openTronRpc({
          ...{ ...options, now: time },
          report: (event) => house.record.event('chain', event),
        })
        return new Map([[sim.network, tronLedger(rpc)]])
      },
    })
    await chain.fund(tronAddress((await keyOf(house)).publicKey))
    chain.sim.solidAfter = 19
    await chain.sim.mine(24)
  })
  afterAll(async () => {
    await house?.close()
    await chain?.stop()
  })

  it('for an hour without a block gets all that was signed, once, and then what waited', async () => {
    const to = payment(small).to
    const before = await chain.held(to)
    const forgotten = await ask(small)
    await untilState(forgotten, 'BROADCAST')
    chain.sim.forget()
    const taken = await ask(small)
    await untilState(taken, 'BROADCAST')
    const signed = await signedOnly(small)
    const ended = await ask(small)
    const waits = await ask(mid)
    await everybodyDies()
    await away(61)
    expect(await stateOf(ended)).toBe('EXPIRED')
    await nothingSigned(ended)
    await nothingSigned(waits)
    expect(house.record.events.map(({ name }) => name)).toContain('endpoint.dead')
    await signedOnce([forgotten, taken, signed])

    chain.sim.isAway = false
    // What still waited for a block is known there; what was forgotten is taken again.
    await until(house, 'all that was signed is sent', async () => chain.sim.sent.length === 4)
    expect(new Set(chain.sim.sent).size).toBe(3)
    await nothingSigned(waits)
    const settling = [taken, forgotten, signed, waits]
    for (const one of settling) await untilState(one, 'SETTLED', blocks)
    await signedOnce(settling)
    expect((await chain.held(to)) - before).toBe(sum(settling))
  }, 600_000)

  it('while blocks go on took what it was sent; what it was not is dropped, and may be asked for anew', async () => {
    const to = payment(small).to
    const before = await chain.held(to)
    const taken = await ask(small)
    await untilState(taken, 'BROADCAST')
    const signed = await signedOnly(small)
    const waits = await ask(mid)
    await away(30, blocks.mine)
    expect((await chain.held(to)) - before).toBe(taken.amount)

    chain.sim.isAway = false
    await untilState(taken, 'SETTLED', blocks)
    await untilState(waits, 'SETTLED', blocks)
    // Its life of ten minutes is over: no block takes it any more, which two endpoints say.
    await untilState(signed, 'DROPPED', blocks)
    await signedOnce([taken, signed, waits])
    const anew = await ask(small)
    await untilState(anew, 'SETTLED', blocks)
    expect((await chain.held(to)) - before).toBe(sum([taken, waits, anew]))
  }, 600_000)

  it('leaves a log in which nothing happened twice', async () => {
    await house.pass(2_000)
    expect(await breaches(house)).toEqual([])
    const ids = chain.sim.sent.map((raw) => toHex(sha256(fromHex(raw) ?? new Uint8Array())))
    const named = linesOf(await house.entries(), 'sign.completed').map(({ body }) => body.txid)
    expect(named).toHaveLength(8)
    expect(named).toEqual(expect.arrayContaining(ids))
  })
})

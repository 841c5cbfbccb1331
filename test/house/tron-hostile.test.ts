// Three real nodes on Tron, where nobody means well: a network that takes twelve blocks back under a
// payment, and a coordinator that wants other bytes signed than people approved. Nothing is paid
// twice, and no share leaves a node for bytes that nobody approved.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { tronLedger } from '../../coordinator/chain-rpc/tron-kind.ts'
import { tronAddress } from '../../policy/chain/tron-address.ts'
import type { Intent } from '../../policy/intent.ts'
import { fromHex } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { payout } from '../coordinator/world.ts'
import { anvilInstalled } from '../kit/anvil.ts'
import type { House } from '../kit/house.ts'
import { linesOf } from '../kit/house-checks.ts'
import { openHouse } from '../kit/house-open.ts'
import { isState, until } from '../kit/house-real-chain.ts'
import { LyingCoordinator } from '../kit/lying-coordinator.ts'
import { startTronChain, type TronChain } from '../kit/tron-chain.ts'
import { bentTransfer, tronBends } from '../kit/tron-lies.ts'

vi.mock('../policy/dev-fixture.ts', async (original) => {
  const fixture = await original<typeof import('../policy/dev-fixture.ts')>()
  const { tronDocuments } = await import('../kit/tron-documents.ts')
  return { ...fixture, ...tronDocuments(fixture) }
})

const minute = 60_000
const two = ['signer-a', 'signer-b']

let house: House
let chain: TronChain
let from: string
let asked = 0n

/** By a rule that wants one person; each of another amount. */
function payment(): Intent {
  asked += 1n
  const created = house.time.now
  return payout({
    ...{ network: chain.sim.network, op: 'trc20.transfer', maxFee: 100_000_000n },
    ...{ amount: 2_000_000_000n + asked, created, notAfter: created + 240 * minute },
  })
}

async function approved(intent: Intent): Promise<Digest> {
  const id = await house.submit(intent)
  expect(await house.approve(id, 'ana', 'ops')).toBe('recorded')
  return id
}

const untilState = (id: Digest, state: string, mining?: { mine(): Promise<void> }) =>
  until(house, state, isState(house, id, state), mining)

/** Approved, reserved, and not begun by the honest one, which reaches no endpoint. */
async function reserved(intent: Intent): Promise<Digest> {
  chain.sim.isAway = true
  const id = await approved(intent)
  await untilState(id, 'RESERVED')
  return id
}

describe.runIf(anvilInstalled)('three nodes on Tron', () => {
  beforeAll(async () => {
    let now = (): number => 0
    chain = await startTronChain(() => now())
    house = await openHouse({
      seed: 'hostile tron',
      chains: (time) => {
        now = time
        return new Map([[chain.sim.network, tronLedger(chain.rpc)]])
      },
    })
    const line = (await house.entries()).find(({ type }) => type === 'key.generated')
    const { body } = JSON.parse(Buffer.from(line?.bytes ?? []).toString()) as { body: JsonObject }
    from = tronAddress(fromHex(String(body['publicKey'])) ?? new Uint8Array())
    await chain.fund(from)
    chain.sim.solidAfter = 19
    await chain.sim.mine(24)
  })
  afterAll(async () => {
    await house?.close()
    await chain?.stop()
  })

  it('pay once over twelve blocks that are taken back', async () => {
    const one = payment()
    const before = await chain.held(one.to)
    const first = await approved(one)
    await untilState(first, 'BROADCAST')
    await chain.sim.mine(12)
    expect((await chain.held(one.to)) - before).toBe(one.amount)
    await chain.sim.takeBack(12)
    expect(await chain.held(one.to)).toBe(before)
    const [bytes] = chain.sim.sent
    await until(house, 'it is sent again', async () => chain.sim.sent.length === 2)
    expect(chain.sim.sent[1]).toBe(bytes)
    await untilState(first, 'SETTLED', { mine: () => chain.sim.mine(5) })
    expect(linesOf(await house.story(first), 'session.started')).toHaveLength(1)
    expect(house.record.sharesOf(first)).toHaveLength(2)
    expect((await chain.held(one.to)) - before).toBe(one.amount)
    const { word, findings } = await house.verify()
    expect({ word, findings }).toEqual({ word: 'OK', findings: [] })
  })

  it('sign no second payment while the first one lives, whoever asks', async () => {
    const one = payment()
    const first = await approved(one)
    await untilState(first, 'BROADCAST')
    const scene = { from, now: house.time.now }
    const other = { bytes: (intent: Intent) => bentTransfer(intent, scene, {}) }
    const asked = new LyingCoordinator(house).ask(first, 2, two, other)
    await expect(asked).rejects.toThrow(/not even a line/)
    await house.pass(3_000)
    expect(linesOf(await house.story(first), 'session.started')).toHaveLength(1)
    expect(house.record.sharesOf(first)).toHaveLength(2)
    await untilState(first, 'SETTLED', { mine: () => chain.sim.mine(5) })
  })

  it.each(tronBends)('refuse %s, each by itself, with %s', async (_what, refusal, bend) => {
    const intent = payment()
    const id = await reserved(intent)
    const scene = { from, now: house.time.now }
    await new LyingCoordinator(house).tell(id, 1, two, {
      bytes: (asked) => bentTransfer(asked, scene, bend(asked)),
    })
    const said = house.record.refusals(id).map(({ value }) => `${value.check} ${value.code}`)
    expect(said).toEqual([refusal, refusal])
    expect(house.record.sharesOf(id)).toEqual([])
    expect(house.record.accepted.filter(({ value }) => value.intent === id)).toEqual([])
  })
})

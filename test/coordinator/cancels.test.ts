// Cancels on a real EVM node, through one coordinator with scripted nodes: a payment that no block
// takes is cancelled, or lands before its cancel does, and never both. Blocks come when told to.
import { describe, expect, it, vi } from 'vitest'
import { verify } from '../../policy/audit/verify.ts'
import type { Intent } from '../../policy/intent.ts'
import { anvilInstalled } from '../kit/anvil.ts'
import { exportedFrom } from '../kit/house-export-files.ts'
import { cancelling, type EvmWalk, evmWalks, paidTo } from './evm-walk.ts'
import { story } from './house.ts'
import { payout, signIntent } from './world.ts'

vi.mock('../policy/dev-fixture.ts', async (original) => {
  const fixture = await original<typeof import('../policy/dev-fixture.ts')>()
  const { withCancels } = await import('../kit/evm-documents.ts')
  return { ...fixture, ...withCancels(fixture) }
})

const walks = evmWalks()

const open = (): Promise<EvmWalk> => walks({ endpoints: 2 })

/** Sent, and in no block. */
async function stuck({ house, untilState }: EvmWalk, amount = 100_000_000n): Promise<string> {
  const id = await house.submit(payout({ amount }))
  await untilState(id, 'BROADCAST')
  return id
}

async function refusedWith({ house }: EvmWalk, intent: Intent): Promise<string> {
  const answer = await house.coordinator.requests.submit(signIntent(intent), [])
  return 'code' in answer ? answer.code : 'accepted'
}

async function findings({ house, clock }: EvmWalk) {
  const exported = await exportedFrom(house.coordinator.proofs.ports)
  return verify({ ...exported, nowMs: clock.now() }).findings
}

const fees = (body: object | undefined) =>
  (body as { readonly fee: { readonly price: string; readonly tip: string } }).fee

describe.runIf(anvilInstalled)('a cancel', () => {
  it('of a payment that no block takes lands in its place, and what came later goes on', async () => {
    const on = await open()
    const { house } = on
    const id = await stuck(on)
    const later = await stuck(on, 5_000_000n)
    const cancel = await house.submit(cancelling(id))
    await on.untilState(cancel, 'BROADCAST')
    expect(await house.state(id)).toBe('BROADCAST')
    const [first] = await on.lines(id, 'session.started')
    const [above] = await on.lines(cancel, 'session.started')
    for (const of of ['price', 'tip'] as const) {
      expect(10n * BigInt(fees(above)[of])).toBeGreaterThanOrEqual(11n * BigInt(fees(first)[of]))
    }
    for (const one of [cancel, later]) await on.untilState(one, 'SETTLED', 'mining')
    await on.untilState(id, 'DROPPED', 'mining')
    expect(await on.held(paidTo)).toBe(5_000_000n)
    expect(await on.landed()).toBe(2)
    expect((await story(house, id)).filter((type) => type === 'session.started')).toHaveLength(1)
    expect(await findings(on)).toEqual([])
  })

  it('that lost the race is dropped, and the payment settles once', async () => {
    const on = await open()
    const { house } = on
    const id = await stuck(on)
    // What is sent from here on reaches nobody, and every endpoint says that it was taken.
    for (const proxy of on.proxies) {
      proxy.lies = { eth_sendRawTransaction: { instead: `0x${'7'.repeat(64)}` } }
    }
    const cancel = await house.submit(cancelling(id))
    await on.untilState(cancel, 'BROADCAST')
    for (const proxy of on.proxies) proxy.lies = {}
    await on.untilState(id, 'SETTLED', 'mining')
    await on.untilState(cancel, 'DROPPED', 'mining')
    expect(await on.held(paidTo)).toBe(100_000_000n)
    expect(await on.landed()).toBe(1)
    expect(await findings(on)).toEqual([])
  })

  it('of what was never signed takes its nonce, and ends it', async () => {
    const on = await open()
    const { house } = on
    for (const node of house.nodes) node.script.silent = true
    const id = await house.submit(payout())
    await on.untilState(id, 'SIGNING')
    const cancel = await house.submit(cancelling(id))
    await on.until('the cancel is tried', async () => {
      return (await on.lines(cancel, 'session.started')).length > 0
    })
    for (const node of house.nodes) node.script.silent = false
    await on.untilState(cancel, 'SETTLED', 'mining')
    await on.untilState(id, 'DROPPED', 'mining')
    expect([await on.held(paidTo), await on.landed()]).toEqual([0n, 1])
    expect(await findings(on)).toEqual([])
  })

  it('is refused of what it cannot take over, and withdrawn before it is tried changes nothing', async () => {
    const on = await open()
    const { house } = on
    expect(await refusedWith(on, cancelling('ca'.repeat(32)))).toBe('REQUEST_NOT_FOUND')
    const id = await stuck(on)
    expect(await refusedWith(on, cancelling(id, { path: 'm/1' }))).toBe('NONCE')
    for (const node of house.nodes) node.say('checking')
    await on.pass(1_000)
    const cancel = await house.submit(cancelling(id))
    expect(await refusedWith(on, cancelling(id))).toBe('accepted')
    await house.coordinator.requests.cancel(cancel, 'svc-payouts')
    expect(await house.state(cancel)).toBe('CANCELLED')
    await on.untilState(id, 'SETTLED', 'mining')
    expect(await refusedWith(on, cancelling(id))).toBe('REQUEST_ENDED')
    expect(await on.held(paidTo)).toBe(100_000_000n)
  })
})

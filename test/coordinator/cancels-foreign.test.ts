// A cancel beside a nonce that somebody else used: the key signed outside of the log, so neither the
// payment nor its cancel can land any more. On a real EVM node.
import { Wallet } from 'ethers'
import { describe, expect, it, vi } from 'vitest'
import { verify } from '../../policy/audit/verify.ts'
import { toHex } from '../../proto/crypto.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { anvilInstalled } from '../kit/anvil.ts'
import { exportedFrom } from '../kit/house-export-files.ts'
import { cancelling, type EvmWalk, evmWalks } from './evm-walk.ts'
import { story } from './house.ts'
import { payout, signIntent, vaultSecret } from './world.ts'

vi.mock('../policy/dev-fixture.ts', async (original) => {
  const fixture = await original<typeof import('../policy/dev-fixture.ts')>()
  const { withCancels } = await import('../kit/evm-documents.ts')
  return { ...fixture, ...withCancels(fixture) }
})

const walks = evmWalks()

const open = (alarmOnly: boolean): Promise<EvmWalk> =>
  walks({ endpoints: 2, timeoutMs: 2_000, alarmOnly })

async function stuck({ house, untilState }: EvmWalk): Promise<string> {
  const id = await house.submit(payout())
  await untilState(id, 'BROADCAST')
  return id
}

/** Above whatever waits under the nonce, and final. */
async function stolen({ anvil, mine }: EvmWalk, nonce: number): Promise<void> {
  const wallet = new Wallet(`0x${toHex(vaultSecret('hot'))}`)
  const price = 50_000_000_000n
  const fees = { maxFeePerGas: price, maxPriorityFeePerGas: price }
  const to = `0x${'11'.repeat(20)}`
  const sent = { type: 2, chainId: 31337, nonce, gasLimit: 21_000n, to, value: 7n, ...fees }
  await anvil.call('eth_sendRawTransaction', [await wallet.signTransaction(sent)])
  await mine(4)
}

async function shown({ house }: EvmWalk, id: string) {
  const found = await house.coordinator.requests.find({ id })
  if (isRefusal(found)) throw new Error(found.because)
  return { state: found.state, reasons: found.reasons.map(({ code }) => code) }
}

const alarmed = (on: EvmWalk) =>
  on.until('an alarm', async () => on.house.events.some(({ name }) => name === 'nonce.foreign'))

async function findings({ house, clock }: EvmWalk) {
  const exported = await exportedFrom(house.coordinator.proofs.ports)
  return verify({ ...exported, nowMs: clock.now() }).findings
}

describe.runIf(anvilInstalled)('a cancel beside a nonce that somebody else used', () => {
  for (const alarmOnly of [false, true]) {
    const where = alarmOnly ? 'an alarm alone' : 'a vault that is held'
    it(`is refused when it is asked for, of ${where}`, async () => {
      const on = await open(alarmOnly)
      const id = await stuck(on)
      await stolen(on, 0)
      await alarmed(on)
      const answer = await on.house.coordinator.requests.submit(signIntent(cancelling(id)), [])
      expect(answer).toMatchObject({
        code: 'NONCE',
        because: 'nonce 0 of hot m is used up: nothing is left to cancel',
      })
      expect((await shown(on, id)).state).toBe('BROADCAST')
    })
  }

  it('that was asked for before gives its reservation back unsigned, and ends', async () => {
    const on = await open(true)
    const { house } = on
    const id = await stuck(on)
    // The payment was looked at just before, and is again in a quarter of a minute.
    await stolen(on, 0)
    const cancel = await house.submit(cancelling(id))
    await on.until('the reason', async () => (await shown(on, cancel)).reasons.includes('NONCE'))
    await on.pass(10_000)
    expect(await on.lines(cancel, 'session.started')).toEqual([])
    for (const type of ['spend.reserved', 'spend.released']) {
      expect(await on.lines(cancel, type)).toHaveLength(1)
    }
    expect(await shown(on, cancel)).toEqual({ state: 'WAITING', reasons: ['NONCE'] })
    // Its rule gave it two hours.
    await house.jump(2 * 3_600_000 + 60_000)
    expect((await shown(on, cancel)).state).toBe('EXPIRED')
    expect(await story(house, cancel)).toContain('intent.expired')
    expect(await findings(on)).toEqual([])
  })

  it('that was sent lands as little as the payment, and nothing after them is held up', async () => {
    const on = await open(true)
    const { house } = on
    const id = await stuck(on)
    const cancel = await house.submit(cancelling(id))
    await on.untilState(cancel, 'BROADCAST')
    await stolen(on, 0)
    await alarmed(on)
    const next = await house.submit(payout({ amount: 5_000_000n }))
    await on.untilState(next, 'SETTLED', 'mining')
    expect(await on.lines(next, 'spend.reserved')).toMatchObject([{ slot: '1' }])
    for (const one of [id, cancel]) expect((await shown(on, one)).state).toBe('BROADCAST')
    expect(await on.landed()).toBe(2)
    expect(await findings(on)).toEqual([])
  })
})

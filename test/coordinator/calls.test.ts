// Contract calls and legacy transactions on their whole walk through one coordinator with scripted
// nodes, under a policy that allows one function of one contract.
import { Interface, Transaction } from 'ethers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { verify } from '../../policy/audit/verify.ts'
import { digestOfText } from '../../policy/document.ts'
import type { Intent } from '../../policy/intent.ts'
import { parseHandle } from '../../proto/ids.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { tags } from '../../proto/tags.ts'
import { exportedFrom } from '../kit/house-export-files.ts'
import { as, decision, type House, houseOn, story } from './house.ts'
import { pgliteEngine } from './store-kit.ts'
import { customer, payout } from './world.ts'

const spender = '0x2222222222222222222222222222222222222222'
const approving = (value: number) =>
  `approve(address spender = ${spender}, uint256 value = ${value})`

/** Another policy for the same organisation, and the root that names it: a root names its policy. */
vi.mock(import('../policy/dev-fixture.ts'), async (importOriginal) => {
  const original = await importOriginal()
  const spender = '0x2222222222222222222222222222222222222222'
  const policyText = original.changed(original.policyText, (json) => {
    json.networks.dev.transactions = ['legacy']
    json.guards[0].deny.op.notIn.push('evm.call')
    json.calls = {
      approve: {
        network: 'dev',
        contract: original.customer.address,
        function: 'approve(address spender, uint256 value)',
        arguments: [{ in: [spender] }, { lte: '1000' }],
      },
    }
    json.rules.push({
      id: 'approve',
      match: {
        op: ['evm.call'],
        from: ['hot'],
        to: ['customer'],
        asset: ['eth-native'],
        initiator: ['payout-bot'],
        amount: { lte: '0' },
        when: 'always',
        call: ['approve'],
      },
      require: [{ role: 'ops', count: 1 }],
      ttl: '2h',
    })
    json.limits.push({
      id: 'calls',
      count: true,
      rule: ['approve'],
      window: 'sliding 1h',
      max: '2',
    })
  })
  const digestOf = (text: string) => digestOfText(tags.policy, text)
  const [before, after] = [original.policyText, policyText].map(digestOf)
  return { ...original, policyText, rootText: original.rootText.replace(before!, after!) }
})

const calling = (call: string): Intent =>
  payout({
    op: 'evm.call',
    asset: parseHandle('eth-native'),
    contract: '',
    amount: 0n,
    call,
  })

const engine = pgliteEngine()
let house: House | undefined
afterEach(() => house?.stop())

async function built(): Promise<House> {
  house = await houseOn(await engine.fresh())
  house.chain.depth = 1
  return house
}

async function approved(on: House, call: string): Promise<string> {
  const id = await on.submit(calling(call))
  await on.untilState(id, 'AWAITING_APPROVAL')
  await on.coordinator.decisions.decide(await decision(on, id, as('ana', 'ops')))
  return id
}

async function shown(on: House, id: string) {
  const found = await on.coordinator.requests.find({ id })
  if (isRefusal(found)) throw new Error(found.because)
  return found
}

describe('a contract call', () => {
  it('walks from its submit to the chain, is counted, and a stranger verifies its log', async () => {
    const on = await built()
    // As Tether wants it: through zero, both within the window of the duplicate guard.
    const first = await approved(on, approving(0))
    const second = await approved(on, approving(1_000))
    for (const id of [first, second]) await on.untilState(id, 'SETTLED')
    expect(await story(on, first)).toEqual([
      'intent.created',
      'intent.evaluated',
      'approval.recorded',
      'intent.evaluated',
      'spend.reserved',
      'session.started',
      'sign.completed',
      'tx.broadcast',
      'tx.settled',
    ])
    const { signedTransaction } = await shown(on, second)
    const sent = Transaction.from(`0x${Buffer.from(signedTransaction).toString('hex')}`)
    const abi = new Interface(['function approve(address spender, uint256 value)'])
    expect(sent.data).toBe(abi.encodeFunctionData('approve', [spender, 1_000n]))
    expect(sent).toMatchObject({ type: 0, value: 0n, chainId: 31_337n })
    expect(sent.to?.toLowerCase()).toBe(customer.address)

    const third = await approved(on, approving(1))
    await on.pass(2_000)
    expect((await shown(on, third)).reasons.map(({ code }) => code)).toContain('LIMIT')

    const exported = await exportedFrom(on.coordinator.proofs.ports)
    const report = verify({ ...exported, nowMs: on.clock.now() })
    expect(report.findings).toEqual([])
  })

  it('outside its bounds is denied at once, with the argument that is wrong', async () => {
    const on = await built()
    const wrong = [approving(1_001), approving(1).replaceAll('2222', '3333'), 'deposit()']
    for (const call of wrong) {
      const { state, reasons } = await shown(on, await on.submit(calling(call)))
      expect(state).toBe('DENIED')
      expect(reasons.map(({ because }) => because)).toContainEqual(
        expect.stringMatching(/approve with this (?:value|spender) cannot be|deposit\(\) there/),
      )
    }
  })
})

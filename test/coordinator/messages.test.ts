// Messages on their whole walk through one coordinator with scripted nodes, under a policy that
// allows one permit and one declaration. What comes out is held against ethers.
import { verifyMessage, verifyTypedData } from 'ethers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { requestsIn } from '../../coordinator/store/requests.ts'
import { verify } from '../../policy/audit/verify.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import { digestOfText } from '../../policy/document.ts'
import type { Intent } from '../../policy/intent.ts'
import { toHex } from '../../proto/crypto.ts'
import { writeSigned } from '../../proto/frames.ts'
import { parseHandle } from '../../proto/ids.ts'
import { text } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { tags } from '../../proto/tags.ts'
import { exportedFrom } from '../kit/house-export-files.ts'
import { as, decision, type House, houseOn, story } from './house.ts'
import { pgliteEngine } from './store-kit.ts'
import { customer, nodes, origin, payout, signIntent, testedStatement, vaultRow } from './world.ts'

const spender = '0x2222222222222222222222222222222222222222'
const owner = chainOf('eip155:31337').address(vaultRow('hot').publicKey)

/** Another policy for the same organisation, and the root that names it: a root names its policy. */
vi.mock(import('../policy/dev-fixture.ts'), async (importOriginal) => {
  const original = await importOriginal()
  const spender = '0x2222222222222222222222222222222222222222'
  const policyText = original.changed(original.policyText, (json) => {
    json.guards[0].deny.op.notIn.push('evm.message')
    json.messages = {
      permit: {
        network: 'dev',
        domain: { name: 'Token', verifyingContract: original.customer.address },
        type: 'Permit(address spender,uint256 value,uint256 nonce)',
        fields: [
          { field: 'spender', in: [spender] },
          { field: 'value', lte: '1000' },
          { field: 'nonce', lte: '1000' },
        ],
      },
      ours: { network: 'dev', begins: 'This address is ours: ', more: 8 },
    }
    const match = {
      op: ['evm.message'],
      from: ['hot'],
      to: ['customer'],
      asset: ['eth-native'],
      initiator: ['payout-bot'],
      amount: { lte: '0' },
      when: 'always',
      message: ['permit'],
    }
    const asked = { require: [{ role: 'ops', count: 1 }], ttl: '2h' }
    json.rules.push({ id: 'permit', match, ...asked })
    json.rules.push({
      id: 'ours',
      match: { ...match, to: ['hot'], message: ['ours'] },
      ...asked,
    })
    json.limits.push({
      id: 'messages',
      count: true,
      rule: ['permit', 'ours'],
      window: 'sliding 1h',
      max: '3',
    })
  })
  const digestOf = (document: string) => digestOfText(tags.policy, document)
  const [before, after] = [original.policyText, policyText].map(digestOf)
  return { ...original, policyText, rootText: original.rootText.replace(before!, after!) }
})

const domain = { chainId: '31337', name: 'Token', verifyingContract: customer.address }
const types = {
  Permit: [
    { name: 'spender', type: 'address' },
    { name: 'value', type: 'uint256' },
    { name: 'nonce', type: 'uint256' },
  ],
}
const permit = (value: number, nonce = 0) => ({
  spender,
  value: `${value}`,
  nonce: `${nonce}`,
})
const typed = (value: number, nonce = 0) =>
  text({ domain, message: permit(value, nonce), primaryType: 'Permit', types })

const asking = (message: string): Intent =>
  payout({
    op: 'evm.message',
    asset: parseHandle('eth-native'),
    contract: '',
    amount: 0n,
    maxFee: 0n,
    message,
  })
const declaring = (words: string): Intent => ({
  ...asking(text({ declaration: words })),
  to: owner,
  dest: '',
})

const engine = pgliteEngine()
let house: House | undefined
afterEach(() => house?.stop())

async function built(): Promise<House> {
  house = await houseOn(await engine.fresh())
  return house
}

async function approved(on: House, intent: Intent): Promise<string> {
  const id = await on.submit(intent)
  await on.untilState(id, 'AWAITING_APPROVAL')
  await on.coordinator.decisions.decide(await decision(on, id, as('ana', 'ops')))
  return id
}

async function shown(on: House, id: string) {
  const found = await on.coordinator.requests.find({ id })
  if (isRefusal(found)) throw new Error(found.because)
  return found
}

async function verified(on: House) {
  return verify({ ...(await exportedFrom(on.coordinator.proofs.ports)), nowMs: on.clock.now() })
}

describe('a message', () => {
  it('walks from its submit to its signature, asks no chain, and a stranger verifies its log', async () => {
    const on = await built()
    const id = await approved(on, asking(typed(1_000)))
    await on.untilState(id, 'SIGNED')
    await on.pass(3_000)
    expect(await story(on, id)).toEqual([
      'intent.created',
      'intent.evaluated',
      'approval.recorded',
      'intent.evaluated',
      'spend.reserved',
      'session.started',
      'sign.completed',
    ])
    expect(on.chain.sent).toEqual([])
    const { signature, signedTransaction, txid } = await shown(on, id)
    expect([signature.length, signedTransaction.length, txid]).toEqual([65, 0, ''])
    expect([27, 28]).toContain(signature[64])
    const by = verifyTypedData(domain, types, permit(1_000), `0x${toHex(signature)}`)
    expect(by.toLowerCase()).toBe(owner)
    expect((await verified(on)).findings).toEqual([])
  })

  it('of a vault whose backups are proven may say that an address is ours', async () => {
    const on = await built()
    const words = 'This address is ours: 7f3a'
    const early = await on.submit(declaring(words))
    expect(await on.state(early)).toBe('DENIED')
    for (const name of nodes) {
      const backupTested = { statement: writeSigned(testedStatement('hot', name)) }
      on.nodes.find((node) => node.name === name)?.send({ frame: 'backupTested', backupTested })
    }
    await on.pass(2_000)
    const id = await approved(on, declaring(words))
    await on.untilState(id, 'SIGNED')
    const { signature } = await shown(on, id)
    expect(verifyMessage(words, `0x${toHex(signature)}`).toLowerCase()).toBe(owner)
    expect((await verified(on)).findings).toEqual([])
  })

  it('takes no nonce, does not wait for a chain, and stands in no way', async () => {
    const on = await built()
    on.chain.depth = 1
    const id = await approved(on, asking(typed(1)))
    await on.untilState(id, 'SIGNED')
    const paid = await on.submit(payout())
    await on.untilState(paid, 'SETTLED')
    expect(on.chain.sent).toHaveLength(1)
    // What is driven is looked for oldest first, so a signed message is none of it.
    expect(await requestsIn(on.store, origin, ['SIGNED'], 9)).toEqual([])
    const page = await on.coordinator.requests.list({ state: 'SIGNED', before: 1e9, countMax: 9 })
    expect(page.map(({ intent }) => intent)).toEqual([id])
    // It has ended there: whoever lists what is open does not read every message ever signed.
    const { requests } = on.coordinator
    const open = async (state: string) =>
      (await requests.list({ state, open: true, before: 1e9, countMax: 9 })).length
    expect(await open('SIGNED')).toBe(0)
    expect(await open('')).toBe(0)
    const waits = await on.submit(asking(typed(2)))
    expect(
      (await requests.list({ state: '', open: true, before: 1e9, countMax: 9 }))[0]?.intent,
    ).toBe(waits)
  })

  it('is counted, is signed for one request only, and is denied outside its bounds', async () => {
    const on = await built()
    const first = await approved(on, asking(typed(1)))
    await on.untilState(first, 'SIGNED')
    const again = await on.coordinator.requests.submit(signIntent(asking(typed(1))), [])
    const because =
      `this message is that of request ${first}, and is signed for no other one: ` +
      'put what differs into it, as the address'
    expect(again).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT', because })
    const wide = await shown(on, await on.submit(asking(typed(1_001))))
    expect(wide.state).toBe('DENIED')
    expect(wide.reasons[0]?.because).toMatch(/permit with this value cannot be/)
    for (const nonce of [1, 2]) {
      await on.untilState(await approved(on, asking(typed(1, nonce))), 'SIGNED')
    }
    const fourth = await approved(on, asking(typed(1, 3)))
    await on.pass(2_000)
    expect((await shown(on, fourth)).reasons.map(({ code }) => code)).toContain('LIMIT')
  })

  it('that two requests ask for at once is signed for one, and the other says why it is not', async () => {
    const on = await built()
    const ids = [await on.submit(asking(typed(1))), await on.submit(asking(typed(1)))]
    for (const id of ids) {
      await on.coordinator.decisions.decide(await decision(on, id, as('ana', 'ops')))
    }
    const states = () => Promise.all(ids.map((id) => on.state(id)))
    await on.until('one is signed', async () => (await states()).includes('SIGNED'))
    await on.pass(5_000)
    expect((await states()).toSorted()).toEqual(['SIGNED', 'WAITING'])
    const other = ids[(await states()).indexOf('WAITING')]!
    expect((await shown(on, other)).reasons.map(({ code }) => code)).toEqual([
      'IDEMPOTENCY_CONFLICT',
    ])
    const reserved = async () =>
      (await story(on, other)).filter((type) => type === 'spend.reserved').length
    const before = await reserved()
    await on.jump(120_000)
    expect(await reserved()).toBe(before)
    await on.jump(2 * 3_600_000)
    expect(await on.state(other)).toBe('EXPIRED')
    expect((await verified(on)).findings).toEqual([])
  })

  it('is tried again as it is, and ends as EXPIRED when nothing may be signed any more', async () => {
    const on = await built()
    for (const node of on.nodes) node.script.spoilShare = true
    const id = await approved(on, asking(typed(1)))
    const tries = async () => (await story(on, id)).filter((type) => type === 'session.started')
    await on.until('a second attempt', async () => (await tries()).length > 1)
    for (const node of on.nodes) node.script.spoilShare = false
    await on.untilState(id, 'SIGNED')

    for (const node of on.nodes) node.script.spoilShare = true
    const spent = await approved(on, asking(typed(2)))
    await on.until('no attempt is left', async () => {
      await on.jump(60_000)
      return (await on.state(spent)) === 'EXPIRED'
    })
    const lines = await story(on, spent)
    expect(lines.filter((type) => type === 'session.started')).toHaveLength(
      limits.attemptsPerIntentMax,
    )
    expect(lines.at(-1)).toBe('intent.expired')
    expect((await verified(on)).findings).toEqual([])
  })
})

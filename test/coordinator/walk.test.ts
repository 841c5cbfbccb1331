// The walk of a request through one coordinator with scripted nodes: from submit to the chain, and
// every way in which people, limits, nodes and time stand in between.

import { recoverAddress, Transaction } from 'ethers'
import { afterEach, describe, expect, it } from 'vitest'
import { readExport } from '../../policy/audit/export.ts'
import { verify } from '../../policy/audit/verify.ts'
import { evmAddress } from '../../policy/chain/evm.ts'
import { parseDestination } from '../../policy/destination.ts'
import { ed25519Signer, toUtf8 } from '../../proto/crypto.ts'
import { limits } from '../../proto/limits.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { sign } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'
import { exportedFrom } from '../kit/house-export-files.ts'
import { seedOf } from '../policy/dev-fixture.ts'
import { as, decision, type House, type HouseOptions, houseOn, story } from './house.ts'
import { pgliteEngine } from './store-kit.ts'
import { freezeOf, origin, payout, record, root, signIntent, vaultRow } from './world.ts'

const engine = pgliteEngine()
const houses: House[] = []

afterEach(async () => {
  for (const house of houses.splice(0)) await house.stop()
})

async function built(options: HouseOptions = {}): Promise<House> {
  const house = await houseOn(await engine.fresh(), options)
  houses.push(house)
  return house
}

const usdt = (whole: number) => BigInt(whole) * 1_000_000n

async function approve(house: House, id: string, person: string, role: string) {
  return house.coordinator.decisions.decide(await decision(house, id, as(person, role)))
}

async function reasonsOf(house: House, id: string): Promise<string[]> {
  const shown = await house.coordinator.requests.find({ id })
  return isRefusal(shown) ? [shown.code] : shown.reasons.map(({ code }) => code)
}

describe('a payout that asks nobody', () => {
  it('walks from its submit to the chain, line by line', async () => {
    const house = await built()
    house.chain.depth = 1
    const id = await house.submit(payout())
    await house.untilState(id, 'SETTLED')
    expect(await story(house, id)).toEqual([
      'intent.created',
      'intent.evaluated',
      'spend.reserved',
      'session.started',
      'sign.completed',
      'tx.broadcast',
      'tx.settled',
    ])
    const shown = await house.coordinator.requests.find({ id })
    if (isRefusal(shown)) throw new Error(shown.because)
    const sent = Transaction.from(`0x${Buffer.from(shown.signedTransaction).toString('hex')}`)
    expect(sent.from?.toLowerCase()).toBe(evmAddress(vaultRow('hot').publicKey))
    expect(recoverAddress(sent.unsignedHash, sent.signature ?? '')).toBe(sent.from)
    expect(shown).toMatchObject({ txid: sent.hash, attempts: 1, rule: 'payout-auto', reasons: [] })
    expect(house.chain.sent).toEqual([sent.hash])
  })

  it('leaves a log that a stranger verifies from the Export alone', async () => {
    const house = await built()
    house.chain.depth = 1
    const id = await house.submit(payout())
    const mid = await house.submit(payout({ amount: usdt(2_000) }))
    await approve(house, mid, 'ana', 'ops')
    await house.untilState(id, 'SETTLED')
    await house.untilState(mid, 'SETTLED')
    await house.pass(500)
    const exported = await exportedFrom(house.coordinator.proofs.ports)
    const report = verify({ ...exported, nowMs: house.clock.now() })
    expect(readExport(exported.files).lines.length).toBe(house.coordinator.tree.size)
    expect(report.findings).toEqual([])
    expect(report.exit).toBe(0)
  })

  it('is answered again with the same request, and another intent under its id is a conflict', async () => {
    const house = await built()
    const intent = payout()
    const id = await house.submit(intent)
    expect(await house.submit(intent)).toBe(id)
    const other = await house.coordinator.requests.submit(
      signIntent({ ...intent, amount: usdt(7) }),
      [],
    )
    expect(other).toMatchObject({ kind: 'refused', code: 'IDEMPOTENCY_CONFLICT' })
    const both = await Promise.all([house.submit(payout({ ...intent })), house.submit(intent)])
    expect(both).toEqual([id, id])
    const found = await house.coordinator.requests.find({
      initiator: intent.initiator,
      callerId: intent.id,
    })
    expect(found).toMatchObject({ id })
  })

  it('is denied at once, with every reason, when no rule could ever allow it', async () => {
    const house = await built()
    const id = await house.submit(payout({ amount: usdt(200_000) }))
    expect(await house.state(id)).toBe('DENIED')
    expect(await reasonsOf(house, id)).toContain('POLICY_DENIED')
    const stranger = '0x1111111111111111111111111111111111111111'
    const unknown = await house.submit(payout({ to: stranger }))
    expect(await house.state(unknown)).toBe('DENIED')
  })

  it('goes to an address that the attesting service signed for, and to no other', async () => {
    const house = await built()
    house.chain.depth = 1
    const address = '0x2222222222222222222222222222222222222222'
    const signed = record({ address, label: 'cust-2' })
    const { digest } = parseDestination(new TextEncoder().encode(signed.document))
    const id = await house.submit(payout({ to: address, dest: digest }), [signed])
    await house.untilState(id, 'SETTLED')
    const forged = { ...signed, document: signed.document.replace('cust-2', 'cust-3') }
    const { digest: other } = parseDestination(new TextEncoder().encode(forged.document))
    const denied = await house.submit(payout({ to: address, dest: other }), [forged])
    expect(await house.state(denied)).toBe('DENIED')
  })
})

describe('what is turned away at the border', () => {
  it('leaves no trace', async () => {
    const house = await built()
    const { size } = house.coordinator.tree
    const now = house.clock.now()
    const good = signIntent(payout())
    const cases = [
      [{ ...good, signature: new Uint8Array(64) }, 'INTENT_SIG'],
      [
        { ...good, credential: signIntent(payout({ initiator: 'ana' as never })).credential },
        'INTENT_SIG',
      ],
      [signIntent(payout({ env: 'prod' })), 'INVALID_INTENT'],
      [signIntent(payout({ created: now + limits.clockSkewMs + 2_000 })), 'TIME'],
      [signIntent(payout({ created: now - 9_000, notAfter: now - 1_000 })), 'TIME'],
      [signIntent(payout({ vault: 'lost' as never })), 'VAULT_NOT_FOUND'],
    ] as const
    for (const [signed, code] of cases) {
      expect(await house.coordinator.requests.submit(signed, [])).toMatchObject({ code })
    }
    const none = await house.coordinator.requests.find({ id: '00'.repeat(32) })
    expect(none).toMatchObject({ code: 'REQUEST_NOT_FOUND' })
    expect(await house.coordinator.requests.find({ id: 'x' })).toMatchObject({ code: 'MALFORMED' })
    expect(house.coordinator.tree.size).toBe(size)
  })

  it('is too much, when a caller has too many requests open', async () => {
    const house = await built()
    const first = await house.submit(payout({ amount: usdt(2_000) }))
    await house.store.query(
      `insert into request select origin, intent || n::text, initiator, caller_id || n::text, vault,
         state, not_after, created_seq, seq
       from request, generate_series(2, $1::int) as n where intent = $2`,
      [limits.pendingRequestsPerCallerMax, first],
    )
    const more = await house.coordinator.requests.submit(signIntent(payout()), [])
    expect(more).toMatchObject({ code: 'QUEUE_FULL' })
  })

  it('is only tried out when that is asked', async () => {
    const house = await built()
    const { size } = house.coordinator.tree
    const judged = await house.coordinator.requests.simulate(
      signIntent(payout({ amount: usdt(30_000) })),
      [],
    )
    if (isRefusal(judged)) throw new Error(judged.because)
    expect(judged.verdict).toMatchObject({ result: 'NEED', rule: 'payout-large' })
    expect(house.coordinator.tree.size).toBe(size)
  })
})

describe('people', () => {
  it('are asked, and distinct people fill distinct roles', async () => {
    const house = await built()
    house.chain.depth = 1
    const id = await house.submit(payout({ amount: usdt(30_000) }))
    expect(await house.state(id)).toBe('AWAITING_APPROVAL')
    const shown = await house.coordinator.requests.find({ id })
    expect(shown).toMatchObject({ missing: ['1 ops', '1 treasury'], rule: 'payout-large' })
    expect(await approve(house, id, 'ana', 'ops')).not.toMatchObject({ kind: 'refused' })
    expect(await house.state(id)).toBe('AWAITING_APPROVAL')
    expect(await house.coordinator.requests.find({ id })).toMatchObject({ missing: ['1 treasury'] })
    await approve(house, id, 'eli', 'treasury')
    await house.untilState(id, 'SETTLED')
  })

  it('decide once: again is the same line, something else is a replay', async () => {
    const house = await built()
    const id = await house.submit(payout({ amount: usdt(30_000) }))
    const signed = await decision(house, id, as('ana', 'ops'))
    const first = await house.coordinator.decisions.decide(signed)
    const again = await house.coordinator.decisions.decide(signed)
    if (isRefusal(first) || isRefusal(again)) throw new Error('refused')
    expect(again.seq).toBe(first.seq)
    expect(first.checkpoint.length).toBeGreaterThan(0)
    const nonce = new Uint8Array(16)
    const other = await decision(house, id, { ...as('ana', 'ops'), nonce })
    expect(await house.coordinator.decisions.decide(other)).toMatchObject({
      code: 'APPROVAL_REPLAYED',
    })
  })

  it('are not heard outside their role, their rule, their time or their interest', async () => {
    const house = await built()
    const id = await house.submit(payout({ amount: usdt(2_000) }))
    const now = house.clock.now()
    const cases = [
      [as('eli', 'treasury'), 'APPROVAL_SCOPE'],
      [as('eli', 'ops'), 'APPROVAL_SCOPE'],
      [{ ...as('ana', 'ops'), rule: 'payout-auto' as never }, 'RULE'],
      [{ ...as('ana', 'ops'), issued: now - 9_000, expires: now - 1_000 }, 'TIME'],
      [{ ...as('ana', 'ops'), display: root.digest }, 'DISPLAY'],
      [{ ...as('ana', 'ops'), policy: root.digest }, 'APPROVAL_POLICY'],
    ] as const
    for (const [changes, code] of cases) {
      const signed = await decision(house, id, changes)
      expect(await house.coordinator.decisions.decide(signed)).toMatchObject({ code })
    }
    const good = await decision(house, id, as('ana', 'ops'))
    const forged = { ...good, signature: new Uint8Array(64) }
    expect(await house.coordinator.decisions.decide(forged)).toMatchObject({ code: 'APPROVAL_SIG' })
    const undecided = { ...good, document: good.document.replace('"approve"', '"perhaps"') }
    expect(await house.coordinator.decisions.decide(undecided)).toMatchObject({ code: 'MALFORMED' })
    expect(await story(house, id)).toEqual(['intent.created', 'intent.evaluated'])
  })

  it('end a request with one no', async () => {
    const house = await built()
    const id = await house.submit(payout({ amount: usdt(30_000) }))
    await approve(house, id, 'ana', 'ops')
    const no = await decision(house, id, { ...as('eli', 'treasury'), decision: 'reject' })
    expect(await house.coordinator.decisions.decide(no)).not.toMatchObject({ kind: 'refused' })
    expect(await house.state(id)).toBe('REJECTED')
    expect(await approve(house, id, 'fay', 'treasury')).toMatchObject({ kind: 'refused' })
  })

  it('have a limited time to decide', async () => {
    const house = await built()
    const id = await house.submit(payout({ amount: usdt(2_000) }))
    await house.pass(60_000)
    expect(await house.state(id)).toBe('AWAITING_APPROVAL')
    // The rule's two hours from the intent's creation, well before its notAfter.
    await house.jump(2 * 3_600_000)
    await house.untilState(id, 'EXPIRED')
    expect(await approve(house, id, 'ana', 'ops')).toMatchObject({ kind: 'refused' })
  })

  it('cancel what they asked for, until an attempt has started', async () => {
    const house = await built()
    const { requests } = house.coordinator
    const id = await house.submit(payout({ amount: usdt(2_000) }))
    expect(await requests.cancel(id, 'svc-other')).toMatchObject({ code: 'CALLER_NOT_ALLOWED' })
    expect(await requests.cancel(id, 'svc-payouts')).toMatchObject({ state: 'CANCELLED' })
    expect(await requests.cancel(id, 'svc-payouts')).toMatchObject({ state: 'CANCELLED' })
    expect(await requests.cancel('00'.repeat(32), 'svc-payouts')).toMatchObject({
      code: 'REQUEST_NOT_FOUND',
    })
    const spent = await house.submit(payout())
    await house.untilState(spent, 'BROADCAST')
    expect(await requests.cancel(spent, 'svc-payouts')).toMatchObject({
      code: 'TOO_LATE_TO_CANCEL',
    })
  })
})

describe('a freeze', () => {
  it('stops a vault at once, and is effective only when witnesses have seen it', async () => {
    const house = await built()
    const frozen = await house.coordinator.decisions.freeze(
      freezeOf('ana', 'hot', house.clock.now()),
    )
    if (isRefusal(frozen)) throw new Error(frozen.because)
    expect(frozen.checkpoint.length).toBeGreaterThan(0)
    const again = await house.coordinator.decisions.freeze(
      freezeOf('ana', 'hot', house.clock.now()),
    )
    expect(again).toMatchObject({ seq: frozen.seq })
    const id = await house.submit(payout())
    await house.pass(3_000)
    expect(await house.state(id)).toBe('WAITING')
    expect(await reasonsOf(house, id)).toContain('FROZEN')
    await house.jump(600_000)
    await house.untilState(id, 'EXPIRED')
  })

  it('is refused when nobody who may has signed it', async () => {
    const house = await built()
    const good = freezeOf('ana', 'hot', house.clock.now())
    const { decisions } = house.coordinator
    const forged = { ...good, signature: new Uint8Array(64) }
    expect(await decisions.freeze(forged)).toMatchObject({ code: 'APPROVAL_SIG' })
    // Ana's signature over bo's freeze would be kept where bo's belongs.
    const [{ credential }, theirs] = [good, freezeOf('bo', 'hot', house.clock.now())]
    const key = ed25519Signer(seedOf('ana'))
    const borrowed = sign(tags.freeze, toUtf8(theirs.document), credential, key)
    expect(await decisions.freeze(borrowed)).toMatchObject({ code: 'APPROVAL_SIG' })
    const service = freezeOf('svc-payouts', 'hot', house.clock.now())
    expect(await decisions.freeze(service)).toMatchObject({ code: 'GOV_QUORUM' })
  })

  it('is recorded but not called effective while too few witnesses answer', async () => {
    const house = await built()
    for (const node of house.nodes.slice(1)) node.script.cosigns = false
    const pending = house.coordinator.decisions.freeze(freezeOf('bo', 'all', house.clock.now()))
    await house.pass(6_000)
    const frozen = await pending
    if (isRefusal(frozen)) throw new Error(frozen.because)
    expect(frozen.checkpoint).toHaveLength(0)
    expect(frozen.entry.length).toBeGreaterThan(0)
  })
})

describe('a limit', () => {
  it('lets a request wait until its window has room again', async () => {
    const house = await built()
    house.chain.depth = 1
    const large = async (at: number) => {
      const address = `0x${String(at).repeat(40)}`
      const signed = record({ address, label: `cust-${at}` })
      const { digest } = parseDestination(new TextEncoder().encode(signed.document))
      const intent = payout({ to: address, dest: digest, amount: usdt(100_000) })
      const id = await house.submit(intent, [signed])
      await approve(house, id, 'ana', 'ops')
      await approve(house, id, 'eli', 'treasury')
      return id
    }
    const [one, two, three] = [await large(3), await large(4), await large(5)]
    await house.untilState(one, 'SETTLED')
    await house.untilState(two, 'SETTLED')
    expect(await house.state(three)).toBe('WAITING')
    expect(await reasonsOf(house, three)).toContain('LIMIT')
    const { size } = house.coordinator.tree
    await house.pass(10_000)
    expect(house.coordinator.tree.size).toBe(size)
    await house.jump(3_600_000)
    await house.untilState(three, 'SETTLED')
  })
})

describe('listing', () => {
  it('shows newest first, by page and by state', async () => {
    const house = await built()
    for (const amount of [2_000, 3_000, 4_000]) {
      await house.submit(payout({ amount: usdt(amount) }))
    }
    const { requests } = house.coordinator
    const page = await requests.list({ state: '', before: Number.MAX_SAFE_INTEGER, countMax: 2 })
    expect(page).toHaveLength(2)
    const rest = await requests.list({ state: '', before: page[1]!.createdSeq, countMax: 2 })
    expect(rest).toHaveLength(1)
    expect(await requests.list({ state: 'SETTLED', before: 99, countMax: 9 })).toEqual([])
    expect((await requests.since(0)).map(({ seq }) => seq)).toEqual(
      [...page, ...rest].map(({ seq }) => seq).sort((a, b) => a - b),
    )
    expect(origin).toBe(root.log.origin)
  })
})

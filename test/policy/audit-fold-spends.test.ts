import { describe, expect, it } from 'vitest'
import { historyFacts, requestView } from '../../policy/audit/history.ts'
import { Overlay, readSync } from '../../policy/audit/rows.ts'
import { parseRulebook } from '../../policy/rulebook.ts'
import { parseDigest, parseHandle, parseVaultId } from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { otherCustomer, policyDigest, policyText } from '../kit/audit-documents.ts'
import {
  bootedLog,
  count,
  digestNamed,
  genesisBody,
  Payment,
  readyLog,
  stateOf,
  stored,
  TestLog,
  tronSpend,
} from '../kit/audit-log.ts'

const hour = 3_600_000

function pays(on: TestLog, name: string, spend: JsonObject = {}, lives = 2 * hour): Payment {
  const pay = new Payment(name, on.t + lives, spend)
  on.add('intent.created', pay.created())
  return pay
}

/** Reserves in the slot that the rule gives, which must be this one. */
function reserve(on: TestLog, name: string, slot: string, spend: JsonObject = {}): Payment {
  const pay = pays(on, name, spend)
  on.add('spend.reserved', pay.reserved(slot))
  return pay
}

const usdt = (whole: number) => ({ amount: `${whole}000000` })

describe('spend.reserved', () => {
  it('binds the amount, and remembers what the limits had used and what was in force', () => {
    const on = readyLog()
    const first = reserve(on, 'a', '0')
    const second = reserve(on, 'b', '1', usdt(20))
    expect(stateOf(on, first)).toBe('RESERVED')
    const { reservation } = readSync(requestView(parseDigest(second.intent)), on.rows)
    expect(reservation).toMatchObject({ slot: '1', policy: policyDigest, amount: 20_000_000n })
    expect(reservation?.limits).toEqual([
      { id: 'usdt-1h', used: 50_000_000n },
      { id: 'dest-1h', used: 50_000_000n },
      { id: 'auto-count', used: 1n },
    ])
  })

  it('is void for an unknown or ended intent, and while a live one exists', () => {
    const on = readyLog()
    const pay = pays(on, 'a')
    const none = new Payment('none', on.t + hour)
    expect(on.outcome('spend.reserved', none.reserved('0'))).toBe('REQUEST_NOT_FOUND')
    on.add('spend.reserved', pay.reserved('0'))
    expect(on.outcome('spend.reserved', pay.reserved('1'))).toBe('LINE_VOID')
    const late = pays(on, 'late')
    on.t = late.notAfter + 1
    expect(on.outcome('spend.reserved', late.reserved('0'))).toBe('REQUEST_ENDED')
  })

  it('is void when vault, operation or initiator are not those of the intent', () => {
    const on = readyLog()
    const pay = pays(on, 'a')
    for (const change of [{ vault: 'warm-eth' }, { op: 'evm.transfer' }, { initiator: 'ana' }]) {
      expect(on.outcome('spend.reserved', pay.reserved('0', change))).toBe('LINE_VOID')
    }
  })

  it('is void under a policy that is not in force, or before one is', () => {
    const on = readyLog()
    const pay = pays(on, 'a')
    const other = pay.reserved('0', { policy: digestNamed('old policy') })
    expect(on.outcome('spend.reserved', other)).toBe('POLICY_CHANGED')
    const early = new TestLog().add('log.genesis', genesisBody)
    const first = pays(early, 'a')
    expect(early.outcome('spend.reserved', first.reserved('0'))).toBe('RULESET_VERSION')
  })

  it('is void for a vault on another network, or one that the policy does not name', () => {
    const on = readyLog()
    const pay = pays(on, 'a')
    const elsewhere = pay.reserved('0', { network: 'eip155:1' })
    expect(on.outcome('spend.reserved', elsewhere)).toBe('LINE_VOID')
    const nowhere = pays(on, 'b', { vault: 'hot-btc' })
    expect(on.outcome('spend.reserved', nowhere.reserved('0'))).toBe('LINE_VOID')
  })

  it('is void for an asset whose unit no limit knows', () => {
    const on = readyLog()
    const pay = pays(on, 'a', { asset: 'doge' })
    expect(on.outcome('spend.reserved', pay.reserved('0'))).toBe('ERROR')
  })

  it('names an earlier payment of the same amount to the same address within the window', () => {
    const on = readyLog()
    const first = reserve(on, 'a', '0')
    const duplicate = reserve(on.wait(60), 'b', '1')
    const different = reserve(on, 'c', '2', usdt(51))
    const later = reserve(on.wait(600), 'd', '3', usdt(51))
    const duplicateOf = (pay: Payment) => stored(on, 'reservation', pay.intent)['duplicateOf']
    expect(duplicateOf(first)).toBe('')
    expect(duplicateOf(duplicate)).toBe(first.intent)
    expect(duplicateOf(different)).toBe('')
    expect(duplicateOf(later)).toBe('')
  })
})

describe('a limit at a reservation', () => {
  it('holds exactly: the last unit fits and one more is void', () => {
    const on = readyLog()
    reserve(on, 'a', '0', { ...usdt(500), rule: 'payout-mid' })
    const other = { to: otherCustomer, rule: 'payout-mid' }
    const fits = pays(on, 'b', { ...other, amount: '500000000' })
    const exceeds = pays(on, 'c', { ...other, amount: '500000001' })
    expect(on.outcome('spend.reserved', exceeds.reserved('1'))).toBe('LIMIT')
    on.add('spend.reserved', fits.reserved('1'))
    const one = pays(on, 'd', { ...other, amount: '1' })
    expect(on.outcome('spend.reserved', one.reserved('2'))).toBe('LIMIT')
  })

  it('by destination counts each address on its own', () => {
    const on = readyLog()
    reserve(on, 'a', '0', { ...usdt(600), rule: 'payout-mid' })
    const same = pays(on, 'b', { amount: '1', rule: 'payout-mid' })
    expect(on.outcome('spend.reserved', same.reserved('1'))).toBe('LIMIT')
    const other = pays(on, 'c', { amount: '1', rule: 'payout-mid', to: otherCustomer })
    expect(on.outcome('spend.reserved', other.reserved('1'))).toBe('folded')
  })

  it('counts reservations where it is a count, and those of every vault that it names', () => {
    const on = readyLog()
    for (let at = 0; at < 3; at += 1) reserve(on, `a${at}`, `${at}`, usdt(1))
    for (let at = 0; at < 2; at += 1) {
      reserve(on, `w${at}`, `${at}`, { ...usdt(1), vault: 'warm-eth' })
    }
    const sixth = pays(on, 'sixth', usdt(1))
    expect(on.outcome('spend.reserved', sixth.reserved('3'))).toBe('LIMIT')
    expect(on.outcome('spend.reserved', sixth.reserved('3', { rule: 'payout-mid' }))).toBe('folded')
  })

  it('keeps counting an open reservation, and one that closed for a window after its end', () => {
    const on = readyLog()
    const big = { ...usdt(600), rule: 'payout-mid' }
    const pay = reserve(on, 'a', '0', big)
    on.wait(1_800).add('session.started', pay.started(1, '0'))
    on.add('sign.completed', pay.completed(1))
    const more = pays(on.wait(3_599), 'b', big)
    expect(on.outcome('spend.reserved', more.reserved('1'))).toBe('LIMIT')
    expect(on.wait(1).outcome('spend.reserved', more.reserved('1'))).toBe('folded')
  })

  it('counts a spent request without signature until a window after its notAfter', () => {
    const on = readyLog()
    const big = { ...usdt(600), rule: 'payout-mid' }
    const pay = reserve(on, 'a', '0', big)
    on.add('session.started', pay.started(1, '0')).add('session.aborted', pay.aborted(1))
    on.wait(7_200 + 3_599)
    const more = pays(on, 'b', big)
    expect(on.outcome('spend.reserved', more.reserved('0'))).toBe('LIMIT')
    expect(on.wait(1).outcome('spend.reserved', more.reserved('0'))).toBe('folded')
  })
})

describe('spend.released', () => {
  it('gives room and nonce back at once, and the request waits', () => {
    const on = readyLog()
    const pay = reserve(on, 'a', '0', { ...usdt(600), rule: 'payout-mid' })
    on.add('spend.released', { intent: pay.intent })
    expect(stateOf(on, pay)).toBe('WAITING')
    expect(count(on, 'spend')).toBe(0)
    const again = reserve(on, 'b', '0', { ...usdt(600), rule: 'payout-mid' })
    expect(stateOf(on, again)).toBe('RESERVED')
    expect(
      on.outcome('spend.reserved', pay.reserved('1', { to: otherCustomer, amount: '1' })),
    ).toBe('folded')
  })

  it('is void once an attempt has started, without a reservation, and for no intent', () => {
    const on = readyLog()
    const pay = pays(on, 'a')
    expect(on.outcome('spend.released', { intent: pay.intent })).toBe('LINE_MISSING')
    expect(on.outcome('spend.released', { intent: digestNamed('none') })).toBe('REQUEST_NOT_FOUND')
    on.add('spend.reserved', pay.reserved('0')).add('session.started', pay.started(1, '0'))
    expect(on.outcome('spend.released', { intent: pay.intent })).toBe('TOO_LATE_TO_CANCEL')
  })
})

describe('the slot rule', () => {
  it('counts up from 0 for each address: vault and path', () => {
    const on = readyLog()
    reserve(on, 'a', '0', usdt(1))
    reserve(on, 'b', '1', usdt(1))
    reserve(on, 'c', '0', { ...usdt(1), path: 'm/1' })
    reserve(on, 'd', '0', { ...usdt(1), vault: 'warm-eth' })
    const next = pays(on, 'e', { ...usdt(1), rule: 'payout-mid' })
    for (const slot of ['0', '1', '3', '']) {
      expect(on.outcome('spend.reserved', next.reserved(slot)), slot).toBe('NONCE')
    }
    expect(on.outcome('spend.reserved', next.reserved('2'))).toBe('folded')
  })

  it('gives the lowest hole first: released, cancelled and ended nonces', () => {
    const on = readyLog()
    const [a, b, c] = ['a', 'b', 'c'].map((name, at) => reserve(on, name, `${at}`, usdt(1)))
    on.add('spend.released', { intent: c!.intent })
    on.add('intent.cancelled', { by: 'svc-payouts', intent: b!.intent })
    reserve(on, 'd', '1', usdt(1))
    reserve(on, 'e', '2', usdt(1))
    on.t = a!.notAfter + 1
    reserve(on, 'f', '0', usdt(1))
  })

  it('gives a nonce that ran out untried to one request, whenever a line says that it ran out', () => {
    for (const end of ['intent.expired', 'spend.released'] as const) {
      const on = readyLog()
      const a = reserve(on, 'a', '0', usdt(1))
      on.t = a.notAfter + 1
      reserve(on, 'b', '0', usdt(2))
      const by = end === 'intent.expired' ? { by: 'coordinator' } : {}
      on.add(end, { ...by, intent: a.intent })
      const next = pays(on, 'c', usdt(3))
      expect(on.outcome('spend.reserved', next.reserved('0')), end).toBe('NONCE')
      expect(on.outcome('spend.reserved', next.reserved('1')), end).toBe('folded')
    }
  })

  it('takes a spent request that has ended for a hole, until a signature of it appears', () => {
    const on = readyLog()
    const pay = reserve(on, 'a', '0', usdt(1))
    on.add('session.started', pay.started(1, '0')).add('session.aborted', pay.aborted(1))
    const next = pays(on, 'b', usdt(2), 9 * hour)
    expect(on.outcome('spend.reserved', next.reserved('0'))).toBe('NONCE')
    on.t = pay.notAfter + 1
    expect(on.outcome('spend.reserved', next.reserved('0'))).toBe('folded')
    on.add('sign.completed', pay.completed(1))
    expect(on.outcome('spend.reserved', next.reserved('0'))).toBe('NONCE')
    expect(on.outcome('spend.reserved', next.reserved('1'))).toBe('folded')
  })

  it('takes a nonce back when its only transaction is dropped, not while another stands', () => {
    const on = readyLog()
    const pay = reserve(on, 'a', '0', usdt(1))
    on.add('session.started', pay.started(1, '0')).add('session.aborted', pay.aborted(1))
    on.t = pay.notAfter + 1
    const second = reserve(on, 'b', '0', usdt(2))
    on.add('session.started', second.started(1, '0')).add('sign.completed', second.completed(1))
    on.add('sign.completed', pay.completed(1)).add('tx.dropped', second.dropped)
    const next = pays(on, 'c', usdt(3), 9 * hour)
    expect(on.outcome('spend.reserved', next.reserved('0'))).toBe('NONCE')
    on.add('tx.dropped', pay.dropped)
    expect(on.outcome('spend.reserved', next.reserved('0'))).toBe('folded')
  })

  it('uses a nonce up by a signature alone, not by the word that something settled', () => {
    const on = readyLog()
    const pay = reserve(on, 'a', '0', usdt(1))
    on.add('session.started', pay.started(1, '0')).add('session.aborted', pay.aborted(1))
    on.t = pay.notAfter + 1
    on.add('tx.settled', pay.settled)
    const next = pays(on, 'b', usdt(2))
    expect(on.outcome('spend.reserved', next.reserved('1'))).toBe('NONCE')
    expect(on.outcome('spend.reserved', next.reserved('0'))).toBe('folded')
    // The signature that settled, read from the chain.
    on.add('sign.completed', pay.completed(1))
    expect(on.outcome('spend.reserved', next.reserved('0'))).toBe('NONCE')
    expect(on.outcome('spend.reserved', next.reserved('1'))).toBe('folded')
  })

  it('leaves the nonce of a dropped request open, though its signature shows later', () => {
    const on = readyLog()
    const pay = reserve(on, 'a', '0', usdt(1))
    on.add('session.started', pay.started(1, '0')).add('session.aborted', pay.aborted(1))
    on.t = pay.notAfter + 1
    on.add('tx.dropped', pay.dropped).add('sign.completed', pay.completed(1))
    const next = pays(on, 'b', usdt(2))
    expect(on.outcome('spend.reserved', next.reserved('0'))).toBe('folded')
  })

  it('gives no nonce where the network binds one body', () => {
    const on = readyLog()
    const pay = pays(on, 'a', tronSpend)
    expect(on.outcome('spend.reserved', pay.reserved('0'))).toBe('NONCE')
    on.add('spend.reserved', pay.reserved(''))
    on.add('spend.released', { intent: pay.intent })
    expect(count(on, 'open-slot')).toBe(0)
  })
})

describe('history, read', () => {
  const payment = {
    vault: parseVaultId('hot-eth'),
    dest: parseHandle('customer'),
    asset: parseHandle('usdt-eth'),
    amount: 50_000_000n,
    to: tronSpend['to'] as string,
  }

  it('has a figure for every limit, the duplicate and the freeze', () => {
    const on = readyLog()
    const first = reserve(on, 'a', '0')
    const rulebook = parseRulebook(policyText)
    const to = stored(on, 'reservation', first.intent)['to'] as string
    const facts = readSync(historyFacts(rulebook, { ...payment, to }, on.t), on.rows)
    expect(facts).toEqual({
      limits: [
        { id: 'usdt-1h', used: 50_000_000n },
        { id: 'dest-1h', used: 50_000_000n },
        { id: 'auto-count', used: 1n },
        { id: 'trx-1h', used: 0n },
      ],
      duplicateOf: first.intent,
      frozen: false,
    })
    const other = readSync(historyFacts(rulebook, payment, on.t), on.rows)
    expect(other.limits[1]).toEqual({ id: 'dest-1h', used: 0n })
    expect(other.duplicateOf).toBe('')
  })

  it('shows a request with everything that was decided on it, over an overlay as well', () => {
    const on = readyLog()
    const pay = reserve(on, 'a', '0')
    on.add('approval.recorded', pay.decided('ana')).add('approval.recorded', pay.decided('bo'))
    const below = readSync(requestView(parseDigest(pay.intent)), on.rows)
    expect(below.decisions.map((row) => row.person)).toEqual(['ana', 'bo'])
    expect(below.vaults.map((row) => row.vault)).toEqual(['hot-eth', 'hot-tron', 'warm-eth'])
    expect(below.attempts).toEqual([])

    const folded = on.judge('session.started', pay.started(1, '0'))
    const overlay = new Overlay(on.rows)
    if (folded.kind === 'folded') overlay.apply(folded.writes)
    const above = readSync(requestView(parseDigest(pay.intent)), overlay)
    expect(above.intent?.state).toBe('SIGNING')
    expect(above.attempts.map((row) => row.attempt)).toEqual([1])
    expect(readSync(requestView(parseDigest(pay.intent)), on.rows)).toEqual(below)
  })

  it('knows nothing of an intent that no line created', () => {
    const view = readSync(requestView(parseDigest(digestNamed('none'))), bootedLog().rows)
    expect(view).toMatchObject({ intent: undefined, reservation: undefined, frozen: [] })
  })
})

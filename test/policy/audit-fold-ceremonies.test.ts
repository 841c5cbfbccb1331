import { describe, expect, it } from 'vitest'
import { parseDigest, parseHandle } from '../../proto/ids.ts'
import { writeTime } from '../../proto/shape.ts'
import { digestNamed, Payment } from '../kit/audit-log.ts'
import * as hotHouse from '../kit/change-log.ts'
import { freeze } from '../kit/change-log.ts'
import {
  allowed,
  Ceremony,
  calling,
  cold,
  coldAsks,
  coldLog,
  coldPayment,
  keyedColdLog,
  laws,
  other,
  planDigest,
  planText,
  signing,
} from '../kit/cold-log.ts'

const hour = 3_600_000

describe('a ceremony.planned line', () => {
  it('opens the ceremony that people approved, once', () => {
    const { ceremony } = signing()
    ceremony.ripe()
    expect(ceremony.outcome()).toBe('folded')
    ceremony.log.add('ceremony.planned', ceremony.body(), [
      ceremony.asked.orderText,
      planText('one'),
    ])
    expect(ceremony.asked.state).toBe('ACTIVE')
    expect(ceremony.state).toBe('planned')
    expect(ceremony.outcome()).toBe('REQUEST_ENDED')
  })

  it('waits for its order and for its plan document', () => {
    const { ceremony } = signing()
    ceremony.ripe()
    expect(ceremony.outcome({}, [planText('one')])).toBe('missing')
    expect(ceremony.outcome({}, [ceremony.asked.orderText])).toBe('missing')
    expect(ceremony.outcome({}, [ceremony.asked.orderText, planText('two')])).toBe('missing')
  })

  it('is void with another plan, kind, vault, request or window than people approved', () => {
    const { ceremony, log } = signing()
    const swapped = coldPayment(log, 'swapped', 'cold-eth', '1').intent
    ceremony.ripe()
    const { from, until } = ceremony.terms
    const text = [ceremony.asked.orderText, planText('one'), planText('two')]
    const bent = (patch: Parameters<Ceremony['body']>[0]) => ceremony.outcome(patch, text)
    expect(bent({})).toBe('folded')
    expect(bent({ plan: planDigest('two') })).toBe('LINE_VOID')
    expect(bent({ kind: 'drill' })).toBe('LINE_VOID')
    expect(bent({ vaults: ['cold-eth', 'cold-two'] })).toBe('LINE_VOID')
    expect(bent({ vaults: ['cold-two'] })).toBe('LINE_VOID')
    expect(bent({ requests: [swapped] })).toBe('LINE_VOID')
    expect(bent({ requests: [...ceremony.terms.requests, swapped].sort() })).toBe('LINE_VOID')
    expect(bent({ requests: [] })).toBe('LINE_VOID')
    expect(bent({ from: writeTime(from - 1_000) })).toBe('LINE_VOID')
    expect(bent({ until: writeTime(until + 1_000) })).toBe('LINE_VOID')
  })

  it('is void without its people, before its delay, and by the people of keys alone', () => {
    const { ceremony } = signing()
    const { asked } = ceremony
    asked.record()
    expect(ceremony.outcome()).toBe('QUORUM')
    asked.approve([['jun', 'director']]).ripen()
    expect(ceremony.outcome()).toBe('QUORUM')
    asked.approve([['oli', 'risk']])
    expect(ceremony.outcome()).toBe('folded')
    const early = signing(keyedColdLog(), 'two')
    early.ceremony.asked.record().approve()
    expect(early.ceremony.outcome()).toBe('DELAY')
  })

  it('counts approvals that name the section of ceremonies, not that of keys', () => {
    const { ceremony } = signing()
    const { asked } = ceremony
    const named = { rule: parseHandle('governance.key') }
    asked.record()
    for (const voice of hotHouse.bothVoices) asked.vote(asked.approval(voice, named))
    asked.ripen()
    expect(ceremony.outcome()).toBe('RULE')
    expect(asked.rule).toBe('governance.ceremony')
  })

  it('is void in a log of vaults that are not cold', () => {
    const log = hotHouse.keyedLog()
    const { terms } = new Ceremony(log, 'hot', { kind: 'drill' })
    const vaults = [hotHouse.hot.vault]
    const hot = new Ceremony(log, 'hot', { ...terms, vaults })
    const asked = new hotHouse.Asked(log, hot.asked.change)
    asked.record()
    asked.approve().ripen()
    const body = { ...hot.body(), ...asked.carried }
    const outcome = log.outcome('ceremony.planned', body, [asked.orderText, planText('hot')])
    expect(outcome).toBe('NOT_SUPPORTED')
  })

  it('is void for a plan that was used before, also under another approval', () => {
    const { ceremony, log } = signing()
    ceremony.planned()
    log.add('ceremony.aborted', ceremony.abort())
    const again = new Ceremony(log, 'again', { ...ceremony.terms })
    again.ripe()
    const documents = [again.asked.orderText, planText('one')]
    expect(again.outcome({}, documents)).toBe('CEREMONY')
    const fresh = new Ceremony(log, 'fresh', { ...ceremony.terms, plan: planDigest('fresh') })
    fresh.ripe()
    expect(fresh.outcome()).toBe('folded')
  })

  it('is void while a ceremony of one of its vaults is open', () => {
    const log = keyedColdLog()
    const first = new Ceremony(log, 'first', { kind: 'drill' }).planned()
    const both = [cold.vault, other.vault]
    const second = new Ceremony(log, 'second', { kind: 'drill', vaults: both }).ripe()
    expect(second.outcome()).toBe('CEREMONY')
    const apart = new Ceremony(log, 'apart', { kind: 'drill', vaults: [other.vault] }).ripe()
    expect(apart.outcome()).toBe('folded')
    log.add('ceremony.aborted', first.abort())
    expect(second.outcome()).toBe('folded')
  })

  it('is void when its window is over', () => {
    const { ceremony, log } = signing()
    ceremony.ripe()
    log.t = ceremony.terms.until
    expect(ceremony.outcome()).toBe('folded')
    log.wait(1)
    expect(ceremony.outcome()).toBe('TIME')
  })

  it('makes keys where none is, and does everything else where one is', () => {
    const log = coldLog()
    const made = allowed(log, coldAsks.create)
    const named = { requests: [made.digest] }
    const genesis = new Ceremony(log, 'genesis', { kind: 'genesis', ...named }).ripe()
    expect(genesis.outcome()).toBe('folded')
    expect(new Ceremony(log, 'drill', { kind: 'drill' }).ripe().outcome()).toBe('VAULT_NOT_FOUND')
    const keyed = keyedColdLog()
    const late = allowed(keyed, coldAsks.refresh)
    const twice = new Ceremony(keyed, 'twice', { kind: 'genesis', requests: [late.digest] }).ripe()
    expect(twice.outcome()).toBe('KEY_EXISTS')
  })

  it('names only requests of its kind and of its vaults, allowed and alive', () => {
    const log = keyedColdLog()
    const pay = coldPayment(log, 'pay')
    const elsewhere = coldPayment(log, 'elsewhere', 'cold-two')
    const refresh = allowed(log, coldAsks.refresh)
    const open = hotHouse.ripe(log, { ...coldAsks.reshare, id: parseHandle('open') }, { laws })
    const short = new Payment('short', log.t + 20 * hour, { vault: 'cold-eth' })
    const unreserved = new Payment('unreserved', log.t + 240 * hour, { vault: 'cold-eth' })
    for (const one of [short, unreserved]) log.add('intent.created', one.created())
    let count = 0
    const outcome = (
      kind: 'sign' | 'reshare' | 'drill',
      ...requests: readonly string[]
    ): string => {
      count += 1
      const digests = requests.map((one) => parseDigest(one)).sort()
      return new Ceremony(log, `c-${count}`, { kind, requests: digests }).ripe().outcome()
    }
    expect(outcome('sign', pay.intent)).toBe('folded')
    expect(outcome('reshare', refresh.digest)).toBe('folded')
    expect(outcome('drill')).toBe('folded')
    expect(outcome('sign', refresh.digest)).toBe('CEREMONY')
    expect(outcome('reshare', pay.intent)).toBe('CEREMONY')
    expect(outcome('drill', pay.intent)).toBe('CEREMONY')
    expect(outcome('drill', refresh.digest)).toBe('CEREMONY')
    expect(outcome('sign', pay.intent, elsewhere.intent)).toBe('CEREMONY')
    expect(outcome('sign', digestNamed('nothing'))).toBe('REQUEST_NOT_FOUND')
    expect(outcome('reshare', open.digest)).toBe('CEREMONY')
    expect(outcome('sign', short.intent)).toBe('TIME')
    expect(outcome('sign', unreserved.intent)).toBe('CEREMONY')
    log.add('intent.cancelled', { by: 'svc-payouts', intent: pay.intent })
    expect(outcome('sign', pay.intent)).toBe('REQUEST_ENDED')
  })

  it('plans no signature of a frozen vault, and lets its shares be cared for', () => {
    const { ceremony, log } = signing()
    const refresh = allowed(log, coldAsks.refresh)
    ceremony.ripe()
    const care = new Ceremony(log, 'care', { kind: 'reshare', requests: [refresh.digest] }).ripe()
    expect(ceremony.outcome()).toBe('folded')
    freeze(log, 'cold-eth')
    expect(ceremony.outcome()).toBe('FROZEN')
    expect(care.outcome()).toBe('folded')
  })
})

describe('the end of a ceremony', () => {
  it('is concluded after its bundle has left, or aborted at any time', () => {
    const { ceremony, log } = signing()
    expect(log.outcome('ceremony.exported', ceremony.export())).toBe('CEREMONY')
    expect(log.outcome('ceremony.aborted', ceremony.abort())).toBe('CEREMONY')
    ceremony.planned()
    expect(log.outcome('ceremony.concluded', ceremony.conclude())).toBe('CEREMONY')
    expect(log.outcome('ceremony.aborted', ceremony.abort())).toBe('folded')
    const record = { size: 3, root: digestNamed('record') }
    expect(log.outcome('ceremony.aborted', ceremony.abort({ record }))).toBe('CEREMONY')
    ceremony.exported()
    expect(log.outcome('ceremony.exported', ceremony.export())).toBe('CEREMONY')
    expect(log.outcome('ceremony.aborted', ceremony.abort({ record }))).toBe('folded')
    expect(log.outcome('ceremony.concluded', ceremony.conclude())).toBe('folded')
  })

  it.each(['ceremony.concluded', 'ceremony.aborted'] as const)(
    'comes once, and opens nothing again: %s',
    (type) => {
      const { ceremony, log, payment } = signing()
      ceremony.planned().exported()
      log.add(type, type === 'ceremony.concluded' ? ceremony.conclude() : ceremony.abort())
      expect(ceremony.state).toBe(type === 'ceremony.concluded' ? 'concluded' : 'aborted')
      expect(log.outcome('ceremony.concluded', ceremony.conclude())).toBe('CEREMONY')
      expect(log.outcome('ceremony.aborted', ceremony.abort())).toBe('CEREMONY')
      expect(log.outcome('ceremony.exported', ceremony.export())).toBe('CEREMONY')
      expect(ceremony.outcome()).toBe('REQUEST_ENDED')
      expect(log.outcome('session.started', payment.started(1, '0', calling))).toBe('CEREMONY')
    },
  )

  it('names size and root of a record, or neither', () => {
    const { ceremony, log } = signing()
    ceremony.planned().exported()
    const outcome = (size: number, root: string) =>
      log.outcome('ceremony.aborted', ceremony.abort({ record: { size, root } }))
    expect(outcome(0, '')).toBe('folded')
    expect(outcome(3, digestNamed('record'))).toBe('folded')
    expect(outcome(0, digestNamed('record'))).toBe('LINE_VOID')
    expect(outcome(3, '')).toBe('LINE_VOID')
  })
})

import { describe, expect, it } from 'vitest'
import type { Plan, PlannedStation } from '../../policy/ceremony/plan.ts'
import type { Change } from '../../policy/change.ts'
import { digestOf, toUtf8 } from '../../proto/crypto.ts'
import { parseDigest, parseHandle, parseNodeId } from '../../proto/ids.ts'
import { writeTime } from '../../proto/shape.ts'
import { tags } from '../../proto/tags.ts'
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
  planFor,
  signing,
} from '../kit/cold-log.ts'

const hour = 3_600_000

describe('a ceremony.planned line', () => {
  it('opens the ceremony that people approved, once', () => {
    const { ceremony } = signing()
    ceremony.ripe()
    expect(ceremony.outcome()).toBe('folded')
    ceremony.log.add('ceremony.planned', ceremony.body(), ceremony.documents)
    expect(ceremony.asked.state).toBe('ACTIVE')
    expect(ceremony.state).toBe('planned')
    expect(ceremony.outcome()).toBe('REQUEST_ENDED')
  })

  it('waits for its order and for its plan document', () => {
    const { ceremony, log } = signing()
    const second = signing(log, 'two').ceremony
    ceremony.ripe()
    const [order, plan] = ceremony.documents as [string, string]
    expect(ceremony.outcome({}, [plan])).toBe('missing')
    expect(ceremony.outcome({}, [order])).toBe('missing')
    expect(ceremony.outcome({}, [order, second.document])).toBe('missing')
    expect(ceremony.outcome({}, [order, plan])).toBe('folded')
  })

  it('is void with another plan, kind, vault, request or window than people approved', () => {
    const { ceremony, log } = signing()
    const swapped = coldPayment(log, 'swapped').intent
    const second = signing(log, 'two').ceremony
    ceremony.ripe()
    const { from, until } = ceremony.terms
    const documents = [...ceremony.documents, second.document]
    const bent = (patch: Parameters<Ceremony['body']>[0]) => ceremony.outcome(patch, documents)
    expect(bent({})).toBe('folded')
    expect(bent({ plan: second.plan })).toBe('LINE_VOID')
    expect(bent({ kind: 'drill' })).toBe('LINE_VOID')
    expect(bent({ vaults: ['cold-eth', 'cold-two'] })).toBe('LINE_VOID')
    expect(bent({ vaults: ['cold-two'] })).toBe('LINE_VOID')
    expect(bent({ requests: [swapped] })).toBe('LINE_VOID')
    expect(bent({ requests: [...ceremony.terms.requests, swapped].sort() })).toBe('LINE_VOID')
    expect(bent({ from: writeTime(from - 1_000) })).toBe('LINE_VOID')
    expect(bent({ until: writeTime(until + 1_000) })).toBe('LINE_VOID')
  })

  it('is void when the plan that people read says another thing than what they approved', () => {
    const log = keyedColdLog()
    const swapped = parseDigest(coldPayment(log, 'swapped').intent)
    const requests = [coldPayment(log, 'pay').intent]
    let count = 0
    const outcome = (terms: Partial<Ceremony['terms']>): string => {
      count += 1
      const lie = { kind: 'sign', requests, terms } as const
      return new Ceremony(log, `lie-${count}`, lie).ripe().outcome()
    }
    expect(outcome({})).toBe('folded')
    expect(outcome({ kind: 'reshare' })).toBe('LINE_VOID')
    expect(outcome({ vaults: [other.vault] })).toBe('LINE_VOID')
    expect(outcome({ requests: [swapped] })).toBe('LINE_VOID')
    expect(outcome({ from: log.t + hour })).toBe('LINE_VOID')
    expect(outcome({ until: log.t + 72 * hour })).toBe('LINE_VOID')
  })

  it('is void for a plan of another house, log or root, or of stations that the root does not name', () => {
    const log = keyedColdLog()
    const base = { kind: 'sign', requests: [coldPayment(log, 'pay').intent] } as const
    let count = 0
    const outcome = (plan: Partial<Plan>): string => {
      count += 1
      return new Ceremony(log, `plan-${count}`, { ...base, plan }).ripe().outcome()
    }
    expect(outcome({})).toBe('folded')
    expect(outcome({ org: parseHandle('other') })).toBe('PLAN')
    expect(outcome({ env: 'test' })).toBe('PLAN')
    expect(outcome({ origin: parseHandle('log.acme.example/another') })).toBe('PLAN')
    expect(outcome({ root: digestNamed('another root') })).toBe('PLAN')
    const { stations } = planFor(log, 'x', base)
    const [a, b, c] = stations as [PlannedStation, PlannedStation, PlannedStation]
    expect(outcome({ stations: [a, b, { ...c, x: 4 }] })).toBe('PLAN')
    expect(outcome({ stations: [a, b, { ...c, node: parseNodeId('node-d') }] })).toBe('PLAN')
    expect(outcome({ stations: [a, b, c], t: 3 })).toBe('PLAN')
  })

  it('is void for a document that is no plan', () => {
    const { ceremony } = signing()
    const text = ceremony.document.replace('"t":2', '"t":"two"')
    const bent = new Ceremony(ceremony.log, 'bent', {
      ...{ kind: 'sign', requests: ceremony.terms.requests },
      terms: { plan: digestOf(tags.plan, toUtf8(text)) },
    }).ripe()
    expect(bent.outcome({}, [bent.asked.orderText, text])).toBe('MALFORMED')
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
    const { ceremony } = signing()
    const log = hotHouse.keyedLog()
    const vaults = [hotHouse.hot.vault]
    const terms = { ...ceremony.terms, vaults }
    const change = { ...ceremony.asked.change, created: log.t, terms } as Change
    const asked = new hotHouse.Asked(log, change).record().approve().ripen()
    const body = { ...ceremony.body(), ...asked.carried, vaults }
    const documents = [asked.orderText, ceremony.document]
    expect(log.outcome('ceremony.planned', body, documents)).toBe('NOT_SUPPORTED')
  })

  it('is void for a plan that was used before, also under another approval', () => {
    const { ceremony, log } = signing()
    ceremony.planned()
    log.add('ceremony.aborted', ceremony.abort())
    const { plan, from, until } = ceremony.terms
    const same = { kind: 'sign', requests: ceremony.terms.requests } as const
    const again = new Ceremony(log, 'again', { ...same, terms: { plan, from, until } }).ripe()
    expect(again.outcome({}, [again.asked.orderText, ceremony.document])).toBe('CEREMONY')
    expect(new Ceremony(log, 'fresh', same).ripe().outcome()).toBe('folded')
  })

  it('is void while a ceremony of one of its vaults is open', () => {
    const { ceremony: first, log } = signing()
    first.planned()
    const both = signing(log, 'both', { vaults: ['cold-eth', 'cold-two'] }).ceremony.ripe()
    expect(both.outcome()).toBe('CEREMONY')
    const apart = signing(log, 'apart', { vaults: ['cold-two'] }).ceremony.ripe()
    expect(apart.outcome()).toBe('folded')
    log.add('ceremony.aborted', first.abort())
    expect(both.outcome()).toBe('folded')
  })

  it('is void when its window is over', () => {
    const { ceremony, log } = signing()
    ceremony.ripe()
    log.t = ceremony.terms.until - 1
    expect(ceremony.outcome()).toBe('folded')
    log.wait(0.001)
    expect(ceremony.outcome()).toBe('TIME')
  })

  it('makes keys where none is, and does everything else where one is', () => {
    const log = coldLog()
    const requests = [allowed(log, coldAsks.create).digest]
    expect(new Ceremony(log, 'one', { kind: 'genesis', requests }).ripe().outcome()).toBe('folded')
    const t = { plan: { t: 3 } }
    expect(new Ceremony(log, 'two', { kind: 'genesis', requests, ...t }).ripe().outcome()).toBe(
      'PLAN',
    )
    expect(signing(log, 'early').ceremony.ripe().outcome()).toBe('VAULT_NOT_FOUND')
    const keyed = keyedColdLog()
    const twice = [allowed(keyed, coldAsks.create).digest]
    const again = new Ceremony(keyed, 'again', { kind: 'genesis', requests: twice }).ripe()
    expect(again.outcome()).toBe('KEY_EXISTS')
  })

  it('names only requests that are what the plan says, allowed and alive', () => {
    const log = keyedColdLog()
    const pay = coldPayment(log, 'pay')
    const refresh = allowed(log, coldAsks.refresh)
    const open = hotHouse.ripe(log, { ...coldAsks.reshare, id: parseHandle('open') }, { laws })
    const short = new Payment('short', log.t + 20 * hour, { vault: 'cold-eth' })
    const unreserved = new Payment('unreserved', log.t + 240 * hour, { vault: 'cold-eth' })
    for (const one of [short, unreserved]) log.add('intent.created', one.created())
    let count = 0
    const outcome = (kind: 'sign' | 'reshare', request: string, plan: Partial<Plan> = {}) => {
      count += 1
      return new Ceremony(log, `c-${count}`, { kind, requests: [request], plan }).ripe().outcome()
    }
    expect(outcome('sign', pay.intent)).toBe('folded')
    expect(outcome('reshare', refresh.digest)).toBe('folded')
    const of = { request: parseDigest(pay.intent), callBack: false }
    const elsewhere = { ...of, op: 'payment' as const, vault: other.vault }
    expect(outcome('sign', pay.intent, { requests: [elsewhere], vaults: [other.vault] })).toBe(
      'CEREMONY',
    )
    const called = { ...of, op: 'key.refresh' as const, vault: cold.vault }
    expect(outcome('reshare', refresh.digest, { requests: [called] })).toBe('CEREMONY')
    const unknown = { ...elsewhere, vault: cold.vault, request: digestNamed('nothing') }
    expect(outcome('sign', pay.intent, { requests: [unknown] })).toBe('REQUEST_NOT_FOUND')
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

  it('may be given the Record that came out after all, once, and leaves the next one open', () => {
    const { ceremony, log } = signing()
    ceremony.planned().exported()
    const record = { size: 3, root: digestNamed('record') }
    log.add('ceremony.aborted', ceremony.abort())
    const next = signing(log, 'next').ceremony
    next.planned()
    expect(log.outcome('ceremony.aborted', ceremony.abort())).toBe('CEREMONY')
    expect(log.outcome('ceremony.concluded', ceremony.conclude())).toBe('CEREMONY')
    log.add('ceremony.aborted', ceremony.abort({ record }))
    expect(ceremony.state).toBe('aborted')
    expect(log.outcome('ceremony.aborted', ceremony.abort({ record }))).toBe('CEREMONY')
    next.exported()
    expect(log.outcome('ceremony.concluded', next.conclude())).toBe('folded')
  })

  it('names no record where no bundle had left', () => {
    const { ceremony, log } = signing()
    ceremony.planned()
    log.add('ceremony.aborted', ceremony.abort())
    const record = { size: 3, root: digestNamed('record') }
    expect(log.outcome('ceremony.aborted', ceremony.abort({ record }))).toBe('CEREMONY')
  })

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

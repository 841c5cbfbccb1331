import { describe, expect, it } from 'vitest'
import { frozenScopes, requestView } from '../../policy/audit/history.ts'
import { readSync } from '../../policy/audit/rows.ts'
import { overdueScope } from '../../policy/cold.ts'
import { parseDigest, parseHandle, parseNodeId } from '../../proto/ids.ts'
import { digestNamed, type TestLog } from '../kit/audit-log.ts'
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
  signing,
} from '../kit/cold-log.ts'

const hour = 3_600_000

describe('an attempt of a cold vault', () => {
  it('starts under the open ceremony that names it, and calls t stations or more', () => {
    const { ceremony, log, payment } = signing()
    const outcome = (...participants: string[]) =>
      log.outcome('session.started', payment.started(1, '0', { participants }))
    expect(outcome('node-a', 'node-b')).toBe('CEREMONY')
    ceremony.planned()
    expect(outcome('node-a', 'node-b')).toBe('folded')
    expect(outcome('node-a', 'node-b', 'node-c')).toBe('folded')
    expect(outcome('node-a')).toBe('PARTICIPANTS')
    expect(outcome('node-b', 'node-a')).toBe('PARTICIPANTS')
    expect(outcome('node-a', 'node-b', 'node-d')).toBe('PARTICIPANTS')
    log.add('session.started', payment.started(1, '0', calling))
    log.add('sign.completed', payment.completed(1))
  })

  it('does not start for a request that the plan does not name, nor after the bundle left', () => {
    const { ceremony, log, payment } = signing()
    const second = coldPayment(log, 'second')
    ceremony.planned()
    expect(log.outcome('session.started', second.started(1, '1', calling))).toBe('CEREMONY')
    expect(log.outcome('session.started', payment.started(1, '0', calling))).toBe('folded')
    ceremony.exported()
    expect(log.outcome('session.started', payment.started(1, '0', calling))).toBe('CEREMONY')
  })

  it('does not start under a ceremony of another kind, or of another vault', () => {
    const { log, payment } = signing()
    const refresh = allowed(log, coldAsks.refresh)
    new Ceremony(log, 'care', { kind: 'reshare', requests: [refresh.digest] }).planned()
    signing(log, 'apart', { vaults: ['cold-two'] }).ceremony.planned()
    expect(log.outcome('session.started', payment.started(1, '0', calling))).toBe('CEREMONY')
  })

  it('starts anew under a later plan, when the room of the first one failed', () => {
    const { ceremony, log, payment } = signing()
    ceremony.planned()
    log.add('session.started', payment.started(1, '0', calling))
    ceremony.exported()
    log.add('ceremony.aborted', ceremony.abort())
    expect(log.outcome('session.started', payment.started(2, '0', calling))).toBe('CEREMONY')
    const requests = [payment.intent]
    const next = new Ceremony(log, 'next', { kind: 'sign', requests }).planned()
    const view = readSync(requestView(parseDigest(payment.intent)), log.rows)
    // A station refuses the first attempt from here on: it lies before the plan (N9).
    expect(view.attempts[0]?.seq).toBeLessThan(view.ceremony?.seq ?? 0)
    expect(view.ceremony?.plan).toBe(next.plan)
    expect(log.outcome('session.started', payment.started(2, '0', calling))).toBe('folded')
  })

  it('calls nobody whom the plan does not call', () => {
    const { ceremony, log, payment } = signing(keyedColdLog(), 'few', {
      plan: { called: [parseNodeId('node-a'), parseNodeId('node-c')] },
    })
    ceremony.planned()
    const outcome = (...participants: string[]) =>
      log.outcome('session.started', payment.started(1, '0', { participants }))
    expect(outcome('node-a', 'node-c')).toBe('folded')
    expect(outcome('node-a', 'node-b')).toBe('PARTICIPANTS')
    expect(outcome('node-a', 'node-b', 'node-c')).toBe('PARTICIPANTS')
  })

  it('is recorded with its signature although its ceremony is over: evidence is never void', () => {
    const { ceremony, log, payment } = signing()
    ceremony.planned()
    log.add('session.started', payment.started(1, '0', calling))
    ceremony.exported()
    log.add('ceremony.aborted', ceremony.abort())
    expect(log.outcome('sign.completed', payment.completed(1))).toBe('folded')
  })

  it('has no place for a vault that is not cold', () => {
    const log = hotHouse.keyedLog()
    expect(readSync(requestView(digestNamed('none')), log.rows).ceremony).toBeUndefined()
    const { ceremony } = signing()
    expect(log.outcome('ceremony.exported', ceremony.export())).toBe('CEREMONY')
  })
})

describe('a ceremony that ran over', () => {
  const scopes = (log: TestLog, vault = 'cold-eth') =>
    readSync(frozenScopes(vault, log.t), log.rows)

  it('freezes its vaults and no other, until its end is told', () => {
    const { ceremony, log, payment } = signing()
    ceremony.planned()
    expect(scopes(log)).toEqual([])
    log.t = ceremony.terms.until - 1
    expect(scopes(log)).toEqual([])
    expect(log.outcome('session.started', payment.started(1, '0', calling))).toBe('folded')
    log.wait(0.001)
    expect(scopes(log)).toEqual([overdueScope])
    expect(scopes(log, 'cold-two')).toEqual([])
    expect(log.outcome('session.started', payment.started(1, '0', calling))).toBe('FROZEN')
    log.add('ceremony.aborted', ceremony.abort())
    expect(scopes(log)).toEqual([])
    // What it was for waits for another plan: nothing of the old one is lawful again.
    expect(log.outcome('session.started', payment.started(1, '0', calling))).toBe('CEREMONY')
  })

  it('is not thawed by a new plan, a bundle that leaves late, or a plan of another vault', () => {
    const { ceremony, log } = signing()
    ceremony.planned()
    log.t = ceremony.terms.until + 1_000
    const next = signing(log, 'next').ceremony.ripe()
    expect(next.outcome()).toBe('CEREMONY')
    ceremony.exported()
    expect(scopes(log)).toEqual([overdueScope])
    const apart = signing(log, 'apart', { vaults: ['cold-two'] })
      .ceremony.planned()
      .exported()
    log.add('ceremony.concluded', apart.conclude())
    expect(scopes(log)).toEqual([overdueScope])
    expect(log.outcome('ceremony.aborted', next.abort())).toBe('CEREMONY')
  })

  it('still brings into force what was dealt in time, because its holders hold it', () => {
    const log = keyedColdLog()
    const asked = allowed(log, coldAsks.reshare)
    const care = new Ceremony(log, 'care', { kind: 'reshare', requests: [asked.digest] }).planned()
    care.exported()
    log.t = care.terms.until + hour
    expect(scopes(log)).toEqual([overdueScope])
    const line = asked.keyLine({ ...cold, epoch: 2, keyState: digestNamed('next') }, { from: 1 })
    expect(asked.outcome('key.reshared', line)).toBe('folded')
    freeze(log, 'cold-eth')
    expect(asked.outcome('key.reshared', line)).toBe('FROZEN')
  })
})

describe('a change of a cold key', () => {
  it('comes into force under the open ceremony that names it, and under no other', () => {
    const log = keyedColdLog()
    const asked = allowed(log, coldAsks.refresh)
    const rival = allowed(log, { ...coldAsks.refresh, id: parseHandle('rival') })
    const next = { ...cold, epoch: 2, keyState: digestNamed('next') }
    expect(asked.outcome('key.refreshed', asked.keyLine(next))).toBe('CEREMONY')
    const care = new Ceremony(log, 'care', { kind: 'reshare', requests: [asked.digest] }).planned()
    expect(asked.outcome('key.refreshed', asked.keyLine(next))).toBe('folded')
    expect(rival.outcome('key.refreshed', rival.keyLine(next))).toBe('CEREMONY')
    log.add('ceremony.aborted', care.abort())
    expect(asked.outcome('key.refreshed', asked.keyLine(next))).toBe('CEREMONY')
  })

  it('is the making, the refresh or the reshare of it: nothing leaves or comes from outside', () => {
    const log = keyedColdLog()
    const { vault, notAfter } = coldAsks.create
    const terms = { epoch: cold.epoch, keyState: cold.keyState }
    const destroy = { ...hotHouse.asks.destroy, vault, notAfter, terms }
    const leaving = { ...hotHouse.asks.export.terms, keyState: cold.keyState }
    const exporting = { ...hotHouse.asks.export, vault, notAfter, terms: leaving }
    for (const [type, change] of [
      ['key.disabled', destroy],
      ['key.exported', exporting],
    ] as const) {
      const asked = allowed(log, change)
      const recipient = Buffer.from(leaving.recipient).toString('hex')
      const patch = { ...terms, ...(type === 'key.exported' ? { recipient } : {}) }
      const line = asked.retireLine(['node-a', 'node-b'], patch)
      expect(asked.outcome(type, line), type).toBe('NOT_SUPPORTED')
    }
  })

  it('is no first key without a change', () => {
    const log = coldLog()
    const asked = allowed(log, coldAsks.create)
    new Ceremony(log, 'genesis', { kind: 'genesis', requests: [asked.digest] }).planned()
    const made = asked.keyLine(cold)
    const { change: _, order: __, ...first } = made
    expect(log.outcome('key.generated', first)).toBe('NOT_SUPPORTED')
    expect(asked.outcome('key.created', made)).toBe('folded')
  })
})

describe('the anchor of the log of cold vaults', () => {
  const origin = 'log.acme.example/custody-dev-cold'
  const at = (size: number, patch: object = {}) => ({
    origin,
    size,
    root: digestNamed(`root ${size}`),
    ...patch,
  })

  it('stands in the main log, names the cold log of the policy, and grows', () => {
    const log = hotHouse.keyedLog()
    expect(log.outcome('cold.anchored', at(5))).toBe('folded')
    log.add('cold.anchored', at(5))
    expect(log.outcome('cold.anchored', at(6))).toBe('folded')
    expect(log.outcome('cold.anchored', at(5))).toBe('LOG_FORK')
    expect(log.outcome('cold.anchored', at(4))).toBe('LOG_FORK')
    expect(log.outcome('cold.anchored', at(6, { origin: `${origin}-2` }))).toBe('LOG_FORK')
    expect(keyedColdLog().outcome('cold.anchored', at(6))).toBe('NOT_SUPPORTED')
  })
})

import { describe, expect, it } from 'vitest'
import { admitChange } from '../../policy/admit-change.ts'
import { admitProof } from '../../policy/admit-proof.ts'
import { requireFit } from '../../policy/change-fit.ts'
import type { Own } from '../../policy/check-lines.ts'
import { parseRulebook } from '../../policy/rulebook.ts'
import { parseNodeId } from '../../proto/ids.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { policyText } from '../kit/audit-documents.ts'
import { digestNamed } from '../kit/audit-log.ts'
import * as hotHouse from '../kit/change-log.ts'
import { type Asked, freeze } from '../kit/change-log.ts'
import { allowed, Ceremony, coldAsks, coldLog, keyedColdLog } from '../kit/cold-log.ts'
import { refusedWith } from '../kit/refused.ts'
import { firstRoot } from '../kit/succession.ts'

/** A change of a cold key, its open ceremony, and a station in that room. */
function inRoom(asked: Asked, kind: 'genesis' | 'reshare' | 'drill') {
  const ceremony = new Ceremony(asked.log, kind, { kind, requests: [asked.digest] }).planned()
  return { asked, ceremony }
}

function judge({ asked, ceremony }: ReturnType<typeof inRoom>, patch: Partial<Own> = {}): string {
  const { t } = asked.log
  const own: Own = {
    view: asked.view,
    clockMs: ceremony.terms.from,
    frozenLocally: false,
    witnessedAt: () => t - 7_200_000,
    ceremony: { plan: ceremony.plan, signers: [] },
    ...patch,
  }
  const result = admitChange({ order: asked.order, own })
  return isRefusal(result) ? `${result.check} ${result.code}` : 'admitted'
}

const caring = (log = keyedColdLog()) => inRoom(allowed(log, coldAsks.refresh), 'reshare')

describe('a change between stations', () => {
  it('is none: no Station is readmitted where nobody could ask it', () => {
    const rulebook = parseRulebook(policyText)
    const asked = (cold: boolean) =>
      refusedWith(() =>
        requireFit(hotHouse.asks.readmit, {
          ...{ root: { ...firstRoot.root, cold }, rulebook, row: undefined },
        }),
      )
    expect([asked(false), asked(true)]).toEqual(['accepted', 'NOT_SUPPORTED'])
  })
})

describe('admitChange of a cold key', () => {
  it('admits what the open ceremony names, at its table and within its window', () => {
    const log = coldLog()
    expect(judge(inRoom(allowed(log, coldAsks.create), 'genesis'))).toBe('admitted')
    expect(judge(caring())).toBe('admitted')
    const keyed = keyedColdLog()
    expect(judge(inRoom(allowed(keyed, coldAsks.reshare), 'reshare'))).toBe('admitted')
  })

  it('admits nothing away from a table, or in another room', () => {
    const the = caring()
    expect(judge(the, { ceremony: undefined })).toBe('N3 CEREMONY')
    const elsewhere = { plan: digestNamed('another plan'), signers: [] }
    expect(judge(the, { ceremony: elsewhere })).toBe('N3 CEREMONY')
  })

  it('admits nothing before the window or from its end on', () => {
    const the = caring()
    const { from, until } = the.ceremony.terms
    expect(judge(the, { clockMs: from - 1 })).toBe('N3 CLOCK')
    expect(judge(the, { clockMs: until - 1 })).toBe('admitted')
    expect(judge(the, { clockMs: until })).toBe('N3 CLOCK')
  })

  it('admits nothing that no open ceremony names', () => {
    const log = keyedColdLog()
    const the = caring(log)
    const rival = allowed(log, coldAsks.reshare)
    expect(judge({ ...the, asked: rival })).toBe('N2 CEREMONY')
    log.add('ceremony.aborted', the.ceremony.abort())
    expect(judge(the)).toBe('N2 CEREMONY')
  })

  it('goes on asking for freeze, fit and people', () => {
    const log = keyedColdLog()
    const reshare = inRoom(allowed(log, coldAsks.reshare), 'reshare')
    expect(judge(reshare)).toBe('admitted')
    freeze(log, 'cold-eth')
    expect(judge(reshare)).toBe('N4 FROZEN')
    expect(judge(caring(), { frozenLocally: true })).toBe('admitted')
  })

  it('needs no table for a key that is not cold, and sits at none', () => {
    const log = hotHouse.keyedLog()
    const asked = hotHouse.ripe(log, hotHouse.asks.refresh)
    const own: Own = {
      view: asked.view,
      clockMs: log.t,
      frozenLocally: false,
      witnessedAt: () => log.t - 7_200_000,
    }
    expect(admitChange({ order: asked.order, own })).toMatchObject({ digest: asked.digest })
  })
})

describe('a control proof of a cold key', () => {
  it('is admitted in a drill that names it, and nowhere else', () => {
    const log = keyedColdLog()
    const asked = allowed(log, coldAsks.prove)
    const the = inRoom(asked, 'drill')
    const participants = ['node-a', 'node-c'].map((name) => parseNodeId(name))
    const proof = (patch: Partial<Own>): string => {
      const own: Own = {
        view: asked.view,
        clockMs: the.ceremony.terms.from,
        frozenLocally: false,
        witnessedAt: () => log.t - 7_200_000,
        ceremony: { plan: the.ceremony.plan, signers: [] },
        ...patch,
      }
      const result = admitProof({ order: asked.order, participants, attempt: 1, own })
      return isRefusal(result) ? `${result.check} ${result.code}` : 'admitted'
    }
    expect(proof({})).toBe('admitted')
    expect(proof({ ceremony: undefined })).toBe('N3 CEREMONY')
    expect(proof({ clockMs: the.ceremony.terms.until })).toBe('N3 CLOCK')
    log.add('ceremony.aborted', the.ceremony.abort())
    expect(proof({ view: asked.view })).toBe('N2 CEREMONY')
  })
})

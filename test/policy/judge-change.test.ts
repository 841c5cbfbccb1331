import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Change } from '../../policy/change.ts'
import { type ChangeFacts, changeFactsText, parseChangeFacts } from '../../policy/change-facts.ts'
import type { ApprovalFacts } from '../../policy/facts.ts'
import { parseFacts } from '../../policy/facts.ts'
import { judgeChange } from '../../policy/judge-change.ts'
import { parseRoster, type Roster } from '../../policy/roster.ts'
import { parseRulebook, type Rulebook } from '../../policy/rulebook.ts'
import { standing, type Verdict } from '../../policy/verdict.ts'
import { fromUtf8, toUtf8 } from '../../proto/crypto.ts'
import { parseHandle, parsePersonId } from '../../proto/ids.ts'
import { encode, type JsonObject, parse, text } from '../../proto/jcs.ts'
import * as house from '../kit/audit-documents.ts'
import { asks, policy, rulebook } from '../kit/change-log.ts'
import * as cold from '../kit/cold-log.ts'
import { refusedWith } from '../kit/refused.ts'

const roster = parseRoster(house.directoryText)
const hour = 3_600_000
const { created } = asks.refresh
const at = created + 2 * hour

const said = (
  person: string,
  role: string,
  witnessedAt: number | undefined = at,
): ApprovalFacts => ({
  person: parsePersonId(person),
  role: parseHandle(role),
  witnessedAt,
})
const approvals = [said('jun', 'director'), said('oli', 'risk')]
const lawful: ChangeFacts = {
  at,
  change: asks.refresh,
  createdAt: created,
  approvals,
  frozen: false,
  rejected: false,
  unfit: '',
}
const judge = (patch: Partial<ChangeFacts>, by: Rulebook = rulebook, of: Roster = roster) =>
  judgeChange({ ...lawful, ...patch }, by, of)
const codes = ({ reasons }: Verdict) => reasons.map(({ code }) => code)

/** With another `governance.key`, or another separation. */
function under(patch: { key?: JsonObject; mayApprove?: boolean; times?: JsonObject }): Rulebook {
  const governance = policy['governance'] as JsonObject
  const key = { ...(governance['key'] as JsonObject), ...patch.key }
  const separation = {
    ...(policy['separation'] as JsonObject),
    initiatorMayApprove: patch.mayApprove ?? false,
  }
  const written = { ...policy, ...patch.times, governance: { ...governance, key }, separation }
  return parseRulebook(text(written))
}

describe('the judgement of a change', () => {
  it('allows what the people of the section approved, after its delay', () => {
    const verdict = judge({})
    expect(verdict).toMatchObject({
      result: 'ALLOW',
      rule: 'governance.key',
      reasons: [],
      missing: [],
    })
  })

  const table: readonly (readonly [string, Partial<ChangeFacts>, readonly string[], string])[] = [
    ['without people', { approvals: [] }, ['APPROVAL_MISSING'], 'AWAITING_APPROVAL'],
    ['with one of two', { approvals: [approvals[0]!] }, ['APPROVAL_MISSING'], 'AWAITING_APPROVAL'],
    ['before its delay is over', { at: created + hour - 1 }, ['DELAY'], 'WAITING'],
    ['at the end of its delay', { at: created + hour }, [], 'ALLOW'],
    ['that no head proves', { createdAt: undefined }, ['DELAY'], 'WAITING'],
    ['past its end', { at: asks.refresh.notAfter + 1 }, ['TIME'], 'DENIED'],
    ['at its last instant', { at: asks.refresh.notAfter }, [], 'ALLOW'],
    ['that somebody rejected', { rejected: true }, ['REJECTED'], 'DENIED'],
    ['that does not fit', { unfit: 'EPOCH' }, ['EPOCH'], 'DENIED'],
    ['under a freeze, when it widens nothing', { frozen: true }, [], 'ALLOW'],
    ['under a freeze, an export', { frozen: true, change: asks.export }, ['FROZEN'], 'WAITING'],
    ['under a freeze, a reshare', { frozen: true, change: asks.reshare }, ['FROZEN'], 'WAITING'],
    [
      'under a freeze, a destruction',
      { frozen: true, change: asks.destroy },
      ['FROZEN'],
      'WAITING',
    ],
    [
      'under a freeze, a re-admission',
      { frozen: true, change: asks.readmit },
      ['FROZEN'],
      'WAITING',
    ],
    [
      'early and without people',
      { at: created, approvals: [] },
      ['DELAY', 'APPROVAL_MISSING'],
      'AWAITING_APPROVAL',
    ],
    ['by a stranger', { change: by('nobody') }, ['OP_NOT_ALLOWED'], 'DENIED'],
  ]
  it.each(table)('of one %s', (_, patch, expected, where) => {
    const verdict = judge(patch)
    expect(codes(verdict)).toEqual(expected)
    expect(standing(verdict)).toBe(where)
  })

  it('asks for a plan by the section of ceremonies, and for every other change by that of keys', () => {
    const governance = cold.policy['governance'] as JsonObject
    const quiet = { require: [{ role: 'director', count: 1 }], delay: '0s' }
    const rules = parseRulebook(
      text({ ...cold.policy, governance: { ...governance, ceremony: quiet } }),
    )
    const { change } = cold.signing(cold.coldLog()).ceremony.asked
    const plan = { change, at: change.created, createdAt: undefined, approvals: [approvals[0]!] }
    expect(judge(plan, rules)).toMatchObject({ result: 'ALLOW', rule: 'governance.ceremony' })
    expect(codes(judge(plan, cold.rulebook))).toEqual(['DELAY', 'APPROVAL_MISSING'])
    const refresh = { ...plan, change: asks.refresh }
    expect(codes(judge(refresh, rules))).toEqual(['DELAY', 'APPROVAL_MISSING'])
  })

  it('keeps apart who asks and who approves, as for payments', () => {
    const asker = (who: string, rules = rulebook) => judge({ change: by(who) }, rules).result
    expect(asker('bo')).toBe('ALLOW')
    expect(asker('jun')).toBe('NEED')
    expect(asker('jun', under({ mayApprove: true }))).toBe('ALLOW')
    // Ana owns the service that asks.
    const ops = under({ key: { require: [{ role: 'ops', count: 1 }] } })
    const service = (person: string, rules = ops) =>
      judge({ change: by('svc-payouts'), approvals: [said(person, 'ops')] }, rules).result
    expect(service('bo')).toBe('ALLOW')
    expect(service('ana')).toBe('NEED')
  })

  it('counts a person once, and only in a role that the person has', () => {
    const two = under({ key: { require: [{ role: 'director', count: 2 }] } })
    const of = (...voices: ApprovalFacts[]) => judge({ approvals: voices }, two).result
    expect(of(said('jun', 'director'), said('kat', 'director'))).toBe('ALLOW')
    expect(of(said('jun', 'director'), said('jun', 'director'))).toBe('NEED')
    expect(of(said('jun', 'director'), said('oli', 'director'))).toBe('NEED')
  })

  it('waits for nothing where the section has no delay, and no head is needed', () => {
    const none = under({ key: { delay: '0s' } })
    expect(judge({ at: created, createdAt: undefined }, none).result).toBe('ALLOW')
  })

  it('is held back by a policy that is not in force yet, and denied by one that is over', () => {
    const later = under({ times: { notBefore: '2027-06-01T00:00:00Z' } })
    expect(standing(judge({}, later))).toBe('WAITING')
    const over = under({ times: { expires: '2026-11-01T00:00:00Z' } })
    expect(codes(judge({}, over))).toEqual(['RULESET_VERSION'])
    expect(standing(judge({}, over))).toBe('DENIED')
  })

  it('is total: whatever is no fact is an error, and an error allows nothing', () => {
    for (const broken of [
      { at: Number.NaN },
      { createdAt: Number.NaN },
      { change: { ...asks.refresh, vault: 'all' } as unknown as Change },
      { approvals: [said('jun', 'director', Number.NaN)] },
      { unfit: 'NOTHING' as 'EPOCH' },
    ]) {
      expect(judge(broken).result).toBe('ERROR')
    }
  })

  it('has one trace, blind to the order of approvals, with every value compared', () => {
    const turned = judge({ approvals: [...approvals].reverse() })
    expect(turned.trace).toBe(judge({}).trace)
    expect(JSON.parse(turned.trace)).toMatchObject({
      asking: { frozen: 'false', initiator: 'bo', op: 'key.refresh', unfit: '', vault: 'hot-eth' },
      delay: { createdAt: '2026-12-01T00:00:00.000Z', delayMs: '3600000' },
      result: 'allow',
      rule: 'governance.key',
    })
  })

  it('is monotone: one more approval never takes anything away', () => {
    const voice = fc.constantFrom(
      ...[said('jun', 'director'), said('kat', 'director'), said('oli', 'risk')],
      ...[said('pia', 'risk'), said('ana', 'ops'), said('bo', 'risk')],
    )
    fc.assert(
      fc.property(fc.uniqueArray(voice, { maxLength: 6 }), voice, (voices, more) => {
        const before = judge({ approvals: voices }).result
        const after = judge({ approvals: [...voices, more] }).result
        expect(before === 'ALLOW' && after !== 'ALLOW').toBe(false)
      }),
      { numRuns: 200 },
    )
  })
})

describe('the facts of a change', () => {
  it('are read back exactly, and are no facts of a payment', () => {
    for (const change of Object.values(asks)) {
      const facts = { ...lawful, change }
      const written = changeFactsText(facts)
      expect(parseChangeFacts(written)).toEqual(facts)
      expect(refusedWith(() => parseFacts(written))).toBe('MALFORMED')
    }
  })

  it('need every key and no other', () => {
    const whole = parse(toUtf8(changeFactsText(lawful))) as JsonObject
    const reads = (written: JsonObject) =>
      refusedWith(() => parseChangeFacts(fromUtf8(encode(written)) ?? ''))
    expect(reads(whole)).toBe('accepted')
    for (const key of Object.keys(whole)) {
      const { [key]: _, ...rest } = whole
      expect(reads(rest)).toBe('MALFORMED')
    }
    expect(reads({ ...whole, more: '' })).toBe('MALFORMED')
    expect(reads({ ...whole, unfit: 'SOMETHING' })).toBe('MALFORMED')
  })
})

function by(initiator: string): Change {
  return { ...asks.refresh, initiator: parsePersonId(initiator) }
}

import { describe, expect, it } from 'vitest'
import { evaluate } from '../../policy/evaluate.ts'
import type { Facts } from '../../policy/facts.ts'
import { parseRulebook } from '../../policy/rulebook.ts'
import { standing } from '../../policy/verdict.ts'
import { parsePersonId, parseVaultId } from '../../proto/ids.ts'
import { parseText } from '../../proto/jcs.ts'
import {
  changed,
  digestFor,
  expires,
  handleOf,
  type Loose,
  notBefore,
  policyText,
} from './dev-fixture.ts'
import {
  coldOut,
  created,
  factsOf,
  large,
  minute,
  roster,
  rulebook,
  usdt,
  usedOf,
  yes,
} from './facts-fixture.ts'

describe('a request that the policy allows', () => {
  it('is ALLOW under the one rule that matches, with every figure in the trace', () => {
    const verdict = evaluate(factsOf(), rulebook, roster)
    expect(verdict).toMatchObject({ result: 'ALLOW', rule: 'payout-auto', reasons: [] })
    expect(standing(verdict)).toBe('ALLOW')
    const trace: Loose = parseText(verdict.trace)
    expect(trace.guards).toHaveLength(rulebook.guards.length)
    expect(trace.rules.tried).toHaveLength(rulebook.rules.length)
    expect(trace.limits).toHaveLength(rulebook.limits.length)
    expect(trace.limits.find((limit: Loose) => limit.id === 'payout-1h')).toEqual({
      asked: '1000000000',
      covers: true,
      id: 'payout-1h',
      max: '250000000000',
      used: '0',
    })
  })

  it('fits a limit to the last base unit', () => {
    const room = 250_000n * usdt - 1000n * usdt
    expect(evaluate(factsOf({ history: usedOf('payout-1h', room) }), rulebook, roster).result).toBe(
      'ALLOW',
    )
  })

  it('is ALLOW with distinct people in all slots', () => {
    const approvals = [yes('eli', 'treasury'), yes('ana', 'ops')]
    expect(evaluate(factsOf({ approvals }, large), rulebook, roster)).toMatchObject({
      result: 'ALLOW',
      rule: 'payout-large',
    })
  })

  it('needs no witnessed time where nothing is held', () => {
    const approvals = [{ ...yes('ana', 'ops'), witnessedAt: undefined }]
    const facts = factsOf({ approvals }, { amount: 5_000n * usdt })
    expect(evaluate(facts, rulebook, roster).result).toBe('ALLOW')
  })

  it('is ALLOW to the last instant of its rule, as it is to the node', () => {
    expect(evaluate(factsOf({ at: created + 10 * minute - 1 }), rulebook, roster).result).toBe(
      'ALLOW',
    )
  })

  it('is ALLOW however many more people say yes', () => {
    const crowd = (role: string) => {
      return Array.from({ length: 200 }, (_, index) => yes(`a${index}`, role, created - index - 1))
    }
    const text = changed(policyText, (json) => {
      const many = crowd('ops').map(({ person }) => person)
      json.roles.ops.members.push(...many)
    })
    const wide = parseRulebook(text)
    const two = [yes('eli', 'treasury'), yes('ana', 'ops')]
    const heard = (more: Facts['approvals']) =>
      evaluate(factsOf({ approvals: [...more, ...two] }, large), wide, roster)
    expect(heard([]).result).toBe('ALLOW')
    expect(heard(crowd('ops')).result).toBe('ALLOW')
    expect(heard(crowd('risk'))).toEqual(heard([]))
    expect(heard([...crowd('ops'), ...crowd('ops'), ...crowd('risk')])).toEqual(heard(crowd('ops')))
  })

  it('moves between own vaults by the class of the vault', () => {
    const destination = {
      kind: 'vault',
      class: handleOf('warm'),
      vault: parseVaultId('warm'),
    } as const
    const facts = factsOf({ destination }, { dest: '' })
    expect(evaluate(facts, rulebook, roster)).toMatchObject({ result: 'ALLOW', rule: 'hot-sweep' })
  })
})

describe('a request that needs people or time', () => {
  it.each<[string, Facts, Loose]>([
    ['nobody yet', factsOf({}, large), ['ops', 'treasury']],
    ['one of two', factsOf({ approvals: [yes('ana', 'ops')] }, large), ['treasury']],
    [
      'one person twice',
      factsOf({ approvals: [yes('ana', 'ops'), yes('ana', 'ops')] }, large),
      ['treasury'],
    ],
    [
      'a person in no such role',
      factsOf({ approvals: [yes('ana', 'treasury')] }, large),
      ['ops', 'treasury'],
    ],
    [
      'somebody who is unknown',
      factsOf({ approvals: [yes('zoe', 'ops')] }, large),
      ['ops', 'treasury'],
    ],
  ])('is NEED with %s', (_, facts, missing) => {
    const verdict = evaluate(facts, rulebook, roster)
    expect(verdict.result).toBe('NEED')
    expect(verdict.missing.map(({ role }) => role)).toEqual(missing)
    expect(verdict.reasons).toMatchObject([{ code: 'APPROVAL_MISSING', stands: 'people' }])
    expect(standing(verdict)).toBe('AWAITING_APPROVAL')
  })

  it('counts an approval for the role it was signed for and for no other', () => {
    const text = changed(policyText, (json) => json.roles.treasury.members.push('ana'))
    const approvals = [yes('ana', 'treasury'), yes('fay', 'treasury')]
    const verdict = evaluate(factsOf({ approvals }, large), parseRulebook(text), roster)
    expect(verdict).toMatchObject({ result: 'NEED', missing: [{ role: 'ops', count: 1 }] })
  })

  it('never counts who asked, nor the human behind a service that asked', () => {
    const withOwner = changed(policyText, (json) => json.roles.ops.members.push('lev'))
    const mid = { amount: 5_000n * usdt }
    const owner = factsOf({ approvals: [yes('lev', 'ops')] }, mid)
    expect(evaluate(owner, parseRulebook(withOwner), roster).result).toBe('NEED')
    const other = factsOf({ approvals: [yes('bo', 'ops')] }, mid)
    expect(evaluate(other, parseRulebook(withOwner), roster).result).toBe('ALLOW')

    const sharing = changed(policyText, (json) => {
      json.roles.ops.members.push('lev')
      json.separation.initiatorMayApprove = true
    })
    expect(evaluate(owner, parseRulebook(sharing), roster).result).toBe('ALLOW')
  })

  it('holds from the approval that completed the quorum, by its witnessed time', () => {
    const approvals = [
      yes('jun', 'director', created),
      yes('oli', 'risk', created + 2 * minute),
      yes('kat', 'director', created + minute),
      yes('lev', 'director', created + 30 * minute),
    ]
    const at = (time: number) => evaluate(coldOut({ approvals, at: time }), rulebook, roster)
    const held = at(created + 62 * minute - 1)
    expect(held).toMatchObject({ result: 'NEED', reasons: [{ code: 'HOLD', stands: 'later' }] })
    expect(standing(held)).toBe('WAITING')
    expect(at(created + 62 * minute)).toMatchObject({ result: 'ALLOW', rule: 'cold-out' })
  })

  it('holds for ever while no head proves a time', () => {
    const approvals = [yes('jun', 'director'), yes('kat', 'director'), yes('oli', 'risk')].map(
      (one) => ({ ...one, witnessedAt: undefined }),
    )
    const facts = coldOut({ approvals, at: created + 20 * 60 * minute })
    expect(evaluate(facts, rulebook, roster)).toMatchObject({
      result: 'NEED',
      reasons: [{ code: 'HOLD' }],
    })
  })

  it('waits for a freeze to end, and for room in a window, without being denied for good', () => {
    const frozen = factsOf({ history: { ...factsOf().history, frozen: true } })
    const verdict = evaluate(frozen, rulebook, roster)
    expect(verdict).toMatchObject({ result: 'DENY', guards: ['g-freeze'] })
    expect(verdict.reasons).toMatchObject([{ code: 'FROZEN', stands: 'later' }])
    expect(standing(verdict)).toBe('WAITING')

    const full = factsOf({ history: usedOf('payout-1h', 249_000n * usdt + 1n) })
    const late = evaluate(full, rulebook, roster)
    expect(late).toMatchObject({ result: 'DENY', limits: ['payout-1h'] })
    expect(late.reasons).toMatchObject([{ code: 'LIMIT', stands: 'later', rule: 'payout-1h' }])
    expect(standing(late)).toBe('WAITING')
  })

  it('waits for people first where both people and time are missing', () => {
    const frozen = factsOf({ history: { ...factsOf().history, frozen: true } }, large)
    expect(standing(evaluate(frozen, rulebook, roster))).toBe('AWAITING_APPROVAL')
  })
})

describe('a request that is denied for good', () => {
  const removed = { ...factsOf().destination, status: 'removed' } as Facts['destination']
  const elsewhere = (name: string): Facts['destination'] => {
    return { kind: 'vault', class: handleOf('warm'), vault: parseVaultId(name) }
  }

  it.each<[string, string, Facts]>([
    ['no rule has its amount', 'POLICY_DENIED', factsOf({}, { amount: 100_001n * usdt })],
    [
      'no rule has its initiator',
      'POLICY_DENIED',
      factsOf({}, { initiator: parsePersonId('ana') }),
    ],
    ['its vault is unknown', 'FEE', factsOf({}, { vault: parseVaultId('tepid') })],
    ['it is of another organisation', 'POLICY_DENIED', factsOf({}, { org: handleOf('other') })],
    ['it is of another environment', 'POLICY_DENIED', factsOf({}, { env: 'test' })],
    ['it is on another network', 'POLICY_DENIED', factsOf({}, { network: 'eip155:1' })],
    ['its asset is unknown', 'POLICY_DENIED', factsOf({}, { asset: handleOf('usdx') })],
    [
      'its contract is not the asset’s',
      'POLICY_DENIED',
      factsOf(
        {},
        {
          contract: '0xdac17f958d2ee523a2206206994597c13d831ec7',
        },
      ),
    ],
    ['its record is not the kind it names', 'POLICY_DENIED', factsOf({}, { dest: '' })],
    [
      'its vault is not of that class',
      'POLICY_DENIED',
      factsOf(
        { destination: elsewhere('cold') },
        {
          dest: '',
        },
      ),
    ],
    [
      'its class is unknown',
      'DEST_COOLDOWN',
      factsOf({
        destination: { ...factsOf().destination, class: handleOf('nobody') },
      }),
    ],
    ['its record was removed', 'DEST_UNKNOWN', factsOf({ destination: removed })],
    ['its fee is above the network’s', 'FEE', factsOf({ feeMax: 10n ** 17n })],
    ['AUTH-03 native coins go beside it', 'OP_NOT_ALLOWED', factsOf({ nativeBeside: 1n })],
    [
      'it pays the same again',
      'POLICY_DENIED',
      factsOf({
        history: { ...factsOf().history, duplicateOf: digestFor('x') },
      }),
    ],
    ['AUTH-15 somebody said no', 'REJECTED', factsOf({ rejected: true })],
    ['AUTH-09 it is past its notAfter', 'TIME', factsOf({ at: created + 24 * 60 * minute + 1 })],
    ['AUTH-09 its rule is open no longer', 'TIME', factsOf({ at: created + 10 * minute })],
    [
      'the policy is expired',
      'RULESET_VERSION',
      factsOf({ at: expires }, { created: expires - minute, notAfter: expires + minute }),
    ],
  ])('because %s', (_, code, facts) => {
    const verdict = evaluate(facts, rulebook, roster)
    expect(verdict.result).toBe('DENY')
    expect(verdict.reasons.map((reason) => reason.code)).toContain(code)
    expect(standing(verdict)).toBe('DENIED')
  })

  it('because no window could ever hold its amount', () => {
    const text = changed(policyText, (json) => (json.limits[0].max = '999'))
    const verdict = evaluate(factsOf(), parseRulebook(text), roster)
    expect(verdict).toMatchObject({
      result: 'DENY',
      reasons: [
        {
          code: 'LIMIT',
          stands: 'final',
          because: 'expected at most 999000000 of 999000000, got 1000000000',
        },
      ],
    })
    expect(standing(verdict)).toBe('DENIED')
  })

  it('with every reason at once, and nothing short-circuited', () => {
    const facts = factsOf(
      {
        feeMax: 10n ** 17n,
        nativeBeside: 1n,
        history: { ...usedOf('payout-1h', 250_000n * usdt), frozen: true },
      },
      large,
    )
    const verdict = evaluate(facts, rulebook, roster)
    expect(verdict.guards).toEqual(['g-fee', 'g-freeze', 'g-value'])
    expect(verdict.limits).toEqual(['payout-1h'])
    expect(verdict.missing).toHaveLength(2)
  })

  it('but a policy that is not in force yet only lets it wait', () => {
    const early = { created: notBefore - minute, notAfter: notBefore + minute }
    const facts = factsOf(
      {
        at: notBefore - 1,
        destination: { ...factsOf().destination, activeFrom: 0 } as Facts['destination'],
      },
      early,
    )
    const verdict = evaluate(facts, rulebook, roster)
    expect(verdict.reasons).toMatchObject([{ code: 'DELAY', stands: 'later' }])
    expect(standing(verdict)).toBe('WAITING')
  })
})

describe('an evaluation that cannot be done', () => {
  it('is ERROR where two rules match', () => {
    const text = changed(policyText, (json) => (json.rules[1].match.amount.gt = '999'))
    const verdict = evaluate(factsOf(), parseRulebook(text), roster)
    expect(verdict).toMatchObject({ result: 'ERROR', rule: '' })
    expect(verdict.reasons[0]?.because).toBe('ambiguous: payout-auto, payout-mid match')
    expect(standing(verdict)).toBe('DENIED')
  })

  it('asks no factor where the policy says none', () => {
    const text = changed(policyText, (json) => {
      json.separation.minFactor = { 'payout-auto': 'none', 'payout-mid': 'hardware' }
    })
    expect(evaluate(factsOf(), parseRulebook(text), roster).result).toBe('ALLOW')
  })

  it('is ERROR where a figure of a covering limit is missing or doubled', () => {
    const { history } = factsOf()
    const none = factsOf({ history: { ...history, limits: [] } })
    const twice = factsOf({
      history: { ...history, limits: [...history.limits, ...history.limits] },
    })
    for (const facts of [none, twice]) {
      const verdict = evaluate(facts, rulebook, roster)
      expect(verdict.result).toBe('ERROR')
      expect(verdict.reasons[0]?.because).toContain('expected one figure for limit')
    }
  })

  it.each<[string, (json: Loose) => void]>([
    [
      'a factor that cannot be asked for yet',
      (json) => (json.separation.minFactor = { 'payout-auto': 'hardware' }),
    ],
    [
      'a guard that cannot be judged yet',
      (json) =>
        json.guards.push({ id: 'g-x', deny: { destinationIn: ['x'], orListOlderThan: '1h' } }),
    ],
    [
      'a calendar',
      (json) => {
        json.calendars.desk = { tz: 'UTC', spans: ['Mon-Fri 07:00-19:00'] }
        json.rules[9].match.when = 'desk'
      },
    ],
  ])('is ERROR under %s, never ALLOW', (_, change) => {
    const verdict = evaluate(factsOf(), parseRulebook(changed(policyText, change)), roster)
    expect(verdict).toMatchObject({ result: 'ERROR', reasons: [{ code: 'ERROR' }] })
    expect(verdict.reasons[0]?.because).toContain('NOT_SUPPORTED')
  })

  it('says the same of an exception whatever its message', () => {
    const { trace } = evaluate(factsOf({ at: Number.NaN }), rulebook, roster)
    expect(trace).toBe('{"because":"evaluation failed","engine":1,"result":"error"}')
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { evaluate } from '../../policy/evaluate.ts'
import { type Facts, factsDigest, factsText, parseFacts } from '../../policy/facts.ts'
import { countable } from '../../policy/judge-quorum.ts'
import { peopleOf, seat } from '../../policy/quorum.ts'
import { parseRulebook } from '../../policy/rulebook.ts'
import { traceDigest } from '../../policy/verdict.ts'
import { parsePersonId } from '../../proto/ids.ts'
import { parseText } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { changed, handleOf, type Loose, policyText } from './dev-fixture.ts'
import {
  coldOut,
  created,
  factsOf,
  minute,
  roster,
  rulebook,
  usdt,
  usedOf,
  yes,
} from './facts-fixture.ts'

describe('properties of evaluation', () => {
  const roles = ['ops', 'treasury', 'director', 'risk']
  const names = ['ana', 'bo', 'eli', 'fay', 'gus', 'jun', 'kat', 'lev', 'oli', 'pia', 'zoe']
  const approval = fc.record({
    person: fc.constantFrom(...names).map(parsePersonId),
    role: fc.constantFrom(...roles).map(handleOf),
    witnessedAt: fc.option(fc.integer({ min: created, max: created + 90 * minute }), {
      nil: undefined,
    }),
  })
  const requests = fc.record({
    amount: fc.oneof(
      fc.constantFrom(
        0n,
        1n,
        1000n * usdt,
        1000n * usdt + 1n,
        100_000n * usdt,
        100_000n * usdt + 1n,
      ),
      fc.bigInt(1n, 300_000n * usdt),
    ),
    used: fc.bigInt(0n, 1_100_000n * usdt),
    frozen: fc.boolean(),
    rejected: fc.boolean(),
    cold: fc.boolean(),
    approvals: fc.array(approval, { maxLength: 8 }),
    at: fc.integer({ min: created, max: created + 100 * minute }),
  })
  type Request = typeof requests extends fc.Arbitrary<infer T> ? T : never

  function made({ amount, used, frozen, cold, ...rest }: Request): Facts {
    const history = { ...usedOf('payout-24h', used), frozen }
    const facts = cold ? coldOut({ history, ...rest }) : factsOf({ history, ...rest })
    return { ...facts, intent: { ...facts.intent, amount } }
  }

  it('AUTH-32 the order of guards, rules, limits, roles and approvals changes nothing', () => {
    fc.assert(
      fc.property(requests, fc.infiniteStream(fc.nat()), (request, stream) => {
        const order = <T>(items: readonly T[]): T[] =>
          items
            .map((item) => [stream.next().value ?? 0, item] as const)
            .sort((a, b) => a[0] - b[0])
            .map(([, item]) => item)
        const shuffled = changed(policyText, (json) => {
          for (const list of ['guards', 'rules', 'limits']) json[list] = order(json[list])
          for (const rule of json.rules) {
            rule.require = order(rule.require)
            rule.match.initiator = order(rule.match.initiator)
          }
          for (const guard of json.guards) {
            if (guard.deny.op) guard.deny.op.notIn = order(guard.deny.op.notIn)
          }
        })
        const facts = made(request)
        const other = {
          ...facts,
          approvals: order(facts.approvals),
          history: { ...facts.history, limits: order(facts.history.limits) },
        }
        const first = evaluate(facts, rulebook, roster)
        const second = evaluate(other, parseRulebook(shuffled), roster)
        expect(second.trace).toBe(first.trace)
        expect(second).toEqual(first)
      }),
      { numRuns: 100 },
    )
  })

  it('another approval never denies, and another rejection never helps', () => {
    const rank = { ERROR: 0, DENY: 0, NEED: 1, ALLOW: 2 }
    fc.assert(
      fc.property(requests, approval, (request, more) => {
        const before = evaluate(made(request), rulebook, roster)
        const after = evaluate(
          made({ ...request, approvals: [...request.approvals, more] }),
          rulebook,
          roster,
        )
        expect(rank[after.result]).toBeGreaterThanOrEqual(rank[before.result])
        const rejected = evaluate(made({ ...request, rejected: true }), rulebook, roster)
        expect(rank[rejected.result]).toBe(0)
      }),
      { numRuns: 200 },
    )
  })

  it('hears few approvals of many, and neither answer nor time depends on the rest', () => {
    const rule = rulebook.rules.find(({ id }) => id === 'cold-out')!
    const some = fc.array(approval, { maxLength: 24 })
    fc.assert(
      fc.property(some, fc.infiniteStream(fc.nat()), (approvals, stream) => {
        const facts = coldOut({ approvals, at: created + 70 * minute })
        const heard = countable(facts, rule, rulebook, roster)
        expect(heard.length).toBeLessThanOrEqual(2 * peopleOf(rule.require))
        const shuffled = [...approvals].sort(() => ((stream.next().value ?? 0) % 3) - 1)
        expect(countable({ ...facts, approvals: shuffled }, rule, rulebook, roster)).toEqual(heard)

        const all = approvals.filter(
          ({ person, role }) =>
            person !== 'eli' && rulebook.roles.get(role)?.members.has(person) === true,
        )
        const voters = (until: number) =>
          all
            .filter(({ witnessedAt }) => (witnessedAt ?? Infinity) <= until)
            .map(({ person, role }) => ({ person, roles: new Set([role]) }))
        const times = all.map(({ witnessedAt }) => witnessedAt ?? Infinity).sort((a, b) => a - b)
        const met = times.find((time) => seat(rule.require, voters(time)).met)
        const { quorum }: Loose = parseText(evaluate(facts, rulebook, roster).trace)
        expect(quorum.missing.length === 0).toBe(met !== undefined)
        const completed = met === undefined || met === Infinity ? '' : new Date(met).toISOString()
        expect(quorum.completedAt).toBe(completed)
      }),
      { numRuns: 300 },
    )
  })

  it('at most one rule matches, and ALLOW has no reason against it', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const verdict = evaluate(made(request), rulebook, roster)
        const { tried }: Loose = (parseText(verdict.trace) as Loose).rules ?? { tried: [] }
        const hits = tried.filter((one: Loose) => one.missed.length === 0)
        if (verdict.result !== 'ERROR') {
          expect(hits.map((one: Loose) => one.id)).toEqual(
            verdict.rule === '' ? [] : [verdict.rule],
          )
        }
        expect(verdict.result === 'ALLOW').toBe(verdict.reasons.length === 0)
        expect(verdict.trace).toBe(evaluate(made(request), rulebook, roster).trace)
      }),
      { numRuns: 200 },
    )
  })

  it('AUTH-26 is total: whatever is put in place of a fact is ERROR or a verdict, never an exception', () => {
    const junk = fc.oneof(
      fc.anything({ withBigInt: true, withNullPrototype: true, withTypedArray: true }),
      fc.constantFrom<unknown>(Number.NaN, -0, 1n << 256n, -1n, '\ud800', 'x'.repeat(9_000), null),
    )
    const paths = leaves(factsOf({ approvals: [yes('ana', 'ops')] }))
    fc.assert(
      fc.property(fc.constantFrom(...paths), junk, (path, value) => {
        const facts = put(factsOf({ approvals: [yes('ana', 'ops')] }), path, value)
        const verdict = evaluate(facts, rulebook, roster)
        expect(['ALLOW', 'NEED', 'DENY', 'ERROR']).toContain(verdict.result)
        if (verdict.result !== 'ERROR') {
          expect(evaluate(parseFacts(factsText(facts)), rulebook, roster)).toEqual(verdict)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it.each<[string, readonly string[], unknown]>([
    ['an amount above 2^256-1', ['intent', 'amount'], 1n << 256n],
    ['an amount of nothing', ['intent', 'amount'], 0n],
    ['a negative fee', ['feeMax'], -1n],
    ['a time that is none', ['at'], Number.NaN],
    ['a broken string', ['intent', 'purpose'], '\ud800'],
    ['a freeze that is no answer', ['history', 'frozen'], 'no'],
    ['no history', ['history'], undefined],
    ['no intent', ['intent'], null],
    ['a used figure that is no number', ['history', 'limits', '0', 'used'], 'much'],
    ['an unknown status', ['destination', 'status'], 'maybe'],
    ['a destination that is none', ['destination'], 'warm'],
  ])('%s is ERROR', (_, path, value) => {
    expect(evaluate(put(factsOf(), path, value), rulebook, roster).result).toBe('ERROR')
  })
})

describe('facts and traces', () => {
  it('facts read back as what was written, so that a log can name them', () => {
    const approvals = [yes('ana', 'ops'), { ...yes('bo', 'ops'), witnessedAt: undefined }]
    for (const facts of [factsOf({ approvals }), coldOut()]) {
      expect(parseFacts(factsText(facts))).toEqual(facts)
      expect(factsText(parseFacts(factsText(facts)))).toBe(factsText(facts))
    }
  })

  it('facts hold the approvals of a whole directory, and no more', () => {
    const all = (count: number) => {
      const approvals = Array.from({ length: count }, (_, index) => yes(`a${index}`, 'ops'))
      return evaluate(factsOf({ approvals }), rulebook, roster).result
    }
    expect(all(limits.personsMax)).toBe('ALLOW')
    expect(all(limits.personsMax + 1)).toBe('ERROR')
  })

  it('other facts have another digest, and another judgement another trace', () => {
    const [a, b] = [factsOf(), factsOf({ feeMax: 2n })]
    expect(factsDigest(factsText(a))).not.toBe(factsDigest(factsText(b)))
    const [x, y] = [a, b].map((facts) => traceDigest(evaluate(facts, rulebook, roster)))
    expect(x).not.toBe(y)
  })
})

function leaves(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path]
  const below = Object.entries(value).flatMap(([key, item]) => leaves(item, [...path, key]))
  return path.length === 0 ? below : [path, ...below]
}

/** A copy of the facts with another value at this path. */
function put(facts: Facts, path: readonly string[], value: unknown): Facts {
  const copy: Loose = structuredClone(facts)
  const last = path.at(-1) ?? ''
  const parent = path.slice(0, -1).reduce((node, key) => node[key], copy)
  parent[last] = value
  return copy
}

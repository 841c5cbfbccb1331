// What an approver of a ceremony is shown: the very plan whose digest they sign, whole, or nothing
// that they could say yes to.
import { describe, expect, it } from 'vitest'
import type { Ruleset } from '../../cli/ruleset.ts'
import { showPlan } from '../../cli/show-plan.ts'
import { encodePlan, type Plan, parsePlan } from '../../policy/ceremony/plan.ts'
import { termsOfPlan } from '../../policy/ceremony/planned.ts'
import type { Change } from '../../policy/change.ts'
import { parseRoot } from '../../policy/documents.ts'
import { parseRoster } from '../../policy/roster.ts'
import { directoryOf } from '../kit/ceremony-people.ts'
import { plannedStation, testPlan } from '../kit/planned.ts'
import { firstRoot } from '../kit/succession.ts'

const root = parseRoot(firstRoot.text)
const stations = root.nodes.map(({ node, x }) => plannedStation(x, { node }))
const change = { env: root.env, origin: root.log.origin, stations, t: 2, root: root.digest }
const plan = testPlan('sign', { ...change, rehearsal: root.env !== 'prod' })
const names = plan.people.map(({ person }) => person)
const bytesOf = (other: Partial<Plan> = {}) => encodePlan({ ...plan, ...other })
const asked = (bytes = bytesOf(), terms: object = {}): Change =>
  ({ op: 'ceremony.plan', terms: { ...termsOfPlan(parsePlan(bytes)), ...terms } }) as Change
const shown = (request: Change, bytes: Uint8Array, known: readonly string[] = names) =>
  showPlan(request, bytes, { root, roster: parseRoster(directoryOf(known)) } as unknown as Ruleset)

describe('the plan beside a request for its ceremony', () => {
  it('is shown whole: who comes, with which tokens, and what is done', () => {
    const { text, missing } = shown(asked(), bytesOf())
    expect(missing).toBeUndefined()
    for (const name of names) expect(text).toContain(name)
    for (const { tokens } of plan.stations) expect(text).toContain(tokens?.daily.serial)
    expect(text).toContain(plan.purpose)
  })

  it('cannot be said yes to when it is another one, none, or says something else', () => {
    const codeOf = (...given: Parameters<typeof shown>) => shown(...given).missing?.code
    expect(codeOf(asked(), bytesOf({ purpose: 'another purpose' }))).toBe('PLAN')
    expect(codeOf(asked(), new Uint8Array())).toBe('MALFORMED')
    expect(codeOf(asked(bytesOf(), { until: plan.until - 1_000 }), bytesOf())).toBe('PLAN')
    expect(codeOf(asked(bytesOf(), { vaults: [] }), bytesOf())).toBe('PLAN')
    expect(shown(asked(), new Uint8Array()).text).toMatch(/^THE PLAN CANNOT BE SHOWN: /)
  })

  it('cannot be said yes to when somebody in it is not in the directory, or it is of another root', () => {
    expect(shown(asked(), bytesOf(), names.slice(1)).missing).toMatchObject({ code: 'PLAN' })
    const strange = bytesOf({ t: 3 })
    expect(shown(asked(strange), strange).missing).toMatchObject({ code: 'PLAN' })
  })

  it('is nothing beside any other request', () => {
    expect(shown({ op: 'key.create', terms: {} } as Change, bytesOf())).toEqual({ text: '' })
  })
})

import { describe, expect, it } from 'vitest'
import { encodePlan, parsePlan } from '../../../policy/ceremony/plan.ts'
import { requireThreshold, termsOfPlan } from '../../../policy/ceremony/planned.ts'
import { parseVaultId } from '../../../proto/ids.ts'
import { someDigest, testPlan } from '../../kit/planned.ts'
import { refusedWith } from '../../kit/refused.ts'

const read = (plan: ReturnType<typeof testPlan>) => parsePlan(encodePlan(plan))

describe('what people are asked to approve of a plan', () => {
  it('is its digest, kind, window, vaults and requests, in one form', () => {
    const names = ['cold-tron', 'cold-eth'] as const
    const requests = names.map((name) => ({
      ...{ request: someDigest(name), op: 'payment' as const },
      ...{ vault: parseVaultId(name), callBack: false },
    }))
    const vaults = names.map((name) => parseVaultId(name))
    const plan = testPlan('sign', { requests, vaults })
    const terms = termsOfPlan(read(plan))
    expect(terms).toEqual({
      ...{ plan: read(plan).digest, kind: 'sign', from: plan.from, until: plan.until },
      vaults: ['cold-eth', 'cold-tron'],
      requests: names.map((name) => someDigest(name)).sort(),
    })
    const turned = testPlan('sign', { requests: [...requests].reverse(), vaults })
    expect(termsOfPlan(read(turned)).requests).toEqual(terms.requests)
  })

  it('is nothing of an enrolment, which comes before there is a log', () => {
    expect(refusedWith(() => termsOfPlan(read(testPlan('enrolment'))))).toMatch(/^PLAN/)
    expect(refusedWith(() => termsOfPlan(read(testPlan('genesis'))))).toBe('accepted')
  })

  it('fits a key of which as many sign as the plan says', () => {
    const { plan } = read(testPlan('sign'))
    expect(refusedWith(() => requireThreshold(plan, { t: 3 }))).toBe('accepted')
    expect(refusedWith(() => requireThreshold(plan, { t: 2 }))).toBe('PARTICIPANTS')
  })
})

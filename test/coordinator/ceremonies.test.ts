// Ceremonies at the coordinator of a cold log: what is planned by people becomes a line, what a plan
// names goes into one Bundle, and what comes out of a room becomes lines once.
import { afterEach, describe, expect, it } from 'vitest'
import { readBundle } from '../../policy/ceremony/bundle.ts'
import { readBundleIn } from '../../policy/ceremony/bundle-in.ts'
import { encodePlan, type Plan, parsePlan } from '../../policy/ceremony/plan.ts'
import { termsOfPlan } from '../../policy/ceremony/planned.ts'
import type { Change } from '../../policy/change.ts'
import { parseHandle } from '../../proto/ids.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { testPlan } from '../kit/planned.ts'
import { askedOf, board, type ColdHouse, coldHouse, origin, root } from './cold-house.ts'
import { pgliteEngine } from './store-kit.ts'

const engine = pgliteEngine()
const houses: ColdHouse[] = []
afterEach(async () => {
  for (const house of houses.splice(0)) await house.stop()
})

async function built(): Promise<ColdHouse> {
  const house = await coldHouse(await engine.fresh())
  houses.push(house)
  return house
}

const hour = 3_600_000

/** A plan of this log for these requests, from an hour from now on. */
function planOf(house: ColdHouse, kind: 'genesis' | 'sign', requests: Plan['requests']) {
  const begin = Math.floor(house.clock.now() / 1_000) * 1_000
  const bytes = encodePlan(
    testPlan(kind, {
      ...{ org: parseHandle('acme-dev'), env: 'dev', rehearsal: true },
      ...{ origin: parseHandle(origin), root: root.digest, requests },
      vaults: [...new Set(requests.map(({ vault }) => vault))],
      ...{ from: begin + hour, until: begin + 9 * hour },
    }),
  )
  return { ...parsePlan(bytes), bytes }
}

function planning(house: ColdHouse, read: ReturnType<typeof planOf>): Change {
  return { ...askedOf(house.clock, 'all'), op: 'ceremony.plan', terms: termsOfPlan(read) }
}

/** The key of the cold vault is asked for and approved; its ceremony is planned. */
async function plannedGenesis(house: ColdHouse) {
  const create = await house.ask({ ...askedOf(house.clock, 'cold'), op: 'key.create', terms: {} })
  await house.approve(create, ...board)
  await house.until('allowed', async () => (await house.state(create)) === 'WAITING')
  const vault = askedOf(house.clock, 'cold').vault
  const plan = planOf(house, 'genesis', [
    { request: create, op: 'key.create', vault, callBack: false },
  ])
  const change = await house.ask(planning(house, plan), plan.bytes)
  await house.approve(change, ...board.slice(0, 2))
  await house.until('planned', async () => (await house.state(change)) === 'ACTIVE')
  return { create, plan, change }
}

const typesAbout = async (house: ColdHouse, type: string) =>
  (await house.lines()).filter((line) => line.type === type)

describe('an approved plan', () => {
  it('becomes a line with the plan beside it, and its requests wait', async () => {
    const house = await built()
    const { create, plan, change } = await plannedGenesis(house)
    const [line] = await typesAbout(house, 'ceremony.planned')
    expect(line?.body).toMatchObject({ plan: plan.digest, change, kind: 'genesis' })
    const [shown] = await house.coordinator.ceremonies.list()
    expect(shown).toMatchObject({ plan: plan.digest, state: 'planned', bundle: '' })
    expect(await house.state(create)).toBe('WAITING')
    const request = await house.coordinator.requests.find({ id: create })
    expect(!isRefusal(request) && request.reasons.map(({ code }) => code)).toContain('CEREMONY')
  })
})

describe('preparing', () => {
  it('makes one Bundle with the whole log and every order, and the same one again', async () => {
    const house = await built()
    const { plan } = await plannedGenesis(house)
    const prepared = await house.during(house.coordinator.ceremonies.prepare(plan.digest))
    expect(prepared).toMatchObject({ state: 'exported' })
    const files = await house.coordinator.ceremonies.bundleIn(plan.digest)
    const bundle = readBundle(files, 'in')
    const read = readBundleIn(bundle)
    expect(read.plan.digest).toBe(plan.digest)
    expect(read.warrants.map(({ kind }) => kind)).toEqual(['order'])
    const again = await house.during(house.coordinator.ceremonies.prepare(plan.digest))
    expect(again).toEqual(prepared)
    expect(await typesAbout(house, 'ceremony.exported')).toHaveLength(1)
  })
})

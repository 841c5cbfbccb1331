// What a coordinator of a cold log takes of the main log into a Bundle, and what it says of it.
import { afterEach, describe, expect, it } from 'vitest'
import { readBundle } from '../../policy/ceremony/bundle.ts'
import { readBundleIn } from '../../policy/ceremony/bundle-in.ts'
import { MainLog } from '../kit/main-log.ts'
import { type ColdHouse, coldHouse, root } from './cold-house.ts'
import { plannedGenesis, typesAbout } from './cold-planned.ts'
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

describe('preparing what names the main log', () => {
  it('takes a witnessed head of it that grew from those before, and says so in the log', async () => {
    const house = await built()
    const main = new MainLog({ org: root.org, env: root.env }).grow(4)
    const { plan } = await plannedGenesis(house, { mainRoot: main.first.root.digest })
    const { ceremonies } = house.coordinator
    const prepare = (bytes?: Uint8Array) => house.during(ceremonies.prepare(plan.digest, bytes))
    expect(await prepare()).toMatchObject({ code: 'PLAN', rule: 'X-8' })
    const weak = main.carried([], ['node-a'])
    expect(await prepare(weak)).toMatchObject({ code: 'COSIGN', rule: 'X-8' })
    expect(await typesAbout(house, 'ceremony.exported')).toEqual([])
    expect(await prepare(main.carried())).toMatchObject({ state: 'exported', main: main.seen() })
    const [line] = await typesAbout(house, 'ceremony.exported')
    expect(line?.body).toMatchObject({ main: main.seen() })
    const read = readBundleIn(readBundle(await ceremonies.bundleIn(plan.digest), 'in'))
    expect(read.main).toMatchObject(main.seen())
    await house.during(ceremonies.abort(plan.digest, 'TIME'))
    const next = await plannedGenesis(house, { mainRoot: main.first.root.digest })
    const again = (bytes: Uint8Array) => house.during(ceremonies.prepare(next.plan.digest, bytes))
    const other = new MainLog({ org: root.org, env: root.env }, 1).grow(9)
    const seen = main.size
    expect(await again(other.carried([seen]))).toMatchObject({ code: 'LOG_FORK', rule: 'X-8' })
    expect(await again(main.grow(1).carried())).toMatchObject({ code: 'LOG_FORK' })
    expect(await again(main.carried([seen]))).toMatchObject({ state: 'exported' })
  })

  it('takes none where the plan names no such log', async () => {
    const house = await built()
    const main = new MainLog({ org: root.org, env: root.env })
    const { plan } = await plannedGenesis(house)
    const prepared = house.during(house.coordinator.ceremonies.prepare(plan.digest, main.carried()))
    expect(await prepared).toMatchObject({ code: 'PLAN', rule: 'X-8' })
  })
})

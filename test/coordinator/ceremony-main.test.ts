// What a coordinator of a cold log takes of the main log into a Bundle, and what it says of it; and
// what is left of a Bundle that came to nothing.
import { afterEach, describe, expect, it, vi } from 'vitest'
import { putBundle } from '../../coordinator/store/bundle-parts.ts'
import { readBundle } from '../../policy/ceremony/bundle.ts'
import { readBundleIn } from '../../policy/ceremony/bundle-in.ts'
import { isRefusal, refusal } from '../../proto/refusal.ts'
import { MainLog } from '../kit/main-log.ts'
import { type ColdHouse, coldHouse, origin, root } from './cold-house.ts'
import { plannedGenesis, typesAbout } from './cold-planned.ts'
import { pgliteEngine } from './store-kit.ts'
import { anyDigest } from './world.ts'

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

describe('a preparation that came to nothing', () => {
  it('leaves none of its files behind', async () => {
    const house = await built()
    const { plan } = await plannedGenesis(house)
    const { ceremonies, sequencer } = house.coordinator
    const kept = async () =>
      (await house.store.query('select distinct bundle from bundle_part')).map(
        ({ bundle }) => bundle,
      )
    const propose = sequencer.propose.bind(sequencer)
    const no = vi.spyOn(sequencer, 'propose').mockImplementation(async (proposal) => {
      const written = JSON.stringify(proposal, (_, one) =>
        typeof one === 'bigint' ? `${one}` : one,
      )
      if (written.includes('ceremony.exported')) return refusal('QUEUE_FULL', 'full')
      return await propose(proposal)
    })
    const prepare = () => house.during(ceremonies.prepare(plan.digest))
    expect(await prepare()).toMatchObject({ code: 'QUEUE_FULL' })
    expect(await kept()).toEqual([])
    // As a process that died between its files and the line.
    const of = { origin, plan: plan.digest, bundle: anyDigest('died'), by: '' } as const
    await putBundle(house.store, of, new Map([['head', new Uint8Array(3)]]))
    no.mockRestore()
    const prepared = await prepare()
    expect(await kept()).toEqual([isRefusal(prepared) ? '' : prepared.bundle])
    // Of one that nobody prepared again.
    await putBundle(house.store, of, new Map([['head', new Uint8Array(3)]]))
    await house.during(ceremonies.abort(plan.digest, 'TIME'))
    expect(await kept()).toEqual([isRefusal(prepared) ? '' : prepared.bundle])
  })
})

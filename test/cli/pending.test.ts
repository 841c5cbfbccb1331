// pending: what waits, told by what it is and never as a payment of nothing; and what a room has
// signed and is held back.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { run } from '../../cli/run.ts'
import { encodeIntent } from '../../policy/request.ts'
import { custody, makeCluster, type Place, testWorld } from '../kit/cluster.ts'
import { type FakeCoordinator, fakeCoordinator } from '../kit/coordinator.ts'
import { freePort } from '../kit/ports.ts'
import { calling } from '../kit/scene-calls.ts'
import { permitting, stating } from '../kit/scene-messages.ts'

let place: Place
let house: FakeCoordinator
beforeAll(async () => {
  place = await makeCluster(await freePort())
  house = await fakeCoordinator(place)
})
afterAll(async () => {
  await house.close()
  place.remove()
})
beforeEach(() => house.beHonest())

const ana = (words: readonly string[]) => custody(place, 'people/ana', words)

describe('what is pending', () => {
  it('lists a call as a call, and not as a payment of nothing', async () => {
    const intent = encodeIntent(calling().intent!)
    const pending = [{ id: '', intent, rule: 'router-approve', missing: ['2 ops'], expires: '' }]
    house.lies.ApprovalService = { ListPending: async () => ({ pending, held: [] }) }
    const { json } = await ana(['pending'])
    expect(json.pending[0].what).toMatch(/^call of approve at 0x[0-9a-f]{40} by warm-eth, with 0/)
  })

  it('lists a message as one', async () => {
    const asked = [permitting(), stating()].map(({ intent }) => encodeIntent(intent!))
    const pending = asked.map((intent) => {
      return { id: '', intent, rule: 'router-permit', missing: ['2 ops'], expires: '' }
    })
    house.lies.ApprovalService = { ListPending: async () => ({ pending, held: [] }) }
    const { json } = await ana(['pending'])
    expect(json.pending[0].what).toMatch(/^Permit for 0x[0-9a-f]{40}, to be signed by warm-eth$/)
    expect(json.pending[1].what).toBe('a declaration, to be signed by warm-eth')
  })

  it('lists what a room has signed and may not go, with the reason', async () => {
    const intent = encodeIntent(calling().intent!)
    const because = 'FROZEN N4: frozen: cold'
    house.lies.ApprovalService = {
      ListPending: async () => ({ pending: [], held: [{ id: '', intent, because }] }),
    }
    const { json } = await ana(['pending'])
    expect(json).toMatchObject({
      pending: [],
      held: [{ because, what: expect.stringMatching(/^call of app/) }],
    })
    const { stdout } = await run(['pending', '--as', place.path('people/ana')], testWorld())
    const [nothing, what, why, id] = stdout.split('\n').map((line) => line.trim())
    expect([nothing, why, id]).toEqual(['nothing waits for you', because, json.held[0].id])
    expect(what).toBe(`${json.held[0].check}  HELD BACK ${json.held[0].what}`)
  })
})

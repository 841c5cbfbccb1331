// What a room has signed is judged again when it comes home: each thing that the organisation has
// changed since the Bundle left holds the signature back, through the import that brings it, and
// nothing else does. The signature is in the log whatever is said.
import { afterEach, describe, expect, it } from 'vitest'
import { approvalService } from '../../coordinator/service/approval.ts'
import { parseHandle } from '../../proto/ids.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { digestFor, type Loose } from '../policy/dev-fixture.ts'
import { type ColdHouse, coldHouse, rootText } from './cold-house.ts'
import { hour, preparedRelease, put, typesAbout } from './cold-planned.ts'
import { roomOf } from './cold-room.ts'
import { type Change, ColdRoots, type Edit } from './cold-roots.ts'
import { pgliteEngine } from './store-kit.ts'
import { freezeOf } from './world.ts'

const engine = pgliteEngine()
const houses: ColdHouse[] = []
afterEach(async () => {
  for (const house of houses.splice(0)) await house.stop()
})

/** A payment that a room has signed, not brought home yet. */
async function signed() {
  const house = await coldHouse(await engine.fresh())
  houses.push(house)
  const { request, plan } = await preparedRelease(house)
  const files = (await roomOf(house, plan)).carriedOut()
  const { ceremonies, requests } = house.coordinator
  return {
    ...{ house, request, roots: new ColdRoots(house) },
    /** Brings it home, or once more; why it is held back. */
    home: async (): Promise<string> => {
      const of = await put(house, plan.digest, files)
      const answer = await house.during(ceremonies.import(of, []))
      if (isRefusal(answer)) throw new Error(`${answer.code}: ${answer.because}`)
      const signature = answer.results.find(({ line }) => line === 'sign.completed')
      return signature?.kept ?? 'no signature'
    },
    shown: async () => {
      const shown = await requests.find({ id: request })
      if (isRefusal(shown)) throw new Error(shown.because)
      const { state, reasons, signedTransaction, txid } = shown
      const codes = reasons.map(({ code, because }) => `${code} ${because}`)
      return { state, codes, bytes: signedTransaction.length, txid }
    },
    held: () => house.events.filter(({ name }) => name === 'payment.held'),
  }
}

const rule = (change: (rule: Loose) => void): Edit => {
  return (json) => change(json.rules.find(({ id }: Loose) => id === 'cold-release'))
}
/** Three there are, and one of them runs the service that may ask otherwise. */
const directors = (one: Loose, count: number): void => {
  one.match.initiator = ['treasury']
  one.require[0].count = count
}
const limit = (max: string): Edit => {
  return (json) => {
    json.limits.find(({ id }: Loose) => id === 'cold-7d').max = max
  }
}
const record = (change: object): Edit => {
  return (json) => {
    json.records = json.records.map((one: Loose) => ({ ...one, ...change }))
  }
}
const risk = (...members: string[]): Edit => {
  return (json) => {
    json.roles.risk.members = members
  }
}

describe('a payment that comes home from its room', () => {
  it('is held back by whatever was changed since the Bundle left, and goes when it is allowed', async () => {
    const { house, request, roots, home, shown, held } = await signed()
    const cases: readonly (readonly [string, Change, Change])[] = [
      [
        'DEST_UNKNOWN N10: expected a destination in force, got a record that',
        { book: record({ status: 'removed', version: 2 }) },
        { book: record({ status: 'active', version: 1 }) },
      ],
      [
        'DEST_UNKNOWN N10: expected a destination in force, got a record that',
        { book: record({ address: '0x1111111111111111111111111111111111111111' }) },
        { book: record({ address: '0x7a16ff8270133f063aab6c9977183d9e72835428' }) },
      ],
      [
        'QUORUM N21: still needed: 1 director',
        { policy: rule((one) => directors(one, 3)) },
        { policy: rule((one) => directors(one, 2)) },
      ],
      ['LIMIT N22: expected at most 999', { policy: limit('999.5') }, { policy: limit('1000') }],
      ['QUORUM N21: still needed: 1 risk', { policy: risk('pia', 'gus') }, {}],
    ]
    let last: string | undefined
    for (const [because, change, back] of cases) {
      await roots.succeed(change)
      expect(await home()).toContain(because)
      await house.pass(11_000)
      last = (await shown()).codes.find((code) => code.startsWith(because))
      expect(await shown()).toMatchObject({ state: 'SIGNED', codes: [last], bytes: 0 })
      expect(held().at(-1)).toMatchObject({ level: 'alarm', because: last, intent: request })
      if (change !== cases.at(-1)?.[1]) await roots.succeed(back)
    }
    expect(house.chain.sent).toEqual([])
    expect(await typesAbout(house, 'sign.completed')).toHaveLength(1)
    // Of whoever is in the role now one more says yes.
    await house.approve(request, ['pia', 'risk'])
    await house.until('sent', () => house.chain.sent.length > 0)
    await house.until('told', async () => (await shown()).state === 'BROADCAST')
    expect(await shown()).toMatchObject({ codes: [], txid: house.chain.sent[0] })
    expect(await home()).toBe('')
    house.chain.depth = 1
    await house.until('settled', async () => (await shown()).state === 'SETTLED')
  }, 600_000)

  it('is held back by a freeze, and after its time', async () => {
    const { house, home, shown } = await signed()
    await house.jump(100 * hour)
    expect(await home()).toMatch(/^TIME N17: its signature came /)
    const frozen = freezeOf('ana', 'cold', house.clock.now())
    expect(isRefusal(await house.during(house.coordinator.decisions.freeze(frozen)))).toBe(false)
    expect(await home()).toBe('FROZEN N4: frozen: cold')
    await house.pass(11_000)
    expect(await shown()).toMatchObject({ state: 'SIGNED', codes: ['FROZEN N4: frozen: cold'] })
    expect(house.chain.sent).toEqual([])
  }, 600_000)

  it('is not let go by a clock that was set back to where the policy still held', async () => {
    const { house, roots, home, shown } = await signed()
    const ends = new Date(house.clock.now() + 30 * 24 * hour).toISOString().replace(/\.\d+/, '')
    await roots.succeed({
      policy: (json) => {
        json.expires = ends
      },
      book: record({ status: 'removed', version: 2 }),
    })
    expect(await home()).toContain('DEST_UNKNOWN N10')
    await house.jump(40 * 24 * hour)
    await roots.succeed({ book: record({ status: 'active', version: 1 }) })
    expect((await shown()).codes).toEqual(['RULESET_VERSION N22: the policy is expired'])
    house.clock.advance(-20 * 24 * hour)
    const { bytes, codes } = await shown()
    expect(codes).toEqual([expect.stringContaining('CLOCK N3: ')])
    expect(bytes).toBe(0)
  }, 600_000)

  it('is held back by a root that has no place for a station that signed it', async () => {
    const { house, request, roots, home, shown } = await signed()
    await roots.succeed({ root: (json) => moved(json, 'node-1') })
    const because = 'PARTICIPANTS N2: node-1 signed it, and is no node of root 2'
    expect(await home()).toBe(because)
    await house.pass(3_000)
    const { GetApprovalPackage, ListPending } = approvalService(house.coordinator)
    const ana = { role: 'approver', id: parseHandle('ana'), pin: digestFor('tls/ana') } as const
    expect(await GetApprovalPackage({ id: request }, ana)).toMatchObject({ held: because })
    expect(await ListPending({}, ana)).toMatchObject({ held: [{ id: request, because }] })
    expect(await shown()).toMatchObject({ state: 'SIGNED', codes: [because] })
    expect(house.chain.sent).toEqual([])
    // For good: nobody takes it in again.
    const before = JSON.parse(rootText).nodes[0]
    const back = roots.succeed({
      root: (json) => {
        Object.assign(
          json.nodes.find(({ node }: Loose) => node === 'node-4'),
          before,
        )
      },
    })
    await expect(back).rejects.toThrow('PARTICIPANTS: node node-1 left and does not come back')
  }, 600_000)

  it('goes out where what was changed says nothing against it', async () => {
    const { house, roots, home, shown } = await signed()
    await roots.succeed({
      root: (json) => moved(json, 'node-3'),
      policy: rule((one) => Object.assign(one, { ttl: '71h' })),
      directory: (json) => {
        json.persons = json.persons.filter(({ handle }: Loose) => handle !== 'sam')
      },
      book: (json) => {
        const [own] = json.records
        const address = '0x1111111111111111111111111111111111111111'
        json.records = [{ ...own, address, label: 'another' }, own]
      },
    })
    expect(await home()).toBe('')
    await house.until('sent', () => house.chain.sent.length > 0)
    house.chain.depth = 1
    await house.until('settled', async () => (await shown()).state === 'SETTLED')
    expect(house.events.filter(({ name }) => name === 'payment.held')).toEqual([])
  }, 600_000)
})

/** Another station in its place. */
function moved(json: Loose, name: string): void {
  const node = json.nodes.find((one: Loose) => one.node === name)
  Object.assign(node, { node: 'node-4', identity: 'ab'.repeat(32), transport: 'cd'.repeat(32) })
}

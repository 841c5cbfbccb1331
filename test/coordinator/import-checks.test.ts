// I1 to I8 at the importer, one bent Bundle for each, and more than it keeps: none of them writes a
// line, and the good one is taken after all of them. A Statement that says no (I6), I9 and I10 are
// beside, an open Record (I2) is the judge's own.
import { describe, expect, it } from 'vitest'
import { type BundleFiles, writeBundle } from '../../policy/ceremony/bundle.ts'
import { limits } from '../../proto/limits.ts'
import type { Uttered } from '../kit/performed.ts'
import { coldHouse } from './cold-house.ts'
import { preparedRelease, put } from './cold-planned.ts'
import { roomOf } from './cold-room.ts'
import { pgliteEngine } from './store-kit.ts'
import { anyDigest } from './world.ts'

const engine = pgliteEngine()

describe('a Bundle that comes home', () => {
  it('is refused by the check that finds it bent, whatever else is right', async () => {
    const house = await coldHouse(await engine.fresh())
    try {
      const { plan } = await preparedRelease(house)
      const room = await roomOf(house, plan)
      const said = room.said()
      const performed = (all: readonly Uttered[]): BundleFiles => room.carriedOut(room.lines(all))
      const without = (type: string): BundleFiles =>
        performed(said.filter((one) => one.type !== type))
      const good = performed(said)
      const kept = [...good].filter(([name]) => !/^(manifest|statements)/.test(name))
      const { org } = room.plan
      const of = { direction: 'out', org, env: 'test', plan: plan.digest } as const
      const [genesis, ...rest] = said as [Uttered, ...Uttered[]]
      const another = { ...genesis, body: { ...genesis.body, bundle: anyDigest('another') } }
      const elsewhere = (one: Uttered): Uttered =>
        one.body['what'] === 'bundle'
          ? { ...one, body: { ...one.body, digest: anyDigest('another') } }
          : one
      const nobody = said.map((one) =>
        one.by === 'witness/chen' || one.body['person'] === 'chen' ? undefined : one,
      )
      const alone = nobody
        .flatMap((one) => one ?? [])
        .map((one) =>
          one.body['confirmed'] === undefined
            ? one
            : { ...one, body: { ...one.body, confirmed: ['pia'] } },
        )
      const stolen = said.map((one) =>
        one.type === 'request.shown' ? { ...one, token: 'R-0' } : one,
      )
      const { results } = room
      const other = { ...room.completed, sid: anyDigest('another session') }
      room.results = { ...results, lines: [{ type: 'sign.completed', body: other }] }
      const elsewise = performed([...said.slice(0, -1), room.closed(0)])
      room.results = results
      const cases: readonly (readonly [string, BundleFiles])[] = [
        ['I1', writeBundle(new Map(kept), of)],
        ['I3', performed(stolen)],
        ['I4', without('request.shown')],
        ['I5', performed([another, ...rest.map(elsewhere)])],
        ['I7', performed(alone)],
        ['I8', elsewise],
        ...Array.from({ length: limits.bundlesPerOperatorMax }, (_, at) => {
          const own = { ...genesis, body: { ...genesis.body, bundle: anyDigest(`other ${at}`) } }
          return ['I4', performed([own, ...rest])] as const
        }),
      ]
      const { ceremonies } = house.coordinator
      const { size } = house.coordinator.tree
      for (const [check, files] of cases) {
        const answer = await house.during(
          ceremonies.import(await put(house, plan.digest, files), []),
        )
        expect([check, answer]).toMatchObject([check, { code: 'RECORD', rule: check }])
      }
      const types = (await house.lines()).slice(size).map(({ type }) => type)
      expect(types.filter((type) => type !== 'log.heartbeat')).toEqual([])
      const taken = await house.during(ceremonies.import(await put(house, plan.digest, good), []))
      expect(taken).toMatchObject({ ceremony: { state: 'concluded' } })
    } finally {
      await house.stop()
    }
  })
})

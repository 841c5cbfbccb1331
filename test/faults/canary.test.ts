// What nodes make of their pairings lives in memory alone: the seeds of every oblivious transfer, and the
// correlations they give, stand in no frame that left, no file, no event and no row, after payments,
// deaths and restarts. Part of `npm run storm -- faults`.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { PairingSecrets } from '../../signer-node/dkls23/pairing.ts'
import type { here as Here } from '../../signer-node/here.ts'
import { resultOf } from '../../signer-node/stepper.ts'
import { pairingParts } from '../../signer-node/thread-words.ts'
import { payout } from '../coordinator/world.ts'
import { type House, names } from '../kit/house.ts'
import { openHouse } from '../kit/house-open.ts'
import { fileSinks, found, type Secrets } from './canary.ts'

const seen = vi.hoisted(() => ({ secrets: new Map<string, Uint8Array>(), made: 0 }))

/** Of every pairing that is made from now on, what begins and what ends each of its parts. */
vi.mock('../../signer-node/here.ts', async (original) => {
  const { here } = await original<{ here: typeof Here }>()
  return {
    here: {
      ...here,
      pair: (run: Parameters<typeof Here.pair>[0]) => resultOf(here.pair(run), remembered),
    },
  }
})

function remembered(made: PairingSecrets): PairingSecrets {
  seen.made += 1
  for (const [at, part] of pairingParts(made).entries()) {
    if (part.length < 32) continue
    seen.secrets.set(`pairing ${seen.made}.${at}, first`, part.slice(0, 32))
    seen.secrets.set(`pairing ${seen.made}.${at}, last`, part.slice(-32))
  }
  return made
}

let house: House
const frames: Uint8Array[] = []
beforeAll(async () => {
  house = await openHouse({ seed: 'canary' })
  house.up = (_place, frame) => {
    frames.push(...bytesIn(frame))
    return frame
  }
})
afterAll(() => house.close())

/** All bytes and texts of a frame. */
function bytesIn(value: unknown): readonly Uint8Array[] {
  if (value instanceof Uint8Array) return [value.slice()]
  if (typeof value === 'string') return [new TextEncoder().encode(value)]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(bytesIn)
}

let cents = 1_000_000n
async function pay(): Promise<void> {
  cents += 1n
  const created = house.time.now
  const id = await house.submit(payout({ created, notAfter: created + 3_600_000, amount: cents }))
  await house.untilState(id, 'SETTLED')
}

async function rows(): Promise<string> {
  const tables = await house.store.query(
    "select tablename from pg_tables where schemaname = 'public'",
  )
  const all = await Promise.all(
    tables.map(({ tablename }) => house.store.query(`select t::text as row from "${tablename}" t`)),
  )
  return all
    .flat()
    .map(({ row }) => String(row))
    .join('\n')
}

describe('the secrets of pairings', () => {
  it('stand in no frame, file, event or row', async () => {
    await pay()
    for (const name of names.slice(0, 2)) {
      house.at(name).kill()
      await house.pass(1_000)
      house.at(name).start()
      await house.pass(15_000)
    }
    await pay()
    const secrets: Secrets = seen.secrets
    expect(secrets.size).toBeGreaterThan(20)
    expect(frames.length).toBeGreaterThan(100)
    const events = new TextEncoder().encode(JSON.stringify(house.record.events))
    const sinks = new Map([
      ...fileSinks(house.home),
      ...frames.map((bytes, at): [string, Uint8Array] => [`frame ${at}`, bytes]),
      ['events', events] as const,
      ['rows', new TextEncoder().encode(await rows())] as const,
    ])
    expect(found(secrets, sinks)).toEqual([])
    // What is looked for is found where it is.
    const [one = new Uint8Array()] = secrets.values()
    const planted = new Map([['planted', Buffer.concat([Buffer.alloc(5), one])]])
    expect(found(secrets, planted)).not.toEqual([])
  })
})

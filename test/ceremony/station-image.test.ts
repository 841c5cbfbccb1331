// What is left of secrets in the processes of Stations, while they run: real programs play a
// payment, and after everybody signed, and again in the closing, the image of each is searched for
// its share, the key of that Seal and its PIN; its words, its environment and all files beside it
// too. The keys of the Station's own Seals are in the image by design until it is put away. That
// the search sees these processes is shown by the digest of the plan, and that it finds each form
// of a secret by the tests of `core-image.ts`.
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openMedium } from '../../signer-node/ceremony/medium.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { filesBelow } from '../faults/canary.ts'
import { anvilInstalled } from '../kit/anvil.ts'
import { canReadImages, findInImage, Search } from '../kit/core-image.ts'
import { type PreparedSitting, ProgramHouse } from '../kit/program-house.ts'
import { ProgramRoom } from '../kit/program-room.ts'
import { secretsOnMedium } from '../kit/station-secrets.ts'

const isPossible = anvilInstalled && canReadImages
let house: ProgramHouse

/** By station: its secrets as its token tells them, and its PIN. */
async function secretsOf() {
  const all = new Map<string, { shares: Map<string, Uint8Array>; pin: Uint8Array }>()
  for (const { node, socket, pins, mediumA } of house.outside.stations) {
    socket.plug('daily')
    const pin = pins['daily']?.bytes.slice() ?? expect.fail('a station has a PIN')
    const of = {
      ...{ slot: socket.slot, card: openMedium(mediumA).station, home: house.place },
      pin: () => new Secret(pin.slice()),
    }
    const told = await secretsOnMedium(of, mediumA)
    const shares = new Map([...told].filter(([name]) => name.includes('.keyshare')))
    expect(shares.size).toBe(2)
    all.set(node, { shares, pin })
  }
  return all
}

/** What a file of a rehearsal may hold in clear: a twin in software is its token. */
const isToken = (path: string): boolean => path.split('/').includes('tokens')

function inFiles(secrets: ReadonlyMap<string, Uint8Array>, words: ReadonlyMap<string, Uint8Array>) {
  const search = new Search(secrets, words)
  for (const path of filesBelow(house.place).filter((one) => !isToken(one))) {
    search.begin(basename(path))
    search.feed(readFileSync(path))
  }
  return search.end()
}

function inSurroundings(pid: number, secrets: ReadonlyMap<string, Uint8Array>, pin: Uint8Array) {
  const search = new Search(secrets, new Map([['PIN', pin]]))
  for (const name of ['cmdline', 'environ']) {
    search.begin(name)
    search.feed(readFileSync(join('/proc', `${pid}`, name)))
  }
  return search.end()
}

/** Everybody has signed, checked and wiped; the Record is closed. */
const looks = ['S-11', 'C-4']

async function lookedAt(
  room: ProgramRoom,
  secrets: Awaited<ReturnType<typeof secretsOf>>,
  { prepared }: PreparedSitting,
): Promise<readonly string[]> {
  const found: string[] = []
  const plan = Buffer.from(prepared.plan.digest, 'hex')
  for (const [node, { shares, pin }] of secrets) {
    const pid = room.pidOf(node)
    const sought = new Map([...shares, ['plan', plan]])
    const seen = await findInImage(pid, sought, new Map([[`PIN of ${node}`, pin]]))
    // The search sees this process: the plan that it sits for is there.
    expect(seen.some((one) => one.startsWith('plan: '))).toBe(true)
    found.push(...seen.filter((one) => !one.startsWith('plan: ')))
    found.push(...inSurroundings(pid, shares, pin))
  }
  return found
}

describe.runIf(isPossible)('the process of a Station', () => {
  beforeAll(async () => {
    house = await ProgramHouse.open('station-image')
  }, 600_000)
  afterAll(() => house[Symbol.asyncDispose](), 60_000)

  it('holds no share, no key of its Seal and no PIN after it signed, nor in the closing', async () => {
    const secrets = await secretsOf()
    const sitting = await house.prepared('sign', 'sign')
    using room = new ProgramRoom({ outside: house.outside, ...sitting, ports: house.ports })
    const found = new Map<string, readonly string[]>()
    await room.play(async (step) => {
      if (!looks.includes(step)) return
      await room.still(async () => void found.set(step, await lookedAt(room, secrets, sitting)))
    })
    await room.over()
    expect([...found.keys()]).toEqual(looks)
    expect([...found.values()]).toEqual(looks.map(() => []))
    const all = new Map([...secrets.values()].flatMap(({ shares }) => [...shares]))
    const pins = new Map([...secrets].map(([node, { pin }]) => [`PIN of ${node}`, pin]))
    expect(inFiles(all, pins)).toEqual([])
    expect((await house.outside.after(sitting.prepared)).verdict).toBe('OK')
  }, 900_000)
})

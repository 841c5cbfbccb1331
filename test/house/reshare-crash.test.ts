// Reshares in which somebody dies at every step at which something becomes durable or leaves: a node
// that deals and receives, one that only receives, the coordinator. (Nobody only deals: all nodes of
// the root receive, and a dealer is one of them.) Whatever happens, the old epoch or the new one
// signs; at the end everybody has the new one, and old shares add up to nothing with it.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { VaultRow } from '../../policy/view.ts'
import type { Digest } from '../../proto/ids.ts'
import { limits } from '../../proto/limits.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import type { Keyshare } from '../../signer-node/dkls23/keyshare.ts'
import { daily } from '../kit/every-case.ts'
import type { House } from '../kit/house.ts'
import { approved, inForce, keyOf, pay, reshareOf, sharesOf } from '../kit/house-changes.ts'
import { breaches, linesOf } from '../kit/house-checks.ts'
import { doomAtLine, doomAtRow, doomBeforeRound, oneDiesAndReturns } from '../kit/house-doom.ts'
import { areReady, openHouse } from '../kit/house-open.ts'
import { HouseRoots } from '../kit/house-roots.ts'
import type { Moment } from '../kit/mortal.ts'
import { secretOf } from '../kit/shares.ts'

// Each case pairs three nodes anew, twice.
vi.setConfig({ testTimeout: 300_000 })

const [a, b, c] = ['signer-a', 'signer-b', 'signer-c'] as const
/** Each takes the third place from the one before, who is lost. */
const comers = Array.from({ length: 32 }, (_, at) => `comer-${at + 1}`)
const curve = nativeCurve()
let house: House
let roots: HouseRoots
let third: string = c
/** Whoever held the third place before, and the key as it was then. */
let lost: { readonly name: string; readonly row: VaultRow }

beforeAll(async () => {
  house = await openHouse({ seed: 'reshare crash' })
  lost = { name: c, row: await keyOf(house) }
  roots = new HouseRoots(house, Object.fromEntries(comers.map((name) => [name, 3])))
})
afterAll(() => house.close())

const committee = (): readonly string[] => [a, b, third]

/** The third is lost, the root names another one; then two of three may witness again. */
async function replaced(): Promise<void> {
  lost = { name: third, row: await keyOf(house) }
  house.at(third).kill()
  third = comers.shift() ?? ''
  house.addNode(third, 3).start()
  const version = house.coordinator().roots.now.version
  for (const [at, q] of [3, 2].entries()) {
    expect(await roots.succeed(committee(), { n: 3, t: 2, q })).toBe(version + 1 + at)
    await areReady(house, committee())
  }
}

async function begun(): Promise<Digest> {
  return approved(house, await reshareOf(house, [a, b]))
}

/** One line, the key as it was, one share in every directory; and the new one signs with the last. */
async function endsWell(id: Digest): Promise<void> {
  await house.until('the change is carried out', async () => (await house.state(id)) === 'ACTIVE')
  const after = await keyOf(house)
  expect(after.epoch).toBeGreaterThan(lost.row.epoch)
  expect(after.participants.map(({ node }) => node)).toEqual(committee())
  expect([after.publicKey, after.chainCode]).toEqual([lost.row.publicKey, lost.row.chainCode])
  await inForce(house, after.epoch)
  for (const name of committee()) {
    expect(sharesOf(house, name)).toEqual([`hot.${after.epoch}.keyshare`])
  }
  expect(linesOf(await house.story(id), 'key.reshared')).toHaveLength(1)
  // A drive that waited in vain for a confirmation calls its node slow when its patience ends.
  await house.pass(limits.sessionTimeoutMs)
  await areReady(house, committee())
  house.coordinator().links.putLast([a])
  expect(await signersOf(await pay(house))).toEqual([b, third])
}

async function signersOf(paid: Digest): Promise<readonly string[]> {
  await house.untilState(paid, 'SETTLED')
  const [last] = linesOf(await house.story(paid), 'session.started').slice(-1)
  return last?.body.participants ?? []
}

/** As it lies on the disk of a node that does not run. */
function shareOf(name: string, row: VaultRow): Keyshare {
  const { store, keystore } = house.at(name).disk()
  store.close()
  const { vault, epoch, t: threshold, participants, publicKey, keyState } = row
  const expected = { vault, epoch, threshold, publicKey, keyState }
  return keystore.open({ ...expected, parties: participants.length }, 'active')
}

/** Whether these two shares are the key. */
function isKey(one: Keyshare, other: Keyshare): boolean {
  const point = curve.points.multiplyBase(secretOf(curve, [one, other]))
  return point !== undefined && Buffer.from(point).equals(lost.row.publicKey)
}

const roles = [
  ['a dealer', () => a],
  ['the new node', () => third],
] as const

describe('in a reshare to a new node', () => {
  const moments: readonly (readonly [string, string, Moment])[] = [
    ['when its share is sealed and it has not confirmed', 'prepared', 'before'],
    ['when it has confirmed and nobody knows', 'prepared', 'after'],
    ['before the line of the new epoch is on its disk', 'key_line', 'before'],
    ['when the line of the new epoch is on its disk', 'key_line', 'after'],
  ]
  const cases = moments.flatMap((moment) => roles.map((role) => [...role, ...moment] as const))
  for (const [role, dying, when, table, moment] of daily(cases, 1, 4)) {
    it(`${role} that dies ${when} comes back, and the new epoch signs`, async () => {
      await replaced()
      doomAtRow(house, { table, moment, nth: 1 }, [dying()])
      const id = await begun()
      await oneDiesAndReturns(house, committee())
      await endsWell(id)
    })
  }

  const heard = roles.flatMap((role) => [1, 2, 3].map((round) => [...role, round] as const))
  for (const [role, dying, round] of daily(heard, 2, 4)) {
    it(`${role} that dies before it hears round ${round} comes back, and the new epoch signs`, async () => {
      await replaced()
      doomBeforeRound(house, round, dying())
      const id = await begun()
      await oneDiesAndReturns(house, committee())
      await endsWell(id)
    })
  }

  it('an old holder that does not deal keeps its old share when it dies with the new one', async () => {
    await areReady(house, committee())
    const { epoch } = await keyOf(house)
    doomAtRow(house, { table: 'prepared', moment: 'before', nth: 1 }, [b])
    const id = await approved(house, await reshareOf(house, [a, third]))
    await house.until('it is dead', () => !house.at(b).isUp)
    const next = `hot.${epoch + 1}.pending.keyshare`
    expect(sharesOf(house, b)).toEqual([`hot.${epoch}.keyshare`, next])
    await house.pass(2_000)
    house.at(b).start()
    await endsWell(id)
  })
})

describe('a coordinator that dies in a reshare', () => {
  for (const moment of daily(['before', 'after'] as const, 1, 2)) {
    it(`${moment} the line of the new epoch is committed leaves it to the next one`, async () => {
      await replaced()
      doomAtLine(house, 'key.reshared', moment)
      const id = await begun()
      await house.until('it is dead', () => !house.isUp('c1'))
      await house.pass(1_000)
      await house.startCoordinator('c1')
      await endsWell(id)
      // The confirmations were said again: nothing was dealt twice.
      expect((await keyOf(house)).epoch).toBe(lost.row.epoch + 1)
    })
  }

  it('together with all nodes, when all have confirmed, loses nothing', async () => {
    await replaced()
    house.up = (_place, frame) => (frame.frame === 'keyConfirm' ? undefined : frame)
    const known = confirmed()
    const id = await begun()
    await house.until('all have confirmed', () => confirmed() >= known + 3)
    for (const name of committee()) house.at(name).kill()
    house.killCoordinator('c1')
    house.up = (_place, frame) => frame
    await house.pass(1_000)
    for (const name of committee()) house.at(name).start()
    await house.startCoordinator('c1')
    await endsWell(id)
  })
})

describe('a reshare that is kept from its end', () => {
  it('signs with those who are left of the old epoch, then with the new one', async () => {
    await replaced()
    house.up = ({ node }, frame) => {
      return frame.frame === 'keyConfirm' && node === third ? undefined : frame
    }
    const known = confirmed()
    const id = await begun()
    await house.until('all have confirmed', () => confirmed() >= known + 3)
    expect(await signersOf(await pay(house))).toEqual([a, b])
    expect((await keyOf(house)).epoch).toBe(lost.row.epoch)
    house.up = (_place, frame) => frame
    await endsWell(id)
  })

  it('at a dealer that does not hear of the line is over for the others', async () => {
    await replaced()
    const known = confirmed()
    house.down = ({ node }, frame) => {
      const tells = frame.frame === 'lines' || frame.frame === 'heads'
      return confirmed() >= known + 3 && node === a && tells ? undefined : frame
    }
    const id = await begun()
    await house.untilState(id, 'ACTIVE')
    const { epoch } = await keyOf(house)
    await house.until('two have the new epoch', () =>
      [b, third].every((name) => sharesOf(house, name).includes(`hot.${epoch}.keyshare`)),
    )
    // It did not change its mind: both of its shares are there.
    expect(sharesOf(house, a)).toEqual([
      `hot.${lost.row.epoch}.keyshare`,
      `hot.${epoch}.pending.keyshare`,
    ])
    house.at(a).kill()
    expect(await signersOf(await pay(house))).toEqual([b, third])
    house.down = (_place, frame) => frame
    house.at(a).start()
    await endsWell(id)
  })
})

describe('the share of whoever was lost', () => {
  it('adds up to nothing with a share of the new epoch, which are the key among themselves', async () => {
    const row = await keyOf(house)
    for (const name of committee()) house.at(name).stop()
    await house.pass(10)
    using old = shareOf(lost.name, lost.row)
    using ofA = shareOf(a, row)
    using ofB = shareOf(b, row)
    using ofThird = shareOf(third, row)
    expect([isKey(ofA, ofB), isKey(ofB, ofThird), isKey(ofA, ofThird)]).toEqual([true, true, true])
    expect([isKey(ofA, old), isKey(ofB, old)]).toEqual([false, false])
  })

  it('is nothing to the node itself, which nobody lets in again and which is never ready', async () => {
    for (const name of committee()) house.at(name).start()
    house.at(lost.name).start()
    await areReady(house, committee())
    await house.pass(5_000)
    expect(house.coordinator().links.link(lost.name)).toBeUndefined()
    expect(house.at(lost.name).node.status().state).not.toBe('ready')
    expect(await signersOf(await pay(house))).not.toContain(lost.name)
    expect(await breaches(house)).toEqual([])
  })
})

function confirmed(): number {
  return house.record.events.filter(({ name }) => name === 'key-confirmed').length
}

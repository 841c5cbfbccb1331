// A light witness in a whole house: it comes with a root, and from then on three of four witnesses,
// one of them corrupt, have to see every attempt. It stands in for a node that is down, and signs
// nothing but heads.
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CoordinatorFrame } from '../../proto/frames.ts'
import type { House } from '../kit/house.ts'
import { pay } from '../kit/house-changes.ts'
import { breaches, linesOf } from '../kit/house-checks.ts'
import { openHouse } from '../kit/house-open.ts'
import { HouseRoots } from '../kit/house-roots.ts'

const [a, b, c, light] = ['signer-a', 'signer-b', 'signer-c', 'light-d'] as const
const four = { n: 3, t: 2, q: 3, f: 1, lights: [light] }

let house: House
let roots: HouseRoots
beforeAll(async () => {
  house = await openHouse({ seed: 'light' })
  roots = new HouseRoots(house)
  house.addProcess(light, true).start()
})
afterAll(() => house.close())

const state = (name: string) => house.at(name).node.status().state
const areReady = (...names: readonly string[]) =>
  house.until('ready', () => names.every((name) => state(name) === 'ready'))
const cosignedBy = (name: string) => house.record.heads.filter(({ by }) => by === name)

describe('a light witness', () => {
  it('is let in by no coordinator before a root names it', async () => {
    await house.pass(3_000)
    expect([state(light), house.at(light).node.status().size]).toEqual(['checking', 0])
    expect(cosignedBy(light)).toEqual([])
  })

  it('comes with the root, catches up from the first line, and cosigns', async () => {
    // At once with a quorum of three, two logs could part at the switch.
    expect(await roots.succeed([a, b, c], four)).toBe('LOG_FORK')
    expect(await roots.succeed([a, b, c], { ...four, q: 4 })).toBe(2)
    await areReady(a, b, c, light)
    expect(await roots.succeed([a, b, c], four)).toBe(3)
    await house.until('it has cosigned', () => cosignedBy(light).length > 0)
    await house.untilState(await pay(house), 'SETTLED')
  })

  it('makes the third of the quorum while a node is down, so that payments go on', async () => {
    house.at(c).kill()
    const id = await pay(house)
    await house.untilState(id, 'SETTLED')
    for (const { value } of house.record.sharesOf(id)) {
      const seq = linesOf(await house.story(id), 'session.started').at(-1)!.seq
      const seen = [...value.known].filter(([, size]) => size > seq).map(([name]) => name)
      expect(seen.sort()).toEqual(
        ['light-d', 'signer-a', 'signer-b'].map((name) => `${name}.acme.example/witness`),
      )
    }
    house.at(c).start()
    await areReady(c)
  })

  it('answers for the floor: with it and two nodes a third is ready, without it none is', async () => {
    house.at(light).kill()
    house.at(c).kill()
    rmSync(join(house.at(c).directory('floor'), 'floor.json'))
    await house.pass(1_000)
    house.at(c).start()
    await house.pass(10_000)
    expect(state(c)).toBe('checking')
    house.at(light).start()
    await areReady(c, light)
  })

  it('takes part in no session, whatever it is sent', async () => {
    const before = house.record.events.length
    const none = new Uint8Array()
    const id = await pay(house)
    const sent: CoordinatorFrame[] = []
    house.down = ({ node }, frame) => {
      if (node === a && ['prepare', 'start', 'envelope'].includes(frame.frame)) sent.push(frame)
      return frame
    }
    house.coordinator().links.putLast([c])
    await house.untilState(id, 'SETTLED')
    house.down = (_place, frame) => frame
    const said = house.record.accepted.length + house.record.refused.length
    const stop: CoordinatorFrame = { frame: 'stop', stop: { sid: none } }
    expect(sent.map(({ frame }) => frame)).toEqual(
      expect.arrayContaining(['prepare', 'start', 'envelope']),
    )
    const part: CoordinatorFrame = {
      frame: 'requestPart',
      requestPart: { ticket: none, change: '', anew: false },
    }
    for (const frame of [...sent, stop, part]) house.at(light).end()!.receive('c1', frame)
    const refused = house.record.events
      .slice(before)
      .filter(({ process, name }) => process === light && name === 'frame-refused')
    expect(refused).toHaveLength(sent.length + 2)
    for (const { because } of refused) expect(because).toContain('takes part in no session')
    expect(house.record.accepted.length + house.record.refused.length).toBe(said)
    await areReady(light)
  })

  it('says nothing of an address: the nodes of a hot log have shares, and it has none', async () => {
    const ticket = new Uint8Array(16).fill(7)
    const before = house.record.refused.length
    const certify = { ticket, vault: 'hot', paths: ['m'] }
    house.at(light).end()!.receive('c1', { frame: 'certify', certify })
    await house.pass(100)
    const said = house.record.refused.slice(before).filter(({ node }) => node === light)
    expect(said.map(({ value }) => value.code)).toEqual(['NOT_SUPPORTED'])
  })

  it('whose disk went back is fenced, cosigns nothing below what it had, and helps again', async () => {
    house.at(light).kill()
    await house.pass(100)
    const kept = join(house.home, 'kept')
    cpSync(house.at(light).directory('data'), kept, { recursive: true })
    house.at(light).start()
    await areReady(light)
    await house.untilState(await pay(house), 'SETTLED')
    const reached = Math.max(...cosignedBy(light).map(({ size }) => size))
    house.at(light).kill()
    await house.pass(100)
    rmSync(house.at(light).directory('data'), { recursive: true })
    cpSync(kept, house.at(light).directory('data'), { recursive: true })
    const [from, at] = [cosignedBy(light).length, house.record.events.length]
    house.at(light).start()
    await house.until('fenced', () => state(light) === 'fenced')
    house.at(c).kill()
    await house.untilState(await pay(house), 'SETTLED')
    const since = cosignedBy(light).slice(from)
    expect(since.length).toBeGreaterThan(0)
    expect(since.every(({ size }) => size >= reached)).toBe(true)
    house.at(c).start()
    await areReady(c)
    const alarms = house.record.events.splice(at).filter(({ name }) => name === 'rollback')
    expect(new Set(alarms.map(({ process }) => process))).toEqual(new Set([light]))
  })

  it('leaves with a root that names another, and signs no more', async () => {
    const other = 'light-e'
    house.addProcess(other, true).start()
    const five = { ...four, q: 4, lights: [light, other] }
    expect(await roots.succeed([a, b, c], { ...four, lights: [other] })).toBe('LOG_FORK')
    expect(await roots.succeed([a, b, c], five)).toBe(4)
    await areReady(a, b, c, other)
    expect(await roots.succeed([a, b, c], { ...four, lights: [other] })).toBe(5)
    await house.until('it is gone', () => state(light) === 'removed')
    await areReady(a, b, c, other)
    const before = cosignedBy(light).length
    await house.untilState(await pay(house), 'SETTLED')
    expect(cosignedBy(light)).toHaveLength(before)
  })

  it('breaks no rule that the world can check, and a stranger finds the Export OK', async () => {
    expect(await breaches(house)).toEqual([])
  })
})

// A whole program that dies: in a sitting of real processes the Record station is killed as power
// does, at the first line of every step, and started again by the same words; in another one the
// Stations by turns. Nobody tells them where they were. In a last one it does not come back.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sayAside } from '../../signer-node/ceremony/said-aside.ts'
import { anvilInstalled } from '../kit/anvil.ts'
import { ProgramHouse } from '../kit/program-house.ts'
import { ProgramRoom } from '../kit/program-room.ts'

let house: ProgramHouse

const linesOf = (file: string): readonly { step: string; type: string; body: unknown }[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))

describe.runIf(anvilInstalled)('programs of a sitting that are killed at every step', () => {
  beforeAll(async () => {
    house = await ProgramHouse.open('kill-programs')
  }, 600_000)
  afterAll(() => house[Symbol.asyncDispose](), 60_000)

  it('signs all the same, by a Record that holds, in a new session', async () => {
    const sitting = await house.prepared('sign', 'killed')
    using room = new ProgramRoom({ outside: house.outside, ...sitting, ports: house.ports })
    const killed: string[] = []
    const answer = await room.play(async (step) => {
      killed.push(step)
      await room.kill('record')
    })
    await room.over()
    expect(answer, killed.join()).toMatchObject({ outcome: 'done' })
    expect(killed).toEqual(expect.arrayContaining(['O-5', 'S-2', 'S-4', 'S-7', 'C-4']))
    const lines = linesOf(join(sitting.prepared.bundleOut, 'record.jsonl'))
    expect(lines.map(({ type }) => type)).toContain('session.done')
    const order = lines.map(({ step }) => step).filter((step, at, all) => step !== all[at - 1])
    // What ran when its Record station died is over: everybody confirmed anew, for another session.
    expect(order.join(' ')).toContain('S-8 S-6 S-7 S-8')
    const home = await house.outside.after(sitting.prepared)
    expect(home).toMatchObject({ verdict: 'OK', lines: ['sign.completed'] })
  }, 900_000)

  it('signs all the same when each Station is killed in its turn, up to its Statement', async () => {
    const sitting = await house.prepared('sign', 'by-turns')
    using room = new ProgramRoom({ outside: house.outside, ...sitting, ports: house.ports })
    const stations = house.outside.stations.map(({ node }) => node)
    const untilClosed = async (node: string): Promise<void> => {
      const one = house.outside.stations.find((station) => station.node === node)
      const card = join(one?.socket.directory ?? '', '../card')
      const file = join(card, `record-${sitting.prepared.plan.digest.slice(0, 8)}.jsonl`)
      while (!linesOf(file).some(({ type }) => type === 'record.closed')) await sleep(5)
    }
    const dying = ['O-5', 'S-4', 'S-7', 'S-10', 'C-3', 'C-4']
    const killed: string[] = []
    const answer = await room.play(async (step) => {
      if (!dying.includes(step)) return
      const node = stations[killed.length % stations.length] ?? ''
      killed.push(`${step} ${node}`)
      // With the last line on its own card, and its Statement owed.
      if (step === 'C-4') await untilClosed(node)
      await room.kill(node)
    })
    await room.over()
    expect(answer, killed.join()).toMatchObject({ outcome: 'done' })
    expect(killed.map((one) => one.split(' ')[0])).toEqual(dying)
    expect(new Set(killed.map((one) => one.split(' ')[1])).size).toBe(stations.length)
    // A Statement that is owed is missed by whoever verifies it.
    const home = await house.outside.after(sitting.prepared)
    expect(home).toMatchObject({ verdict: 'OK', lines: ['sign.completed'] })
  }, 600_000)

  it('ends each Station alone, with an exit of its own, when the Record station is lost', async () => {
    const sitting = await house.prepared('sign', 'lost')
    using room = new ProgramRoom({ outside: house.outside, ...sitting, ports: house.ports })
    // Shares are held: everybody has confirmed.
    const lost = room.play(async (step) => {
      if (step === 'S-7') await room.lose('record')
    })
    await expect(lost).rejects.toThrow('after S-7')
    for (const { node, socket } of house.outside.stations) {
      const card = join(socket.directory, '../card')
      const happened = 'the Record station will not come back'
      sayAside(card, '1', { kind: 'stop', expected: '', happened, decided: '' })
      expect(await room.ended(node)).toMatch(/ended with 4: .*"alone":true.*ENDED ALONE/)
    }
  }, 600_000)
})

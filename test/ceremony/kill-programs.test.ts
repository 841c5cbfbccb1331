// A whole program that dies: in a sitting of real processes the Record station is killed as power
// does, at the first line of every step, and started again by the same words. Nobody tells it where
// it was.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { anvilInstalled } from '../kit/anvil.ts'
import { ProgramHouse } from '../kit/program-house.ts'
import { ProgramRoom } from '../kit/program-room.ts'

let house: ProgramHouse

const linesOf = (file: string): readonly { step: string; type: string; body: unknown }[] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
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
})

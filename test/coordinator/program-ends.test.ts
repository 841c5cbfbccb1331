// The coordinator's program at its end: asked to stop, it says that it stopped, and is gone. A timer
// for what it no longer waits for kept it up ten seconds more, in every restart of a deployment.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { devClusterAt } from '../../cli/dev-cluster.ts'
import { makeCluster, type Place } from '../kit/cluster.ts'

const portBase = 46_000 + (process.pid % 3_000)
/** Less than what it waits at most for a running attempt, however busy the machine is. */
const goneMs = 6_000

let place: Place
beforeAll(async () => {
  place = await makeCluster(portBase)
})
afterAll(() => place.remove())

describe('custody-coordinator', () => {
  it('is gone when it has stopped', async () => {
    const coordinator = await devClusterAt(place.directory).startCoordinator()
    let code: number | null | undefined
    coordinator.onExit((exit) => {
      code = exit
    })
    await coordinator.stop(60_000)
    const log = readFileSync(join(place.directory, 'logs/coordinator.log'), 'utf8').trim()
    const stopped = JSON.parse(log.split('\n').at(-1) ?? '')
    expect(stopped.msg).toBe('stopped')
    expect(code).toBe(0)
    expect(Date.now() - stopped.time).toBeLessThan(goneMs)
  })
})

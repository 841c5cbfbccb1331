// Floods (failure model F51, F55, 4.5) at the real coordinator and at the local doors of a real node: who
// has a right to an answer gets it, memory stays bounded and comes back, and nobody exits. A thousand
// connections, or as many calls over those that one key may have. Part of `npm run storm -- faults`.
import { type ChildProcess, fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { env } from 'node:process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DevCluster, devClusterAt } from '../../cli/dev-cluster.ts'
import { answers, type Child } from '../../cli/dev-processes.ts'
import { pause } from '../demo/stage.ts'
import { makeCluster, type Place } from '../kit/cluster.ts'
import { isEvery } from '../kit/every-case.ts'
import { type Postgres, postgresPrograms, startPostgres } from '../kit/postgres.ts'
import { attacks, type Identity, nodeAttacks, type Target } from './attacks.ts'
import type { Measured } from './caller.ts'

const size = 1_000
const portBase = 41_000 + (process.pid % 4_000)
const megabyte = 2 ** 20
const growthMax = 64 * megabyte

let place: Place
let cluster: DevCluster
let coordinator: Child
let node: Child
let caller: ChildProcess
let server: Postgres | undefined
let atFirst: number
beforeAll(async () => {
  place = await makeCluster(portBase)
  cluster = devClusterAt(place.directory)
  // The embedded database would grow in the coordinator's own memory, and never shrink.
  const programs = postgresPrograms()
  if (programs !== undefined) server = await startPostgres(programs)
  if (server !== undefined) env['DATABASE_URL'] = server.url
  const starting = cluster.startCoordinator()
  delete env['DATABASE_URL']
  coordinator = await starting
  node = await cluster.startNode('node-1')
  caller = fork(join(import.meta.dirname, 'caller.ts'), [place.path('operator')])
  await pause(1_000)
  atFirst = memoryOf(coordinator)
})
afterAll(async () => {
  caller?.kill('SIGKILL')
  await node?.kill()
  await coordinator?.kill()
  await server?.stop()
  place.remove()
})

function measured(): Promise<Measured> {
  return new Promise((resolve) => {
    caller.once('message', (told: Measured) => resolve(told))
    caller.send(20)
  })
}

/** Resident memory. */
function memoryOf({ pid }: Child): number {
  const [, kilobytes = '0'] =
    /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) * 1_024
}

/** The file of a key in the directory of its owner. */
function identityOf(owner: string, name: string): Identity {
  const read = (file: string): string => readFileSync(place.path(file), 'utf8')
  const own = (end: string): string => read(join(owner, 'tls', `${name}.${end}`))
  return { ca: read('shared/ca.pem'), cert: own('pem'), key: own('key') }
}

function target(): Target {
  const [host = '', port = ''] = cluster.listen.split(':')
  return { host, port: Number(port) }
}

const figures: string[] = []
afterAll(() => {
  for (const line of figures) console.log(line)
})

async function floods(name: string, work: () => Promise<number>): Promise<void> {
  await pause(300)
  const quiet = await measured()
  const before = memoryOf(coordinator)
  const through = await work()
  const under = await measured()
  const peak = memoryOf(coordinator)
  figures.push(
    `${name}: p99 ${quiet.p99.toFixed(1)} -> ${under.p99.toFixed(1)} ms, ` +
      `memory +${((peak - before) / megabyte).toFixed(0)} MiB, ${through} through`,
  )
  expect(through).toBeGreaterThan(0)
  expect(coordinator.isRunning()).toBe(true)
  expect(under.failed).toEqual([])
  // Everyone else is answered within a second, a flood or not.
  if (isEvery) expect(under.p99).toBeLessThan(Math.max(2 * quiet.p99, 1_000))
  expect(peak - before).toBeLessThan(growthMax)
}

describe('at the coordinator', () => {
  it.each(attacks)('$name cost others nothing but time', async ({ name, run }) => {
    const by = identityOf('services/svc-payouts', 'caller')
    await floods(name, () => run(target(), size, by))
  })

  it.each(nodeAttacks)('$name cost others nothing but time', async ({ name, run }) => {
    const by = identityOf('nodes/node-2', 'node')
    await floods(name, () => run(target(), size, by))
  })

  // The engine gives memory back when it likes; what is held for the attackers would go on growing.
  it('memory stops growing when all of it comes again', { timeout: 300_000 }, async () => {
    const by = identityOf('services/svc-payouts', 'caller')
    const after: number[] = [memoryOf(coordinator)]
    for (let round = 0; round < 2; round += 1) {
      for (const { run } of attacks) await run(target(), size, by)
      after.push(memoryOf(coordinator))
    }
    const [, first = 0, second = 0] = after
    const told = after.map((bytes) => ((bytes - atFirst) / megabyte).toFixed(0)).join(', ')
    figures.push(`after all, and after all of it twice more: +${told} MiB`)
    expect(second - first).toBeLessThan(growthMax)
  })
})

describe('at the local doors of a node', () => {
  it('idle, half and endless callers are bounded, and its operator is still answered', async () => {
    const config = JSON.parse(readFileSync(place.path('nodes/node-1/config.json'), 'utf8'))
    const [host = '', port = ''] = String(config.healthListen).split(':')
    const before = memoryOf(node)
    const doors = [
      { host, port: Number(port) },
      { path: place.path(`nodes/node-1/${config.adminSocket}`) },
    ]
    const sockets = doors.flatMap((door) =>
      Array.from({ length: size }, (_, at) => {
        const socket = connect(door)
        socket.on('error', () => {})
        if (at % 3 === 1) socket.write('GET /metr')
        if (at % 3 === 2) socket.write('x'.repeat(100_000))
        return socket
      }),
    )
    await pause(1_000)
    const deadline = Date.now() + 10_000
    let isAnswered = false
    while (!isAnswered && Date.now() < deadline) {
      isAnswered = await answers(`http://${host}:${port}/livez`)
    }
    expect(isAnswered).toBe(true)
    expect(memoryOf(node) - before).toBeLessThan(growthMax)
    for (const socket of sockets) socket.destroy()
    expect(node.isRunning()).toBe(true)
  })
})

// A room of machines: the program of each Station and that of the Record station, each in a network
// namespace with a read-only disk, at a table that leads nowhere, as strict as production. With one
// cable more they refuse to start; without it the very same sitting signs.
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Player } from '../../signer-node/ceremony/rehearsal-player.ts'
import {
  playRoom,
  type RoomPorts,
  recordPlayer,
  stationPlayer,
} from '../../signer-node/ceremony/rehearsal-room.ts'
import { anvilInstalled } from '../kit/anvil.ts'
import { type PreparedSitting, ProgramHouse } from '../kit/program-house.ts'
import { canMakeWires, type Devices, tableAddress, uplinkName, Wires } from '../kit/wires.ts'

const isPossible = anvilInstalled && canMakeWires('a whole sitting in namespaces')
const record = 'record'

describe.runIf(isPossible)('programs of a sitting, each on a machine of its own', () => {
  let house: ProgramHouse
  let wires: Wires
  let sitting: PreparedSitting
  let ports: RoomPorts
  let logs = ''

  beforeAll(async () => {
    house = await ProgramHouse.open('machines')
    wires = new Wires([record, ...house.outside.stations.map(({ node }) => node)], house.place)
    sitting = await house.prepared('sign', 'machines', tableAddress)
    logs = join(house.place, 'machine-logs')
    mkdirSync(logs)
    const devicesOf = (name: string): Devices => {
      const one = house.outside.stations.find(({ node }) => node === name)
      if (one !== undefined) return { cards: [join(one.socket.directory, '..')] }
      const { socket } = house.outside.enrolled.record
      const cards = [sitting.laid.card, sitting.prepared.directory]
      return { cards, tokens: [socket.directory] }
    }
    const machineOf = (name: string) => wires.machine(name, devicesOf(name))
    ports = { ...house.ports, logs, machineOf, isStrict: true }
  }, 600_000)
  afterAll(async () => {
    await house[Symbol.asyncDispose]()
    wires[Symbol.dispose]()
  }, 60_000)

  const started = (name: string, of: RoomPorts = ports): Player => {
    const { outside } = house
    const one = outside.stations.find(({ node }) => node === name)
    if (one === undefined) return recordPlayer(outside, sitting.prepared, sitting.laid, of)
    return stationPlayer(one, sitting.prepared, sitting.laid, of)
  }
  const refusal = async (name: string): Promise<string> => {
    const said = await started(name).ended.then(
      () => 'it sat down',
      (error: Error) => error.message,
    )
    const file = name === record ? record : `${name}-sign`
    const screen = readFileSync(join(logs, `${file}.log`), 'utf8')
    expect(screen).not.toContain('"ask":"secret"')
    return said
  }

  it('is refused with an uplink beside the table, before a PIN is asked for (X-1)', async () => {
    for (const name of wires.names) {
      using _ = wires.uplink(name)
      const said = await refusal(name)
      expect(said, name).toContain('"rule":"X-1"')
      expect(said, name).toContain(`X-1 interfaces: ${uplinkName} is up`)
      expect(said, name).toContain(`X-1 routes: a default route by ${uplinkName}`)
    }
  }, 300_000)

  it('is refused where its cable has not the address of the plan (X-1)', async () => {
    for (const [at, name] of wires.names.entries()) {
      using _ = wires.unplugged(name)
      expect(await refusal(name), name).toContain(
        `no interface has the table's address ${tableAddress(at)}`,
      )
    }
  }, 300_000)

  it('signs with t of them at a table that has no way out, as strict as production', async () => {
    for (const space of wires.spaces) {
      expect(wires.inside(space, 'ip', 'route', 'show', 'default')).toBe('')
      expect(() => wires.inside(space, 'ip', 'route', 'get', '192.0.2.1')).toThrow('unreachable')
    }
    const answer = await playRoom(house.outside, sitting.prepared, sitting.laid, ports)
    expect(answer).toMatchObject({ outcome: 'done' })
    const text = readFileSync(join(sitting.prepared.bundleOut, 'record.jsonl'), 'utf8')
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    const ready = lines.filter(({ step, type }) => step === 'O-5' && type === 'station.ready')
    // The network of the table is all that each of them has.
    expect(ready.map(({ body }) => body.interfaces.length)).toEqual(ready.map(() => 1))
    expect(ready).toHaveLength(house.outside.stations.length)
    const signed = lines.filter(({ type }) => type === 'session.done')
    expect(new Set(signed.map(({ actor }) => actor)).size).toBe(2)
    const home = await house.outside.after(sitting.prepared)
    expect(home).toMatchObject({ verdict: 'OK', lines: ['sign.completed'] })
  }, 600_000)
})

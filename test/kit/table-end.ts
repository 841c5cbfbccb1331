// One end of a table's network as a process: says its frame, hears the other's, tells which, ends.
import { readFileSync } from 'node:fs'
import { argv, exit } from 'node:process'
import { hubOnNetwork, stationOnNetwork } from '../../signer-node/ceremony/table-network.ts'
import { coordinatorFrames, nodeFrames } from './frames.ts'

const [, , role, file = ''] = argv
const ends = JSON.parse(readFileSync(file, 'utf8'))
const hub = { host: '169.254.7.1', port: 4_700 }
const about = { org: 'acme', hub, isRehearsal: false, nowMs: Date.now, report: console.error }
const done = (what: string): void => {
  console.log(what)
  setTimeout(() => exit(0), 300)
}

if (role === 'hub') {
  const stations = [{ node: 'node-1', transport: ends.pins.station }]
  await hubOnNetwork({ ...about, identity: ends.hub, stations }, async (name, stream) => {
    for await (const { frame } of stream.received) {
      stream.send(coordinatorFrames[0]!)
      done(`heard ${frame} of ${name}`)
    }
  })
} else {
  const dial = async (tries: number): Promise<void> => {
    const table = stationOnNetwork({ ...about, identity: ends.station, transport: ends.pins.hub })
    const stream = table.dial('table', () => {})
    stream.send(nodeFrames[0]!)
    for await (const { frame } of stream.received) return done(`heard ${frame} of table`)
    table.close()
    if (tries > 0) setTimeout(() => void dial(tries - 1), 300)
  }
  await dial(60)
}

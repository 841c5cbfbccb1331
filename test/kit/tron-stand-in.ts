/**
 * The stand-in for Tron as a program, for `custody dev up --tron`: `--port N` is its door, a block
 * comes every second, and whoever posts an address to the door after it is given coins and tokens.
 * It is no Tron node, forgets everything when it ends, and listens on the loopback device alone.
 */
import { createServer } from 'node:http'
import { parseArgs } from 'node:util'
import { parseTronAddress } from '../../policy/chain/tron-address.ts'
import { startTronChain } from './tron-chain.ts'

const { values } = parseArgs({ options: { port: { type: 'string', default: '' } } })
const port = Number(values.port)
if (!Number.isInteger(port) || port < 1_024 || port > 65_000) {
  throw new RangeError('--port: expected 1024 to 65000')
}

const chain = await startTronChain(Date.now)
// One thing at a time: a block is not made while somebody is given something.
let last: Promise<unknown> = Promise.resolve()
const next = <T>(work: () => Promise<T>): Promise<T> => {
  const turn = last.then(work)
  last = turn.catch(() => {})
  return turn
}
const blocks = setInterval(() => void next(() => chain.sim.mine()), 1_000)
const gifts = createServer((request, response) => {
  let body = ''
  request.on('data', (part) => {
    body += String(part)
  })
  request.on('end', () => {
    next(() => chain.fund(parseTronAddress(body)))
      .then(() => response.end('{}'))
      .catch((error: unknown) => response.writeHead(400).end(String(error)))
  })
})
gifts.listen(port + 1, '127.0.0.1')
await chain.sim.listen({}, port)

async function end(): Promise<void> {
  clearInterval(blocks)
  gifts.close()
  await last
  await chain.stop()
}
process.once('SIGTERM', () => void end())
process.once('SIGINT', () => void end())

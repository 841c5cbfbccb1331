// Ports of loopback for tests: below the range from which the system gives out its own, so that no
// connection of a neighbour takes one between here and whoever listens; and above 10080, the last
// port there that `fetch` refuses to ask (WHATWG Fetch, "port blocking").
import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

const [lowest, end] = [11_000, 32_000] as const
const triesMax = 100

export function freePort(): Promise<number> {
  return freeBase([0])
}

/** A port of which all these neighbours are free too. */
export async function freeBase(offsets: readonly number[]): Promise<number> {
  for (let tries = 0; tries < triesMax; tries += 1) {
    const base = randomInt(lowest, end - Math.max(...offsets))
    const free = await Promise.all(offsets.map((offset) => isFree(base + offset)))
    if (free.every((one) => one)) return base
  }
  throw new Error(`expected ${offsets.length} free ports of loopback, found none`)
}

function isFree(port: number): Promise<boolean> {
  const probe = createServer()
  return new Promise((resolve) => {
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}

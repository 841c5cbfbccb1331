// Streams down of one client: so many and no more, over all its connections, because each may hold
// something for a reader that does not read. A place is free again when its stream is over.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Handlers } from '../../proto/io/handlers.ts'
import { limits } from '../../proto/limits.ts'
import { end, type House, house } from '../kit/wire.ts'

const max = limits.streamsDownPerClientMax
const coordinator = await end('coordinator', 'coordinator-1')
const caller = await end('caller', 'svc-payouts')
const other = await end('caller', 'svc-refunds')

let open = 0
const watching: Pick<Handlers['SigningService'], 'WatchRequests'> = {
  WatchRequests: async function* (_asked, _who, gone) {
    open += 1
    try {
      for (let seq = 0; !gone.aborted; seq += 1) {
        yield { request: null, seq }
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    } finally {
      open -= 1
    }
  },
}

let place: House
beforeAll(async () => {
  const handlers = { SigningService: watching as Handlers['SigningService'] }
  place = await house(coordinator, [caller, other], handlers)
})
afterAll(() => place.close())

type Reader = AsyncIterator<unknown>

/** Begun: its first item came. */
async function reading(who: typeof caller): Promise<Reader> {
  const stream = place.client(who).SigningService.WatchRequests({ fromSeq: 0 })
  const reader = stream[Symbol.asyncIterator]()
  await reader.next()
  return reader
}

describe('streams down', () => {
  it('are so many for one key, over all its connections, and free for others', async () => {
    const readers: Reader[] = []
    for (let at = 0; at < max; at += 1) readers.push(await reading(caller))
    expect(open).toBe(max)
    await expect(reading(caller)).rejects.toThrow(/RATE_LIMITED: streams of svc-payouts/)
    expect(open).toBe(max)
    readers.push(await reading(other))
    for (const reader of readers) await reader.return?.()
    await expect.poll(() => open).toBe(0)
    const again = await reading(caller)
    expect(open).toBe(1)
    await again.return?.()
  })
})

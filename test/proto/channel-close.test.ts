// A server that closes while somebody is on the way in: it ends all the same, and answers nobody.
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { expect, it } from 'vitest'
import { serve } from '../../proto/io/channel-server.ts'
import type { Refusal } from '../../proto/refusal.ts'
import { end, pinsOf } from '../kit/wire.ts'

it('ends although a connection is greeted after it began to close', async () => {
  const [coordinator, caller] = [await end('coordinator', 'c-1'), await end('caller', 'late')]
  const turnedAway: Refusal[] = []
  const server = await serve(
    {},
    { host: '127.0.0.1', port: 0 },
    {
      ...{ identity: coordinator.identity, org: 'acme', clients: pinsOf([caller]) },
      ...{ nowMs: Date.now, stallMs: 1_000 },
      onTurnedAway: (because) => void turnedAway.push(because),
      correlationId: () => 'c0ffee',
      onBug: () => {},
    },
  )
  const raw = connectTcp(server.address.port, '127.0.0.1')
  await once(raw, 'connect')
  await pause(50)
  const closed = server.close(0)
  // An honest client, in time for its handshake and too late for the server.
  const secured = { ...caller.identity, ALPNProtocols: ['h2'], rejectUnauthorized: false }
  const socket = connectTls({ socket: raw, ...secured }).resume()
  socket.on('error', () => {})
  try {
    expect(await Promise.race([closed.then(() => 'closed'), pause(5_000, 'waits')])).toBe('closed')
    expect(turnedAway).toEqual([])
  } finally {
    socket.destroy()
    await closed
  }
})

// The end of a table with a network: it does not wait for whoever holds a connection and says nothing.
import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { hubOnNetwork } from '../../signer-node/ceremony/table-network.ts'
import { freePort } from '../kit/ports.ts'
import { end } from '../kit/wire.ts'

it('a table that is cleared waits for no connection that does not end', async () => {
  const table = await end('coordinator', 'table')
  const hub = { host: '127.0.0.1', port: await freePort() }
  const settings = { org: 'acme', identity: table.identity, isRehearsal: true, nowMs: Date.now }
  const more = { report: () => {}, stations: [], hub }
  const server = await hubOnNetwork({ ...settings, ...more }, () => {})
  const silent = connect(hub)
  try {
    await once(silent, 'connect')
    const late = new Promise<string>((no) => setTimeout(() => no('waits'), 4_000).unref())
    const closed = Promise.resolve(server.close()).then(() => 'closed')
    expect(await Promise.race([closed, late])).toBe('closed')
  } finally {
    silent.destroy()
  }
})

// The wire over loopback with real TLS: who is let in, what is refused before a handler runs, and
// how a refusal, an outage and a bug reach the caller.
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { connect as connectTls, createSecureContext } from 'node:tls'
import { Client, credentials, Metadata } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseHandle } from '../../proto/ids.ts'
import { serve } from '../../proto/io/channel-server.ts'
import type { Handlers } from '../../proto/io/handlers.ts'
import { limits } from '../../proto/limits.ts'
import { type Refusal, Refused, refusal } from '../../proto/refusal.ts'
import { Unavailable } from '../../proto/unavailable.ts'
import { type End, end, type House, house, pinsOf, stranger } from '../kit/wire.ts'
import { request } from '../kit/wire-request.ts'

const coordinator = await end('coordinator', 'coordinator-1')
const caller = await end('caller', 'svc-payouts')
const approver = await end('approver', 'ana')

let calls: string[] = []
let [running, runningMost] = [0, 0]

const signing: Handlers['SigningService'] = {
  SubmitIntent: async (asked, who) => {
    calls.push(`${who.role}/${who.id} ${asked.intent.credential} ${asked.intent.document.length}`)
    return { request }
  },
  GetRequest: async ({ id }) => {
    calls.push(`get ${id}`)
    if (id === 'refuse') return refusal('LIMIT', 'l-day: 5 left, 6 asked', 'l-day')
    if (id === 'throw') throw new Refused(refusal('FROZEN', 'all: frozen'))
    if (id === 'outage') throw new Unavailable('database: no answer', 'AUDIT_UNAVAILABLE')
    if (id === 'dark') throw new Unavailable('nobody there')
    if (id === 'bug') throw new TypeError('secret internals')
    if (id === 'slow') {
      running += 1
      runningMost = Math.max(running, runningMost)
      await new Promise((resolve) => setTimeout(resolve, 300))
      running -= 1
    }
    if (id === 'odd') return refusal('MALFORMED', `\ud800${'x'.repeat(9_000)}`)
    return { request }
  },
  ListRequests: async () => ({ requests: [request, request], nextPageToken: '' }),
  WatchRequests: async function* ({ fromSeq }, _who, gone) {
    for (let seq = fromSeq; !gone.aborted; seq += 1) {
      if (seq === 99) throw new Refused(refusal('RATE_LIMITED', 'too many watches'))
      yield { request: seq % 2 === 0 ? { ...request, intent: new Uint8Array(60_000) } : null, seq }
    }
    calls.push('watch ended')
  },
  CancelRequest: async () => ({ request }),
  SimulateIntent: async () => ({
    result: 'ALLOW',
    rule: '',
    reasons: [],
    missing: [],
    trace: new Uint8Array(0),
  }),
}

let place: House
beforeAll(async () => {
  place = await house(coordinator, [caller, approver], { SigningService: signing })
})
afterAll(() => place.close())

const get = (who: End, id = 'x', odd?: { readonly pin?: string; readonly name?: string }) =>
  place.client(who, odd).SigningService.GetRequest({ id, initiator: '', callerId: '' }, 3_000)

/** A gRPC client with none of our manners. */
function rude(who: End, options: object = {}): Client {
  const context = createSecureContext({ ...who.identity, minVersion: 'TLSv1.3' })
  const trusting = credentials.createFromSecureContext(context, {
    checkServerIdentity: () => undefined,
  })
  const named = { 'grpc.ssl_target_name_override': 'coordinator', ...options }
  return new Client(`127.0.0.1:${place.server.address.port}`, trusting, named)
}

function rudeCall(client: Client, path: string, body: Buffer, deadline?: number) {
  const same = (bytes: Buffer): Buffer => bytes
  return new Promise<{ code: number; details: string }>((resolve) => {
    const metadata = new Metadata()
    const options = deadline === undefined ? {} : { deadline }
    client.makeUnaryRequest(path, same, same, body, metadata, options, (error) => {
      client.close()
      resolve({ code: error?.code ?? 0, details: error?.details ?? '' })
    })
  })
}
const getPath = '/custody.v1.SigningService/GetRequest'

describe('an honest call', () => {
  it('carries every field both ways, and tells the handler who called', async () => {
    const answer = await place.client(caller).SigningService.SubmitIntent({
      intent: { credential: 'c', document: new Uint8Array(7), signature: new Uint8Array(64) },
      documents: [],
    })
    expect(calls.at(-1)).toBe('caller/svc-payouts c 7')
    const signed = Buffer.from([1, 2])
    const raw = { signedTransaction: signed, signature: signed, intent: Buffer.alloc(0) }
    expect(answer).toEqual({ request: { ...request, ...raw } })
  })

  it('streams down until the reader leaves', async () => {
    const seen: number[] = []
    for await (const item of place.client(caller).SigningService.WatchRequests({ fromSeq: 1 })) {
      seen.push(item.seq)
      if (item.seq === 1) expect(item.request).toBeNull()
      if (item.seq === 5) break
    }
    expect(seen).toEqual([1, 2, 3, 4, 5])
    await expect.poll(() => calls.at(-1)).toBe('watch ended')
  })
})

describe('who is not let in', () => {
  const nobody = async (who: End, because: RegExp) => {
    calls = []
    await expect(get(who)).rejects.toThrow(Unavailable)
    expect(calls).toEqual([])
    await expect.poll(() => place.turnedAway.at(-1)?.because).toMatch(because)
  }

  it('refuses a certificate of another authority', async () => {
    await nobody(await end('caller', 'svc-payouts', { from: stranger }), /^tls: /)
  })

  it('refuses a client without a certificate', async () => {
    const bare = { ...caller, identity: { ...caller.identity } }
    const context = createSecureContext({ ca: caller.identity.ca, minVersion: 'TLSv1.3' })
    const client = new Client(
      `127.0.0.1:${place.server.address.port}`,
      credentials.createFromSecureContext(context, { checkServerIdentity: () => undefined }),
    )
    calls = []
    expect((await rudeCall(client, getPath, Buffer.alloc(0), Date.now() + 3_000)).code).toBe(14)
    expect(calls).toEqual([])
    expect(await get(bare)).toMatchObject({ request: { id: request.id } })
  })

  it('refuses a key that is not pinned', async () => {
    await nobody(await end('caller', 'svc-payouts'), /key is not pinned/)
  })

  it('refuses two names, no name, another organisation, an unknown role', async () => {
    const names = 'spiffe://acme/caller/svc-payouts'
    const two = await end('caller', 'svc-payouts', { uris: [names, 'spiffe://acme/operator/root'] })
    await nobody(two, /one URI SAN/)
    const foreign = await end('caller', 'svc-payouts', { uris: ['spiffe://else/caller/svc'] })
    await nobody(foreign, /another organisation/)
    const odd = await end('caller', 'svc-payouts', { uris: ['spiffe://acme/king/svc'] })
    await nobody(odd, /one URI SAN/)
    await nobody(await end('caller', 'x', { uris: ['https://acme/caller/svc'] }), /one URI SAN/)
  })

  it('refuses a pinned key under another role or id', async () => {
    const lent = await end('caller', 'svc-a')
    const other = await house(coordinator, [{ ...lent, role: 'operator' }], {
      SigningService: signing,
    })
    calls = []
    await expect(
      other.client(lent).SigningService.GetRequest({ id: '', initiator: '', callerId: '' }, 2_000),
    ).rejects.toThrow(Unavailable)
    expect(calls).toEqual([])
    expect(other.turnedAway[0]?.because).toMatch(/pinned for operator svc-a/)
    await other.close()
  })

  it('ends the open connection of a revoked key, and lets in one that is admitted', async () => {
    const leaving = await end('caller', 'svc-old')
    const coming = await end('caller', 'svc-new')
    const other = await house(coordinator, [leaving], { SigningService: signing })
    const asked = { id: 'x', initiator: '', callerId: '' }
    const ask = (who = leaving) => other.client(who).SigningService.GetRequest(asked, 2_000)
    expect(await ask()).toMatchObject({ request: {} })
    other.server.admit(coming.leaf.pin, { role: 'caller', id: parseHandle('svc-new') })
    expect(await ask(coming)).toMatchObject({ request: {} })
    other.server.revoke(leaving.leaf.pin)
    await expect(ask()).rejects.toThrow(Unavailable)
    await other.close()
  })

  it('refuses plaintext and TLS 1.2', async () => {
    const { host, port } = place.server.address
    calls = []
    const plain = await new Promise<string>((resolve) => {
      const socket = connectTcp(port, host, () => socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'))
      let got = ''
      socket.on('data', (bytes) => (got += bytes.toString('hex')))
      socket.on('error', () => {})
      socket.on('close', () => resolve(got))
    })
    // At most a TLS alert (type 0x15), no HTTP/2.
    expect(plain).toMatch(/^(15.*)?$/)
    const old = await new Promise<string>((resolve) => {
      const { ca, cert, key } = caller.identity
      const odd = { checkServerIdentity: () => undefined, servername: 'coordinator' }
      connectTls({ host, port, ca, cert, key, maxVersion: 'TLSv1.2', ...odd }, () =>
        resolve('connected'),
      ).on('error', (error) => resolve(error.message))
    })
    expect(old).toMatch(/protocol version/)
    expect(calls).toEqual([])
  })

  it('lets no second connection share the remote end of the first, to whatever address', async () => {
    const seen: Refusal[] = []
    const wide = await serve(
      {},
      { host: '0.0.0.0', port: 0 },
      {
        identity: coordinator.identity,
        org: 'acme',
        clients: pinsOf([caller, approver]),
        nowMs: Date.now,
        stallMs: 1_000,
        correlationId: () => 'c0ffee',
        onBug: () => {},
        onTurnedAway: (why) => seen.push(why),
      },
    )
    const dial = async (who: End, host: string, localPort = 0) => {
      const local = { localAddress: '127.0.0.1', localPort }
      const raw = connectTcp({ host, port: wide.address.port, ...local })
      const secured = { ...who.identity, ALPNProtocols: ['h2'], rejectUnauthorized: false }
      const socket = connectTls({ socket: raw, ...secured }).resume()
      socket.on('error', () => {})
      await once(socket, 'secureConnect')
      return { raw, socket }
    }
    const first = await dial(caller, '127.0.0.2')
    const port = first.raw.localPort
    for (const count of [1, 2]) {
      const { socket } = await dial(approver, '127.0.0.1', port)
      await once(socket, 'close')
      expect(seen).toHaveLength(count)
    }
    const because = `127.0.0.1:${port} is connected already`
    expect(seen[1]).toMatchObject({ code: 'UNAUTHENTICATED', because })
    first.socket.destroy()
    await wide.close(100)
  })

  it('lets one key open so many connections and no more', async () => {
    const greedy = await end('caller', 'greedy')
    const other = await house(coordinator, [greedy], { SigningService: signing })
    const ask = () =>
      other
        .client(greedy, {})
        .SigningService.GetRequest({ id: 'x', initiator: '', callerId: '' }, 2_000)
    for (let i = 0; i < limits.connectionsPerClientMax; i += 1) await ask()
    await expect(ask()).rejects.toThrow(Unavailable)
    expect(other.turnedAway[0]).toMatchObject({ code: 'RATE_LIMITED' })
    await other.close()
  })
})

describe('a client that costs too much', () => {
  it('has so many calls at once and no more', async () => {
    const { SigningService } = place.client(caller)
    const asked = { id: 'slow', initiator: '', callerId: '' }
    const many = Array.from({ length: limits.concurrentStreamsMax + 30 }, () =>
      SigningService.GetRequest(asked, 10_000),
    )
    await Promise.all(many)
    expect(runningMost).toBe(limits.concurrentStreamsMax)
  })

  it('is cut off when it does not finish its handshake', async () => {
    const { host, port } = place.server.address
    const startedMs = performance.now()
    await new Promise<void>((resolve) => {
      connectTcp(port, host).on('close', () => resolve())
    })
    const tookMs = performance.now() - startedMs
    expect(tookMs).toBeGreaterThan(limits.handshakeTimeoutMs - 200)
    expect(tookMs).toBeLessThan(limits.handshakeTimeoutMs + 2_000)
  })
})

describe('a server that is not the pinned one', () => {
  it('is refused by its key and by its name', async () => {
    calls = []
    await expect(get(caller, 'x', { pin: caller.leaf.pin })).rejects.toThrow(/not pinned/)
    await expect(get(caller, 'x', { name: 'coordinator-2' })).rejects.toThrow(/pinned for/)
    expect(calls).toEqual([])
  })

  it('is refused when its certificate says caller', async () => {
    const other = await house(caller, [approver], { SigningService: signing })
    const asked = other.client(approver, { name: 'svc-payouts' }).SigningService
    await expect(asked.GetRequest({ id: '', initiator: '', callerId: '' }, 2_000)).rejects.toThrow(
      /pinned for coordinator/,
    )
    await other.close()
  })
})

describe('the gate', () => {
  it('opens a method to its own role only', async () => {
    calls = []
    expect(await get(caller)).toMatchObject({ request: {} })
    calls = []
    expect(await get(approver)).toMatchObject({ kind: 'refused', code: 'CALLER_NOT_ALLOWED' })
    expect(calls).toEqual([])
  })

  it('refuses a call without a deadline or with one above 30 s, and takes 30 s', async () => {
    const none = await rudeCall(rude(caller), getPath, Buffer.alloc(0))
    expect(none).toMatchObject({ code: 3, details: 'deadline: expected at most 30000 ms' })
    const long = await rudeCall(rude(caller), getPath, Buffer.alloc(0), Date.now() + 60_000)
    expect(long.code).toBe(3)
    const good = await rudeCall(rude(caller), getPath, Buffer.alloc(0), Date.now() + 30_000)
    expect(good.code).toBe(0)
  })

  it('refuses a request above the size of its method, and takes one below', async () => {
    const submit = (length: number) =>
      place.client(caller).SigningService.SubmitIntent({
        intent: { credential: 'c', document: new Uint8Array(length), signature: Buffer.alloc(64) },
        documents: [],
      })
    expect(await submit(limits.bodySizeMax)).toMatchObject({ code: 'TOO_LARGE' })
    expect(await submit(limits.bodySizeMax - 100)).toMatchObject({ request: {} })
    const huge = Buffer.alloc(limits.frameBytesMax + 1)
    const answer = await rudeCall(rude(caller), getPath, huge, Date.now() + 5_000)
    expect(answer).toMatchObject({ code: 8, details: /larger than max/ })
    expect(await submit(limits.frameBytesMax)).toMatchObject({ code: 'TOO_LARGE' })
  })

  it('refuses bytes that are no message, and a message with a part missing', async () => {
    const soon = () => Date.now() + 3_000
    const noise = await rudeCall(rude(caller), getPath, Buffer.from('ffffff', 'hex'), soon())
    expect(noise).toMatchObject({ code: 3, details: 'expected another protobuf message' })
    const path = '/custody.v1.SigningService/SubmitIntent'
    const part = await rudeCall(rude(caller), path, Buffer.alloc(0), soon())
    expect(part).toMatchObject({ code: 3, details: 'request.intent: missing' })
  })

  it('knows no other method', async () => {
    const client = place.client(caller)
    const asked = client.AuditService.GetCheckpoint({}, 2_000)
    expect(await asked).toMatchObject({ kind: 'refused', code: 'NOT_SUPPORTED' })
  })
})

describe('how a failure reaches the caller', () => {
  it('returns a refusal with code, rule and because, returned or thrown', async () => {
    expect(await get(caller, 'refuse')).toEqual(refusal('LIMIT', 'l-day: 5 left, 6 asked', 'l-day'))
    expect(await get(caller, 'throw')).toEqual(refusal('FROZEN', 'all: frozen'))
    expect(await get(caller, 'outage')).toEqual(refusal('AUDIT_UNAVAILABLE', 'database: no answer'))
  })

  it('cuts a long because and mends a broken one', async () => {
    const answer = await get(caller, 'odd')
    expect(answer).toMatchObject({ code: 'MALFORMED' })
    expect('because' in answer && answer.because.length).toBe(512)
  })

  it('throws unavailable when the server could not tell, or nobody answers in time', async () => {
    await expect(get(caller, 'dark')).rejects.toThrow(new Unavailable('nobody there'))
    const asked = { id: 'slow', initiator: '', callerId: '' }
    await expect(place.client(caller).SigningService.GetRequest(asked, 100)).rejects.toThrow(
      /Deadline exceeded/,
    )
  })

  it('says of a bug only a correlation id, and reports it inside', async () => {
    expect(await get(caller, 'bug')).toEqual(refusal('INTERNAL', 'internal error c0ffee'))
    expect(place.bugs).toEqual([new TypeError('secret internals')])
  })

  it('ends a stream with the reason', async () => {
    const read = async () => {
      for await (const _ of place.client(caller).SigningService.WatchRequests({ fromSeq: 97 })) {
        // Only the end matters here.
      }
    }
    await expect(read()).rejects.toThrow(new Refused(refusal('RATE_LIMITED', 'too many watches')))
  })
})

describe('a slow reader of a stream down', () => {
  it('is cut after the stall time', async () => {
    const other = await house(coordinator, [caller], { SigningService: signing }, { stallMs: 200 })
    const stream = other.client(caller).SigningService.WatchRequests({ fromSeq: 100 })
    const iterator = stream[Symbol.asyncIterator]()
    await iterator.next()
    await expect.poll(() => other.turnedAway[0]?.because, { timeout: 5_000 }).toMatch(/not read/)
    await other.close()
  })
})

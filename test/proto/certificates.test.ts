// Certificates that must not open the coordinator's door, for a node and for a client, and those of
// a coordinator that neither may believe. Each is one step away from a good one; each is turned
// away before any handler runs, with the reason in the log. Beside them what is let in.
import type { AddressInfo } from 'node:net'
import {
  connect as connectTls,
  createSecureContext,
  createServer,
  type SecureContextOptions,
} from 'node:tls'
import { Client, credentials, Metadata } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect } from '../../proto/io/channel-client.ts'
import type { Handlers } from '../../proto/io/handlers.ts'
import { readOwn } from '../../proto/io/identity.ts'
import { Unavailable } from '../../proto/unavailable.ts'
import * as forge from '../kit/certificates.ts'
import { type End, type House, house } from '../kit/wire.ts'
import { request } from '../kit/wire-request.ts'

const { cRLSign, digitalSignature, keyCertSign } = forge.KeyUsageFlags
const hourMs = 3_600_000
const trusted = await forge.issuer('trusted')
const node = { role: 'node', id: 'node-1' } as const
const caller = { role: 'caller', id: 'svc-payouts' } as const
const coordinator = { role: 'coordinator', id: 'coordinator-1' } as const
type Who = typeof node | typeof caller | typeof coordinator
const uri = (value: string) => ({ names: [{ type: 'url', value } as const] })
const own = ({ role, id }: Who): string => `spiffe://acme/${role}/${id}`
const dns = { type: 'dns', value: 'coordinator' } as const

interface Case {
  readonly what: string
  readonly odd?: forge.Odd
  /** Who signs it; the trusted authority where nothing stands. */
  readonly by?: forge.Issuer | 'itself'
  readonly because: RegExp
}

const below = async (name: string, odd: forge.Odd, above = trusted): Promise<forge.Issuer> =>
  forge.issuer(name, above, odd)
const stranger = await forge.issuer('stranger')
const namesake = await forge.issuer('trusted')
const none = { extra: [forge.noneBelow()], isMarked: false }
const short = await below('short', none)
const hostile = await below('weak below', { key: 'rsa1024' })
const authorities = {
  expired: await below('expired', { toMs: Date.now() - hourMs }),
  future: await below('future', { fromMs: Date.now() + hourMs }),
  notOne: await below('not one', { isAuthority: false }),
  unmarked: await below('unmarked', { isMarked: false }),
  unable: await below('unable', { keyUsage: digitalSignature }),
  deep: await below('deep', {}, short),
  narrow: await below('narrow', { extra: [forge.permittedUris('.elsewhere')] }),
  sha1: await below('sha1', { hash: 'SHA-1' }),
  good: await below('good', {}),
}
let long = authorities.good
for (let at = 0; at < 101; at += 1) long = await below(`long ${at}`, {}, long)

const casesOf = (who: Who, use: 'client' | 'server'): readonly Case[] => [
  { what: 'has expired', odd: { toMs: Date.now() - 1_000 }, because: /CERT_HAS_EXPIRED/ },
  { what: 'is not valid yet', odd: { fromMs: Date.now() + hourMs }, because: /NOT_YET_VALID/ },
  { what: 'is of another authority', by: stranger, because: /UNABLE_TO_VERIFY|UNABLE_TO_GET/ },
  { what: 'is of another authority of the same name', by: namesake, because: /SIGNATURE_FAILURE/ },
  { what: 'is signed by itself', by: 'itself', because: /SELF_SIGNED/ },
  { what: 'is for the other side only', odd: { usages: [otherUse(use)] }, because: /PURPOSE/ },
  { what: 'is for e-mail only', odd: { usages: ['1.3.6.1.5.5.7.3.4'] }, because: /PURPOSE/ },
  { what: 'is for any use', odd: { usages: ['2.5.29.37.0'] }, because: /not for the use|PURPOSE/ },
  { what: 'does not say its use', odd: { usages: undefined }, because: /not for the use as/ },
  { what: 'may sign revocations only', odd: { keyUsage: cRLSign }, because: /INVALID_PURPOSE/ },
  {
    what: 'is of an authority',
    odd: { isAuthority: true, keyUsage: keyCertSign | digitalSignature },
    because: /of an authority/,
  },
  { what: 'has an RSA key of 1024 bits', odd: { key: 'rsa1024' }, because: /UNSPECIFIED/ },
  { what: 'has an RSA key of 2048 bits', odd: { key: 'rsa2048' }, because: /UNSPECIFIED/ },
  { what: 'is signed over SHA-1', odd: { hash: 'SHA-1' }, because: /UNSPECIFIED/ },
  { what: 'is below a weak authority', by: hostile, because: /UNSPECIFIED/ },
  { what: 'is below one signed over SHA-1', by: authorities.sha1, because: /UNSPECIFIED/ },
  { what: 'is below one that expired', by: authorities.expired, because: /CERT_HAS_EXPIRED/ },
  { what: 'is below one of tomorrow', by: authorities.future, because: /NOT_YET_VALID/ },
  { what: 'is below one that is none', by: authorities.notOne, because: /INVALID_PURPOSE/ },
  { what: 'is below one not said to be one', by: authorities.unmarked, because: /INVALID_CA/ },
  { what: 'is below one that may not sign', by: authorities.unable, because: /INVALID_CA|chain/ },
  { what: 'is deeper than an authority allows', by: authorities.deep, because: /PATH_LENGTH/ },
  { what: 'is a hundred deep', by: long, because: /TOO_LONG|too long|excessive|chain/i },
  { what: 'is outside the names of its issuer', by: authorities.narrow, because: /UNSPECIFIED/ },
  {
    what: 'holds a critical extension that nobody knows',
    odd: { extra: [forge.unknownCritical()] },
    because: /UNSPECIFIED|extension/,
  },
  { what: 'has no name', odd: { names: [] }, because: /one URI SAN/ },
  { what: 'has two names', odd: two(own(who), own(who)), because: /one URI SAN/ },
  { what: 'has another role beside', odd: two(own(who), admin), because: /one URI SAN/ },
  {
    what: 'has a host name beside',
    odd: { names: [...uri(own(who)).names, dns] },
    because: /one URI SAN/,
  },
  { what: 'has a host name alone', odd: { names: [dns] }, because: /one URI SAN/ },
  {
    what: 'is of another scheme',
    odd: uri(`https://acme/${who.role}/${who.id}`),
    because: sanOnly,
  },
  { what: 'has a part too much', odd: uri(`${own(who)}/x`), because: sanOnly },
  { what: 'has a part too few', odd: uri(`spiffe://acme/${who.role}`), because: sanOnly },
  { what: 'has a query', odd: uri(`${own(who)}?role=operator`), because: sanOnly },
  { what: 'is written in capitals', odd: uri(own(who).toUpperCase()), because: sanOnly },
  { what: 'hides a second name in one', odd: uri(`${own(who)}, URI:${admin}`), because: sanOnly },
  { what: 'ends in a zero byte', odd: uri(`${own(who)}\0`), because: /URI SAN/ },
  { what: 'is of an unknown role', odd: uri(`spiffe://acme/king/${who.id}`), because: sanOnly },
  {
    what: 'is of another organisation',
    odd: uri(`spiffe://emca/${who.role}/${who.id}`),
    because: /another organisation/,
  },
  {
    what: 'is of another name',
    odd: uri(`spiffe://acme/${who.role}/other`),
    because: /is pinned for/,
  },
  { what: 'is of a more powerful role', odd: uri(admin), because: /is pinned for/ },
]

const admin = 'spiffe://acme/operator/root'
const sanOnly = /one URI SAN/
function two(...values: readonly string[]): forge.Odd {
  return { names: values.map((value) => ({ type: 'url', value })) }
}
function otherUse(use: 'client' | 'server'): string {
  return use === 'client' ? forge.server : forge.client
}

let calls: string[] = []
const handlers: Partial<Handlers> = {
  SigningService: {
    GetRequest: async () => {
      calls.push('GetRequest')
      return { request }
    },
  } as unknown as Handlers['SigningService'],
  NodeLinkService: {
    Attach: (stream) => {
      calls.push('Attach')
      stream.close()
    },
  },
}
const paths = {
  node: '/custody.v1.NodeLinkService/Attach',
  caller: '/custody.v1.SigningService/GetRequest',
}

const honest = await forge.oddEnd(coordinator, {}, trusted, trusted)
const good = {
  node: await forge.oddEnd(node, {}, trusted, trusted),
  caller: await forge.oddEnd(caller, {}, trusted, trusted),
}
let place: House
beforeAll(async () => {
  place = await house(honest, [good.node, good.caller], handlers)
})
afterAll(() => place.close())

/** A coordinator of its own, which has pinned the key: nothing but its own fault refuses it. */
async function dialled(end: End, tls?: SecureContextOptions, pinned: readonly End[] = [end]) {
  const other = await house(honest, pinned, handlers)
  calls = []
  const code = await call(other, end, tls)
  const said = (): readonly string[] => other.turnedAway.map((why) => `${why.code} ${why.because}`)
  // A client believes that it is connected a moment before it is refused.
  if (code !== 0) await expect.poll(said).not.toEqual([])
  await other.close()
  return { code, calls, said: [...new Set(said())] }
}

/** Once or more often, because gRPC dials again; always for the one reason. */
function turnedAway(seen: Awaited<ReturnType<typeof dialled>>, because: RegExp): void {
  expect(seen).toEqual({ code: 14, calls: [], said: [expect.stringMatching(/^UNAUTHENTICATED /)] })
  expect(seen.said[0]).toMatch(because)
}

/** What a client without manners gets: the code of its call, 0 or 14. */
function call(at: House, who: End, tls: SecureContextOptions = {}): Promise<number> {
  const lax = { minVersion: 'TLSv1.3', ciphers: 'DEFAULT@SECLEVEL=0', ...tls } as const
  const context = createSecureContext({ ...who.identity, ...lax })
  const trusting = { checkServerIdentity: () => undefined }
  const channel = credentials.createFromSecureContext(context, trusting)
  const named = { 'grpc.ssl_target_name_override': 'coordinator' }
  const client = new Client(`127.0.0.1:${at.server.address.port}`, channel, named)
  const same = (bytes: Buffer): Buffer => bytes
  const deadline = { deadline: Date.now() + 5_000 }
  return new Promise((resolve) => {
    const over = (code: number): void => {
      client.close()
      resolve(code)
    }
    const path = paths[who.role === 'node' ? 'node' : 'caller']
    if (who.role === 'node') {
      const stream = client.makeBidiStreamRequest(path, same, same, new Metadata(), deadline)
      stream.on('status', ({ code }) => over(code))
      stream.on('error', () => {})
      stream.resume()
    } else {
      const done = (error: { readonly code: number } | null): void => over(error?.code ?? 0)
      client.makeUnaryRequest(path, same, same, Buffer.alloc(0), new Metadata(), deadline, done)
    }
  })
}

for (const who of [node, caller]) {
  describe(`a certificate of a ${who.role}`, () => {
    it.each(casesOf(who, 'client'))('is turned away when it $what', async (odd) => {
      const end = await forge.oddEnd(who, odd.odd, odd.by ?? trusted, trusted)
      turnedAway(await dialled(end), odd.because)
    })

    it('is turned away when its key is not pinned, and in the same minute when it is no more', async () => {
      const end = await forge.oddEnd(who, {}, trusted, trusted)
      turnedAway(await dialled(end, {}, []), /key is not pinned/)
      const other = await house(honest, [end], handlers)
      expect(await call(other, end)).toBe(0)
      other.server.revoke(end.leaf.pin)
      calls = []
      expect(await call(other, end)).toBe(14)
      expect(calls).toEqual([])
      await expect.poll(() => other.turnedAway.at(-1)?.because).toMatch(/key is not pinned/)
      await other.close()
    })

    it('is turned away when it is the coordinator’s own', async () => {
      turnedAway(await dialled({ ...honest, role: who.role }, {}, []), /key is not pinned/)
    })

    it.each<readonly [string, SecureContextOptions, RegExp]>([
      ['with TLS 1.2', { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }, /unsupported protocol/],
      ['when there is none', { cert: undefined, key: undefined }, /did not return a certificate/],
    ])('is turned away %s', async (_what, tls, because) => {
      turnedAway(await dialled(good[who.role], tls), because)
    })

    it.each<readonly [string, forge.Odd, forge.Issuer]>([
      ['as ours are', {}, trusted],
      ['for this side alone', { usages: [forge.client] }, trusted],
      ['below an authority below the trusted one', {}, authorities.good],
      ['at the end of the shortest chain allowed', {}, short],
      ['with a key on P-384', { key: 'p384' }, trusted],
      ['with an Ed25519 key', { key: 'ed25519' }, trusted],
      ['with an RSA key of 3072 bits', { key: 'rsa3072' }, trusted],
    ])('lets its owner in, %s', async (_what, odd, by) => {
      const end = await forge.oddEnd(who, odd, by, trusted)
      const call = who === node ? 'Attach' : 'GetRequest'
      expect(await dialled(end)).toEqual({ code: 0, calls: [call], said: [] })
    })
  })
}

describe('a certificate of a coordinator', () => {
  const asked = { id: '', initiator: '', callerId: '' }

  /** Shows it, cares for nothing, and keeps what a client tells it. */
  async function impostor({ identity }: End) {
    const heard: Buffer[] = []
    const lax = { ciphers: 'DEFAULT@SECLEVEL=0', minVersion: 'TLSv1.3' } as const
    const door = createServer({ ...identity, ...lax, ALPNProtocols: ['h2'] }, (socket) => {
      socket.on('data', (bytes: Buffer) => heard.push(bytes)).on('error', () => {})
    })
    door.on('tlsClientError', (_error, socket) => socket.destroy())
    await new Promise<void>((done) => door.listen(0, '127.0.0.1', done))
    const { port } = door.address() as AddressInfo
    return { heard, close: () => door.close(), address: { host: '127.0.0.1', port } }
  }

  async function ask(end: End): Promise<{ readonly why: unknown; readonly heard: number }> {
    const { heard, close, address } = await impostor(end)
    const server = { name: coordinator.id, address, pin: end.leaf.pin }
    const { identity } = good.caller
    const wire = connect({ identity, org: 'acme', server, nowMs: Date.now })
    try {
      const answer = wire.SigningService.GetRequest(asked, 1_000)
      const why = await answer.catch((error: unknown) => error)
      return { why, heard: Buffer.concat(heard).length }
    } finally {
      wire.close()
      close()
    }
  }

  it.each(casesOf(coordinator, 'server'))('is told nothing when it $what', async (odd) => {
    const end = await forge.oddEnd(coordinator, odd.odd, odd.by ?? trusted, trusted)
    const { why, heard } = await ask(end)
    expect(why).toBeInstanceOf(Unavailable)
    expect(String(why)).toMatch(/No connection established/)
    expect(heard).toBe(0)
  })

  it('is spoken to when it is good', async () => {
    const { why, heard } = await ask(honest)
    expect(String(why)).toMatch(/Deadline exceeded/)
    expect(heard).toBeGreaterThan(0)
  })

  it('is not believed when its key is another, and is under the next of two', async () => {
    const pin = good.node.leaf.pin
    const wrong = place.client(good.caller, { pin }).SigningService.GetRequest(asked, 3_000)
    await expect(wrong).rejects.toThrow(/not pinned/)
    const next = place.client(good.caller, { pin, nextPin: honest.leaf.pin })
    expect(await next.SigningService.GetRequest(asked, 3_000)).toMatchObject({ request: {} })
  })
})

describe('a session of TLS', () => {
  it('is never resumed, because what is verified is verified each time', async () => {
    const dial = (session?: Buffer): Promise<{ session: Buffer; isResumed: boolean }> =>
      new Promise((resolve, reject) => {
        let last = Buffer.alloc(0)
        const { host, port } = place.server.address
        const options = { ...good.caller.identity, host, port, ALPNProtocols: ['h2'] }
        const named = { servername: 'coordinator', checkServerIdentity: () => undefined }
        const socket = connectTls({ ...options, ...named, ...(session && { session }) })
        socket.on('session', (bytes) => {
          last = bytes
        })
        socket.on('error', reject)
        // HTTP/2 begins with the server's settings: by then its tickets have come.
        socket.once('data', () => {
          resolve({ session: last, isResumed: socket.isSessionReused() })
          socket.destroy()
        })
      })
    const first = await dial()
    expect((await dial(first.session)).isResumed).toBe(false)
  })
})

describe('the own certificate', () => {
  const at = { org: 'acme', use: 'client', nowMs: Date.now() } as const
  const owner = { role: 'caller', id: caller.id as never } as const

  it('is read with its pin, its end and whom it trusts', () => {
    const { identity, leaf } = good.caller
    const read = readOwn(identity, owner, at)
    expect(read).toMatchObject({ pin: leaf.pin, authorities: ['CN=trusted'] })
    const ca = `${trusted.cert}\n${stranger.cert}\n`
    expect(readOwn({ ...identity, ca }, owner, at).authorities).toHaveLength(2)
  })

  it('is refused with another key, another name, no authority, or past its end', () => {
    const { identity } = good.caller
    const refused = (odd: object, who = owner, when = at) =>
      expect(() => readOwn({ ...identity, ...odd }, who, when))
    refused({ key: good.node.identity.key }).toThrow(/not that of the certificate/)
    refused({ cert: good.node.identity.cert, key: good.node.identity.key }).toThrow(/pinned for/)
    refused({ ca: '' }).toThrow(/expected certificates/)
    refused({}, owner, { ...at, nowMs: at.nowMs + 2 * hourMs }).toThrow(/expired at/)
    refused({}, owner, { ...at, nowMs: at.nowMs - 2 * hourMs }).toThrow(/valid from/)
  })
})

import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { tlsRules } from '../../proto/io/certificate.ts'
import { readCaller, readOwn } from '../../proto/io/identity.ts'
import { keyPem, selfSigned, transportKey } from '../../signer-node/ceremony/self-signed.ts'
import { refusedWith } from '../kit/refused.ts'

const nowMs = Date.now()
const random = (length: number) => new Uint8Array(randomBytes(length))

function made(node: string) {
  const key = transportKey(random(32))
  const made = selfSigned(key, random, { org: 'acme', node, nowMs })
  return { ...made, key: Buffer.from(keyPem(key).bytes).toString() }
}
const [a, b, c] = [made('station-1'), made('station-2'), made('station-3')]

/** Who the server saw, or what went wrong at either end. */
async function handshake(server: typeof a, client: typeof a, trusted: string): Promise<string> {
  const secure = { ca: trusted, requestCert: true, rejectUnauthorized: true, ...tlsRules }
  const listening = createServer({ ...secure, cert: server.certificate, key: server.key })
  await new Promise<void>((done) => listening.listen(0, '127.0.0.1', done))
  const address = listening.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  const seen = new Promise<string>((done) => {
    listening.on('secureConnection', (socket: TLSSocket) => {
      done(socket.getPeerX509Certificate()?.subjectAltName ?? '')
      socket.end()
    })
    listening.on('tlsClientError', (error) => done(error.message))
    const own = { cert: client.certificate, key: client.key, checkServerIdentity: () => undefined }
    const dialled = connect({ port, host: '127.0.0.1', ...secure, ...own })
    dialled.on('error', (error) => done(error.message))
    dialled.resume()
  })
  const said = await seen
  listening.close()
  return said
}

describe('the certificate of a station', () => {
  it('is one of ours: for both uses, of its node, strong, by its own key', () => {
    const x509 = new X509Certificate(a.certificate)
    expect([x509.ca, x509.verify(x509.publicKey)]).toEqual([false, true])
    const pins = new Map([[a.pin, { role: 'node', id: 'station-1' } as const]])
    for (const use of ['client', 'server'] as const) {
      const caller = readCaller(x509.raw, { org: 'acme', use, nowMs }, pins)
      expect(caller).toEqual({ role: 'node', id: 'station-1', pin: a.pin })
    }
    expect(x509.checkPrivateKey(createPrivateKey(a.key))).toBe(true)
    expect(createPrivateKey(a.key).export({ format: 'pem', type: 'pkcs8' }).toString()).toContain(
      a.key.slice(28, 60),
    )
    const identity = { ca: b.certificate, cert: a.certificate, key: a.key }
    const owner = { role: 'node', id: pins.get(a.pin)!.id as never } as const
    expect(readOwn(identity, owner, { org: 'acme', use: 'client', nowMs }).pin).toBe(a.pin)
    const late = { org: 'acme', use: 'client', nowMs: Date.parse('2046-01-01T00:00:00Z') } as const
    expect(readCaller(x509.raw, late, pins).id).toBe('station-1')
    const early = { ...late, nowMs: nowMs - 2 * 86_400_000 }
    expect(refusedWith(() => readCaller(x509.raw, early, pins))).toBe('UNAUTHENTICATED')
  })

  it('lets in over TLS exactly those whose certificates are trusted', async () => {
    const trusted = [a.certificate, b.certificate].join('')
    expect(await handshake(a, b, trusted)).toBe('URI:spiffe://acme/node/station-2')
    expect(await handshake(a, c, trusted)).not.toMatch(/^URI/)
    expect(await handshake(c, b, trusted)).not.toMatch(/^URI/)
  })

  it('has a key below the order of its curve', () => {
    expect(refusedWith(() => transportKey(new Uint8Array(32).fill(0xff)))).toBe('CONFIG')
    expect(refusedWith(() => transportKey(new Uint8Array(32)))).toBe('CONFIG')
    expect(refusedWith(() => transportKey(random(32)))).toBe('accepted')
  })
})

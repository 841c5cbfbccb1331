// `custody certificate`: what is shown, what is renewed by the same key and by a new one, and that a
// key is never written over.
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../../cli/run.ts'
import { makeCluster, type Place, testWorld } from '../kit/cluster.ts'

let place: Place
beforeAll(async () => {
  place = await makeCluster()
})
afterAll(() => place.remove())

const certificate = async (...words: readonly string[]) => {
  const { exit, stdout } = await run(['certificate', ...words, '--json'], testWorld())
  return { exit, json: JSON.parse(stdout) as Record<string, unknown> }
}
const text = (path: string): string => readFileSync(place.path(path), 'utf8')
const authority = () => [
  ...['--ca-cert', place.path('shared/ca.pem')],
  ...['--ca-key', place.path('operator/ca.key')],
]
const renew = (...more: readonly string[]) =>
  certificate('renew', place.path('nodes/node-1'), '--role', 'node', ...authority(), ...more)
const show = async (path: string) => (await certificate('show', place.path(path))).json

describe('a certificate', () => {
  it('is shown with its owner, its end and the pin of its key', async () => {
    const shown = await show('nodes/node-1/tls/node.pem')
    const { coordinator, clients } = JSON.parse(text('shared/pins.json'))
    const own = clients.find((one: { readonly id: string }) => one.id === 'node-1')
    expect(shown).toMatchObject({ name: 'node-1', uri: 'spiffe://acme-dev/node/node-1' })
    expect(shown['pin']).toBe(own.pin)
    expect(await show('coordinator/tls/coordinator.pem')).toMatchObject({ pin: coordinator.pin })
    const { stdout } = await run(['certificate', 'show', place.path('shared/ca.pem')], testWorld())
    expect(stdout).toMatch(/^certificate of acme-dev development\n {2}valid {3}20/)
  })

  it('is renewed by the key that it has, for as long as asked', async () => {
    const [before, key] = [
      await show('nodes/node-1/tls/node.pem'),
      text('nodes/node-1/tls/node.key'),
    ]
    const old = new X509Certificate(text('nodes/node-1/tls/node.pem')).serialNumber
    const { exit, json } = await renew('--days', '30')
    expect(exit).toBe(0)
    const { pin, uri } = before
    expect(json).toMatchObject({ pin, uri })
    const made = new X509Certificate(text('nodes/node-1/tls/node.pem'))
    expect(made.serialNumber).not.toBe(old)
    expect(text('nodes/node-1/tls/node.key')).toBe(key)
    const days = (made.validToDate.getTime() - testWorld().nowMs()) / 86_400_000
    expect(days).toBeGreaterThan(29)
    expect(days).toBeLessThan(31)
  })

  it('gets a new key beside the old one, and no third is written over it', async () => {
    const old = text('nodes/node-1/tls/node.key')
    const { json } = await renew('--new-key')
    expect(text('nodes/node-1/tls/node.key')).toBe(old)
    const next = new X509Certificate(text('nodes/node-1/tls/node.next.pem'))
    expect((await show('nodes/node-1/tls/node.next.pem'))['pin']).toBe(json['pin'])
    expect(json['pin']).not.toBe((await show('nodes/node-1/tls/node.pem'))['pin'])
    expect(next.subjectAltName).toBe('URI:spiffe://acme-dev/node/node-1')
    const again = await renew('--new-key')
    expect(again.exit).toBe(2)
    expect(JSON.stringify(again.json)).toMatch(/is there already/)
  })

  it('is refused for an unknown role, no such owner, or a senseless time', async () => {
    const at = place.path('nodes/node-2')
    expect((await certificate('renew', at, '--role', 'king', ...authority())).exit).toBe(2)
    expect((await certificate('renew', at, '--role', 'caller', ...authority())).exit).toBe(2)
    for (const days of ['0', '1.5', '4000', 'x']) expect((await renew('--days', days)).exit).toBe(2)
  })
})

describe('an authority', () => {
  it('is made once, and signs what is renewed by it', async () => {
    const made = await certificate('authority', place.path('next'), '--name', 'the next one')
    expect(made).toMatchObject({ exit: 0, json: { issuer: 'the next one', uri: '' } })
    const by = ['--ca-cert', place.path('next/ca.pem'), '--ca-key', place.path('next/ca.key')]
    const at = place.path('nodes/node-3')
    expect((await certificate('renew', at, '--role', 'node', ...by)).exit).toBe(0)
    const leaf = new X509Certificate(text('nodes/node-3/tls/node.pem'))
    expect(leaf.verify(new X509Certificate(text('next/ca.pem')).publicKey)).toBe(true)
    expect(leaf.verify(new X509Certificate(text('shared/ca.pem')).publicKey)).toBe(false)
    const again = await certificate('authority', place.path('next'), '--name', 'x')
    const because = expect.stringMatching(/ca\.key: expected nothing there yet, got something/)
    expect(again).toMatchObject({ exit: 2, json: { usage: because } })
  })
})

// What a coordinator takes over while it runs: its certificate, whom it trusts, which clients come
// and go. What would not work changes nothing, and is an alarm. A node does the same with its own.
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Event } from '../../coordinator/ports.ts'
import { identityOf, peopleOf, readConfigFile, reloading } from '../../coordinator/reload.ts'
import { parseSignerConfig } from '../../signer-node/config.ts'
import { Dialler } from '../../signer-node/dialler.ts'
import { makeCluster, type Place } from '../kit/cluster.ts'

let made: Place
let directory = ''
let seen: unknown[] = []
let events: Event[] = []
beforeAll(async () => {
  made = await makeCluster()
})
afterAll(() => made.remove())
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'custody-reload-'))
  cpSync(made.directory, directory, { recursive: true })
  seen = []
  events = []
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const at = (path: string): string => join(directory, path)
const text = (path: string): string => readFileSync(at(path), 'utf8')
function put(path: string, content: string): void {
  writeFileSync(at(`${path}.new`), content)
  renameSync(at(`${path}.new`), at(path))
}
function change(path: string, edit: (config: never) => void): void {
  const config = JSON.parse(text(path))
  edit(config as never)
  put(path, JSON.stringify(config))
}
const door = {
  admit: (pin: string, { id }: { readonly id: string }) => void seen.push(`admit ${id} ${pin}`),
  revoke: (pin: string) => void seen.push(`revoke ${pin}`),
  renew: ({ cert }: { readonly cert: string }) => void seen.push(`renew ${cert.length}`),
}
const report = (event: Event): void => void events.push(event)
const last = () => events.at(-1)

describe('a coordinator that reads its files anew', () => {
  const file = 'coordinator/config.json'
  const begin = (nowMs = Date.now()) => {
    const path = at(file)
    return reloading(path, readConfigFile(path), door, { report, nowMs: () => nowMs })
  }
  type Written = { clients: { id: string; role: string; pin: string }[]; name: string }

  it('presents what it reads, and says by which key and until when', () => {
    begin()()
    const pin = JSON.parse(text('shared/pins.json')).coordinator.pin
    const cert = text('coordinator/tls/coordinator.pem')
    expect(seen).toEqual([`renew ${cert.length}`])
    expect(last()).toMatchObject({ level: 'info', name: 'reloaded' })
    expect(last()?.because).toMatch(new RegExp(`^${pin} until 20.*; 0 clients come, 0 go$`))
  })

  it('lets in who is new, turns out who is gone, and leaves the nodes to the root', () => {
    const again = begin()
    const config = readConfigFile(at(file))
    const gone = config.clients.find(({ role }) => role === 'caller')
    const node = config.clients.find(({ role }) => role === 'node')
    const fresh = { id: 'svc-new', role: 'caller', pin: 'ab'.repeat(32) }
    change(file, (written: Written) => {
      const stays = written.clients.filter(({ pin }) => pin !== gone?.pin && pin !== node?.pin)
      written.clients = [...stays, fresh]
    })
    again()
    expect(seen.slice(1)).toEqual([`revoke ${gone?.pin}`, `admit svc-new ${fresh.pin}`])
    seen = []
    again()
    expect(seen).toHaveLength(1)
    expect(peopleOf(config).has(node?.pin ?? '')).toBe(false)
    expect(identityOf(config).key).toBe(text('coordinator/tls/coordinator.key'))
  })

  it('changes a key’s role by taking it away first', () => {
    const again = begin()
    const who = readConfigFile(at(file)).clients.find(({ role }) => role === 'operator')
    change(file, (written: Written) => {
      for (const one of written.clients) if (one.pin === who?.pin) one.role = 'caller'
    })
    again()
    expect(seen.slice(1)).toEqual([`revoke ${who?.pin}`, `admit ${who?.id} ${who?.pin}`])
  })

  it.each<readonly [string, () => void, RegExp]>([
    ['another name', () => change(file, (c: Written) => (c.name = 'other')), /expected acme-dev/],
    ['no json', () => put(file, '{'), /json/],
    ['no certificate', () => put('coordinator/tls/coordinator.pem', 'x'), /PEM|pem|lib/i],
    [
      'a certificate of somebody else',
      () => {
        put('coordinator/tls/coordinator.pem', text('nodes/node-1/tls/node.pem'))
        put('coordinator/tls/coordinator.key', text('nodes/node-1/tls/node.key'))
      },
      /pinned for coordinator coordinator-1/,
    ],
    [
      'the key of another certificate',
      () => put('coordinator/tls/coordinator.key', text('nodes/node-1/tls/node.key')),
      /not that of the certificate/,
    ],
    ['no authority', () => put('shared/ca.pem', ''), /expected certificates of authorities/],
  ])('goes on as it was with %s', (_what, spoil, because) => {
    const again = begin()
    spoil()
    again()
    expect(seen).toEqual([])
    expect(last()).toMatchObject({ level: 'alarm', name: 'reload.failed' })
    expect(last()?.because).toMatch(because)
  })

  it('goes on as it was with a certificate that has expired', () => {
    begin(Date.now() + 400 * 86_400_000)()
    expect(seen).toEqual([])
    expect(last()?.because).toMatch(/expired at/)
  })
})

describe('a node that reads its files anew', () => {
  const file = 'nodes/node-1/config.json'
  const begin = () => {
    const path = at(file)
    const reread = () => parseSignerConfig(readFileSync(path, 'utf8'), dirname(path))
    return new Dialler({ ...reread(), reread }, { report, nowMs: Date.now })
  }
  type Written = { coordinators: { name: string; pin: string; nextPin?: string }[] }

  it('takes certificate and pins, and keeps both pins while the coordinator’s key changes', () => {
    const dialler = begin()
    change(file, (written: Written) => {
      for (const one of written.coordinators) one.nextPin = 'cd'.repeat(32)
    })
    expect(dialler.renew()).toBe(true)
    expect(last()).toMatchObject({ level: 'info', name: 'reloaded' })
    expect(dialler.names).toEqual(['coordinator-1'])
    expect(() => dialler.dial('coordinator-2', () => {})).toThrow('no coordinator coordinator-2')
  })

  it('goes on as it was with another coordinator, another’s certificate, or none', () => {
    const dialler = begin()
    const refused = (because: RegExp) => {
      expect(dialler.renew()).toBe(false)
      expect(last()).toMatchObject({ level: 'alarm', name: 'reload-failed' })
      expect(last()?.because).toMatch(because)
    }
    const good = text(file)
    change(file, (written: Written) => {
      for (const one of written.coordinators) one.name = 'coordinator-2'
    })
    refused(/expected the same/)
    put(file, good)
    const cert = text('nodes/node-1/tls/node.pem')
    put('nodes/node-1/tls/node.pem', text('nodes/node-2/tls/node.pem'))
    refused(/not that of the certificate/)
    put('nodes/node-1/tls/node.pem', 'x')
    refused(/PEM|pem|lib/i)
    put('nodes/node-1/tls/node.pem', cert)
    expect(dialler.renew()).toBe(true)
  })
})

// The facts that the doctor judges, as this machine has them: /proc and /sys of Linux, the runtime
// itself, and the digest of its files. Each reader takes text, so that tests bring other machines.
// INVARIANT: what cannot be read is told as missing, or as the worse of two; nothing is changed.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import inspector from 'node:inspector'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import type { Interface, Mount, StationFacts } from './doctor.ts'

export function stationFacts(program: string): StationFacts {
  const status = textOf('/proc/self/status') ?? ''
  return {
    interfaces: interfacesHere(),
    routes: [
      ...routesIn(textOf('/proc/net/route') ?? ''),
      ...routesIn6(textOf('/proc/net/ipv6_route') ?? ''),
    ],
    radios: radiosHere(),
    swaps: swapsIn(textOf('/proc/swaps')),
    limits: textOf('/proc/self/limits'),
    corePattern: textOf('/proc/sys/kernel/core_pattern'),
    options: [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(' ')].filter(
      Boolean,
    ),
    debugger: inspector.url(),
    cache: process.env['NODE_COMPILE_CACHE'] || undefined,
    tracer: Number(/^TracerPid:\s+(\d+)/m.exec(status)?.[1] ?? -1),
    mounts: mountsIn(textOf('/proc/self/mounts') ?? ''),
    node: process.versions.node,
    program,
  }
}

/** Names stand in /proc, which is of this process's network; /sys may be of another one. */
export function interfaceNames(text: string): readonly string[] {
  return text.split('\n').flatMap((line) => /^\s*([^\s:]+):/.exec(line)?.[1] ?? [])
}

/** Of IPv4: destination and mask are nothing, and the route is up. */
export function routesIn(text: string): readonly string[] {
  return rows(text).flatMap(([device = '', to, , flags, , , , mask]) => {
    const isDefault = to === '00000000' && mask === '00000000'
    return isDefault && (Number.parseInt(flags ?? '0', 16) & 1) === 1 ? [device] : []
  })
}

export function routesIn6(text: string): readonly string[] {
  return rows(text).flatMap((row) => {
    const [to, length, device = ''] = [row[0], row[1], row[9]]
    return /^0{32}$/.test(to ?? '') && length === '00' ? [device] : []
  })
}

export function swapsIn(text: string | undefined): readonly string[] {
  if (text === undefined) return ['nobody can say whether there is swap']
  return rows(text)
    .slice(1)
    .map(([name = '']) => `swap on ${name}`)
}

export function mountsIn(text: string): readonly Mount[] {
  const plain = (path: string): string =>
    path.replaceAll(/\\(\d{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)))
  return rows(text).map(([, at = '', type = '', options = '']) => {
    return { at: plain(at), type, options: options.split(',').map(plain) }
  })
}

function interfacesHere(): readonly Interface[] {
  const known = networkInterfaces()
  const names = new Set([...interfaceNames(textOf('/proc/net/dev') ?? ''), ...Object.keys(known)])
  return [...names].map((name) => {
    const flags = textOf(`/sys/class/net/${name}/flags`)
    const isUp = flags === undefined || (Number.parseInt(flags, 16) & 1) === 1
    const addresses = (known[name] ?? []).map(({ address }) => address)
    return { name, isUp: isUp || addresses.length > 0, addresses }
  })
}

/** Whatever driver they have, and blocked or not: one key press brings them back. */
function radiosHere(): readonly string[] {
  const of = (kind: string): readonly string[] => listOf(join('/sys/class', kind))
  const wireless = of('net').filter((name) =>
    ['wireless', 'phy80211'].some((part) => existsSync(join('/sys/class/net', name, part))),
  )
  return [
    ...wireless.map((name) => `wireless ${name}`),
    ...of('ieee80211').map((name) => `wireless ${name}`),
    ...of('bluetooth').map((name) => `bluetooth ${name}`),
    ...of('rfkill').map((name) => `${textOf(`/sys/class/rfkill/${name}/type`)?.trim()} ${name}`),
  ]
}

function rows(text: string): readonly (readonly string[])[] {
  return text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([first]) => first !== undefined && first !== '')
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function listOf(directory: string): readonly string[] {
  return existsSync(directory) ? readdirSync(directory) : []
}

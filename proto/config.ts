// What the configurations of all programs share: strict JSON with exact keys, addresses, paths
// beside the file, key pins. A configuration is read once, at start; every fault is a Refusal
// CONFIG that names the place. Holds no secret: keys and credentials stand in files that it names.
import type { Json } from './jcs.ts'
import { Refused, refuse } from './refusal.ts'
import { handle, list, object, objectWith, type Reader, text } from './shape.ts'

/** Reads `source` by `shape`; `because` starts with the path of the key that is wrong. */
export function readConfig<T>(source: string, shape: Reader<T>): T {
  try {
    return shape(JSON.parse(source, noNull) as Json, '')
  } catch (error) {
    if (error instanceof SyntaxError) return refuse('CONFIG', 'expected json')
    if (error instanceof Refused) return refuse('CONFIG', error.refusal.because)
    throw error
  }
}

// The shape readers know no null, because canonical documents have none.
function noNull(key: string, value: unknown): unknown {
  return value === null ? refuse('CONFIG', `${key || 'document'}: expected no null`) : value
}

export interface Address {
  readonly host: string
  readonly port: number
}

const addressForm = /^(?:\[([0-9a-f:]+)\]|([a-z0-9.-]+)):([1-9]\d{0,4})$/

/** `host:port` or `[::1]:port`; the host comes without brackets. */
export const address: Reader<Address> = (value, path) => {
  const found = typeof value === 'string' ? addressForm.exec(value) : null
  const [host, port] = [found?.[1] ?? found?.[2], Number(found?.[3])]
  if (host === undefined || port > 65_535) return refuse('CONFIG', `${path}: expected host:port`)
  return { host, port }
}

/** A path; one that does not begin with `/` is beside the configuration file, in `directory`. */
export function pathFrom(directory: string): Reader<string> {
  const read = text(1024, /^[^\0]+$/)
  return (value, at) => {
    const path = read(value, at)
    return path.startsWith('/') ? path : `${directory}/${path}`
  }
}

/** SHA-256 of a peer's SubjectPublicKeyInfo, lower-case hex. */
export const pin: Reader<string> = text(64, /^[0-9a-f]{64}$/)

/** A coordinator as those know it who dial it. While its key changes, both pins stand there. */
export const coordinatorPeer = objectWith({ name: handle, address, pin }, { nextPin: pin })

export interface TlsFiles {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

export function tlsFiles(directory: string): Reader<TlsFiles> {
  const path = pathFrom(directory)
  return object({ ca: path, cert: path, key: path })
}

/** A list in which `key` of every item is different. */
export function distinct<T>(read: Reader<T>, key: (item: T) => string): Reader<readonly T[]> {
  const items = list(read)
  return (value, path) => {
    const found = items(value, path)
    const seen = new Set<string>()
    for (const item of found) {
      if (seen.has(key(item))) refuse('CONFIG', `${path}: ${key(item)} stands there twice`)
      seen.add(key(item))
    }
    return found
  }
}

const endpointUrls = list(text(512, /^https?:\/\/[^\s@]+$/), 1, 8)

/** Each another place: written twice, one endpoint would be two witnesses. Names none: keys. */
export const endpoints: Reader<readonly string[]> = (value, path) => {
  const urls = endpointUrls(value, path)
  const places = urls.map((url) => (URL.canParse(url) ? new URL(url) : undefined))
  if (places.includes(undefined)) refuse('CONFIG', `${path}: expected addresses of endpoints`)
  const named = new Set(
    places.map((place) => `${place?.origin}${place?.pathname.replace(/\/$/, '')}${place?.search}`),
  )
  if (named.size !== urls.length) refuse('CONFIG', `${path}: an endpoint stands there twice`)
  return urls
}

/** Whom these ask: two ports, paths or spellings of one host are one operator's word. */
export function hostsOf(urls: readonly string[]): ReadonlySet<string> {
  return new Set(urls.map((url) => new URL(url).hostname.replace(/\.$/, '')))
}

// `custody init node DIR`: a new node, made where it will run: identity, witness key and node
// secret, sealed; the key of its TLS certificate; a configuration; and its card, by which the next
// root can name it. Private keys appear below DIR and nowhere else.
// With the authority's files it has its certificate at once; without them there is a request, which
// the organisation's authority signs into `tls/node.pem`. Writes over nothing.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseRoot, type Root } from '../policy/documents.ts'
import { pin, readConfig } from '../proto/config.ts'
import { parseNodeId } from '../proto/ids.ts'
import type { JsonObject } from '../proto/jcs.ts'
import { limits } from '../proto/limits.ts'
import { refuse } from '../proto/refusal.ts'
import { handle, list, object, text } from '../proto/shape.ts'
import { write } from './init.ts'
import { makeRequest, openAuthority } from './init-certificates.ts'
import { lightConfiguration, makeLight } from './init-light.ts'
import { type InitFile, type Makers, makeNode, openFile, pinOf } from './init-owners.ts'
import { cardText } from './node-card.ts'
import {
  type Answer,
  type Args,
  done,
  flag,
  UsageError,
  type Verb,
  type World,
  word,
} from './verb.ts'

/** As `custody init` shares it; the clients are the coordinator's. */
const pinsShape = object({
  coordinator: object({ name: handle, address: text(128), pin }),
  clients: list(object({ id: handle, pin, role: text(32) })),
})
const yearMs = 365 * 86_400_000

export const initNode: Verb = {
  about: 'make a new node: sealed keys, certificate or request, configuration, card',
  usage:
    'DIR --node NAME (--x N --recovery FILE | --light) --shared DIR [--ca-key FILE]' +
    ' [--health HOST:PORT]',
  words: { min: 1, max: 1 },
  options: {
    node: { type: 'string' },
    x: { type: 'string' },
    light: { type: 'boolean' },
    shared: { type: 'string' },
    recovery: { type: 'string' },
    'ca-key': { type: 'string' },
    health: { type: 'string' },
  },
  run: async (args, world) => initAt(args, world),
}

async function initAt(args: Args, world: World): Promise<Answer> {
  const directory = word(args, 0)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  if (readdirSync(directory).length > 0) {
    refuse('CONFIG', `${directory}: expected an empty directory`)
  }
  const [node, shared] = [needed(args, 'node'), needed(args, 'shared')]
  const x = args.flags['light'] === true ? undefined : place(args)
  parseNodeId(node)
  const read = (name: string): string => readFileSync(join(shared, name), 'utf8')
  const root = parseRoot(read('root.json'))
  const authority = await authorityFor(args, read('ca.pem'), world)
  const makers: Makers = { org: root.org, env: root.env, authority, random: world.random }
  const server = serverIn(read('pins.json'))
  const { owner, written } =
    x === undefined
      ? await lightMember(args, root, { node, makers, server })
      : await nodeMember(args, root, { node, makers, server, x })
  const hasCertificate = flag(args, 'ca-key') !== undefined
  const transport = pinOf(owner, 'node')
  const { identity, witness } = owner
  const card = cardText({ node, x, identity, transport, witness })
  const files: readonly InitFile[] = [
    ...owner.files.map((file) => (hasCertificate ? file : asRequest(file))),
    openFile('tls/ca.pem', read('ca.pem')),
    openFile('card.json', card),
    openFile('config.json', written),
  ]
  write(directory, {
    files,
    empty: ['data', 'floor', 'run', ...(x === undefined ? [] : ['backups'])],
    root: root.digest,
    origin: '',
  })
  const next = hasCertificate
    ? 'its certificate is tls/node.pem'
    : 'have tls/node.csr signed by your authority, into tls/node.pem'
  const lines = [
    `${x === undefined ? `light witness ${node}` : `node ${node} at x ${x}`} in ${directory}`,
    `  identity   ${Buffer.from(identity).toString('hex')}`,
    `  transport  ${transport}`,
    `  card       ${join(directory, 'card.json')}: for custody root draft --add`,
    next,
  ]
  const at = x === undefined ? {} : { x }
  return done(`${lines.join('\n')}\n`, { directory, node, transport, ...at })
}

interface Making {
  readonly node: string
  readonly makers: Makers
  readonly server: JsonObject
}

async function nodeMember(args: Args, root: Root, making: Making & { readonly x: number }) {
  const { node, makers, server, x } = making
  const recovery = readFileSync(needed(args, 'recovery'))
  const owner = await makeNode(node, { ...makers, recovery }, '.')
  const pinned = { node, x, recovery: { ...owner.recovery } }
  return { owner, written: configuration(args, root, pinned, server) }
}

async function lightMember(args: Args, root: Root, { node, makers, server }: Making) {
  const owner = await makeLight(node, makers, '.')
  return { owner, written: lightFile(args, root, node, server) }
}

async function authorityFor(args: Args, cert: string, world: World): Promise<Makers['authority']> {
  const file = flag(args, 'ca-key')
  if (file === undefined) return { issue: makeRequest }
  const now = Math.floor(world.nowMs() / 1_000) * 1_000
  const validity = { notBefore: new Date(now - 60_000), notAfter: new Date(now + yearMs) }
  return openAuthority({ cert, key: readFileSync(file, 'utf8') }, validity)
}

function asRequest(file: InitFile): InitFile {
  return file.path.endsWith('tls/node.pem') ? { ...file, path: 'tls/node.csr' } : file
}

function configuration(
  args: Args,
  root: Root,
  { node, x, recovery }: { node: string; x: number; recovery: JsonObject },
  server: JsonObject,
): string {
  const config = {
    format: 'custody-signer/v1',
    org: root.org,
    env: root.env,
    node,
    x,
    root: root.digest,
    origin: root.log.origin,
    coordinators: [server],
    tls: ownTls,
    keys: {
      identity: 'keys/identity.seal',
      witness: 'keys/witness.seal',
      secret: 'keys/secret.seal',
    },
    credential: 'credential',
    keystore: { stanza: 'passphrase' },
    ...ownPlaces,
    backups: { directory: 'backups', recovery: [recovery] },
    healthListen: healthIn(args),
    curve: 'native',
  }
  return `${JSON.stringify(config, null, 2)}\n`
}

const ownTls = { ca: 'tls/ca.pem', cert: 'tls/node.pem', key: 'tls/node.key' }
const ownPlaces = { dataDir: 'data', floorDir: 'floor', adminSocket: 'run/admin.sock' }

function lightFile(args: Args, root: Root, node: string, server: JsonObject): string {
  return lightConfiguration({
    ...{ org: root.org, env: root.env, node, root: root.digest, origin: root.log.origin },
    ...{ coordinators: [server], tls: ownTls, places: ownPlaces },
    healthListen: healthIn(args),
  })
}

function healthIn(args: Args): string {
  return flag(args, 'health') ?? '127.0.0.1:7199'
}

/** Where its coordinator is, and by which key it is known. */
function serverIn(pins: string): JsonObject {
  const { coordinator } = readConfig(pins, pinsShape)
  return { ...coordinator }
}

function needed(args: Args, name: string): string {
  return flag(args, name) ?? missing(name)
}

function missing(name: string): never {
  throw new UsageError(`expected --${name}`)
}

function place(args: Args): number {
  const typed = needed(args, 'x')
  const x = /^\d{1,2}$/.test(typed) ? Number(typed) : 0
  if (x < 1 || x > limits.nodesMax) throw new UsageError(`--x: expected 1 to ${limits.nodesMax}`)
  return x
}

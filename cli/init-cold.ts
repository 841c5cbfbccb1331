// `custody init cold DIR`: writes the online side of a log for cold vaults: coordinator, light
// witnesses, people, and the root that names the stations by the cards that their tokens made at an
// enrolment. No node is among them: a station is never online.
// For env `dev`, like `custody init`; what production changes is in docs/operations.md.
import { readFileSync } from 'node:fs'
import { formatVkey } from '../policy/audit/checkpoint.ts'
import { parseBook } from '../policy/book.ts'
import { parseStationCard, type StationCard } from '../policy/ceremony/station-card.ts'
import { digestOfText } from '../policy/document.ts'
import { parseRoot, witnessesOf } from '../policy/documents.ts'
import type { WitnessQuorum } from '../policy/tolerance.ts'
import { trustText } from '../policy/trust.ts'
import { parseHandle } from '../proto/ids.ts'
import { refuse } from '../proto/refusal.ts'
import { tags } from '../proto/tags.ts'
import { onlyCold } from './dev-cold.ts'
import { type DevNode, devBook, devPolicy, devRoot } from './dev-documents.ts'
import { devPeople } from './dev-rules.ts'
import { portBase, requireEmpty, write } from './init.ts'
import {
  beginCluster,
  type Cluster,
  directors,
  directoryOf,
  endpointsText,
  makePeople,
  memberOf,
  standIn,
  type Times,
} from './init-cluster.ts'
import { type ClusterWish, configurations, sharedPins } from './init-configs.ts'
import { type LightOwner, makeLight } from './init-light.ts'
import {
  everyone,
  type Makers,
  makeCoordinator,
  type Owners,
  openFile,
  secretFile,
} from './init-owners.ts'
import { type Args, done, flag, required, UsageError, type Verb, word } from './verb.ts'

export const initCold: Verb = {
  about: 'make the online side of a log of cold vaults, from the cards of its stations',
  usage:
    'DIR --stations CARD,.. [--t N] [--book FILE] [--org NAME] [--port-base N] [--rpc URL]' +
    ' [--witnesses N] [--people NAME,..]',
  words: { min: 1, max: 1 },
  options: {
    stations: { type: 'string' },
    t: { type: 'string' },
    book: { type: 'string' },
    org: { type: 'string' },
    'port-base': { type: 'string' },
    rpc: { type: 'string' },
    witnesses: { type: 'string' },
    people: { type: 'string' },
  },
  run: async (args, world) => {
    const directory = word(args, 0)
    const org = parseHandle(flag(args, 'org') ?? 'acme-dev', 'org')
    const cards = stationsIn(args, org)
    requireEmpty(directory)
    const base = portBase(args, 7200)
    const cluster = await coldCluster({
      ...{ org, cards, portBase: base, layout: 'local', books: ['warm'] },
      t: count(args, 't', Math.floor(cards.length / 2) + 1, [1, cards.length]),
      // One alone is nobody's check: whoever holds its key tells any story.
      lights: count(args, 'witnesses', 3, [2, 7]),
      book: bookIn(args, org),
      attendees: attendeesIn(args, cards),
      rpc: [flag(args, 'rpc') ?? `http://127.0.0.1:${base + 2}`],
      nowMs: world.nowMs(),
      random: world.random,
    })
    write(directory, cluster)
    const { root, origin } = cluster
    const text = [
      `a log of cold vaults in ${directory}`,
      `  root      ${root}`,
      `  log       ${origin}`,
      `  stations  ${cards.map(({ node, x }) => `${node} (${x})`).join(', ')}: never online`,
      '  owners    coordinator, witnesses/, people/, services/, operator; shared/ holds no secret',
      `start it with: custody-coordinator --config ${directory}/coordinator/config.json`,
      `               custody-signer --witness --config ${directory}/witnesses/NAME/config.json`,
    ]
    return done(`${text.join('\n')}\n`, { directory, root, origin })
  },
}

export interface ColdWish extends ClusterWish {
  /** Of every station, ascending by x from 1. */
  readonly cards: readonly StationCard[]
  readonly t: number
  readonly lights: number
  /** In no role of the policy: custodians, and who else comes to a sitting. */
  readonly attendees: readonly string[]
  /** Where money from the cold may go. */
  readonly book: string
}

export async function coldCluster(wish: ColdWish): Promise<Cluster> {
  const { times, authority } = await beginCluster(wish)
  const makers: Makers = { org: parseHandle(wish.org), authority, random: wish.random }
  const lights: LightOwner[] = []
  for (let at = 1; at <= wish.lights; at += 1) {
    lights.push(await makeLight(`cold-witness-${at}`, makers))
  }
  const coordinator = await makeCoordinator('coordinator-cold', `${wish.org}/log-cold`, makers)
  const people = await makePeople(makers, wish.attendees)
  const owners = { coordinator, nodes: [], lights, ...people }
  const documents = coldDocuments(wish, owners, times)
  const root = parseRoot(documents.root)
  const { log, witness, digest } = root
  const trust = { root: digest, log, witnesses: witnessesOf(root), q: witness.q }
  const files = [
    ...everyone(owners).flatMap((owner) => owner.files),
    secretFile('operator/ca.key', authority.key),
    openFile('shared/ca.pem', authority.cert),
    openFile('shared/root.json', documents.root),
    openFile('shared/policy.json', documents.policy),
    openFile('shared/directory.json', documents.directory),
    openFile('shared/book-warm.json', wish.book),
    openFile('shared/trust.txt', trustText(trust)),
    openFile('shared/endpoints.json', endpointsText(wish)),
    sharedPins(wish, owners),
    ...configurations(wish, owners, digest, log.origin),
  ]
  const empty = lights.flatMap(({ directory }) =>
    ['data', 'floor', 'run'].map((name) => `${directory}/${name}`),
  )
  return { files, empty: ['coordinator/data', ...empty], root: digest, origin: log.origin }
}

function coldDocuments(wish: ColdWish, owners: Owners, times: Times) {
  const { org, cards, book } = wish
  const { coordinator, lights, people } = owners
  const key = { n: cards.length, t: wish.t, f: wish.t - 1 }
  const witness = witnessesFor(lights.length)
  const log = { origin: coordinator.log.name, vkey: formatVkey(coordinator.log) }
  const policy = devPolicy({
    ...{ org, notBefore: times.from, expires: times.to, origin: log.origin, people: devPeople },
    ...{ token: standIn(), key, witness, places: onlyCold, coldOrigin: log.origin },
  })
  const directory = directoryOf(org, owners, times)
  const root = devRoot({
    ...{ org, log, key, witness, cold: true },
    nodes: cards.map(stationMember),
    lights: lights.map(memberOf),
    governance: { keys: directors(people).map(({ publicKey }) => publicKey), threshold: 2 },
    genesis: {
      policy: digestOfText(tags.policy, policy),
      directory: digestOfText(tags.directory, directory),
      books: { warm: digestOfText(tags.book, book) },
    },
  })
  return { root, policy, directory }
}

/** The least with 2q - w >= f + 1; with three or less none of them may be corrupt. */
function witnessesFor(w: number): WitnessQuorum {
  const f = w > 3 ? 1 : 0
  return { w, f, q: Math.ceil((w + f + 1) / 2) }
}

function stationMember({ node, identity, transport, witness }: StationCard): DevNode {
  return { node, identity, transport, witness: formatVkey(witness) }
}

function stationsIn(args: Args, org: string): readonly StationCard[] {
  const files = required(args, 'stations').split(',')
  const cards = files.map((file) => {
    const card = parseStationCard(new Uint8Array(readFileSync(file)))
    if (card.org === org && card.env === 'dev') return card
    return refuse('CONFIG', `${file}: a station of ${card.org} ${card.env}, expected ${org} dev`)
  })
  const sorted = [...cards].sort((a, b) => a.x - b.x)
  const gap = sorted.find(({ x }, at) => x !== at + 1)
  if (gap !== undefined) refuse('CONFIG', `stations: expected x from 1 on, each once, got ${gap.x}`)
  return sorted
}

function attendeesIn(args: Args, cards: readonly StationCard[]): readonly string[] {
  const named = (flag(args, 'people') ?? '').split(',').filter((name) => name !== '')
  return [...cards.map(({ custodian }) => custodian), ...named]
}

/** Of this organisation; an empty one where nothing is known yet of the main log's addresses. */
function bookIn(args: Args, org: string): string {
  const file = flag(args, 'book')
  if (file === undefined) return devBook({ org, name: 'warm', records: [] })
  const written = readFileSync(file, 'utf8')
  const book = parseBook(written)
  if (book.org !== org || book.name !== 'warm') {
    refuse('CONFIG', `${file}: expected the book warm of ${org}, got ${book.name} of ${book.org}`)
  }
  return written
}

function count(
  args: Args,
  name: string,
  usual: number,
  [least, most]: readonly [number, number],
): number {
  const typed = Number(flag(args, name) ?? usual)
  if (Number.isInteger(typed) && typed >= least && typed <= most) return typed
  throw new UsageError(`--${name}: expected ${least} to ${most}`)
}

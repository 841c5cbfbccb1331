// The enrolment of a rehearsal: a record token, two tokens a custodian, and from them, by the
// program that people use, the keys and both media of every station. All at once where the machine
// lets it. Source: docs/ceremony.md. Its own Record is not kept here: nothing later judges it.
// INVARIANT: every PIN is disposed of with the stations.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonObject } from '../../proto/jcs.ts'
import { text } from '../../proto/jcs.ts'
import { parseTokenCard } from '../../proto/token-card.ts'
import type { Secret } from '../dkls23/secret.ts'
import type { Random } from '../ports.ts'
import { draftOf, house, type Place, placesOf, threshold } from './rehearsal-people.ts'
import { custody, custodyCeremony, type Programs } from './rehearsal-programs.ts'
import { makeToken, Socket, type TokenMaker } from './rehearsal-tokens.ts'

export interface RehearsalStation extends Place {
  readonly socket: Socket
  /** By name of the token: `daily`, `spare`; or of the record station `record`. */
  readonly pins: Readonly<Record<string, Secret>>
  readonly mediumA: string
  readonly mediumB: string
  /** Its public card. */
  readonly card: string
}

export interface Enrolled extends Disposable {
  readonly stations: readonly RehearsalStation[]
  readonly record: Pick<RehearsalStation, 'socket' | 'pins' | 'card'>
}

export interface EnrolmentWish {
  readonly directory: string
  readonly stations: number
  readonly maker: TokenMaker
  readonly build: (modules: readonly string[]) => JsonObject
}

export interface RehearsalPorts {
  readonly programs: Programs
  readonly random: Random
  readonly wallMs: () => number
  readonly say: (line: string) => void
}

export async function enrolled(wish: EnrolmentWish, ports: RehearsalPorts): Promise<Enrolled> {
  await using scope = new AsyncDisposableStack()
  const places = placesOf(wish.stations)
  const made = await Promise.all(
    [recordPlace, ...places].map((place) => tokensOf(place, wish, ports.random)),
  )
  for (const { pins } of made) for (const pin of Object.values(pins)) scope.use(pin)
  const [record, ...others] = made
  if (record === undefined) throw new Error('a rehearsal has a record station')
  ports.say(`${2 * others.length + 1} tokens of ${wish.maker}, each with keys born in it`)
  const all = places.map(({ node, x, site, custodian }) => ({ node, x, site, custodian }))
  const cast = { name: 'enrolment', stations: all }
  const plan = await enrolmentPlan(wish, cast, record, ports)
  const stations = await Promise.all(
    places.map(async (place, at) => {
      const own = others[at]
      if (own === undefined) throw new Error('every station has tokens')
      return await enrolledStation({ ...place, ...own }, plan, ports)
    }),
  )
  ports.say(`${stations.length} stations enrolled: keys sealed to both tokens, media A and B`)
  const pins = scope.move()
  return { stations, record, [Symbol.dispose]: () => void pins.disposeAsync() }
}

export interface NewcomerWish extends EnrolmentWish {
  readonly place: Place
  /** Who stays, and who leaves: both are named in the plan of the enrolment. */
  readonly staying: readonly RehearsalStation[]
  readonly leaving: RehearsalStation
}

/** One more station, later: beside those that are there already. */
export async function newcomer(
  { place, staying, leaving, ...wish }: NewcomerWish,
  { record }: Enrolled,
  ports: RehearsalPorts,
): Promise<RehearsalStation & Disposable> {
  await using scope = new AsyncDisposableStack()
  const own = await tokensOf(place, wish, ports.random)
  for (const pin of Object.values(own.pins)) scope.use(pin)
  const { node, x, site, custodian, color } = place
  const stations = [
    ...staying.map(({ card }) => ({ card, part: 'stays' })),
    { card: leaving.card, part: 'leaves' },
    { node, x, site, custodian, color, part: 'joins' },
  ]
  const cast = { name: `enrolment-${node}`, stations, called: [node] }
  const plan = await enrolmentPlan(wish, cast, record, ports)
  const station = await enrolledStation({ ...place, ...own }, plan, ports)
  ports.say(`${node} is enrolled in the place of ${leaving.node}`)
  const pins = scope.move()
  return { ...station, [Symbol.dispose]: () => void pins.disposeAsync() }
}

const recordPlace = { node: 'record', x: 0, color: '' } as const

interface Tokens {
  readonly socket: Socket
  readonly pins: Readonly<Record<string, Secret>>
  /** A token's card each; of the record station the only one. */
  readonly cards: Readonly<Record<string, string>>
  readonly card: string
  readonly directory: string
  readonly module: string
}

async function tokensOf(
  { node, x, color }: Pick<Place, 'node' | 'x' | 'color'>,
  { directory: base, maker }: EnrolmentWish,
  random: Random,
): Promise<Tokens> {
  const directory = join(base, node)
  const socket = new Socket(maker, join(directory, 'tokens'))
  const names = x === 0 ? ['record'] : ['daily', 'spare']
  const pins: Record<string, Secret> = {}
  const cards: Record<string, string> = {}
  let module = ''
  await Promise.all(
    names.map(async (which) => {
      const label = x === 0 ? 'record' : `${color} ${x} ${which}`
      const wish = { maker, directory: socket.directory, which, node, org: house.org, label }
      const { card, pin } = await makeToken(wish, random)
      pins[which] = pin
      const file = join(directory, `${which}.card`)
      cards[which] = file
      module = parseTokenCard(card).module
      writeFileSync(file, card, { mode: 0o444 })
    }),
  )
  socket.plug(names[0])
  return { socket, pins, cards, card: cards['record'] ?? '', directory, module }
}

interface Cast {
  readonly name: string
  readonly stations: readonly JsonObject[]
  readonly called?: readonly string[]
}

async function enrolmentPlan(
  { directory, stations, build }: EnrolmentWish,
  { name, stations: cast, called }: Cast,
  record: Pick<Tokens, 'card'>,
  { programs, wallMs }: RehearsalPorts,
): Promise<string> {
  const home = join(directory, name)
  mkdirSync(home, { recursive: true })
  const { module } = parseTokenCard(new Uint8Array(readFileSync(record.card)))
  const draft = {
    ...draftOf({
      ...{ number: 1, t: threshold(stations), beginsMs: wallMs(), purpose: 'rehearsal enrolment' },
      ...{ stations: cast, recordToken: record.card, build: build([module]) },
    }),
    ...(called === undefined ? {} : { called: [...called] }),
  }
  writeFileSync(join(home, 'draft.json'), text(draft))
  const out = join(home, 'plan.json')
  await programs.ask(custody, [
    ...['ceremony', 'plan', 'enrolment', join(home, 'draft.json'), '--out', out],
  ])
  return out
}

async function enrolledStation(
  { directory, socket, pins, cards, ...place }: Place & Tokens,
  plan: string,
  { programs }: RehearsalPorts,
): Promise<RehearsalStation> {
  const [mediumA, mediumB] = [join(directory, 'medium-a'), join(directory, 'medium-b')]
  const daily = pins['daily']
  if (daily === undefined) throw new Error('every station has a daily token')
  const words = ['enrol', mediumA, mediumB, '--plan', plan, '--node', place.node]
  const tokens = ['--daily', cards['daily'] ?? '', '--spare', cards['spare'] ?? '']
  const slot = ['--module', socket.slot.module]
  const asked = { pin: daily, env: socket.env }
  await programs.ask(custodyCeremony, [...words, ...tokens, ...slot], asked)
  const card = join(mediumA, 'station.json')
  return { ...{ socket, pins, mediumA, mediumB, card }, ...placeOnly(place) }
}

function placeOnly({ node, x, site, custodian, color }: Place): Place {
  return { node, x, site, custodian, color }
}

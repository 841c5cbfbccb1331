// The room of a rehearsal: a program at each station and one at the Record station, on a network
// that does not leave this machine, and people who type what they read off their screens. Between
// the two halves of the outside: takes the Bundle in, leaves the Bundle out.
// INVARIANT: the programs are those that people start, with the tokens of the enrolment; whoever is
// still up at the end is ended. Judges nothing: the import and a verifier do.
import { basename, join } from 'node:path'
import type { Json, JsonObject } from '../../proto/jcs.ts'
import { Unavailable } from '../../proto/unavailable.ts'
import { type CardWay, Carrier } from './rehearsal-carrier.ts'
import type { RehearsalPorts, RehearsalStation } from './rehearsal-enrolment.ts'
import type { Outside, Prepared } from './rehearsal-outside.ts'
import { attendees } from './rehearsal-people.ts'
import { type Person, Player } from './rehearsal-player.ts'
import { custody, custodyCeremony, said } from './rehearsal-programs.ts'
import type { Asked } from './station-acts.ts'

export interface LaidTable {
  /** As a Plan has it. */
  readonly table: Json
  /** Card of the Record station. */
  readonly card: string
  readonly way: TableWay
}

export type TableWay = 'network' | 'cards'

interface TableWish {
  readonly token: string
  readonly port: number
  /** Of the Record station, the first, and of the stations behind it. */
  readonly addressOf?: ((at: number) => string) | undefined
}

/** The Record station's key, and addresses that only this machine has where nobody says others. */
export async function layTable(
  card: string,
  stations: readonly Pick<RehearsalStation, 'node'>[],
  { token, port, addressOf = (at) => `127.0.0.${at + 1}` }: TableWish,
  { programs }: RehearsalPorts,
): Promise<LaidTable> {
  const made = await programs.ask(custodyCeremony, ['table', card, '--token', token])
  const addresses = stations.map(({ node }, at) => ({ node, address: addressOf(at + 1) }))
  const table = {
    ...{ way: 'network', port, hub: addressOf(0), transport: said(made, 'transport') },
    stations: addresses,
  }
  return { table, card, way: 'network' }
}

export function layCards(card: string): LaidTable {
  return { table: { way: 'cards' }, card, way: 'cards' }
}

export interface RoomPorts extends RehearsalPorts {
  readonly logs: string
  /** Words that lead to the machine of a station, or of `record`; none: all sit at this one. */
  readonly machineOf?: (name: string) => readonly string[]
  /** Machines are held to what production holds them to. */
  readonly isStrict?: boolean
}

export async function playRoom(
  outside: Outside,
  prepared: Prepared,
  laid: LaidTable,
  ports: RoomPorts,
): Promise<JsonObject> {
  const { stations } = outside
  const players: Player[] = []
  const ways = laid.way === 'cards' ? stations.map((one) => cardWay(one, laid)) : []
  using carrier = new Carrier(ways)
  try {
    const room = recordPlayer(outside, prepared, laid, ports)
    players.push(room)
    for (const one of stations) players.push(stationPlayer(one, prepared, laid, ports))
    const seats = players.slice(1).map(async (one) => {
      await one.ended
      return await new Promise<never>(() => {})
    })
    // A station that ends before the Record station has failed.
    const answer = await Promise.race([room.ended, ...seats])
    await Promise.race([
      Promise.all(players.map((one) => one.ended)),
      new Promise((resolve) => setTimeout(resolve, graceMs)),
    ])
    if (laid.way === 'cards') ports.say(`${carrier.count} files were carried on cards`)
    return answer
  } finally {
    for (const one of players) one.end()
  }
}

const graceMs = 5_000

/** A fresh card for each station: here at it, and there at the Record station. */
function cardWay({ node, socket }: RehearsalStation, { card }: LaidTable): CardWay {
  return {
    station: join(socket.directory, `../table-${basename(card)}`),
    record: join(card, 'cards', node),
  }
}

/** At the Record station; started again, it goes on where its Record ends. */
export function recordPlayer(
  outside: Outside,
  { bundleIn, bundleOut, directory }: Prepared,
  laid: LaidTable,
  ports: RoomPorts,
): Player {
  const { record } = outside.enrolled
  const words = [
    ...['record', laid.card, '--bundle', bundleIn, '--out', bundleOut],
    ...['--second', join(directory, 'out-second'), '--token', record.card],
    ...(laid.way === 'cards'
      ? ['--cards', join(laid.card, 'cards')]
      : ['--stations', outside.stations.map(({ card }) => card).join(',')]),
    ...['--module', record.socket.slot.module],
    ...strictly(ports),
  ]
  const env = { ...ports.programs.env, ...record.socket.env }
  const machine = ports.machineOf?.('record') ?? []
  return new Player({ ...atRecord(outside, ports), machine }, words, env, ports.logs)
}

/** Of one station, with its daily token in. */
export function stationPlayer(
  one: RehearsalStation,
  { bundleIn, directory }: Prepared,
  laid: LaidTable,
  ports: RoomPorts,
): Player {
  const { programs, logs, machineOf } = ports
  const { node, socket, pins, mediumA, mediumB } = one
  socket.plug('daily')
  let inside = 'daily'
  const person: Person = {
    name: node,
    pin: () => pins[inside] ?? missing(`a PIN of ${inside}`),
    types: (what, _question, screen) => {
      if (what === 'spare-in' || what === 'daily-in') {
        inside = what === 'spare-in' ? 'spare' : 'daily'
        socket.plug(inside)
        return ''
      }
      return typedAt(what, screen)
    },
  }
  const words = [
    ...['run', join(one.socket.directory, '../card'), '--bundle', bundleIn],
    ...['--medium-a', mediumA, '--medium-b', mediumB],
    ...[
      '--table',
      laid.way === 'cards' ? cardWay(one, laid).station : join(laid.card, 'table.pem'),
    ],
    ...['--module', socket.slot.module],
    ...strictly(ports),
  ]
  return new Player(
    { ...person, name: `${node}-${directory.split('-').at(-1)}`, machine: machineOf?.(node) ?? [] },
    words,
    { ...programs.env, ...socket.env },
    logs,
  )
}

/** Whoever leads the sitting, and the people without a station, each with the own program. */
function atRecord({ online, enrolled }: Outside, { programs }: RehearsalPorts): Person {
  const [witness] = named('witness')
  const confirmed = [witness, ...named('second')].join(', ')
  return {
    name: 'record',
    pin: () => enrolled.record.pins['record'] ?? missing('a PIN of the record token'),
    types: async (what, question) => {
      if (what === 'present') return 'yes'
      if (what === 'confirmed') return confirmed
      if (what === 'agree') return 'agree'
      if (what === 'item') return 'B-1, B-2'
      if (what === 'drawn') return 'site site-1'
      // Old Seals are there at a drill that follows a reshare.
      if (what === 'go' && question.startsWith('D-13')) return 'yes'
      if (what !== 'line') return 'no'
      const [, person = '', file = ''] = /^\S+\/(\S+) signs (\S+) by/.exec(question) ?? []
      const asked = ['ceremony', 'speak', file, '--as', online.at('people', person)]
      const spoken = await programs.ask(custody, asked)
      return `${said(spoken, 'credential')} ${said(spoken, 'signature')}`
    },
  }
}

function named(role: string): readonly string[] {
  const those = attendees[role]
  return Array.isArray(those) ? those.map(String) : []
}

/** Read off the screen, as a person at a station does. */
function typedAt(what: Asked | 'line', screen: string): string {
  const last = (form: RegExp): string => [...screen.matchAll(form)].at(-1)?.[1] ?? ''
  switch (what) {
    case 'tail':
      return last(/^TO\s+(\S+)$/gm).slice(-6)
    case 'amount':
      return last(/^TRANSFER\s+(\S+)/gm)
    case 'confirmed':
      return 'custodian-1, custodian-2'
    case 'item':
      return 'T-1, M-1'
    case 'vault':
      return last(/VAULT (\S+)/g)
    case 'word':
      return last(/words of the request\n\s+(\S+)/g)
    case 'agree':
      return 'agree'
    default:
      return ''
  }
}

function strictly({ isStrict = false }: RoomPorts): readonly string[] {
  return isStrict ? ['--strict'] : []
}

function missing(what: string): never {
  throw new Unavailable(`a rehearsal without ${what}`)
}

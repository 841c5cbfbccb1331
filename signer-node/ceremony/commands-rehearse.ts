// custody-ceremony rehearse: a whole sitting on one machine, from nothing to what a stranger
// verifies, with play money: real programs, tokens, processes; people are played.
// INVARIANT: of a development organisation only; everything that was started is ended, and the
// directory stays. A sign begins with a genesis: there is no key before.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Scenario } from '../../policy/ceremony/plan.ts'
import { type Command, CommandUsage, type CommandWorld } from '../command.ts'
import { readWords, text, type Words, yes } from '../commands-words.ts'
import type { RehearsalPorts } from './rehearsal-enrolment.ts'
import { freePort } from './rehearsal-online.ts'
import { Outside, type Prepared } from './rehearsal-outside.ts'
import type { RehearsalKind } from './rehearsal-people.ts'
import { Programs } from './rehearsal-programs.ts'
import { layCards, layTable, playRoom } from './rehearsal-room.ts'

const more = '[--tokens SoftHSM|software] [--replace]'
const kindsUsage = 'genesis|sign|drill|reshare'

export const rehearseCommands: readonly Command[] = [
  {
    verb: 'rehearse',
    about: 'play a whole sitting on this machine, with play money, and keep what it leaves',
    usage: [`${kindsUsage} DIR [--stations 5] [--table network|cards]`, `  ${more}`],
    run: (words, world) => {
      const options = { stations: text, table: text, tokens: text, replace: yes }
      return rehearse(readWords(words, { places: [kindsUsage, 'DIR'], options }), world)
    },
  },
]

const kinds: Readonly<Record<string, readonly RehearsalKind[]>> = {
  genesis: ['genesis'],
  sign: ['genesis', 'sign'],
  drill: ['genesis', 'drill'],
  // The old Seals go at the drill after it, where the new quorum proves the key.
  reshare: ['genesis', 'reshare', 'drill'],
}

async function rehearse(flags: Words, world: CommandWorld): Promise<object> {
  const kind = flags.place()
  const sittings = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined
  if (sittings === undefined) throw new CommandUsage(`${kind}: expected ${kindsUsage}`)
  const directory = flags.place(1)
  const stations = Number(flags.flag('stations') ?? '5')
  if (![3, 5, 7].includes(stations)) throw new CommandUsage('--stations: expected 3, 5 or 7')
  const maker = flags.flag('tokens')
  if (maker !== undefined && maker !== 'SoftHSM' && maker !== 'software') {
    throw new CommandUsage('--tokens: expected SoftHSM or software')
  }
  const way = flags.flag('table') ?? 'network'
  if (way !== 'network' && way !== 'cards') {
    throw new CommandUsage('--table: expected network or cards')
  }
  const isReplaced = flags.is('replace')
  if (isReplaced && !sittings.includes('reshare')) {
    throw new CommandUsage('--replace: expected a reshare')
  }
  const begun = performance.now()
  const since = (): number => Math.round(performance.now() - begun) / 1_000
  const say = (line: string): void => console.error(`${since().toFixed(1).padStart(6)} s  ${line}`)
  const logs = join(directory, 'logs')
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  await using programs = new Programs(logs)
  const ports = { programs, random: world.random, wallMs: world.wallMs, say, logs }
  const wish = { directory: join(directory, 'house'), stations }
  using outside = await Outside.open(maker === undefined ? wish : { ...wish, maker }, ports)
  const played: object[] = []
  // The drill of a new epoch is only the sitting of its control proof: it has no scenario.
  const bowl: readonly Scenario[] = sittings.includes('reshare') ? [] : ['site', 'coordinator']
  for (const kind of sittings) {
    if (kind === 'reshare' && isReplaced) await outside.replace()
    const card = join(directory, 'record', kind)
    mkdirSync(card, { recursive: true, mode: 0o700 })
    const laid = way === 'cards' ? layCards(card) : await laidTable(card, outside, ports)
    const prepared: Prepared = await outside.before(kind, laid.table, kind === 'drill' ? bowl : [])
    const inRoom = performance.now()
    const room = await playRoom(outside, prepared, laid, ports)
    const roomS = Math.round(performance.now() - inRoom) / 1_000
    say(`${kind}: the room took ${roomS} s: ${JSON.stringify(room)}`)
    const { verdict, txid, lines } = await outside.after(prepared)
    played.push({ kind, roomS, verdict, txid, lines, out: prepared.bundleOut })
  }
  return { stations, seconds: since(), sittings: played }
}

async function laidTable(card: string, { stations, enrolled }: Outside, ports: RehearsalPorts) {
  const port = await freePort(ports.random)
  return await layTable(card, stations, { token: enrolled.record.card, port }, ports)
}

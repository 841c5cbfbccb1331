// custody-ceremony rehearse: a whole sitting on one machine, from nothing to what a stranger
// verifies, with play money: real programs, tokens, processes; people are played.
// INVARIANT: of a development organisation only; everything that was started is ended, and the
// directory stays, also one that nobody named. A sign begins with a genesis: no key is before it.
import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Scenario } from '../../policy/ceremony/plan.ts'
import { type Command, CommandUsage, type CommandWorld } from '../command.ts'
import { readWords, text, type Words, yes } from '../commands-words.ts'
import { Outside } from './rehearsal-outside.ts'
import type { RehearsalKind } from './rehearsal-people.ts'
import { Programs } from './rehearsal-programs.ts'
import { type PlayedSitting, playSitting, secondsSince } from './rehearsal-sitting.ts'

const more = '[--tokens SoftHSM|software] [--replace]'
const kindsUsage = 'genesis|sign|drill|reshare|all'

export const rehearseCommands: readonly Command[] = [
  {
    verb: 'rehearse',
    about: 'play a whole sitting on this machine, with play money, and keep what it leaves',
    usage: [`${kindsUsage} [DIR] [--stations 5] [--table network|cards]`, `  ${more}`],
    run: (words, world) => {
      const options = { stations: text, table: text, tokens: text, replace: yes }
      const shape = { places: [kindsUsage], placesMore: ['DIR'], options }
      return rehearse(readWords(words, shape), world)
    },
  },
]

const kinds: Readonly<Record<string, readonly RehearsalKind[]>> = {
  genesis: ['genesis'],
  sign: ['genesis', 'sign'],
  drill: ['genesis', 'drill'],
  // The old Seals go at the drill after it, where the new quorum proves the key.
  reshare: ['genesis', 'reshare', 'drill'],
  all: ['genesis', 'sign', 'drill', 'reshare', 'drill'],
}

const bowl: readonly Scenario[] = ['site', 'coordinator']

async function rehearse(flags: Words, world: CommandWorld): Promise<object> {
  const kind = flags.place()
  const sittings = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined
  if (sittings === undefined) throw new CommandUsage(`${kind}: expected ${kindsUsage}`)
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
  const say = (line: string): void => {
    console.error(`${secondsSince(begun).toFixed(1).padStart(6)} s  ${line}`)
  }
  const directory = flags.placeIf(1) ?? mkdtempSync(join(tmpdir(), 'custody-rehearsal-'))
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  say(`what is made stays in ${directory}`)
  const logs = join(directory, 'logs')
  await using programs = new Programs(logs)
  const ports = { programs, random: world.random, wallMs: world.wallMs, say, logs }
  const wish = { directory: join(directory, 'house'), stations }
  using outside = await Outside.open(maker === undefined ? wish : { ...wish, maker }, ports)
  const played: PlayedSitting[] = []
  for (const [at, kind] of sittings.entries()) {
    if (kind === 'reshare' && isReplaced) await outside.replace()
    // The drill of a new epoch is only the sitting of its control proof: it has no scenario.
    const isOfNew = sittings.slice(0, at).includes('reshare')
    const scenarios = kind === 'drill' && !isOfNew ? bowl : []
    const name = sittings.indexOf(kind) === at ? kind : `${kind}-again`
    const wish = { kind, card: join(directory, 'record', name), way, scenarios } as const
    played.push(await playSitting(outside, wish, ports))
  }
  say(`over; what was made is in ${directory}`)
  return { stations, seconds: secondsSince(begun), directory, sittings: played }
}

// custody-ceremony enrol, hsm test-seal, hsm floor, hsm retire: a Station's keys and its two
// Tokens, at the enrolment sitting and whenever a Token is worn out. The Token that is present
// opens and tests whatever is written. INVARIANT: nothing here answers with a secret; media hold
// everything or nothing.
import { readFileSync, rmSync } from 'node:fs'
import { parsePlan, stationOf } from '../../policy/ceremony/plan.ts'
import { parseStationCard } from '../../policy/ceremony/station-card.ts'
import { parseNodeId } from '../../proto/ids.ts'
import { refuse } from '../../proto/refusal.ts'
import { wordLines } from '../../proto/words.ts'
import type { Command, CommandWorld } from '../command.ts'
import { readWords, text, type Words } from '../commands-words.ts'
import { makeStation, writeMedium } from './enrolment.ts'
import { labelText } from './label.ts'
import { openMedium, sharesOn } from './medium.ts'
import { askedPin, pinFlags, pinUsage, slotFlags, slotOf, slotUsage } from './pin-words.ts'
import { replaceToken } from './replace-token.ts'
import { openStationToken, type StationToken, testShares } from './tokens.ts'

export const stationCommands: readonly Command[] = [
  {
    verb: 'enrol',
    about: "make a station's own keys, sealed to both tokens, on medium A and medium B",
    usage: [
      'MEDIUM-A MEDIUM-B --plan PLAN --node NODE --daily CARD --spare CARD',
      `  ${slotUsage}`,
      pinUsage,
    ],
    run: (words, world) => {
      const options = { plan: text, node: text, daily: text, spare: text }
      const shape = {
        places: ['MEDIUM-A', 'MEDIUM-B'],
        options: { ...slotFlags, ...pinFlags, ...options },
        needed: ['module', ...Object.keys(options)],
      }
      return enrol(readWords(words, shape), world)
    },
  },
  {
    verb: 'hsm test-seal',
    about: 'open every Seal of a medium by the token that is here; changes nothing',
    usage: [`MEDIUM ${slotUsage}`, pinUsage],
    run: (words, world) => testSeal(readWords(words, onMedium), world),
  },
  {
    verb: 'hsm floor',
    about: 'what the token that is here remembers of each vault',
    usage: [`MEDIUM ${slotUsage}`, pinUsage],
    run: (words, world) => floor(readWords(words, onMedium), world),
  },
  {
    verb: 'hsm retire',
    about: 'take a token out of every Seal of both media, and a new one in, by the other one',
    usage: [`daily|spare MEDIUM-A MEDIUM-B --card CARD ${slotUsage}`, pinUsage],
    run: (words, world) => {
      const places = ['daily|spare', 'MEDIUM-A', 'MEDIUM-B']
      const options = { ...slotFlags, ...pinFlags, card: text }
      return retire(readWords(words, { places, options, needed: ['module', 'card'] }), world)
    },
  },
]

const onMedium = {
  places: ['MEDIUM'],
  options: { ...slotFlags, ...pinFlags },
  needed: ['module'],
}

async function enrol(flags: Words, world: CommandWorld): Promise<object> {
  const { plan } = parsePlan(readFileSync(flags.text('plan')))
  const node = parseNodeId(flags.text('node'))
  const station = stationOf(plan, node)
  if (station === undefined) return refuse('PLAN', `the plan has no station ${node}`)
  const [daily, spare] = [readFileSync(flags.text('daily')), readFileSync(flags.text('spare'))]
  const wish = { plan, station, daily: new Uint8Array(daily), spare: new Uint8Array(spare) }
  const { random } = world
  const made = makeStation(wish, { random, nowMs: world.wallMs() })
  const card = parseStationCard(made.card)
  const [a, b] = [flags.place(0), flags.place(1)]
  // The count of wrong PINs is for a medium that there is not yet: the token counts too.
  using asked = askedPin(flags, world, `${a}.enrolling`)
  try {
    const ports = { random, pin: asked.ports }
    await using token = await openStationToken(slotOf(flags), card, 'any', ports)
    const first = await writeMedium(a, made, 'a', (medium) => opens(token, medium, random))
    try {
      await writeMedium(b, made, 'b', (medium) => opens(token, medium, random))
    } catch (error) {
      rmSync(first.directory, { recursive: true })
      throw error
    }
    return {
      station: labelText(station),
      node,
      testedBy: token.which,
      card: `${a}/station.json`,
      digest: card.digest,
      words: wordLines(card.digest, 8),
      exceptions: asked.exceptions,
    }
  } finally {
    rmSync(`${a}.enrolling`, { recursive: true, force: true })
  }
}

async function opens(
  token: StationToken,
  medium: Parameters<StationToken['open']>[0],
  random: CommandWorld['random'],
): Promise<void> {
  const opened = await token.open(medium, random)
  opened[Symbol.dispose]()
}

async function testSeal(flags: Words, world: CommandWorld): Promise<object> {
  const medium = openMedium(flags.place())
  using asked = askedPin(flags, world, medium.directory)
  const ports = { random: world.random, pin: asked.ports }
  await using token = await openStationToken(slotOf(flags), medium.station, 'any', ports)
  await opens(token, medium, world.random)
  const proved = await testShares(token, world.curve('native'), sharesOn(medium.directory))
  const shares = proved.map(({ vault, epoch, seal }) => ({ share: `${vault}.${epoch}`, seal }))
  return {
    ...{ station: labelText(medium.label), medium: medium.label.medium, openedBy: token.which },
    ...{ serial: token.card.serial, keys: 4, shares, exceptions: asked.exceptions },
  }
}

async function floor(flags: Words, world: CommandWorld): Promise<object> {
  const medium = openMedium(flags.place())
  using asked = askedPin(flags, world, medium.directory)
  const ports = { random: world.random, pin: asked.ports }
  await using token = await openStationToken(slotOf(flags), medium.station, 'any', ports)
  const floors = await token.hsm.floors()
  return { token: token.which, serial: token.card.serial, floors, exceptions: asked.exceptions }
}

async function retire(flags: Words, world: CommandWorld): Promise<object> {
  const out = flags.place(0)
  if (out !== 'daily' && out !== 'spare') return refuse('CONFIG', 'expected daily or spare')
  const [a, b] = [openMedium(flags.place(1)), openMedium(flags.place(2))]
  const added = new Uint8Array(readFileSync(flags.text('card')))
  using asked = askedPin(flags, world, a.directory)
  const ports = { random: world.random, pin: asked.ports }
  const stays = out === 'daily' ? 'spare' : 'daily'
  await using token = await openStationToken(slotOf(flags), a.station, stays, ports)
  const { retired, sealed, card } = await replaceToken({ a, b }, token, added, world.random)
  const { digest } = parseStationCard(card)
  return {
    ...{ station: labelText(a.label), retired, sealed, testedBy: token.which, digest },
    ...{ words: wordLines(digest, 8), exceptions: asked.exceptions },
  }
}

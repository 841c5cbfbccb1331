// custody-ceremony open, table, run, record, close, status, note, stop: a sitting as people start
// it, one program at each station and one at the Record station. Each works on its card, and goes
// on where its Record ends when it is started again.
// INVARIANT: in production people answer at a terminal, and a machine that is not ready does not
// run; no verb leaves out a step. Whoever says `stop` stops it for all.
import { existsSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { readBundle } from '../../policy/ceremony/bundle.ts'
import { type BundleIn, readBundleIn } from '../../policy/ceremony/bundle-in.ts'
import type { PlannedStation, ReadPlan } from '../../policy/ceremony/plan.ts'
import { seatsOf } from '../../policy/ceremony/record-seats.ts'
import { readBundleFiles } from '../../proto/io/bundle-files.ts'
import { refuse } from '../../proto/refusal.ts'
import { parseTokenCard } from '../../proto/token-card.ts'
import { wordLines } from '../../proto/words.ts'
import type { Command, CommandWorld } from '../command.ts'
import { readWords, text, type Words, yes } from '../commands-words.ts'
import { made } from '../places.ts'
import type { Event } from '../ports.ts'
import { closeRoom } from './close-room.ts'
import { slotFlags, slotOf, slotUsage } from './pin-words.ts'
import { requireReady } from './readiness.ts'
import { RecordCopy } from './record-copy.ts'
import { atTerminal, playedBy, type RoomTerminal } from './room-terminal.ts'
import { followAsides, type LyingAside, sayAside } from './said-aside.ts'
import { seatHub } from './seated-hub.ts'
import { recordPath, seatStation } from './seated-station.ts'
import { Spoken } from './spoken.ts'
import { aloneText } from './station-end.ts'
import { layTableKey } from './table-key.ts'

const asideMs = 200
const clearingMs = 10_000
/** Exit of a station that ended without the last line of the Record. */
const alone = 4

export const roomCommands: readonly Command[] = [
  {
    verb: 'open',
    about: 'read a Bundle in: what is planned, and its words',
    usage: ['BUNDLE'],
    run: async (words) => open(readWords(words, { places: ['BUNDLE'], options: {} })),
  },
  {
    verb: 'table',
    about: "make the Record station's key for a table with a network, before the plan names it",
    usage: ['CARD --token CARD'],
    run: async (words, world) => {
      const shape = { places: ['CARD'], options: { token: text }, needed: ['token'] }
      return layTable(readWords(words, shape), world)
    },
  },
  {
    verb: 'run',
    about: 'sit at the table as a station, until the Record is closed',
    usage: [
      'CARD --bundle BUNDLE --medium-a DIR --medium-b DIR --table PEM|DIR',
      `  ${slotUsage} [--strict] [--played]`,
    ],
    run: (words, world) => {
      const options = { bundle: text, 'medium-a': text, 'medium-b': text, table: text }
      const needed = [...Object.keys(options), 'module']
      const more = { ...options, ...slotFlags, strict: yes, played: yes }
      return run(readWords(words, { places: ['CARD'], options: more, needed }), world)
    },
  },
  {
    verb: 'record',
    about: 'lead the sitting at the Record station, and write what is carried out',
    usage: [
      'CARD --bundle BUNDLE --out DIR [--second DIR] --stations CARD,..|--cards DIR --token CARD',
      `  ${slotUsage} [--strict] [--played]`,
    ],
    run: (words, world) => {
      const options = { bundle: text, out: text, token: text }
      const needed = [...Object.keys(options), 'module']
      const other = { stations: text, cards: text, second: text }
      const more = { ...options, ...slotFlags, ...other, strict: yes, played: yes }
      return record(readWords(words, { places: ['CARD'], options: more, needed }), world)
    },
  },
  {
    verb: 'close',
    about: 'write what is carried out once more, of a Record that is closed',
    usage: ['CARD --bundle BUNDLE --out DIR [--second DIR]'],
    run: async (words) => {
      const options = { bundle: text, out: text, second: text }
      return close(readWords(words, { places: ['CARD'], options, needed: ['bundle', 'out'] }))
    },
  },
  {
    verb: 'status',
    about: 'how far the Record on a card goes',
    usage: ['CARD --bundle BUNDLE'],
    run: async (words) => {
      const shape = { places: ['CARD'], options: { bundle: text }, needed: ['bundle'] }
      return status(readWords(words, shape))
    },
  },
  {
    verb: 'note',
    about: 'write into the Record that something was not as expected',
    usage: ['CARD --expected TEXT --happened TEXT --decided TEXT'],
    run: async (words, world) => {
      const options = { expected: text, happened: text, decided: text }
      const flags = readWords(words, { places: ['CARD'], options, needed: Object.keys(options) })
      const [expected, happened] = [flags.text('expected'), flags.text('happened')]
      const said = { kind: 'note', expected, happened, decided: flags.text('decided') } as const
      sayAside(flags.place(), `${world.wallMs()}`, said)
      return { noted: happened }
    },
  },
  {
    verb: 'stop',
    about: 'stop the sitting for all; its closing is played all the same',
    usage: ['CARD REASON'],
    run: async (words, world) => {
      const flags = readWords(words, { places: ['CARD', 'REASON'], options: {} })
      const happened = flags.place(1)
      const said = { kind: 'stop', expected: '', happened, decided: '' } as const
      sayAside(flags.place(), `${world.wallMs()}`, said)
      return { stopped: happened }
    },
  },
]

function bundleAt(directory: string) {
  const { digest, ...rest } = readBundle(readBundleFiles(directory), 'in')
  return { digest, bundle: readBundleIn({ digest, ...rest }) }
}

function open(flags: Words): object {
  const { digest, bundle } = bundleAt(flags.place())
  const { plan, digest: named } = bundle.plan
  const { kind, purpose, number, called, vaults } = plan
  return {
    ...{ kind, number, purpose, vaults: [...vaults], called: [...called], plan: named },
    ...{ bundle: digest, words: wordLines(digest, 16) },
  }
}

function layTable(flags: Words, { random, wallMs }: CommandWorld): object {
  const token = parseTokenCard(new Uint8Array(readFileSync(flags.text('token'))))
  return { ...layTableKey(flags.place(), token, { random, nowMs: wallMs() }) }
}

async function run(flags: Words, world: CommandWorld): Promise<object> {
  const { bundle } = bundleAt(flags.text('bundle'))
  const terminal = terminalOf(flags, world, bundle.plan)
  const [card, isStrict] = [flags.place(), flags.is('strict')]
  const media = { a: flags.text('medium-a'), b: flags.text('medium-b') }
  const places = { card, bundle: flags.text('bundle'), media, table: flags.text('table') }
  const ready = (read: BundleIn, { node }: PlannedStation) => {
    const { plan } = read.plan
    const stations = plan.table.way === 'network' ? plan.table.stations : []
    const address = stations.find((one) => one.node === node)?.address
    const cards = [card, media.a, media.b]
    return requireReady(plan, { address, cards, slot: slotOf(flags), isStrict }, world)
  }
  const ports = { ...portsOf(world, terminal), curve: world.curve('native'), ready }
  try {
    await using seated = await seatStation({ ...places, slot: slotOf(flags) }, ports)
    const { performer, node } = seated
    using _ = asides(card, terminal, (said) => {
      const { kind, name, expected, happened, decided, forget } = said
      // It stays on the card until it is a line of the Record, which this Station then has.
      if (kind === 'note') performer.note(name, { expected, happened, decided }, forget)
      else {
        performer.stop(happened)
        forget()
      }
      return true
    })
    await seated.over
    const { state } = seated.record
    const { size, exceptions } = state
    const answer = { node, lines: size, exceptions, stopped: performer.isStopped }
    if (!performer.isAlone) return answer
    return new Spoken(aloneText(state), { ...answer, alone: true }, alone)
  } finally {
    terminal.close()
  }
}

async function record(flags: Words, world: CommandWorld): Promise<object> {
  const { bundle } = bundleAt(flags.text('bundle'))
  const terminal = terminalOf(flags, world, bundle.plan)
  const card = flags.place()
  const carried = flags.flag('cards')
  const places = {
    ...{ card, bundle: flags.text('bundle'), token: flags.text('token'), slot: slotOf(flags) },
    out: outOf(flags),
    stations: flags.flag('stations')?.split(',') ?? [],
    ...(carried === undefined ? {} : { cards: carried }),
  }
  const { plan } = bundle.plan
  const isStrict = flags.is('strict')
  const address = plan.table.way === 'network' ? plan.table.hub : undefined
  const cards = [
    made(card),
    ...places.out.map(dirname),
    ...(carried === undefined ? [] : [carried]),
  ]
  try {
    await requireReady(plan, { address, cards, slot: places.slot, isStrict }, world)
    await using seated = await seatHub(places, portsOf(world, terminal))
    const { conductor } = seated
    let isStopped = false
    using _ = asides(card, terminal, (said) => {
      const { kind, expected, happened, decided, forget } = said
      if (kind === 'note') {
        conductor.note({ expected, happened, decided, written: forget })
        return true
      }
      isStopped = true
      conductor.stop(happened)
      forget()
      return true
    })
    // Each greets first: what is asked before that would be asked of it again.
    while (!seated.isFull() && !isStopped) await pause(asideMs)
    await pause(asideMs)
    const { outcome, lines, exceptions } = await conductor.run()
    // Each ends when it hears that all is over: so it was heard, also by one that was cut off.
    for (let ms = 0; !seated.isCleared() && ms < clearingMs; ms += asideMs) await pause(asideMs)
    return { outcome, lines, exceptions, out: places.out }
  } finally {
    terminal.close()
  }
}

function close(flags: Words): object {
  const [card, out] = [flags.place(), outOf(flags)]
  if (!existsSync(card)) refuse('CONFIG', `${card}: expected the card of a Record station`)
  return { ...closeRoom({ card, bundle: flags.text('bundle'), out }), out }
}

function outOf(flags: Words): readonly string[] {
  const second = flags.flag('second')
  return [flags.text('out'), ...(second === undefined ? [] : [second])]
}

function status(flags: Words): object {
  const { bundle, digest } = bundleAt(flags.text('bundle'))
  const { plan } = bundle
  const { state, lines } = new RecordCopy(
    recordPath(flags.place(), plan.digest),
    seatsOf(plan, digest),
  )
  const { size, exceptions, closed } = state
  return { lines: size, exceptions, closed: closed !== undefined, step: lines.at(-1)?.step ?? '' }
}

function terminalOf(flags: Words, world: CommandWorld, { plan }: ReadPlan): RoomTerminal {
  if (!flags.is('played')) return atTerminal(world.terminal())
  return playedBy(process.stdin, process.stdout, plan.rehearsal ? plan.env : 'prod')
}

function portsOf({ random, wallMs }: CommandWorld, terminal: RoomTerminal) {
  const clock = { wallMs, monotonicMs: () => performance.now() }
  const report = ({ level, name, because, reason }: Event): void => {
    if (level !== 'info') terminal.say(`${level} ${name}: ${because ?? reason ?? ''}`)
  }
  return { terminal, random, clock, report }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function asides(
  card: string,
  { say }: RoomTerminal,
  take: (said: LyingAside) => boolean,
): Disposable {
  const refused = (name: string, because: string): void => say(`aside/${name}: ${because}`)
  return followAsides(card, { everyMs: asideMs, refused }, take)
}

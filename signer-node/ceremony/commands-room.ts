// custody-ceremony open, table, run, record, status, note, stop: a sitting as people start it, one
// program at each station and one at the Record station. Each works on its card, and goes on where
// its Record ends when it is started again.
// INVARIANT: in production people answer at a terminal, and a machine that is not ready does not
// run; no verb leaves out a step. Whoever says `stop` stops it for all.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readBundle } from '../../policy/ceremony/bundle.ts'
import { type BundleIn, readBundleIn } from '../../policy/ceremony/bundle-in.ts'
import type { PlannedStation, ReadPlan } from '../../policy/ceremony/plan.ts'
import { seatsOf } from '../../policy/ceremony/record-seats.ts'
import { readBundleFiles } from '../../proto/io/bundle-files.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { refuse } from '../../proto/refusal.ts'
import { wordLines } from '../../proto/words.ts'
import type { Command, CommandWorld } from '../command.ts'
import { readWords, text, type Words, yes } from '../commands-words.ts'
import { Secret } from '../dkls23/secret.ts'
import { made } from '../places.ts'
import type { Event } from '../ports.ts'
import { buildFiles } from './build-files.ts'
import { isReady, machineChecks } from './doctor.ts'
import { stationFacts } from './doctor-facts.ts'
import { slotFlags, slotOf, slotUsage } from './pin-words.ts'
import { RecordCopy } from './record-copy.ts'
import { atTerminal, playedBy, type RoomTerminal } from './room-terminal.ts'
import { sayAside, takeAsides } from './said-aside.ts'
import { seatHub, tableFiles } from './seated-hub.ts'
import { recordPath, seatStation } from './seated-station.ts'
import { keyPem, selfSigned, transportKey } from './self-signed.ts'
import { tableName } from './table.ts'

const project = join(import.meta.dirname, '../..')
const asideMs = 200

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
    usage: ['CARD --org ORG'],
    run: async (words, world) => {
      const shape = { places: ['CARD'], options: { org: text }, needed: ['org'] }
      return layTable(readWords(words, shape), world)
    },
  },
  {
    verb: 'run',
    about: 'sit at the table as a station, until the Record is closed',
    usage: [
      'CARD --bundle BUNDLE --medium-a DIR --medium-b DIR --table PEM|DIR',
      `  ${slotUsage} [--played]`,
    ],
    run: (words, world) => {
      const options = { bundle: text, 'medium-a': text, 'medium-b': text, table: text }
      const needed = [...Object.keys(options), 'module']
      const more = { ...options, ...slotFlags, played: yes }
      return run(readWords(words, { places: ['CARD'], options: more, needed }), world)
    },
  },
  {
    verb: 'record',
    about: 'lead the sitting at the Record station, and write what is carried out',
    usage: [
      'CARD --bundle BUNDLE --out DIR [--second DIR] --stations CARD,..|--cards DIR --token CARD',
      `  ${slotUsage} [--played]`,
    ],
    run: (words, world) => {
      const options = { bundle: text, out: text, token: text }
      const needed = [...Object.keys(options), 'module']
      const other = { stations: text, cards: text, second: text }
      const more = { ...options, ...slotFlags, ...other, played: yes }
      return record(readWords(words, { places: ['CARD'], options: more, needed }), world)
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
  using drawn = new Secret(random(32))
  using key = transportKey(drawn.bytes)
  const wish = { org: flags.text('org'), node: tableName, nowMs: wallMs() }
  const { certificate, pin } = selfSigned(key, random, { ...wish, role: 'coordinator' })
  using pem = keyPem(key)
  const card = made(flags.place())
  writeFileSync(join(card, tableFiles.key), pem.bytes, { mode: 0o600, flag: 'wx' })
  writeFileSync(join(card, tableFiles.certificate), certificate, { mode: 0o444, flag: 'wx' })
  return { transport: pin, certificate: join(card, tableFiles.certificate) }
}

async function run(flags: Words, world: CommandWorld): Promise<object> {
  const { bundle } = bundleAt(flags.text('bundle'))
  const terminal = terminalOf(flags, world, bundle.plan)
  const card = flags.place()
  const media = { a: flags.text('medium-a'), b: flags.text('medium-b') }
  const places = { card, bundle: flags.text('bundle'), media, table: flags.text('table') }
  const ready = (read: BundleIn, station: PlannedStation) => readiness(read, station, card)
  const ports = { ...portsOf(world, terminal), curve: world.curve('native'), ready }
  try {
    await using seated = await seatStation({ ...places, slot: slotOf(flags) }, ports)
    const { performer, node } = seated
    using _ = asides(card, (said) => {
      if (said.kind === 'stop') performer.stop(said.happened)
      else performer.note(said.expected, said.happened, said.decided)
    })
    await seated.over
    const { size, exceptions } = seated.record.state
    return { node, lines: size, exceptions, stopped: performer.isStopped }
  } finally {
    terminal.close()
  }
}

async function record(flags: Words, world: CommandWorld): Promise<object> {
  const { bundle } = bundleAt(flags.text('bundle'))
  const terminal = terminalOf(flags, world, bundle.plan)
  const card = flags.place()
  const [second, cards] = [flags.flag('second'), flags.flag('cards')]
  const places = {
    ...{ card, bundle: flags.text('bundle'), token: flags.text('token'), slot: slotOf(flags) },
    out: [flags.text('out'), ...(second === undefined ? [] : [second])],
    stations: flags.flag('stations')?.split(',') ?? [],
    ...(cards === undefined ? {} : { cards }),
  }
  try {
    await using seated = await seatHub(places, portsOf(world, terminal))
    const { conductor } = seated
    let isStopped = false
    using _ = asides(card, (said) => {
      if (said.kind !== 'stop') return
      isStopped = true
      conductor.stop(said.happened)
    })
    // Each greets first: what is asked before that would be asked of it again.
    while (!seated.isFull() && !isStopped) await pause(asideMs)
    await pause(asideMs)
    const { outcome, lines, exceptions } = await conductor.run()
    return { outcome, lines, exceptions, out: places.out }
  } finally {
    terminal.close()
  }
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

/** as a line of the Record says them. */
function readiness({ plan }: BundleIn, { node }: PlannedStation, card: string): JsonObject {
  const { table, build, env } = plan.plan
  const { digest } = buildFiles(project, process.execPath)
  const stations = table.way === 'network' ? table.stations : []
  const address = stations.find((one) => one.node === node)?.address
  const facts = stationFacts(digest)
  const checks = machineChecks(facts, { table: address, cards: [card], build })
  if (!isReady(checks, env === 'prod')) {
    const faults = checks
      .filter(({ fault }) => fault !== '')
      .map(({ id, fault }) => `${id} ${fault}`)
    refuse('CEREMONY', `this machine is not ready: ${faults.join('; ')}`)
  }
  const interfaces = facts.interfaces.filter(({ isUp }) => isUp).map(({ name }) => name)
  return { build: digest, checks: checks.length, clock: 0, interfaces }
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

function asides(card: string, take: (said: ReturnType<typeof takeAsides>[number]) => void) {
  const looking = setInterval(() => {
    for (const said of takeAsides(card)) take(said)
  }, asideMs)
  return { [Symbol.dispose]: () => clearInterval(looking) }
}

// The Record station as its program runs it: the log of the Bundle, the Hub, the network of the
// table, the Record and its token, and the people who have no station.
// INVARIANT: whom the table lets in is pinned by the root; a PIN is for the plan's token alone.
// Source: the ceremony's design, 4.6 to 4.9.
import { join } from 'node:path'
import type { Table } from '../../policy/ceremony/plan.ts'
import { seatsOf } from '../../policy/ceremony/record-seats.ts'
import { parseStationCard } from '../../policy/ceremony/station-card.ts'
import { equalBytes } from '../../proto/crypto.ts'
import { parseHandle } from '../../proto/ids.ts'
import { readBundleFiles } from '../../proto/io/bundle-files.ts'
import { refuse } from '../../proto/refusal.ts'
import { parseTokenCard } from '../../proto/token-card.ts'
import { Hsm } from '../hsm/hsm.ts'
import { onCard, readOwnFile } from '../own-file.ts'
import { PinTries } from '../pin-tries.ts'
import { made } from '../places.ts'
import type { Clock, Event, Random } from '../ports.ts'
import { tablePatience } from '../sitting.ts'
import { CardLock } from './card-lock.ts'
import { Conductor } from './conductor.ts'
import { Hub } from './hub.ts'
import { byPin, type PinException } from './pin-step.ts'
import { RecordCopy } from './record-copy.ts'
import { RoomLog } from './room-log.ts'
import { RoomResults, resultsPath } from './room-results.ts'
import type { RoomTerminal } from './room-terminal.ts'
import { sayAside } from './said-aside.ts'
import { recordPath } from './seated-station.ts'
import { speak, writeOut } from './seated-writes.ts'
import { framesOf } from './station-log.ts'
import type { HubTable } from './table.ts'
import { cardQuietMs, cardSlots, hubOnCards } from './table-cards.ts'
import { openTableKey, pemAt, tableFiles } from './table-key.ts'
import { hubOnNetwork } from './table-network.ts'
import type { Slot } from './tokens.ts'

export interface HubPlaces {
  readonly card: string
  readonly bundle: string
  /** Directories that are not there yet: on one medium each. */
  readonly out: readonly string[]
  /** Of the stations: their certificates are in them. Of a table with a network only. */
  readonly stations: readonly string[]
  /** Of a table by cards only: the directory that has one for the card of each station. */
  readonly cards?: string
  /** Card of the token of the Record station. */
  readonly token: string
  readonly slot: Slot
}

export interface HubPorts {
  readonly terminal: RoomTerminal
  readonly random: Random
  readonly clock: Clock
  readonly report: (event: Event) => void
}

export interface SeatedHub extends AsyncDisposable {
  readonly conductor: Conductor
  /** Whether everybody sits whom the Plan calls. */
  readonly isFull: () => boolean
  /** Whether all have left that can: by cards nobody is seen to leave. */
  readonly isCleared: () => boolean
}

const tickMs = 20

export async function seatHub(places: HubPlaces, ports: HubPorts): Promise<SeatedHub> {
  await using scope = new AsyncDisposableStack()
  const { random, clock, report } = ports
  scope.use(new CardLock(places.card))
  const log = new RoomLog(readBundleFiles(places.bundle))
  const { plan } = log.bundle
  const hub = new Hub({
    ...{ root: log.root, pages: framesOf(log.bundle, plan.plan.origin) },
    ...{ called: plan.plan.called, patience: tablePatience(plan.plan.timeouts) },
    ...{ clock, random, report },
  })
  scope.defer(() => hub.close())
  const token = scope.use(await recordToken(places, log, ports))
  const table = await tableOf(places, { log, hub, token }, ports)
  scope.defer(() => table.close())
  const ticking = setInterval(() => {
    table.tick()
    hub.tick()
  }, tickMs)
  scope.defer(() => clearInterval(ticking))
  const { identity } = plan.plan.recordToken
  const sign = (message: Uint8Array): Promise<Uint8Array> => token.sign(message)
  const conductor = new Conductor({
    ...{ log, hub, random, clock, desk: ports.terminal },
    record: new RecordCopy(recordPath(places.card, plan.digest), seatsOf(plan, log.digest)),
    results: new RoomResults(resultsPath(places.card, plan.digest), plan.digest),
    recorder: { identity, sign },
    speak: (actor, document) =>
      speak({ actor, document }, { identity, sign }, places.card, ports.terminal),
    write: (files) => writeOut(files, places.out),
  })
  const all = scope.move()
  const { called } = plan.plan
  const isFull = (): boolean => called.every((node) => hub.seats.has(node))
  const isCleared = (): boolean =>
    plan.plan.table.way === 'cards' || !called.some((node) => hub.seats.has(node))
  return { conductor, isFull, isCleared, [Symbol.asyncDispose]: () => all.disposeAsync() }
}

async function recordToken(
  { slot, token, card }: HubPlaces,
  log: RoomLog,
  { terminal, random, clock }: HubPorts,
): Promise<Hsm> {
  const { serial, identity } = log.bundle.plan.plan.recordToken
  const read = recordCard(token)
  if (read.serial !== serial || !equalBytes(read.identity, identity)) {
    refuse('TOKEN_WRONG', `expected the card of the record token ${serial}`, 'X-9')
  }
  // On the card before anything is tried: there is no Record yet that could take it.
  const exception = (said: PinException): void =>
    sayAside(card, `${clock.wallMs()}`, { kind: 'note', ...said })
  const pin = { pad: terminal.pad, tries: new PinTries(made(card)), exception }
  const open = async () => {
    const hsm = await Hsm.open({ ...slot, serial }, { random })
    return { hsm, pin: hsm.facts.pin, [Symbol.asyncDispose]: () => hsm[Symbol.asyncDispose]() }
  }
  const { hsm } = await byPin(pin, open, (one, typed, isLast) => one.hsm.login(typed, isLast))
  await hsm.use(read)
  return hsm
}

const recordCard = (file: string) => parseTokenCard(readOwnFile(onCard(file)))

interface Laid {
  readonly log: RoomLog
  readonly hub: Hub
  readonly token: Hsm
}

async function tableOf(places: HubPlaces, laid: Laid, ports: HubPorts): Promise<HubTable> {
  const { table } = laid.log.bundle.plan.plan
  if (table.way === 'network') return await networkOf(places, { ...laid, table }, ports)
  const wanted = 'the plan has a table by cards: expected --cards'
  return cardsOf(places.cards ?? refuse('CONFIG', wanted), { ...laid, ...ports })
}

function cardsOf(cards: string, { log, hub, clock, random, report }: Laid & HubPorts): HubTable {
  const { plan, digest } = log.bundle.plan
  const stations = new Map(
    plan.called.map((node) => [parseHandle(node), cardSlots(join(cards, node))] as const),
  )
  return hubOnCards(
    { stations, plan: digest, clock, random, report, quietMs: cardQuietMs },
    (node, stream, isCarried) => hub.seats.seated(node, stream, isCarried),
  )
}

async function networkOf(
  { card, stations, token: file }: HubPlaces,
  { log, hub, token, table }: Laid & { readonly table: Extract<Table, { way: 'network' }> },
  { clock, report, random }: HubPorts,
): Promise<HubTable> {
  const { org, rehearsal, called } = log.bundle.plan.plan
  const cards = stations.map((file) => parseStationCard(readOwnFile(onCard(file))))
  const known = log.root.nodes.filter(({ node }) => called.includes(node))
  const missing = called.find((node) => !cards.some((one) => one.node === node))
  if (missing !== undefined) refuse('CONFIG', `expected the station card of ${missing}`)
  using pem = await openTableKey(card, { hsm: token, card: recordCard(file), random })
  const identity = {
    ca: cards.map(({ certificate }) => certificate).join(''),
    cert: pemAt(join(card, tableFiles.certificate)),
    key: Buffer.from(pem.bytes),
  }
  return await hubOnNetwork(
    {
      ...{ org, identity, isRehearsal: rehearsal, nowMs: clock.wallMs, report },
      ...{ stations: known, hub: { host: table.hub, port: table.port } },
    },
    (node, stream, isCarried) => hub.seats.seated(node, stream, isCarried),
  )
}

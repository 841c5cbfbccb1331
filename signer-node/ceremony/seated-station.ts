// A Station as its program runs it: its Token and what that remembers, its keys of medium A, its
// copy of the log on the card, the table, the script. Lives until the room is done with it.
// INVARIANT: the Bundle is read and the log taken before anybody is dialled; randomness of the
// Station is that of the kernel and the Token together; whatever was opened is wiped at the end.
// Judges nothing itself. Source: the ceremony's design, 4.5 to 4.8.
import { join } from 'node:path'
import { readBundle } from '../../policy/ceremony/bundle.ts'
import { type BundleIn, readBundleIn } from '../../policy/ceremony/bundle-in.ts'
import { type PlannedStation, stationOf } from '../../policy/ceremony/plan.ts'
import { plannedRoots } from '../../policy/ceremony/planned-roots.ts'
import { seatsOf } from '../../policy/ceremony/record-seats.ts'
import { type Digest, type NodeId, parseHandle, parseNodeId } from '../../proto/ids.ts'
import { readBundleFiles } from '../../proto/io/bundle-files.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { refuse } from '../../proto/refusal.ts'
import type { Curve } from '../dkls23/curve.ts'
import { FloorFile } from '../floor-file.ts'
import { here } from '../here.ts'
import { Keystore } from '../keystore.ts'
import { PinTries } from '../pin-tries.ts'
import { made } from '../places.ts'
import type { Clock, Event, Random } from '../ports.ts'
import { Room as Disk } from '../room.ts'
import type { Self } from '../self.ts'
import { tablePatience } from '../sitting.ts'
import { Store } from '../store.ts'
import { CardLock } from './card-lock.ts'
import { dice } from './dice.ts'
import { mixRandom } from './entropy.ts'
import { mediumPaths, openMedium } from './medium.ts'
import { noBackups } from './no-backups.ts'
import { Performer } from './performer.ts'
import type { PinException } from './pin-step.ts'
import { RecordCopy } from './record-copy.ts'
import type { RoomTerminal } from './room-terminal.ts'
import { sayAside } from './said-aside.ts'
import type { Paper } from './said-papers.ts'
import { keyPem, transportKey } from './self-signed.ts'
import { SessionWatch } from './session-watch.ts'
import { NamedRecord } from './sitting-record.ts'
import { Station } from './station.ts'
import { type ActsNeeds, StationActs, type TokenHand } from './station-acts.ts'
import { CertificateFiles, SessionFiles } from './station-files.ts'
import { StationSeals } from './station-seals.ts'
import { rememberedBy, stationSelf } from './station-self.ts'
import type { StationTable } from './table.ts'
import { cardQuietMs, cardSlots, stationOnCards } from './table-cards.ts'
import { pemAt } from './table-key.ts'
import { stationOnNetwork } from './table-network.ts'
import { type OpenedStation, openStationToken, type Slot, type StationToken } from './tokens.ts'

export interface StationPlaces {
  /** Its card: copy of the log, of the Record, floors. */
  readonly card: string
  readonly bundle: string
  readonly media: { readonly a: string; readonly b: string }
  /**
   * PEM of the Record station's certificate; which key it must have, the Plan says. At a table by
   * cards the directory in which this station's card is.
   */
  readonly table: string
  readonly slot: Slot
}

export interface SeatPorts {
  readonly terminal: RoomTerminal
  readonly curve: Curve
  readonly random: Random
  readonly clock: Clock
  readonly report: (event: Event) => void
  /** of this machine, as far as a token shows them without a PIN. */
  readonly ready: (bundle: BundleIn, station: PlannedStation) => Promise<JsonObject>
}

/** What lies here, and that the plan calls whoever it is of. */
function calledHere({ bundle: directory, media }: StationPlaces) {
  const read = readBundle(readBundleFiles(directory), 'in')
  const bundle = readBundleIn(read)
  const medium = openMedium(media.a)
  const node = parseNodeId(medium.station.node)
  const own = stationOf(bundle.plan.plan, node)
  if (own === undefined || !bundle.plan.plan.called.includes(node)) {
    return refuse('PLAN', `the plan does not call ${node}`, 'X-9')
  }
  return { digest: read.digest, bundle, medium, own }
}

export interface SeatedStation extends AsyncDisposable {
  readonly performer: Performer
  readonly record: RecordCopy
  readonly node: string
  /** The Record is closed, and all is written; or people here wait for that no longer. */
  readonly over: Promise<void>
}

const tickMs = 20

export async function seatStation(places: StationPlaces, ports: SeatPorts): Promise<SeatedStation> {
  await using scope = new AsyncDisposableStack()
  const { terminal, curve, clock, report } = ports
  scope.use(new CardLock(places.card))
  const { digest, bundle, medium, own } = calledHere(places)
  const { plan } = bundle
  const { node } = own
  let performer: Performer | undefined
  const hand = scope.use(new Hand(places, ports))
  // First the machine: no PIN is typed at one that may not take part.
  const found = await ports.ready(bundle, own)
  const token = await hand.again('any')
  const opened = scope.use(await token.open(medium, ports.random))
  const draws = (length: number) => hand.now.hsm.random(length)
  const about = { plan: plan.digest, party: own.x }
  const mixed = scope.use(await mixRandom({ os: ports.random, token: draws }, about))
  const { random } = mixed
  const self = stationSelf(medium.station, opened.keys, curve)
  const store = new Store(join(made(join(places.card, 'data')), 'node.db'), { busyTimeoutMs: 50 })
  scope.defer(() => store.close())
  const life = { isOver: false }
  const later = (work: () => void): void => {
    setImmediate(() => {
      if (!life.isOver) work()
    })
  }
  const watch = new SessionWatch(new SessionFiles(join(places.card, 'sessions')))
  const record = new RecordCopy(recordPath(places.card, plan.digest), seatsOf(plan, digest))
  const parts = { bundle, opened, self, store, random, later, watch, record }
  const station = scope.use(stationOn(places, parts, ports, (paper) => performer?.hear(paper)))
  await station.open(bundle, rememberedBy(await token.hsm.floors(), record.closedRoot))
  const ready = async () => {
    const { module } = hand.now.hsm.facts
    return { ...found, module, token: hand.now.card.serial }
  }
  const needs: ActsNeeds = {
    ...{ plan, own, bundle, digest, station, watch, record, token: hand, way: opened.way },
    ...{ desk: terminal, media: places.media, curve, random, clock, ready },
    dice: () => dice(terminal.pad, mixed),
  }
  await new StationSeals(needs).restAll()
  const bench = new StationActs(needs)
  performer = new Performer({ plan, own, station, record, bench, clock, report })
  const { certificate } = medium.station
  const table = tableOf(places, { bundle, node, opened, certificate }, { ...ports, random })
  scope.defer(() => table.close())
  const dial: StationTable['dial'] = (to, failed) => {
    // Behind the hello that follows: what was said while it did not sit, or was lost with a Record
    // station that has been started again, is sent to it now.
    queueMicrotask(() => performer?.greet())
    return table.dial(to, failed)
  }
  station.sit(watch.around({ ...table, dial }))
  const ticking = setInterval(() => {
    station.tick()
    performer?.tick()
  }, tickMs)
  scope.defer(() => {
    clearInterval(ticking)
    life.isOver = true
  })
  const all = scope.move()
  const { over } = performer
  return { performer, record, node, over, [Symbol.asyncDispose]: () => all.disposeAsync() }
}

interface StationParts {
  readonly bundle: BundleIn
  readonly opened: OpenedStation
  readonly self: Self
  readonly store: Store
  readonly random: Random
  readonly later: (work: () => void) => void
  readonly watch: SessionWatch
  readonly record: RecordCopy
}

function stationOn(
  { card, media }: StationPlaces,
  { bundle, opened, self, store, random, later, watch, record }: StationParts,
  { curve, clock, report }: SeatPorts,
  paper: (paper: Paper) => void,
): Station {
  const { plan } = bundle
  const { keyshares } = mediumPaths(media.a)
  return new Station(
    {
      ...{ self, origin: plan.plan.origin, rootDigest: plannedRoots(bundle).first },
      sitting: {
        ...{ plan: plan.digest, patience: tablePatience(plan.plan.timeouts) },
        record: new NamedRecord(plan.plan, record),
      },
    },
    {
      store,
      keystore: new Keystore(keyshares, self, {
        ...{ way: opened.way, random, curve, backups: noBackups },
      }),
      place: new FloorFile(made(join(card, 'floor')), self.node),
      room: new Disk({ volumes: [], clock, report }),
      certificates: new CertificateFiles(join(card, 'certificates')),
    },
    { clock, random, defer: later, pause: later, report, runner: here },
    { ...watch.ears, paper },
  )
}

export function recordPath(card: string, plan: Digest): string {
  return join(made(card), `record-${plan.slice(0, 8)}.jsonl`)
}

interface OwnEnd {
  readonly bundle: BundleIn
  readonly node: NodeId
  readonly opened: OpenedStation
  readonly certificate: string
}

function tableOf(
  places: StationPlaces,
  { bundle: { plan }, node, opened, certificate: cert }: OwnEnd,
  { clock, random, report }: SeatPorts,
): StationTable {
  const { table, org, rehearsal } = plan.plan
  if (table.way === 'cards') {
    const slots = cardSlots(places.table)
    const settings = { plan: plan.digest, station: parseHandle(node), slots, clock, random, report }
    return stationOnCards({ ...settings, quietMs: cardQuietMs })
  }
  using key = transportKey(opened.keys.transport.bytes)
  using pem = keyPem(key)
  const identity = {
    ...{ ca: pemAt(places.table), cert },
    key: Buffer.from(pem.bytes),
  }
  return stationOnNetwork({
    ...{ org, identity, transport: table.transport, isRehearsal: rehearsal },
    ...{ hub: { host: table.hub, port: table.port }, nowMs: clock.wallMs, report },
  })
}

/** Logs in with whatever is in the socket, by the PIN that its owner types each time. */
class Hand implements TokenHand, AsyncDisposable {
  readonly #places: StationPlaces
  readonly #ports: SeatPorts
  #token: StationToken | undefined

  constructor(places: StationPlaces, ports: SeatPorts) {
    this.#places = places
    this.#ports = ports
  }

  get now(): StationToken {
    return this.#token ?? refuse('TOKEN_ABSENT', 'no token is in')
  }

  async again(which: Parameters<TokenHand['again']>[0]): Promise<StationToken> {
    const { slot, media, card } = this.#places
    const { terminal, random, clock } = this.#ports
    await this[Symbol.asyncDispose]()
    const pin = {
      pad: terminal.pad,
      tries: new PinTries(made(card)),
      // On the card, before anything is tried; from there it goes to the Record.
      exception: (said: PinException) =>
        sayAside(card, `${clock.wallMs()}`, { kind: 'note', ...said }),
    }
    const { station } = openMedium(media.a)
    this.#token = await openStationToken(slot, station, which, { random, pin })
    return this.#token
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const token = this.#token
    this.#token = undefined
    await token?.[Symbol.asyncDispose]()
  }
}

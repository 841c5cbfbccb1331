// Who sits at the table as the Hub sees it: one stream a Station, what it said of itself, the pages
// of the Bundle's log for one that has less, envelopes to whom they are addressed, unread. Says who
// else is there whenever that changes.
// INVARIANT: a frame is carried only under the name of the Station whose stream it came from, and
// only between those that the Plan calls. Nothing that a Station says is believed here.

import { toHex } from '../../proto/crypto.ts'
import type {
  CoordinatorFrame,
  CoordinatorPart,
  CoordinatorStream,
  NodeFrame,
  NodePart,
} from '../../proto/frames.ts'
import { limits } from '../../proto/limits.ts'
import { attempt, isRefusal } from '../../proto/refusal.ts'
import { requireCommon, spoken } from '../../proto/versions.ts'
import type { Clock, Event } from '../ports.ts'
import { type Seated, tableName } from './table.ts'

export type LogPage = CoordinatorPart<'lines'>

export interface SeatsNeeds {
  readonly called: readonly string[]
  readonly origin: string
  /** From the first line to the last, without a gap. */
  readonly pages: readonly LogPage[]
  readonly clock: Clock
  readonly report: (event: Event) => void
  /** What is neither about a seat nor to be carried. */
  readonly hear: (station: string, frame: NodeFrame) => void
  readonly left: (station: string) => void
}

interface Seat {
  readonly station: string
  readonly stream: CoordinatorStream
  readonly isCarried: boolean
  incarnation?: Uint8Array
  state?: NodePart<'state'>
  heardMs: number
  saidMs: number
  /** Pages were sent up to here. */
  sentSize: number
}

/** Silence after which a stream of the network is lost. */
const silenceMs = 3 * limits.streamHeartbeatMs

export class Seats {
  readonly #needs: SeatsNeeds
  readonly #seats = new Map<string, Seat>()
  /** Sessions whose envelopes were carried since the last one began. */
  readonly #sids = new Map<string, Uint8Array>()

  constructor(needs: SeatsNeeds) {
    this.#needs = needs
  }

  /** For a Table: its streams end here. */
  readonly seated: Seated = (station, stream, isCarried) => {
    const { called, report, clock } = this.#needs
    if (!called.includes(station)) {
      report({ level: 'alarm', name: 'table-stranger', peer: station })
      stream.close()
      return
    }
    const now = clock.monotonicMs()
    const seat: Seat = { station, stream, isCarried, heardMs: now, saidMs: now, sentSize: 0 }
    this.#leave(this.#seats.get(station))
    this.#seats.set(station, seat)
    void this.#read(seat)
  }

  /** Those that have said who they are. */
  states(): ReadonlyMap<string, NodePart<'state'>> {
    const known = [...this.#seats.values()]
    return new Map(
      known.flatMap(({ station, state }) => (state ? [[station, state] as const] : [])),
    )
  }

  has(station: string): boolean {
    return this.#seats.get(station)?.state !== undefined
  }

  send(station: string, frame: CoordinatorFrame): void {
    const seat = this.#seats.get(station)
    if (seat === undefined) return
    seat.saidMs = this.#needs.clock.monotonicMs()
    seat.stream.send(frame)
  }

  beginSession(): void {
    this.#sids.clear()
  }

  /** It failed somewhere: the others end it now. */
  stopSessions(stations: readonly string[]): void {
    for (const sid of this.#sids.values()) {
      for (const station of stations) this.send(station, { frame: 'stop', stop: { sid } })
    }
    this.#sids.clear()
  }

  tick(): void {
    const now = this.#needs.clock.monotonicMs()
    for (const seat of [...this.#seats.values()].filter((one) => !one.isCarried)) {
      if (now - seat.heardMs >= silenceMs) this.#leave(seat)
      else if (now - seat.saidMs >= limits.streamHeartbeatMs) {
        this.send(seat.station, { frame: 'heartbeat', heartbeat: {} })
      }
    }
  }

  close(): void {
    for (const { stream } of this.#seats.values()) stream.close()
    this.#seats.clear()
  }

  async #read(seat: Seat): Promise<void> {
    try {
      for await (const frame of seat.stream.received) {
        if (this.#seats.get(seat.station) !== seat) return
        seat.heardMs = this.#needs.clock.monotonicMs()
        this.#take(seat, frame)
      }
    } finally {
      this.#leave(seat)
    }
  }

  #take(seat: Seat, frame: NodeFrame): void {
    switch (frame.frame) {
      case 'hello':
        this.#greet(seat, frame.hello)
        return
      case 'state':
        seat.state = frame.state
        this.#fill(seat, frame.state.size)
        return
      case 'behind':
        this.#fill(seat, frame.behind.size)
        return
      case 'envelope':
        this.#carry(seat, frame)
        return
      case 'fork':
        this.#alarm(seat, 'table-fork', 'it holds another log than the Bundle')
        return
      case 'ahead':
        this.#alarm(seat, 'table-ahead', `it holds ${frame.ahead.size} lines`)
        return
      // Nobody at a table pairs in advance, asks for a floor or cosigns.
      case 'note':
      case 'cosigned':
      case 'heartbeat':
        return
      default:
        this.#needs.hear(seat.station, frame)
    }
  }

  #greet(seat: Seat, hello: NodePart<'hello'>): void {
    const { station } = seat
    const common = attempt(() => requireCommon(hello.versions, station))
    if (hello.node !== station || isRefusal(common)) {
      const because = isRefusal(common) ? common.because : `a hello of ${hello.node}`
      this.#alarm(seat, 'table-greeting', because)
      this.#leave(seat)
      return
    }
    seat.incarnation = hello.incarnation
    seat.state = hello.state
    this.#needs.report({ level: 'info', name: 'table-seated', peer: station })
    this.#welcomeAll()
    this.#fill(seat, hello.state.size)
  }

  #welcomeAll(): void {
    const { origin, pages } = this.#needs
    const last = pages.at(-1)
    const size = (last?.from ?? 0) + (last?.lines.length ?? 0)
    const peers = [...this.#seats.values()].flatMap(({ station: node, incarnation }) =>
      incarnation === undefined ? [] : [{ node, incarnation }],
    )
    const welcome = { coordinator: tableName, origin, size, peers, versions: [...spoken] }
    for (const { node } of peers) this.send(node, { frame: 'welcome', welcome })
  }

  /** The page that goes on where it ends; each once. */
  #fill(seat: Seat, size: number): void {
    const page = this.#needs.pages.find(
      ({ from, lines }) => size >= from && size < from + lines.length,
    )
    if (page === undefined || seat.sentSize > size) return
    seat.sentSize = page.from + page.lines.length
    this.send(seat.station, { frame: 'lines', lines: page })
  }

  #carry(seat: Seat, frame: NodeFrame & { readonly frame: 'envelope' }): void {
    const { from, to, sid } = frame.envelope
    if (this.#sids.size < limits.sessionsPerNodeMax) this.#sids.set(toHex(sid), sid)
    if (from !== seat.station) this.#alarm(seat, 'table-name', `an envelope from ${from}`)
    else if (to !== from) this.send(to, frame)
  }

  #leave(seat: Seat | undefined): void {
    if (seat === undefined || this.#seats.get(seat.station) !== seat) return
    this.#seats.delete(seat.station)
    seat.stream.close()
    this.#needs.report({ level: 'warn', name: 'table-left', peer: seat.station })
    this.#needs.left(seat.station)
  }

  #alarm({ station }: Seat, name: string, because: string): void {
    this.#needs.report({ level: 'alarm', name, because, peer: station })
  }
}

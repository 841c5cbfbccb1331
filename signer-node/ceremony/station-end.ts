// When a Station's program ends: the Record is closed here and the Record station says that all is
// written; or people end it. A copy that lacks the last lines asks for them first. Where the Record
// station is gone, the program says what that means, and ends when its custodian stops it, or soon
// after it heard that all is over: alone, with the copy that there is.
// INVARIANT: a table that lies ends nobody whose sitting goes on: whatever is asked for afterwards
// takes its word back. Who ends alone begins no session any more. Wiping is whoever disposes of it.
import type { Clock } from '../ports.ts'
import type { RecordCopy } from './record-copy.ts'
import type { Station } from './station.ts'
import { turnPaper } from './turn-papers.ts'

export interface EndNeeds {
  readonly record: Pick<RecordCopy, 'state'>
  readonly station: Pick<Station, 'say' | 'withdraw' | 'seat'>
  readonly clock: Clock
  readonly say: (text: string) => void
}

/** As long as a Record station stays until the others have left, and longer than a new dial. */
export const aloneMs = 10_000

const lost =
  'the Record station does not answer, and is dialled on. If it will not come back: ' +
  'custody-ceremony stop CARD REASON ends this program'

const onCard =
  'stop is on the next card. If no card comes back: stop once more ends this program alone'

export class StationEnd {
  readonly over: Promise<void>
  readonly #needs: EndNeeds
  readonly #end: () => void
  #isAlone = false
  /** All is over, and this copy lacks its last lines: since when nothing more has come. */
  #lacksMs: number | undefined
  /** Not heard any more, of one that was. */
  #lostMs: number | undefined
  #wasHeard = false
  #isLostTold = false
  #stop: { readonly because: string; readonly sinceMs: number } | undefined
  #saidStop = false

  constructor(needs: EndNeeds) {
    this.#needs = needs
    const { promise, resolve } = Promise.withResolvers<void>()
    this.over = promise
    this.#end = resolve
  }

  /** It ended without the last line of the Record. */
  get isAlone(): boolean {
    return this.#isAlone
  }

  /** Whether that is the end; if not, whoever hears it asks for the lines that are missing. */
  heardOver(): boolean {
    // To say it again brings nothing: it puts the end off no further.
    this.#lacksMs ??= this.#now()
    return this.#endIfClosed()
  }

  /** One has come. */
  line(): boolean {
    if (this.#lacksMs === undefined) return false
    this.#lacksMs = this.#now()
    return this.#endIfClosed()
  }

  #endIfClosed(): boolean {
    if (this.#isClosed) this.#end()
    return this.#isClosed
  }

  /** The sitting goes on. */
  asked(): void {
    this.#lacksMs = undefined
  }

  /**
   * For all, when the Record station hears it; else of this Station alone. What was confirmed here
   * is taken back at once: whoever carries the word on may lose it, and begin the session.
   */
  stop(because: string): void {
    const { station } = this.#needs
    station.withdraw()
    if (this.#isClosed) this.#end()
    else if (this.#lacksMs !== undefined) this.#alone()
    else if (station.seat !== 'carried') this.#stop = { because, sinceMs: this.#now() }
    // Nobody knows whether a card comes back: the second word is the custodian's own.
    else if (this.#saidStop) this.#alone()
    else {
      this.#say(because)
      this.#needs.say(onCard)
    }
    this.tick()
  }

  /** To be called a few times a second. */
  tick(): void {
    const { seat } = this.#needs.station
    const now = this.#now()
    if (seat === 'heard') this.#heard()
    else if (seat === 'unheard') this.#unheard(now)
    if (seat === 'carried' || this.#lacksMs === undefined) return
    if (now - this.#lacksMs >= aloneMs) this.#alone()
  }

  #heard(): void {
    this.#wasHeard = true
    this.#lostMs = undefined
    this.#isLostTold = false
    const stop = this.#stop
    this.#stop = undefined
    if (stop !== undefined) this.#say(stop.because)
  }

  #unheard(now: number): void {
    if (this.#isClosed) return
    if (this.#wasHeard) this.#lostMs ??= now
    const isLost = this.#lostMs !== undefined && now - this.#lostMs >= aloneMs
    if (isLost && !this.#isLostTold) {
      this.#isLostTold = true
      this.#needs.say(lost)
    }
    if (this.#stop !== undefined && now - this.#stop.sinceMs >= aloneMs) this.#alone()
  }

  #say(because: string): void {
    this.#saidStop = true
    this.#needs.station.say(turnPaper('stop', { because }))
  }

  #alone(): void {
    if (this.#isAlone) return
    this.#isAlone = true
    this.#needs.station.withdraw()
    for (const line of aloneText(this.#needs.record.state)) this.#needs.say(line)
    this.#end()
  }

  get #isClosed(): boolean {
    return this.#needs.record.state.closed !== undefined
  }

  #now(): number {
    return this.#needs.clock.monotonicMs()
  }
}

/** What there is, and what its custodian does. */
export function aloneText({ size, prev }: Pick<RecordCopy['state'], 'size' | 'prev'>) {
  const last = size === 0 ? 'there is no line in it' : `its last line is ${size - 1}, ${prev}`
  return [
    `ENDED ALONE: the copy of the Record on this card is not closed: ${last}`,
    'what came after it was never here, and no Statement of this custodian was made: write that on paper',
    'the card keeps what it has. run, once more, goes on from there when the Record station is back; a Statement that is owed is made before the import (X-19)',
  ]
}

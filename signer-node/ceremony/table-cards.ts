// The Table by cards: two directories between one Station and the Hub, one to read and one to
// write, which people carry, copy or mount. What one side has to say in one step is one file under
// a name that is never used twice; whatever was said since the last file goes into the next.
// INVARIANT: files of one life are taken in order, each once, and only when they are whole. Every
// life of an end has a name of its own, and each file names both: what was meant for a process that
// is no more, or is of another ceremony, reaches nobody. Has no deadline: the Plan's are the
// node's.
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { toHex } from '../../proto/crypto.ts'
import type { FrameStream, NodeStream } from '../../proto/frames.ts'
import type { Digest, Handle } from '../../proto/ids.ts'
import { coordinatorCodec, nodeCodec } from '../../proto/io/frame-codec.ts'
import type { FrameCodec } from '../../proto/io/frame-stream.ts'
import { type Inbox, inbox } from '../../proto/io/inbox.ts'
import { limits } from '../../proto/limits.ts'
import { attempt, isRefusal, refuse } from '../../proto/refusal.ts'
import { readOwnFile } from '../own-file.ts'
import type { Clock, Event, Random } from '../ports.ts'
import {
  type CardHead,
  cardName,
  isAt,
  type Named,
  namedCard,
  nobody,
  readCard,
  writeCard,
} from './card-file.ts'
import { type HubTable, type Seated, type StationTable, tableName } from './table.ts'

/** As they are mounted here; both may be one. */
export interface CardSlots {
  readonly read: string
  readonly write: string
}

/** Nothing more was said for so long: what there is goes onto the card. */
export const cardQuietMs = 50

interface CardSettings {
  readonly plan: Digest
  readonly slots: CardSlots
  readonly clock: Clock
  readonly random: Random
  readonly report: (event: Event) => void
  /** Nothing more to say for so long: the file is written. */
  readonly quietMs: number
}

export interface StationCardSettings extends CardSettings {
  readonly station: Handle
}

/** `slots` by station. */
export interface HubCardSettings extends Omit<CardSettings, 'slots'> {
  readonly stations: ReadonlyMap<Handle, CardSlots>
}

export function stationOnCards(settings: StationCardSettings): StationTable {
  const ends = { self: settings.station, peer: tableName as Handle }
  const end = new CardEnd(settings, ends, nodeCodec)
  return {
    isCarried: true,
    dial: (): NodeStream => end.begin(nobody),
    tick: () => end.tick(),
    close: () => end.end(),
  }
}

export function hubOnCards({ stations, ...settings }: HubCardSettings, seated: Seated): HubTable {
  const ends = [...stations].map(([station, slots]) => {
    const pair = { self: tableName as Handle, peer: station }
    const end = new CardEnd({ ...settings, slots }, pair, coordinatorCodec)
    const seat = (life: string): void => seated(station, end.begin(life), true)
    return { end, seat }
  })
  return {
    tick: () => {
      for (const { end, seat } of ends) {
        const life = end.newcomer()
        if (life !== undefined) seat(life)
        end.tick()
      }
    },
    close: async () => {
      for (const { end } of ends) end.end()
    },
  }
}

/** One card, read and written. It may be out when the program starts; a file is no card. */
export function cardSlots(directory: string): CardSlots {
  const isOther = existsSync(directory) && !statSync(directory).isDirectory()
  if (isOther) refuse('CONFIG', `${directory}: expected a directory, for a table by cards`)
  return { read: directory, write: directory }
}

/** One life of this end, towards one life of the other. */
interface Line<Out, In> {
  readonly stream: FrameStream<Out, In>
  readonly received: Inbox<In>
  readonly life: string
  readonly born: number
  peerLife: string
  written: number
  taken: number
  /** Not on a card yet. */
  said: readonly Uint8Array[]
  saidMs: number
  isOpen: boolean
}

interface Ends {
  readonly self: Handle
  readonly peer: Handle
}

class CardEnd<Out, In> {
  readonly #settings: CardSettings
  readonly #ends: Ends
  readonly #codec: FrameCodec<Out, In>
  /** Lives of the other end that were looked at. */
  readonly #seen = new Set<string>()
  /** What was told, once each. */
  readonly #told = new Set<string>()
  #line: Line<Out, In> | undefined

  constructor(settings: CardSettings, ends: Ends, codec: FrameCodec<Out, In>) {
    this.#settings = settings
    this.#ends = ends
    this.#codec = codec
  }

  /** A new life of this end; the one before is over. */
  begin(peerLife: string): FrameStream<Out, In> {
    this.end()
    const { clock, random } = this.#settings
    const received = inbox<In>()
    const line: Line<Out, In> = {
      received,
      life: toHex(random(8)),
      born: clock.wallMs(),
      peerLife,
      written: 0,
      taken: 0,
      said: [],
      saidMs: clock.monotonicMs(),
      isOpen: true,
      stream: {
        received,
        send: (frame) => this.#say(line, frame),
        close: () => this.#close(line),
      },
    }
    this.#line = line
    return line.stream
  }

  end(): void {
    if (this.#line !== undefined) this.#close(this.#line)
    this.#line = undefined
  }

  /** The youngest life of the other end that was not seen yet, when it is of this ceremony. */
  newcomer(): string | undefined {
    const { plan } = this.#settings
    const first = this.#names().filter(({ number, life }) => number === 1 && !this.#seen.has(life))
    const heads = first.flatMap((named) => this.#read(named)?.head ?? [])
    for (const { life } of heads) this.#seen.add(life)
    for (const head of heads.filter((one) => one.plan !== plan)) {
      this.#tell('card-of-another-ceremony', `${cardName(head)}: plan ${head.plan} (X-15)`)
    }
    const own = heads.filter((head) => head.plan === plan && head.toLife === nobody)
    return own.sort((a, b) => b.born - a.born)[0]?.life
  }

  tick(): void {
    const line = this.#line
    if (!line?.isOpen) return
    this.#take(line)
    const { clock, quietMs } = this.#settings
    if (line.said.length === 0 || clock.monotonicMs() - line.saidMs < quietMs) return
    this.#write(line)
  }

  #say(line: Line<Out, In>, frame: Out): void {
    if (!line.isOpen) return
    line.said = [...line.said, this.#codec.encode(frame)]
    line.saidMs = this.#settings.clock.monotonicMs()
    const bytes = line.said.reduce((sum, { length }) => sum + length + 4, 0)
    if (bytes <= limits.cardBytesMax) return
    this.#tell('card-full', `${bytes} bytes wait for a card`)
    this.#close(line)
  }

  /** A card that is out, full or read-only: what was said waits. */
  #write(line: Line<Out, In>): void {
    const { plan, slots } = this.#settings
    const { self: from, peer: to } = this.#ends
    const { life, born, peerLife: toLife } = line
    const head: CardHead = { plan, born, from, to, life, toLife, number: line.written + 1 }
    const path = join(slots.write, cardName(head))
    try {
      writeOnce(path, writeCard(head, line.said))
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error
      this.#tell('card-absent', `${slots.write}: ${String(error.code)}`)
      return
    }
    this.#told.delete('card-absent')
    line.written += 1
    line.said = []
  }

  #take(line: Line<Out, In>): void {
    const mine = this.#names().filter(({ life, toLife }) => this.#isFor(line, life, toLife))
    const other = mine.find(({ life }) => line.peerLife !== nobody && life !== line.peerLife)
    // It began anew, and knows nothing of what was said before.
    if (other !== undefined) {
      this.#close(line)
      return
    }
    for (;;) {
      const next = mine.find(({ number }) => number === line.taken + 1)
      const file = next && this.#read(next)
      if (file === undefined) break
      if (file.head.plan !== this.#settings.plan) {
        this.#tell(
          'card-of-another-ceremony',
          `${cardName(file.head)}: plan ${file.head.plan} (X-15)`,
        )
        return
      }
      line.taken += 1
      line.peerLife = file.head.life
      if (!this.#hear(line, file.frames)) return
    }
    const beyond = mine.find(({ number }) => number > line.taken + 1)
    if (beyond === undefined) return
    this.#tell('card-missing', `number ${line.taken + 1} of ${this.#ends.peer}`)
  }

  #isFor(line: Line<Out, In>, life: string, toLife: string): boolean {
    if (toLife === line.life) return true
    // Said before this life was heard of; the Hub's answer names whom it answers.
    return toLife === nobody && life === line.peerLife
  }

  #hear(line: Line<Out, In>, frames: readonly Uint8Array[]): boolean {
    for (const bytes of frames) {
      const frame = attempt(() => this.#codec.decode(Buffer.from(bytes)))
      if (isRefusal(frame)) {
        this.#tell('card-unreadable', `a frame of ${this.#ends.peer}: ${frame.because}`)
        this.#close(line)
        return false
      }
      line.received.put(frame)
    }
    return true
  }

  #close(line: Line<Out, In>): void {
    if (!line.isOpen) return
    // What was said last may be why it ends.
    if (line.said.length > 0) this.#write(line)
    line.isOpen = false
    line.received.end()
  }

  /** Of the other end to this one, in the order of their numbers. */
  #names(): readonly Named[] {
    const { peer: from, self: to } = this.#ends
    return listed(this.#settings.slots.read)
      .flatMap((name) => namedCard(name, { from, to }) ?? [])
      .slice(0, limits.cardFilesMax)
      .sort((a, b) => a.number - b.number)
  }

  #read(named: Named) {
    const { peer: from, self: to } = this.#ends
    const at = { from, to, ...named }
    const name = cardName(at)
    const file = attempt(() => readCard(bounded(join(this.#settings.slots.read, name))))
    if (isRefusal(file)) {
      this.#tell('card-unreadable', `${name}: ${file.because}`)
      return undefined
    }
    if (isAt(file.head, at)) return file
    this.#tell('card-wrong', `${name} is inside ${cardName(file.head)}`)
    return undefined
  }

  #tell(name: string, because: string): void {
    const key = name === 'card-absent' ? name : `${name} ${because}`
    if (this.#told.has(key)) return
    if (this.#told.size < limits.cardFilesMax) this.#told.add(key)
    const level = name === 'card-missing' || name === 'card-absent' ? 'warn' : 'alarm'
    this.#settings.report({ level, name, because, peer: this.#ends.peer })
  }
}

/** No card, no names. */
function listed(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (error instanceof Error && 'code' in error) return []
    throw error
  }
}

function bounded(path: string): Uint8Array {
  try {
    const bytesMax = limits.cardBytesMax + limits.frameBytesMax
    return readOwnFile({ path, code: 'MALFORMED', on: 'card', bytesMax })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
    return refuse('MALFORMED', `card: ${String(error.code)}`)
  }
}

/** The name is new, or nothing is written. */
function writeOnce(path: string, bytes: Uint8Array): void {
  const file = openSync(path, 'wx', 0o600)
  try {
    writeFileSync(file, bytes)
    fsyncSync(file)
  } catch (error) {
    // Half a file is none: nobody can have taken it.
    rmSync(path, { force: true })
    throw error
  } finally {
    closeSync(file)
  }
}

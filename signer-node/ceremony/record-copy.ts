// A copy of the Record, as the Record station and every Station keep one: a file of lines on
// the own card, each looked at before it is kept and on disk before anything goes on. It is
// also the progress of a ceremony: whoever starts again reads it and knows which turns were
// done.
// INVARIANT: a line is kept only if it follows; another line at a place that is taken is
// a stop and changes nothing. A torn last line, of a card that was pulled out, is cut away. It is
// on the card itself: a link or a pipe in its place is refused, and is not written through.
import { closeSync, constants, existsSync, fsyncSync, ftruncateSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import type { RecordLine } from '../../policy/ceremony/record.ts'
import {
  beginRecord,
  follow,
  headAt,
  type RecordState,
  recordHead,
} from '../../policy/ceremony/record-chain.ts'
import type { Seats } from '../../policy/ceremony/record-seats.ts'
import { equalBytes } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import { onDisk } from '../disk.ts'
import { replaceFile, syncDirectory } from '../floor-file.ts'
import { type OwnFile, openOwnFile, readOwnFileIfThere } from '../own-file.ts'

const newline = 0x0a
const { O_WRONLY, O_APPEND, O_CREAT } = constants

export class RecordCopy {
  readonly #path: string
  readonly #own: OwnFile
  readonly #lines: RecordLine[] = []
  #state: RecordState
  /** Of the whole lines: what is behind it was torn. */
  #length = 0

  constructor(path: string, seats: Seats) {
    this.#path = path
    this.#own = { path, code: 'RECORD', on: 'card', bytesMax: limits.recordBytesMax }
    this.#state = beginRecord(seats)
    this.#read(readOwnFileIfThere(this.#own) ?? new Uint8Array())
  }

  get state(): RecordState {
    return this.#state
  }

  /** Root of a Record whose last line is here; empty before. */
  get closedRoot(): Digest | '' {
    return this.#state.closed === undefined ? '' : recordHead(this.#state).root
  }

  get lines(): readonly RecordLine[] {
    return this.#lines
  }

  /** Root of its first `size` lines; of all, where it has fewer. */
  rootAt(size: number): Digest {
    return headAt(this.#lines, size).root
  }

  /** The whole file, as it is carried out. */
  get bytes(): Uint8Array {
    return (readOwnFileIfThere(this.#own) ?? new Uint8Array()).slice(0, this.#length)
  }

  /** Whether it was new here. */
  take(seq: number, bytes: Uint8Array): boolean {
    const known = this.#lines[seq]
    if (known !== undefined) {
      if (equalBytes(known.bytes, bytes)) return false
      refuse('RECORD', `line ${seq}: this copy has another one`, 'X-14')
    }
    if (seq !== this.#lines.length) {
      refuse('RECORD', `expected line ${this.#lines.length}, got ${seq}`, 'X-14')
    }
    const { line, state } = follow(this.#state, bytes)
    this.#requireRoom(line)
    this.#append(bytes)
    this.#lines.push(line)
    this.#state = state
    return true
  }

  /** A file that is too large is not read again. The last line always has room. */
  #requireRoom({ type, bytes }: RecordLine): void {
    const last = type === 'record.closed' ? 0 : limits.recordLineBytesMax + 1
    if (this.#length + bytes.length + 1 + last <= limits.recordBytesMax) return
    refuse('TOO_LARGE', `record: expected at most ${limits.recordBytesMax} bytes`)
  }

  #append(bytes: Uint8Array): void {
    const isNew = !existsSync(this.#path)
    const whole = new Uint8Array([...bytes, newline])
    onDisk(this.#path, () => {
      const file = openOwnFile(this.#own, O_WRONLY | O_APPEND | O_CREAT)
      try {
        // Part of a line that found no room must not become the beginning of another.
        ftruncateSync(file, this.#length)
        for (let at = 0; at < whole.length; at += writeSync(file, whole, at));
        fsyncSync(file)
      } finally {
        closeSync(file)
      }
    })
    this.#length += whole.length
    if (isNew) syncDirectory(dirname(this.#path))
  }

  #read(file: Uint8Array): void {
    const end = file.lastIndexOf(newline) + 1
    for (let from = 0; from < end; ) {
      const to = file.indexOf(newline, from)
      const { line, state } = follow(this.#state, file.slice(from, to))
      this.#lines.push(line)
      this.#state = state
      from = to + 1
    }
    this.#length = end
    if (end < file.length) replaceFile(this.#path, file.slice(0, end))
  }
}

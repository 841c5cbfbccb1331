// The screen and keys of somebody in the room, as the acts of a script ask them: a terminal for
// people, and for a rehearsal lines of JSON that another program answers, line by line.
// INVARIANT: in production only a terminal is asked; what is typed for a PIN goes from its chunk
// into a Secret and stands in no string. Judges nothing that is typed.
import type { Readable, Writable } from 'node:stream'
import { fromUtf8 } from '../../proto/crypto.ts'
import { refuse } from '../../proto/refusal.ts'
import { Secret } from '../dkls23/secret.ts'
import type { Terminal } from '../terminal.ts'
import type { Asked, Desk } from './station-acts.ts'

const lineMax = 65_536
const newline = 0x0a

export interface RoomTerminal extends Desk {
  readonly pad: Pick<Terminal, 'say' | 'line' | 'secret'>
  /** A line that is no answer to an act, as a signature that somebody brings. */
  line(question: string): Promise<string>
  close(): void
}

export function atTerminal(terminal: Terminal | undefined): RoomTerminal {
  if (terminal === undefined) return refuse('CONFIG', 'no terminal to ask at')
  return {
    say: (text) => terminal.say(`${text}\n`),
    ask: (_what, question) => terminal.line(question),
    line: (question) => terminal.line(question),
    pad: terminal,
    close: () => terminal.close(),
  }
}

/** Each question is a line of JSON, and each answer one line. */
export function playedBy(
  input: Readable,
  output: Pick<Writable, 'write'>,
  env: string,
): RoomTerminal {
  if (env === 'prod') return refuse('CONFIG', 'in production people answer, at a terminal')
  const lines = new Lines(input)
  const tell = (said: object): void => void output.write(`${JSON.stringify(said)}\n`)
  const asked = async (what: Asked | 'line', question: string): Promise<string> => {
    tell({ ask: what, question })
    return fromUtf8(await lines.next()) ?? refuse('CONFIG', 'expected UTF-8 text')
  }
  const say = (text: string): void => tell({ say: text })
  const line = (question: string): Promise<string> => asked('line', question)
  const secret = async (question: string): Promise<Secret> => {
    tell({ ask: 'secret', question })
    return new Secret(await lines.next())
  }
  return { say, ask: asked, line, pad: { say, line, secret }, close: () => input.destroy() }
}

/** Answers in their order; each is asked for before it is typed. */
class Lines {
  readonly #typed: Uint8Array[] = []
  #waiting: ((line: Uint8Array | undefined) => void) | undefined
  #isOver = false
  readonly #open = new Uint8Array(lineMax)
  #length = 0

  constructor(input: Readable) {
    input.on('data', (chunk: Buffer) => this.#take(chunk))
    input.once('close', () => this.#end())
    input.once('end', () => this.#end())
  }

  /** One line, the caller's to wipe where it is a secret. */
  async next(): Promise<Uint8Array> {
    const typed = this.#typed.shift()
    if (typed !== undefined) return typed
    const line = this.#isOver
      ? undefined
      : await new Promise<Uint8Array | undefined>((done) => {
          this.#waiting = done
        })
    return line ?? refuse('CONFIG', 'nobody answers any more')
  }

  #take(chunk: Buffer): void {
    for (const byte of chunk) {
      if (byte === newline) this.#line()
      else if (this.#length < lineMax) {
        this.#open[this.#length] = byte
        this.#length += 1
      }
    }
    chunk.fill(0)
  }

  #line(): void {
    const line = this.#open.slice(0, this.#length)
    this.#open.fill(0)
    this.#length = 0
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting === undefined) this.#typed.push(line)
    else waiting(line)
  }

  #end(): void {
    this.#isOver = true
    this.#waiting?.(undefined)
    this.#waiting = undefined
  }
}

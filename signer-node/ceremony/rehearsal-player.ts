// Somebody at a program of the room: reads what it says and asks, line by line of JSON, and types
// what a person would read off the screen. The program is a real one, with its own token and card.
// INVARIANT: a PIN goes as bytes and is asked of its owner each time; what a program says is kept
// in a file beside the rehearsal. A program that ends early ends the rehearsal.
import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import type { Json, JsonObject } from '../../proto/jcs.ts'
import { Unavailable } from '../../proto/unavailable.ts'
import type { Secret } from '../dkls23/secret.ts'
import { commandOf, custodyCeremony, type Variables } from './rehearsal-programs.ts'
import type { Asked } from './station-acts.ts'

export interface Person {
  /** For the file of what its program said. */
  readonly name: string
  readonly pin: () => Secret
  /** Words that lead to its machine; none: this one. */
  readonly machine?: readonly string[]
  /** `screen`: what the program has said so far. */
  readonly types: (
    what: Asked | 'line',
    question: string,
    screen: string,
  ) => string | Promise<string>
}

export class Player {
  readonly ended: Promise<JsonObject>
  readonly #child: ChildProcess
  readonly #person: Person
  #screen = ''
  #last: JsonObject = {}
  #typing: Promise<void> = Promise.resolve()

  constructor(person: Person, words: readonly string[], env: Variables, logs: string) {
    this.#person = person
    const [first = process.execPath, ...rest] = [
      ...(person.machine ?? []),
      ...[process.execPath, ...commandOf(custodyCeremony), ...words, '--played', '--json'],
    ]
    const child = spawn(first, rest, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    })
    this.#child = child
    const log = createWriteStream(join(logs, `${person.name}.log`), { flags: 'a', mode: 0o600 })
    child.stdin.on('error', () => {})
    child.stderr.pipe(log)
    child.stdout.pipe(log)
    let open = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = `${open}${chunk}`.split('\n')
      open = lines.pop() ?? ''
      for (const line of lines) this.#heard(line)
    })
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (exit) => {
        if (exit === 0) resolve(this.#last)
        else reject(new Unavailable(`${person.name} ended with ${exit}: ${this.#tail()}`))
      })
    })
    // Whoever waits for another one first hears of it later.
    this.ended.catch(() => {})
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  end(): void {
    if (this.#child.exitCode === null) this.#child.kill('SIGTERM')
  }

  #heard(line: string): void {
    if (!line.startsWith('{')) return
    const said: JsonObject = JSON.parse(line)
    const { say, ask, question } = said
    if (say !== undefined) this.#screen += `${textOf(say)}\n`
    else if (ask === undefined) this.#last = said
    else this.#typing = this.#typing.then(() => this.#type(textOf(ask), textOf(question)))
  }

  async #type(what: string, question: string): Promise<void> {
    const { pin, types } = this.#person
    if (what === 'secret') {
      this.#child.stdin?.write(Buffer.from(pin().bytes))
      this.#child.stdin?.write('\n')
      return
    }
    try {
      const typed = await types(what as Asked, question, this.#screen)
      this.#child.stdin?.write(`${typed}\n`)
    } catch (error) {
      this.#screen += `${String(error)}\n`
      this.end()
    }
  }

  #tail(): string {
    return `${JSON.stringify(this.#last)} ${this.#screen.split('\n').slice(-6).join(' | ')}`
  }
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}

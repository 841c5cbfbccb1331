// The programs that a rehearsal starts, as people start them: words, a PIN over a descriptor of its
// own, one line of JSON back. What stays up is ended in the end, whatever happened before.
// INVARIANT: a PIN is no word and no variable of the environment; only processes that were started
// here are ended. A program that dies takes the rehearsal with it: nothing is tried twice here.
// They share compiled code: some sixty starts of four programs, which production does not allow.
import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import type { JsonObject } from '../../proto/jcs.ts'
import { isReasonCode } from '../../proto/reasons.ts'
import { refuse } from '../../proto/refusal.ts'
import { Unavailable } from '../../proto/unavailable.ts'
import type { Secret } from '../dkls23/secret.ts'

export const project = join(import.meta.dirname, '../..')
export const custody = 'cli/main.ts'
export const custodyCeremony = 'signer-node/ceremony/main.ts'
export const custodyCoordinator = 'coordinator/main.ts'

export type Variables = Readonly<Record<string, string>>

export interface Asked {
  /** Stays the caller's to wipe. */
  readonly pin?: Secret
  readonly env?: Variables
}

/** As a Plan names them. */
export const nodeFlags = [
  '--tls-min-v1.3',
  '--disable-sigusr1',
  '--disable-proto=delete',
  '--disable-warning=ExperimentalWarning',
]
const graceMs = 15_000

export class Programs implements AsyncDisposable {
  /** Of whatever is started for this rehearsal. */
  readonly env: Variables
  readonly #logs: string
  readonly #up: ChildProcess[] = []

  /** `logs`: a directory for what they say beside their answers. */
  constructor(logs: string) {
    this.#logs = logs
    mkdirSync(logs, { recursive: true, mode: 0o700 })
    this.env = { NODE_COMPILE_CACHE: join(logs, 'compiled') }
  }

  /** What it answered; refused where it refused. */
  async ask(main: string, words: readonly string[], asked: Asked = {}): Promise<JsonObject> {
    const { pin, env = {} } = asked
    const given = pin === undefined ? [] : ['--pin-fd', '3']
    const child = spawn(process.execPath, [...commandOf(main), ...words, ...given, '--json'], {
      stdio: ['ignore', 'pipe', 'pipe', pin === undefined ? 'ignore' : 'pipe'],
      env: { ...process.env, ...this.env, ...env },
    })
    const [stdout, stderr] = [textOf(child.stdout), textOf(child.stderr)]
    const ended = endOf(child)
    if (pin !== undefined) (child.stdio[3] as Writable).end(Buffer.from(pin.bytes))
    const exit = await ended
    return answered(words, { exit, stdout: stdout(), stderr: stderr() })
  }

  /** To its end, which has to be a good one; what it says goes to its log. */
  async play(name: string, main: string, words: readonly string[]): Promise<void> {
    // It ends soon, so nothing is compiled a second time, better.
    const command = ['--liftoff-only', ...commandOf(main), ...words]
    const child = spawn(process.execPath, command, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...this.env },
    })
    this.#up.push(child)
    const log = createWriteStream(join(this.#logs, `${name}.log`))
    const [stdout, stderr] = [textOf(child.stdout), textOf(child.stderr)]
    for (const stream of [child.stdout, child.stderr]) stream.pipe(log, { end: false })
    const exit = await endOf(child)
    log.end()
    if (exit !== 0) throw new Unavailable(`${name} ended with ${exit}:\n${stdout()}${stderr()}`)
  }

  /** Returns when it has said these words on its standard error. */
  async start(name: string, main: string, words: readonly string[], ready: string): Promise<void> {
    const child = spawn(process.execPath, [...commandOf(main), ...words], {
      stdio: ['pipe', 'ignore', 'pipe'],
      env: { ...process.env, ...this.env },
      // A group of its own: Ctrl-C reaches this program, which ends the rest in order.
      detached: true,
    })
    this.#up.push(child)
    const said = textOf(child.stderr)
    child.stderr.pipe(createWriteStream(join(this.#logs, `${name}.log`)))
    await new Promise<void>((resolve, reject) => {
      child.stderr.on('data', () => said().includes(ready) && resolve())
      child.once('exit', () => reject(new Unavailable(`${name} ended early:\n${said()}`)))
      child.once('error', reject)
    })
  }

  /** In the order against that of their starts; one that does not go is killed. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#up.splice(0).reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const ended = endOf(child)
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
      await ended
      clearTimeout(timer)
    }
    rmSync(join(this.#logs, 'compiled'), { recursive: true, force: true })
  }
}

export function commandOf(main: string): readonly string[] {
  return [...nodeFlags, join(project, main)]
}

function textOf(stream: NodeJS.ReadableStream | null): () => string {
  let text = ''
  stream?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  return () => text
}

function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    child.once('close', (exit) => resolve(exit))
    child.once('error', () => resolve(null))
  })
}

interface Ended {
  readonly exit: number | null
  readonly stdout: string
  readonly stderr: string
}

function answered(words: readonly string[], { exit, stdout, stderr }: Ended): JsonObject {
  const line = stdout.trimEnd().split('\n').at(-1) ?? ''
  const said: JsonObject = line.startsWith('{') ? JSON.parse(line) : {}
  if (exit === 0) return said
  const what = words.filter((word) => !word.startsWith('/')).slice(0, 3)
  const refused = objectIn(said, 'refused')
  const code = String(refused['code'] ?? said['code'] ?? '')
  const because = String(refused['because'] ?? said['because'] ?? `${stderr}${line}`.trim())
  if (isReasonCode(code)) return refuse(code, `${what.join(' ')}: ${because}`)
  throw new Unavailable(`${what.join(' ')} ended with ${exit}: ${because}`)
}

function objectIn(from: JsonObject, name: string): JsonObject {
  const found = from[name]
  const isObject = typeof found === 'object' && !Array.isArray(found)
  return isObject ? (found as JsonObject) : {}
}

/** What a program has to have answered. */
export function said(answer: JsonObject, name: string): string {
  const found = answer[name]
  if (typeof found === 'string' && found !== '') return found
  throw new Unavailable(`a program answered without ${name}`)
}

// The token's process as its parent sees it: started for one task and gone after it, asked one
// thing at a time, ended when it does not answer in time. INVARIANT: no secret is in its arguments
// or its environment; what it answers is no longer than a frame, and a late answer is never taken
// for another. A PIN waits in no buffer: the frame is wiped when the system has it.
import { type ChildProcess, spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import type { Duplex } from 'node:stream'
import { concat, fromUtf8, toUtf8 } from '../../proto/crypto.ts'
import { decodeFrame, encodeFrame, frameLength } from './frames.ts'
import type { Operation } from './serve.ts'
import { faultNames, TokenFault } from './token.ts'

const program = join(import.meta.dirname, 'main.ts')
const repository = join(import.meta.dirname, '../..')

interface Waiting {
  readonly resolve: (fields: readonly Uint8Array[]) => void
  readonly reject: (fault: TokenFault) => void
}

export class TokenProcess {
  readonly #child: ChildProcess
  readonly #wire: Duplex
  readonly #gone: Promise<void>
  #heard = new Uint8Array(0)
  #waiting: Waiting | undefined
  #isGone = false

  /** `main` is another program in tests only: one that hangs, lies or dies. */
  constructor(module: string, main: string = program) {
    this.#child = spawn(process.execPath, [...flagsFor(module), main], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
      cwd: dirname(program),
    })
    this.#wire = this.#child.stdio[3] as Duplex
    this.#gone = new Promise((resolve) => {
      this.#child.once('exit', () => resolve())
      this.#child.once('error', () => resolve())
    })
    this.#wire.on('data', (chunk: Uint8Array) => this.#hear(chunk))
    this.#wire.on('error', () => this.#failed('not-present', 'its process does not answer'))
    void this.#gone.then(() => {
      this.#isGone = true
      this.#failed('gone', 'its process has ended')
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** The fields of the answer; throws a TokenFault. The request's fields are the caller's. */
  async ask(
    operation: Operation,
    fields: readonly Uint8Array[],
    timeoutMs: number,
  ): Promise<readonly Uint8Array[]> {
    if (this.#isGone) throw new TokenFault('gone', 'its process has ended')
    if (this.#waiting !== undefined) throw new Error('a token is asked one thing at a time')
    const { promise, resolve, reject } = Promise.withResolvers<readonly Uint8Array[]>()
    this.#waiting = { resolve, reject }
    const timer = setTimeout(() => {
      this.kill()
      this.#failed('broken', `${operation}: no answer within ${timeoutMs} ms; it was ended`)
    }, timeoutMs)
    const frame = encodeFrame([toUtf8(operation), ...fields])
    this.#wire.write(frame, () => frame.fill(0))
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      this.#waiting = undefined
    }
  }

  /** Asked to log out; ended when it does not. */
  async close(timeoutMs: number): Promise<void> {
    try {
      await this.ask('close', [], timeoutMs)
    } catch {
      this.kill()
    }
    this.#wire.end()
    const timer = setTimeout(() => this.kill(), timeoutMs)
    await this.#gone
    clearTimeout(timer)
    this.#wire.destroy()
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  #hear(chunk: Uint8Array): void {
    this.#heard = concat(this.#heard, chunk) as Uint8Array<ArrayBuffer>
    chunk.fill(0)
    try {
      const length = frameLength(this.#heard)
      if (length === undefined || this.#heard.length < length) return
      if (this.#heard.length > length) throw new Error('more than one answer')
      const fields = decodeFrame(this.#heard)
      this.#heard.fill(0)
      this.#heard = new Uint8Array(0)
      this.#answered(fields)
    } catch (error) {
      this.kill()
      this.#failed('broken', error instanceof Error ? error.message : 'no frame')
    }
  }

  #answered([status, ...fields]: readonly Uint8Array[]): void {
    const said = fromUtf8(status ?? new Uint8Array(0)) ?? ''
    if (this.#waiting === undefined) {
      this.kill()
      return
    }
    if (said === 'ok') {
      this.#waiting.resolve(fields)
      return
    }
    const fault = faultNames.find((name) => name === said) ?? 'broken'
    this.#failed(fault, fromUtf8(fields[0] ?? new Uint8Array(0)) ?? '')
  }

  #failed(fault: TokenFault['fault'], because: string): void {
    this.#waiting?.reject(new TokenFault(fault, because))
  }
}

/**
 * A module needs to be loaded and read; what it does by itself no runtime can forbid. The process
 * lives for one task: what strips the types of its few files is not compiled a second time, better.
 */
function flagsFor(module: string): readonly string[] {
  const always = ['--disable-warning=ExperimentalWarning', '--disable-sigusr1', '--liftoff-only']
  if (module.startsWith('software:')) return always
  const readable = [repository, module].map((path) => `--allow-fs-read=${path}`)
  return [...always, '--permission', '--allow-addons', ...readable]
}

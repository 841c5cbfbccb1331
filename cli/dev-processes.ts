// The real programs as child processes of a development cluster: started with their own files only,
// their output in one log file each, stopped in order. Ends only processes that it started.
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Unavailable } from '../proto/unavailable.ts'

export interface Command {
  readonly name: string
  readonly program: string
  readonly words: readonly string[]
  /** Directory of the log files. */
  readonly logs: string
}

export interface Child {
  readonly name: string
  readonly pid: number
  isRunning(): boolean
  /** Waits until `ready` says so; throws with the end of the log when the child exits before. */
  until(ready: () => Promise<boolean>, what: string): Promise<void>
  /** SIGTERM, then SIGKILL after the grace; returns when it has gone. */
  stop(graceMs?: number): Promise<void>
  /** SIGKILL at once. */
  kill(): Promise<void>
  onExit(listener: (code: number | null) => void): void
}

const readyTimeoutMs = 60_000
const pollMs = 50
const graceDefaultMs = 10_000

/** Flags of every program of ours: TLS 1.3, no debugger by signal, no prototype by `__proto__`. */
const nodeFlags = [
  '--tls-min-v1.3',
  '--disable-sigusr1',
  '--disable-proto=delete',
  '--disable-warning=ExperimentalWarning',
]
/**
 * No core file, nothing for others, two pools of memory for all threads instead of eight a core:
 * then the program takes the place of the shell.
 */
const shell = ['-c', 'ulimit -c 0; umask 077; export MALLOC_ARENA_MAX=2; exec "$0" "$@"']
const repository = join(import.meta.dirname, '..')

/** `main` is a program of this repository, for example `coordinator/main.ts`. */
export function nodeCommand(
  main: string,
  words: readonly string[],
  flags: readonly string[] = [],
): Pick<Command, 'program' | 'words'> {
  const program = join(repository, main)
  const node = [process.execPath, ...nodeFlags, ...flags, program, ...words]
  return { program: '/bin/sh', words: [...shell, ...node] }
}

export function startChild({ name, program, words, logs }: Command): Child {
  mkdirSync(logs, { recursive: true })
  const logFile = join(logs, `${name}.log`)
  const log = openSync(logFile, 'a', 0o600)
  // A group of its own, so that Ctrl-C reaches only the parent, which stops the rest in order.
  const child = spawn(program, words, { stdio: ['ignore', log, log], detached: true })
  closeSync(log)
  const gone = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => resolve(code))
    child.once('error', () => resolve(null))
  })
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null
  return {
    name,
    pid: child.pid ?? 0,
    isRunning,
    until: (ready, what) => untilReady({ name, logFile, isRunning }, ready, what),
    stop: (graceMs = graceDefaultMs) => stopChild(child, gone, graceMs),
    kill: async () => {
      if (isRunning()) child.kill('SIGKILL')
      await gone
    },
    onExit: (listener) => {
      void gone.then(listener)
    },
  }
}

async function untilReady(
  { name, logFile, isRunning }: { name: string; logFile: string; isRunning: () => boolean },
  ready: () => Promise<boolean>,
  what: string,
): Promise<void> {
  for (let waitedMs = 0; waitedMs < readyTimeoutMs; waitedMs += pollMs) {
    if (await ready()) return
    if (!isRunning()) throw new Unavailable(`${name} exited before it ${what}:\n${endOf(logFile)}`)
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
  throw new Unavailable(`${name} not ready after ${readyTimeoutMs} ms:\n${endOf(logFile)}`)
}

async function stopChild(child: ChildProcess, gone: Promise<unknown>, graceMs: number) {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
  await gone
  clearTimeout(timer)
}

function endOf(logFile: string): string {
  return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-12).join('\n')
}

/** A GET on loopback that answers 200. */
export async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1_000) })
    return response.ok
  } catch {
    return false
  }
}

// Starts custody-signer for what needs a Keyshare: this program knows none. The passphrase goes
// through the child's stdin, never through its arguments or environment; one line of JSON comes
// back.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { JsonObject } from '../proto/jcs.ts'
import { isReasonCode } from '../proto/reasons.ts'
import { refuse } from '../proto/refusal.ts'
import { Unavailable } from '../proto/unavailable.ts'
import { UsageError } from './verb.ts'

const program = join(import.meta.dirname, '../signer-node/main.ts')
const flags = ['--disable-sigusr1', '--disable-warning=ExperimentalWarning']

export type Said = JsonObject

/** Wipes the passphrase; refuses what the program refused. */
export async function runSigner(words: readonly string[], passphrase: Uint8Array): Promise<Said> {
  const child = spawn(process.execPath, [...flags, program, ...words], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  await new Promise<void>((resolve) => child.stdin.end(passphrase, resolve))
  passphrase.fill(0)
  const exit = await ended
  const said = lastObject(stdout)
  if (exit === 0) return said
  if (exit === 2) throw new UsageError(stderr.trim())
  const code = String(said['code'] ?? '')
  const because = String(said['because'] ?? stderr.trim())
  if (exit === 1 && isReasonCode(code)) return refuse(code, because)
  throw new Unavailable(`custody-signer ended with ${exit}: ${because}`)
}

function lastObject(printed: string): Said {
  const line = printed.trimEnd().split('\n').at(-1) ?? ''
  return line.startsWith('{') ? JSON.parse(line) : {}
}

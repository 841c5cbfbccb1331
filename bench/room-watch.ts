// Watches a room from outside while it plays: when each step left its lines in the Record of the
// Record station, and the CPU that the programs of the room and the processes of their tokens had
// used by then. Reads /proc and a file that grows; asks no program anything.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { processCpu } from './process-cpu.ts'

export interface Moment {
  readonly atMs: number
  readonly cpuMs: number
}

/** First and last line of a step, by its number in the script. */
export interface Stepped {
  readonly first: Moment
  readonly last: Moment
}

const everyMs = 5
const ofRoom = /ceremony\/main\.ts\0(run|record)\0/

export class RoomWatch implements Disposable {
  readonly steps = new Map<string, Stepped>()
  readonly #card: string
  readonly #timer: NodeJS.Timeout
  #seen = 0

  /** `card`: of the Record station, of one sitting. */
  constructor(card: string) {
    this.#card = card
    this.#timer = setInterval(() => this.#look(), everyMs)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const file = existsSync(this.#card) ? readdirSync(this.#card).find(isRecord) : undefined
    if (file === undefined) return
    const lines = readFileSync(join(this.#card, file), 'utf8').split('\n').slice(0, -1)
    if (lines.length === this.#seen) return
    const now = { atMs: performance.now(), cpuMs: roomCpuMs() }
    for (const line of lines.slice(this.#seen)) {
      const { step }: { readonly step: string } = JSON.parse(line)
      this.steps.set(step, { first: this.steps.get(step)?.first ?? now, last: now })
    }
    this.#seen = lines.length
  }
}

function isRecord(name: string): boolean {
  return name.startsWith('record-') && name.endsWith('.jsonl')
}

/** Of every program of a room below this process, with the token processes of each. */
function roomCpuMs(): number {
  const all = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? seen(name) : []))
  const programs = new Set(all.filter(({ isOfRoom }) => isOfRoom).map(({ pid }) => pid))
  return all
    .filter(({ pid, parent }) => programs.has(pid) || programs.has(parent))
    .reduce((sum, { ownMs, waitedMs }) => sum + ownMs + waitedMs, 0)
}

function seen(name: string) {
  try {
    const [pid, cpu] = [Number(name), processCpu(Number(name))]
    const isOwn = cpu.parent === process.pid
    const isOfRoom = isOwn && ofRoom.test(readFileSync(`/proc/${name}/cmdline`, 'utf8'))
    return [{ pid, isOfRoom, ...cpu }]
  } catch {
    // Gone between the two looks.
    return []
  }
}

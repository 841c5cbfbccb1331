// A sitting of real programs in a test's hands: it hears of each step when the Record station has
// written the first line of it, and meanwhile may kill a program as power does, or look at its
// process. Who was killed is started again by the same words, as its owner would.
// Ends only processes that it started.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Outside, Prepared } from '../../signer-node/ceremony/rehearsal-outside.ts'
import type { Player } from '../../signer-node/ceremony/rehearsal-player.ts'
import {
  type LaidTable,
  type RoomPorts,
  recordPlayer,
  stationPlayer,
} from '../../signer-node/ceremony/rehearsal-room.ts'

const everyMs = 10
const graceMs = 60_000

export interface ProgramRoomParts {
  readonly outside: Outside
  readonly prepared: Prepared
  readonly laid: LaidTable
  readonly ports: RoomPorts
}

export class ProgramRoom implements Disposable {
  readonly #parts: ProgramRoomParts
  readonly #players = new Map<string, Player>()
  /** Lines of the Record as the Record station has them, whoever runs there. */
  #lines: readonly { readonly step: string; readonly type: string }[] = []
  /** Whom this test kills; whoever else ends badly has failed. */
  readonly #dying = new Set<string>()
  #failed: unknown

  constructor(parts: ProgramRoomParts) {
    this.#parts = parts
    for (const name of ['record', ...parts.outside.stations.map(({ node }) => node)]) {
      this.#start(name)
    }
  }

  get lines(): readonly { readonly step: string; readonly type: string }[] {
    return this.#lines
  }

  pidOf(name: string): number {
    return this.#players.get(name)?.pid ?? 0
  }

  /** SIGKILL, and the same words again when it has gone; `look`: what lies there meanwhile. */
  async kill(name: string, look: () => Promise<void> = async () => {}): Promise<void> {
    const player = this.#players.get(name)
    if (player?.pid === undefined) throw new Error(`${name} does not run`)
    this.#dying.add(name)
    process.kill(player.pid, 'SIGKILL')
    await player.ended.catch(() => {})
    await look()
    this.#dying.delete(name)
    this.#start(name)
  }

  /** SIGKILL, and nobody starts it again. */
  async lose(name: string): Promise<void> {
    const player = this.#players.get(name)
    if (player?.pid === undefined) throw new Error(`${name} does not run`)
    process.kill(player.pid, 'SIGKILL')
    await player.ended.catch(() => {})
  }

  /** What it answered, or why it ended otherwise. */
  async ended(name: string): Promise<string> {
    const player = this.#players.get(name)
    if (player === undefined) throw new Error(`${name} does not run`)
    return await player.ended.then(JSON.stringify, String)
  }

  /** While the Record station is stopped nobody is told a turn, so that what is looked at stays. */
  async still(work: () => Promise<void>): Promise<void> {
    const pid = this.pidOf('record')
    process.kill(pid, 'SIGSTOP')
    try {
      await work()
    } finally {
      process.kill(pid, 'SIGCONT')
    }
  }

  /** Until the Record station has ended well; what it answered. */
  async play(onStep: (step: string) => Promise<void>): Promise<{ readonly outcome?: unknown }> {
    const seen = new Set<string>()
    for (;;) {
      const room = this.#players.get('record')
      const answer = await Promise.race([
        room?.ended.catch((error: unknown) => {
          throw new Error(`after ${[...seen].at(-1)}: ${String(error)}`)
        }),
        new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), everyMs)),
      ])
      if (this.#failed !== undefined) throw this.#failed
      this.#read()
      if (answer !== undefined) return answer
      const fresh = this.#lines.find(({ step }) => !seen.has(step))
      if (fresh === undefined) continue
      seen.add(fresh.step)
      await onStep(fresh.step)
    }
  }

  /** Stations end when they heard that it is closed. */
  async over(): Promise<void> {
    const stations = [...this.#players].filter(([name]) => name !== 'record')
    const ends = Promise.all(stations.map(([, player]) => player.ended))
    const late = new Promise<never>((_, reject) =>
      setTimeout(() => reject(new Error('a station did not end')), graceMs).unref(),
    )
    await Promise.race([ends, late])
  }

  [Symbol.dispose](): void {
    for (const player of this.#players.values()) player.end()
  }

  #start(name: string): void {
    const { outside, prepared, laid, ports } = this.#parts
    const station = outside.stations.find(({ node }) => node === name)
    const player =
      station === undefined
        ? recordPlayer(outside, prepared, laid, ports)
        : stationPlayer(station, prepared, laid, ports)
    this.#players.set(name, player)
    if (station === undefined) return
    player.ended.catch((error: unknown) => {
      if (!this.#dying.has(name)) this.#failed ??= error
    })
  }

  #read(): void {
    const { card } = this.#parts.laid
    const file = existsSync(card)
      ? readdirSync(card).find((name) => recordForm.test(name))
      : undefined
    if (file === undefined) return
    const lines = readFileSync(join(card, file), 'utf8').split('\n').slice(0, -1)
    if (lines.length !== this.#lines.length) this.#lines = lines.map((line) => JSON.parse(line))
  }
}

const recordForm = /^record-.*\.jsonl$/

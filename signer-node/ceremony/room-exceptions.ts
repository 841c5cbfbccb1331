// Exceptions as lines of the Record, in the name of the recorder, decided by the administrator:
// what the script did not expect, what somebody noted beside it, that the Record station was
// started again, and why the ceremony was stopped.
// INVARIANT: a stop is told once, over restarts too, and before any turn of the closing.
import type { Turn } from '../../policy/ceremony/script.ts'
import { refuse } from '../../proto/refusal.ts'
import type { RecordCopy } from './record-copy.ts'
import { type DeskLine, exceptionLine, type Unexpected } from './room-desk.ts'
import type { RoomLog } from './room-log.ts'
import { canSay, type Note, RoomNotes } from './room-notes.ts'
import { stopDecision, stoppedBefore } from './room-turns.ts'
import type { Desk } from './station-acts.ts'

export interface ExceptionNeeds {
  readonly log: RoomLog
  readonly record: RecordCopy
  readonly desk: Desk
  readonly writeLine: (line: DeskLine, step: string) => Promise<void>
}

export class RoomExceptions {
  readonly #needs: ExceptionNeeds
  readonly #notes: RoomNotes

  constructor(needs: ExceptionNeeds) {
    this.#needs = needs
    this.#notes = new RoomNotes((text) => needs.desk.say(text))
  }

  /** Becomes one before the next step. */
  note(said: Note): void {
    this.#notes.add(said)
  }

  async say({ step }: Turn, said: Unexpected): Promise<void> {
    const { record, writeLine } = this.#needs
    const number = record.state.exceptions + 1
    await writeLine(exceptionLine(this.#plan, number, said), step.id)
  }

  async notes(turn: Turn): Promise<void> {
    for (const { written, ...said } of this.#notes.due(this.#needs.record.state, this.#plan)) {
      await this.say(turn, said)
      written?.()
    }
  }

  /** Which is why a turn may stand twice in the Record. */
  async again(turn: Turn | undefined): Promise<void> {
    if (turn === undefined || !this.#canSay) return
    const happened = 'the Record station was started again'
    const decided = 'it goes on where its lines end'
    await this.say(turn, { expected: 'one program to its end', happened, decided })
  }

  /** Once, before the closing. */
  async stop(turn: Turn, because: string): Promise<void> {
    const { lines, state } = this.#needs.record
    if (stoppedBefore(lines) !== '' || state.closed !== undefined) return
    if (!this.#canSay) {
      // Nobody is there who could close it, and nothing was begun.
      refuse('CEREMONY', `stopped before the recorder sat: ${because}`)
    }
    const expected = 'the script to its end'
    await this.say(turn, { expected, happened: because, decided: stopDecision })
  }

  get #canSay(): boolean {
    return canSay(this.#needs.record.state, this.#plan)
  }

  get #plan() {
    return this.#needs.log.bundle.plan.plan
  }
}

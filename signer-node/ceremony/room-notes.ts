// What was not as expected and somebody said beside the script, until the Record can take it: from
// the recorder and the administrator being there to the last line. Said after it, it is told, to be
// written on paper. INVARIANT: as many wait as there is room for; what is not taken is told.
import { having } from '../../policy/ceremony/people.ts'
import type { Plan } from '../../policy/ceremony/plan.ts'
import { actorText } from '../../policy/ceremony/record.ts'
import type { RecordState } from '../../policy/ceremony/record-chain.ts'
import { limits } from '../../proto/limits.ts'
import { recorderOf, type Unexpected } from './room-desk.ts'

export interface Note extends Unexpected {
  /** Whoever says it again means the same one. */
  readonly id?: string
  /** It is a line now, or was told instead. */
  readonly written?: () => void
}

export class RoomNotes {
  readonly #tell: (text: string) => void
  readonly #waiting: Note[] = []
  /** Taken: as many as there are lines. */
  readonly #known = new Set<string>()

  constructor(tell: (text: string) => void) {
    this.#tell = tell
  }

  add(note: Note): void {
    const { id } = note
    if (id !== undefined && this.#known.has(id)) return
    if (this.#waiting.length >= limits.roomNotesMax) {
      this.#tell(`too many notes at once, not taken: ${note.happened}`)
      return
    }
    if (id !== undefined) this.#known.add(id)
    this.#waiting.push(note)
  }

  /** Which become lines now, in their order. */
  due(state: RecordState, plan: Plan): readonly Note[] {
    if (state.closed !== undefined) {
      for (const { happened, written } of this.#waiting.splice(0)) {
        this.#tell(`the Record is closed; write it on paper: ${happened}`)
        written?.()
      }
    }
    return canSay(state, plan) ? this.#waiting.splice(0) : []
  }
}

/** An exception is written by the recorder and decided by the administrator: both are there. */
export function canSay({ present, closed }: RecordState, plan: Plan): boolean {
  const [administrator] = having(plan.people, 'administrator')
  const those = [recorderOf(plan), ...(administrator === undefined ? [] : [administrator])]
  return closed === undefined && those.every((one) => present.has(actorText(one)))
}

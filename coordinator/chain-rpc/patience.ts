// A question that too few endpoints answered is asked again: a range takes hours to read, and an
// endpoint that failed twice rests for some seconds.
import { Unavailable } from '../../proto/unavailable.ts'

/** Milliseconds; without it one failure ends it. */
export type Pause = (ms: number) => Promise<unknown>

const triesMax = 5
/** Longer than an endpoint rests that failed twice. */
const betweenTriesMs = 6_000

export async function patiently<T>(pause: Pause | undefined, ask: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await ask()
    } catch (error) {
      const isLast = pause === undefined || tried === triesMax
      if (isLast || !(error instanceof Unavailable)) throw error
      await pause(betweenTriesMs)
    }
  }
}

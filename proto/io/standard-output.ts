// Where the logs of programs go: lines on standard output, each written before the call returns.
// INVARIANT: a line that finds no room, or no reader, is lost and changes nothing else; the usual
// destination of pino would wait for ever, and its process with it. Formats nothing.
import { writeSync } from 'node:fs'

export const standardOutput = {
  write(line: string): void {
    try {
      for (let rest = Buffer.from(line); rest.length > 0; ) {
        rest = rest.subarray(writeSync(1, rest))
      }
    } catch {
      // Nobody could be told.
    }
  },
}

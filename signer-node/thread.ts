// A worker thread of a node: hears what to do and says what came of it, with a curve and an
// instance of the compiled core of its own (`threads.ts` is the other end, `thread-runs.ts` does
// the work).
// INVARIANT: a bug is not caught: it ends this thread, and with it every run that it had.
import { parentPort, workerData } from 'node:worker_threads'
import { ThreadRuns } from './thread-runs.ts'
import { buffersOf, parseBirth, parseToThread } from './thread-words.ts'
import { chooseCurve } from './twin.ts'

const birth = parseBirth(workerData)
const { curve } = chooseCurve(birth.curve)
curve.points.blind(birth.blinding)
birth.blinding.fill(0)
const runs = new ThreadRuns(curve)

parentPort?.on('message', (words: unknown) => {
  const answer = runs.hear(parseToThread(words))
  if (answer !== undefined) parentPort?.postMessage(answer, buffersOf(answer.moved))
})

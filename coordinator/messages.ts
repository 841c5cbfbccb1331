// What drives a message: attempts until one gives a signature, and then nothing, because no chain
// takes it. One that was tried and has none ends when no attempt may start any more: a line says
// so, since no chain ever will.
import { refuse } from '../proto/refusal.ts'
import { continueSigning, hasLapsed, startFirst } from './attempts.ts'
import { type Driven, type DriverPorts, done, type Next } from './driver.ts'

/** States RESERVED, SIGNING and LAPSING. */
export async function driveMessage(ports: DriverPorts, driven: Driven): Promise<Next> {
  const { intent: row } = driven.view
  if (row === undefined) return refuse('LINE_MISSING', 'no request')
  if (row.state === 'RESERVED') return startFirst(ports, driven)
  const isOver = row.state === 'LAPSING' || (await hasLapsed(ports, driven))
  if (!isOver) return continueSigning(ports, driven)
  await ports.sequencer.propose({ kind: 'expire', content: { intent: row.intent } })
  return done
}

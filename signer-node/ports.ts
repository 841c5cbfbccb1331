// What a node needs of the world, handed in by main.ts or by a test: clocks, kernel randomness, a
// way to send a frame, a way to run work after the present turn, and an ear for what happened.
// INVARIANT: nothing in the node reads a clock or draws bytes except through these. Knows no file,
// no socket and no protocol.
import type { NodeFrame } from '../proto/frames.ts'
import type { Remedy } from './dkls23/abort.ts'
import type { Runner } from './stepper.ts'

export interface Clock {
  /** UTC in milliseconds; may jump. */
  wallMs(): number
  /** Milliseconds since some start; never jumps. Deadlines are measured with it. */
  monotonicMs(): number
}

/** Straight from the kernel. */
export type Random = (length: number) => Uint8Array

/** What an operator may want to know. Never a secret, never a payload. */
export interface Event {
  readonly level: 'info' | 'warn' | 'alarm'
  /** What happened, as a short fixed name, for logs and metrics. */
  readonly name: string
  readonly because?: string
  readonly peer?: string
  readonly vault?: string
  readonly intent?: string
  readonly sid?: string
  /** Of a session that failed: why, and what is left to do. */
  readonly reason?: string
  readonly remedy?: Remedy
}

/** How much of what happens is written to the log. */
export interface Voice {
  readonly level: () => Event['level']
  readonly setLevel: (level: Event['level']) => void
}

export interface Ports {
  readonly clock: Clock
  readonly random: Random
  readonly send: (coordinator: string, frame: NodeFrame) => void
  /** Runs later, in order: no computation holds the streams for several steps. */
  readonly defer: (work: () => void) => void
  /** The same, between two parts of one frame: the loop may turn. */
  readonly pause: (work: () => void) => void
  readonly report: (event: Event) => void
  /** Where long computations take place. */
  readonly runner: Runner
}

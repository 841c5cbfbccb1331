// What a coordinator needs of the world, handed in by main.ts or by a test: a clock that also
// waits, kernel randomness, a signer for checkpoints, an ear for what happened.
// INVARIANT: nothing in the coordinator reads a clock or draws bytes except through these, and none
// of them is a secret of a vault.
import type { Vkey } from '../policy/audit/checkpoint.ts'
import type { Sign } from '../proto/signed.ts'

export interface Clock {
  /** UTC in milliseconds; may jump. */
  now(): number
  /** Resolves after so many milliseconds, or at once when `stop` is aborted. */
  sleep(ms: number, stop?: AbortSignal): Promise<void>
}

export type Random = (length: number) => Uint8Array

/** Signs checkpoints of one origin: the name in `vkey`. */
export interface LogSigner {
  readonly vkey: Vkey
  readonly sign: Sign
}

/** What an operator may want to know. Never a secret, never a payload. */
export interface Event {
  readonly level: 'info' | 'warn' | 'alarm'
  /** What happened, as a short fixed name, for logs and metrics. */
  readonly name: string
  readonly because?: string
  readonly node?: string
  readonly intent?: string
  readonly vault?: string
}

export type Report = (event: Event) => void

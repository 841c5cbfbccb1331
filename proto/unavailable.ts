// Unavailable: the edge could not tell. A peer, a database or a chain did not answer; the same may
// be tried again. It is thrown, never returned: the law has said neither yes nor no.
// Source: house style, four ways to fail.
import type { ReasonCode } from './reasons.ts'

export type UnavailableCode = Extract<
  ReasonCode,
  'NOT_ENOUGH_SIGNERS' | 'NOT_ENOUGH_WITNESSES' | 'AUDIT_UNAVAILABLE' | 'CHAIN_UNAVAILABLE'
>

export class Unavailable extends Error {
  override readonly name = 'Unavailable'
  /** What is missing; undefined at a client that reached nobody. */
  readonly code: UnavailableCode | undefined
  constructor(because: string, code?: UnavailableCode, cause?: unknown) {
    super(because, { cause })
    this.code = code
  }
}

/** Undefined where the edge could not tell. */
export async function orNothing<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof Unavailable) return undefined
    throw error
  }
}

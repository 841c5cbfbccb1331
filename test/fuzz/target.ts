/**
 * A target of the fuzzer: one decoder or step function, inputs that it accepts, and the errors that
 * it may answer others with. Anything else that comes out is a crash.
 */

import { fromUtf8, toUtf8 } from '../../proto/crypto.ts'
import { Refused, refuse } from '../../proto/refusal.ts'
import { mutateBytes } from './mutate-bytes.ts'
import { mutateJson } from './mutate-json.ts'
import type { Chance } from './random.ts'

type ErrorClass = new (...args: never[]) => Error

export interface Target {
  readonly name: string
  readonly seeds: readonly [Uint8Array, ...Uint8Array[]]
  /** Throws one of `refusals`, or takes the input. */
  readonly run: (input: Uint8Array) => void
  readonly mutate: (input: Uint8Array, chance: Chance, other: Uint8Array) => Uint8Array
  readonly refusals: readonly ErrorClass[]
  /** Gives back what its runs opened. */
  readonly end?: () => void
  /** One execution may take so long, on a machine that has other work; beyond it is a hang. */
  readonly msMax: number
  /** Executions for one of the fastest target's: slow ones get fewer. */
  readonly share: number
}

type Seeds = Target['seeds']

const defaults = { refusals: [Refused], mutate: mutateBytes, msMax: 1_000, share: 1 } as const

export function bytesTarget(
  name: string,
  seeds: Seeds,
  run: (input: Uint8Array) => void,
  more: Partial<Target> = {},
): Target {
  return { ...defaults, name, seeds, run, ...more }
}

/** Text in any form: what is no UTF-8 never reaches a decoder of text. */
export function textTarget(
  name: string,
  seeds: Seeds,
  run: (text: string) => void,
  more: Partial<Target> = {},
): Target {
  const decode = (input: Uint8Array): void => {
    run(fromUtf8(input) ?? refuse('MALFORMED', 'expected well-formed utf-8'))
  }
  return { ...defaults, name, seeds, run: decode, ...more }
}

/** A JSON document, from its bytes. */
export function jsonTarget(
  name: string,
  seeds: Seeds,
  run: (bytes: Uint8Array, text: string) => void,
  more: Partial<Target> = {},
): Target {
  const mutate: Target['mutate'] = (input, chance, other) => {
    if (chance.below(16) === 0) return mutateBytes(input, chance, other)
    return toUtf8(mutateJson(fromUtf8(input) ?? '', chance, fromUtf8(other) ?? ''))
  }
  const decode = (input: Uint8Array): void => run(input, fromUtf8(input) ?? '')
  return { ...defaults, name, seeds, run: decode, mutate, share: 0.3, ...more }
}

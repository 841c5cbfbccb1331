// How often a PIN was tried and found wrong, on disk before each try: a service that is started
// again and again must not lock its token. Devices count too, but not all say so beforehand, and
// some (software) never lock. Two wrong ones end the trying by itself; then a person says that he
// knows. INVARIANT: counted before, and taken back only where the PIN was right or given to nobody:
// a token that did not answer, or went, may have counted it. Holds no PIN.
import { join } from 'node:path'
import { encode, parse } from '../proto/jcs.ts'
import { attempt, isRefusal, Refused, refuse } from '../proto/refusal.ts'
import { integer, literal, object } from '../proto/shape.ts'
import { replaceFile } from './floor-file.ts'
import type { PinState } from './hsm/token.ts'
import { inDirectory, readOwnFileIfThere } from './own-file.ts'

export const wrongMax = 2
const countMax = 1_000

const shape = object({ format: literal('custody-pin-tries/v1'), wrong: integer(0, countMax) })

/** A file the machine has, or a person who is there. */
export interface Trying {
  readonly by: 'credential' | 'operator'
  /** The person knows how many tries are left. */
  readonly isAcknowledged: boolean
}

export class PinTries {
  readonly #path: string

  constructor(directory: string) {
    this.#path = join(directory, 'pin-tries.json')
  }

  /** Unreadable counts as too many; refused behind a link, which could lead to nothing. */
  get wrong(): number {
    const bytes = readOwnFileIfThere(inDirectory(this.#path))
    if (bytes === undefined) return 0
    const read = attempt(() => shape(parse(bytes), 'pin tries').wrong)
    return isRefusal(read) ? wrongMax : read
  }

  /** Refused before the token is asked; otherwise the result of the one try counts. */
  async once<T>(trying: Trying, pin: PinState, login: () => Promise<T>): Promise<T> {
    const before = this.wrong
    requireMayTry(trying, pin, before)
    this.#write(Math.min(countMax, before + 1))
    try {
      const done = await login()
      this.#write(0)
      return done
    } catch (error) {
      if (isUntried(error)) this.#write(before)
      throw error
    }
  }

  #write(wrong: number): void {
    replaceFile(this.#path, encode({ format: 'custody-pin-tries/v1', wrong }))
  }
}

function requireMayTry({ by, isAcknowledged }: Trying, pin: PinState, wrong: number): void {
  if (pin.isLocked) refuse('TOKEN_LOCKED', 'the token is locked: its officer sets a new PIN')
  if (isAcknowledged && by === 'operator') return
  if (pin.isFinalTry) {
    refuse('TOKEN_LOCKED', 'one more wrong PIN locks the token: unlock with --last-try')
  }
  if (wrong >= wrongMax) {
    refuse('TOKEN_PIN', `${wrong} wrong PINs: not tried again, but by unlock with --last-try`)
  }
  if (by === 'credential' && pin.isLow) {
    refuse('TOKEN_PIN', 'the token has seen a wrong PIN: not tried by itself, unlock by hand')
  }
}

/** Refused before the token was asked, or by one that counts no more. */
function isUntried(error: unknown): boolean {
  return error instanceof Refused && error.refusal.code === 'TOKEN_LOCKED'
}

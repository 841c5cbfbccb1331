// A PIN, asked of its owner in one step of a ceremony. Two wrong ones stop the step; where the
// token says that the next wrong one locks it, or two were wrong before, its owner first types that
// he knows, and that is an exception in the Record before anything is tried.
// INVARIANT: one try each time it is asked, never repeated by the program; what is typed unseen
// stands in no string.
import { Refused, refuse } from '../../proto/refusal.ts'
import type { Secret } from '../dkls23/secret.ts'
import type { PinState } from '../hsm/token.ts'
import { type PinTries, type Trying, wrongMax } from '../pin-tries.ts'
import type { Terminal } from '../terminal.ts'

/** Where a PIN is typed; a terminal is one. */
export type PinPad = Pick<Terminal, 'say' | 'line' | 'secret'>

/** What a Record says of it. */
export interface PinException {
  readonly expected: string
  readonly happened: string
  readonly decided: string
}

export interface PinPorts {
  readonly pad: PinPad
  /** Counted on the Station's card, over steps and restarts. */
  readonly tries: PinTries
  readonly exception: (said: PinException) => void | Promise<void>
}

export const lastTryWords = 'one more wrong pin locks it'
const triesInStep = 2

/** `open` looks at a token anew for each try; `login` is asked once with what was typed. */
export async function byPin<T extends { readonly pin: PinState }>(
  { pad, tries, exception }: PinPorts,
  open: () => Promise<T & AsyncDisposable>,
  login: (token: T, pin: Secret, isAcknowledged: boolean) => Promise<void>,
): Promise<T & AsyncDisposable> {
  for (let at = 1; ; at += 1) {
    await using onFailure = new AsyncDisposableStack()
    // First the token: a PIN is not typed for one that is not there.
    const token = onFailure.use(await open())
    const isAcknowledged = await acknowledged(token.pin, tries.wrong, { pad, exception })
    const trying: Trying = { by: 'operator', isAcknowledged }
    using pin = await pad.secret('PIN of the token: ')
    try {
      await tries.once(trying, token.pin, () => login(token, pin, isAcknowledged))
      onFailure.move()
      return token
    } catch (error) {
      if (!isWrong(error)) throw error
      if (at === triesInStep) return refuse('TOKEN_PIN', 'two wrong PINs: this step stops')
      pad.say('wrong PIN; it is asked once more in this step\n')
    }
  }
}

async function acknowledged(
  pin: PinState,
  wrong: number,
  { pad, exception }: Pick<PinPorts, 'pad' | 'exception'>,
): Promise<boolean> {
  if (pin.isLocked) refuse('TOKEN_LOCKED', 'the token is locked: its officer sets a new PIN')
  const isLast = pin.isFinalTry
  // Within one step the second try is the person's; beyond that it is an exception.
  if (!isLast && wrong < wrongMax) return false
  const happened = isLast
    ? 'the token says that the next wrong PIN locks it'
    : `${wrong} wrong PINs were typed before`
  pad.say(`${happened}\n`)
  const typed = await pad.line(`to try all the same, type: ${lastTryWords}\n`)
  if (typed.trim() !== lastTryWords) refuse('TOKEN_LOCKED', `${happened}: not tried`)
  await exception({ expected: 'the right PIN', happened, decided: 'tried once more by its owner' })
  return true
}

function isWrong(error: unknown): boolean {
  return error instanceof Refused && error.refusal.code === 'TOKEN_PIN'
}

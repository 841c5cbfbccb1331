// Where a verb's PIN comes from: the terminal, or for scripts a file of its owner alone or a
// descriptor; then it is tried once, and --last-try stands for what a person would type.
// INVARIANT: no PIN is a word of the command.
import { refuse } from '../../proto/refusal.ts'
import type { CommandWorld } from '../command.ts'
import { text, type Words, yes } from '../commands-words.ts'
import { readLines } from '../opening.ts'
import { PinTries } from '../pin-tries.ts'
import { made } from '../places.ts'
import { lastTryWords, type PinException, type PinPad, type PinPorts } from './pin-step.ts'

export const pinFlags = { 'pin-file': text, 'pin-fd': text, 'last-try': yes } as const
export const pinUsage = '  of the PIN: [--pin-file FILE | --pin-fd N], and [--last-try]'
export const slotFlags = { module: text, parameters: text, digest: text } as const
export const slotUsage = '--module FILE [--parameters P] [--digest SHA256]'

export interface AskedPin extends Disposable {
  readonly ports: PinPorts
  /** What had to be acknowledged: belongs into the Record. */
  readonly exceptions: readonly PinException[]
}

/** `directory`: of the medium, where wrong ones are counted. */
export function askedPin(flags: Words, world: CommandWorld, directory: string): AskedPin {
  flags.oneOf('pin-file', 'pin-fd')
  const exceptions: PinException[] = []
  const exception = (said: PinException): void => void exceptions.push(said)
  const source = flags.descriptor('pin-fd') ?? flags.flag('pin-file')
  const terminal = source === undefined ? world.terminal() : undefined
  const pad = source === undefined ? terminal : padOf(source, flags.is('last-try'))
  if (pad === undefined) return refuse('CONFIG', 'PIN: no terminal to ask at')
  const ports = { pad, tries: new PinTries(made(directory)), exception }
  return { ports, exceptions, [Symbol.dispose]: () => terminal?.close() }
}

export function slotOf(flags: Words) {
  const [parameters, digest] = [flags.flag('parameters') ?? '', flags.flag('digest') ?? '']
  return { module: flags.text('module'), parameters, digest }
}

function padOf(source: string | number, isLastTry: boolean): PinPad {
  let isUsed = false
  return {
    say: () => {},
    line: async () => (isLastTry ? lastTryWords : ''),
    secret: async () => {
      if (isUsed) return refuse('TOKEN_PIN', 'the PIN that was given is wrong; it is tried once')
      isUsed = true
      const [pin] = readLines(source, ['PIN'])
      return pin ?? refuse('CONFIG', 'expected a PIN')
    },
  }
}

// What every command of custody-signer beside its running is given and is made of, and how it says
// that its words are wrong. Reads nothing and knows no command.
import type { SignerConfig } from './config.ts'
import type { Curve } from './dkls23/curve.ts'
import type { Random } from './ports.ts'
import type { Terminal } from './terminal.ts'

export interface CommandWorld {
  readonly random: Random
  readonly wallMs: () => number
  readonly curve: (name: SignerConfig['curve']) => Curve
  readonly terminal: () => Terminal | undefined
  /** Whether a person reads what is written to stdout. */
  readonly isTerminal: boolean
}

export interface Command {
  /** One or two words: `backup verify`. */
  readonly verb: string
  readonly about: string
  /** What follows the verb; more lines where it is long. */
  readonly usage: readonly string[]
  /** With the words after the verb. Its answer says no secret. */
  readonly run: (words: readonly string[], world: CommandWorld) => Promise<object>
}

/** Exit 2, with what is wrong and the usage of the verb. */
export class CommandUsage extends Error {
  override readonly name = 'CommandUsage'
  /** Of the verb that was named; of all where it is none. */
  readonly command: Command | undefined

  constructor(because: string, command?: Command) {
    super(because)
    this.command = command
  }
}

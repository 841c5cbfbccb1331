// What every command of custody-signer beside its running is given, and how it says that its words
// are wrong. Reads nothing and knows no command.
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

/** Exit 2, with the usage. */
export class CommandUsage extends Error {
  override readonly name = 'CommandUsage'
}

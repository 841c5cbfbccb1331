// What custody-signer does besides running: every verb of it, by its words. What they do stands
// beside their topic; here is who is meant, and how each is used.
// INVARIANT: no verb opens a socket but the operator's, and none answers with a secret.

import { type Command, CommandUsage } from './command.ts'
import { CommandTable } from './command-table.ts'
import { adminCommands } from './commands-admin.ts'
import { backupCommands } from './commands-backup.ts'
import { exportCommands } from './commands-export.ts'
import { dealerCommands } from './dealer.ts'
import { hsmCommands } from './hsm-commands.ts'

export const startCommand: Command = {
  verb: '',
  about: 'run the signer node of this configuration',
  usage: ['--config FILE [--credential FILE | --passphrase-fd N | --locked]'],
  run: notRun,
}
const running: readonly Command[] = [
  startCommand,
  {
    verb: '--witness',
    about: 'run a light witness: a copy of the log and a vote, no share',
    usage: ['--config FILE [--credential FILE | --passphrase-fd N]'],
    run: notRun,
  },
]

const groups: readonly (readonly [string, readonly Command[]])[] = [
  ['running', running],
  ['a running node, at its own machine', adminCommands],
  ['backups and shares', backupCommands],
  ['hardware tokens', hsmCommands],
  ['keys that come and go', [...dealerCommands, ...exportCommands]],
]

export const signerCommands = new CommandTable('custody-signer', groups, running)

/** Their words are no command: they are what `main` does without one. */
async function notRun(): Promise<object> {
  throw new CommandUsage('expected a command')
}

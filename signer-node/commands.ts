// What custody-signer does besides running: every verb of it, by its words. What they do stands
// beside their topic; here is who is meant, and how each is used.
// INVARIANT: no verb opens a socket but the operator's, and none answers with a secret.

import { type Command, CommandUsage, type CommandWorld } from './command.ts'
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
/** With what starts a program. */
export const allCommands = groups.flatMap(([, those]) => those)
const commands = allCommands.filter((one) => !running.includes(one))

/** Undefined where the words are none of a command: then a node is meant to run. */
export function commandOf(
  words: readonly string[],
): ((world: CommandWorld) => Promise<object>) | undefined {
  const [first] = words
  if (first === undefined || first.startsWith('-')) return undefined
  const command = named(words)
  if (command === undefined) throw unknown(words)
  const rest = words.slice(command.verb.split(' ').length)
  return async (world) => {
    try {
      return await command.run(rest, world)
    } catch (error) {
      if (!(error instanceof CommandUsage)) throw error
      throw new CommandUsage(error.message, command)
    }
  }
}

/** What was asked for with `help` or `--help`; undefined where nobody asked. */
export function helpOf(words: readonly string[]): string | undefined {
  const asks = words[0] === 'help' || words.includes('--help')
  if (!asks) return undefined
  const about = words.filter((word) => word !== 'help' && word !== '--help')
  const command = named(about)
  if (command !== undefined) return `${command.about}\n${usageOf(command)}`
  if (about.length > 0 && about[0]?.startsWith('-') === false) throw unknown(about)
  return usage()
}

/** Everything, by topic. */
export function usage(): string {
  const lines = groups.flatMap(([topic, those]) => [
    `${topic}:`,
    ...those.map(({ verb, about }) => `  ${`custody-signer ${verb}`.padEnd(30)} ${about}`),
  ])
  const more = 'custody-signer help VERB says how one is used. Answers are lines for people on a'
  const json = 'terminal and JSON elsewhere; --json makes them JSON everywhere.'
  return [...running.map(usageOf), '', ...lines, '', more, json].join('\n')
}

export function usageOf({ verb, usage: [first = '', ...more] }: Command): string {
  const head = `usage: custody-signer ${verb}${verb === '' ? '' : ' '}${first}`
  return [head, ...more.map((line) => `       ${line}`)].join('\n')
}

function named(words: readonly string[]): Command | undefined {
  const [first = '', second = ''] = words
  return commands.find(({ verb }) => verb === first || verb === `${first} ${second}`)
}

function unknown([first = '']: readonly string[]): CommandUsage {
  const verbs = commands.map(({ verb }) => verb).filter((verb) => verb.startsWith(`${first} `))
  if (verbs.length === 0) return new CommandUsage(`unknown command: ${first}`)
  return new CommandUsage(`missing: which of ${verbs.join(', ')}`)
}

/** Their words are no command: they are what `main` does without one. */
async function notRun(): Promise<object> {
  throw new CommandUsage('expected a command')
}

/** Files that are not there or not for this caller: exit 2 as well. */
export function isUnreadable(error: unknown): error is Error {
  const codes = ['ENOENT', 'EACCES', 'EISDIR', 'ENOTDIR', 'EEXIST']
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}

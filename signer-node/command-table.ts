// The verbs of one program as a table: which command the words of a call name, and how each verb
// and the whole program say their usage. Two programs have one: custody-signer and
// custody-ceremony. Runs nothing itself and knows no verb.
import { pathFault } from '../proto/io/path-fault.ts'
import { type Command, CommandUsage, type CommandWorld } from './command.ts'

type Run = (world: CommandWorld) => Promise<object>
type Group = readonly [topic: string, commands: readonly Command[]]

export class CommandTable {
  readonly #program: string
  readonly #groups: readonly Group[]
  /** Verbs that start the program rather than being asked of it. */
  readonly #running: readonly Command[]

  constructor(program: string, groups: readonly Group[], running: readonly Command[]) {
    this.#program = program
    this.#groups = groups
    this.#running = running
  }

  get all(): readonly Command[] {
    return this.#groups.flatMap(([, those]) => those)
  }

  /** Undefined where the words are none of a command: then the program is meant to run. */
  commandOf(words: readonly string[]): Run | undefined {
    const [first] = words
    if (first === undefined || first.startsWith('-')) return undefined
    const command = this.#named(words)
    if (command === undefined) throw this.#unknown(words)
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
  helpOf(words: readonly string[]): string | undefined {
    const asks = words[0] === 'help' || words.includes('--help')
    if (!asks) return undefined
    const about = words.filter((word) => word !== 'help' && word !== '--help')
    const command = this.#named(about)
    if (command !== undefined) return `${command.about}\n${this.usageOf(command)}`
    if (about.length > 0 && about[0]?.startsWith('-') === false) throw this.#unknown(about)
    return this.usage()
  }

  /** Everything, by topic. */
  usage(): string {
    const lines = this.#groups.flatMap(([topic, those]) => [
      `${topic}:`,
      ...those.map(({ verb, about }) => `  ${`${this.#program} ${verb}`.padEnd(30)} ${about}`),
    ])
    const more = `${this.#program} help VERB says how one is used. Answers are lines for people`
    const json = 'on a terminal and JSON elsewhere; --json makes them JSON everywhere.'
    const heads = this.#running.map((one) => this.usageOf(one))
    return [...heads, ...(heads.length > 0 ? [''] : []), ...lines, '', more, json].join('\n')
  }

  usageOf({ verb, usage: [first = '', ...more] }: Command): string {
    const head = `usage: ${this.#program} ${verb}${verb === '' ? '' : ' '}${first}`
    return [head, ...more.map((line) => `       ${line}`)].join('\n')
  }

  /** What these words name and nobody could open, in a sentence; undefined for other errors. */
  unreadable(error: unknown, words: readonly string[]): string | undefined {
    if (!isUnreadable(error)) return undefined
    const command = this.#named(words)
    const usage = command === undefined ? this.usage() : this.usageOf(command)
    return pathFault(error, words, usage) ?? error.message
  }

  get #commands(): readonly Command[] {
    return this.all.filter((one) => !this.#running.includes(one))
  }

  #named(words: readonly string[]): Command | undefined {
    const [first = '', second = ''] = words
    return this.#commands.find(({ verb }) => verb === first || verb === `${first} ${second}`)
  }

  #unknown([first = '']: readonly string[]): CommandUsage {
    const verbs = this.#commands
      .map(({ verb }) => verb)
      .filter((verb) => verb.startsWith(`${first} `))
    if (verbs.length === 0) return new CommandUsage(`unknown command: ${first}`)
    return new CommandUsage(`missing: which of ${verbs.join(', ')}`)
  }
}

/** Files that are not there or not for this caller: exit 2 as well. */
export function isUnreadable(error: unknown): error is Error {
  const codes = ['ENOENT', 'EACCES', 'EISDIR', 'ENOTDIR', 'EEXIST']
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}

// What an operator asks of the node that runs on this machine, one verb each, and the word that
// opens one which waits. All of them go through the socket that only its owner can open.
// INVARIANT: a passphrase or PIN that is typed goes through a file in memory that is wiped, never
// through an argument or the socket.
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { JsonObject } from '../proto/jcs.ts'
import { refuse } from '../proto/refusal.ts'
import { tellAdmin, tokenPatienceMs } from './admin-client.ts'
import { type Command, CommandUsage, type CommandWorld } from './command.ts'
import { readWords, text, yes } from './commands-words.ts'
import type { Terminal } from './terminal.ts'

const onConfig = { options: { config: text }, needed: ['config'] }
const askUsage = ['--config CONFIG']

/** One word to the node, and nothing beside it. */
function bare(verb: string, about: string): Command {
  return { verb, about, usage: askUsage, run: (words) => tell(words, { do: verb }) }
}

/** One word about one thing: `freeze hot`. */
function about(verb: string, place: string, said: string, key: string): Command {
  const run = async (words: readonly string[]): Promise<object> => {
    const read = readWords(words, { ...onConfig, places: [place] })
    return tellAdmin(read.config().adminSocket, { do: verb, [key]: read.place() })
  }
  return { verb, about: said, usage: [`${place} --config CONFIG`], run }
}

export const adminCommands: readonly Command[] = [
  bare('status', 'what the node is, holds and waits for'),
  bare('pairs', 'its peers: pairing, age, sessions, faults; presignatures'),
  bare('evidence', 'documents against peers that convict before a stranger'),
  about('freeze', 'SCOPE', 'no share leaves from now on: all, or one vault', 'scope'),
  about('unfreeze', 'SCOPE', 'end such a freeze', 'scope'),
  about('fence', 'REASON', 'a witness only, until its keys were refreshed; no way back', 'reason'),
  bare('drain', 'no new work; what runs ends; then it may be stopped'),
  about('log-level', 'LEVEL', 'info, warn or alarm, until the next start', 'level'),
  {
    verb: 'unlock',
    about: 'the passphrase or PIN that a locked or sealed node waits for',
    usage: ['--config CONFIG [--credential FILE | --ask] [--half 1|2] [--last-try]'],
    run: unlock,
  },
]

async function tell(words: readonly string[], command: JsonObject): Promise<object> {
  return tellAdmin(readWords(words, onConfig).config().adminSocket, command)
}

/** Tells the node where its passphrase or PIN is: it reads the file, or the pipe, itself. */
async function unlock(words: readonly string[], world: CommandWorld): Promise<object> {
  const options = { config: text, credential: text, half: text, 'last-try': yes, ask: yes }
  const read = readWords(words, { options, needed: ['config'] })
  read.oneOf('credential', 'ask')
  const config = read.config()
  const half = read.flag('half')
  if (half !== undefined && half !== '1' && half !== '2') {
    throw new CommandUsage('--half: expected 1 or 2')
  }
  const more = {
    ...(half === undefined ? {} : { half: Number(half) }),
    ...(read.is('last-try') ? { lastTry: true } : {}),
  }
  const tellOf = (place: string) =>
    tellAdmin(config.adminSocket, { do: 'unlock', credential: place, ...more }, tokenPatienceMs)
  if (!read.is('ask')) return tellOf(resolve(read.flag('credential') ?? config.credential))
  const terminal = world.terminal()
  if (terminal === undefined) return refuse('CONFIG', 'no terminal to ask at')
  return withTyped(terminal, half === undefined ? 'PIN or passphrase' : `Half ${half}`, tellOf)
}

/** Where files lie in memory: the node reads what was typed there, and it is wiped. */
const memory = '/dev/shm'

async function withTyped<T>(
  terminal: Terminal,
  question: string,
  tell: (place: string) => Promise<T>,
): Promise<T> {
  const directory = mkdtempSync(join(memory, 'custody-'))
  const place = join(directory, 'typed')
  try {
    using typed = await terminal.secret(`${question}: `)
    writeFileSync(place, typed.bytes, { mode: 0o600, flag: 'wx' })
    return await tell(place)
  } finally {
    terminal.close()
    // Over the same pages: a file that is cut first gives them back as they are.
    if (existsSync(place))
      writeFileSync(place, new Uint8Array(statSync(place).size), { flag: 'r+' })
    rmSync(directory, { recursive: true, force: true })
  }
}

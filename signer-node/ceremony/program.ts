// custody-ceremony as a program: wiring only. Words to a verb, its answer to the screen: lines for
// a person, one line of JSON elsewhere. Time, randomness and the terminal enter here.
// Exit: 0 done, 1 refused, 2 not understood, 3 failed, 4 a station that ended alone, without the
// last line of the Record. Reads no secret itself.
import { CommandUsage, type CommandWorld } from '../command.ts'
import type { SignerConfig } from '../config.ts'
import { cannotRun, clock, isForPeople, jsonFlag, random } from '../program.ts'
import { answerText } from '../said.ts'
import { openTerminal } from '../terminal.ts'
import { chooseCurve } from '../twin.ts'
import { ceremonyCommands } from './commands.ts'
import { Spoken } from './spoken.ts'

const world: CommandWorld = {
  random,
  wallMs: clock.wallMs,
  isTerminal: process.stdout.isTTY === true,
  curve: (name: SignerConfig['curve']) => {
    const { curve, warning } = chooseCurve(name)
    if (warning !== undefined) console.error(`${warning.name}: ${warning.because}`)
    curve.points.blind(random(32))
    return curve
  },
  terminal: openTerminal,
}

async function main(): Promise<void> {
  const words = process.argv.slice(2).filter((word) => word !== jsonFlag)
  const help = ceremonyCommands.helpOf(words)
  if (help !== undefined) return console.log(help)
  const command = ceremonyCommands.commandOf(words)
  if (command === undefined) throw new CommandUsage('missing: a verb')
  process.umask(0o077)
  const answer = await command(world)
  say(answer)
}

/** What is not well is said whole, and the exit tells it to programs. */
function say(answer: object): void {
  const { lines, json, exit } =
    answer instanceof Spoken ? answer : new Spoken([answerText(answer)], answer)
  console.log(isForPeople(process.stdout) ? lines.join('\n') : JSON.stringify(json))
  if (exit !== 0) process.exitCode = exit
}

main().catch((error: unknown) => {
  if (error instanceof CommandUsage) {
    const { message, command } = error
    const usage = command ? ceremonyCommands.usageOf(command) : ceremonyCommands.usage()
    console.error(`custody-ceremony: ${message}\n${usage}`)
    process.exit(2)
  }
  const unreadable = ceremonyCommands.unreadable(error, process.argv.slice(2))
  if (unreadable !== undefined) {
    console.error(`custody-ceremony: ${unreadable}`)
    process.exit(2)
  }
  cannotRun(error)
})

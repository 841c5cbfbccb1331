// What every verb of the `custody` program is made of: the world it sees, the answer it gives and
// the exit code that goes with it. A verb prints nothing itself: the answer has a text for people
// and a value for `--json`, and both say the same.
// Source: README D28: 0 done, 1 refused, 2 usage, 3 could not tell.
import type { ParseArgsOptionDescriptor } from 'node:util'
import type { JsonObject } from '../proto/jcs.ts'
import { grpcStatus, type Retry, retryClass } from '../proto/reasons.ts'
import { type Refusal, Refused } from '../proto/refusal.ts'

/** Everything a verb can reach besides files and its coordinator. */
export interface World {
  readonly nowMs: () => number
  readonly random: (length: number) => Uint8Array
  /** Undefined without a terminal, or when the person gave up. */
  readonly ask: (question: string, hidden: boolean) => Promise<string | undefined>
  /** Something to read while a verb is still at work or before a question. */
  readonly say: (text: string) => void
  readonly pause: (ms: number) => Promise<void>
  /** Of the environment: where the caller's own directory is. Never a secret. */
  readonly profile: string | undefined
}

export interface Args {
  readonly words: readonly string[]
  readonly flags: Readonly<Record<string, string | boolean | undefined>>
}

/** Exit codes above 3 belong to `audit verify`. */
export interface Answer {
  readonly exit: number
  readonly text: string
  readonly json: JsonObject
}

export interface Verb {
  readonly about: string
  /** After the verb: `ID [--yes]`. */
  readonly usage: string
  readonly words: { readonly min: number; readonly max: number }
  readonly options: Readonly<Record<string, ParseArgsOptionDescriptor>>
  /** What to do after a no, of a verb that asks nobody: the same files get the same answer. */
  readonly afterNo?: string
  readonly run: (args: Args, world: World) => Promise<Answer>
}

/** Wrong arguments: exit 2, with the usage of the verb. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** What a person typed to confirm is not what it should be: a slip, or a doubt in time. */
export class Mistyped extends Error {
  override readonly name = 'Mistyped'
}

export function mistypedAnswer({ message }: Mistyped): Answer {
  const json = { refused: { code: 'REFUSED', rule: '', because: message, retry: 'AFTER' } }
  return { exit: 1, text: `${message}\n  read it once more, then say it again\n`, json }
}

export function done(text: string, json: JsonObject): Answer {
  return { exit: 0, text, json }
}

/** The answer is no; or, where the law has said nothing yet, could not tell. */
export function refusedAnswer(refused: Refusal, afterNo?: string): Answer {
  const { code, rule = '', because } = refused
  const retry = afterNo === undefined ? retryClass(code) : 'NEVER'
  const where = rule === '' ? '' : ` at ${rule}`
  return {
    exit: grpcStatus(code) === 'UNAVAILABLE' ? 3 : 1,
    text: `refused ${code}${where}: ${because}\n  ${afterNo ?? advice[retry]}\n`,
    json: { refused: { code, rule, because, retry } },
  }
}

export function unavailableAnswer(because: string): Answer {
  return {
    exit: 3,
    text: `could not tell: ${because}\n  ${advice.SAME_KEY}\n`,
    json: { unavailable: because },
  }
}

/** The reply, or the refusal on its way to the exit code. */
export function must<T extends object>(reply: T | Refusal): T {
  if ('kind' in reply && reply.kind === 'refused') throw new Refused(reply)
  return reply as T
}

export function flag(args: Args, name: string): string | undefined {
  const value = args.flags[name]
  return typeof value === 'string' ? value : undefined
}

export function required(args: Args, name: string): string {
  const value = flag(args, name)
  if (value === undefined) throw new UsageError(`expected --${name}`)
  return value
}

export function word(args: Args, index: number): string {
  const found = args.words[index]
  if (found === undefined) throw new UsageError('expected one more argument')
  return found
}

/** What a person types before something is signed; `--yes` is for whoever has no terminal. */
export async function typed(world: World, question: string): Promise<string> {
  const answer = await world.ask(question, false)
  if (answer === undefined) throw new UsageError('expected a terminal to ask at, or --yes')
  return answer.trim()
}

/** After the no of a verifier. */
export const sameFiles = 'the same files get the same answer again'

const advice: Readonly<Record<Retry, string>> = {
  NEVER: 'the same will be refused again',
  SAME_KEY: 'send exactly the same again: it takes effect once',
  AFTER: 'the same may be granted later',
  NEW_APPROVAL: 'people have to approve again',
  NEW_INTENT: 'this request is over: submit a new one',
  OPERATOR: 'an operator has to look at it',
}

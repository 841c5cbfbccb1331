// The words of one verb, read strictly: its places, its flags, and which of them it cannot do
// without. What is wrong with them is said in one sentence, and the usage of that verb follows.
// INVARIANT: an unknown flag, a missing word and one too many are refused. Opens nothing but the
// configuration that is named, and knows no verb.
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { CommandUsage } from './command.ts'
import { parseSignerConfig, type SignerConfig } from './config.ts'

export const text = { type: 'string' } as const
export const yes = { type: 'boolean' } as const

export interface Shape {
  /** Names of what stands without a flag, in its order; all are needed. */
  readonly places?: readonly string[]
  /** And behind those, what may be left out. */
  readonly placesMore?: readonly string[]
  readonly options: Readonly<Record<string, typeof text | typeof yes>>
  /** Flags without which nothing can be done. */
  readonly needed?: readonly string[]
}

export class Words {
  readonly #places: readonly string[]
  readonly #flags: Readonly<Record<string, unknown>>

  constructor(places: readonly string[], flags: Readonly<Record<string, unknown>>) {
    this.#places = places
    this.#flags = flags
  }

  /** The place at this position. */
  place(at = 0): string {
    return this.#places[at] ?? missing(['a word'])
  }

  /** Undefined where it was left out. */
  placeIf(at: number): string | undefined {
    return this.#places[at]
  }

  /** A flag that must be there. */
  text(name: string): string {
    return this.flag(name) ?? missing([`--${name}`])
  }

  flag(name: string): string | undefined {
    const value = this.#flags[name]
    return typeof value === 'string' ? value : undefined
  }

  is(name: string): boolean {
    return this.#flags[name] === true
  }

  /** A descriptor of this process; refused when it is no number. */
  descriptor(name: string): number | undefined {
    const value = this.flag(name)
    if (value === undefined) return undefined
    if (/^[0-9]{1,4}$/.test(value)) return Number(value)
    throw new CommandUsage(`--${name}: expected the number of a descriptor`)
  }

  /** At most one of these says where something is. */
  oneOf(...names: readonly string[]): void {
    const given = names.filter((name) => this.#flags[name] !== undefined)
    if (given.length < 2) return
    throw new CommandUsage(`expected one of ${names.map((name) => `--${name}`).join(', ')}`)
  }

  config(): SignerConfig {
    const file = this.text('config')
    return parseSignerConfig(readFileSync(file, 'utf8'), dirname(resolve(file)))
  }
}

export function readWords(words: readonly string[], shape: Shape): Words {
  const { places = [], placesMore = [], options, needed = [] } = shape
  const { values, positionals } = parsed(words, options)
  const lacking = [
    ...places.slice(positionals.length),
    ...needed.filter((name) => values[name] === undefined).map((name) => `--${name}`),
  ]
  if (lacking.length > 0) missing(lacking)
  const [extra] = positionals.slice(places.length + placesMore.length)
  if (extra !== undefined) throw new CommandUsage(`one word too many: ${extra}`)
  return new Words(positionals, values)
}

function parsed(words: readonly string[], options: Shape['options']) {
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true })
  } catch (error) {
    // The parser adds advice about dashes, which is none here.
    const [said = ''] = error instanceof Error ? error.message.split('. ') : []
    throw new CommandUsage(said.charAt(0).toLowerCase() + said.slice(1))
  }
}

function missing(names: readonly string[]): never {
  throw new CommandUsage(`missing: ${names.join(', ')}`)
}

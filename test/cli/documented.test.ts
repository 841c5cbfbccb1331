// Every command that the documents show is one: its verb is known, its flags are those of the verb's
// own usage, and it has as many words as the verb takes. What a command answers is not asked here.
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { describe, expect, it } from 'vitest'
import { always, findVerb } from '../../cli/run.ts'
import { ceremonyCommands } from '../../signer-node/ceremony/commands.ts'
import type { CommandTable } from '../../signer-node/command-table.ts'
import { signerCommands } from '../../signer-node/commands.ts'

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'))
const programs = [
  ...['custody', 'custody-signer', 'custody-ceremony', 'custody-coordinator', 'npm'],
] as const
/** What every command of it knows. */
const jsonFlag = '--json'
/** One text for each command, with the lines that continue it. */
const usageOf = (program: string, { all }: CommandTable): readonly string[] =>
  all.map(({ verb, usage }) => [program, verb, ...usage].join(' ').replace(/\s+/g, ' '))
const signerUsage = usageOf('custody-signer', signerCommands)
const ceremonyUsage = usageOf('custody-ceremony', ceremonyCommands)

interface Shown {
  readonly where: string
  readonly words: readonly string[]
}

/** Lines of code blocks that begin with a program, a prompt before them or not. */
function shownIn(file: string, text: string): readonly Shown[] {
  const joined = text.replace(/ *\\\n\s*/g, ' ').split('\n')
  let isFenced = false
  return joined.flatMap((line, at) => {
    if (/^\s*```/.test(line)) isFenced = !isFenced
    const isCode = isFenced || /^ {4,}\S/.test(line)
    if (!isCode) return []
    const commands = line
      .trim()
      .replace(/^\$ /, '')
      .split(/ ; | && | \| /)
    return commands.flatMap((command) => {
      const words = wordsOf(command)
      const isOurs = programs.some((name) => name === words[0])
      return isOurs ? [{ where: `${file}: ${command} (${at + 1})`, words }] : []
    })
  })
}

/** As a shell would split them; a comment ends them, and what stands for more is left out. */
function wordsOf(command: string): readonly string[] {
  const [code = ''] = command.split(/ +# /)
  const words = code.match(/"[^"]*"|\S+/g) ?? []
  return words
    .map((word) => word.replace(/^"|"$/g, ''))
    .filter((word, at) => !/^(\.\.\.|…)$/.test(word) || words[at - 1]?.startsWith('--'))
}

/** Why this is no command; undefined when it is one. */
async function fault({ words }: Shown): Promise<string | undefined> {
  const [program = '', ...rest] = words
  switch (program) {
    case 'npm':
      return npmFault(rest)
    case 'custody':
      return custodyFault(rest)
    case 'custody-coordinator':
      return rest.length === 2 && rest[0] === '--config' ? undefined : 'expected --config FILE'
    case 'custody-ceremony':
      return signerFault(rest, ceremonyUsage)
    default:
      return signerFault(rest, signerUsage)
  }
}

async function npmFault(words: readonly string[]): Promise<string | undefined> {
  const [verb, ...rest] = words.filter((word) => word !== '-s')
  if (verb === '--prefix' || verb === 'ci' || verb === 'start' || verb === 'test') return undefined
  if (verb !== 'run') return `npm ${verb}`
  const [script = '', dashes, ...more] = rest
  if (!Object.hasOwn(scripts, script)) return `no script ${script}`
  if (dashes !== undefined && dashes !== '--') return 'arguments of a script come after --'
  return script === 'custody' && more.length > 0 ? custodyFault(more) : undefined
}

async function custodyFault(words: readonly string[]): Promise<string | undefined> {
  if (words.join() === '--help') return undefined
  const found = findVerb(words)
  if (found === undefined) return 'no such verb'
  const verb = await found.load()
  try {
    const { positionals } = parseArgs({
      args: found.rest.filter((word) => !word.startsWith('[')).map(unbracketed),
      options: { ...verb.options, ...always },
      allowPositionals: true,
      strict: true,
    })
    const { min, max } = verb.words
    const isRight = positionals.length >= min && positionals.length <= max
    return isRight ? undefined : `${positionals.length} words, expected ${min} to ${max}`
  } catch (error) {
    return error instanceof Error ? error.message : 'unknown'
  }
}

function signerFault(words: readonly string[], usages: readonly string[]): string | undefined {
  const flags = words.filter((word) => /^\[?--/.test(word)).map(unbracketed)
  const meant = usages.find((usage) => {
    const verb = usage.split(' ').slice(1)
    const length = verb.findIndex((word) => !/^[a-z][a-z-]*$/.test(word))
    // Without a verb a node is started.
    if (length === 0) return flags[0] === verb[0] && words[0]?.startsWith('--') === true
    return verb.slice(0, length).every((word, at) => words[at] === word)
  })
  if (meant === undefined) return 'no such command'
  const known: readonly string[] = [jsonFlag, ...(meant.match(/--[a-z-]+/g) ?? [])]
  const unknown = flags.filter((flag) => !known.includes(flag))
  return unknown.length === 0 ? undefined : `unknown ${unknown.join()}`
}

function unbracketed(word: string): string {
  return word.replace(/^\[|\]$/g, '')
}

const shown = ['README.md', 'CONTRIBUTING.md', ...globSync('docs/*.md').sort()].flatMap((file) =>
  shownIn(file, readFileSync(file, 'utf8')),
)

describe('a command that the documents show', () => {
  it('is one, with flags that it has', async () => {
    expect(shown.length).toBeGreaterThan(60)
    const faults = await Promise.all(
      shown.map(async (one) => {
        const why = await fault(one)
        return why === undefined ? [] : [`${one.where}: ${why}`]
      }),
    )
    expect(faults.flat()).toEqual([])
  })
})

describe('a reference of one document to another', () => {
  const slug = (title: string): string =>
    title
      .toLowerCase()
      .replace(/[^a-z0-9 _-]/g, '')
      .replace(/ /g, '-')
  const anchorsOf = (file: string): ReadonlySet<string> => {
    const titles = readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)
    return new Set([...titles].map(([, title = '']) => slug(title)))
  }

  it('leads to a file that is there, and to a heading of it', () => {
    const files = ['README.md', 'CONTRIBUTING.md', ...globSync('docs/*.md')]
    const lost = files.flatMap((file) => {
      const links = readFileSync(file, 'utf8').matchAll(/\]\(([^):\s]*\.md)?(?:#([a-z0-9_-]+))?\)/g)
      return [...links].flatMap(([link, path, anchor]) => {
        const target = path === undefined ? file : join(dirname(file), path)
        if (!existsSync(target)) return [`${file}: ${link}`]
        return anchor === undefined || anchorsOf(target).has(anchor) ? [] : [`${file}: ${link}`]
      })
    })
    expect(lost).toEqual([])
  })
})

describe('that check', () => {
  it.each([
    ['$ custody vault drop hot', 'no such verb'],
    ['$ custody vault show hot --loud', "Unknown option '--loud'"],
    ['$ custody vault show', '0 words, expected 1 to 1'],
    ['$ npm run -s custody -- vault show hot --loud', "Unknown option '--loud'"],
    ['$ npm run nothing', 'no script nothing'],
    ['$ npm run bench node', 'come after --'],
    ['$ custody-signer explode --config FILE', 'no such command'],
    ['$ custody-signer restore --backup FILE --softly --config FILE', 'unknown --softly'],
    ['$ custody-coordinator FILE', 'expected --config FILE'],
  ])('finds %s', async (line, why) => {
    const [found] = shownIn('x', `    ${line}`)
    expect(found && (await fault(found))).toContain(why)
  })

  it('reads commands in both kinds of block, over lines, in pipes and one after another', () => {
    const text = [
      'custody nowhere',
      '    $ custody pending --as X ; custody approve ID --as X',
      '```',
      'custody vault show hot \\',
      '  --as X   # a comment',
      '```',
      '    curl -s X | custody limits',
    ].join('\n')
    expect(shownIn('x', text).map(({ words }) => words.join(' '))).toEqual([
      'custody pending --as X',
      'custody approve ID --as X',
      'custody vault show hot --as X',
      'custody limits',
    ])
  })
})

// What cannot be opened of what a person named, in a person's words: which flag or word named it,
// what was expected there and what was found. Systems say a number and a call, and of a directory
// that was read as a file not even which. Opens nothing; looks at what was named, at most.
import { existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

interface Named {
  /** `--token`; empty for a word without a flag. */
  readonly flag: string
  readonly value: string
}

/** Undefined where the error is about no file. `usage` says which flags take a value. */
export function pathFault(
  error: unknown,
  words: readonly string[] = [],
  usage = '',
): string | undefined {
  if (!(error instanceof Error && 'code' in error && 'syscall' in error)) return undefined
  const code = String(error.code)
  const all = namedIn(words, usage)
  if ('path' in error && typeof error.path === 'string') {
    return saidOf(error.path, sentences[code]?.(error.path, String(error.syscall)), all)
  }
  if (code !== 'EISDIR') return undefined
  const places = all.filter(({ flag, value }) => flag !== '--as' && isDirectory(value))
  const which = places.map(({ flag, value }) => `${flag} ${value}`.trim()).join(' or ')
  return `${which === '' ? '' : `${which}: `}expected a file, got a directory`
}

const sentences: Readonly<Record<string, (path: string, call: string) => string>> = {
  ENOENT: (path, call) => {
    if (call === 'scandir') return 'expected a directory, there is none'
    const above = dirname(path)
    if (!existsSync(above)) return `expected it in a directory, there is no ${above}`
    return call === 'open'
      ? 'expected a file, there is none'
      : 'expected it there, there is nothing'
  },
  ENOTDIR: (_, call) =>
    call === 'scandir'
      ? 'expected a directory, got a file'
      : 'expected directories on the way to it, got a file',
  EISDIR: () => 'expected a file, got a directory',
  EEXIST: () => 'expected nothing there yet, got something, which is not overwritten',
  EACCES: () => 'expected leave to open it, got none',
}

function saidOf(
  path: string,
  sentence: string | undefined,
  all: readonly Named[],
): string | undefined {
  if (sentence === undefined) return undefined
  const by = all.find(({ value }) => value === path || path.startsWith(`${value}/`))
  return `${by === undefined || by.flag === '' ? '' : `${by.flag} `}${path}: ${sentence}`
}

function namedIn(words: readonly string[], usage: string): readonly Named[] {
  const found: Named[] = []
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? ''
    const [flag = '', ...given] = word.split('=')
    if (!word.startsWith('--')) found.push({ flag: '', value: word })
    else if (given.length > 0) found.push({ flag, value: given.join('=') })
    else if (takesValue(flag, usage)) {
      found.push({ flag, value: words[at + 1] ?? '' })
      at += 1
    }
  }
  return found.filter(({ value }) => value !== '')
}

/** As the usage writes it: `--token CARD` does, `[--played]` does not. */
function takesValue(flag: string, usage: string): boolean {
  return /^--[a-z-]+$/.test(flag) && new RegExp(`${flag} [^\\s[\\]-]`).test(usage)
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

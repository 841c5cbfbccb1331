// A disk that fails when the test says so, for any process that is started with its environment:
// `shim.c`, compiled where a C compiler is. Without one the tests say so, and CI fails.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env } from 'node:process'

/** No room; none by the word of the system alone; writes fail; syncs fail. */
export type DiskMode = 'full' | 'low' | 'write' | 'sync'

const letters = { full: 'f', low: 'l', write: 'w', sync: 's' } as const
const pageBytes = 256

export interface FailingDisk {
  /** For the process under test. */
  readonly env: Readonly<Record<string, string>>
  /** From now on, for every file whose path holds the word, or ends in it: `word$`. */
  fail(mode: DiskMode, word: string): void
  mend(): void
  /** Every failure, and every sync of a file that is meant, as `what path`. */
  trace(): readonly string[]
  remove(): void
}

const compiler = ['gcc', 'cc'].find(
  (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0,
)

/** Tests are left out, and say why, where disks cannot be made to fail. */
export const canFailDisks = process.platform === 'linux' && compiler !== undefined
if (!canFailDisks && env['CI'] === 'true') throw new Error('no C compiler: disks cannot fail here')

export function failingDisk(): FailingDisk {
  const directory = mkdtempSync(join(tmpdir(), 'custody-shim-'))
  const at = (name: string): string => join(directory, name)
  const flags = ['-shared', '-fPIC', '-O1', '-Wall', '-o', at('shim.so')]
  const built = spawnSync(compiler ?? 'cc', [...flags, join(import.meta.dirname, 'shim.c'), '-ldl'])
  if (built.status !== 0) throw new Error(`shim.c: ${built.stderr}`)
  const rules = (letter: string, word: string): void => {
    const page = Buffer.alloc(pageBytes)
    page.write(`${letter}${word}`)
    // The same file, which the process has mapped.
    writeFileSync(at('rules'), page, { flag: 'r+' })
  }
  writeFileSync(at('rules'), Buffer.alloc(pageBytes, 0).fill('-', 0, 1))
  writeFileSync(at('trace'), '')
  // Also for a server that runs as somebody else.
  chmodSync(directory, 0o755)
  for (const name of ['rules', 'trace']) chmodSync(at(name), 0o666)
  return {
    env: { LD_PRELOAD: at('shim.so'), FAULTS_RULES: at('rules'), FAULTS_TRACE: at('trace') },
    fail: (mode, word) => rules(letters[mode], word),
    mend: () => rules('-', ''),
    trace: () => readFileSync(at('trace'), 'utf8').split('\n').filter(Boolean),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}

// The mistakes that can be planted in a file: those of Stryker's mutators, which change one thing at a
// time, without the texts of errors and the steps of loops (`ignore.ts`).
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { shouldIgnore } from './ignore.ts'
import { root } from './reach.ts'

interface Place {
  /** Counted from 0. */
  readonly line: number
  readonly column: number
}

export interface Planted {
  readonly kind: string
  readonly from: Place
  readonly to: Place
  readonly replacement: string
  /** The whole file with the mistake. */
  readonly source: string
}

/** What Stryker's instrumenter tells; it comes from another manifest, so there are no types of it. */
interface Told {
  readonly mutatorName: string
  readonly replacement: string
  readonly status?: string
  readonly location: { readonly start: Place; readonly end: Place }
}

interface Instrumenting {
  readonly Instrumenter: new (
    logger: object,
  ) => {
    instrument(
      files: readonly object[],
      options: object,
    ): Promise<{ readonly mutants: readonly Told[] }>
  }
}

const silent = { debug() {}, info() {}, warn() {}, isDebugEnabled: () => false }
const options = { plugins: null, excludedMutations: [], ignorers: [{ shouldIgnore }] }

export async function plantedIn(path: string): Promise<readonly Planted[]> {
  const tool = '@stryker-mutator/instrumenter/dist/src/instrumenter.js'
  const module = join(import.meta.dirname, 'node_modules', tool)
  const { Instrumenter }: Instrumenting = await import(module)
  const content = readFileSync(join(root, path), 'utf8')
  const files = [{ name: path, mutate: true, content }]
  const { mutants } = await new Instrumenter(silent).instrument(files, options)
  return mutants
    .filter(({ status }) => status !== 'Ignored')
    .map(({ mutatorName: kind, replacement, location: { start: from, end: to } }) => {
      const [begin, end] = [offsetOf(content, from), offsetOf(content, to)]
      const source = content.slice(0, begin) + replacement + content.slice(end)
      return { kind, from, to, replacement, source }
    })
}

function offsetOf(content: string, { line, column }: Place): number {
  const before = content.split('\n').slice(0, line)
  return before.reduce((sum, text) => sum + text.length + 1, 0) + column
}

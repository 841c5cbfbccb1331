// What the mutation tester reported of one file, counted: found, not found, and of those found how
// many by time, or because a test file failed while it was set up, before any of its tests: Stryker
// calls these errors and leaves them out, but the run of the tests fails all the same.
import { readFileSync } from 'node:fs'

interface Mutant {
  readonly status: string
  /** Of a time-out: that a loop ran a hundred times too often, or nothing. Else the error. */
  readonly statusReason?: string
  readonly mutatorName: string
  readonly replacement?: string
  readonly location: { readonly start: Place; readonly end: Place }
}

interface Place {
  readonly line: number
  readonly column: number
}

export interface Score {
  readonly file: string
  readonly found: number
  readonly survivors: readonly string[]
  /** Found by a loop that did not end, counted in `found`. */
  readonly endless: number
  /** Found by the clock alone, counted in `found`: to be tried again. */
  readonly late: readonly string[]
  /** Found because a test file could not be set up, counted in `found`. */
  readonly early: number
  /** Neither found nor not: no test file is named in the error. */
  readonly broken: number
}

const setUp = /outside of a test run: \S+\.test\.ts: /

export function scoreOf(file: string, report: string): Score {
  const { files }: { files: Record<string, { source: string; mutants: Mutant[] }> } = JSON.parse(
    readFileSync(report, 'utf8'),
  )
  const { mutants = [], source = '' } = files[`signer-node/dkls23/${file}.ts`] ?? {}
  const lines = source.split('\n')
  const having = (...statuses: readonly string[]): readonly Mutant[] =>
    mutants.filter(({ status }) => statuses.includes(status))
  const told = (some: readonly Mutant[]): readonly string[] => some.map((one) => tell(one, lines))
  const errors = having('RuntimeError', 'CompileError')
  const early = errors.filter(({ statusReason = '' }) => setUp.test(statusReason))
  const late = having('Timeout').filter(({ statusReason = '' }) => !statusReason.startsWith('Hit'))
  return {
    file,
    found: having('Killed', 'Timeout').length + early.length,
    survivors: told(having('Survived', 'NoCoverage')),
    endless: having('Timeout').length - late.length,
    late: told(late),
    early: early.length,
    broken: errors.length - early.length,
  }
}

function tell({ mutatorName, replacement = '', location }: Mutant, lines: readonly string[]) {
  const { start, end } = location
  const was = (lines[start.line - 1] ?? '').trim()
  const place = `${start.line}:${start.column}-${end.line}:${end.column}`
  return `${place} ${mutatorName}: ${was}  =>  ${replacement.replaceAll(/\s+/g, ' ').slice(0, 60)}`
}

/** A line of the table in `docs/mutation.md`. */
export function row({ file, found, survivors, early, endless, late, broken }: Score): string {
  const all = found + survivors.length
  const how = [early, endless, late.length, broken]
  const cells = [`\`${file}\``, found, all, percent(found, all), ...how]
  return `| ${cells.join(' | ')} |`
}

export function percent(found: number, all: number): string {
  return ((100 * found) / Math.max(1, all)).toFixed(1)
}

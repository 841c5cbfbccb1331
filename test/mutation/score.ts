// What a run gave for one file, counted and told.
import type { Fate } from './tried.ts'

export interface Tried {
  readonly line: number
  readonly column: number
  readonly end: string
  readonly kind: string
  readonly was: string
  readonly replacement: string
  readonly fate: Fate
  readonly by?: string
}

export interface Report {
  readonly file: string
  /** Which tests it was tried with. */
  readonly tests: readonly string[]
  /** How many could be planted; fewer are tried when they are drawn. */
  readonly all: number
  readonly tried: readonly Tried[]
}

export const survivorsOf = ({ tried }: Report): readonly Tried[] =>
  tried.filter(({ fate }) => fate === 'survived')

/** A line of the table in `docs/mutation.md`. */
export function row(report: Report): string {
  const { file, all, tried } = report
  const counted = (fate: Fate): number => tried.filter((one) => one.fate === fate).length
  const found = tried.length - counted('survived')
  const share = percent(found, tried.length)
  const cells = [`\`${file}\``, all, tried.length, found, share, counted('at set-up')]
  return `| ${[...cells, counted('endless')].join(' | ')} |`
}

export function tell(report: Report): void {
  const survivors = survivorsOf(report)
  console.log(`${report.file}: ${survivors.length} of ${report.tried.length} not found`)
  for (const { line, column, kind, was, replacement } of survivors) {
    const is = replacement.replaceAll(/\s+/g, ' ').slice(0, 60)
    console.log(`  ${line}:${column} ${kind}: ${was}  =>  ${is}`)
  }
}

export function percent(found: number, all: number): string {
  return ((100 * found) / Math.max(1, all)).toFixed(1)
}

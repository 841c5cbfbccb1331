// A file of payments: one line each, as CSV with a header or as a JSON list. Strict, because what a
// spreadsheet made of an amount or an address is money: every fault is named by line and column,
// and a file with one fault is no file. Reads bytes only; what the names mean is `payout.ts`.
import { fromUtf8 } from '../proto/crypto.ts'
import { limits } from '../proto/limits.ts'
import { refuse } from '../proto/refusal.ts'

const payoutColumns = ['reference', 'asset', 'amount', 'to', 'purpose'] as const
type Column = (typeof payoutColumns)[number] | 'record'

/** As it was written. */
export interface PayoutLine extends Readonly<Record<Exclude<Column, 'record'>, string>> {
  /** Of the file, from 1; of a JSON list the number of the item. */
  readonly line: number
  /** File with the destination record, beside the payout file; empty for none. */
  readonly record: string
}

export interface Fault {
  readonly line: number
  readonly column: string
  readonly because: string
}

/** Either lines or faults: never some of both. */
type ReadPayout =
  | { readonly lines: readonly PayoutLine[]; readonly faults: readonly [] }
  | { readonly lines: readonly []; readonly faults: readonly Fault[] }

export function readPayout(bytes: Uint8Array, kind: 'csv' | 'json'): ReadPayout {
  if (bytes.length > limits.payoutBytesMax) {
    refuse('TOO_LARGE', `payout file: expected at most ${limits.payoutBytesMax} bytes`)
  }
  const text = fromUtf8(bytes) ?? refuse('MALFORMED', 'payout file: expected UTF-8')
  const faults: Fault[] = []
  const lines = kind === 'csv' ? fromCsv(text, faults) : fromJson(text, faults)
  if (faults.length === 0 && lines.length === 0) faults.push(fault(1, 'reference', 'no payment'))
  if (lines.length > limits.payoutLinesMax) {
    refuse('TOO_LARGE', `payout file: expected at most ${limits.payoutLinesMax} payments`)
  }
  const seen = new Map<string, number>()
  for (const { line, reference } of lines) {
    const before = seen.get(reference)
    if (before !== undefined) faults.push(fault(line, 'reference', `stands in line ${before} too`))
    seen.set(reference, line)
  }
  return faults.length > 0 ? { lines: [], faults } : { lines, faults: [] }
}

function fromCsv(text: string, faults: Fault[]): readonly PayoutLine[] {
  const [head = '', ...rows] = text.replace(/\r?\n$/, '').split(/\r?\n/)
  const names = head.split(',')
  const expected = names.length === payoutColumns.length ? payoutColumns : withRecord
  if (names.join() !== expected.join()) {
    const because = `expected the header ${payoutColumns.join()} or ${withRecord.join()}`
    faults.push(fault(1, 'header', because))
    return []
  }
  return rows.flatMap((row, at) => {
    const line = at + 2
    const cells = cellsOf(row)
    if (cells === undefined || cells.length !== expected.length) {
      const got = cells === undefined ? 'a broken quotation' : `${cells.length}`
      faults.push(fault(line, 'row', `expected ${expected.length} cells, got ${got}`))
      return []
    }
    return lineOf(line, new Map(expected.map((name, i) => [name, cells[i] ?? ''])), faults)
  })
}

const withRecord = [...payoutColumns, 'record'] as const
const cellForm = /^(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/

/** Undefined for quotation marks in any place but around a whole cell. */
function cellsOf(row: string): readonly string[] | undefined {
  const cells: string[] = []
  let rest = row
  for (;;) {
    const found = cellForm.exec(rest)
    if (found === null) return undefined
    cells.push(found[1]?.replaceAll('""', '"') ?? found[2] ?? '')
    if (found[3] === '') return cells
    rest = rest.slice(found[0].length)
  }
}

function fromJson(text: string, faults: Fault[]): readonly PayoutLine[] {
  let list: unknown
  try {
    list = JSON.parse(text)
  } catch {
    list = undefined
  }
  if (!Array.isArray(list)) {
    faults.push(fault(1, 'list', 'expected a JSON list of payments'))
    return []
  }
  if (keysWritten(text) !== keysRead(list)) {
    faults.push(fault(1, 'list', 'expected each key once, or one reads what another does not'))
    return []
  }
  return list.flatMap((item: unknown, at) => {
    const line = at + 1
    if (typeof item !== 'object' || item === null || Array.isArray(item)) {
      faults.push(fault(line, 'item', 'expected an object'))
      return []
    }
    const cells = new Map<string, string>()
    for (const [name, value] of Object.entries(item)) {
      if (!withRecord.some((known) => known === name)) {
        faults.push(fault(line, name, 'expected no such key'))
      } else if (typeof value === 'string') cells.set(name, value)
      else faults.push(fault(line, name, 'expected text, so that no digit is lost'))
    }
    return lineOf(line, cells, faults)
  })
}

/** Of text that is JSON: strings with a colon behind them. */
function keysWritten(text: string): number {
  return [...text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)].filter(([, colon]) => colon).length
}

function keysRead(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const own = Array.isArray(value) ? 0 : Object.keys(value).length
  return Object.values(value).reduce((sum: number, one) => sum + keysRead(one), own)
}

/** No cell is trimmed: a space before an address is a question, not a slip to be mended. */
function lineOf(
  line: number,
  cells: ReadonlyMap<string, string>,
  faults: Fault[],
): readonly PayoutLine[] {
  const of = (name: Column): string => cells.get(name) ?? ''
  const empty = payoutColumns.filter((name) => of(name) === '')
  for (const name of empty) faults.push(fault(line, name, 'expected something'))
  if (empty.length > 0) return []
  const [reference, asset, amount] = [of('reference'), of('asset'), of('amount')]
  return [
    { line, reference, asset, amount, to: of('to'), purpose: of('purpose'), record: of('record') },
  ]
}

export function fault(line: number, column: string, because: string): Fault {
  return { line, column, because }
}

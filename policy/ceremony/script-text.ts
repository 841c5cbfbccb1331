// The script as plain text: 78 columns, pages of 60 lines, the first words of the plan and the page
// number at the foot of each. What belongs together is not torn over two pages.
// INVARIANT: ASCII only, so that every printer and every bare console shows it; the same plan gives
// the same bytes.
import type { ReadPlan } from './plan.ts'
import {
  type Blank,
  type PrintedStep,
  type Row,
  type Sheets,
  sheetsOf,
  type Table,
} from './sheets.ts'

const columns = 78
const pageLines = 60
/** A blank line and the foot. */
const footLines = 2

/** Lines that stay on one page; a heading takes the block after it along. */
interface Block {
  readonly lines: readonly string[]
  readonly isHeading?: true
  readonly isNewPage?: true
}

export function scriptText(plan: ReadPlan): string {
  const sheets = sheetsOf(plan)
  return paged(blocksOf(sheets), sheets.foot)
}

/** What a Plan says, to be read before it is approved: facts, stations, people, requests. */
export function planText(plan: ReadPlan): string {
  const sheets = sheetsOf(plan)
  const blocks = [...factBlocks(sheets), ...sheets.tables.flatMap(tableBlocks)]
  return blocks.flatMap(({ lines }) => lines.map((line) => `${line.trimEnd()}\n`)).join('')
}

function factBlocks({ banner, title, facts }: Sheets): readonly Block[] {
  const alarm = banner === '' ? [] : [rule('*'), ...centred(banner), rule('*'), '']
  return [
    { lines: [...alarm, rule('='), ...centred(title), rule('='), ''] },
    ...facts.map(([name, lines]) => ({ lines: named(name, lines) })),
    { lines: [''] },
  ]
}

function blocksOf(sheets: Sheets): readonly Block[] {
  const { tables, sections, otherwise, exceptionSheets, signers } = sheets
  return [
    ...factBlocks(sheets),
    ...tables.flatMap(tableBlocks),
    { lines: heading('How to read this'), isHeading: true },
    { lines: [...howToRead.flatMap((line) => wrapped(line, 0)), ''] },
    ...sections.flatMap(({ title, about, steps }): Block[] => [
      { lines: [...heading(title), ...about, ...(about.length > 0 ? [''] : [])], isHeading: true },
      ...steps.flatMap(stepBlocks),
    ]),
    { lines: heading('When something goes otherwise'), isHeading: true },
    ...otherwise.map((one) => ({
      lines: [
        ...wrapped(`${one.id.padEnd(6)}When ${one.when}:`, 6),
        ...indented(wrapped(one.do, 0, columns - 6), 6),
        '',
      ],
    })),
    ...Array.from({ length: exceptionSheets }, (_, at) => exceptionBlock(at + 1)),
    {
      lines: [...heading('Signatures'), ...wrapped(signed, 0), '', ''],
      isHeading: true,
      isNewPage: true,
    },
    ...signers.map((name) => ({ lines: signatureLines(name) })),
  ]
}

export const howToRead = [
  'SAY is read aloud as it stands. DO is done. SEE must be seen before the next step. Each box ' +
    'is ticked by the recorder when it has happened, with the time and initials.',
  'Words are read by one person from one device and confirmed by another person from another ' +
    'device; the third word is asked back. Nobody compares with their own screen.',
  'Numbers are typed twice, by two people. Anything that is not as written here goes on an ' +
    'exception sheet. No check is ever left out; a ceremony that stops has done its work.',
  'All pages of this script have the same four words at their foot.',
] as const

export const signed =
  'I was present; the script was followed, except for the exceptions on the sheets. Who does not ' +
  'agree writes: I do not agree, and why.'

/** The first rows stay with their step. */
function stepBlocks(step: PrintedStep): readonly Block[] {
  const [head, rows] = [stepLines(step), step.rows.map(rowLines)]
  return [
    { lines: [...head, ...rows.slice(0, 2).flat()] },
    ...rows.slice(2).map((lines) => ({ lines })),
    { lines: [''] },
  ]
}

function stepLines(step: PrintedStep): readonly string[] {
  const head = `${step.id.padEnd(6)}${step.who}${step.repeats === '' ? '' : `, ${step.repeats}`}`
  return [
    `${head.padEnd(columns - 8)}${`${step.minutes} min`.padStart(8)}`,
    ...(step.say === '' ? [] : labelled('SAY', `"${step.say}"`)),
    ...labelled('DO', step.do),
    ...labelled('SEE', step.witness),
    ...wordBlanks(step.words?.count ?? 0),
  ]
}

function labelled(name: string, text: string): readonly string[] {
  const lines = wrapped(text.replaceAll('__', '_______'), 0, columns - 12)
  return lines.map((line, at) => `      ${(at === 0 ? name : '').padEnd(6)}${line}`)
}

function wordBlanks(count: number): readonly string[] {
  if (count === 0) return []
  const line = Array.from({ length: 8 }, () => '_______').join(' ')
  const lines = Array.from({ length: count / 8 }, () => `            ${line}`)
  return [
    ...lines.flatMap((one) => ['', one]),
    '            read by ________  confirmed by ________',
  ]
}

function rowLines({ label, blanks }: Row): readonly string[] {
  const written = blanks.map((blank) => blankText[blank]).join('  ')
  const room = columns - 12 - written.length
  const [last = '', ...before] = wrapped(label, 0, room).reverse()
  const lines = [...before.reverse(), `${last.padEnd(room)}  ${written}`]
  return lines.map((line, at) => `      ${at === 0 ? '[ ]' : '   '} ${line}`)
}

const blankText: Readonly<Record<Blank, string>> = {
  time: '__:__',
  initials: '_____',
  number: 'no ________',
  order: 'in order [ ]',
  name: '____________',
}

function signatureLines(name: string): readonly string[] {
  const [last = '', ...before] = wrapped(name, 0, 34).reverse()
  return [...before.reverse(), `${last.padEnd(34)} ${'_'.repeat(30)}  ____:____`, '']
}

function exceptionBlock(number: number): Block {
  const blank = (name: string, rows: number): readonly string[] => [
    name,
    ...Array.from({ length: rows }, () => ['', '_'.repeat(columns)]).flat(),
    '',
  ]
  return {
    lines: [
      ...heading(`Exception ${number}`),
      'step ________    time __:__    number in the Record ______',
      '',
      ...blank('what was expected', 4),
      ...blank('what happened', 5),
      ...blank('what was decided, and by whom', 5),
      'administrator ______________   auditor ______________   witness ______________',
      '',
    ],
    isNewPage: true,
  }
}

/** A row may be wider than the paper: then its cells go on below. */
function tableBlocks({ title, head, rows }: Table): readonly Block[] {
  const all = [head, ...rows.map(({ cells }) => cells)]
  const widths = head.map((_, at) => Math.max(...all.map((cells) => cellWidth(cells[at]))))
  const total = widths.reduce((sum, width) => sum + width + 2, 0)
  const line = (cells: readonly string[]): string[] => {
    if (total <= columns + 2) {
      return [
        cells
          .map((cell, at) => blankCell(cell).padEnd(widths[at] ?? 0))
          .join('  ')
          .trimEnd(),
      ]
    }
    return wrapped(cells.map(blankCell).join('  '), 4)
  }
  return [
    { lines: [...heading(title), ...line(head)], isHeading: true },
    ...rows.map(({ cells }) => ({ lines: line(cells) })),
    { lines: [''] },
  ]
}

const blankCell = (cell: string): string => (cell === '__' ? '________' : cell)
const cellWidth = (cell = ''): number => blankCell(cell).length

function heading(title: string): readonly string[] {
  return [...wrapped(title, 0), '-'.repeat(Math.min(columns, title.length)), '']
}

function named(name: string, lines: readonly string[]): readonly string[] {
  return lines.flatMap((line, at) => {
    const [first = '', ...more] = wrapped(line, 0, columns - 14)
    return [`${(at === 0 ? name : '').padEnd(14)}${first}`, ...indented(more, 14)]
  })
}

const rule = (mark: string): string => mark.repeat(columns)

function centred(text: string): readonly string[] {
  const lines = wrapped(text, 0)
  return lines.map((line) => ' '.repeat(Math.floor((columns - line.length) / 2)) + line)
}

function indented(lines: readonly string[], by: number): readonly string[] {
  return lines.map((line) => ' '.repeat(by) + line)
}

/** Spaces inside a line stay; a word longer than the line is cut. */
function wrapped(text: string, hang: number, width = columns): string[] {
  const lines: string[] = []
  let rest = text
  while (rest.length > width) {
    const space = rest.lastIndexOf(' ', width)
    const cut = space > hang ? space : width
    lines.push(rest.slice(0, cut).trimEnd())
    rest = ' '.repeat(hang) + rest.slice(cut).trimStart()
  }
  return [...lines, rest]
}

function paged(blocks: readonly Block[], foot: string): string {
  const room = pageLines - footLines
  const pages: string[][] = [[]]
  let page = pages[0] ?? []
  const turn = (): void => {
    page = []
    pages.push(page)
  }
  for (const [at, block] of blocks.entries()) {
    const after = block.isHeading === true ? (blocks[at + 1]?.lines.length ?? 0) : 0
    const needed = Math.min(room, block.lines.length + after)
    if (page.length > 0 && (block.isNewPage === true || page.length + needed > room)) turn()
    for (const line of block.lines) {
      if (page.length === room) turn()
      page.push(line)
    }
  }
  return pages
    .map((lines, at) => printedPage(lines, `${foot} | page ${at + 1} of ${pages.length}`))
    .join('\f')
}

function printedPage(lines: readonly string[], foot: string): string {
  const filling = Array.from({ length: pageLines - footLines - lines.length }, () => '')
  return [...lines, ...filling, '', foot].map((line) => `${line.trimEnd()}\n`).join('')
}

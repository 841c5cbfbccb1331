// The script as one HTML page for print: boxes to tick, the station's color at its rows, and the
// first words of the plan at the foot of every page. No script, nothing fetched.
// INVARIANT: every text of the plan is escaped; the same plan gives the same bytes.
import type { ReadPlan } from './plan.ts'
import { shades, style } from './script-style.ts'
import { howToRead, signed } from './script-text.ts'
import {
  type Blank,
  type PrintedStep,
  type Row,
  type Section,
  type Sheets,
  sheetsOf,
  type Table,
} from './sheets.ts'
import type { Otherwise } from './steps.ts'

export function scriptHtml(plan: ReadPlan): string {
  const sheets = sheetsOf(plan)
  const { title, banner, facts, tables, sections, otherwise, exceptionSheets, signers } = sheets
  const main = [
    banner === '' ? '' : `<p class="banner">${escaped(banner)}</p>`,
    `<h1>${escaped(title)}</h1>`,
    `<dl>${facts.map(factHtml).join('\n')}</dl>`,
    ...tables.map(tableHtml),
    `<h2>How to read this</h2>${howToRead.map((line) => `<p>${escaped(line)}</p>`).join('\n')}`,
    ...sections.map(sectionHtml),
    otherwiseHtml(otherwise),
    ...Array.from({ length: exceptionSheets }, (_, at) => exceptionHtml(at + 1)),
    signaturesHtml(signers),
  ]
  return pageHtml(sheets, main.filter((part) => part !== '').join('\n'))
}

/** The foot is the foot of a table around everything: browsers print that on each page. */
function pageHtml({ title, foot }: Sheets, main: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(title)}</title>
<style>
${style}</style>
</head>
<body>
<table class="paper">
<tfoot><tr><td>${escaped(foot)}</td></tr></tfoot>
<tbody><tr><td>
${main}
</td></tr></tbody>
</table>
</body>
</html>
`
}

function factHtml([name, lines]: Sheets['facts'][number]): string {
  return `<dt>${escaped(name)}</dt><dd>${lines.map(escaped).join('<br>')}</dd>`
}

function tableHtml({ title, head, rows }: Table): string {
  const heads = head.map((cell) => `<th>${escaped(cell)}</th>`).join('')
  const body = rows.map(({ color, cells }) => {
    const [first = '', ...rest] = cells
    const more = rest.map((cell) => `<td>${cell === '__' ? '' : escaped(cell)}</td>`).join('')
    return `<tr><td>${mark(color)}${escaped(first)}</td>${more}</tr>`
  })
  return `<h2>${escaped(title)}</h2>
<table class="grid"><thead><tr>${heads}</tr></thead><tbody>${body.join('\n')}</tbody></table>`
}

function sectionHtml({ title, about, steps }: Section): string {
  const said = about.map((line) => `<p class="digest">${escaped(line)}</p>`).join('\n')
  return `<section><h2>${escaped(title)}</h2>${said}${steps.map(stepHtml).join('\n')}</section>`
}

function stepHtml(step: PrintedStep): string {
  const repeats = step.repeats === '' ? '' : `, ${escaped(step.repeats)}`
  const words = step.words === undefined ? '' : wordsHtml(step.words.count)
  const who = `<b>${escaped(step.id)}</b> <span>${escaped(step.who)}${repeats}</span>`
  return `<article>
<header>${who}<i>${step.minutes} min</i></header>
${step.say === '' ? '' : `<p class="say">&ldquo;${withBlanks(step.say)}&rdquo;</p>`}
<p><em>do</em> ${withBlanks(step.do)}</p>
<p><em>see</em> ${withBlanks(step.witness)}</p>
${words}<ul>${step.rows.map(rowHtml).join('')}</ul>
</article>`
}

function wordsHtml(count: number): string {
  const line = '<i></i>'.repeat(8)
  const lines = Array.from({ length: count / 8 }, () => `<div class="words">${line}</div>`)
  return `${lines.join('')}<p class="by">read by <u></u> confirmed by <u></u></p>\n`
}

function rowHtml({ label, color, blanks }: Row): string {
  const written = blanks.map((blank) => `<span>${blankHtml[blank]}</span>`).join('')
  return `<li><s></s>${mark(color)}<b>${escaped(label)}</b>${written}</li>`
}

const blankHtml: Readonly<Record<Blank, string>> = {
  time: '<u class="time"></u>',
  initials: '<u class="time"></u>',
  number: 'no <u></u>',
  order: 'in order <s></s>',
  name: '<u></u>',
}

function otherwiseHtml(all: readonly Otherwise[]): string {
  const sheets = all.map(({ id, when, do: what }) => {
    const head = `<b>${escaped(id)}</b> <span>When ${escaped(when)}</span>`
    return `<article><header>${head}</header><p>${escaped(what)}</p></article>`
  })
  return `<section><h2>When something goes otherwise</h2>${sheets.join('\n')}</section>`
}

function exceptionHtml(number: number): string {
  const lines = (name: string): string => `<h3>${name}</h3>${'<hr>'.repeat(5)}`
  return `<section class="sheet"><h2>Exception ${number}</h2>
<p>step <u></u> time <u class="time"></u> number in the Record <u class="time"></u></p>
${lines('what was expected')}${lines('what happened')}${lines('what was decided, and by whom')}
<p>administrator <u></u> auditor <u></u> witness <u></u></p></section>`
}

function signaturesHtml(signers: readonly string[]): string {
  const rows = signers.map((name) => `<tr><td>${escaped(name)}</td><td></td><td></td></tr>`)
  return `<section class="sheet"><h2>Signatures</h2>
<p>${escaped(signed)}</p>
<table class="grid sign"><thead><tr><th>who</th><th>signature</th><th>from, until</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></section>`
}

function mark(color: string): string {
  return color === ''
    ? ''
    : `<span class="mark" style="background:${shades[color] ?? '#fff'}"></span>`
}

function withBlanks(text: string): string {
  return escaped(text).replaceAll('__', '<u></u>')
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

// The scripts as they stand in docs/ceremony.md, made of the steps.
//     node test/kit/ceremony-page.ts
// writes them anew between their marks; a test holds the page against the steps.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ceremonyKinds } from '../../policy/ceremony/plan.ts'
import { otherwiseOf, stepsOf } from '../../policy/ceremony/script.ts'
import { kindNames } from '../../policy/ceremony/sheets.ts'
import {
  actMeaning,
  acts,
  type Condition,
  type Machines,
  type Otherwise,
  type Step,
} from '../../policy/ceremony/steps.ts'
import { closingOtherwise } from '../../policy/ceremony/steps-closing.ts'

export const page = join(import.meta.dirname, '..', '..', 'docs', 'ceremony.md')
const marks = ['<!-- scripts: made of the steps -->', '<!-- end of the scripts -->'] as const

/** The page with the scripts that the steps make. */
export function withScripts(text: string): string {
  const [from, to] = marks.map((mark) => text.indexOf(mark))
  if (from === undefined || to === undefined || from < 0 || to < from) {
    throw new Error('expected the marks of the scripts')
  }
  return `${text.slice(0, from)}${marks[0]}\n\n${scriptsText()}\n${text.slice(to)}`
}

export function scriptsText(): string {
  const [genesis = []] = [stepsOf('genesis')]
  const part = (letter: string) => genesis.filter(({ id }) => id.startsWith(letter))
  return [
    ...section('Opening, of every ceremony', part('O-')),
    ...ceremonyKinds.flatMap((kind) => {
      const own = stepsOf(kind).filter(({ id }) => !/^[OC]-/.test(id))
      const sheets = otherwiseOf(kind).filter((one) => !closingOtherwise.includes(one))
      const name = kindNames[kind]
      return section(`${name.charAt(0).toUpperCase()}${name.slice(1)}`, own, sheets)
    }),
    ...section('Closing, of every ceremony', part('C-'), closingOtherwise),
    '### What a machine does',
    '',
    'A step names acts of this list and no others.',
    '',
    '| act | does |',
    '| --- | --- |',
    ...acts.map((act) => `| \`${act}\` | ${actMeaning[act]} |`),
    '',
  ].join('\n')
}

function section(
  title: string,
  steps: readonly Step[],
  otherwise: readonly Otherwise[] = [],
): readonly string[] {
  return [
    `### ${title}`,
    '',
    ...steps.flatMap(stepText),
    ...otherwise.flatMap(({ id, when, do: what }) => [`**${id}** *When ${when}:* ${what}`, '']),
  ]
}

function stepText(step: Step): readonly string[] {
  const each = step.each.length === 0 ? [] : [`each ${step.each.join(', each ')}`]
  const only = step.when === undefined ? [] : [conditions[step.when]]
  const not = step.not === undefined ? [] : [`not at ${step.not.map(kindAt).join(', ')}`]
  const may = step.isOptional === true ? ['may be left out'] : []
  const online = step.isOnline === true ? ['outside, later'] : []
  const about = [step.who, ...each, ...only, ...not, ...may, ...online, `${step.minutes} min`]
  const said = step.say === '' ? [] : [`> ${blanks(step.say)}`, '']
  const what = `${blanks(step.do)} **See:** ${blanks(step.witness)}`
  return [`**${step.id}** ${about.join(' · ')}`, '', ...said, what, '', ...linesOf(step)]
}

function linesOf({ words, acts: done, at, records, isMany }: Step): readonly string[] {
  const read = words === undefined ? [] : [`${words.count} words of the ${words.what}`]
  const acted = at === undefined ? [] : [`${done.map(code).join(', ')} ${places[at]}`]
  const left = records.map(code).join(', ')
  const written = left === '' ? [] : [`Record: ${left}${isMany === true ? ' (one or more)' : ''}`]
  const all = [...acted, ...read, ...written]
  return all.length === 0 ? [] : [`*${all.join(' · ').replaceAll('*', '')}*`, '']
}

const code = (word: string): string => `\`${word}\``
const kindAt = (kind: keyof typeof kindNames): string => `the ${kindNames[kind]}`

const places: Readonly<Record<Machines, string>> = {
  turn: 'at that station',
  called: 'at all stations at once',
  signers: 'at the signers at once',
  record: 'at the Record station',
  all: 'at all stations and the Record station',
}

const conditions: Readonly<Record<Condition, string>> = {
  cards: 'where cards went round',
  scenario: 'where the plan has scenarios',
  'call-back': 'for requests with a call-back',
  'main-log': 'where the plan names the main log',
}

/** A lone underscore is emphasis in Markdown. */
function blanks(text: string): string {
  return text.replaceAll('__', '\\_\\_\\_')
}

if (process.argv[1] === import.meta.filename) {
  writeFileSync(page, withScripts(readFileSync(page, 'utf8')))
}

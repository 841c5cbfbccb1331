// Sheets: a script as it goes on paper, before it is text or HTML. Facts of the plan, tables of
// people and stations, the steps with a row to tick for each turn, what is done when something goes
// otherwise, exception sheets and the lines where everybody signs.
// INVARIANT: a function of the Plan alone: the same Plan gives the same paper, and every page of it
// has the first words of the Plan at its foot.
// Says nothing about layout: `script-text.ts`, `script-html.ts`.
import type { Digest } from '../../proto/ids.ts'
import { writeTime } from '../../proto/shape.ts'
import { hexGroups, type WordCount, wordsOf } from '../../proto/words.ts'
import { pageFoot } from './foot.ts'
import { having, roles } from './people.ts'
import {
  type CeremonyKind,
  calledStations,
  labelOf,
  type Plan,
  type ReadPlan,
  stationOf,
} from './plan.ts'
import { holdersAfter } from './plan-fit.ts'
import { leastOf, otherwiseOf, type Turn, turnsOf } from './script.ts'
import type { Otherwise, SpokenWords, Step } from './steps.ts'

/** What is written by hand beside a row. */
export type Blank = 'time' | 'initials' | 'number' | 'order' | 'name'

export interface Row {
  readonly label: string
  /** Of the station, for its mark; empty for none. */
  readonly color: string
  readonly blanks: readonly Blank[]
}

export interface PrintedStep {
  readonly id: string
  readonly who: string
  /** `each station, 3 of 5 at least`; empty for once. */
  readonly repeats: string
  readonly minutes: number
  readonly say: string
  readonly do: string
  readonly witness: string
  readonly words: SpokenWords | undefined
  readonly rows: readonly Row[]
}

export interface Section {
  readonly title: string
  readonly about: readonly string[]
  readonly steps: readonly PrintedStep[]
}

export interface Table {
  readonly title: string
  readonly head: readonly string[]
  readonly rows: readonly { readonly color: string; readonly cells: readonly string[] }[]
}

export interface Sheets {
  readonly title: string
  /** Set where nothing of it is real. */
  readonly banner: string
  readonly facts: readonly (readonly [string, readonly string[]])[]
  readonly tables: readonly Table[]
  readonly sections: readonly Section[]
  readonly otherwise: readonly Otherwise[]
  readonly exceptionSheets: number
  readonly signers: readonly string[]
  readonly foot: string
}

export function sheetsOf(read: ReadPlan): Sheets {
  const { digest, plan } = read
  return {
    title: `Ceremony ${plan.number} of ${plan.org}: ${kindNames[plan.kind]}`,
    banner: plan.rehearsal ? `REHEARSAL (${plan.env}): nothing of this is real` : '',
    facts: factsOf(digest, plan),
    tables: tablesOf(plan),
    sections: sectionsOf(plan),
    otherwise: otherwiseOf(plan.kind),
    exceptionSheets: 4,
    signers: plan.people.map(({ role, person }) => `${role} ${person}`),
    foot: pageFoot(read),
  }
}

/** How long it takes, as practised; what all stations do at once counts once. */
export function minutesOf(plan: Plan): number {
  return groupsOf(plan).reduce((sum, { step, turns }) => {
    const isOnce = step.at === 'called' || step.at === 'signers'
    return sum + step.minutes * (isOnce ? 1 : turns.length)
  }, 0)
}

function factsOf(digest: Digest, plan: Plan): Sheets['facts'] {
  const minutes = minutesOf(plan)
  const { build, table, t } = plan
  const network = table.way === 'network' ? [`network, hub ${table.hub} port ${table.port}`] : []
  return [
    ['purpose', [plan.purpose]],
    ['plan', spoken(digest, 16)],
    ['window', [`${writeTime(plan.from)} to ${writeTime(plan.until)}`]],
    ['takes', [`about ${Math.floor(minutes / 60)} h ${minutes % 60} min`]],
    ['log', [plan.origin]],
    ['root', plan.root === '' ? [] : spoken(plan.root, 16)],
    ['main root', plan.mainRoot === undefined ? [] : spoken(plan.mainRoot, 16)],
    ['committee', [`${t} of ${holdersAfter(plan).length} sign, ${plan.called.length} are called`]],
    ['table', network.length > 0 ? network : ['cards, carried by the recorder']],
    ['build', spoken(build.program, 16)],
    ['boot image', spoken(build.image, 16)],
    ['modules', build.modules.flatMap((module) => spoken(module, 8))],
    ['node', [[build.node, ...build.flags].join(' ')]],
    ['scenarios', plan.scenarios.length === 0 ? [] : [plan.scenarios.join(', ')]],
  ].filter((fact): fact is [string, string[]] => (fact[1]?.length ?? 0) > 0)
}

/** Four words a line, in columns, and the same in hex. */
function spoken(digest: Digest, count: WordCount): readonly string[] {
  const words = wordsOf(digest, count).map((word) => word.padEnd(wordWidth))
  const lines = Array.from({ length: count / 4 }, (_, at) => words.slice(4 * at, 4 * at + 4))
  return [...lines.map((line) => line.join('').trimEnd()), hexGroups(digest, count)]
}

const wordWidth = 13

function tablesOf(plan: Plan): readonly Table[] {
  const stations = [...plan.stations].sort((a, b) => a.x - b.x)
  const people = roles.flatMap((role) => having(plan.people, role))
  return [
    {
      title: 'Stations',
      head: ['label', 'node', 'site', 'custodian', 'daily', 'spare', 'comes'],
      rows: stations.map((one) => {
        const { daily, spare } = one.tokens ?? {}
        const comes = plan.called.includes(one.node) ? 'yes' : 'no'
        const part = one.part === 'stays' ? comes : `${comes}, ${one.part}`
        const serials = [daily?.serial ?? 'made here', spare?.serial ?? 'made here']
        return {
          color: one.color,
          cells: [labelOf(one), one.node, one.site, one.custodian, ...serials, part],
        }
      }),
    },
    {
      title: 'People',
      head: ['role', 'person', 'identified', 'from outside', 'present, initials'],
      rows: people.map(({ role, person, how, outside }) => {
        return { color: '', cells: [role, person, how, outside ? 'yes' : 'no', blank] }
      }),
    },
    ...requestTable(plan),
  ]
}

function requestTable({ requests }: Plan): readonly Table[] {
  if (requests.length === 0) return []
  const rows = requests.map(({ request, op, vault, callBack }, at) => {
    const cells = [`${at + 1}`, op, vault, hexGroups(request, 8), callBack ? 'yes' : 'no']
    return { color: '', cells }
  })
  return [{ title: 'Requests', head: ['no', 'what', 'vault', 'digest', 'call-back'], rows }]
}

interface Group {
  readonly step: Step
  readonly turns: readonly Turn[]
}

/** Turns of one step for one vault or request stand together, with a row each. */
function groupsOf(plan: Plan): readonly Group[] {
  const groups: { step: Step; turns: Turn[] }[] = []
  for (const turn of turnsOf(plan)) {
    const last = groups.at(-1)
    const before = last?.turns[0]
    const isSame = last?.step === turn.step && before && blockOf(before) === blockOf(turn)
    if (isSame) last.turns.push(turn)
    else groups.push({ step: turn.step, turns: [turn] })
  }
  return groups
}

function blockOf({ step, vault, request }: Turn): string {
  if (step.each[0] === 'request') return `request ${request?.request}`
  return step.each[0] === 'vault' ? `vault ${vault}` : ''
}

function sectionsOf(plan: Plan): readonly Section[] {
  const sections: { title: string; about: readonly string[]; steps: PrintedStep[] }[] = []
  for (const { step, turns } of groupsOf(plan)) {
    const [turn] = turns
    if (turn === undefined) continue
    const title = titleOf(plan, turn)
    if (sections.at(-1)?.title !== title) sections.push({ title, about: aboutOf(turn), steps: [] })
    sections.at(-1)?.steps.push(printed(plan, step, turns))
  }
  return sections
}

function titleOf(plan: Plan, turn: Turn): string {
  const { step, request, vault } = turn
  if (step.id.startsWith('O-')) return 'Opening'
  if (step.id.startsWith('C-')) return 'Closing'
  const block = blockOf(turn)
  const name = capital(kindNames[plan.kind])
  if (block === '') return name
  if (request === undefined) return `${name}: vault ${vault}`
  const place = plan.requests.indexOf(request) + 1
  return `Request ${place} of ${plan.requests.length}: ${request.op}, vault ${request.vault}`
}

function aboutOf(turn: Turn): readonly string[] {
  const { request } = turn
  if (request === undefined || blockOf(turn) === '') return []
  return spoken(request.request, 8)
}

function printed(plan: Plan, step: Step, turns: readonly Turn[]): PrintedStep {
  const [turn] = turns
  const context = turns.length === 1 ? turn : pick(turn)
  return {
    id: step.id,
    who: step.who,
    repeats: repeatsOf(plan, step, turns.length),
    minutes: step.minutes,
    say: filled(step.say, plan, context),
    do: filled(step.do, plan, context),
    witness: filled(step.witness, plan, context),
    words: step.words,
    rows: turns.flatMap((one, at) => rowsOf(plan, one, at)),
  }
}

/** What is the same in all turns of a group. */
function pick(turn: Turn | undefined): Turn | undefined {
  if (turn === undefined) return undefined
  const { step, vault, request } = turn
  const block = step.each[0]
  return {
    step,
    ...(block === 'vault' && vault !== undefined ? { vault } : {}),
    ...(block === 'request' && request !== undefined ? { request } : {}),
  }
}

function repeatsOf(plan: Plan, step: Step, count: number): string {
  const each = step.each.filter((one) => one !== 'request' && one !== 'vault')
  if (each.length === 0) return ''
  if (step.isOptional === true) return `each ${each.join(', each ')}, may be left out`
  const fewest = leastOf(step, plan)
  const some = fewest < count && each[0] !== 'person' ? `, ${fewest} of ${count} at least` : ''
  return `each ${each.join(', each ')}${some}`
}

/** Where several things are checked there is room for several numbers. */
function rowsOf(plan: Plan, turn: Turn, at: number): readonly Row[] {
  const row = rowOf(plan, turn, at)
  if (turn.step.isMany !== true || !row.blanks.includes('number')) return [row]
  return Array.from({ length: turn.node === undefined ? 6 : 2 }, () => row)
}

function rowOf(plan: Plan, turn: Turn, at: number): Row {
  const { step, node, person, custodian, token, vault } = turn
  const station = node === undefined ? undefined : stationOf(plan, node)
  const isSigner = step.each.includes('signer')
  const parts = [
    station === undefined ? '' : labelOf(station),
    custodian ?? '',
    person === undefined ? '' : `${person.person}, ${person.role}`,
    isSigner ? `signer ${at + 1}` : '',
    token ?? '',
    step.each[0] !== 'vault' && vault !== undefined ? vault : '',
  ].filter((part) => part !== '')
  const isChecked = step.records.includes('item.checked')
  const isItem = isChecked || step.records.includes('medium.destroyed')
  const blanks: readonly Blank[] = [
    ...(isSigner ? (['name'] as const) : []),
    ...(isItem ? (['number'] as const) : []),
    ...(isChecked ? (['order'] as const) : []),
    'time',
    'initials',
  ]
  return {
    label: parts.join('  ') || (isItem ? 'item' : 'done'),
    color: station?.color ?? '',
    blanks,
  }
}

export const kindNames: Readonly<Record<CeremonyKind, string>> = {
  enrolment: 'enrolment of tokens',
  genesis: 'making of a key',
  sign: 'cold signing',
  reshare: 'new shares of a key',
  drill: 'drill',
}

const blank = '__'

/** Texts with what the plan knows; what is said in the room stays a blank. */
export function filled(text: string, plan: Plan, turn: Turn | undefined): string {
  const station = turn?.node === undefined ? undefined : stationOf(plan, turn.node)
  const known: Readonly<Record<string, string>> = {
    number: `${plan.number}`,
    org: plan.org,
    kind: kindNames[plan.kind],
    purpose: plan.purpose,
    env: plan.rehearsal ? `a rehearsal (${plan.env})` : 'real (prod)',
    t: `${plan.t}`,
    tBefore: `${plan.tBefore ?? plan.t}`,
    n: `${holdersAfter(plan).length}`,
    requests: `${plan.requests.length}`,
    vaults: plan.vaults.join(', '),
    vault: turn?.vault ?? blank,
    called: calledStations(plan).map(labelOf).join(', '),
    station: station === undefined ? blank : labelOf(station),
    token: turn?.token ?? blank,
  }
  return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => known[name] ?? whole)
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}

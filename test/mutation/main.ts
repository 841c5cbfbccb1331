// npm run mutation -- [FILE...] [OPTION...]: how many planted mistakes the tests find. Every mistake that
// Stryker's mutators know is made in a file of `signer-node/dkls23/`, one at a time, and the tests
// that reach the file run over it; what no test notices is printed. FILE is a name without its
// ending, with `:LINE,LINE` for some lines; without one, all. `--again` tries what survived,
// `--last` with the slow tests; `--told` prints what was found before; `--part 0.3 --seed 1` draws.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Planted, plantedIn } from './plant.ts'
import { files, root, testsOf } from './reach.ts'
import { percent, type Report, row, survivorsOf, type Tried, tell } from './score.ts'
import { Trials } from './tried.ts'

const reports = join(import.meta.dirname, 'reports')
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    told: { type: 'boolean', default: false },
    again: { type: 'boolean', default: false },
    last: { type: 'boolean', default: false },
    part: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
  },
})
if (!existsSync(join(import.meta.dirname, 'node_modules'))) {
  console.error('the mutation tester is not here: npm --prefix test/mutation install')
  process.exit(2)
}
mkdirSync(reports, { recursive: true })
const asked = positionals.length > 0 ? positionals : files
const told: Report[] = []
for (const one of asked) {
  const report = values.told ? before(one) : await triedIn(one)
  if (report === undefined) continue
  told.push(report)
  tell(report)
}
console.log('| file | mistakes | tried | found | % | at set-up | endless |')
for (const report of told) console.log(row(report))
const cases = told.reduce((sum, { tried }) => sum + tried.length, 0)
const missed = told.reduce((sum, report) => sum + survivorsOf(report).length, 0)
console.log(`found ${cases - missed} of ${cases}, ${percent(cases - missed, cases)} %`)
if (values.json) console.log(JSON.stringify({ suite: 'mutation', cases, missed }))

function before(file: string): Report | undefined {
  const path = join(reports, `${file}.json`)
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined
}

/** The report of the whole file is kept; of some lines, what was tried is put in its place. */
async function triedIn(asked: string): Promise<Report | undefined> {
  const [file = '', lines] = asked.split(':')
  const path = `signer-node/dkls23/${file}.ts`
  const all = await plantedIn(path)
  const old = before(file)
  const wanted = wantedOf(all, lines, old)
  const tests = testsOf(file, values.last)
  if (tests.length === 0 || wanted.length === 0) return old
  const trials = new Trials()
  await trials.begin({ path, tests })
  const tried: Tried[] = []
  for (const mistake of wanted) {
    const { fate, by } = await trials.run({ path, source: mistake.source, tests })
    if (tried.length % 20 === 0) console.error(`${file}: ${tried.length} of ${wanted.length}`)
    tried.push({ ...placeOf(path, mistake), fate, ...(by === undefined ? {} : { by }) })
  }
  trials.end()
  const isWhole = lines === undefined && !values.last && !values.again
  const merged = isWhole || old === undefined ? tried : replaced(old.tried, tried)
  const usual = isWhole || old === undefined ? tests : old.tests
  const report = { file, tests: usual, all: all.length, tried: merged }
  writeFileSync(join(reports, `${file}.json`), JSON.stringify(report, undefined, 1))
  console.log(row(report))
  return report
}

function wantedOf(
  all: readonly Planted[],
  lines: string | undefined,
  old: Report | undefined,
): readonly Planted[] {
  if (values.last || values.again) {
    const places = new Set(old && survivorsOf(old).map(keyOf))
    return all.filter((one) => places.has(keyOf(placeOf('', one))))
  }
  if (lines !== undefined) {
    return all.filter(({ from }) => lines.split(',').includes(String(from.line + 1)))
  }
  // A linear congruence is random enough to choose by; its upper bits are the better ones.
  let state = Number(values.seed)
  return all.filter(() => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32 < Number(values.part)
  })
}

function keyOf({ line, column, end, kind, replacement }: Omit<Tried, 'fate'>): string {
  return [line, column, end, kind, replacement].join(' ')
}

function replaced(old: readonly Tried[], tried: readonly Tried[]): readonly Tried[] {
  const byKey = new Map(tried.map((one) => [keyOf(one), one]))
  const kept = old.map((one) => byKey.get(keyOf(one)) ?? one)
  const known = new Set(old.map(keyOf))
  return [...kept, ...tried.filter((one) => !known.has(keyOf(one)))]
}

function placeOf(path: string, { kind, from, to, replacement }: Planted): Omit<Tried, 'fate'> {
  const lines = path === '' ? [] : readFileSync(join(root, path), 'utf8').split('\n')
  const was = (lines[from.line] ?? '').trim()
  const end = `${to.line + 1}:${to.column}`
  return { line: from.line + 1, column: from.column, end, kind, was, replacement }
}

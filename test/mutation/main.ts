// npm run mutation -- FILE... [--json]: how many planted mistakes the tests find. Stryker changes one
// thing at a time in a file of `signer-node/dkls23/` and runs the tests that reach it; what no test
// notices is printed as a survivor. FILE is a name without its ending; without one, all of the
// table. The tool is no dependency: `npm --prefix test/mutation install` brings it.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const root = join(import.meta.dirname, '../..')
const tool = join(import.meta.dirname, 'node_modules/@stryker-mutator/core/bin/stryker.js')
const report = join(import.meta.dirname, 'reports/report.json')

/** What is tried beside `test/dkls23/FILE*.test.ts`. */
const beside: Readonly<Record<string, readonly string[]>> = {
  'session-id': ['properties/encoding'],
  transcript: ['properties/encoding'],
  polynomial: ['properties/arithmetic'],
  keyshare: ['properties/encoding', 'dkls23/importing', 'dkls23/reshare', 'dkls23/refresh'],
  pairing: ['dkls23/sign'],
  protocol: ['dkls23/wiping'],
  dealing: ['dkls23/keygen-blame', 'dkls23/keygen', 'dkls23/wiping-life'],
  keygen: ['dkls23/wiping-life'],
  'dlog-proof': [],
  'ot-extension': ['dkls23/wiping-sign'],
  multiplication: ['dkls23/sign-vectors', 'dkls23/wiping-sign'],
  sign: ['dkls23/wiping-sign'],
}

interface Mutant {
  readonly status: string
  readonly mutatorName: string
  readonly replacement?: string
  readonly location: { readonly start: { readonly line: number; readonly column: number } }
}

interface Score {
  readonly file: string
  readonly found: number
  readonly survivors: readonly string[]
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false } },
})
if (!existsSync(tool)) {
  console.error('the mutation tester is not here: npm --prefix test/mutation install')
  process.exit(2)
}
const files = positionals.length > 0 ? positionals : Object.keys(beside)
const scores = files.map(mutated)
for (const score of scores) tell(score)
const [found, missed] = [
  scores.reduce((sum, score) => sum + score.found, 0),
  scores.reduce((sum, { survivors }) => sum + survivors.length, 0),
]
console.log(`found ${found} of ${found + missed}, ${percent(found, missed)} %`)
if (values.json) console.log(JSON.stringify({ suite: 'mutation', cases: found + missed, missed }))

function mutated(file: string): Score {
  const source = `signer-node/dkls23/${file}.ts`
  if (!existsSync(join(root, source))) throw new Error(`there is no ${source}`)
  const words = [tool, 'run', 'test/mutation/stryker.config.json', '--mutate', source]
  const env = { ...process.env, MUTATION_TESTS: testsOf(file).join(',') }
  const run = spawnSync(process.execPath, words, { cwd: root, env, stdio: 'inherit' })
  if (run.status !== 0) throw new Error(`stryker ended with ${run.status} for ${file}`)
  const { files: reported }: { files: Record<string, { source: string; mutants: Mutant[] }> } =
    JSON.parse(readFileSync(report, 'utf8'))
  const { mutants = [], source: text = '' } = reported[source] ?? {}
  const isFound = ({ status }: Mutant): boolean => status === 'Killed' || status === 'Timeout'
  const isMissed = ({ status }: Mutant): boolean => status === 'Survived' || status === 'NoCoverage'
  const lines = text.split('\n')
  const survivors = mutants.filter(isMissed).map(({ mutatorName, replacement = '', location }) => {
    const { line } = location.start
    const was = (lines[line - 1] ?? '').trim()
    return `${line} ${mutatorName}: ${was}  =>  ${replacement.replaceAll(/\s+/g, ' ').slice(0, 60)}`
  })
  return { file, found: mutants.filter(isFound).length, survivors }
}

function testsOf(file: string): readonly string[] {
  const own = readdirSync(join(root, 'test/dkls23'))
    .filter((name) => name.startsWith(file) && name.endsWith('.test.ts'))
    .filter((name) => /^(-[a-z]+)*\.test\.ts$/.test(name.slice(file.length)))
    .map((name) => `test/dkls23/${name}`)
  const others = (beside[file] ?? []).map((name) => `test/${name}.test.ts`)
  return [...new Set([...own, ...others])].filter((name) => existsSync(join(root, name)))
}

function tell({ file, found: killed, survivors }: Score): void {
  const all = killed + survivors.length
  console.log(`${file}: found ${killed} of ${all}, ${percent(killed, survivors.length)} %`)
  for (const survivor of survivors) console.log(`  ${survivor}`)
}

function percent(killed: number, missedOnes: number): string {
  return ((100 * killed) / Math.max(1, killed + missedOnes)).toFixed(1)
}

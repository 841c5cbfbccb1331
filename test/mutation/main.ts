// npm run mutation -- [FILE...] [--told] [--json]: how many planted mistakes the tests find. Stryker
// changes one thing at a time in a file of `signer-node/dkls23/` and runs the tests that reach it;
// what no test notices is printed as a survivor. FILE is a name without its ending, with
// `:LINE` or `:LINE-LINE` for a part of it; without one, all. `--told` runs nothing and prints
// what the last runs gave. The tool is no dependency: `npm --prefix test/mutation install`.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { files, root, testsOf } from './reach.ts'
import { percent, row, type Score, scoreOf } from './score.ts'

const tool = join(import.meta.dirname, 'node_modules/@stryker-mutator/core/bin/stryker.js')
const reports = join(import.meta.dirname, 'reports')

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, told: { type: 'boolean', default: false } },
})
const asked = positionals.length > 0 ? positionals : files
if (!values.told) {
  if (!existsSync(tool)) {
    console.error('the mutation tester is not here: npm --prefix test/mutation install')
    process.exit(2)
  }
  const failed = asked.filter((file) => !mutate(file))
  if (failed.length > 0) {
    console.error(`not run to the end: ${failed.join(', ')}`)
    process.exitCode = 1
  }
}
const scores = asked.flatMap((file) => {
  const report = reportOf(file)
  return existsSync(report) ? [scoreOf(file.replace(/:.*/, ''), report)] : []
})
for (const score of scores) tell(score)
console.log('| file | found | of | % | at set-up | endless | late | broken |')
for (const score of scores) console.log(row(score))
const missed = scores.reduce((sum, { survivors }) => sum + survivors.length, 0)
const cases = scores.reduce((sum, { found }) => sum + found, missed)
console.log(`found ${cases - missed} of ${cases}, ${percent(cases - missed, cases)} %`)
if (values.json) console.log(JSON.stringify({ suite: 'mutation', cases, missed }))

/** Only what changed since the last run of this file is tried again. */
function mutate(asked: string): boolean {
  const [file = '', part] = asked.split(':')
  const source = `signer-node/dkls23/${file}.ts`
  if (!existsSync(join(root, source))) throw new Error(`there is no ${source}`)
  const range = part === undefined ? '' : `:${part.includes('-') ? part : `${part}-${part}`}`
  const config = configOf(asked, part === undefined ? `${file}.kept.json` : undefined)
  const words = [tool, 'run', config, '--mutate', source + range]
  const env = { ...process.env, MUTATION_TESTS: testsOf(file).join(',') }
  const run = spawnSync(process.execPath, words, { cwd: root, env, stdio: 'inherit' })
  return run.status === 0
}

/** Every run has files of its own, so that two may run at once. */
function configOf(asked: string, kept: string | undefined): string {
  const shared = JSON.parse(readFileSync(join(import.meta.dirname, 'stryker.config.json'), 'utf8'))
  const config = {
    ...shared,
    jsonReporter: { fileName: reportOf(asked) },
    tempDirName: `.mutation/${asked.replace(':', '.')}`,
    ...(kept === undefined ? {} : { incremental: true, incrementalFile: join(reports, kept) }),
  }
  mkdirSync(reports, { recursive: true })
  const path = `${reportOf(asked)}.config.json`
  writeFileSync(path, JSON.stringify(config))
  return path
}

function reportOf(file: string): string {
  return join(reports, `${file.replace(':', '.')}.json`)
}

function tell({ file, survivors, late }: Score): void {
  console.log(`${file}: ${survivors.length} not found, ${late.length} found by the clock alone`)
  for (const survivor of survivors) console.log(`  ${survivor}`)
  for (const one of late) console.log(`  late ${one}`)
}

// npm run storm -- walks | faults [--every] [--json]: the long walks of a whole house, and real processes
// on a hostile machine, which `npm test` leaves out to stay short and CI plays after it; with --every,
// all cases of those that cost most.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { everyCase, longFaults, longWalks, withFaults, withWalks } from '../kit/every-case.ts'

export function walks(args: readonly string[]): number {
  return played({ suite: 'walks', files: longWalks, unlock: withWalks }, args)
}

export function faults(args: readonly string[]): number {
  return played({ suite: 'faults', files: longFaults, unlock: withFaults }, args)
}

interface Suite {
  readonly suite: string
  readonly files: readonly string[]
  readonly unlock: string
}

function played({ suite, files, unlock }: Suite, args: readonly string[]): number {
  const root = join(import.meta.dirname, '..', '..')
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const place = mkdtempSync(join(tmpdir(), `custody-${suite}-`))
  const report = join(place, 'report.json')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const every = args.includes('--every') ? { [everyCase]: '1' } : {}
  try {
    const { status } = spawnSync(process.execPath, [vitest, 'run', ...reporters, ...files], {
      cwd: root,
      env: { ...process.env, [unlock]: '1', ...every },
      stdio: 'inherit',
    })
    const { cases, failed } = counted(JSON.parse(readFileSync(report, 'utf8')))
    console.log(`${suite}: ${cases} cases, ${failed} failed`)
    if (args.includes('--json')) console.log(JSON.stringify({ suite, cases, failed }))
    return status === 0 ? 0 : 1
  } finally {
    rmSync(place, { recursive: true })
  }
}

interface Report {
  readonly numTotalTests: number
  readonly numFailedTests: number
  readonly testResults: readonly {
    readonly status: string
    readonly assertionResults: readonly { readonly status: string }[]
  }[]
}

/** A file that could not begin skips its cases, and none of them is called failed. */
function counted({ numTotalTests: cases, numFailedTests, testResults }: Report) {
  const unbegun = testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && assertionResults.every((one) => one.status !== 'failed'),
  )
  return { cases, failed: numFailedTests + unbegun.length }
}

// npm run storm -- walks [--every] [--json]: the long walks of a whole house, which `npm test` leaves
// out to stay short and CI plays after it; with --every, all cases of those that cost most.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { everyCase, longWalks, withWalks } from '../kit/every-case.ts'

export function walks(args: readonly string[]): number {
  const root = join(import.meta.dirname, '..', '..')
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const place = mkdtempSync(join(tmpdir(), 'custody-walks-'))
  const report = join(place, 'report.json')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const every = args.includes('--every') ? { [everyCase]: '1' } : {}
  try {
    const { status } = spawnSync(process.execPath, [vitest, 'run', ...reporters, ...longWalks], {
      cwd: root,
      env: { ...process.env, [withWalks]: '1', ...every },
      stdio: 'inherit',
    })
    const { numTotalTests: cases, numFailedTests: failed } = JSON.parse(
      readFileSync(report, 'utf8'),
    )
    console.log(`walks: ${cases} cases, ${failed} failed`)
    if (args.includes('--json')) console.log(JSON.stringify({ suite: 'walks', cases, failed }))
    return status === 0 ? 0 : 1
  } finally {
    rmSync(place, { recursive: true })
  }
}

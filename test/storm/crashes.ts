// npm run storm -- crashes [--json]: every case of the walks of which `npm test` plays some.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { everyCase } from '../kit/every-case.ts'

const files = ['test/house/change-crash.test.ts', 'test/house/storm.test.ts'] as const

export function crashes(args: readonly string[]): number {
  const root = join(import.meta.dirname, '..', '..')
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const place = mkdtempSync(join(tmpdir(), 'custody-crashes-'))
  const report = join(place, 'report.json')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  try {
    const { status } = spawnSync(process.execPath, [vitest, 'run', ...reporters, ...files], {
      cwd: root,
      env: { ...process.env, [everyCase]: '1' },
      stdio: 'inherit',
    })
    const { numTotalTests: cases, numFailedTests: failed } = JSON.parse(
      readFileSync(report, 'utf8'),
    )
    console.log(`crashes: ${cases} cases, ${failed} failed`)
    if (args.includes('--json')) console.log(JSON.stringify({ suite: 'crashes', cases, failed }))
    return status === 0 ? 0 : 1
  } finally {
    rmSync(place, { recursive: true })
  }
}

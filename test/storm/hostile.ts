// npm run storm -- hostile [--only TEXT] [--part K/N] [--twin native|wasm|noble] [--json]: every field of
// every message of every protocol, mutated in every way. A case that failed is told by its name:
// `--only NAME` plays it again.
import { parseArgs } from 'node:util'
import type { Played } from '../hostile/play.ts'
import { allCases, playAll, summaryOf } from '../hostile/suite.ts'
import { twins } from '../kit/twins.ts'

const options = {
  only: { type: 'string', default: '' },
  part: { type: 'string', default: '1/1' },
  twin: { type: 'string', default: 'native' },
  json: { type: 'boolean', default: false },
} as const

/** How many times as long as on the native one a case may take: its set-ups do, and more. */
const times = { native: 1, wasm: 10, noble: 20 } as const

export function hostile(args: string[]): number {
  const { only, part, twin, json } = parseArgs({ options, args }).values
  const [which = 1, parts = 1] = part.split('/').map(Number)
  const curve = twins.find(({ name }) => name === twin)
  if (curve === undefined) {
    console.log(`expected --twin ${twins.map(({ name }) => name).join(', ')}, got ${twin}`)
    return 2
  }
  const cases = allCases(curve).filter(
    ({ name }, at) => name.includes(only) && at % parts === which - 1,
  )
  if (cases.length === 0) {
    console.log(`expected a part of a case's name, got --only ${only} --part ${part}`)
    return 2
  }
  const begun = performance.now()
  const played: Played[] = []
  for (const one of playAll(cases, times[curve.name])) {
    played.push(one)
    for (const what of one.broken) console.log(`BROKE  ${one.name}: ${what}`)
    if (played.length % 100 === 0) console.log(`${played.length} of ${cases.length}`)
  }
  const failed = played.filter(({ broken }) => broken.length > 0).length
  const seconds = ((performance.now() - begun) / 1_000).toFixed(0)
  const slowest = Math.max(0, ...played.map(({ ms }) => ms)).toFixed(0)
  console.log(
    `${played.length} cases in ${seconds} s, ${failed} failed; the slowest took ${slowest} ms`,
  )
  console.log(`honest parties ended with: ${summaryOf(played)}`)
  if (json) console.log(JSON.stringify({ suite: 'hostile', cases: played.length, failed }))
  return failed === 0 ? 0 : 1
}

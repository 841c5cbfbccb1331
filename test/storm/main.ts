// npm run storm -- --seeds N [--from K] [--json]: storms over a whole house, one for each seed, and what
// they broke. A seed that failed is told with its number: `--from K --seeds 1` does it again.
// npm run storm -- walks | faults | rollback | properties | signatures | hostile | fuzz ...: in their own files.
import { parseArgs } from 'node:util'
import { openHouse } from '../kit/house-open.ts'
import { type Outcome, storm } from './storm.ts'

const [suite = '', ...rest] = process.argv.slice(2)
const suites: Readonly<Record<string, () => Promise<number> | number>> = {
  walks: async () => (await import('./walks.ts')).walks(rest),
  faults: async () => (await import('./walks.ts')).faults(rest),
  rollback: async () => (await import('./rollback.ts')).rollback(rest),
  hostile: async () => (await import('./hostile.ts')).hostile(rest),
  fuzz: async () => (await import('./fuzz.ts')).fuzz(rest),
  properties: async () => (await import('./properties.ts')).propertiesStorm(rest),
  signatures: async () => (await import('./signatures.ts')).signaturesStorm(rest),
}
const named = Object.hasOwn(suites, suite) ? suites[suite] : undefined
if (named !== undefined) process.exit(await named())

const options = {
  seeds: { type: 'string', default: '10' },
  from: { type: 'string', default: '1' },
  json: { type: 'boolean', default: false },
} as const

const { seeds, from, json } = parseArgs({ options }).values
const [count, first] = [Number(seeds), Number(from)]
if (!Number.isSafeInteger(count) || !Number.isSafeInteger(first) || count < 1) {
  console.error('usage: npm run storm -- --seeds N [--from K] [--json]')
  process.exit(2)
}

// The key is made in fair weather, once, so that a seed is the same storm whichever comes first.
await (await openHouse()).close()

const begun = performance.now()
const outcomes: Outcome[] = []
for (let seed = first; seed < first + count; seed += 1) {
  const outcome = await storm(seed)
  outcomes.push(outcome)
  tell(outcome)
}
const failed = outcomes.filter(({ broken }) => broken.length > 0)
summary()
if (json) console.log(JSON.stringify({ suite: 'storm', cases: count, failed: failed.length }))
process.exit(failed.length === 0 ? 0 : 1)

function tell({ seed, broken, states, attempts, signatures }: Outcome): void {
  const word = broken.length === 0 ? 'held' : 'BROKE'
  const said = `${states.length} requests, ${attempts} attempts, ${signatures} signatures`
  console.log(`seed ${String(seed).padStart(4)}  ${word}  ${said}`)
  for (const what of broken) console.log(`            ${what}`)
}

function summary(): void {
  const seconds = ((performance.now() - begun) / 1_000).toFixed(0)
  const states = outcomes.flatMap((one) => one.states)
  const counts = [...new Set(states)].sort().map((state) => {
    return `${state} ${states.filter((one) => one === state).length}`
  })
  console.log(`${count} storms in ${seconds} s, ${failed.length} failed`)
  console.log(`requests ended as: ${counts.join(', ')}`)
}

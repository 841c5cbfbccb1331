// npm run storm -- signatures [--count N] [--workers W] [--json]: N real three-round signatures in W
// processes, each verified by noble and by OpenSSL, and all of them together asked for repeated r
// and for bias (`signature-checks.ts`). Randomness is the kernel's, so no run is like another.
import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { SignatureChecks } from './signature-checks.ts'
import type { Outcome } from './signature-worker.ts'

const options = {
  count: { type: 'string', default: '100000' },
  workers: { type: 'string', default: String(availableParallelism()) },
  json: { type: 'boolean', default: false },
} as const

/** The exit code. */
export async function signaturesStorm(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options })
  const [count, workers] = [Number(values.count), Number(values.workers)]
  if (![count, workers].every(Number.isSafeInteger) || count < 1 || workers < 1) {
    console.error('usage: npm run storm -- signatures [--count N] [--workers W] [--json]')
    return 2
  }
  const run = { checks: new SignatureChecks(), wrong: [] as string[], done: 0 }
  const begun = performance.now()
  const progress = setInterval(() => tell(run.done, count, begun), 10_000)
  const shares = Array.from({ length: workers }, (_, i) => {
    return Math.floor((count * (i + 1)) / workers) - Math.floor((count * i) / workers)
  })
  await Promise.all(
    shares.map((share) =>
      work(share, (outcomes) => {
        run.done += outcomes.length
        for (const outcome of outcomes) {
          if ('wrong' in outcome) run.wrong.push(outcome.wrong)
          else run.checks.add(outcome)
        }
      }),
    ),
  ).finally(() => clearInterval(progress))
  return report(run, { count, json: values.json, seconds: (performance.now() - begun) / 1_000 })
}

/** One process; rejects when it ends in any way but the good one. */
function work(count: number, take: (outcomes: readonly Outcome[]) => void): Promise<void> {
  const program = new URL('./signature-worker.ts', import.meta.url)
  const name = randomBytes(8).toString('hex')
  const child = fork(program, [String(count), name], { serialization: 'advanced' })
  child.on('message', (outcomes: readonly Outcome[]) => take(outcomes))
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`a worker ended with ${code}`))
    })
  })
}

function tell(done: number, count: number, begun: number): void {
  const seconds = (performance.now() - begun) / 1_000
  const rate = done / seconds
  const left = rate === 0 ? '?' : ((count - done) / rate).toFixed(0)
  console.log(`${done} of ${count} signatures, ${rate.toFixed(0)} a second, ${left} s left`)
}

function report(
  { checks, wrong, done }: { readonly checks: SignatureChecks; wrong: string[]; done: number },
  { count, json, seconds }: { readonly count: number; json: boolean; seconds: number },
): number {
  const broken = [
    ...(done === count ? [] : [`${done} signatures arrived of ${count}`]),
    ...[...new Set(wrong)].map((what) => `${wrong.filter((w) => w === what).length} times ${what}`),
    ...checks.broken(),
  ]
  console.log(`${done} signatures in ${seconds.toFixed(0)} s, ${wrong.length} refused by a library`)
  console.log(`repeated r: ${checks.repeated}; recovery ids: ${checks.recoveries.join(' ')}`)
  for (const { what, value, p } of checks.statistics()) {
    console.log(`  ${what.padEnd(30)} ${value.toFixed(2).padStart(10)}   p ${p.toFixed(4)}`)
  }
  for (const what of broken) console.log(`BROKE ${what}`)
  if (json) {
    const statistics = checks.statistics()
    const failed = broken.length
    console.log(JSON.stringify({ suite: 'signatures', cases: done, failed, statistics }))
  }
  return broken.length === 0 ? 0 : 1
}

// A program that calls a coordinator as an operator does, one call after another on one connection, and
// tells its parent how long they took: in a process of its own, so that it measures the other side.
import { dial } from '../../cli/dial.ts'
import { openProfile } from '../../cli/profile.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { world } from '../demo/stage.ts'

export interface Measured {
  readonly calls: number
  readonly failed: readonly string[]
  readonly p50: number
  readonly p99: number
  readonly max: number
}

const [place = ''] = process.argv.slice(2)
const profile = openProfile({ words: [], flags: { as: place } }, world)
const client = dial(profile, world, 'operator')

let tooks: number[] = []
let failed: string[] = []

async function callForEver(): Promise<never> {
  for (;;) {
    const begun = performance.now()
    try {
      const reply = await client.AuditService.GetCheckpoint({}, 10_000)
      if (isRefusal(reply)) failed.push(reply.because)
    } catch (error) {
      failed.push(error instanceof Error ? error.message : String(error))
    }
    tooks.push(performance.now() - begun)
    tell()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

let wanted = Number.POSITIVE_INFINITY

/** As soon as there are so many. */
function tell(): void {
  if (tooks.length < wanted) return
  wanted = Number.POSITIVE_INFINITY
  const sorted = tooks.sort((a, b) => a - b)
  const at = (part: number): number => sorted[Math.floor(part * (sorted.length - 1))] ?? 0
  const measured = { calls: sorted.length, failed, p50: at(0.5), p99: at(0.99), max: at(1) }
  tooks = []
  failed = []
  process.send?.(measured satisfies Measured)
}

process.on('message', (count: number) => {
  wanted = count
  tell()
})
await callForEver()

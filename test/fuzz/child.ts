// The fuzzer's own process: it runs one stretch of every target that it is told, and says how far it
// is. Whoever started it ends it when it works for too long and says nothing: that is a hang.
import { parseArgs } from 'node:util'
import { run } from './run.ts'
import { allTargets, sharesOf } from './targets.ts'

const text = { type: 'string' } as const
const options = { only: text, executions: text, seed: text, from: text } as const
const { only = '', executions, seed, from } = parseArgs({ options }).values

const beatMs = 500
const rssBytesMax = 1_500_000_000
const targets = allTargets().filter(({ name }) => name.includes(only))
const shares = sharesOf(targets, Number(executions))

const say = (message: object): void => void process.send?.(message)
/** Until the channel has it: a queue behind work that never pauses is never written. */
const told = (message: object): Promise<void> =>
  new Promise((resolve) => process.send?.(message, () => resolve()))
let saidMs = 0
for (const [index, target] of targets.entries()) {
  await told({ kind: 'at', target: target.name, at: 0 })
  const ran = run(target, {
    seed: Number(seed),
    from: Number(from),
    executions: shares[index] ?? 0,
    beat: (at) => {
      const now = performance.now()
      if (now - saidMs < beatMs) return
      saidMs = now
      say({ kind: 'at', target: target.name, at })
    },
  })
  const rss = process.memoryUsage.rss()
  const found = ran.found.map(({ at, what, input }) => {
    return { at, what, input: Buffer.from(input.subarray(0, 4_096)).toString('base64') }
  })
  if (rss > rssBytesMax) found.push({ at: 0, what: `${rss} bytes of memory`, input: '' })
  await told({ kind: 'ran', ...ran, found })
}
process.disconnect()

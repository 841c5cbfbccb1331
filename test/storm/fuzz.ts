// npm run storm -- fuzz [--executions N] [--only TEXT] [--seed S] [--from K] [--json]: every decoder and
// step function, with inputs broken a little. What is found is told by target and number:
// `--only TARGET --seed S --from NUMBER --executions 1` does it again.
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { watched } from '../fuzz/watch.ts'

const options = {
  executions: { type: 'string', default: '100000' },
  only: { type: 'string', default: '' },
  seed: { type: 'string', default: '1' },
  from: { type: 'string', default: '0' },
  json: { type: 'boolean', default: false },
} as const

interface Ran {
  readonly kind: 'ran'
  readonly target: string
  readonly executions: number
  readonly taken: number
  readonly slowestMs: number
  readonly ms: number
  readonly found: readonly { readonly at: number; readonly what: string; readonly input: string }[]
}
type Said = Ran | { readonly kind: 'at'; readonly target: string; readonly at: number }

/** No execution of any target comes near. */
const patience = { cpuMsMax: 60_000, silenceMsMax: 900_000, pollMs: 1_000 }
const beyond = {
  hang: `HANG  no word for ${patience.cpuMsMax / 1_000} s of the processor, or ${patience.silenceMsMax / 60_000} min:`,
  died: 'DIED ',
}
const child = fileURLToPath(new URL('../fuzz/child.ts', import.meta.url))

export async function fuzz(args: string[]): Promise<number> {
  const { json, ...told } = parseArgs({ options, args }).values
  const ran: Ran[] = []
  const end = await watch(told, (one) => {
    ran.push(one)
    tell(one)
  })
  if (ran.length === 0 && end === 'done') {
    console.error(`expected a part of a target's name, got --only ${told.only}`)
    return 2
  }
  const executions = ran.reduce((sum, one) => sum + one.executions, 0)
  const found = ran.reduce((sum, one) => sum + one.found.length, 0)
  const failed = found + Number(end !== 'done')
  if (end !== 'done') console.log(end)
  console.log(`${executions} executions of ${ran.length} targets, ${failed} failed`)
  if (json) console.log(JSON.stringify({ suite: 'fuzz', cases: executions, failed }))
  return failed === 0 ? 0 : 1
}

/** `done`, or where the child stopped answering or died. */
async function watch(
  told: Readonly<Record<string, string>>,
  ran: (one: Ran) => void,
): Promise<string> {
  const args = Object.entries(told).flatMap(([name, value]) => [`--${name}`, value])
  let last = 'before the first target'
  const end = await watched(fork(child, args), patience, (said) => {
    // Its only child speaks so.
    const one = said as Said
    if (one.kind === 'ran') ran(one)
    else last = `${one.target} near ${one.at}`
  })
  return end === 'done' ? end : `${beyond[end]} ${last}`
}

function tell({ target, executions, taken, slowestMs, ms, found }: Ran): void {
  const share = ((100 * taken) / Math.max(1, executions)).toFixed(1)
  const each = ((1_000 * ms) / Math.max(1, executions)).toFixed(1)
  const word = found.length === 0 ? 'held ' : 'FOUND'
  const figures = `${executions} executions, ${share} % taken, ${each} us each`
  console.log(`${word} ${target.padEnd(20)} ${figures}, slowest ${slowestMs.toFixed(0)} ms`)
  for (const { at, what, input } of found) console.log(`      ${at}: ${what}\n      ${input}`)
}

// ceremony rehearse: starts custody-ceremony, which plays a whole sitting; this program knows no
// Station. What that one says goes to the screen as it is said; its answer is one line of JSON.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { Unavailable } from '../proto/unavailable.ts'
import { done, flag, UsageError, type Verb } from './verb.ts'

const program = join(import.meta.dirname, '../signer-node/ceremony/main.ts')
const string = { type: 'string' } as const

export const ceremonyRehearse: Verb = {
  about: 'play a whole sitting on this machine, with play money, and keep what it leaves',
  usage:
    'genesis|sign|drill|reshare|all [DIR] [--stations 5] [--table network|cards] [--replace]' +
    ' [--tokens SoftHSM|software]',
  words: { min: 1, max: 2 },
  options: { stations: string, table: string, tokens: string, replace: { type: 'boolean' } },
  run: async (args) => {
    const given = ['stations', 'table', 'tokens'].flatMap((name) => {
      const value = flag(args, name)
      return value === undefined ? [] : [`--${name}`, value]
    })
    const replace = args.flags['replace'] === true ? ['--replace'] : []
    const words = ['rehearse', ...args.words, ...given, ...replace, '--json']
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', program, ...words],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    let printed = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      printed += chunk
    })
    const exit = await new Promise<number | null>((resolve) => child.once('close', resolve))
    if (exit === 2) throw new UsageError('rehearse: see above')
    const line = printed.trimEnd().split('\n').at(-1) ?? ''
    if (exit !== 0) throw new Unavailable(`custody-ceremony ended with ${exit}: ${line}`)
    return done(`${line}\n`, JSON.parse(line))
  },
}

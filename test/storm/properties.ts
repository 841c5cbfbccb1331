// npm run storm -- properties [--runs FACTOR] [--seed S] [--nodes N] [--only WORDS] [--path P] [--shrink]:
// the properties of `test/properties/` with FACTOR times the trials of `npm test`, any seed and up
// to sixteen nodes. A failure prints seed and path: with `--only`, `--seed` and `--path` it is done
// again, and with `--shrink` made smaller.
import { parseArgs } from 'node:util'
import { arithmeticProperties } from '../properties/arithmetic.ts'
import { encodingProperties } from '../properties/encoding.ts'
import type { Property } from '../properties/property.ts'
import { signingProperties } from '../properties/signing.ts'

const options = {
  runs: { type: 'string', default: '10' },
  seed: { type: 'string' },
  nodes: { type: 'string', default: '16' },
  only: { type: 'string', default: '' },
  path: { type: 'string' },
  shrink: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const

/** The exit code. */
export async function propertiesStorm(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options })
  const [factor, nodes] = [Number(values.runs), Number(values.nodes)]
  const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed)
  if (![factor, nodes, seed].every(Number.isSafeInteger) || factor < 1) {
    console.error('usage: npm run storm -- properties [--runs FACTOR] [--seed S] [--nodes N]')
    return 2
  }
  const all = [...arithmeticProperties, ...encodingProperties, ...signingProperties(nodes)]
  const chosen = all.filter(({ rule }) => rule.includes(values.only))
  console.log(`seed ${seed}, ${factor} times the trials of npm test, up to ${nodes} nodes`)
  let [failed, cases] = [0, 0]
  for (const one of chosen) {
    const runs = one.runs * factor
    const begun = performance.now()
    const broken = outcome(one, { seed, runs, shrinks: values.shrink, ...pathOf(values.path) })
    const seconds = ((performance.now() - begun) / 1_000).toFixed(1)
    console.log(`${broken === '' ? 'held ' : 'BROKE'} ${runs} trials, ${seconds} s: ${one.rule}`)
    if (broken !== '') console.log(broken)
    failed += broken === '' ? 0 : 1
    cases += runs
  }
  if (values.json) console.log(JSON.stringify({ suite: 'properties', seed, cases, failed }))
  return failed === 0 ? 0 : 1
}

function pathOf(path: string | undefined): { readonly path?: string } {
  return path === undefined ? {} : { path }
}

function outcome(one: Property, trials: Parameters<Property['check']>[0]): string {
  try {
    one.check(trials)
    return ''
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown)
  }
}

// npm run mutation:core -- [--count N] [--seed N] [--all]: mistakes planted in the AssemblyScript of
// `signer-node/dkls23/core/`, which Stryker cannot change. Each is compiled as the module is, the
// tests that compare it with big integers and with plain TypeScript run over it, and what they do
// not notice is printed. Which mistakes are tried is drawn by the seed from all that there are.
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildCore, moduleSource } from '../kit/build-core.ts'
import { type Mistake, mistakes, planted } from './core-mistakes.ts'
import { root } from './reach.ts'

/** The first find most. */
const tests = ['core-tables', 'core', 'ot-extension']
const module = join(import.meta.dirname, 'reports/core-module.ts')
const timeoutMs = 300_000

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    all: { type: 'boolean', default: false },
  },
})
const seed = Number(values.seed)
const every = mistakes()
const tried = values.all ? every : drawn(every, Number(values.count))
const counts = { found: 0, survived: 0, refused: 0, endless: 0, unchanged: 0 }
mkdirSync(join(import.meta.dirname, 'reports'), { recursive: true })
const original = (await buildCore()).bytes
if ((await verdict(original)) !== 'survived') throw new Error('the tests fail without a mistake')
for (const mistake of tried) {
  const fate = await fateOf(mistake)
  counts[fate] += 1
  console.log(`${fate.padEnd(9)} ${mistake.file}:${mistake.line} ${mistake.was} => ${mistake.is}`)
}
console.log(`${every.length} mistakes can be planted, ${tried.length} tried with seed ${seed}:`)
console.log(JSON.stringify(counts))

async function fateOf(mistake: Mistake): Promise<keyof typeof counts> {
  let bytes: Uint8Array
  try {
    bytes = (await buildCore((path, source) => planted(path, source, mistake))).bytes
  } catch {
    return 'refused'
  }
  return Buffer.compare(bytes, original) === 0 ? 'unchanged' : verdict(bytes)
}

/** `survived` when every test passes over the module. */
async function verdict(bytes: Uint8Array): Promise<'found' | 'survived' | 'endless'> {
  writeFileSync(module, moduleSource(bytes))
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const words = [vitest, 'run', '--config', 'test/mutation/vitest.config.ts', '--bail', '1']
  const env = {
    ...process.env,
    MUTATION_TESTS: tests.map((name) => `test/dkls23/${name}.test.ts`).join(','),
    MUTATION_CORE: module,
  }
  const stdio = 'ignore'
  const run = spawnSync(process.execPath, words, { cwd: root, env, stdio, timeout: timeoutMs })
  if (run.error !== undefined) return 'endless'
  return run.status === 0 ? 'survived' : 'found'
}

/** `count` of them, by a draw that the seed determines, in the order of the source. */
function drawn(all: readonly Mistake[], count: number): readonly Mistake[] {
  let state = seed
  const order = all.map((mistake, at) => {
    // A linear congruence is random enough to choose by.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return { mistake, at, place: state }
  })
  const chosen = order.toSorted((a, b) => a.place - b.place).slice(0, count)
  return chosen.toSorted((a, b) => a.at - b.at).map(({ mistake }) => mistake)
}

// npm run mutation:core -- [--count N] [--seed N] [--all]: mistakes planted in the AssemblyScript of
// `signer-node/dkls23/core/`, which Stryker cannot change. Each is compiled as the module is, the
// tests that compare it with big integers and with plain TypeScript run over it, and what they do
// not notice is printed. Which mistakes are tried is drawn by the seed from all that there are.
import { parseArgs } from 'node:util'
import { buildCore, moduleSource } from '../kit/build-core.ts'
import { type Mistake, mistakes, planted } from './core-mistakes.ts'
import { type Fate, Trials } from './tried.ts'

/** The first find most. */
const names = ['core-memory', 'core-scalars', 'core-tables', 'ot-extension']
const tests = names.map((name) => `test/dkls23/${name}.test.ts`)
const path = 'signer-node/dkls23/core-module.ts'

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
const counts: Partial<Record<Fate | 'refused' | 'unchanged', number>> = {}
const original = (await buildCore()).bytes
const trials = new Trials()
await trials.begin({ path, tests })
for (const mistake of tried) {
  const fate = await fateOf(mistake)
  counts[fate] = (counts[fate] ?? 0) + 1
  console.log(`${fate.padEnd(9)} ${mistake.file}:${mistake.line} ${mistake.was} => ${mistake.is}`)
}
trials.end()
console.log(`${every.length} mistakes can be planted, ${tried.length} tried with seed ${seed}:`)
console.log(JSON.stringify(counts))

/** Refused is what does not compile, unchanged what compiles to the same bytes. */
async function fateOf(mistake: Mistake): Promise<Fate | 'refused' | 'unchanged'> {
  let bytes: Uint8Array
  try {
    bytes = (await buildCore((name, source) => planted(name, source, mistake))).bytes
  } catch {
    return 'refused'
  }
  if (Buffer.compare(bytes, original) === 0) return 'unchanged'
  return (await trials.run({ path, source: moduleSource(bytes), tests })).fate
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

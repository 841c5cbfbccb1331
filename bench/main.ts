// npm run bench -- NAME [--samples N] [--json]: runs one measurement and prints it. Each bench is one file; what
// it compares with runs side by side in the same process, so a drifting machine drifts for both.
import { parseArgs } from 'node:util'
import { type Bench, print } from './report.ts'

interface Asked {
  /** Where a bench lets it be chosen. */
  readonly samples: number | undefined
}

const benches: Readonly<Record<string, (asked: Asked) => Promise<Bench>>> = {
  sign: async () => (await import('./sign.ts')).bench(),
  ct: async () => (await import('./ct.ts')).bench(),
  edge: async ({ samples }) => (await import('./edge.ts')).bench(samples),
  dkg: async () => (await import('./dkg.ts')).bench(),
  slices: async () => (await import('./slices.ts')).bench(),
  'node-slices': async () => (await import('./node-slices.ts')).bench(),
  node: async () => (await import('./node.ts')).bench(),
  lifecycle: async () => (await import('./lifecycle.ts')).bench(),
  unseal: async () => (await import('./unseal.ts')).bench(),
  ceremony: async () => (await import('./ceremony.ts')).bench(),
  chains: async () => (await import('./chains.ts')).bench(),
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, samples: { type: 'string' } },
})
const name = positionals[0] ?? ''
const run = benches[name]
const samples = values.samples === undefined ? undefined : Number(values.samples)
const isCount = samples === undefined || (Number.isSafeInteger(samples) && samples > 0)
if (run === undefined || !isCount || (samples !== undefined && name !== 'edge')) {
  const names = Object.keys(benches).join(' or ')
  console.error(`usage: npm run bench -- NAME [--json]; NAME is ${names}; edge takes [--samples N]`)
  process.exit(2)
}
print(name, await run({ samples }), values.json)

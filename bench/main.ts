// npm run bench -- NAME [--json]: runs one measurement and prints it. Each bench is one file; what
// it compares with runs side by side in the same process, so a drifting machine drifts for both.
import { parseArgs } from 'node:util'
import { type Bench, print } from './report.ts'

const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  sign: async () => (await import('./sign.ts')).bench(),
  ct: async () => (await import('./ct.ts')).bench(),
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
  options: { json: { type: 'boolean', default: false } },
})
const name = positionals[0] ?? ''
const run = benches[name]
if (run === undefined) {
  console.error(
    `usage: npm run bench -- NAME [--json]; NAME is ${Object.keys(benches).join(' or ')}`,
  )
  process.exit(2)
}
print(name, await run(), values.json)

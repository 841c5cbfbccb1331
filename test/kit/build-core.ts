// npm run build:core: compiles signer-node/dkls23/core/ with AssemblyScript and writes the bytes as
// a TypeScript module, because the protocol imports nothing but itself. test/dkls23/core.test.ts
// compiles again and compares, and reads the text form for branches on values.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { main } from 'assemblyscript/asc'

const root = join(import.meta.dirname, '../..')
const SOURCES = ['tables.ts', 'transfers.ts'].map((name) => `signer-node/dkls23/core/${name}`)
export const TARGET = join(root, 'signer-node/dkls23/core-module.ts')
const LINE = 92

/** One memory of fixed size: no growth, no heap, no host functions. */
const OPTIONS = ['-O3', '--noAssert', '--runtime', 'stub', '--initialMemory', '16']
const SHAPE = ['--maximumMemory', '16', '--enable', 'simd', '--enable', 'bulk-memory']

export interface Built {
  readonly bytes: Uint8Array
  readonly text: string
}

/** `reading` may change what is compiled: the mutation tests plant mistakes there. */
export async function buildCore(
  reading: (path: string, source: string) => string = (_path, source) => source,
): Promise<Built> {
  const written = new Map<string, Uint8Array | string>()
  const outputs = ['--outFile', 'core.wasm', '--textFile', 'core.wat']
  const { error, stderr } = await main([...SOURCES, ...OPTIONS, ...SHAPE, ...outputs], {
    readFile: (name: string) => {
      const path = join(root, name)
      return existsSync(path) ? reading(name, readFileSync(path, 'utf8')) : null
    },
    writeFile: (name: string, contents: Uint8Array | string) => void written.set(name, contents),
  })
  if (error !== null) throw new Error(`${error.message}\n${stderr.toString()}`)
  const [bytes, text] = [written.get('core.wasm'), written.get('core.wat')]
  if (!(bytes instanceof Uint8Array) || typeof text !== 'string') throw new Error('nothing built')
  return { bytes, text }
}

export function moduleSource(bytes: Uint8Array): string {
  const encoded = Buffer.from(bytes).toString('base64')
  const lines = encoded.match(new RegExp(`.{1,${LINE}}`, 'g')) ?? []
  return [
    '/**',
    ' * The module of core/, as bytes in base64. Written by `npm run build:core` and never by hand;',
    ' * `test/dkls23/core.test.ts` builds it again from its source and compares.',
    ' */',
    '',
    'export const coreModule = [',
    ...lines.map((line) => `  '${line}',`),
    "].join('')",
    '',
  ].join('\n')
}

if (process.argv[1] === import.meta.filename) {
  const { bytes } = await buildCore()
  writeFileSync(TARGET, moduleSource(bytes))
  console.log(`${bytes.length} bytes`)
}

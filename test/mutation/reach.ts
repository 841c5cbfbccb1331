// Which tests a file of `signer-node/dkls23/` is tried with: its own, `test/dkls23/FILE*.test.ts`,
// and those below, the fast ones first. The slowest are `last`: they are run for what survives the
// others (`--last`). A set that is too small makes a survivor, never a false find.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '../..')
const dealing = ['dkls23/keygen', 'dkls23/keygen-blame']
const curves = ['dkls23/curve', 'dkls23/ecdsa', 'dkls23/wycheproof-ecdh']
const core = [
  'dkls23/core-memory',
  'dkls23/core-scalars',
  'dkls23/core-tables',
  'dkls23/ot-extension',
  'dkls23/scalar-table',
]

/** By file; the checks against malice first, which is also the order of a run. */
const reach: Readonly<Record<string, readonly string[]>> = {
  'ot-extension': ['dkls23/fields', 'dkls23/wiping-sign', 'dkls23/sign-vectors'],
  multiplication: ['dkls23/fields', 'dkls23/wiping-sign', 'dkls23/sign-vectors'],
  sign: ['dkls23/wiping-sign', 'dkls23/combine', 'dkls23/sign-vectors'],
  pprf: ['dkls23/fields', 'dkls23/wiping-trees'],
  'plain-extension': ['dkls23/ot-extension'],
  'base-ot': ['dkls23/fields'],
  commitment: [],
  'dlog-proof': [],
  dealing: ['dkls23/fields', ...dealing],
  'dealing-rounds': ['dkls23/fields', ...dealing, 'dkls23/reshare'],
  keygen: ['dkls23/fields', 'dkls23/importing'],
  complaint: [],
  refresh: [],
  reshare: [],
  'pair-setup': ['dkls23/fields'],
  pairing: ['dkls23/sign'],
  protocol: ['dkls23/layout', 'dkls23/keygen'],
  'sign-messages': ['dkls23/fields', 'dkls23/sign'],
  signers: ['dkls23/sign-start', 'dkls23/sign', 'dkls23/exporting'],
  combine: [],
  importing: [],
  exporting: [],
  'fresh-sign': [],
  'zero-share': ['dkls23/wiping-sign', 'dkls23/sign-vectors'],
  transcript: ['dkls23/session-id', 'dkls23/keyshare', 'dkls23/wiping-hashes'],
  'session-id': [],
  polynomial: ['dkls23/importing'],
  keyshare: ['dkls23/importing'],
  'keyshare-format': ['dkls23/keyshare'],
  layout: ['dkls23/fields'],
  party: [],
  derivation: ['dkls23/bip32-vectors'],
  ecdsa: ['dkls23/combine'],
  bits: ['dkls23/pprf'],
  bytes: ['dkls23/layout'],
  gf128: [],
  randomness: ['dkls23/wiping-hashes'],
  secret: [],
  abort: ['dkls23/protocol'],
  point: curves,
  params: ['dkls23/transcript', 'dkls23/ot-extension'],
  curve: [...curves],
  'curve-native': curves,
  'curve-noble': curves,
  'curve-wasm': curves,
  'curve-wasm-library': curves,
  'scalar-field': ['dkls23/core-scalars', 'dkls23/scalar-table', 'dkls23/curve'],
  'scalar-table': ['dkls23/core-tables'],
  engine: core,
  core,
  'core-module': core,
  'core-scalars': core,
  'core-tables': core,
  'core-transfers': core,
}

/** With `--last`, instead of the above. */
const last: Readonly<Record<string, readonly string[]>> = {
  pprf: ['dkls23/wiping'],
  'base-ot': ['dkls23/transcripts', 'dkls23/pair-setup', 'dkls23/wiping'],
  'pair-setup': ['dkls23/transcripts', 'dkls23/wiping'],
  'fresh-sign': ['dkls23/transcripts'],
  keygen: ['dkls23/wiping', 'dkls23/wiping-life'],
  dealing: ['dkls23/refresh-blame', 'dkls23/wiping-life', 'dkls23/wiping'],
  'dealing-rounds': ['dkls23/wiping-life', 'dkls23/wiping'],
  refresh: ['dkls23/wiping-life'],
  reshare: ['dkls23/transcripts', 'dkls23/wiping-life'],
  importing: ['dkls23/transcripts', 'dkls23/wiping-life'],
  exporting: ['dkls23/wiping-life'],
  transcript: ['properties/encoding', 'dkls23/sign-vectors', 'dkls23/wiping'],
  layout: ['properties/encoding'],
  gf128: ['dkls23/ot-extension'],
  ecdsa: ['dkls23/wycheproof-ecdsa'],
  bytes: ['properties/encoding'],
  combine: ['dkls23/sign-vectors'],
  randomness: ['dkls23/sign-vectors'],
  complaint: ['dkls23/reshare-blame'],
  protocol: ['dkls23/wiping'],
  pairing: ['dkls23/sign-vectors'],
  polynomial: ['properties/arithmetic'],
  keyshare: ['dkls23/refresh', 'dkls23/reshare', 'properties/encoding'],
}

export const files: readonly string[] = Object.keys(reach)

export function testsOf(file: string, isLast = false): readonly string[] {
  if (isLast) return (last[file] ?? []).map((name) => `test/${name}.test.ts`)
  const own = readdirSync(join(root, 'test/dkls23'))
    .filter((name) => name.startsWith(file) && name.endsWith('.test.ts'))
    .filter((name) => /^(-[a-z]+)*\.test\.ts$/.test(name.slice(file.length)))
    .map((name) => `test/dkls23/${name}`)
  const others = (reach[file] ?? []).map((name) => `test/${name}.test.ts`)
  const missing = others.filter((name) => !existsSync(join(root, name)))
  if (missing.length > 0) throw new Error(`there is no ${missing.join()}`)
  return [...new Set([...own, ...others])]
}

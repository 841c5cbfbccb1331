// The build of a Station: every file that its program can load, in the form of sha256sum, so that
// whoever has the files makes the same digest with tools of the system. Node itself, package.json,
// all of proto/, policy/ and signer-node/, and the packages that these can load with whatever those
// need, each with all its files.
// INVARIANT: sorted by name, byte for byte; a link among them is refused, because what it names is
// not what is hashed. docs/ceremony-station.md says how to make it by hand.
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { plainDigest, sha256Of, toHex, toUtf8 } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'
import { refuse } from '../../proto/refusal.ts'

/** That our own files name; a test holds them against the sources. */
export const buildPackages: readonly string[] = [
  '@grpc/grpc-js',
  '@grpc/proto-loader',
  '@noble/curves',
  '@noble/hashes',
  '@solar-republic/wasm-secp256k1',
  'pino',
  'pkcs11js',
  'secp256k1',
]

const folders = ['policy', 'proto', 'signer-node']

export interface BuildFiles {
  readonly digest: Digest
  /** Lines of `sha256sum`: `<hex>  <path>`. */
  readonly manifest: string
}

/** Of the project in this directory, run by this Node. */
export function buildFiles(project: string, node: string): BuildFiles {
  const part = new Uint8Array(partBytes)
  const paths = [
    'package.json',
    ...folders.flatMap((folder) => filesBelow(project, folder)),
    ...placesOf(project).flatMap((place) => filesBelow(project, place)),
  ].sort(byBytes)
  const lines = [
    line('node', node, part),
    ...paths.map((path) => line(path, join(project, path), part)),
  ]
  const manifest = lines.join('')
  return { digest: plainDigest(toUtf8(manifest)), manifest }
}

/** Read in parts into one place: Node alone is as long as all the others six times. */
const partBytes = 131_072

function line(name: string, path: string, part: Uint8Array): string {
  return `${toHex(sha256Of(partsOf(path, part)))}  ${name}\n`
}

function* partsOf(path: string, part: Uint8Array): Generator<Uint8Array> {
  const file = openSync(path, 'r')
  try {
    for (;;) {
      const length = readSync(file, part, 0, part.length, null)
      if (length === 0) return
      yield part.subarray(0, length)
    }
  } finally {
    closeSync(file)
  }
}

/** As `LC_ALL=C sort` has it. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

function filesBelow(project: string, below: string): readonly string[] {
  return readdirSync(join(project, below), { withFileTypes: true }).flatMap((entry) => {
    const path = `${below}/${entry.name}`
    if (entry.isDirectory()) return filesBelow(project, path)
    return entry.isFile() ? [path] : refuse('CONFIG', `${path}: expected a file, no link`, 'X-3')
  })
}

/** Directories of packages, each once; one inside another is of its files already. */
function placesOf(project: string): readonly string[] {
  const found = new Set<string>()
  const visit = (name: string, from: string): void => {
    const inner = `${from}/node_modules/${name}`
    if (from !== '' && existsSync(join(project, inner))) {
      for (const need of needsOf(project, inner)) visit(need, inner)
      return
    }
    const place = `node_modules/${name}`
    if (found.has(place) || !existsSync(join(project, place))) return
    found.add(place)
    for (const need of needsOf(project, place)) visit(need, place)
  }
  for (const name of buildPackages) visit(name, '')
  return [...found]
}

function needsOf(project: string, place: string): readonly string[] {
  const written: unknown = JSON.parse(readFileSync(join(project, place, 'package.json'), 'utf8'))
  const needs = typeof written === 'object' && written !== null && 'dependencies' in written
  return needs && typeof written.dependencies === 'object' && written.dependencies !== null
    ? Object.keys(written.dependencies)
    : []
}

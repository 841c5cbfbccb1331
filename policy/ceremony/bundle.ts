// Bundle: what is carried by hand into a ceremony, and what is carried out of it: files in one flat
// directory, and a manifest that names each with length and SHA-256. People read the Words of the
// manifest's digest to each other, so everything in it is settled by 16 words: W-in, W-out.
// INVARIANT: no file but those of the manifest, and all of them; Statements alone stand beside the
// manifest of what is carried out, because they are signed over it. Reading a directory is
// `proto/io`, and what the files say is `bundle-in.ts` and `bundle-out.ts`.
import { digestOf, plainDigest } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'
import { encode, parse } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { attempt, isRefusal, refuse } from '../../proto/refusal.ts'
import { digest, integer, list, literal, object, type Shaped, text } from '../../proto/shape.ts'
import { tags } from '../../proto/tags.ts'
import { ownership } from '../document.ts'

export type Direction = 'in' | 'out'

/** By name; a Bundle has no folders. */
export type BundleFiles = ReadonlyMap<string, Uint8Array>

export const manifestName = 'manifest.json'
/** Beside the manifest, carried out only. */
export const statementsName = 'statements.json'

const nameForm = /^[a-z0-9][a-z0-9.-]{0,63}$/

const shape = object({
  direction: literal('in', 'out'),
  ...ownership,
  files: list(
    object({
      length: integer(0, limits.bundleBytesMax),
      name: text(64, nameForm),
      sha256: digest,
    }),
    1,
    limits.bundleFilesMax,
  ),
  format: literal('custody-bundle/v1'),
  plan: digest,
})

export type Manifest = Omit<Shaped<typeof shape>, 'format'>

export interface Bundle {
  readonly manifest: Manifest
  /** Its Words are W-in or W-out. */
  readonly digest: Digest
  /** Without the manifest, and without Statements. */
  readonly files: BundleFiles
  /** As they stand beside the manifest; empty where there are none. */
  readonly statements: Uint8Array | undefined
}

export function isBundleName(name: string): boolean {
  return nameForm.test(name)
}

/** The manifest's bytes for these files. */
export function manifestOf(
  files: BundleFiles,
  of: Pick<Manifest, 'direction' | 'org' | 'env' | 'plan'>,
): Uint8Array {
  const named = [...files].sort(([a], [b]) => (a < b ? -1 : 1))
  const { direction, org, env, plan } = of
  const bytes = encode({
    ...{ direction, org, env, plan, format: 'custody-bundle/v1' },
    files: named.map(([name, content]) => {
      return { name, length: content.length, sha256: plainDigest(content) }
    }),
  })
  parseManifest(bytes)
  return bytes
}

/** With the manifest, as they are written to the medium. */
export function writeBundle(
  files: BundleFiles,
  of: Pick<Manifest, 'direction' | 'org' | 'env' | 'plan'>,
  statements?: Uint8Array,
): BundleFiles {
  const all = new Map(files).set(manifestName, manifestOf(files, of))
  if (statements !== undefined) all.set(statementsName, statements)
  readBundle(all, of.direction)
  return all
}

export function parseManifest(bytes: Uint8Array): Manifest {
  const read = attempt(() => shape(parse(bytes), 'manifest'))
  if (isRefusal(read)) return refuse('BUNDLE', read.because, 'X-7')
  const { format: _, ...manifest } = read
  const names = manifest.files.map(({ name }) => name)
  if (names.some((name, at) => at > 0 && name <= (names[at - 1] ?? ''))) {
    wrong('manifest: expected each name once, in order')
  }
  if (names.some((name) => name === manifestName || name === statementsName)) {
    wrong('manifest: names itself, or what is signed over it')
  }
  const total = manifest.files.reduce((sum, { length }) => sum + length, 0)
  if (total > limits.bundleBytesMax) wrong(`manifest: more than ${limits.bundleBytesMax} bytes`)
  return manifest
}

/** Exactly the files of the manifest, each with its bytes. */
export function readBundle(files: BundleFiles, direction: Direction): Bundle {
  const written = files.get(manifestName)
  if (written === undefined) return wrong(`expected a file ${manifestName}`)
  const manifest = parseManifest(written)
  if (manifest.direction !== direction) {
    wrong(`expected a Bundle ${direction}, got one ${manifest.direction}`)
  }
  const statements = direction === 'out' ? files.get(statementsName) : undefined
  const named = new Set(manifest.files.map(({ name }) => name)).add(manifestName)
  if (direction === 'out') named.add(statementsName)
  const extra = [...files.keys()].find((name) => !named.has(name))
  if (extra !== undefined) wrong(`${show(extra)} is not in the manifest`)
  for (const { name, length, sha256 } of manifest.files) {
    const content = files.get(name) ?? wrong(`${name} is missing`)
    if (content.length !== length || plainDigest(content) !== sha256) {
      wrong(`${name}: other bytes than the manifest names`)
    }
  }
  const kept = [...files].filter(([name]) => name !== manifestName && name !== statementsName)
  return { manifest, digest: digestOf(tags.bundle, written), files: new Map(kept), statements }
}

export function fileOf({ files }: Bundle, name: string): Uint8Array {
  return files.get(name) ?? wrong(`expected a file ${name}`)
}

function wrong(because: string): never {
  return refuse('BUNDLE', because, 'X-7')
}

function show(name: string): string {
  return JSON.stringify(name.slice(0, 64))
}

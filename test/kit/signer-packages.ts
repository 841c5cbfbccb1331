// The packages that a signer's process can load, found from what its files import and what the lock
// says that those need; and `npm run sbom`: the same as CycloneDX, out of what `npm sbom` says.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

const project = join(import.meta.dirname, '../..')
/** The program, its worker threads, and the process of a token. */
const signerEntries = ['signer-node/main.ts', 'signer-node/thread.ts', 'signer-node/hsm/main.ts']
/** Loaded by name, where an import would make them needed. */
const byName =
  /(?:createRequire\(import\.meta\.url\)(?:\.resolve)?\(|(?:ENTRY_POINT|PACKAGE) = )'([^']+)'/g
const form = /(?:^|\n)(?:import|export)(?!\s+type\b)[^'";]*?from\s+'([^']+)'|import\('([^']+)'\)/g

interface Locked {
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly hasInstallScript?: boolean
}

const lock = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')) as {
  readonly packages: Readonly<Record<string, Locked>>
}

/** Those that our own files name. */
export function importedPackages(entries = signerEntries): readonly string[] {
  const [seen, found] = [new Set<string>(), new Set<string>()]
  const visit = (file: string): void => {
    if (seen.has(file)) return
    seen.add(file)
    const source = readFileSync(join(project, file), 'utf8')
    const named = [...source.matchAll(form), ...source.matchAll(byName)]
    for (const [, from, late] of named) {
      const to = from ?? late ?? ''
      if (to.startsWith('.')) visit(normalize(join(dirname(file), to)))
      else if (!to.startsWith('node:')) found.add(packageOf(to))
    }
  }
  for (const entry of entries) visit(entry)
  return [...found].sort()
}

/** With everything that those need, each with its place in the lock. */
export function loadablePackages(): ReadonlyMap<string, Locked> {
  const found = new Map<string, Locked>()
  const visit = (name: string, from: string): void => {
    const place = placeOf(name, from)
    const locked = lock.packages[place]
    if (locked === undefined || found.has(place)) return
    found.set(place, locked)
    for (const need of Object.keys(locked.dependencies ?? {})) visit(need, place)
  }
  for (const name of importedPackages()) visit(name, '')
  return found
}

export const nameOf = (place: string): string => place.split('node_modules/').at(-1) ?? place

function placeOf(name: string, from: string): string {
  const inner = `${from}/node_modules/${name}`
  return from !== '' && inner in lock.packages ? inner : `node_modules/${name}`
}

function packageOf(specifier: string): string {
  const [first = '', second = ''] = specifier.split('/')
  return first.startsWith('@') ? `${first}/${second}` : first
}

interface Component {
  readonly name: string
  readonly version: string
  readonly purl: string
  readonly hashes?: readonly object[]
}

export interface Sbom {
  readonly bomFormat: string
  readonly components: readonly Component[]
  readonly dependencies: readonly { readonly ref: string }[]
}

/** CycloneDX, of the signer's path alone. */
export function signerSbom(): Sbom {
  const words = ['sbom', '--sbom-format=cyclonedx', '--package-lock-only']
  const said = execFileSync('npm', words, { cwd: project, encoding: 'utf8', maxBuffer: 2 ** 26 })
  const whole = JSON.parse(said) as Sbom
  const wanted = new Set(
    [...loadablePackages()].map(([place, { version }]) => `${nameOf(place)}@${version}`),
  )
  const isWanted = ({ name, version }: Component): boolean => wanted.has(`${name}@${version}`)
  return {
    ...whole,
    components: whole.components.filter(isWanted),
    dependencies: whole.dependencies.filter(({ ref }) => wanted.has(ref)),
  }
}

if (process.argv[1] === import.meta.filename) console.log(JSON.stringify(signerSbom(), null, 2))

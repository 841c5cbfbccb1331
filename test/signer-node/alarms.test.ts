// The list of alarms in docs/operations.md is complete, and names none that nobody raises.
import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const read = (path: string): string => readFileSync(path, 'utf8')

/** Raised under a name that is chosen beside the report. */
const chosen: Readonly<Record<string, readonly string[]>> = {
  'signer-node/fence.ts': ['peer-banned', 'probation-failed'],
  'signer-node/ceremony/hub-seats.ts': [
    'table-ahead',
    'table-fork',
    'table-greeting',
    'table-name',
  ],
  'signer-node/floor.ts': ['fenced-by-operator', 'rollback', 'second-instance'],
  'coordinator/links.ts': ['node.cosignature', 'heads.failed'],
  'coordinator/nonces.ts': ['nonce.foreign', 'nonce.unseen'],
  'coordinator/chain-rpc/breaker.ts': ['endpoint.dead', 'endpoint.foreign'],
  'coordinator/chain-rpc/heads.ts': ['endpoint.apart', 'endpoint.stale'],
}

interface Raised {
  readonly names: readonly string[]
  /** Files with a report whose name is not written there. */
  readonly unnamed: readonly string[]
}

/** Who sits at a table is alarmed in the room, where the script says what to do. */
const room = 'signer-node/ceremony'

function inFolder(folder: string, file: string): boolean {
  return file.startsWith(folder) && (folder === room || !file.startsWith(room))
}

function raisedIn(folder: string): Raised {
  const all = globSync(`${folder}/**/*.ts`)
  const files = all.filter((file) => inFolder(folder, file))
  const found = files.map((file) => {
    const text = read(file)
    const reports = [...text.matchAll(/level: 'alarm',\s*name(?:: '([a-z.-]+)')?/g)]
    const byCall = [...text.matchAll(/#alarm\(link, '([a-z.-]+)'/g)]
    const names = [...reports, ...byCall].flatMap(([, name]) => name ?? [])
    const isUnnamed = reports.some(([, name]) => name === undefined)
    return { file, names: [...names, ...(chosen[file] ?? [])], isUnnamed }
  })
  const names = [...new Set(found.flatMap((one) => one.names))].sort()
  return { names, unnamed: found.flatMap(({ file, isUnnamed }) => (isUnnamed ? [file] : [])) }
}

function listed(table: string): readonly string[] {
  const [, after = ''] = read('docs/operations.md').split(`| ${table} says | means | do |\n`)
  const [rows = ''] = after.split('\n\n')
  const names = rows
    .split('\n')
    .flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)])
  return names.map(([, name = '']) => name).sort()
}

describe('every alarm', () => {
  it.each([
    ['signer-node', 'a signer'],
    ['signer-node/ceremony', 'a station or the Hub'],
    ['coordinator', 'a coordinator'],
  ] as const)('of %s stands in the list of what to do, and no other', (folder, table) => {
    const { names, unnamed } = raisedIn(folder)
    expect(names.length).toBeGreaterThan(4)
    expect(listed(table)).toEqual(names)
    // Whoever chooses a name elsewhere is known here with all of them.
    expect(unnamed).toEqual(Object.keys(chosen).filter((file) => inFolder(folder, file)))
  })

  it('is found in the code however it is laid out', () => {
    for (const [file, names] of Object.entries(chosen)) {
      for (const name of names) expect(read(file)).toContain(`'${name}'`)
    }
  })
})

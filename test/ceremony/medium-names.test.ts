// The name of a copy on medium B, when the log says that its epoch is in force.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { parseVaultId } from '../../proto/ids.ts'
import { type Medium, mediumPaths, nameInForce } from '../../signer-node/ceremony/medium.ts'

const places: string[] = []
afterEach(() => {
  for (const place of places.splice(0)) rmSync(place, { recursive: true })
})

/** A medium with files of these names, and what they are called afterwards. */
function named(vault: string, epoch: number, names: readonly string[]): readonly string[] {
  const directory = mkdtempSync(join(tmpdir(), 'custody-medium-'))
  places.push(directory)
  const { keyshares } = mediumPaths(directory)
  mkdirSync(keyshares)
  for (const name of names) writeFileSync(join(keyshares, name), name)
  const medium = { directory } as Medium
  const isNamed = nameInForce(medium, { vault: parseVaultId(vault), epoch })
  const left = readdirSync(keyshares).sort()
  return isNamed ? ['named', ...left] : left
}

describe('a copy on medium B', () => {
  it('goes by the name of a share in force when the log has its epoch in force', () => {
    expect(named('cold', 2, ['cold.1.keyshare', 'cold.2.pending.keyshare'])).toEqual([
      ...['named', 'cold.1.keyshare', 'cold.2.keyshare'],
    ])
    expect(named('acme/cold', 2, ['acme~cold.2.pending.keyshare'])).toEqual([
      ...['named', 'acme~cold.2.keyshare'],
    ])
  })

  it('is left as it is when the log has another epoch, or another vault, in force', () => {
    const both = ['cold.1.keyshare', 'cold.2.pending.keyshare']
    expect(named('cold', 1, both)).toEqual(both)
    expect(named('cold', 3, both)).toEqual(both)
    expect(named('cold-two', 2, both)).toEqual(both)
  })

  it('is never put in the place of one in force, and no other file becomes one', () => {
    const two = ['cold.2.keyshare', 'cold.2.pending.keyshare']
    expect(named('cold', 2, two)).toEqual(two)
    const restored = ['cold.2.restored.keyshare']
    expect(named('cold', 2, restored)).toEqual(restored)
  })
})

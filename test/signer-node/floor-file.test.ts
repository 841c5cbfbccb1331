import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { FloorFile } from '../../signer-node/floor-file.ts'
import { seedOf } from './world.ts'

const made: string[] = []
function freshDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'custody-floor-file-'))
  made.push(directory)
  return directory
}
afterEach(() => {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true })
})

describe('the second place of the floor', () => {
  it('is empty before the first write and holds the last one after', () => {
    const directory = freshDirectory()
    const place = new FloorFile(directory, 'node-1')
    expect(place.read()).toBeUndefined()
    place.write({ size: 7, root: seedOf('r'), counter: 2 })
    place.write({ size: 8, root: seedOf('s'), counter: 3 })
    const again = new FloorFile(directory, 'node-1').read()
    expect(again).toEqual({ size: 8, root: seedOf('s'), counter: 3 })
    expect(readdirSync(directory)).toEqual(['floor.json'])
  })

  it('is not taken from another node', () => {
    const directory = freshDirectory()
    new FloorFile(directory, 'node-1').write({ size: 7, root: seedOf('r'), counter: 2 })
    expect(() => new FloorFile(directory, 'node-2').read()).toThrow('floor file of node-1')
  })
})

// An Export comes back as it was written, and nothing in it reaches outside its directory.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type ExportPart, readExport, writeExport } from '../../proto/io/export-files.ts'
import { limits } from '../../proto/limits.ts'

const room = mkdtempSync(join(tmpdir(), 'custody-export-'))
afterAll(() => rmSync(room, { recursive: true }))
let number = 0
function place(): string {
  number += 1
  return join(room, `export-${number}`)
}

async function* parts(
  ...items: readonly (readonly [string, string, boolean?])[]
): AsyncGenerator<ExportPart> {
  for (const [path, content, partial = false] of items) {
    yield { path, content: Buffer.from(content), partial }
  }
}

describe('writeExport', () => {
  it('joins the parts of a file, and readExport finds every file', async () => {
    const at = place()
    const count = await writeExport(
      at,
      parts(
        ['entries/000000', 'ab', true],
        ['entries/000000', 'cd'],
        ['checkpoint', 'x'],
        ['empty', ''],
      ),
    )
    expect(count).toBe(3)
    expect(readExport(at)).toEqual(
      new Map([
        ['checkpoint', Buffer.from('x')],
        ['empty', Buffer.from('')],
        ['entries/000000', Buffer.from('abcd')],
      ]),
    )
    expect(statSync(join(at, 'checkpoint')).mode & 0o777).toBe(0o600)
  })

  it('refuses a directory that exists', async () => {
    await expect(writeExport(room, parts())).rejects.toThrow(/does not exist/)
  })

  it('refuses every path that is not plain and inside', async () => {
    const outside = join(room, 'escaped')
    for (const path of ['../escaped', outside, 'a/../../escaped', '', '.hidden', 'a//b', 'a b']) {
      await expect(writeExport(place(), parts([path, 'x']))).rejects.toThrow(/relative path/)
    }
    expect(existsSync(outside)).toBe(false)
  })

  it('refuses a file that stands twice, or one that is cut short', async () => {
    await expect(writeExport(place(), parts(['a', '1'], ['a', '2']))).rejects.toThrow(/twice/)
    await expect(writeExport(place(), parts(['a', '1', true]))).rejects.toThrow(/cut short/)
    const torn = parts(['a', '1', true], ['b', '2'])
    await expect(writeExport(place(), torn)).rejects.toThrow(/cut short/)
  })

  it('refuses more than a verifier could hold', async () => {
    const content = new Uint8Array(limits.exportBytesMax + 1)
    async function* huge(): AsyncGenerator<ExportPart> {
      yield { path: 'a', content, partial: false }
    }
    await expect(writeExport(place(), huge())).rejects.toThrow(/at most/)
  })

  it('passes on what the disk says', async () => {
    await expect(writeExport(join(room, 'no', 'parent'), parts())).rejects.toThrow(/ENOENT/)
    await expect(writeExport(place(), parts(['a', '1'], ['a/b', '2']))).rejects.toThrow(
      /EEXIST|ENOTDIR/,
    )
  })
})

describe('readExport', () => {
  it('refuses a link and a name that no Export has', () => {
    const at = place()
    mkdirSync(at)
    symlinkSync('/etc/hostname', join(at, 'link'))
    expect(() => readExport(at)).toThrow(/link: expected a file/)
    const odd = place()
    mkdirSync(odd)
    writeFileSync(join(odd, 'Odd Name'), '')
    expect(() => readExport(odd)).toThrow(/no name/)
  })
})

// The types in proto/gen are what the .proto files say, and the .proto files obey buf's rules.
// To make them again: see `generate` below, then remove the files outside gen/custody.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..', '..')
const bin = (name: string): string => join(root, 'node_modules/.bin', name)
const proto = join(root, 'proto')

function generate(into: string): void {
  const options = '--longs=Number --defaults --oneofs --includeComments --importFileExtension=.ts'
  const files = readdirSync(join(proto, 'custody/v1')).map((name) => `custody/v1/${name}`)
  const all = [...options.split(' '), '--grpcLib=@grpc/grpc-js', '-I', '.', '-O', into, ...files]
  execFileSync(bin('proto-loader-gen-types'), all, { cwd: proto, stdio: 'pipe' })
}

function read(directory: string): Record<string, string> {
  const names = readdirSync(directory).sort()
  return Object.fromEntries(
    names.map((name) => [name, readFileSync(join(directory, name), 'utf8')]),
  )
}

describe('proto/gen', () => {
  it('is what the generator makes of the .proto files', () => {
    const fresh = mkdtempSync(join(tmpdir(), 'custody-gen-'))
    try {
      generate(fresh)
      expect(read(join(proto, 'gen/custody/v1'))).toEqual(read(join(fresh, 'custody/v1')))
    } finally {
      rmSync(fresh, { recursive: true })
    }
  })

  it('comes from files that lint', () => {
    expect(
      execFileSync(join(root, 'node_modules/@bufbuild/buf-linux-x64/bin/buf'), ['lint'], {
        cwd: proto,
      }).toString(),
    ).toBe('')
  })
})

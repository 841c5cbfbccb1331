// Whom a rehearsal beside a main log pays: the one address that this log's book has for warm.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { devBook } from '../../cli/dev-documents.ts'
import type { Destination } from '../../policy/destination.ts'
import { parseHandle } from '../../proto/ids.ts'
import { named } from '../../signer-node/ceremony/rehearsal-online.ts'

const place = mkdtempSync(join(tmpdir(), 'custody-beside-'))
afterAll(() => rmSync(place, { recursive: true }))

const warm: Destination = {
  ...{ org: parseHandle('acme-dev'), env: 'dev', book: parseHandle('warm') },
  ...{ network: 'eip155:31337', address: `0x${'1'.repeat(40)}`, label: 'warm', status: 'active' },
  ...{ activeFrom: 0, version: 1 },
}

function paid(name: string, records: readonly Destination[]) {
  const book = join(place, name)
  writeFileSync(book, devBook({ org: 'acme-dev', name: 'warm', records }))
  return () => named({ book })
}

describe('a rehearsal beside a main log', () => {
  it('pays the one address of its book, and nobody where there are none or two', () => {
    expect(paid('one', [warm])()).toMatchObject({ recipient: warm.address })
    const other = { ...warm, address: `0x${'2'.repeat(40)}` }
    expect(paid('two', [warm, other])).toThrow('expected the one address of the warm vault')
    expect(paid('none', [])).toThrow('expected the one address of the warm vault')
  })
})

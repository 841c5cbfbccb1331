// Where the watcher takes the address of a vault of another log from: the one active record of a book
// that the pinned root names. Of none, and of several, nobody here makes one.
import { describe, expect, it } from 'vitest'
import { onlyCold } from '../../cli/dev-cold.ts'
import { devBook, devPolicy } from '../../cli/dev-documents.ts'
import { devPeople } from '../../cli/dev-rules.ts'
import { addressOf } from '../../cli/own-accounts.ts'
import type { Ruleset } from '../../cli/ruleset.ts'
import { loadRulebook } from '../../policy/analyse.ts'
import { parseBook } from '../../policy/book.ts'
import { type Destination, destinationDigest } from '../../policy/destination.ts'
import { parseHandle, parseVaultId } from '../../proto/ids.ts'
import { expires, key, notBefore, origin, token, witness } from '../policy/dev-fixture.ts'

const rulebook = loadRulebook(
  devPolicy({
    ...{ org: 'acme-dev', notBefore, expires, people: devPeople, token, key, witness },
    ...{ origin: `${origin}-cold`, coldOrigin: origin, places: onlyCold },
  }),
)
const usdt = parseHandle('usdt')
const warm = { class: parseHandle('warm') }
const record: Destination = {
  ...{ org: parseHandle('acme-dev'), env: 'dev', book: parseHandle('warm') },
  ...{ network: 'eip155:31337', address: `0x${'1'.repeat(40)}`, label: 'warm', status: 'active' },
  ...{ activeFrom: notBefore, version: 1 },
}
const other: Destination = { ...record, address: `0x${'2'.repeat(40)}` }

function at(records: readonly Destination[], place: Parameters<typeof addressOf>[0] = warm) {
  const books = [parseBook(devBook({ org: 'acme-dev', name: 'warm', records }))]
  const ruleset = { rulebook, books } as unknown as Ruleset
  return addressOf(place, usdt, new Map(), { ruleset })
}

describe('the address of a vault of another log', () => {
  it('is the one active record of the book, by its digest', () => {
    const { network, address } = record
    const listed = { network, address, dest: destinationDigest(record) }
    expect(at([record])).toEqual(listed)
    const elsewhere: Destination = { ...other, network: 'eip155:56' }
    expect(at([record, { ...other, status: 'removed' }, elsewhere])).toEqual(listed)
  })

  it.each([
    ['of none', [], 'got 0'],
    ['of two', [record, other], 'got 2'],
    ['of one that was removed', [{ ...record, status: 'removed' } as const], 'got 0'],
  ])('is not chosen %s', (_, records, got) => {
    const expected = `expected one active address on eip155:31337 in the book warm, ${got}`
    expect(at(records)).toBe(expected)
  })

  it('is no address of an own vault without a key, nor of a class of own vaults', () => {
    expect(at([record], { vault: parseVaultId('cold'), path: 'm' })).toBe('the vault has no key')
    expect(at([record], { class: parseHandle('cold') })).toBe('no class of a book has usdt')
  })
})

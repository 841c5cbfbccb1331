import { describe, expect, it } from 'vitest'
import { parseBook, recordOf } from '../../policy/book.ts'
import { destinationDigest, destinationJson } from '../../policy/destination.ts'
import { issue, parseWarrant } from '../../policy/warrant.ts'
import { parseHandle } from '../../proto/ids.ts'
import { encode, type JsonObject, parse, text } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { payout } from '../kit/examples.ts'
import { refusedWith } from '../kit/refused.ts'
import { scene } from '../kit/scene.ts'
import { customerRecord } from '../kit/scene-world.ts'

const { warrant, warrantValue: value } = scene()
const written = parse(warrant) as JsonObject
const parses = (patch: JsonObject): string =>
  refusedWith(() => parseWarrant(encode({ ...written, ...patch })))

describe('a warrant', () => {
  it('is read as it was issued, for every kind of destination', () => {
    expect(parseWarrant(warrant).warrant).toEqual(value)
    const record = text(destinationJson(customerRecord))
    for (const dest of [{ kind: 'vault' }, { kind: 'book', record }] as const) {
      const other = { ...value, dest, replaces: payout.dest, heads: ['a', 'b'] }
      expect(parseWarrant(issue(other)).warrant).toEqual(other)
    }
  })

  it('holds documents as the very text that was signed', () => {
    expect(written['intent']).toBe(value.intent.document)
    expect(warrant).toEqual(issue(parseWarrant(warrant).warrant))
  })

  it('is refused in any other form', () => {
    const dest = written['dest'] as JsonObject
    const wrong: readonly JsonObject[] = [
      { format: 'custody-warrant/v2' },
      { note: '' },
      { env: 'production' },
      { bytes: '0x00' },
      { ruleset: '' },
      { replaces: 'none' },
      { approvals: [{ document: '{}', signature: '00'.repeat(64) }] },
      { intentSignature: { credential: 'a', signature: '00' } },
      { dest: { ...dest, signature: '' } },
      { dest: { ...dest, credential: '' } },
      { dest: { ...dest, record: '' } },
      { dest: { ...dest, signature: '00' } },
      { heads: Array(limits.witnessesMax + 1).fill('') },
      {
        approvals: Array(limits.approvalsPerIntentMax + 1).fill(
          (written['approvals'] as JsonObject[])[0]!,
        ),
      },
    ]
    expect(parses({})).toBe('accepted')
    for (const patch of wrong) expect(parses(patch)).toBe('MALFORMED')
  })

  it('is bounded, and never issued above the bound', () => {
    const heads = ['x'.repeat(limits.warrantBytesMax)]
    expect(parses({ heads })).toBe('TOO_LARGE')
    expect(refusedWith(() => issue({ ...value, heads }))).toBe('TOO_LARGE')
    const bytes = new Uint8Array(limits.transactionBytesMax + 1)
    expect(refusedWith(() => issue({ ...value, bytes }))).toBe('MALFORMED')
  })
})

describe('a book', () => {
  const second = { ...customerRecord, address: '0x1111111111111111111111111111111111111111' }
  const book = (records: readonly (typeof customerRecord)[], patch: JsonObject = {}): string =>
    text({
      format: 'custody-book/v1',
      org: 'acme-treasury',
      env: 'prod',
      name: 'customer',
      version: 1,
      previous: '',
      records: records.map(destinationJson),
      ...patch,
    })

  it('finds its records by digest and by address', () => {
    const read = parseBook(book([customerRecord, second]))
    expect(read.records.get(destinationDigest(second))).toEqual(second)
    expect([...read.records.keys()][0]).toBe(payout.dest)
    expect(recordOf(read, 'eip155:1', second.address)).toEqual(second)
    expect(recordOf(read, 'eip155:56', second.address)).toBeUndefined()
  })

  it('holds one record per address, of its own name, org and env', () => {
    const twice = { ...customerRecord, version: 4 }
    const wrong = [
      book([customerRecord, twice]),
      book([{ ...customerRecord, book: parseHandle('otc') }]),
      book([{ ...customerRecord, org: parseHandle('acme') }]),
      book([{ ...customerRecord, env: 'test' }]),
      book([customerRecord], { note: '' }),
      book([customerRecord], { version: 0 }),
    ]
    expect(refusedWith(() => parseBook(book([customerRecord])))).toBe('accepted')
    for (const written of wrong) expect(refusedWith(() => parseBook(written))).toBe('MALFORMED')
  })
})

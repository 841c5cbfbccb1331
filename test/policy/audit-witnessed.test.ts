import { describe, expect, it } from 'vitest'
import { checkpointBody, formatNote } from '../../policy/audit/checkpoint.ts'
import { coveredBy, witnessedIn } from '../../policy/audit/witnessed.ts'
import { parseRoot } from '../../policy/documents.ts'
import { sha256 } from '../../proto/crypto.ts'
import * as house from '../kit/audit-documents.ts'
import { cosign } from '../kit/audit-log.ts'

// Two of three witnesses, none corrupt: the smallest time counts.
const root = parseRoot(house.rootText)
const rootAt = (size: number) => (size <= 20 ? sha256(Uint8Array.of(size)) : undefined)
const own = { reigns: [{ root, from: 1 }], rootAt }
const at = Date.parse('2026-12-01T00:00:00Z')

function head(
  size: number,
  by: readonly (readonly [number, number])[],
  other?: Uint8Array,
): string {
  const body = checkpointBody({
    origin: house.origin,
    size,
    root: other ?? rootAt(size) ?? new Uint8Array(32),
  })
  return formatNote(
    body,
    by.map(([which, seconds]) => cosign(body, which, at + seconds * 1_000)),
  )
}

describe('the witnessed time of a line', () => {
  it('is on the smallest head that covers it with q cosignatures, whatever the order', () => {
    const heads = [
      head(12, [
        [0, 30],
        [1, 31],
      ]),
      head(10, [[0, 10]]),
      head(11, [
        [1, 21],
        [2, 20],
      ]),
    ]
    expect(witnessedIn(own, 9, heads)).toBe(at + 20_000)
    expect(witnessedIn(own, 11, heads)).toBe(at + 30_000)
    expect(witnessedIn(own, 12, heads)).toBeUndefined()
  })

  it('joins the notes of one head, and counts no witness twice', () => {
    expect(witnessedIn(own, 9, [head(10, [[0, 5]]), head(10, [[1, 7]])])).toBe(at + 5_000)
    expect(witnessedIn(own, 9, [head(10, [[0, 5]]), head(10, [[0, 7]])])).toBeUndefined()
    expect(witnessedIn(own, 9, [head(10, [[0, 5]]), head(11, [[1, 7]])])).toBeUndefined()
  })

  it('is not proved by another root, another log, lines beyond the own copy, or no note', () => {
    const both = [
      [0, 5],
      [1, 6],
    ] as const
    expect(witnessedIn(own, 9, [head(10, both)])).toBe(at + 5_000)
    expect(witnessedIn(own, 9, [head(10, both, new Uint8Array(32))])).toBeUndefined()
    expect(witnessedIn(own, 9, [head(21, both)])).toBeUndefined()
    expect(witnessedIn(own, 9, ['nonsense'])).toBeUndefined()
    const forged = head(10, both).replace('\n10\n', '\n11\n')
    expect(witnessedIn(own, 9, [forged])).toBeUndefined()
    const elsewhere = head(10, both).replace(house.origin, 'log.evil.example/custody-dev')
    expect(witnessedIn(own, 9, [elsewhere])).toBeUndefined()
  })

  it('is not proved by a head whose cosignature fails', () => {
    const body = checkpointBody({ origin: house.origin, size: 10, root: rootAt(10)! })
    const other = checkpointBody({ origin: house.origin, size: 11, root: rootAt(11)! })
    const copied = formatNote(body, [cosign(other, 0, at), cosign(body, 1, at)])
    expect(witnessedIn(own, 9, [copied])).toBeUndefined()
  })
})

describe('the witnesses that have seen a line', () => {
  it('are counted over heads of different sizes, each once', () => {
    const heads = [head(10, [[0, 1]]), head(12, [[1, 2]]), head(13, [[0, 3]])]
    const names = (seq: number) => coveredBy(own, seq, heads).map((one) => one.witness.name)
    expect(names(9)).toEqual([house.witnesses[0]!.name, house.witnesses[1]!.name])
    expect(names(10)).toEqual([house.witnesses[1]!.name, house.witnesses[0]!.name])
    expect(names(12)).toEqual([house.witnesses[0]!.name])
    expect(names(13)).toEqual([])
  })
})

import { describe, expect, it } from 'vitest'
import {
  documentDigest,
  encodeResults,
  parseResults,
  type WrittenResults,
} from '../../../policy/ceremony/results.ts'
import { parseNodeId, parseVaultId } from '../../../proto/ids.ts'
import { encode, type JsonObject, parse } from '../../../proto/jcs.ts'
import { limits } from '../../../proto/limits.ts'
import { digestOfName } from '../../kit/record.ts'
import { refusedWith } from '../../kit/refused.ts'

const some = digestOfName('some')
const results: WrittenResults = {
  plan: some,
  outcome: 'done',
  reason: '',
  lines: [
    { type: 'share.receipt', body: { counter: 3, node: parseNodeId('node-1'), receipt: some } },
  ],
  documents: [{ kind: 'stationCard', text: '{"format":"custody-station-card/v1"}' }],
  addresses: [{ address: '0x00', vault: parseVaultId('cold-eth') }],
}
const bytes = encodeResults(results)
const bent = (change: JsonObject) =>
  refusedWith(() => parseResults(encode({ ...(parse(bytes) as JsonObject), ...change })))

describe('the results of a ceremony', () => {
  it('are lines as the log will have them, with the documents that they name', () => {
    const read = parseResults(bytes)
    expect(read.lines).toMatchObject([{ type: 'share.receipt', body: { counter: 3 } }])
    expect(read.lines[0]?.written).toEqual(results.lines[0]?.body)
    expect(encodeResults({ ...read, lines: results.lines })).toEqual(bytes)
    expect(documentDigest({ kind: 'stationCard', text: 'x' })).toMatch(/^[0-9a-f]{64}$/)
  })

  it('are read strictly, and are lines of no other type', () => {
    expect(bent({})).toBe('accepted')
    for (const key of Object.keys(parse(bytes) as JsonObject)) {
      const { [key]: _, ...less } = parse(bytes) as JsonObject
      expect(refusedWith(() => parseResults(encode(less)))).toBe('RECORD')
    }
    const body = { counter: 3, node: 'node-1', receipt: some }
    expect(bent({ lines: [{ type: 'share.receipt', body }] })).toBe('accepted')
    expect(bent({ lines: [{ type: 'share.receipt', body: { ...body, more: 1 } }] })).toBe('RECORD')
    expect(bent({ lines: [{ type: 'share.receipt' }] })).toBe('RECORD')
    expect(bent({ lines: [{ type: 'log.heartbeat', body: {} }] })).toBe('RECORD')
    expect(bent({ documents: [{ kind: 'seal', text: '{}' }] })).toBe('RECORD')
    expect(bent({ documents: [{ kind: 'refusal', text: '{"a":1}' }] })).toBe('RECORD')
  })

  it('say why a ceremony was aborted, and only then', () => {
    expect(bent({ outcome: 'aborted', reason: 'SESSION_TIMEOUT' })).toBe('accepted')
    expect(bent({ outcome: 'aborted' })).toBe('RECORD')
    expect(bent({ reason: 'SESSION_TIMEOUT' })).toBe('RECORD')
  })

  it('are bounded', () => {
    const [line] = (parse(bytes) as { lines: JsonObject[] }).lines
    const many = (count: number) => Array.from({ length: count }, () => line ?? {})
    expect(bent({ lines: many(limits.resultLinesMax) })).toBe('accepted')
    expect(bent({ lines: many(limits.resultLinesMax + 1) })).toBe('RECORD')
    const [document] = (parse(bytes) as { documents: JsonObject[] }).documents
    const papers = Array.from({ length: limits.resultDocumentsMax + 1 }, () => document ?? {})
    expect(bent({ documents: papers })).toBe('RECORD')
    expect(bent({ documents: papers.slice(1) })).toBe('accepted')
    const long = new Uint8Array(limits.resultsBytesMax + 1)
    expect(refusedWith(() => parseResults(long))).toBe('RECORD')
  })
})

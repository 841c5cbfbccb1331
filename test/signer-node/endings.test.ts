import { describe, expect, it } from 'vitest'
import { Abort, type AbortReason, isAbortReason } from '../../signer-node/dkls23/abort.ts'
import { type Ending, endings, type Row } from '../../signer-node/endings.ts'

const rows = Object.entries<Row>(endings) as [Ending, Row][]
const thrown = rows.filter(([ending]) => isAbortReason(ending)) as [AbortReason, Row][]
const having = (wanted: (row: Row) => boolean): string[] =>
  rows.filter(([, row]) => wanted(row)).map(([ending]) => ending)

describe('the table of endings', () => {
  it('gives every reason that a protocol throws the class that the protocol gives it', () => {
    expect(thrown).toHaveLength(21)
    for (const [reason, row] of thrown) {
      expect([reason, row.class]).toEqual([reason, new Abort(reason, 'because').remedy])
    }
  })

  it('bans at once for the three checks behind the fence alone', () => {
    const fenced = ['ot-check', 'rvole-check', 'gamma-check']
    expect(having((row) => row.class === 'ban')).toEqual(fenced)
    expect(having((row) => row.counted === 'tombstone')).toEqual(fenced)
    expect(having((row) => row.counted === 'failed-set-up')).toEqual(['pprf-check'])
  })

  it('names somebody for a fault or a ban, and for nothing else', () => {
    for (const [ending, row] of rows) {
      expect([ending, row.names]).toEqual([ending, row.class === 'fault' || row.class === 'ban'])
    }
  })

  it('counts a strike for every fault, and for nothing else', () => {
    expect(having((row) => row.counted === 'strike')).toEqual(
      having(({ class: c }) => c === 'fault'),
    )
  })

  it('keeps only what shows no secret of a pairing', () => {
    expect(having((row) => row.kept !== 'nothing')).toEqual(['two-messages', 'share'])
  })

  it('says one word for every failure that depends on a secret, and why only for the others', () => {
    const why = ['acceptances-differ', 'clone', 'stopped']
    expect(having((row) => row.said === 'why')).toEqual(why)
    for (const [reason, row] of thrown) expect([reason, row.said]).toEqual([reason, 'timed-out'])
    for (const ending of ['timeout', 'two-messages'] as const) {
      expect(endings[ending].said).toBe('timed-out')
    }
    expect(having((row) => row.said === 'nothing')).toEqual(
      having((row) => row.class === 'drop' || row.outcome === 'O-HALT'),
    )
  })
})

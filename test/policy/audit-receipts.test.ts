// Receipts of released shares, opened by the verifier: each is what the line says that it is.
import { describe, expect, it } from 'vitest'
import type { Report } from '../../policy/audit/report.ts'
import { parseNodeId } from '../../proto/ids.ts'
import { encode, type JsonObject } from '../../proto/jcs.ts'
import { kinds, signBy } from '../../proto/node-documents.ts'
import { signedJson } from '../../proto/signed.ts'
import * as house from '../kit/audit-documents.ts'
import { digestNamed } from '../kit/audit-log.ts'
import type { Payout, Released } from '../kit/audit-story.ts'
import { audit, codes, good, grown, payoutIn, seqOf } from '../kit/audit-verifying.ts'
import type { Story } from '../kit/story.ts'

const attempted = (more: Story): Payout => payoutIn(more, 'more', 20).reserved().started()

/** A signature whose first receipt says something else than it should. */
function bent(change: JsonObject, by = 'node-a'): Report {
  return grown((log, more) => {
    const pay = attempted(more)
    const one = pay.receipt(by, change)
    const two = pay.receipt('node-b')
    log.add('sign.completed', { ...pay.completion(), receipts: [one.receipt, two.receipt] })
  })
}

describe('the receipts of a signature', () => {
  it('are one of each participant, over its warrant, digest and session', () => {
    expect(bent({})).toMatchObject({ exit: 0, findings: [] })
  })

  it('are a violation when one is of something else', () => {
    const other = digestNamed('another')
    for (const [change, code] of [
      [{ warrant: other }, 'WARRANT'],
      [{ digest: other }, 'WARRANT'],
      [{ intent: other }, 'PARTICIPANTS'],
      [{ attempt: 2 }, 'PARTICIPANTS'],
      [{ sid: other }, 'VIEW'],
      [{ org: 'other' }, 'RULESET_SIG'],
    ] as const) {
      const report = bent(change)
      expect(report.exit, JSON.stringify(change)).toBe(4)
      expect(codes(report), JSON.stringify(change)).toEqual([code])
    }
  })

  it('are a violation when one is of a node that takes no part, or of one node twice', () => {
    expect(codes(bent({}, 'node-c'))).toEqual(['PARTICIPANTS'])
    expect(codes(bent({}, 'node-b'))).toEqual(['VIEW'])
  })

  it('are a violation when one was signed by another key, or by no node', () => {
    for (const [name, code] of [
      ['node-a', 'VIEW'],
      ['node-d', 'PARTICIPANTS'],
    ] as const) {
      const report = grown((log, more) => {
        const pay = attempted(more)
        const [one, two] = [pay.receipt('node-a'), pay.receipt('node-b')]
        const kept = more.blobs.find((blob) => blob.digest === one.receipt)!
        const { document } = JSON.parse(Buffer.from(kept.content).toString())
        const by = { node: parseNodeId(name), sign: house.keyOf('stranger').sign }
        const forged = signBy(kinds.receipt, { ...JSON.parse(document), node: name }, by)
        const receipt = more.keep('shareReceipt', encode(signedJson(forged)))
        more.blobs.splice(more.blobs.indexOf(kept), 1)
        // The same document under a signature of nobody keeps its digest.
        if (name === 'node-a') more.keep('shareReceipt', encode(signedJson(forged)))
        log.add('sign.completed', { ...pay.completion(), receipts: [receipt, two.receipt] })
      })
      expect(codes(report), name).toEqual([code])
    }
  })

  it('are a violation when there is not one of every participant', () => {
    for (const receipts of [[], [digestNamed('a')], [digestNamed('a'), digestNamed('a')]]) {
      const report = grown((log, more) => {
        log.add('sign.completed', { ...attempted(more).completion(), receipts })
      })
      expect(report.exit).toBe(4)
      expect(report.results.authorisation).toBe('VIOLATION')
      expect(report.findings[0]).toMatchObject({ code: 'LINE_MISSING', line: 31 })
    }
  })

  it('are UNCONFIRMED when they were not kept, each named once', () => {
    const blobs = good.blobs.filter((blob) => blob.kind !== 'shareReceipt')
    const report = audit({ blobs })
    expect(report).toMatchObject({ exit: 3, results: { authorisation: 'OK' } })
    const [one, two] = [seqOf('sign.completed'), seqOf('sign.completed', 1)]
    expect(report.findings.map(({ line }) => line)).toEqual([one, one, two, two])
  })
})

describe('the line of a receipt', () => {
  const recorded = (change: (released: Released) => JsonObject): Report =>
    grown((log, more) => {
      const [first] = attempted(more).receipts()
      log.add('share.receipt', change(first!))
    })

  it('names its node and its counter', () => {
    expect(recorded((first) => ({ ...first }))).toMatchObject({ exit: 0, findings: [] })
    expect(codes(recorded((first) => ({ ...first, node: 'node-b' })))).toEqual(['VIEW'])
    const ahead = recorded((first) => ({ ...first, counter: first.counter + 1 }))
    expect(codes(ahead)).toEqual(['VIEW', 'LINE_MISSING'])
  })

  it('is a violation where a receipt before it was left out', () => {
    const report = grown((log, more) => {
      const pay = attempted(more)
      for (let at = 0; at < 2; at += 1) pay.receipt('node-b')
      log.add('share.receipt', { ...pay.receipt('node-b') })
    })
    expect(report).toMatchObject({ exit: 4 })
    expect(report.findings.map(({ because }) => because)).toEqual([
      'no receipts of node-b from 3 to 4',
    ])
  })

  it('is a violation when the attempt that it names has not started', () => {
    const report = grown((log, more) => {
      const pay = payoutIn(more, 'early', 20).reserved()
      log.add('share.receipt', { ...pay.receipt('node-a') })
    })
    expect(codes(report)).toEqual(['PARTICIPANTS'])
  })
})

describe('the receipts that an aborted attempt names', () => {
  it('are of that attempt', () => {
    const aborted = (of: 'own' | 'other'): Report =>
      grown((log, more) => {
        const pay = attempted(more)
        const [{ receipt }] = pay.receipts() as [Released]
        const foreign = more.blobs.find(({ kind }) => kind === 'shareReceipt')!.digest
        log.add('session.aborted', {
          attempt: 1,
          culprit: '',
          intent: pay.digest,
          reason: 'SESSION_TIMEOUT',
          receipts: [of === 'own' ? receipt : foreign],
          refusals: [],
        })
      })
    expect(aborted('own')).toMatchObject({ exit: 0, findings: [] })
    expect(codes(aborted('other'))).toEqual(['VIEW'])
  })
})

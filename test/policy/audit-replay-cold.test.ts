import { describe, expect, it } from 'vitest'
import { writeExport } from '../../policy/audit/export.ts'
import { verify } from '../../policy/audit/verify.ts'
import { digestNamed } from '../kit/audit-log.ts'
import { goodStory, trust } from '../kit/audit-story.ts'
import { calledStory, coldExport, coldStory, coldTrust, reportOf } from '../kit/cold-story.ts'

describe('a log of cold vaults', () => {
  it('is verified from its Export alone: ceremonies, keys, attempts and signatures', () => {
    const report = reportOf(coldStory())
    expect(report.findings).toEqual([])
    expect(report).toMatchObject({ word: 'OK', exit: 0, anchors: [] })
    expect(report.checked).toMatchObject({ attempts: 1, signatures: 1 })
  })

  it.each([
    ['one', 1],
    ['all three that were called', 3],
  ])('has a violation where %s of two signers left receipts', (_, count) => {
    const told = calledStory()
    const { story, payout, ceremony } = told
    ceremony.exported()
    const receipts = ['node-a', 'node-b', 'node-c'].slice(0, count).map((node) => {
      return payout.receipt(node)
    })
    const named = receipts.map(({ receipt }) => receipt)
    story.log.add('sign.completed', { ...payout.completion(), receipts: named })
    for (const released of receipts) story.log.add('share.receipt', { ...released })
    const { findings, exit } = reportOf(told)
    expect(exit).toBe(4)
    expect(findings[0]?.because).toBe(`expected a receipt of each of 2 nodes, got ${count}`)
  })

  it('has a violation where people had not approved for the time of the ceremony', () => {
    const { findings, exit } = reportOf(coldStory(400))
    expect(exit).toBe(4)
    expect(findings).toMatchObject([{ code: 'N18 TIME' }])
  })

  it('has a violation where an attempt was written that no open ceremony names', () => {
    const told = calledStory()
    const { story, payout, ceremony } = told
    story.log.add('ceremony.aborted', ceremony.abort())
    story.log.force('session.started', payout.attempt(2))
    const { findings, exit } = reportOf(told)
    expect(exit).toBe(4)
    expect(findings[0]).toMatchObject({ code: 'CEREMONY' })
  })

  it('is unconfirmed where a ceremony ran over and nobody says how it ended', () => {
    const told = calledStory()
    const { story, ceremony } = told
    expect(reportOf(told)).toMatchObject({ exit: 0 })
    story.log.t = ceremony.terms.until
    story.log.add('log.heartbeat', {})
    const { findings, exit, results } = reportOf(told)
    expect(exit).toBe(3)
    expect(results.completeness).toBe('UNCONFIRMED')
    expect(findings).toMatchObject([{ code: 'CEREMONY' }])
    story.log.add('ceremony.aborted', ceremony.abort())
    expect(reportOf(told)).toMatchObject({ exit: 0 })
  })

  it('is unconfirmed where no head proves that a plan had waited for its delay', () => {
    const told = calledStory()
    const planned = told.story.log.lines.findLastIndex((line) => {
      return new TextDecoder().decode(line).includes('"type":"ceremony.planned"')
    })
    const files = writeExport({ ...coldExport(told), heads: [] })
    const nowMs = told.story.log.t + 2_000
    const { findings, exit } = verify({ files, trust: coldTrust, nowMs })
    expect(exit).toBe(3)
    const late = findings.find(({ line }) => line === planned)
    expect(late?.because).toMatch(/^no head proves when the change/)
  })
})

describe('the anchor in the main log', () => {
  it('is told by the verifier: the newest, to be held against the other log', () => {
    const story = goodStory()
    const origin = 'log.acme.example/custody-dev-cold'
    for (const size of [5, 9]) {
      story.log.add('cold.anchored', { origin, size, root: digestNamed(`root ${size}`) })
    }
    const nowMs = story.log.t + 2_000
    const report = verify({ files: writeExport(story.export()), trust, nowMs })
    expect(report.findings).toEqual([])
    const line = story.log.lines.length - 1
    expect(report.anchors).toEqual([{ line, origin, size: 9, root: digestNamed('root 9') }])
  })
})

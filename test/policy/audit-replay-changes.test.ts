// What the verifier says of changes: carried out as they were approved, and every other way.
import { describe, expect, it } from 'vitest'
import type { Report } from '../../policy/audit/report.ts'
import { digestNamed } from '../kit/audit-log.ts'
import { Audited } from '../kit/change-audit.ts'
import { Asked, asks, bothVoices, keyedLog } from '../kit/change-log.ts'

const said = ({ findings }: Report) => findings.map(({ word, code }) => `${word} ${code}`)

/** A refresh from its record to its line, seen by the witnesses before and after the delay. */
function refreshed(seconds = 3_600): Audited {
  const audited = new Audited(new Asked(keyedLog(), asks.refresh))
  const { asked } = audited
  asked.record()
  audited.evaluate().see()
  asked.approve().ripen(seconds)
  asked.add('key.refreshed', asked.keyLine())
  return audited.see()
}

describe('a change in an Export', () => {
  it('is judged again and found lawful, from the files alone', () => {
    const report = refreshed().report()
    expect(said(report)).toEqual([])
    expect(report).toMatchObject({ exit: 0, checked: { evaluations: 1 } })
  })

  /** Recorded, seen after `seenS` seconds, and carried out an hour after its record. */
  function seenAfter(seenS: number, proves: boolean): Audited {
    const heads: string[] = []
    const audited = new Audited(new Asked(keyedLog(), asks.refresh, { order: { heads } }))
    const { asked } = audited
    asked.record().approve().ripen(seenS)
    audited.see()
    if (proves) heads.push(...audited.notes)
    asked.ripen(3_600 - seenS)
    asked.add('key.refreshed', asked.keyLine())
    return audited.see()
  }

  it('is a violation when its order proves that the delay was not over', () => {
    expect(said(seenAfter(60, true).report())).toEqual([])
    // Witnesses saw the request late, whatever its line says of the time.
    expect(said(seenAfter(600, true).report())).toEqual(['VIOLATION DELAY'])
  })

  it('is unconfirmed when neither its order nor a head that was kept proves the delay', () => {
    expect(said(seenAfter(60, false).report())).toEqual([])
    expect(said(seenAfter(600, false).report())).toEqual(['UNCONFIRMED LINE_MISSING'])
    const files = refreshed().report((all) => all.filter(({ kind }) => kind !== 'order'))
    expect(files.results.completeness).toBe('UNCONFIRMED')
  })

  it('is a violation when its line has a time that the witnesses deny', () => {
    const audited = refreshed()
    audited.asked.log.wait(600)
    // Seen before its time: every head over the line is older than the line says.
    const early = audited.asked.log.note([0, 1, 2], audited.asked.log.t - 3 * 3_600_000)
    const other = refreshed()
    other.notes.pop()
    other.notes.push(early)
    expect(said(refreshed().report())).toEqual([])
    expect(said(other.report())).toContain('VIOLATION CLOCK')
  })

  it('is a violation when a coordinator appends a line that nobody approved', () => {
    const audited = new Audited(new Asked(keyedLog(), asks.refresh))
    const { asked } = audited
    asked.record().approve([['jun', 'director']])
    audited.see()
    asked.ripen()
    asked.log.force('key.refreshed', asked.keyLine(), [asked.orderText])
    expect(said(audited.see().report())).toEqual(['VIOLATION QUORUM'])
  })

  it('is a violation when it is carried out a second time', () => {
    const audited = refreshed()
    const { asked } = audited
    asked.log.force('key.refreshed', asked.keyLine({ epoch: 3 }), [asked.orderText])
    expect(said(audited.see().report())).toEqual(['VIOLATION REQUEST_ENDED'])
  })

  it('is a violation when its evaluation, its intent or an approval is not what lines say', () => {
    const wrong = new Audited(new Asked(keyedLog(), asks.refresh))
    wrong.asked.record()
    wrong.evaluate({ result: 'allow' })
    expect(said(wrong.see().report())).toEqual(['VIOLATION RULE'])

    const renamed = new Audited(new Asked(keyedLog(), asks.refresh))
    const { asked } = renamed
    asked.log.add('intent.created', asked.created({ op: 'key.destroy' }))
    expect(said(renamed.see().report())).toEqual(['VIOLATION LINE_VOID'])

    const other = new Audited(new Asked(keyedLog(), asks.refresh, { voices: bothVoices }))
    other.asked.record()
    const approval = other.asked.approval(['jun', 'director'])
    other.asked.vote(approval)
    const { log, digest } = other.asked
    const bent = {
      approval: digestNamed('x'),
      intent: digest,
      person: 'kat',
      rule: 'governance.key',
    }
    log.add('approval.recorded', bent)
    // Nobody kept what the second line names, and nothing was reserved by it.
    expect(said(other.see().report())).toEqual([])
  })
})

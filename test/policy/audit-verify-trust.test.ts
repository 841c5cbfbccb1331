import { describe, expect, it } from 'vitest'
import { formatNote, signCheckpoint, vkeyOf } from '../../policy/audit/checkpoint.ts'
import { writeExport } from '../../policy/audit/export.ts'
import type { Report } from '../../policy/audit/report.ts'
import { verify } from '../../policy/audit/verify.ts'
import { fromUtf8, toUtf8 } from '../../proto/crypto.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import * as house from '../kit/audit-documents.ts'
import { cosign, digestNamed, genesisBody, TestLog } from '../kit/audit-log.ts'
import { goodStory, Payout, Story, trust } from '../kit/audit-story.ts'
import { audit, bodyOf, good, now, rewritten, shortened, story } from '../kit/audit-verifying.ts'

describe('whose log it is', () => {
  const stranger = house.keyOf('stranger')

  it('is UNCONFIRMED under a checkpoint of a key that is not pinned', () => {
    const body = bodyOf(good.checkpoint)
    const own = vkeyOf(house.origin, 'log', stranger.publicKey)
    const note = formatNote(body, [
      signCheckpoint(body, own, stranger.sign),
      ...[0, 1].map((which) => cosign(body, which, now)),
    ])
    const report = audit({ checkpoint: toUtf8(note), heads: [] })
    expect(report).toMatchObject({ exit: 3, results: { identity: 'UNCONFIRMED' } })
  })

  it('is TAMPERED when the pinned name and key id stand over garbage', () => {
    const written = fromUtf8(good.checkpoint)!
    const log = written.split('\n')[4]!
    const garbage = `${log.slice(0, -8)}AAAAAAA=`
    const checkpoint = toUtf8(written.replace(log, garbage))
    expect(audit({ checkpoint }).exit).toBe(1)
    expect(audit({ heads: [checkpoint] }).exit).toBe(1)
  })

  it('is UNCONFIRMED when the trust file pins another log, root or beginning', () => {
    const other = vkeyOf(house.origin, 'log', stranger.publicKey)
    const { name, keyId } = other
    const vkey = `${name}+${keyId}+${Buffer.from([1, ...stranger.publicKey]).toString('base64')}`
    const log = trust.replace(/^log .*$/m, `log ${house.origin} ${vkey}`)
    expect(audit({}, { trust: log })).toMatchObject({ exit: 3 })
    const root = trust.replace(house.rootDigest, digestNamed('another root'))
    expect(audit({}, { trust: root }).results.identity).toBe('UNCONFIRMED')
    expect(audit({}, { trust: root }).exit).toBe(4)
  })
})

describe('witnesses', () => {
  const noteWith = (which: number[], atMs?: number) => toUtf8(story.log.note(which, atMs))

  it('below the quorum leave it UNCONFIRMED', () => {
    expect(audit({ checkpoint: noteWith([0, 1]) }).exit).toBe(0)
    const report = audit({ checkpoint: noteWith([2]) })
    expect(report).toMatchObject({ exit: 3, results: { witnessing: 'UNCONFIRMED' } })
  })

  it('count once, though the same one signs twice', () => {
    const body = bodyOf(good.checkpoint)
    const log = signCheckpoint(body, house.log, house.keyOf('log').sign)
    const twice = formatNote(body, [log, cosign(body, 0, now), cosign(body, 0, now - 1_000)])
    expect(audit({ checkpoint: toUtf8(twice) }).exit).toBe(3)
  })

  it('do not count from the future', () => {
    expect(audit({ checkpoint: noteWith([0, 1], now + 121_000) }).exit).toBe(3)
    expect(audit({ checkpoint: noteWith([0, 1], now + 119_000) }).exit).toBe(0)
  })

  it('make it TAMPERED when a pinned cosignature is of another size', () => {
    const body = bodyOf(good.checkpoint)
    const log = signCheckpoint(body, house.log, house.keyOf('log').sign)
    const other = fromUtf8(good.heads[0]!)!.split('\n')
    const copied = formatNote(body, [log, ...other.slice(5, 8)])
    const report = audit({ checkpoint: toUtf8(copied) })
    expect(report).toMatchObject({ exit: 1, results: { witnessing: 'TAMPERED' } })
  })

  it('leave it UNCONFIRMED when the head is older than the verifier allows', () => {
    const ageMaxMs = 3_600_000
    expect(audit({}, { ageMaxMs, nowMs: story.log.t + ageMaxMs }).exit).toBe(0)
    const report = audit({}, { ageMaxMs, nowMs: story.log.t + ageMaxMs + 2_000 })
    expect(report).toMatchObject({ exit: 3, results: { witnessing: 'UNCONFIRMED' } })
    expect(report.findings[0]!.because).toContain('stale')
  })
})

describe('a log that breaks its promises', () => {
  const fork = () => rewritten((body, seq) => (seq === 7 ? { ...body, engine: 2 } : body))

  it('is an EQUIVOCATION with two heads of one size, and both notes are the proof', () => {
    const other = toUtf8(fork().note())
    const report = audit({ heads: [other] })
    expect(report).toMatchObject({ exit: 5, word: 'EQUIVOCATION' })
    expect(report.proof).toEqual([fromUtf8(good.checkpoint), fromUtf8(other)])
  })

  it('is an EQUIVOCATION with a smaller head that the lines do not contain', () => {
    const smaller = toUtf8(shortened(fork(), 15).note())
    const report = audit({ heads: [smaller] })
    expect(report).toMatchObject({ exit: 5 })
    expect(report.proof?.[1]).toBe(fromUtf8(smaller))
    expect(audit({}, { remembered: [smaller] }).exit).toBe(5)
  })

  it('is one too when the lines are broken or the heads are only kept ones', () => {
    const [one, other] = [toUtf8(fork().note()), good.checkpoint]
    const lines = good.lines.slice(1)
    expect(audit({ lines, heads: [one] }).exit).toBe(5)
    const body = bodyOf(good.checkpoint)
    const unsigned = toUtf8(formatNote(body, [cosign(body, 0, now), cosign(body, 1, now)]))
    expect(audit({ checkpoint: unsigned, heads: [one, other] }).exit).toBe(5)
  })

  it('is ROLLED BACK when a remembered head is larger, or no part of lines that nobody signed', () => {
    const short = new Story()
    const rolled = { checkpoint: toUtf8(short.log.note()), lines: short.log.lines, heads: [] }
    const report = audit(rolled, { remembered: [good.checkpoint] })
    expect(report).toMatchObject({ exit: 7, word: 'ROLLED_BACK' })
    expect(audit(rolled, { remembered: [rolled.checkpoint] }).exit).toBe(0)
    const edit = { lines: fork().lines, heads: [] }
    expect(audit(edit, { remembered: [good.heads[0]!] }).exit).toBe(7)
  })

  it('is judged only against heads that the pinned log signed', () => {
    expect(audit({}, { remembered: [good.heads[0]!] }).exit).toBe(0)
    const body = bodyOf(toUtf8(fork().note()))
    const unsigned = toUtf8(formatNote(body, [cosign(body, 0, now)]))
    expect(audit({}, { remembered: [unsigned] }).exit).toBe(2)
    expect(audit({}, { remembered: [toUtf8('nonsense')] }).exit).toBe(2)
    expect(audit({ heads: [unsigned] }).exit).toBe(0)
    expect(audit({ heads: [toUtf8('nonsense')] }).exit).toBe(1)
  })
})

describe('a checkpoint that is no note', () => {
  it('is TAMPERED', () => {
    const written = fromUtf8(good.checkpoint)!
    for (const text of [
      written.replace('\n27\n', '\n027\n'),
      written.replace('\n27\n', '\n9223372036854775808\n'),
      written.replace('\n\n', '\n'),
      written.replaceAll('\n', '\r\n'),
      `${written}x`,
      'x'.repeat(10_000_000),
    ]) {
      expect(audit({ checkpoint: toUtf8(text) }).exit).toBe(1)
    }
    expect(audit({ checkpoint: Uint8Array.of(0xff) }).exit).toBe(1)
  })

  it('of another size or root than the lines is not theirs', () => {
    const short = toUtf8(shortened(story.log, 20).note())
    expect(audit({ checkpoint: short, heads: [] })).toMatchObject({ exit: 1 })
  })
})

describe('a violation', () => {
  /** The good story with something more, lawful in form and signed by everybody. */
  function grown(change: (log: TestLog, story: Story) => void): Report {
    const more = goodStory()
    change(more.log, more)
    const { t } = more.log
    return verify({ files: writeExport(more.export()), trust, nowMs: t + 2_000 })
  }
  const codes = (report: Report) => report.findings.map((finding) => finding.code)

  it('is a void line, named with its reason', () => {
    const report = grown((log) => log.force('spend.released', { intent: digestNamed('none') }))
    expect(report).toMatchObject({ exit: 4, results: { integrity: 'OK', witnessing: 'OK' } })
    expect(report.findings[0]).toMatchObject({ line: 27, code: 'REQUEST_NOT_FOUND' })
  })

  it('is a second genesis value: another root or policy than the pinned ones', () => {
    const log = new TestLog().force('log.genesis', genesisBody)
    log.force('root.activated', { root: digestNamed('x'), ruleset: digestNamed('y'), version: 1 })
    const files = { checkpoint: toUtf8(log.note()), lines: log.lines, heads: [] }
    const report = audit(files)
    expect(report).toMatchObject({ exit: 4, results: { identity: 'UNCONFIRMED' } })
  })

  it('is an attempt that `admit` refuses, with the check that says so', () => {
    const report = grown((_, more) => {
      const pay = new Payout(more, 'unapproved', 150)
      pay.nonce = 2n
      pay.created().evaluated().reserved().started()
    })
    expect(report.exit).toBe(4)
    expect(codes(report)).toEqual(['N21 QUORUM'])
  })

  it('is an approval that was recorded after the attempt', () => {
    const report = grown((_, more) => {
      const pay = new Payout(more, 'late', 150)
      pay.nonce = 2n
      pay.created().evaluated().reserved().started().approved('bo')
      // The warrant of the attempt line could not carry it.
      pay.approvals.pop()
      pay.completed()
    })
    expect(codes(report)).toEqual(['N21 QUORUM'])
  })

  it('is a warrant that does what the intent does not say', () => {
    const report = grown((_, more) => {
      const pay = new Payout(more, 'other', 20)
      pay.nonce = 2n
      pay.created().evaluated()
      const { amount } = pay.intent
      Object.assign(pay.intent, { amount: amount + 1n })
      pay.reserved().started()
    })
    expect(codes(report)).toEqual(['N15 BYTES_AMOUNT'])
  })

  it('is a signature without a receipt of every participant', () => {
    for (const receipts of [[], [digestNamed('a')], [digestNamed('a'), digestNamed('a')]]) {
      const report = grown((log, more) => {
        const pay = new Payout(more, 'bare', 20)
        pay.nonce = 2n
        pay.created().evaluated().reserved().started()
        log.add('sign.completed', { ...pay.completion(), receipts })
      })
      expect(report.exit).toBe(4)
      expect(codes(report)).toEqual(['LINE_MISSING'])
    }
  })

  it('is a transaction id that the signed bytes do not have', () => {
    const report = grown((log, more) => {
      const pay = new Payout(more, 'renamed', 20)
      pay.nonce = 2n
      pay.created().evaluated().reserved().started()
      log.add('sign.completed', { ...pay.completion(), txid: `0x${digestNamed('x')}` })
    })
    expect(codes(report)).toEqual(['TX_INTENT_MISMATCH'])
  })

  it('is an evaluation that says something else than judging its facts again', () => {
    const bent: readonly JsonObject[] = [
      { result: 'need' },
      { rule: 'payout-mid' },
      { trace: digestNamed('another trace') },
      { policy: digestNamed('another policy') },
    ]
    for (const change of bent) {
      const report = grown((log, more) => {
        const pay = new Payout(more, 'bent', 20).created()
        log.add('intent.evaluated', { ...pay.evaluation(), ...change })
      })
      expect(codes(report), Object.keys(change)[0]).toEqual(['RULE'])
    }
  })

  it('is an evaluation of facts that nobody can read', () => {
    const report = grown((log, more) => {
      const pay = new Payout(more, 'odd', 20).created()
      const facts = more.keep('facts', toUtf8('{}'))
      log.add('intent.evaluated', { ...pay.evaluation(), facts })
    })
    expect(codes(report)).toEqual(['MALFORMED'])
  })

  it('is a gap in the receipts of a node', () => {
    const report = grown((log) => {
      log.add('share.receipt', { counter: 5, node: 'node-b', receipt: digestNamed('fifth') })
    })
    expect(report.findings[0]!.because).toBe('no receipts of node-b from 3 to 4')
    expect(report.exit).toBe(4)
  })

  it('does not hide a missing warrant, and the worse word wins', () => {
    const report = grown((log, more) => {
      log.force('spend.released', { intent: digestNamed('none') })
      more.blobs.splice(0, more.blobs.length, ...more.blobs.filter((b) => b.kind !== 'warrant'))
    })
    expect(report.exit).toBe(4)
    expect(report.results).toMatchObject({
      authorisation: 'VIOLATION',
      completeness: 'UNCONFIRMED',
    })
  })
})

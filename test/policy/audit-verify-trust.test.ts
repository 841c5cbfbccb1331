import { describe, expect, it } from 'vitest'
import {
  formatNote,
  formatVkey,
  signCheckpoint,
  type Vkey,
  vkeyOf,
} from '../../policy/audit/checkpoint.ts'
import { parseRoot } from '../../policy/documents.ts'
import { fromUtf8, toUtf8 } from '../../proto/crypto.ts'
import { text } from '../../proto/jcs.ts'
import * as house from '../kit/audit-documents.ts'
import { cosign, digestNamed, type TestLog } from '../kit/audit-log.ts'
import { goodStory, trust } from '../kit/audit-story.ts'
import { audit, bodyOf, good, now, rewritten, shortened, story } from '../kit/audit-verifying.ts'
import { Story } from '../kit/story.ts'
import { lightJson } from '../kit/succession.ts'

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

describe('a log that is its own witness', () => {
  const twin = vkeyOf('twin.acme.example/witness', 'witness', house.log.publicKey)

  it('is pinned by no trust file and by no root', () => {
    expect(audit({}, { trust: `${trust}witness ${formatVkey(twin)}\n` }).exit).toBe(2)
    const stranger = vkeyOf('more.acme.example/witness', 'witness', house.keyOf('more').publicKey)
    expect(audit({}, { trust: `${trust}witness ${formatVkey(stranger)}\n` }).exit).toBe(0)
    const root = { ...house.root, witness: { w: 4, f: 0, q: 3 } }
    const named = (vkey: Vkey) => ({ ...lightJson('more'), witness: formatVkey(vkey) })
    const parse = (vkey: Vkey) => () => parseRoot(text({ ...root, witnesses: [named(vkey)] }))
    expect(parse(stranger)).not.toThrow()
    expect(parse(twin)).toThrow('MALFORMED')
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

describe('time', () => {
  it('leaves lines that are dated ahead of the verifier UNCONFIRMED', () => {
    const last = story.log.t
    const early = { checkpoint: toUtf8(story.log.note([0, 1], last - 119_000)), heads: [] }
    expect(audit(early, { nowMs: last - 120_000 }).exit).toBe(0)
    const report = audit(early, { nowMs: last - 121_000 })
    expect(report).toMatchObject({ exit: 3, results: { witnessing: 'UNCONFIRMED' } })
    expect(report.findings[0]).toMatchObject({ code: 'CLOCK', line: 26 })
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

  it('is ROLLED BACK when a remembered head is larger, or no part of unsigned lines', () => {
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

describe('a kept head that the log did not sign', () => {
  const fork = () => rewritten((body, seq) => (seq === 7 ? { ...body, engine: 2 } : body))
  const unsigned = (log: TestLog, which: number[]): Uint8Array => {
    const body = bodyOf(toUtf8(log.note()))
    return toUtf8(
      formatNote(
        body,
        which.map((one) => cosign(body, one, now)),
      ),
    )
  }

  it('is UNCONFIRMED when q witnesses cosigned another tree, or one that is longer', () => {
    for (const log of [fork(), shortened(fork(), 15), goodStory().log.force('log.heartbeat', {})]) {
      const report = audit({ heads: [unsigned(log, [0, 1])] })
      expect(report).toMatchObject({ exit: 3, results: { witnessing: 'UNCONFIRMED' } })
      expect(report.findings.map(({ code }) => code)).toEqual(['LOG_FORK'])
    }
  })

  it('says nothing below the quorum, over the same tree, or of another log', () => {
    expect(audit({ heads: [unsigned(fork(), [0])] }).exit).toBe(0)
    expect(audit({ heads: [unsigned(story.log, [0, 1])] }).exit).toBe(0)
    const body = bodyOf(toUtf8(fork().note())).replace(house.origin, 'log.acme.example/cold')
    const cold = formatNote(body, [cosign(body, 0, now), cosign(body, 1, now)])
    expect(audit({ heads: [toUtf8(cold)] }).exit).toBe(0)
    const written = fromUtf8(unsigned(fork(), [0, 1]))!
    expect(audit({ heads: [toUtf8(`${written.slice(0, -9)}AAAAAAA=\n`)] }).exit).toBe(0)
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

import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { append } from '../../policy/audit/chain.ts'
import { checkpointBody, formatNote, signCheckpoint } from '../../policy/audit/checkpoint.ts'
import { writeExport } from '../../policy/audit/export.ts'
import { emptyRoot } from '../../policy/audit/merkle.ts'
import type { Report } from '../../policy/audit/report.ts'
import { verify } from '../../policy/audit/verify.ts'
import { fromUtf8, toUtf8 } from '../../proto/crypto.ts'
import * as house from '../kit/audit-documents.ts'
import { cosign } from '../kit/audit-log.ts'
import { trust } from '../kit/audit-story.ts'
import { audit, edited, good, now, rewritten, seqOf, story } from '../kit/audit-verifying.ts'
import { Story } from '../kit/story.ts'

describe('a good export', () => {
  it('is OK in all five results, with everything judged again', () => {
    const report = audit({})
    expect(report).toMatchObject({ word: 'OK', exit: 0, findings: [] })
    expect(Object.values(report.results)).toEqual(['OK', 'OK', 'OK', 'OK', 'OK'])
    expect(report.checked).toEqual({ lines: 27, attempts: 2, signatures: 2, evaluations: 3 })
  })

  it('is the one that is kept among the vectors, file by file', () => {
    const folder = new URL('../vectors/logs/good/', import.meta.url)
    const names = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(fileURLToPath(folder), join(entry.parentPath, entry.name)))
    const kept = new Map(names.map((name) => [name, readFileSync(new URL(name, folder))]))
    const pinned = readFileSync(new URL('../vectors/logs/good.trust', import.meta.url), 'utf8')
    expect(pinned).toBe(trust)
    const written = writeExport(good)
    expect([...kept.keys()].sort()).toEqual([...written.keys()].sort())
    for (const [name, content] of written) expect(kept.get(name)!.equals(content), name).toBe(true)
    expect(verify({ files: kept, trust: pinned, nowMs: now }).exit).toBe(0)
  })

  it('is UNCONFIRMED without a trust file, whatever the mathematics say', () => {
    const report = verify({ files: writeExport(good), nowMs: now })
    expect(report).toMatchObject({ exit: 3, results: { integrity: 'OK', identity: 'UNCONFIRMED' } })
    expect(report.results.authorisation).toBe('NOT_CHECKED')
    const broken = writeExport({ ...good, lines: edited(8, 'svc-payouts', 'svc-payoutt') })
    expect(verify({ files: broken, nowMs: now }).exit).toBe(1)
  })

  it('is USAGE with a trust file that cannot be read', () => {
    expect(audit({}, { trust: 'root nothing' })).toMatchObject({ exit: 2, word: 'USAGE' })
  })
})

describe('broken lines are TAMPERED, and the line is named', () => {
  const at = 7
  const line = (report: Report) => [report.exit, report.findings[0]?.line]

  it('a flipped character that leaves a canonical line', () => {
    expect(line(audit({ lines: edited(at, '"engine":1', '"engine":2') }))).toEqual([1, at])
  })

  it('a flipped character that leaves none', () => {
    expect(line(audit({ lines: edited(at, '"engine"', '"Engine"') }))).toEqual([1, at])
    expect(line(audit({ lines: edited(at, '"actor"', '"actor" ') }))).toEqual([1, at])
  })

  it('a flip in the last line and in the one before it', () => {
    const last = good.lines.length - 1
    expect(line(audit({ lines: edited(last - 1, '"height":"7"', '"height":"8"') }))).toEqual([
      1,
      last - 1,
    ])
    const report = audit({ lines: edited(last, 'coordinator', 'coordinatos') })
    expect(report).toMatchObject({ exit: 1 })
    // Nothing after it vouches for a last line: all beyond the newest kept head is in doubt.
    expect(report.findings[0]!.line).toBe(JSON.parse(fromUtf8(good.heads[1]!)!.split('\n')[1]!))
  })

  it('a link that was changed itself', () => {
    const { prev } = JSON.parse(fromUtf8(good.lines[at]!)!)
    const other = `${prev[0] === '0' ? '1' : '0'}${prev.slice(1)}`
    expect(line(audit({ lines: edited(at, prev, other) }))).toEqual([1, at])
  })

  it('a line removed, doubled, or two exchanged', () => {
    const removed = good.lines.filter((_, index) => index !== at)
    expect(line(audit({ lines: removed }))).toEqual([1, at])
    const doubled = good.lines.flatMap((bytes, index) => (index === at ? [bytes, bytes] : [bytes]))
    expect(line(audit({ lines: doubled }))).toEqual([1, at + 1])
    const swapped = [...good.lines]
    ;[swapped[at], swapped[at + 1]] = [swapped[at + 1]!, swapped[at]!]
    expect(line(audit({ lines: swapped }))).toEqual([1, at])
  })

  it('an empty line, a line of 65536 bytes, and bytes after the last newline', () => {
    const empty = [...good.lines.slice(0, at), new Uint8Array(0), ...good.lines.slice(at)]
    expect(line(audit({ lines: empty }))).toEqual([1, at])
    const long = [...good.lines.slice(0, at), new Uint8Array(65_536).fill(0x61)]
    expect(line(audit({ lines: long }))).toEqual([1, at])
    const files = new Map(writeExport(good))
    const name = 'entries/00000000.jsonl'
    files.set(name, Uint8Array.of(...files.get(name)!, 0x7b))
    const trailing = verify({ files, trust, nowMs: now })
    expect(trailing).toMatchObject({ exit: 1 })
    expect(trailing.findings[0]!.because).toContain('line 27')
    expect(trailing.results.authorisation).toBe('NOT_CHECKED')
  })

  it('a key that stands twice, the second time with another value', () => {
    expect(line(audit({ lines: edited(at, '"engine":1', '"engine":1,"engine":2') }))).toEqual([
      1,
      at,
    ])
  })

  it('lines after the last one that the checkpoint covers', () => {
    const more = append(story.log.head, {
      actor: 'coordinator',
      type: 'log.heartbeat',
      body: {},
      t: story.log.t,
    })
    expect(line(audit({ lines: [...good.lines, more.entry.bytes] }))).toEqual([1, 27])
  })

  it('every link made again after an edit, under the old checkpoint', () => {
    const log = rewritten((body, seq) => (seq === at ? { ...body, engine: 2 } : body))
    const report = audit({ lines: log.lines, heads: [] })
    expect(report).toMatchObject({ exit: 1, results: { integrity: 'TAMPERED' } })
    expect(audit({ lines: log.lines }, {}).findings[0]!.line).toBe(0)
  })
})

describe('what is absent is UNCONFIRMED, never OK', () => {
  it('an export without lines, and one without anything', () => {
    const body = checkpointBody({
      origin: house.origin,
      size: 0,
      root: emptyRoot,
    })
    const note = formatNote(body, [
      signCheckpoint(body, house.log, house.keyOf('log').sign),
      ...[0, 1].map((which) => cosign(body, which, now)),
    ])
    const empty = verify({
      files: writeExport({ checkpoint: toUtf8(note), lines: [], blobs: [], heads: [] }),
      trust,
      nowMs: now,
    })
    expect(empty).toMatchObject({ exit: 3 })
    expect(empty.results.authorisation).toBe('NOT_CHECKED')
    expect(audit({ lines: [] })).toMatchObject({ exit: 3 })
    expect(verify({ files: new Map(), trust, nowMs: now })).toMatchObject({ exit: 2 })
  })

  it('a prefix of the lines that the checkpoint covers', () => {
    const report = audit({ lines: good.lines.slice(0, 20) })
    expect(report).toMatchObject({ exit: 3, results: { completeness: 'UNCONFIRMED' } })
  })

  it('a prefix with a checkpoint of its own, when a later head was kept', () => {
    const short = new Story()
    const head = { checkpoint: toUtf8(short.log.note()), lines: short.log.lines }
    expect(audit({ ...head, heads: [] }).exit).toBe(0)
    expect(audit(head)).toMatchObject({ exit: 3, results: { completeness: 'UNCONFIRMED' } })
  })

  it('the warrant of an attempt, and the line of that attempt is named', () => {
    const blobs = good.blobs.filter((blob) => blob.kind !== 'warrant')
    const report = audit({ blobs })
    expect(report).toMatchObject({ exit: 3, results: { completeness: 'UNCONFIRMED' } })
    expect(report.findings.map((finding) => finding.line)).toEqual([
      seqOf('session.started'),
      seqOf('session.started', 1),
    ])
    expect(report.checked.attempts).toBe(0)
  })

  it('a document that the fold stands on', () => {
    const blobs = good.blobs.filter((blob) => blob.kind !== 'policy')
    const report = audit({ blobs })
    expect(report).toMatchObject({ exit: 3, checked: { signatures: 0 } })
    expect(report.results.authorisation).toBe('NOT_CHECKED')
    expect(report.findings[0]!.line).toBe(seqOf('policy.activated'))
  })
})

describe('a replaced blob is TAMPERED', () => {
  it('of every kind', () => {
    for (const blob of good.blobs) {
      const content = toUtf8(`${fromUtf8(blob.content)!.slice(0, -1)} `)
      const blobs = good.blobs.map((one) => (one === blob ? { ...blob, content } : one))
      expect(audit({ blobs }).exit, blob.kind).toBe(1)
    }
  })

  it('when its signature was replaced, which no digest covers, it is a violation', () => {
    const warrant = good.blobs.find((blob) => blob.kind === 'warrant')!
    const text = fromUtf8(warrant.content)!
    const signature = /"signature":"([0-9a-f]{128})"/.exec(text)![1]!
    const other = { ...warrant, content: toUtf8(text.replace(signature, '0'.repeat(128))) }
    const blobs = good.blobs.map((one) => (one === warrant ? other : one))
    expect(audit({ blobs }).exit).toBe(1)
  })
})

describe('the files of an export', () => {
  const files = (change: (all: Map<string, Uint8Array>) => void): number => {
    const all = new Map(writeExport(good))
    change(all)
    return verify({ files: all, trust, nowMs: now }).exit
  }

  it('are USAGE when a name is unknown or the checkpoint is gone', () => {
    expect(files((all) => all.set('README', new Uint8Array(0)))).toBe(2)
    expect(files((all) => all.set('blobs/other/00', new Uint8Array(0)))).toBe(2)
    expect(files((all) => all.set(`blobs/magic/${'0'.repeat(64)}`, new Uint8Array(0)))).toBe(2)
    expect(files((all) => all.set('entries/0.jsonl', new Uint8Array(0)))).toBe(2)
    expect(files((all) => all.set('../checkpoint', new Uint8Array(0)))).toBe(2)
    expect(files((all) => all.delete('checkpoint'))).toBe(2)
  })

  it('are TAMPERED when a file of lines is left out or not full', () => {
    expect(files((all) => all.set('entries/00000001.jsonl', Uint8Array.of(0x7b, 0x0a)))).toBe(1)
    expect(
      files((all) => {
        const lines = all.get('entries/00000000.jsonl')!
        all.delete('entries/00000000.jsonl')
        all.set('entries/00000001.jsonl', lines)
      }),
    ).toBe(1)
    const many = new Uint8Array(4_097).fill(0x0a)
    expect(files((all) => all.set('entries/00000000.jsonl', many))).toBe(1)
  })

  it('hold 4096 lines each', () => {
    const line = toUtf8('{}')
    const lines = Array.from({ length: 4_097 }, () => line)
    const written = writeExport({ ...good, lines })
    expect(written.get('entries/00000000.jsonl')!.length).toBe(3 * 4_096)
    expect(written.get('entries/00000001.jsonl')!.length).toBe(3)
  })
})

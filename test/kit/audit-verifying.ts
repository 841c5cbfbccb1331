// The good story as an export, and `verify` on any change of it: what the tests of the verifier
// share. The story is told once for each test file, because making signatures takes time.
import type { Export } from '../../policy/audit/export.ts'
import { writeExport } from '../../policy/audit/export.ts'
import type { Report } from '../../policy/audit/report.ts'
import { type Audit, verify } from '../../policy/audit/verify.ts'
import { fromUtf8, toUtf8 } from '../../proto/crypto.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { TestLog } from './audit-log.ts'
import { goodStory, Payout, trust } from './audit-story.ts'
import type { Story } from './story.ts'

export const story = goodStory()
export const good = story.export()
export const now = story.log.t + 2_000

export const audit = (change: Partial<Export>, more: Partial<Audit> = {}): Report =>
  verify({ files: writeExport({ ...good, ...change }), trust, nowMs: now, ...more })

/** The lines with one of them edited, and nothing else made good again. */
export function edited(at: number, from: string, to: string): Uint8Array[] {
  const line = fromUtf8(good.lines[at]!)!
  if (!line.includes(from)) throw new Error(`line ${at} has no ${from}`)
  return good.lines.map((bytes, index) => (index === at ? toUtf8(line.replace(from, to)) : bytes))
}

/** The same drafts written again, with one body changed, so that every link holds. */
export function rewritten(change: (body: JsonObject, seq: number) => JsonObject): TestLog {
  const log = new TestLog()
  for (const [seq, line] of good.lines.entries()) {
    const { type, body, t } = JSON.parse(fromUtf8(line)!)
    log.t = Date.parse(t)
    log.force(type, change(body, seq))
  }
  return log
}

/** The first lines of a log, as a log of its own. */
export function shortened(log: TestLog, size: number): TestLog {
  const short = new TestLog()
  for (const line of log.lines.slice(0, size)) {
    const { type, body, t } = JSON.parse(fromUtf8(line)!)
    short.t = Date.parse(t)
    short.force(type, body)
  }
  return short
}

/** `seq` of the n-th line of this type. */
export const seqOf = (type: string, nth = 0): number =>
  good.lines
    .map((line, at) => ({ at, type: JSON.parse(fromUtf8(line)!).type }))
    .filter((line) => line.type === type)[nth]!.at

/** What was signed of a note. */
export function bodyOf(note: Uint8Array): string {
  return `${fromUtf8(note)!.split('\n\n')[0]!}\n`
}

/** The good story with something more, lawful in form and signed by everybody. */
export function grown(change: (log: TestLog, story: Story) => void): Report {
  const more = goodStory()
  change(more.log, more)
  return verify({ files: writeExport(more.export()), trust, nowMs: more.log.t + 2_000 })
}

export const codes = (report: Report): string[] => report.findings.map((finding) => finding.code)

/** One more payout of this many whole units, up to its reservation. */
export function payoutIn(story: Story, name: string, whole: number): Payout {
  const pay = new Payout(story, name, whole)
  pay.nonce = 2n
  return pay.created().evaluated()
}

// audit checkpoint, export, verify. The first two ask the coordinator, which is believed in
// nothing: a head counts by its signatures against the trust file. Verify needs no network at
// all, only an Export and a trust file that did not come with it.
// Source: policy design 4.10, with its own exit codes.
import { readFileSync, writeFileSync } from 'node:fs'
import { cosignatures, parseNote, signedByLog } from '../policy/audit/checkpoint.ts'
import { witnessesFor } from '../policy/audit/heads.ts'
import type { Report } from '../policy/audit/report.ts'
import { verify } from '../policy/audit/verify.ts'
import { durationMs } from '../policy/units.ts'
import { toHex } from '../proto/crypto.ts'
import { parseDigest } from '../proto/ids.ts'
import { readExport, writeExport } from '../proto/io/export-files.ts'
import type { JsonObject } from '../proto/jcs.ts'
import { refuse } from '../proto/refusal.ts'
import { wordsOf } from '../proto/words.ts'
import { onLine } from './desk.ts'
import { profileOptions } from './profile.ts'
import { openRoots } from './roots.ts'
import { done, flag, must, sameFiles, UsageError, type Verb, word } from './verb.ts'
import { spokenLines } from './words.ts'

const anyone = ['approver', 'caller', 'operator'] as const

export const auditCheckpoint: Verb = {
  about: 'the newest head of the log, and who has cosigned it',
  usage: '[--as DIR]',
  words: { min: 0, max: 0 },
  options: profileOptions,
  run: (args, world) =>
    onLine(args, world, anyone, async ({ client, trust }) => {
      const { checkpoint } = must(await client.AuditService.GetCheckpoint({}))
      const note = parseNote(checkpoint)
      if (!signedByLog(note, trust.log.vkey)) {
        refuse('LOG_MALFORMED', `checkpoint: not signed by ${trust.log.origin}`)
      }
      const { origin, size } = note.checkpoint
      const judges = witnessesFor(size, trust, await openRoots(client, trust))
      const witnesses = cosignatures(note, judges.witnesses).map(({ witness }) => witness.name)
      const root = toHex(note.checkpoint.root)
      const enough = witnesses.length >= judges.q
      const said = `cosigned by ${witnesses.join(', ') || 'nobody'}, ${judges.q} needed`
      return {
        exit: enough ? 0 : 3,
        text: `${origin} size ${size}\n  root ${root}\n  ${said}\n`,
        json: { origin, size, root, witnesses, quorum: judges.q, enough },
      }
    }),
}

export const auditExport: Verb = {
  about: 'write an Export: everything the offline verifier needs but the trust file',
  usage: 'DIR [--as DIR]',
  words: { min: 1, max: 1 },
  options: profileOptions,
  run: (args, world) =>
    onLine(args, world, anyone, async ({ client }) => {
      const directory = word(args, 0)
      const files = await writeExport(directory, client.AuditService.Export({}))
      const next = `check it with: custody audit verify ${directory} --trust FILE\n`
      return done(`${files} files in ${directory}\n${next}`, { directory, files })
    }),
}

export const auditVerify: Verb = {
  about: 'check an Export: lines, tree, witnesses, and every decision judged again',
  usage: 'DIR --trust FILE [--since CHECKPOINT] [--max-age 24h] [--proof FILE] [--at SIZE]',
  words: { min: 1, max: 1 },
  options: {
    trust: { type: 'string' },
    since: { type: 'string' },
    'max-age': { type: 'string' },
    ...{ at: { type: 'string' }, proof: { type: 'string' } },
  },
  afterNo: sameFiles,
  run: async (args, world) => {
    const [trust, since, age] = ['trust', 'since', 'max-age'].map((name) => flag(args, name))
    const at = sizeAt(flag(args, 'at'))
    const report = verify({
      files: readExport(word(args, 0)),
      nowMs: world.nowMs(),
      ...(trust === undefined ? {} : { trust: readFileSync(trust, 'utf8') }),
      ...(since === undefined ? {} : { remembered: [readFileSync(since)] }),
      ageMaxMs: ageMs(age ?? '24h'),
      ...(at === undefined ? {} : { at }),
    })
    const { lines } = report.checked
    if (at !== undefined && at > lines) {
      throw new UsageError(`--at: the export has ${lines} lines, expected at least ${at}`)
    }
    const proof = flag(args, 'proof')
    if (report.proof !== undefined && proof !== undefined) {
      writeFileSync(proof, report.proof.join('\n'), { flag: 'wx' })
    }
    return { exit: report.exit, text: reportText(report), json: reportJson(report) }
  },
}

function sizeAt(typed: string | undefined): number | undefined {
  if (typed === undefined) return undefined
  const size = /^[1-9][0-9]{0,15}$/.test(typed) ? Number(typed) : Number.NaN
  if (!Number.isSafeInteger(size)) throw new UsageError('--at: expected a number of lines')
  return size
}

/** How old the newest head may be: a duration of the policy, or years for an archive. */
export function ageMs(written: string): number {
  const years = /^([1-9][0-9]{0,2})y$/.exec(written)?.[1]
  return durationMs(years === undefined ? written : `${Number(years) * 365}d`, 'max-age')
}

export function reportText({ word: verdict, results, findings, notices, ...rest }: Report): string {
  const { anchors, checked, head } = rest
  const { lines, attempts, signatures, evaluations } = checked
  return [
    verdict,
    ...Object.entries(results).map(([area, result]) => `  ${area.padEnd(14)} ${result}`),
    `  ${lines} lines, ${evaluations} evaluations, ${attempts} attempts, ${signatures} signatures`,
    ...anchors.map(({ origin, size, root, line }) => {
      return `  cold log ${origin}: ${size} lines under root ${root}, by line ${line}`
    }),
    ...(head === undefined ? [] : [`  after ${head.size} lines: root ${head.root}`]),
    ...(head === undefined ? [] : spokenLines(parseDigest(head.root)).map((said) => `    ${said}`)),
    ...findings.map(({ area, word: kind, code, because, line }) => {
      const where = line === undefined ? '' : ` at line ${line}`
      return `${kind} ${area} ${code}${where}: ${because}`
    }),
    ...notices.map(({ line, code, because }) => `refused: ${code} at line ${line}: ${because}`),
    '',
  ].join('\n')
}

export function reportJson({ proof, findings, notices, head, ...report }: Report): JsonObject {
  return {
    ...{ word: report.word, exit: report.exit, results: report.results },
    anchors: report.anchors.map((anchor) => ({ ...anchor })),
    checked: { ...report.checked },
    findings: findings.map((finding) => ({ ...finding })),
    notices: notices.map((notice) => ({ ...notice })),
    ...(proof === undefined ? {} : { proof }),
    ...(head === undefined
      ? {}
      : { head: { ...head, words: wordsOf(parseDigest(head.root), 16) } }),
  }
}

// ceremony verify: whether what was carried out of a room is what it says, by a stranger who trusts
// only a trust file. Needs no network: the Bundle out, and the cold log as it was carried in or as
// an Export of any later day has it. The same judge as the import; exit codes of `audit verify`.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { manifestName } from '../policy/ceremony/bundle.ts'
import { type Judged, judgeCeremony } from '../policy/ceremony/judge.ts'
import { checks } from '../policy/ceremony/judgement.ts'
import { type LogView, viewOfBundle, viewOfExport } from '../policy/ceremony/log-view.ts'
import { compareScripts } from '../policy/ceremony/printed.ts'
import { parseRoster } from '../policy/roster.ts'
import { parseTrust } from '../policy/trust.ts'
import { parseDigest } from '../proto/ids.ts'
import { readBundleFiles } from '../proto/io/bundle-files.ts'
import { readExport } from '../proto/io/export-files.ts'
import type { JsonObject } from '../proto/jcs.ts'
import { wordsOf } from '../proto/words.ts'
import { type Args, flag, sameFiles, UsageError, type Verb, word } from './verb.ts'

const string = { type: 'string' } as const

export const ceremonyVerify: Verb = {
  about: 'check what a ceremony carried out: record, script, statements, results',
  usage: 'DIR --trust FILE --log DIR [--plan DIGEST] [--directory FILE]',
  words: { min: 1, max: 1 },
  options: { trust: string, log: string, plan: string, directory: string },
  afterNo: sameFiles,
  run: async (args) => {
    const [plan, directory] = [flag(args, 'plan'), flag(args, 'directory')]
    const judged = judgeCeremony({
      files: readBundleFiles(word(args, 0)),
      log: logOf(args),
      ...(plan === undefined ? {} : { plan: parseDigest(plan, 'plan') }),
      ...(directory === undefined ? {} : { roster: parseRoster(readFileSync(directory, 'utf8')) }),
    })
    return { exit: judged.exit, text: judgedText(judged), json: judgedJson(judged) }
  },
}

/** The cold log by the trust file: of the Bundle that went in, or of an Export. */
function logOf(args: Args): LogView | undefined {
  const [trust, log] = [flag(args, 'trust'), flag(args, 'log')]
  if ((trust === undefined) !== (log === undefined)) {
    throw new UsageError('expected --trust and --log together, or neither of an enrolment')
  }
  if (trust === undefined || log === undefined) return undefined
  const pinned = parseTrust(readFileSync(trust, 'utf8'))
  return existsSync(join(log, manifestName))
    ? viewOfBundle(readBundleFiles(log), pinned)
    : viewOfExport(readExport(log), pinned)
}

export function judgedText(judged: Judged): string {
  const { word: verdict, results, findings, notices, exceptions } = judged
  return [
    verdict,
    ...headText(judged),
    ...Object.entries(results).map(([check, result]) => {
      return `  ${check} ${nameOf(check).padEnd(24)} ${result}`
    }),
    ...findings.map(({ check, word: kind, because, line }) => {
      const where = line === undefined ? '' : ` at line ${line}`
      return `${kind} ${check}${where}: ${because}`
    }),
    ...exceptions.map(({ number, step, expected, happened, decided, by }) => {
      return `exception ${number} at ${step}: expected ${expected}; ${happened}; ${by}: ${decided}`
    }),
    ...notices.map((notice) => `note: ${notice}`),
    '',
  ].join('\n')
}

/** What it is about, and the words that people have on paper. */
function headText({ out, bundle, record, brought, tokens = [] }: Judged): readonly string[] {
  if (out === undefined || bundle === undefined) return []
  const { plan, digest } = out.plan
  const lines = [
    `  ceremony ${plan.number} of ${plan.org} ${plan.env}: ${plan.kind}, ${plan.purpose}`,
    `  plan    ${wordsOf(digest, 16).join(' ')}`,
    `  bundle  ${wordsOf(bundle, 16).join(' ')}`,
  ]
  if (record !== undefined) {
    lines.push(`  record  ${wordsOf(record.root, 16).join(' ')}`, `          ${record.size} lines`)
  }
  for (const { node, custodian, place, serial, lines: count, first, last } of tokens) {
    const signed = `${count} lines from ${first} to ${last}`
    lines.push(`  token   ${node} ${custodian}: ${place} ${serial}, ${signed}`)
  }
  const made = brought?.lines.map(({ type }) => type) ?? []
  const { same, other } = compareScripts(out.plan, out.scripts)
  const scripts = [...same.map((name) => `${name} as the plan prints it`), ...other]
  lines.push(`  script  ${scripts.join(', ') || 'none'}`)
  const ended = brought?.outcome === 'aborted' ? `, aborted: ${brought.reason}` : ''
  if (brought !== undefined) lines.push(`  results ${made.join(', ') || 'none'}${ended}`)
  return lines
}

export function judgedJson(judged: Judged): JsonObject {
  const { word: verdict, exit, results, findings, notices, exceptions } = judged
  const { bundle, record, brought, out, statements, tokens } = judged
  return {
    ...{ word: verdict, exit, results: { ...results } },
    findings: findings.map((one) => ({ ...one })),
    notices: [...notices],
    exceptions: exceptions.map((one) => ({ ...one })),
    ...(out === undefined ? {} : { plan: out.plan.digest, scripts: scriptsJson(out) }),
    ...(bundle === undefined ? {} : { bundle }),
    ...(record === undefined ? {} : { record: { ...record } }),
    ...(statements === undefined ? {} : { statements }),
    ...(tokens === undefined ? {} : { tokens: tokens.map((one) => ({ ...one })) }),
    ...(brought === undefined ? {} : { brought: brought.lines.map(({ type }) => type) }),
  }
}

function scriptsJson({ plan, scripts }: NonNullable<Judged['out']>): JsonObject {
  const { same, other } = compareScripts(plan, scripts)
  return { same: [...same], other: [...other] }
}

function nameOf(check: string): string {
  return Object.entries(checks).find(([name]) => name === check)?.[1] ?? ''
}
